//! The answer of a model to a step that asks for a shape: right values are
//! taken out of the wrappings that models put around them.

use serde::de::IgnoredAny;
use toolrun_validator::{ArgError, ArgValidator, Checked};

/// Reads an answer. It may stand in one code fence, and a value that was
/// asked for within a field may come without it. What fits neither way is
/// explained as if it had been written as asked for.
pub(crate) fn read(
    schema: &ArgValidator,
    wrapped: Option<&'static str>,
    text: &str,
) -> Result<Checked, ArgError> {
    let text = unfenced(text);
    let error = match schema.check(text) {
        Ok(checked) => return Ok(checked),
        Err(error) => error,
    };
    // Only a whole value is put into the field, no text that would close it.
    match wrapped {
        Some(field) if serde_json::from_str::<IgnoredAny>(text).is_ok() => schema
            .check(&format!("{{\"{field}\":{text}}}"))
            .map_err(|_| error),
        _ => Err(error),
    }
}

/// The text within the one code fence that is all of the answer.
fn unfenced(text: &str) -> &str {
    let whole = text.trim();
    let within = whole
        .strip_prefix("```")
        .and_then(|rest| rest.strip_suffix("```"))
        .and_then(|rest| rest.split_once('\n'));
    match within {
        Some(("" | "json" | "JSON" | "\r" | "json\r", within)) if !within.contains("```") => within.trim(),
        _ => whole,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn case(text: &str, value: Option<Value>) {
        let schema = json!({
            "type": "object",
            "properties": { "value": { "type": "array", "items": { "type": "integer" } } },
            "required": ["value"],
            "additionalProperties": false,
        });
        let schema = ArgValidator::of_schema("x", schema).unwrap();
        let read = read(&schema, Some("value"), text).ok();
        let found = read.map(|checked| checked.args.as_map()["value"].clone());
        assert_eq!(found, value, "{text}");
    }

    #[test]
    fn right_values_are_read_in_any_wrapping() {
        for text in [
            r#"{"value": [1, 2]}"#,
            "[1, 2]",
            "```json\n[1, 2]\n```",
            "```\n{\"value\": [1, 2]}\n```\n",
            "```json\r\n[1, 2]\r\n```",
        ] {
            case(text, Some(json!([1, 2])));
        }
    }

    #[test]
    fn what_is_no_such_value_is_none() {
        for text in [
            "one and two",
            r#"["a"]"#,
            r#"[1], "value": [2]"#,
            "[1]}",
            "Here it is:\n```json\n[1]\n```",
            "```json\n[1]\n```\n```json\n[2]\n```",
            "```",
            "``````",
            "",
        ] {
            case(text, None);
        }
    }
}
