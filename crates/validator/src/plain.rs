//! Schemas in which nothing can be wrong: what flat params come to. Most tools
//! have one, and a manifest may have thousands of tools, so whoever only wants to
//! know whether a schema can be used need not compile these.

use serde_json::Value;

/// Params of one schema.
const MOST_PROPERTIES: usize = 200;
/// Values of one `enum` or `examples`.
const MOST_LISTED: usize = 40;
/// Digits of a bound: beyond them it may be no number of the machine.
const MOST_DIGITS: usize = 15;

/// Whether a schema is an object of flat params with keywords whose values
/// cannot be wrong. One with a pattern, a reference or a nested value is not: to
/// know of it, compile it.
pub fn is_plain(schema: &Value) -> bool {
    let Value::Object(map) = schema else { return false };
    map.iter().all(|(key, value)| match (key.as_str(), value) {
        ("type", Value::String(name)) => name == "object",
        ("additionalProperties", Value::Bool(_)) => true,
        ("required", Value::Array(names)) => names.iter().all(Value::is_string) && are_apart(names),
        ("properties", Value::Object(params)) => {
            params.len() <= MOST_PROPERTIES && params.values().all(is_flat)
        }
        _ => false,
    })
}

fn is_flat(param: &Value) -> bool {
    let Value::Object(map) = param else { return false };
    map.iter().all(|(key, value)| match (key.as_str(), value) {
        ("type", Value::String(name)) => ["string", "integer", "number", "boolean"].contains(&name.as_str()),
        ("description" | "format", Value::String(_)) => true,
        ("enum" | "examples", Value::Array(values)) => {
            (1..=MOST_LISTED).contains(&values.len()) && values.iter().all(is_scalar)
        }
        ("default", value) => is_scalar(value),
        ("minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum", Value::Number(bound)) => {
            bound.to_string().len() <= MOST_DIGITS && bound.as_f64().is_some_and(f64::is_finite)
        }
        ("minLength" | "maxLength", Value::Number(bound)) => {
            bound.to_string().len() <= MOST_DIGITS && bound.as_u64().is_some()
        }
        _ => false,
    })
}

fn is_scalar(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

fn are_apart(names: &[Value]) -> bool {
    names.len() <= MOST_PROPERTIES
        && names
            .iter()
            .enumerate()
            .all(|(index, name)| !names[..index].contains(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ArgValidator;

    fn with(param: &Value) -> Value {
        json!({ "type": "object", "properties": { "a": param }, "required": ["a"], "additionalProperties": false })
    }

    #[test]
    fn what_is_plain_can_be_used() {
        for param in [
            json!({}),
            json!({ "type": "string", "description": "x", "format": "no such", "minLength": 0, "maxLength": 9 }),
            json!({ "type": "integer", "minimum": -3, "exclusiveMaximum": 1e3, "default": null, "examples": [1, "x"] }),
            json!({ "type": "number", "maximum": 0.5, "exclusiveMinimum": -0.5, "enum": [1, 1, true, null, "x"] }),
            json!({ "type": "boolean", "minimum": 9, "maximum": 1 }),
        ] {
            assert!(is_plain(&with(&param)), "{param}");
            assert!(ArgValidator::of_schema("t", with(&param)).is_ok(), "{param}");
        }
        let many: serde_json::Map<_, _> = (0..MOST_PROPERTIES)
            .map(|index| (format!("p{index}"), json!({ "enum": vec![1; MOST_LISTED] })))
            .collect();
        let largest = json!({ "properties": many, "required": ["p1", "p2"] });
        assert!(is_plain(&largest) && ArgValidator::of_schema("t", largest).is_ok());
    }

    #[test]
    fn what_could_be_wrong_is_not_plain() {
        for param in [
            json!(true),
            json!({ "pattern": "a" }),
            json!({ "type": "text" }),
            json!({ "type": ["string"] }),
            json!({ "$ref": "#" }),
            json!({ "enum": [] }),
            json!({ "enum": [{}] }),
            json!({ "minLength": -1 }),
            json!({ "minLength": 1.5 }),
            json!({ "minimum": "1" }),
            json!({ "multipleOf": 0 }),
            json!({ "items": { "type": "string" } }),
            json!({ "description": 1 }),
        ] {
            assert!(!is_plain(&with(&param)), "{param}");
        }
        for schema in [
            json!(true),
            json!({ "required": ["a", "a"] }),
            json!({ "$defs": {} }),
            json!({ "type": "list" }),
        ] {
            assert!(!is_plain(&schema), "{schema}");
        }
    }
}
