//! Params as JSON Schema 2020-12: the one source for providers, the validator
//! and MCP. Dialects of providers are not its business.

use serde_json::{Map, Value, json};

use crate::checked::{Param, ParamKind};

/// Characters that a text may have when its param says nothing about it.
const MAX_LENGTH: u32 = 8192;

/// The schema of a tool's arguments, made from the params' own schemas:
/// `type: object`, properties in order of writing, params with `const` left
/// out, nothing else allowed.
pub(crate) fn tool_schema(params: &[Param]) -> Value {
    let shown = || params.iter().filter(|param| param.constant.is_none());
    let properties: Map<String, Value> = shown()
        .map(|param| {
            let mut schema = param.schema.clone();
            rebase(&mut schema, &param.name);
            (param.name.clone(), schema)
        })
        .collect();
    let required: Vec<Value> = shown()
        .filter(|param| !param.optional && param.default.is_none())
        .map(|param| param.name.clone().into())
        .collect();
    let mut schema = Map::new();
    schema.insert("type".into(), "object".into());
    schema.insert("properties".into(), properties.into());
    if !required.is_empty() {
        schema.insert("required".into(), required.into());
    }
    schema.insert("additionalProperties".into(), false.into());
    schema.into()
}

/// A `$ref` is written relative to the param's own schema, which now stands
/// inside another.
fn rebase(schema: &mut Value, name: &str) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(|item| rebase(item, name)),
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(target) if key == "$ref" && (target == "#" || target.starts_with("#/")) => {
                        *target = format!("#/properties/{name}{}", &target[1..]);
                    }
                    inner => rebase(inner, name),
                }
            }
        }
        _ => {}
    }
}

/// The schema of one param, from the keywords written at it (`type`, `enum`,
/// `minimum`, …, in order of writing; for `schema:` the schema itself). The
/// description, default and examples are added, and texts without a bound
/// get one.
pub(crate) fn param_schema(
    kind: ParamKind,
    keywords: Map<String, Value>,
    description: Option<&str>,
    default: Option<&Value>,
) -> Value {
    let mut schema = Map::new();
    match kind {
        ParamKind::Schema => {}
        ParamKind::Map => {
            schema.insert("type".into(), "object".into());
        }
        ParamKind::File => {
            schema.insert("type".into(), "string".into());
        }
        _ => {}
    }
    for (key, value) in keywords {
        match (key.as_str(), kind) {
            ("type", ParamKind::Map | ParamKind::File) => {}
            _ => {
                schema.insert(key, value);
            }
        }
    }
    if kind == ParamKind::Map && !schema.contains_key("additionalProperties") {
        schema.insert("additionalProperties".into(), json!({ "type": "string" }));
    }
    bound_texts(&mut schema);
    let description = match kind {
        ParamKind::File => Some(file_description(description)),
        _ => description.map(str::to_owned),
    };
    if let Some(description) = description {
        schema.insert("description".into(), description.into());
    }
    if let Some(default) = default {
        schema.insert("default".into(), default.clone());
    }
    schema.into()
}

/// What a model is told of a file: the author's words, and what to give.
fn file_description(own: Option<&str>) -> String {
    let own = own.map(str::trim_end).filter(|own| !own.is_empty());
    let own = own.unwrap_or("A file to send");
    let stop = if own.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{own}{stop} Give its path inside the user's folder, such as report.pdf.")
}

/// Gives `maxLength` to a text schema that has no bound of its own, and to
/// those directly inside it.
fn bound_texts(schema: &mut Map<String, Value>) {
    let bounded = ["enum", "const", "maxLength", "format", "$ref"]
        .iter()
        .any(|key| schema.contains_key(*key));
    let text = match schema.get("type") {
        Some(Value::String(name)) => name == "string",
        Some(Value::Array(names)) => names.iter().any(|name| name == "string"),
        _ => false,
    };
    if text && !bounded {
        schema.insert("maxLength".into(), MAX_LENGTH.into());
    }
    for key in ["items", "additionalProperties"] {
        if let Some(Value::Object(inner)) = schema.get_mut(key) {
            bound_texts(inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checked::ParamStyle;
    use crate::source::{SourceId, Span};

    #[track_caller]
    fn case(kind: ParamKind, keywords: Value, expected: &str) {
        let keywords = keywords.as_object().cloned().unwrap_or_default();
        assert_eq!(param_schema(kind, keywords, None, None).to_string(), expected);
    }

    #[test]
    fn texts_are_bounded_and_kinds_become_types() {
        case(
            ParamKind::String,
            json!({ "type": "string" }),
            r#"{"type":"string","maxLength":8192}"#,
        );
        let own = json!({ "type": "string", "maxLength": 20000 });
        case(ParamKind::String, own, r#"{"type":"string","maxLength":20000}"#);
        let format = json!({ "type": "string", "format": "email" });
        case(ParamKind::String, format, r#"{"type":"string","format":"email"}"#);
        let list = json!({ "type": "array", "items": { "type": "string" } });
        case(
            ParamKind::Array,
            list,
            r#"{"type":"array","items":{"type":"string","maxLength":8192}}"#,
        );
        let map = r#"{"type":"object","additionalProperties":{"type":"string","maxLength":8192}}"#;
        case(ParamKind::Map, json!({}), map);
        case(
            ParamKind::File,
            json!({ "type": "file" }),
            r#"{"type":"string","maxLength":8192,"description":"A file to send. Give its path inside the user's folder, such as report.pdf."}"#,
        );
        assert!(file_description(Some("The scan")).starts_with("The scan. Give"));
        assert!(file_description(Some("The scan.")).starts_with("The scan. Give"));
        case(
            ParamKind::Integer,
            json!({ "type": "integer", "minimum": 1 }),
            r#"{"type":"integer","minimum":1}"#,
        );
    }

    fn param(name: &str, default: Option<Value>, constant: Option<Value>) -> Param {
        Param {
            name: name.into(),
            span: Span {
                source: SourceId(0),
                start: 0,
                end: 0,
            },
            kind: ParamKind::Integer,
            description: None,
            optional: name == "o",
            constant,
            style: ParamStyle::Repeat,
            schema: param_schema(
                ParamKind::Integer,
                json!({ "type": "integer" })
                    .as_object()
                    .cloned()
                    .unwrap_or_default(),
                Some("D"),
                default.as_ref(),
            ),
            default,
        }
    }

    #[test]
    fn references_keep_their_target_inside_the_tools_schema() {
        let mut nested = param("q", None, None);
        nested.schema = json!({ "$defs": { "x": { "type": "string" } }, "items": { "$ref": "#/$defs/x" } });
        assert_eq!(
            tool_schema(&[nested])["properties"]["q"]["items"]["$ref"],
            "#/properties/q/$defs/x"
        );
    }

    #[test]
    fn tools_list_what_a_model_may_give() {
        let params = [
            param("z", None, None),
            param("c", None, Some(json!(1))),
            param("o", None, None),
        ];
        let params = [&params[..], &[param("a", Some(json!(2)), None)]].concat();
        let expected = concat!(
            r#"{"type":"object","properties":{"z":{"type":"integer","description":"D"},"#,
            r#""o":{"type":"integer","description":"D"},"a":{"type":"integer","description":"D","default":2}},"#,
            r#""required":["z"],"additionalProperties":false}"#
        );
        assert_eq!(tool_schema(&params).to_string(), expected);
    }
}
