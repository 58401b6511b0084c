//! Each keyword in both languages of a declaration.

use super::*;

/// Every field of `Schema` in the API's description (v1beta).
const FIELDS: &[&str] = &[
    "anyOf",
    "default",
    "description",
    "enum",
    "example",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "nullable",
    "pattern",
    "properties",
    "propertyOrdering",
    "required",
    "title",
    "type",
];

/// A param's schema in the declaration of a tool that has this param alone,
/// the field that it stands in, and what was lost, as `path keyword>instead`.
fn said(param: Value) -> (Value, &'static str, Vec<String>) {
    let tool = ToolSpec {
        name: "t".into(),
        description: "Does it.".into(),
        parameters: json!({"type": "object", "properties": {"p": param}}),
        writes: false,
    };
    let (form, weakened) = gemini_tools(&[tool]);
    let declaration = &form[0]["functionDeclarations"][0];
    let field = match declaration.get("parameters") {
        Some(schema) => {
            closed(schema);
            "parameters"
        }
        None => "parametersJsonSchema",
    };
    let lost = weakened
        .iter()
        .map(|part| {
            let path = part.path.trim_start_matches("/properties/p");
            let instead = part
                .instead
                .as_deref()
                .map(|text| format!(">{text}"))
                .unwrap_or_default();
            format!("{path} {}{instead}", part.keyword)
        })
        .collect();
    (declaration[field]["properties"]["p"].clone(), field, lost)
}

/// Fails on a field that the service does not know: it would refuse the whole
/// request.
fn closed(schema: &Value) {
    for (key, value) in schema.as_object().expect("a schema") {
        assert!(FIELDS.contains(&key.as_str()), "`{key}` in {schema}");
        match key.as_str() {
            "properties" => value.as_object().expect("properties").values().for_each(closed),
            "items" => closed(value),
            "anyOf" => value.as_array().expect("a list").iter().for_each(closed),
            "type" => assert!(
                ["STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT"]
                    .iter()
                    .any(|kind| value == kind),
                "{value}"
            ),
            _ => {}
        }
    }
}

#[track_caller]
fn openapi(param: Value, expected: Value, lost: &[&str]) {
    let shown = param.to_string();
    assert_eq!(
        said(param),
        (
            expected,
            "parameters",
            lost.iter().map(|&lost| lost.to_owned()).collect()
        ),
        "{shown}"
    );
}

#[track_caller]
fn json_schema(param: Value, expected: Value, lost: &[&str]) {
    let shown = param.to_string();
    assert_eq!(
        said(param),
        (
            expected,
            "parametersJsonSchema",
            lost.iter().map(|&lost| lost.to_owned()).collect()
        ),
        "{shown}"
    );
}

#[test]
fn what_openapi_says_is_kept() {
    openapi(
        json!({"type": "string", "pattern": "^a", "minLength": 1, "maxLength": 9, "default": "a", "title": "T", "description": "D"}),
        json!({"type": "STRING", "pattern": "^a", "minLength": 1, "maxLength": 9, "default": "a", "title": "T", "description": "D"}),
        &[],
    );
    openapi(
        json!({"type": ["string", "null"], "format": "date-time"}),
        json!({"nullable": true, "type": "STRING", "format": "date-time"}),
        &[],
    );
    openapi(
        json!({"enum": ["a", "b"]}),
        json!({"type": "STRING", "enum": ["a", "b"]}),
        &[],
    );
    openapi(
        json!({"const": "a"}),
        json!({"enum": ["a"], "type": "STRING"}),
        &[],
    );
    openapi(
        json!({"type": "array", "items": {"type": "number", "minimum": 0.5}, "minItems": 1, "maxItems": 5}),
        json!({"type": "ARRAY", "items": {"type": "NUMBER", "minimum": 0.5}, "minItems": 1, "maxItems": 5}),
        &[],
    );
    openapi(
        json!({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}),
        json!({"anyOf": [{"type": "INTEGER"}, {"type": "BOOLEAN"}]}),
        &[],
    );
    openapi(
        json!({"type": "object", "properties": {"a/b": {"type": "integer"}}, "required": ["a/b"]}),
        json!({"type": "OBJECT", "properties": {"a/b": {"type": "INTEGER"}}, "required": ["a/b"]}),
        &[],
    );
}

#[test]
fn what_openapi_does_not_know_is_left_out_and_said() {
    openapi(
        json!({"type": "string", "format": "email"}),
        json!({"type": "STRING"}),
        &[" format"],
    );
    openapi(
        json!({"type": "array", "items": {"type": "string", "examples": ["x"]}, "uniqueItems": true}),
        json!({"type": "ARRAY", "items": {"type": "STRING"}}),
        &["/items examples", " uniqueItems"],
    );
    openapi(
        json!({"type": "object", "properties": {"a/b": {"type": "number", "multipleOf": 2}}, "additionalProperties": false}),
        json!({"type": "OBJECT", "properties": {"a/b": {"type": "NUMBER"}}}),
        &["/properties/a~1b multipleOf", " additionalProperties"],
    );
}

#[test]
fn an_exclusive_bound_of_integers_loses_nothing() {
    openapi(
        json!({"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 10}),
        json!({"type": "INTEGER", "minimum": 1, "maximum": 9}),
        &[],
    );
    openapi(
        json!({"type": "number", "exclusiveMinimum": 0}),
        json!({"type": "NUMBER", "minimum": 0}),
        &[" exclusiveMinimum>`minimum`"],
    );
    openapi(
        json!({"type": "integer", "minimum": 3, "exclusiveMinimum": 0}),
        json!({"type": "INTEGER", "minimum": 3}),
        &[" exclusiveMinimum"],
    );
    let most = json!({"type": "integer", "exclusiveMinimum": i64::MAX});
    openapi(
        most,
        json!({"type": "INTEGER", "minimum": i64::MAX}),
        &[" exclusiveMinimum>`minimum`"],
    );
}

#[test]
fn types_that_openapi_cannot_say_are_json_schema() {
    let map = json!({"type": "object", "additionalProperties": {"type": "string", "maxLength": 9}});
    json_schema(
        map,
        json!({"type": "object", "additionalProperties": {"type": "string"}}),
        &["/additionalProperties maxLength"],
    );
    json_schema(json!({"enum": [1, "a"]}), json!({"enum": [1, "a"]}), &[]);
    json_schema(json!({"enum": [true]}), json!({}), &[" enum"]);
    json_schema(json!({"const": 5}), json!({"enum": [5]}), &[]);
    json_schema(
        json!({"type": ["string", "integer"], "pattern": "^a"}),
        json!({"type": ["string", "integer"]}),
        &[" pattern"],
    );
    json_schema(
        json!({"oneOf": [{"type": "string"}, {"type": "integer", "exclusiveMaximum": 3}]}),
        json!({"oneOf": [{"type": "string"}, {"type": "integer", "maximum": 2}]}),
        &[" oneOf>`oneOf`, which is read as `anyOf`"],
    );
    json_schema(
        json!({"$ref": "#/properties/p/$defs/x", "description": "D", "$defs": {"x": {"type": "string", "default": "a"}}}),
        json!({"$ref": "#/properties/p/$defs/x", "$defs": {"x": {"type": "string"}}}),
        &[" description", "/$defs/x default"],
    );
    json_schema(
        json!({"type": "array", "prefixItems": [{"type": "string"}], "items": false}),
        json!({"type": "array", "prefixItems": [{"type": "string"}], "items": false}),
        &[],
    );
    json_schema(json!({"type": "array"}), json!({"type": "array"}), &[]);
    json_schema(json!({"type": "object"}), json!({"type": "object"}), &[]);
    json_schema(json!({}), json!({}), &[]);
    json_schema(json!({"not": {"type": "string"}}), json!({}), &[" not"]);
}

#[test]
fn a_tool_without_arguments_has_no_schema() {
    let tool = ToolSpec {
        name: "ping".into(),
        description: "Pings.".into(),
        parameters: json!({"type": "object", "properties": {}, "additionalProperties": false}),
        writes: false,
    };
    let expected = json!([{"functionDeclarations": [{"name": "ping", "description": "Pings."}]}]);
    assert_eq!(gemini_tools(&[tool]), (expected, vec![]));
}
