//! The JSON Schema of manifests, made from the tables of keys. Draft 7, the newest that the language server
//! behind most editors understands. What it cannot tell, and `check` does: whether names exist, templates,
//! what several places together mean, and the syntax of YAML.

use serde_json::{Map, Value, json};

use crate::decl::{SECTIONS, top};
use crate::fields::Key;
use crate::key_reference::KeyNeed;
use crate::lint::RULES;
use crate::resolve::{BUILT_IN, MAX_DESCRIPTION, RESERVED};
use crate::shape::{Form, Names, Naming, Place, Rule, Section, Shape, Unit};

/// Names that templates read.
const SMALL: &str = "^[a-z][a-z0-9_]{0,63}$";
/// Names of apis, secrets, vars and servers.
const WORD: &str = "^[A-Za-z_][A-Za-z0-9_]{0,63}$";
/// Names of headers.
const TOKEN: &str = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";
/// Keys that are ignored.
const IGNORED: &str = "^x-";

/// The JSON Schema (draft 7) of a manifest.
pub fn manifest_schema() -> Value {
    let mut schema = Map::new();
    schema.insert("$schema".into(), "http://json-schema.org/draft-07/schema#".into());
    schema.insert("title".into(), "A toolrun manifest".into());
    // What stands beside a `$ref` does not count in this draft, so the root is none.
    if let Value::Object(fields) = mapping(&top::SECTION) {
        schema.extend(fields);
    }
    let definitions: Map<String, Value> = SECTIONS
        .iter()
        .filter(|section| section.name != top::SECTION.name)
        .map(|section| (section.name.to_owned(), mapping(section)))
        .collect();
    schema.insert("definitions".into(), definitions.into());
    schema.into()
}

/// A mapping with keys of the language.
fn mapping(section: &'static Section) -> Value {
    let mut schema = Map::new();
    schema.insert("type".into(), "object".into());
    let properties: Map<String, Value> = section
        .keys()
        .map(|key| (key.name.to_owned(), property(key)))
        .collect();
    schema.insert("properties".into(), properties.into());
    schema.insert("patternProperties".into(), json!({ IGNORED: {} }));
    schema.insert("additionalProperties".into(), false.into());
    let required: Vec<&str> = section
        .keys()
        .filter(|key| key.need == KeyNeed::Required)
        .map(|key| key.name)
        .collect();
    if !required.is_empty() {
        schema.insert("required".into(), required.into());
    }
    let rules: Vec<Value> = section.rules.iter().map(|rule| together(*rule)).collect();
    if !rules.is_empty() {
        schema.insert("allOf".into(), rules.into());
    }
    schema.into()
}

/// Which keys go together.
fn together(rule: Rule) -> Value {
    let each = |names: &[&str]| -> Value { names.iter().map(|name| json!({ "required": [name] })).collect() };
    match rule {
        Rule::One(names) => json!({ "oneOf": each(names) }),
        Rule::Any(names) => json!({ "anyOf": each(names) }),
        Rule::NotBoth(one, other) => json!({ "not": { "required": [one, other] } }),
        Rule::Needs(key, beside) => json!({ "dependencies": { key: [beside] } }),
    }
}

fn property(key: &Key) -> Value {
    let mut schema = Map::new();
    schema.insert("description".into(), key.doc.into());
    if let Value::Object(fields) = value(&key.shape) {
        schema.extend(fields);
    }
    if let Some(absent) = key.absent
        && !absent.contains(' ')
    {
        let default = serde_json::from_str(absent).unwrap_or_else(|_| Value::from(absent));
        schema.insert("default".into(), default);
    }
    schema.into()
}

/// What a value may be.
fn value(shape: &Shape) -> Value {
    match shape {
        Shape::Unsaid | Shape::Any | Shape::Tree(_) => json!({}),
        Shape::Data(_) | Shape::Schema => json!({ "type": "object" }),
        Shape::Text(form) => text(*form),
        Shape::Written(Form::Description) => {
            json!({ "type": ["string", "number", "boolean"], "pattern": r"\S", "maxLength": MAX_DESCRIPTION })
        }
        Shape::Written(_) => json!({ "type": ["string", "number", "boolean"] }),
        Shape::Whole(from, u64::MAX) => json!({ "type": "integer", "minimum": from }),
        Shape::Whole(from, to) => json!({ "type": "integer", "minimum": from, "maximum": to }),
        Shape::Number => json!({ "type": "number" }),
        Shape::Positive => json!({ "type": "number", "exclusiveMinimum": 0 }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Quantity(unit) => quantity(*unit),
        Shape::Version => json!({ "const": 1 }),
        Shape::Word(words) => json!({ "enum": words() }),
        Shape::List(item) => json!({ "type": "array", "items": value(item) }),
        Shape::Some(item) => json!({ "type": "array", "items": value(item), "minItems": 1 }),
        Shape::Named(names, inner) => by_name(*names, &value(inner)),
        Shape::Single(names, inner) => {
            let mut single = by_name(*names, &value(inner));
            single["minProperties"] = 1.into();
            single["maxProperties"] = 1.into();
            single
        }
        Shape::Keys(section) => json!({ "$ref": format!("#/definitions/{}", section().name) }),
        Shape::Either(forms) => json!({ "anyOf": forms.iter().map(value).collect::<Vec<_>>() }),
    }
}

fn text(form: Form) -> Value {
    let pattern = match form {
        Form::Url(Place::Url) => r"^([hH][tT][tT][pP][sS]?://|/|\{\{)",
        Form::Url(_) => r"^([hH][tT][tT][pP][sS]?://|\{\{)",
        Form::Expression(_) => r"\{\{",
        Form::Name(Names::Api | Names::Secret | Names::Server) => WORD,
        Form::Name(Names::Callable | Names::Step) => SMALL,
        Form::NewName => return json!({ "type": "string", "pattern": SMALL, "not": { "enum": RESERVED } }),
        Form::Model => "^(embedded|[^/]+/.+)$",
        Form::Path => r"\.([yY][aA]?[mM][lL]|[jJ][sS][oO][nN])$",
        Form::Variable => "^[A-Za-z_][A-Za-z0-9_]*$",
        Form::Host => "^[A-Za-z0-9.-]+(:[0-9]+)?$",
        Form::Link => return json!({ "const": "link" }),
        Form::Words
        | Form::Description
        | Form::Template(_)
        | Form::Name(Names::Foreign)
        | Form::File
        | Form::Pick
        | Form::Regex
        | Form::Format
        | Form::WireName
        | Form::Argument
        | Form::Service => return json!({ "type": "string" }),
    };
    json!({ "type": "string", "pattern": pattern })
}

fn quantity(unit: Unit) -> Value {
    match unit {
        Unit::Duration => json!({ "type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,6})? *(ms|s|m|h)$" }),
        Unit::Rate => json!({ "type": "string", "pattern": "^[0-9]+ */ *[smhd]$" }),
        Unit::Cost => json!({ "type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,6})? +USD$" }),
        Unit::Count => json!({ "anyOf": [
            { "type": "integer", "minimum": 1 },
            { "type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,6})?[kKM]?$" },
        ] }),
    }
}

/// A mapping by name.
fn by_name(names: Naming, inner: &Value) -> Value {
    let (pattern, refused) = match names {
        Naming::Data | Naming::Var => {
            return json!({ "type": "object", "additionalProperties": inner });
        }
        Naming::Of(_) => {
            return json!({ "type": "object", "patternProperties": { IGNORED: {} }, "additionalProperties": inner });
        }
        Naming::Header => {
            return json!({ "type": "object", "additionalProperties": inner, "propertyNames": { "pattern": TOKEN } });
        }
        Naming::Lint => return levels(inner),
        Naming::Small("PARAM") => (SMALL, RESERVED),
        Naming::Small(_) => (SMALL, BUILT_IN),
        Naming::Word(_) => (WORD, &[][..]),
        Naming::Status => ("^([1-5][0-9]{2}|[1-5](xx|XX))$", &[][..]),
    };
    let mut schema = json!({
        "type": "object",
        "patternProperties": { pattern: inner, IGNORED: {} },
        "additionalProperties": false,
    });
    if !refused.is_empty() {
        schema["propertyNames"] = json!({ "not": { "enum": refused } });
    }
    schema
}

/// Levels by the name of a lint, each with what the lint flags.
fn levels(inner: &Value) -> Value {
    let properties: Map<String, Value> = RULES
        .iter()
        .map(|rule| {
            let mut level = inner.clone();
            let docs = rule.docs.trim().split("\n\n").next().unwrap_or_default();
            level["description"] = docs.replace('\n', " ").into();
            (rule.name.to_owned(), level)
        })
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "patternProperties": { IGNORED: {} },
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        let schema = manifest_schema();
        let text = schema.to_string();
        let mut seen = 0;
        for part in text.split("\"$ref\":\"#/definitions/").skip(1) {
            let name = part.split('"').next().unwrap_or_default();
            assert!(schema["definitions"].get(name).is_some(), "{name}");
            seen += 1;
        }
        assert!(seen > 30, "{seen} references");
    }
}
