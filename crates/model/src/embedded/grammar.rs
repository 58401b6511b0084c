//! The JSON Schema of a whole reply: an array of calls to the tools on offer.

use serde_json::{Map, Value, json};

use crate::message::ToolSpec;

/// Most calls of one reply.
const MOST_CALLS: usize = 8;

/// How much of the params' schemas the grammar holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// Patterns, formats and lengths too.
    Full,
    /// Types, choices, ranges and required names: always understood.
    Plain,
}

const PLAIN: [&str; 9] = [
    "type",
    "enum",
    "const",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minItems",
    "maxItems",
];

const FULL: [&str; 3] = ["pattern", "minLength", "maxLength"];

/// The schema of the text between `<tool_call>` and `</tool_call>`, with at
/// least so many calls.
pub(super) fn reply_schema(tools: &[&ToolSpec], least: usize, detail: Detail) -> Value {
    let calls: Vec<Value> = tools
        .iter()
        .map(|tool| {
            json!({
                "type": "object",
                "properties": {
                    "name": { "const": tool.name },
                    "arguments": object(&tool.parameters, detail),
                },
                "required": ["name", "arguments"],
                "additionalProperties": false,
            })
        })
        .collect();
    json!({
        "type": "array",
        "items": { "anyOf": calls },
        "minItems": least,
        "maxItems": MOST_CALLS,
        "x-guidance": {
            "whitespace_flexible": false,
            "item_separator": ",",
            "key_separator": ":",
        },
    })
}

/// The arguments are an object even where the schema does not say so.
fn object(schema: &Value, detail: Detail) -> Value {
    let mut converted = convert(schema, detail);
    if let Some(map) = converted.as_object_mut() {
        map.insert("type".to_owned(), json!("object"));
        map.entry("properties").or_insert_with(|| json!({}));
        map.insert("additionalProperties".to_owned(), json!(false));
    }
    converted
}

fn convert(schema: &Value, detail: Detail) -> Value {
    let Some(schema) = schema.as_object() else {
        return json!({});
    };
    let mut out = Map::new();
    for fixed in ["const", "enum"] {
        if let Some(value) = schema.get(fixed) {
            out.insert(fixed.to_owned(), value.clone());
            return Value::Object(out);
        }
    }
    let full: &[&str] = if detail == Detail::Full { &FULL } else { &[] };
    for key in PLAIN.iter().chain(full) {
        if let Some(value) = schema.get(*key) {
            out.insert((*key).to_owned(), value.clone());
        }
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let properties = properties
            .iter()
            .map(|(name, param)| (name.clone(), convert(param, detail)))
            .collect();
        out.insert("properties".to_owned(), Value::Object(properties));
        out.insert("additionalProperties".to_owned(), json!(false));
        if let Some(required) = schema.get("required") {
            out.insert("required".to_owned(), required.clone());
        }
    } else if let Some(values) = schema.get("additionalProperties").filter(|v| v.is_object()) {
        out.insert("additionalProperties".to_owned(), convert(values, detail));
    }
    if let Some(items) = schema.get("items") {
        out.insert("items".to_owned(), convert(items, detail));
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(schema: Value, full: Value, plain: Value) {
        assert_eq!(convert(&schema, Detail::Full), full);
        assert_eq!(convert(&schema, Detail::Plain), plain);
    }

    #[test]
    fn keywords_are_kept_or_dropped() {
        let text = json!({ "type": "string", "pattern": "^a$", "format": "email", "description": "d", "maxLength": 3 });
        case(
            text,
            json!({ "type": "string", "pattern": "^a$", "maxLength": 3 }),
            json!({ "type": "string" }),
        );
        let choice = json!({ "enum": ["a", "b"] });
        case(
            json!({ "type": "string", "enum": ["a", "b"], "default": "a" }),
            choice.clone(),
            choice,
        );
        let list = json!({ "type": "array", "minItems": 1, "items": { "type": "integer", "maximum": 9 } });
        case(list.clone(), list.clone(), list);
        let map = json!({ "type": "object", "additionalProperties": { "type": "string" } });
        case(map.clone(), map.clone(), map);
    }

    #[test]
    fn arguments_are_always_closed_objects() {
        assert_eq!(
            object(&json!({}), Detail::Plain),
            json!({ "type": "object", "properties": {}, "additionalProperties": false })
        );
    }
}
