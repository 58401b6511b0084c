//! What values are to expressions: true or false, equal, ordered, text.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::expression::Comparison;
use super::number::Num;

/// Whether a value counts as true.
pub(super) fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(bool) => *bool,
        Value::Number(number) => !Num::of(number).is_zero(),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

/// Equality with numbers compared by value: 1 equals 1.0.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || Num::of(left).compare(Num::of(right)) == Some(Ordering::Equal)
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, value)| right.get(key).is_some_and(|other| equal(value, other)))
        }
        _ => left == right,
    }
}

/// What a value is called in messages.
pub(super) fn kind_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// The text of a scalar as slots and `~` write it; null, lists and maps have
/// none.
pub(super) fn scalar_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Bool(bool) => Some(Cow::Borrowed(if *bool { "true" } else { "false" })),
        Value::Number(number) => Some(Cow::Borrowed(number.as_str())),
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Compares two values; the error says why they cannot be.
pub(super) fn compare(op: Comparison, left: &Value, right: &Value) -> Result<bool, String> {
    match op {
        Comparison::Equal => Ok(equal(left, right)),
        Comparison::NotEqual => Ok(!equal(left, right)),
        Comparison::Less => Ok(order(left, right)? == Some(Ordering::Less)),
        Comparison::LessOrEqual => Ok(matches!(
            order(left, right)?,
            Some(Ordering::Less | Ordering::Equal)
        )),
        Comparison::Greater => Ok(order(left, right)? == Some(Ordering::Greater)),
        Comparison::GreaterOrEqual => Ok(matches!(
            order(left, right)?,
            Some(Ordering::Greater | Ordering::Equal)
        )),
        Comparison::In => contains(right, left),
        Comparison::NotIn => contains(right, left).map(|found| !found),
    }
}

/// Whether a list, map or text holds a value.
pub(super) fn contains(holder: &Value, value: &Value) -> Result<bool, String> {
    match (holder, value) {
        (Value::Array(items), value) => Ok(items.iter().any(|item| equal(item, value))),
        (Value::Object(map), Value::String(key)) => Ok(map.contains_key(key)),
        (Value::String(text), Value::String(part)) => Ok(text.contains(part.as_str())),
        _ => Err(format!("{} cannot be in {}", kind_name(value), kind_name(holder))),
    }
}

fn order(left: &Value, right: &Value) -> Result<Option<Ordering>, String> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => Ok(Num::of(left).compare(Num::of(right))),
        (Value::String(left), Value::String(right)) => Ok(Some(left.cmp(right))),
        _ => Err(format!(
            "{} cannot be compared with {}",
            kind_name(left),
            kind_name(right)
        )),
    }
}
