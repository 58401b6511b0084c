//! Gemini's own form of tools, as `generateContent` takes it: shown, and not
//! sent, since turns go to Gemini over its OpenAI-compatible wire.
//!
//! A declaration has two places for its arguments. `parameters` is a subset of
//! OpenAPI 3.0 with a closed list of fields, and one unknown field refuses the
//! whole request; `parametersJsonSchema` is JSON Schema of which a list of
//! keywords is heeded. A tool stands in the first, which also knows patterns
//! and lengths, unless only the second can say its types. Both lists are those
//! of the API's description (v1beta, autumn 2026).

use serde_json::{Map, Value, json};

use crate::ToolSpec;
use crate::schema::{Loss, below};
use crate::wire::Weakened;

/// Fields of `Schema` that mean what JSON Schema's keywords of the name mean.
const OPENAPI_KEYWORDS: &[&str] = &[
    "default",
    "description",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "pattern",
    "required",
    "title",
];

/// Keywords that are heeded in JSON Schema, besides those that hold schemas.
const JSON_SCHEMA_KEYWORDS: &[&str] = &[
    "$anchor",
    "$id",
    "$ref",
    "description",
    "format",
    "maxItems",
    "maximum",
    "minItems",
    "minimum",
    "required",
    "title",
    "type",
];

/// Formats of `Schema`; the service has refused a text with any other.
const OPENAPI_FORMATS: &[&str] = &["date-time", "double", "float", "int32", "int64"];

/// Keywords that only JSON Schema can say: without them a value would have
/// another type.
const TYPES_OF_JSON_SCHEMA: &[&str] = &[
    "$defs",
    "$ref",
    "allOf",
    "definitions",
    "else",
    "if",
    "not",
    "oneOf",
    "patternProperties",
    "prefixItems",
    "then",
];

/// The value of `tools` in a request of `generateContent`, and what had to be
/// weakened.
pub fn gemini_tools(tools: &[ToolSpec]) -> (Value, Vec<Weakened>) {
    let mut weakened = Vec::new();
    let declarations: Vec<Value> = tools
        .iter()
        .map(|tool| {
            let mut losses = Vec::new();
            let declaration = declaration(tool, &mut losses);
            weakened.extend(losses.into_iter().map(|loss| loss.in_tool(&tool.name)));
            declaration
        })
        .collect();
    (json!([{"functionDeclarations": declarations}]), weakened)
}

fn declaration(tool: &ToolSpec, losses: &mut Vec<Loss>) -> Value {
    let mut declaration = json!({"name": tool.name, "description": tool.description});
    let schema = &tool.parameters;
    let properties = schema.get("properties").and_then(Value::as_object);
    // An object without properties is refused; a tool without arguments has
    // neither field.
    if properties.is_none_or(Map::is_empty) {
        return declaration;
    }
    let (field, language) = match openapi_says(schema) {
        true => ("parameters", Language::OpenApi),
        false => ("parametersJsonSchema", Language::JsonSchema),
    };
    declaration[field] = language.translated(schema, "", losses);
    declaration
}

/// Whether `Schema` can say the types of this schema and of all inside it.
fn openapi_says(schema: &Value) -> bool {
    let Some(map) = schema.as_object() else {
        return false;
    };
    if TYPES_OF_JSON_SCHEMA.iter().any(|key| map.contains_key(*key)) {
        return false;
    }
    let texts = |key: &str| match map.get(key) {
        Some(Value::Array(values)) => values.iter().all(Value::is_string),
        value => value.is_none_or(Value::is_string),
    };
    let alternatives = map.get("anyOf").and_then(Value::as_array);
    let alternatives_said = alternatives.is_none_or(|list| list.iter().all(openapi_says));
    let kind = match map.get("type") {
        Some(kind) => match one_type(kind) {
            Some((kind, _)) => kind,
            None => return false,
        },
        None if map.contains_key("enum") || map.contains_key("const") => "string",
        None => return alternatives.is_some() && alternatives_said,
    };
    let inside = match kind {
        "object" => object_said(map),
        "array" => map.get("items").is_some_and(openapi_says),
        _ => true,
    };
    inside && alternatives_said && texts("enum") && texts("const")
}

fn object_said(map: &Map<String, Value>) -> bool {
    let properties = map.get("properties").and_then(Value::as_object);
    let named = properties.is_some_and(|each| !each.is_empty() && each.values().all(openapi_says));
    named && map.get("additionalProperties").is_none_or(Value::is_boolean)
}

/// The one type beside which null may stand, and whether it does.
fn one_type(kind: &Value) -> Option<(&str, bool)> {
    let Some(kinds) = kind.as_array() else {
        return kind.as_str().map(|kind| (kind, false));
    };
    let mut others = kinds
        .iter()
        .filter_map(Value::as_str)
        .filter(|kind| *kind != "null");
    let kind = others.next()?;
    others
        .next()
        .is_none()
        .then(|| (kind, kinds.iter().any(|kind| kind == "null")))
}

/// In which of the two languages the arguments are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    OpenApi,
    JsonSchema,
}

impl Language {
    /// The schema in this language; what it cannot say is added to `losses`.
    fn translated(self, schema: &Value, path: &str, losses: &mut Vec<Loss>) -> Value {
        let Some(map) = schema.as_object() else {
            return schema.clone();
        };
        let mut said = Map::new();
        for (key, value) in map {
            if !self.structure(key, value, path, &mut said, losses)
                && !bound(map, key, value, path, &mut said, losses)
                && !self.plain(map, key, value, &mut said)
            {
                losses.push(Loss::of(path, key));
            }
        }
        Value::Object(said)
    }

    /// Keywords that hold schemas. Says whether this was one it can take.
    fn structure(
        self,
        key: &str,
        value: &Value,
        path: &str,
        said: &mut Map<String, Value>,
        losses: &mut Vec<Loss>,
    ) -> bool {
        let json_schema = self == Self::JsonSchema;
        let translated = match (key, value) {
            ("properties", Value::Object(each)) => self.each_of(each, key, path, losses),
            ("$defs" | "definitions", Value::Object(each)) if json_schema => {
                self.each_of(each, key, path, losses)
            }
            ("anyOf", Value::Array(list)) => self.all_of(list, key, path, losses),
            ("prefixItems", Value::Array(list)) if json_schema => self.all_of(list, key, path, losses),
            ("oneOf", Value::Array(list)) if json_schema => {
                losses.push(Loss::to(path, key, "`oneOf`, which is read as `anyOf`"));
                self.all_of(list, key, path, losses)
            }
            ("items", inner) => self.translated(inner, &below(path, &[key]), losses),
            ("additionalProperties", inner) if json_schema => {
                self.translated(inner, &below(path, &[key]), losses)
            }
            _ => return false,
        };
        said.insert(key.to_owned(), translated);
        true
    }

    fn each_of(self, each: &Map<String, Value>, key: &str, path: &str, losses: &mut Vec<Loss>) -> Value {
        let one = |(name, inner): (&String, &Value)| {
            let path = below(path, &[key, name]);
            (name.clone(), self.translated(inner, &path, losses))
        };
        Value::Object(each.iter().map(one).collect())
    }

    fn all_of(self, list: &[Value], key: &str, path: &str, losses: &mut Vec<Loss>) -> Value {
        let one = |(index, inner): (usize, &Value)| {
            let path = below(path, &[key, &index.to_string()]);
            self.translated(inner, &path, losses)
        };
        Value::Array(list.iter().enumerate().map(one).collect())
    }

    /// Keywords without schemas inside. Says whether it can take this one.
    fn plain(
        self,
        map: &Map<String, Value>,
        key: &str,
        value: &Value,
        said: &mut Map<String, Value>,
    ) -> bool {
        let names = |kind: fn(&Value) -> bool| value.as_array().is_some_and(|list| list.iter().all(kind));
        let reference = self == Self::JsonSchema && map.contains_key("$ref");
        let said_as = match (self, key) {
            // Beside a reference nothing else may stand.
            _ if reference && !key.starts_with('$') => return false,
            (Self::OpenApi, "type") => {
                let Some((kind, nullable)) = one_type(value) else {
                    return false;
                };
                if nullable {
                    said.insert("nullable".to_owned(), true.into());
                }
                Value::from(kind.to_ascii_uppercase())
            }
            (Self::OpenApi, "format") if OPENAPI_FORMATS.iter().any(|format| value == format) => {
                value.clone()
            }
            (Self::OpenApi, "enum") if names(Value::is_string) => {
                said.entry("type").or_insert_with(|| "STRING".into());
                value.clone()
            }
            (Self::JsonSchema, "enum") if names(|value| value.is_string() || value.is_number()) => {
                value.clone()
            }
            (_, "const") if value.is_string() || (value.is_number() && self == Self::JsonSchema) => {
                said.insert("enum".to_owned(), json!([value]));
                if self == Self::OpenApi {
                    said.entry("type").or_insert_with(|| "STRING".into());
                }
                return true;
            }
            (Self::OpenApi, key) if OPENAPI_KEYWORDS.contains(&key) => value.clone(),
            (Self::JsonSchema, key) if JSON_SCHEMA_KEYWORDS.contains(&key) => value.clone(),
            _ => return false,
        };
        said.insert(key.to_owned(), said_as);
        true
    }
}

/// An exclusive bound, which neither language has: for an integer it is the
/// next one, for a number the bound itself is let in.
fn bound(
    map: &Map<String, Value>,
    key: &str,
    value: &Value,
    path: &str,
    said: &mut Map<String, Value>,
    losses: &mut Vec<Loss>,
) -> bool {
    let (inclusive, step) = match key {
        "exclusiveMinimum" => ("minimum", 1),
        "exclusiveMaximum" => ("maximum", -1),
        _ => return false,
    };
    let integer = map
        .get("type")
        .and_then(one_type)
        .is_some_and(|(kind, _)| kind == "integer");
    let next = value.as_i64().and_then(|value| value.checked_add(step));
    if map.contains_key(inclusive) || !value.is_number() {
        losses.push(Loss::of(path, key));
        return true;
    }
    let said_as = match next.filter(|_| integer) {
        Some(next) => next.into(),
        None => {
            losses.push(Loss::to(path, key, &format!("`{inclusive}`")));
            value.clone()
        }
    };
    said.insert(inclusive.to_owned(), said_as);
    true
}

#[cfg(test)]
mod tests;
