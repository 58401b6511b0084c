//! Reads schemas for people and models: what is expected at a place, which
//! names are valid there. What a schema says is the author's text and may be
//! shown; no text that the model wrote is repeated, only a number out of bounds.

use jsonschema::Validator;
use jsonschema::error::{ValidationError, ValidationErrorKind};
use serde_json::Value;

use crate::error::Violation;
use crate::pointer::{self, NAME_CHARS};

/// Options of an `enum` that are listed.
const MOST_OPTIONS: usize = 30;
/// Violations that are looked for: each more is compared with all before it.
const MOST_FOUND: usize = 1000;
/// Unknown names that are compared with the known ones.
const MOST_UNKNOWN: usize = 100;
/// Digits of a number that are told.
const MOST_DIGITS: usize = 40;
/// How alike two names must be for one to be suggested for the other.
const ALIKE: f64 = 0.75;

/// Everything that is wrong with a value, beside what was found before.
pub(crate) fn violations(
    schema: &Value,
    compiled: &Validator,
    value: &Value,
    mut found: Vec<Violation>,
) -> Vec<Violation> {
    for error in compiled.iter_errors(value) {
        for violation in explain(schema, &error) {
            let known = found
                .iter()
                .any(|other| other.at == violation.at && other.did_you_mean == violation.did_you_mean);
            if !known {
                found.push(violation);
            }
        }
        if found.len() >= MOST_FOUND {
            break;
        }
    }
    found
}

/// One error of the library in our words.
fn explain(schema: &Value, error: &ValidationError<'_>) -> Vec<Violation> {
    let at = error.instance_path().to_string();
    let holder = holder(schema, &error.schema_path().to_string());
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let expected = self::property(holder, name)
                .map_or_else(String::new, |schema| format!("{}; ", describe(schema)));
            let text = format!("{expected}`{name}` is required and missing");
            vec![Violation::new(format!("{at}/{}", pointer::escape(name)), text)]
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => unexpected
            .iter()
            .take(MOST_UNKNOWN)
            .map(|name| Violation {
                did_you_mean: nearest(name, properties(holder)),
                ..Violation::new(
                    format!("{at}/{}", pointer::escape(name)),
                    "no such parameter; leave it out",
                )
            })
            .collect(),
        ValidationErrorKind::Type { .. } => vec![Violation::of_type(at, describe(holder), error.instance())],
        ValidationErrorKind::Enum { options } => {
            let names = options.as_array().into_iter().flatten().filter_map(Value::as_str);
            let nearest = error.instance().as_str().and_then(|given| nearest(given, names));
            vec![Violation {
                did_you_mean: nearest,
                ..Violation::new(at, describe(holder))
            }]
        }
        ValidationErrorKind::FalseSchema => vec![Violation::new(at, "nothing; leave it out")],
        _ => {
            let expected = describe(holder);
            let text = if expected.is_empty() {
                error.masked().to_string()
            } else {
                expected
            };
            vec![Violation {
                found: amount(error.kind(), error.instance()).map(Into::into),
                remedy: remedy(error.kind()),
                ..Violation::new(at, text)
            }]
        }
    }
}

/// How much was found where a bound is what is wrong. A number is told as it
/// was written unless it is long.
fn amount(kind: &ValidationErrorKind, value: &Value) -> Option<String> {
    let counted = |count: usize, what: &str| Some(format!("{count} {what}"));
    match (kind, value) {
        (
            ValidationErrorKind::MinLength { .. } | ValidationErrorKind::MaxLength { .. },
            Value::String(text),
        ) => counted(text.chars().count(), "characters"),
        (
            ValidationErrorKind::MinItems { .. } | ValidationErrorKind::MaxItems { .. },
            Value::Array(items),
        ) => counted(items.len(), "items"),
        (
            ValidationErrorKind::MinProperties { .. } | ValidationErrorKind::MaxProperties { .. },
            Value::Object(entries),
        ) => counted(entries.len(), "entries"),
        (_, Value::Number(number)) => Some(number.to_string()).filter(|digits| digits.len() <= MOST_DIGITS),
        _ => None,
    }
}

fn remedy(kind: &ValidationErrorKind) -> Option<&'static str> {
    matches!(kind, ValidationErrorKind::MaxLength { .. })
        .then_some("`maxLength` of the param raises it; without one it is 8192")
}

/// The schema that holds the keyword at the end of a schema path.
fn holder<'a>(schema: &'a Value, path: &str) -> &'a Value {
    let parent = path.rfind('/').map_or("", |slash| &path[..slash]);
    schema.pointer(parent).unwrap_or(&Value::Null)
}

/// What a schema asks for, in a few words.
pub(crate) fn describe(schema: &Value) -> String {
    if let Some(constant) = schema.get("const") {
        return format!("exactly {constant}");
    }
    if let Some(options) = schema.get("enum").and_then(Value::as_array) {
        return one_of(options);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(options) = schema.get(key).and_then(Value::as_array) {
            let all: Vec<String> = options
                .iter()
                .map(describe)
                .filter(|text| !text.is_empty())
                .collect();
            return all.join(", or ");
        }
    }
    let noun = types(schema)
        .iter()
        .map(|name| noun(name, schema))
        .collect::<Vec<_>>()
        .join(" or ");
    let mut parts = vec![if noun.is_empty() {
        "a value".to_owned()
    } else {
        noun
    }];
    parts.extend(LIMITS.iter().filter_map(|(key, words)| {
        let limit = schema.get(key)?;
        Some(words.replace(
            "{}",
            &limit.as_str().map_or_else(|| limit.to_string(), str::to_owned),
        ))
    }));
    if schema.get("uniqueItems").and_then(Value::as_bool) == Some(true) {
        parts.push("no two items alike".into());
    }
    if parts.len() == 1 && parts[0] == "a value" {
        String::new()
    } else {
        parts.join(", ")
    }
}

/// How each keyword is said.
const LIMITS: &[(&str, &str)] = &[
    ("minimum", "at least {}"),
    ("exclusiveMinimum", "greater than {}"),
    ("maximum", "at most {}"),
    ("exclusiveMaximum", "less than {}"),
    ("multipleOf", "a multiple of {}"),
    ("minLength", "at least {} characters"),
    ("maxLength", "at most {} characters"),
    ("pattern", "matching the pattern {}"),
    ("format", "in the format {}"),
    ("minItems", "at least {} items"),
    ("maxItems", "at most {} items"),
    ("minProperties", "at least {} entries"),
    ("maxProperties", "at most {} entries"),
];

fn noun(name: &str, schema: &Value) -> String {
    let text = match name {
        "array" => {
            let items = schema.get("items").map(describe).unwrap_or_default();
            return if items.is_empty() {
                "an array".into()
            } else {
                format!("an array of: {items}")
            };
        }
        "integer" => "an integer",
        "object" => "an object",
        "null" => "null",
        "string" => "a string",
        "number" => "a number",
        "boolean" => "a boolean (true or false)",
        other => other,
    };
    text.to_owned()
}

fn one_of(options: &[Value]) -> String {
    let listed: Vec<String> = options.iter().take(MOST_OPTIONS).map(Value::to_string).collect();
    let more = options.len().saturating_sub(MOST_OPTIONS);
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("one of {}{rest}", listed.join(", "))
}

/// The types that a schema asks for; those of its `enum` when it names none.
pub(crate) fn types(schema: &Value) -> Vec<&str> {
    match (schema.get("type"), schema.get("enum").or(schema.get("const"))) {
        (Some(Value::String(name)), _) => vec![name],
        (Some(Value::Array(names)), _) => names.iter().filter_map(Value::as_str).collect(),
        (_, Some(Value::Array(options))) => {
            let mut types: Vec<&str> = options.iter().map(type_of).collect();
            types.dedup();
            types
        }
        (_, Some(constant)) => vec![type_of(constant)],
        _ => Vec::new(),
    }
}

/// Whether a value has a type of JSON Schema.
pub(crate) fn is_type(value: &Value, name: &str) -> bool {
    let own = type_of(value);
    own == name || (own == "integer" && name == "number")
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.to_string().contains(['.', 'e', 'E']) => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The schema of one property.
pub(crate) fn property<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    let own = schema.get("properties").and_then(|all| all.get(name));
    own.or_else(|| schema.get("additionalProperties").filter(|rest| rest.is_object()))
}

/// The names of a schema's properties.
pub(crate) fn properties(schema: &Value) -> impl Iterator<Item = &str> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flat_map(|all| all.keys().map(String::as_str))
}

/// The strings of a list.
pub(crate) fn names(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// The most similar of some names, if one is similar enough to be meant.
pub fn nearest<'a>(name: &str, among: impl Iterator<Item = &'a str>) -> Option<String> {
    // Similarity takes time by the square of the length.
    let name: String = name.chars().take(NAME_CHARS).collect::<String>().to_lowercase();
    among
        .map(|candidate| (alike(&name, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate.to_owned())
}

fn alike(name: &str, candidate: &str) -> f64 {
    let candidate = candidate.to_lowercase();
    strsim::jaro_winkler(name, &candidate).max(strsim::normalized_damerau_levenshtein(name, &candidate))
}
