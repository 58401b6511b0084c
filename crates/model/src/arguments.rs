//! Arguments of calls on their way back to a provider.

use serde_json::{Map, Value};

/// The key under which a text that is no JSON object goes back, so that the
/// model can see what it wrote.
const INVALID: &str = "INVALID_JSON";

/// The arguments as an object: an empty text is `{}`; a text that is no JSON
/// object stands inside one, since every provider refuses it bare.
pub(crate) fn as_object(text: &str) -> Map<String, Value> {
    if text.trim().is_empty() {
        return Map::new();
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => map,
        _ => Map::from_iter([(INVALID.to_owned(), Value::from(text))]),
    }
}

/// The arguments as JSON text: as written when they are an object.
pub(crate) fn as_text(text: &str) -> String {
    if is_object(text) {
        text.to_owned()
    } else {
        Value::Object(as_object(text)).to_string()
    }
}

/// Whether the text is one whole JSON object.
pub(crate) fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_go_back_bare() {
        let cases = [
            ("", "{}"),
            ("  ", "{}"),
            (
                r#"{"id": 18446744073709551617, "p": 1.10}"#,
                r#"{"id": 18446744073709551617, "p": 1.10}"#,
            ),
            (r#"{"a":"#, r#"{"INVALID_JSON":"{\"a\":"}"#),
            ("[1]", r#"{"INVALID_JSON":"[1]"}"#),
            ("null", r#"{"INVALID_JSON":"null"}"#),
            (r#"{"a":1}{"b":2}"#, r#"{"INVALID_JSON":"{\"a\":1}{\"b\":2}"}"#),
        ];
        for (text, expected) in cases {
            assert_eq!(as_text(text), expected, "{text}");
        }
        assert_eq!(
            Value::Object(as_object(r#"{"n": 1.10}"#)).to_string(),
            r#"{"n":1.10}"#
        );
    }
}
