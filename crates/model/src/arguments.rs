//! Arguments of calls on their way back to a provider.

use serde_json::{Map, Value};

/// The key under which a text that is no JSON object goes back, so that the
/// model can see what it wrote.
const INVALID: &str = "INVALID_JSON";

/// The longest text of arguments that a tool takes.
const MOST_BYTES: usize = 1 << 20;

/// The longest text of arguments that is kept: one that was cut here is
/// refused as too long.
const MOST: usize = MOST_BYTES + 1024;

/// How much of a text that is no JSON object goes back.
const MOST_INVALID: usize = 4096;

/// Adds a piece to the arguments of a call, as far as they are kept; tells how
/// many bytes that are.
pub(crate) fn add(so_far: &mut String, piece: &str) -> usize {
    let room = MOST.saturating_sub(so_far.len());
    let kept = &piece[..piece.floor_char_boundary(room)];
    so_far.push_str(kept);
    kept.len()
}

/// The arguments as an object: an empty text is `{}`; a text that is no JSON
/// object stands inside one, since every provider refuses it bare.
pub(crate) fn as_object(text: &str) -> Map<String, Value> {
    if text.trim().is_empty() {
        return Map::new();
    }
    // No tool took what is larger, so its beginning says enough.
    let parsed = Some(text)
        .filter(|text| text.len() <= MOST_BYTES)
        .map(serde_json::from_str);
    match parsed {
        Some(Ok(Value::Object(map))) => map,
        _ => Map::from_iter([(INVALID.to_owned(), Value::from(beginning(text)))]),
    }
}

fn beginning(text: &str) -> String {
    let end = text.floor_char_boundary(MOST_INVALID);
    let rest = if end < text.len() { "…" } else { "" };
    format!("{}{rest}", &text[..end])
}

/// The arguments as JSON text: as written when they are an object.
pub(crate) fn as_text(text: &str) -> String {
    if text.len() <= MOST_BYTES && is_object(text) {
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
    fn endless_arguments_are_cut_and_do_not_go_back() {
        let mut text = r#"{"a":""#.to_owned();
        for _ in 0..200 {
            add(&mut text, &"ü".repeat(5000));
        }
        assert!((MOST - 1..=MOST).contains(&text.len()), "{}", text.len());
        assert!(as_text(&text).len() < MOST_INVALID + 100);
        assert!(as_text(&text).ends_with("…\"}"));
    }

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
