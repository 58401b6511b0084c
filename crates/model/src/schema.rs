//! What providers ask of a JSON Schema, and how one is brought into that
//! shape. The runner checks every argument and answer against the author's
//! own schema, so nothing is lost by offering a weaker one; what was left out
//! is named. Gemini's own form, which is another language, stands in
//! [`gemini`](crate::gemini).

use serde_json::{Map, Value, json};

use crate::wire::Weakened;

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

/// Keywords that strict mode does not take and that say nothing about the shape
/// of a value: better a strict schema without them than a loose one with them.
const NOT_STRICT: &[&str] = &["maxLength", "minLength"];

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

/// The most properties of a strict schema, and the most values of its enums.
const STRICT_MOST: Size = Size {
    properties: 5000,
    values: 1000,
};

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

/// What was taken from a schema: where, which keyword, and what stands there
/// instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loss {
    path: String,
    keyword: String,
    instead: Option<String>,
}

impl Loss {
    /// A keyword that is left out.
    pub(crate) fn of(path: &str, keyword: &str) -> Self {
        Self {
            path: path.to_owned(),
            keyword: keyword.to_owned(),
            instead: None,
        }
    }

    /// A keyword in whose place a weaker one stands.
    pub(crate) fn to(path: &str, keyword: &str, instead: &str) -> Self {
        Self {
            instead: Some(instead.to_owned()),
            ..Self::of(path, keyword)
        }
    }

    /// As it is told of a tool.
    pub(crate) fn in_tool(self, tool: &str) -> Weakened {
        Weakened {
            tool: tool.to_owned(),
            path: self.path,
            keyword: self.keyword,
            instead: self.instead,
        }
    }
}

/// A path one step further down, as a JSON Pointer (RFC 6901).
pub(crate) fn below(path: &str, steps: &[&str]) -> String {
    let mut path = path.to_owned();
    for step in steps {
        path.push('/');
        path.push_str(&step.replace('~', "~0").replace('/', "~1"));
    }
    path
}

/// A tool's schema as both wires take it: an object at the top, without
/// alternatives there. The second value says what was left out.
pub(crate) fn tool_parameters(schema: &Value) -> (Value, Vec<Loss>) {
    let Some(map) = schema.as_object() else {
        let replaced = vec![Loss::to("", "", "an object without properties")];
        return (json!({"type": "object", "properties": {}}), replaced);
    };
    let mut losses = Vec::new();
    let mut map = map.clone();
    for keyword in NOT_AT_THE_TOP {
        if map.shift_remove(*keyword).is_some() {
            losses.push(Loss::of("", keyword));
        }
    }
    if map.get("type").and_then(Value::as_str) != Some("object") {
        if map.contains_key("type") {
            losses.push(Loss::to("", "type", "`type: object`"));
        }
        map.insert("type".to_owned(), "object".into());
    }
    // OpenAI refuses an object without properties.
    map.entry("properties").or_insert_with(|| json!({}));
    (Value::Object(map), losses)
}

/// The schema as OpenAI's strict mode takes it, without bounds of length,
/// which that mode does not know; nothing when it asks for more than that.
pub(crate) fn strict(schema: &Value) -> Option<(Value, Vec<Loss>)> {
    let mut losses = Vec::new();
    let schema = without_lengths(schema, "", &mut losses);
    is_strict(&schema).then_some((schema, losses))
}

fn without_lengths(schema: &Value, path: &str, losses: &mut Vec<Loss>) -> Value {
    let Some(map) = schema.as_object() else {
        return schema.clone();
    };
    let mut kept = Map::new();
    for (key, value) in map {
        let value = match (key.as_str(), value) {
            ("properties", Value::Object(each)) => each
                .iter()
                .map(|(name, inner)| {
                    let path = below(path, &["properties", name]);
                    (name.clone(), without_lengths(inner, &path, losses))
                })
                .collect(),
            ("anyOf", Value::Array(list)) => list
                .iter()
                .enumerate()
                .map(|(index, inner)| {
                    without_lengths(inner, &below(path, &["anyOf", &index.to_string()]), losses)
                })
                .collect(),
            ("items", inner) => without_lengths(inner, &below(path, &["items"]), losses),
            (key, _) if NOT_STRICT.contains(&key) => {
                losses.push(Loss::of(path, key));
                continue;
            }
            (_, value) => value.clone(),
        };
        kept.insert(key.clone(), value);
    }
    Value::Object(kept)
}

/// Whether OpenAI's strict mode takes this schema as it is.
pub(crate) fn is_strict(schema: &Value) -> bool {
    let mut size = Size::default();
    size.count(schema);
    schema.get("type").and_then(Value::as_str) == Some("object")
        && strict_at(schema, 0)
        && size.properties <= STRICT_MOST.properties
        && size.values <= STRICT_MOST.values
}

/// How much a schema holds.
#[derive(Debug, Default)]
struct Size {
    properties: usize,
    values: usize,
}

impl Size {
    fn count(&mut self, schema: &Value) {
        let Some(map) = schema.as_object() else {
            return;
        };
        let properties = map.get("properties").and_then(Value::as_object);
        let alternatives = map.get("anyOf").and_then(Value::as_array);
        let values = map.get("enum").and_then(Value::as_array);
        self.properties += properties.map_or(0, Map::len);
        self.values += values.map_or(0, Vec::len);
        let inside = properties.into_iter().flat_map(Map::values);
        let inside = inside
            .chain(alternatives.into_iter().flatten())
            .chain(map.get("items"));
        for schema in inside {
            self.count(schema);
        }
    }
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
        let (schema, losses) =
            tool_parameters(&json!({"anyOf": [{"required": ["a"]}], "properties": {"a": {}}}));
        assert_eq!(schema, json!({"properties": {"a": {}}, "type": "object"}));
        assert_eq!(losses, [Loss::of("", "anyOf")]);
        assert_eq!(
            tool_parameters(&json!(true)).0,
            json!({"type": "object", "properties": {}})
        );
    }

    #[test]
    fn bounds_of_length_do_not_keep_a_tool_from_being_strict() {
        let text = json!({"type": "string", "maxLength": 9, "minLength": 1});
        let list = json!({"type": "array", "items": text});
        let either = json!({"anyOf": [{"type": "null"}, {"type": "string", "maxLength": 9}]});
        let schema = json!({
            "type": "object", "properties": {"maxLength": text, "a/b": list, "e": either},
            "required": ["maxLength", "a/b", "e"], "additionalProperties": false,
        });
        let (strict, losses) = strict(&schema).expect("a strict schema");
        let bare = json!({"type": "string"});
        assert_eq!(strict["properties"]["maxLength"], bare);
        assert_eq!(strict["properties"]["a/b"]["items"], bare);
        let places: Vec<String> = losses
            .iter()
            .map(|loss| loss.path.clone() + "#" + &loss.keyword)
            .collect();
        assert_eq!(
            places,
            [
                "/properties/maxLength#maxLength",
                "/properties/maxLength#minLength",
                "/properties/a~1b/items#maxLength",
                "/properties/a~1b/items#minLength",
                "/properties/e/anyOf/1#maxLength",
            ]
        );
        let optional = json!({"type": "object", "properties": {"a": text}, "additionalProperties": false});
        assert_eq!(super::strict(&optional), None, "an optional param");
    }

    #[test]
    fn a_schema_beyond_the_limits_of_strict_mode_is_not_strict() {
        let with = |count: usize| {
            let words: Vec<String> = (0..count).map(|word| format!("w{word}")).collect();
            json!({
                "type": "object", "required": ["a", "b"], "additionalProperties": false,
                "properties": {"a": {"enum": words}, "b": {"type": "array", "items": {"enum": ["x"]}}},
            })
        };
        assert!(is_strict(&with(999)));
        assert!(!is_strict(&with(1000)), "with the item of `b` it is one too many");
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
