//! What providers ask of a JSON Schema, and how one is brought into that
//! shape. The runner checks every argument and answer against the author's
//! own schema, so nothing is lost by offering a weaker one; what was left out
//! is named.

use serde_json::{Map, Value, json};

/// Keywords that no provider takes at the top of a tool's schema.
const NOT_AT_THE_TOP: &[&str] = &["allOf", "anyOf", "enum", "not", "oneOf"];

/// Keywords that OpenAI's strict mode takes.
const STRICT_KEYWORDS: &[&str] = &[
    "additionalProperties",
    "anyOf",
    "const",
    "description",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maxItems",
    "maximum",
    "minItems",
    "minimum",
    "multipleOf",
    "pattern",
    "properties",
    "required",
    "title",
    "type",
];

/// String formats that both providers' constrained modes take.
const FORMATS: &[&str] = &[
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "time",
    "uuid",
];

/// The deepest nesting that strict mode takes.
const STRICT_DEPTH: usize = 10;

/// Keywords that Anthropic's structured output takes.
const OUTPUT_KEYWORDS: &[&str] = &[
    "$defs",
    "$ref",
    "additionalProperties",
    "anyOf",
    "const",
    "default",
    "definitions",
    "description",
    "enum",
    "format",
    "items",
    "properties",
    "required",
    "title",
    "type",
];

/// A tool's schema as both wires take it: an object at the top, without
/// alternatives there. The second value says what was left out.
pub(crate) fn tool_parameters(schema: &Value) -> (Value, Vec<String>) {
    let Some(map) = schema.as_object() else {
        let what = vec!["the schema, which is not an object".to_owned()];
        return (json!({"type": "object", "properties": {}}), what);
    };
    let mut left_out = Vec::new();
    let mut map = map.clone();
    for keyword in NOT_AT_THE_TOP {
        if map.shift_remove(*keyword).is_some() {
            left_out.push(format!("`{keyword}` at the top of its schema"));
        }
    }
    if map.get("type").and_then(Value::as_str) != Some("object") {
        if map.contains_key("type") {
            left_out.push("the `type` of its schema, which is not `object`".to_owned());
        }
        map.insert("type".to_owned(), "object".into());
    }
    // OpenAI refuses an object without properties.
    map.entry("properties").or_insert_with(|| json!({}));
    (Value::Object(map), left_out)
}

/// Whether OpenAI's strict mode takes this schema as it is.
pub(crate) fn is_strict(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("object") && strict_at(schema, 0)
}

fn strict_at(schema: &Value, depth: usize) -> bool {
    let Some(map) = schema.as_object() else {
        return false;
    };
    if depth > STRICT_DEPTH || !map.keys().all(|key| STRICT_KEYWORDS.contains(&key.as_str())) {
        return false;
    }
    if let Some(format) = map.get("format")
        && !format.as_str().is_some_and(|format| FORMATS.contains(&format))
    {
        return false;
    }
    if !["type", "anyOf", "enum", "const"]
        .iter()
        .any(|key| map.contains_key(*key))
    {
        return false;
    }
    let is = |name: &str| map.get("type").is_some_and(|kind| names_type(kind, name));
    if is("object") && !strict_object(map, depth) {
        return false;
    }
    if is("array") && !map.get("items").is_some_and(|items| strict_at(items, depth + 1)) {
        return false;
    }
    let alternatives = map
        .get("anyOf")
        .map(|list| list.as_array().cloned().unwrap_or_default());
    alternatives.is_none_or(|list| {
        !list.is_empty() && depth > 0 && list.iter().all(|item| strict_at(item, depth + 1))
    })
}

fn names_type(kind: &Value, name: &str) -> bool {
    match kind {
        Value::Array(kinds) => kinds.iter().any(|kind| kind == name),
        kind => kind == name,
    }
}

fn strict_object(map: &Map<String, Value>, depth: usize) -> bool {
    let none = Map::new();
    let properties = map.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let required = map.get("required").and_then(Value::as_array);
    let all_required = properties
        .keys()
        .all(|name| required.is_some_and(|names| names.iter().any(|other| other == name.as_str())));
    map.get("additionalProperties") == Some(&Value::Bool(false))
        && all_required
        && properties.values().all(|property| strict_at(property, depth + 1))
}

/// A schema of the final answer as Anthropic's structured output takes it:
/// closed objects, and only keywords that it compiles.
pub(crate) fn structured_output(schema: &Value) -> Value {
    let Some(map) = schema.as_object() else {
        return schema.clone();
    };
    let mut kept = Map::new();
    for (key, value) in map {
        let value = match key.as_str() {
            "properties" | "$defs" | "definitions" => each_value(value),
            "items" => structured_output(value),
            "anyOf" => Value::Array(
                value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(structured_output)
                    .collect(),
            ),
            // `oneOf` says more than `anyOf`, which is the nearest that is taken.
            "oneOf" if !map.contains_key("anyOf") => {
                let list = value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(structured_output)
                    .collect();
                kept.insert("anyOf".to_owned(), Value::Array(list));
                continue;
            }
            "format"
                if !value
                    .as_str()
                    .is_some_and(|format| FORMATS.contains(&format) || format == "uri") =>
            {
                continue;
            }
            "additionalProperties" => continue,
            key if OUTPUT_KEYWORDS.contains(&key) => value.clone(),
            _ => continue,
        };
        kept.insert(key.clone(), value);
    }
    if kept.get("type").is_some_and(|kind| names_type(kind, "object")) {
        kept.insert("additionalProperties".to_owned(), false.into());
    }
    Value::Object(kept)
}

fn each_value(value: &Value) -> Value {
    let map = value.as_object().into_iter().flatten();
    Value::Object(
        map.map(|(name, schema)| (name.clone(), structured_output(schema)))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_schemas_that_strict_mode_takes_are_strict() {
        let cases = [
            (
                true,
                json!({"type": "object", "properties": {}, "additionalProperties": false}),
            ),
            (
                true,
                json!({"type": "object", "properties": {"a": {"type": ["string", "null"], "format": "email"}}, "required": ["a"], "additionalProperties": false}),
            ),
            (
                true,
                json!({"type": "object", "properties": {"a": {"type": "array", "items": {"type": "integer", "minimum": 1}}}, "required": ["a"], "additionalProperties": false}),
            ),
            (
                true,
                json!({"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}, {"enum": [1]}]}}, "required": ["a"], "additionalProperties": false}),
            ),
            (false, json!({"type": "object", "properties": {}})),
            (
                false,
                json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false}),
            ),
            (
                false,
                json!({"type": "object", "properties": {"a": {"type": "string", "maxLength": 3}}, "required": ["a"], "additionalProperties": false}),
            ),
            (
                false,
                json!({"type": "object", "properties": {"a": {"type": "string", "default": ""}}, "required": ["a"], "additionalProperties": false}),
            ),
            (
                false,
                json!({"type": "object", "properties": {"a": {"type": "string", "format": "uri"}}, "required": ["a"], "additionalProperties": false}),
            ),
            (
                false,
                json!({"type": "object", "properties": {"a": {"type": "array"}}, "required": ["a"], "additionalProperties": false}),
            ),
            (
                false,
                json!({"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": false}),
            ),
            (
                false,
                json!({"type": "object", "properties": {"m": {"type": "object", "additionalProperties": {"type": "string"}}}, "required": ["m"], "additionalProperties": false}),
            ),
            (false, json!({"anyOf": [{"type": "object"}]})),
            (false, json!(true)),
        ];
        for (expected, schema) in cases {
            assert_eq!(is_strict(&schema), expected, "{schema}");
        }
    }

    #[test]
    fn a_tool_is_an_object_without_alternatives_at_the_top() {
        let plain = json!({"type": "object", "properties": {"a": {"oneOf": []}}, "$defs": {}});
        assert_eq!(tool_parameters(&plain), (plain.clone(), vec![]));
        let (schema, left_out) =
            tool_parameters(&json!({"anyOf": [{"required": ["a"]}], "properties": {"a": {}}}));
        assert_eq!(schema, json!({"properties": {"a": {}}, "type": "object"}));
        assert_eq!(left_out, ["`anyOf` at the top of its schema"]);
        assert_eq!(
            tool_parameters(&json!(true)).0,
            json!({"type": "object", "properties": {}})
        );
    }

    #[test]
    fn structured_output_keeps_what_is_compiled() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["n"],
            "properties": {"n": {"type": "integer", "minimum": 1}, "minimum": {"type": "string", "maxLength": 9}},
            "patternProperties": {},
        });
        let expected = json!({
            "type": "object", "required": ["n"],
            "properties": {"n": {"type": "integer"}, "minimum": {"type": "string"}}, "additionalProperties": false,
        });
        assert_eq!(structured_output(&schema), expected);
    }
}
