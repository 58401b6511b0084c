//! Whether a value written in the manifest fits the param it is written at.
//! Arguments are checked elsewhere, by the whole schema.

use serde_json::{Map, Value};

use crate::checked::ParamKind;

/// Why a value does not fit, in words that follow "the default `x` ".
pub(crate) fn misfit(kind: ParamKind, keywords: &Map<String, Value>, value: &Value) -> Option<String> {
    match kind {
        ParamKind::Schema => None,
        ParamKind::Array => {
            let Value::Array(items) = value else {
                return Some("is not an array".to_owned());
            };
            bounds(keywords, "minItems", "maxItems", items.len(), "items")
                .or_else(|| items.iter().find_map(|item| item_misfit(keywords, item)))
        }
        ParamKind::Map => {
            let Value::Object(map) = value else {
                return Some("is not a mapping".to_owned());
            };
            let text = map.values().all(Value::is_string);
            (!text)
                .then(|| "has values that are not strings".to_owned())
                .or_else(|| bounds(keywords, "minProperties", "maxProperties", map.len(), "keys"))
        }
        ParamKind::Boolean => (!value.is_boolean()).then(|| "is not a boolean".to_owned()),
        ParamKind::String | ParamKind::File => {
            let Value::String(text) = value else {
                return Some("is not a string".to_owned());
            };
            bounds(
                keywords,
                "minLength",
                "maxLength",
                text.chars().count(),
                "characters",
            )
        }
        ParamKind::Integer => match number(value) {
            Some(number) if number.fract() == 0.0 => range(keywords, number),
            _ => Some("is not an integer".to_owned()),
        },
        ParamKind::Number => match number(value) {
            Some(number) => range(keywords, number),
            None => Some("is not a number".to_owned()),
        },
    }
    .or_else(|| not_allowed(keywords, value))
}

/// The number that a JSON value is.
pub(crate) fn number(value: &Value) -> Option<f64> {
    value.as_number().and_then(|number| number.as_str().parse().ok())
}

fn item_misfit(keywords: &Map<String, Value>, item: &Value) -> Option<String> {
    let inner = keywords.get("items")?.as_object()?;
    let kind = match inner.get("type")?.as_str()? {
        "string" => ParamKind::String,
        "integer" => ParamKind::Integer,
        "number" => ParamKind::Number,
        "boolean" => ParamKind::Boolean,
        _ => return None,
    };
    misfit(kind, inner, item).map(|why| format!("has an item `{item}` that {why}"))
}

fn not_allowed(keywords: &Map<String, Value>, value: &Value) -> Option<String> {
    let allowed = keywords.get("enum")?.as_array()?;
    (!allowed.contains(value)).then(|| {
        let names: Vec<_> = allowed
            .iter()
            .map(|value| format!("`{}`", plain(value)))
            .collect();
        format!("is not one of {}", names.join(", "))
    })
}

fn range(keywords: &Map<String, Value>, value: f64) -> Option<String> {
    let bound = |key: &str| keywords.get(key).and_then(number);
    let words = |key: &str| keywords.get(key).map(plain).unwrap_or_default();
    if bound("minimum").is_some_and(|minimum| value < minimum) {
        return Some(format!("is less than `minimum: {}`", words("minimum")));
    }
    if bound("maximum").is_some_and(|maximum| value > maximum) {
        return Some(format!("is greater than `maximum: {}`", words("maximum")));
    }
    if bound("exclusiveMinimum").is_some_and(|minimum| value <= minimum) {
        return Some(format!(
            "does not exceed `exclusiveMinimum: {}`",
            words("exclusiveMinimum")
        ));
    }
    if bound("exclusiveMaximum").is_some_and(|maximum| value >= maximum) {
        return Some(format!(
            "is not below `exclusiveMaximum: {}`",
            words("exclusiveMaximum")
        ));
    }
    None
}

fn bounds(
    keywords: &Map<String, Value>,
    least: &str,
    most: &str,
    count: usize,
    what: &str,
) -> Option<String> {
    let bound = |key: &str| keywords.get(key).and_then(Value::as_u64);
    let count = count as u64;
    if let Some(least_count) = bound(least).filter(|least| count < *least) {
        return Some(format!("has fewer than {least_count} {what} (`{least}`)"));
    }
    bound(most)
        .filter(|most| count > *most)
        .map(|most_count| format!("has more than {most_count} {what} (`{most}`)"))
}

/// A value as a person would write it.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_fit_their_params() {
        let cases = [
            (
                ParamKind::Integer,
                json!({ "minimum": 1, "maximum": 5 }),
                json!(5),
                None,
            ),
            (
                ParamKind::Integer,
                json!({ "minimum": 1, "maximum": 5 }),
                json!(6),
                Some("is greater than `maximum: 5`"),
            ),
            (
                ParamKind::Integer,
                json!({}),
                json!(1.5),
                Some("is not an integer"),
            ),
            (
                ParamKind::Integer,
                json!({}),
                json!("5"),
                Some("is not an integer"),
            ),
            (
                ParamKind::Number,
                json!({ "exclusiveMinimum": 0 }),
                json!(0),
                Some("does not exceed `exclusiveMinimum: 0`"),
            ),
            (
                ParamKind::String,
                json!({ "enum": ["a", "b"] }),
                json!("c"),
                Some("is not one of `a`, `b`"),
            ),
            (
                ParamKind::String,
                json!({ "maxLength": 2 }),
                json!("abc"),
                Some("has more than 2 characters (`maxLength`)"),
            ),
            (
                ParamKind::Boolean,
                json!({}),
                json!("no"),
                Some("is not a boolean"),
            ),
            (
                ParamKind::Array,
                json!({ "items": { "type": "integer" } }),
                json!([1, "x"]),
                Some("has an item `\"x\"` that is not an integer"),
            ),
            (
                ParamKind::Map,
                json!({}),
                json!({ "a": 1 }),
                Some("has values that are not strings"),
            ),
        ];
        for (kind, keywords, value, expected) in cases {
            let keywords = keywords.as_object().expect("a table of objects");
            assert_eq!(misfit(kind, keywords, &value).as_deref(), expected, "{value}");
        }
    }
}
