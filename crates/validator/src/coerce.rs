//! Converts what a model plainly meant, and notes it.
//!
//! Converted are: canonical decimal strings where a number is asked, whole
//! numbers written with a fraction or exponent where an integer is asked, a
//! single value where an array is asked, and a null where the type has none
//! (taken as not given). Everything else stays as it is and is judged by the
//! schema; `"true"` is a string.

use std::fmt;

use serde_json::{Number, Value};

use crate::error::Violation;
use crate::number::{self, Whole};
use crate::pointer::Pointer;
use crate::words;

/// A value that was converted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coercion {
    /// JSON pointer of the value.
    pub at: String,
    /// What was done.
    pub kind: CoercionKind,
}

/// What was done to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoercionKind {
    /// `"5"` became `5`.
    StringToNumber,
    /// `1.0` became `1`.
    WholeNumber,
    /// A single value became an array of one.
    ValueToArray,
    /// A null was taken as not given.
    NullToAbsent,
}

impl fmt::Display for Coercion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            CoercionKind::StringToNumber => "string read as a number",
            CoercionKind::WholeNumber => "whole number written as an integer",
            CoercionKind::ValueToArray => "single value put in an array",
            CoercionKind::NullToAbsent => "null taken as not given",
        };
        write!(f, "{}: {what}", self.at)
    }
}

/// Converts in place. Also returns the numbers that must not pass: integers
/// that would be changed on their way.
pub(crate) fn coerce(value: &mut Value, schema: &Value) -> (Vec<Coercion>, Vec<Violation>) {
    let mut walk = Walk {
        path: Pointer::default(),
        coerced: Vec::new(),
        violations: Vec::new(),
    };
    walk.value(value, schema);
    (walk.coerced, walk.violations)
}

struct Walk {
    path: Pointer,
    coerced: Vec<Coercion>,
    violations: Vec<Violation>,
}

impl Walk {
    fn value(&mut self, value: &mut Value, schema: &Value) {
        let types = words::types(schema);
        let asks = |name: &str| types.contains(&name);
        if asks("array") && !value.is_array() && wraps(value, &types, schema) {
            *value = Value::Array(vec![value.take()]);
            self.note(CoercionKind::ValueToArray);
        }
        if let Value::String(text) = &*value
            && !asks("string")
            && let Some(number) = number_in(text, &types)
        {
            *value = Value::Number(number);
            self.note(CoercionKind::StringToNumber);
        }
        match value {
            Value::Number(number) => {
                if let Some(whole) = self.number(number, &types) {
                    *value = Value::Number(whole);
                }
            }
            Value::Array(items) => {
                let nothing = Value::Null;
                let schema = schema.get("items").unwrap_or(&nothing);
                for (index, item) in items.iter_mut().enumerate() {
                    self.within(&index.to_string(), |walk| walk.value(item, schema));
                }
            }
            Value::Object(_) => self.object(value, schema),
            _ => {}
        }
    }

    fn object(&mut self, value: &mut Value, schema: &Value) {
        let Value::Object(fields) = value else { return };
        let required = words::names(schema.get("required"));
        let nothing = Value::Null;
        let mut absent = Vec::new();
        for (name, field) in fields.iter_mut() {
            let schema = words::property(schema, name).unwrap_or(&nothing);
            let types = words::types(schema);
            if field.is_null() && !types.is_empty() && !types.contains(&"null") && !required.contains(name) {
                absent.push(name.clone());
            } else {
                self.within(name, |walk| walk.value(field, schema));
            }
        }
        for name in absent {
            fields.shift_remove(&name);
            self.coerced.push(Coercion {
                at: self.path.to_key(&name),
                kind: CoercionKind::NullToAbsent,
            });
        }
    }

    /// The canonical form of a number where an integer is asked. Integers
    /// beyond 64 bits are reported wherever a number may stand.
    fn number(&mut self, number: &Number, types: &[&str]) -> Option<Number> {
        let text = number.to_string();
        let integer_only = types.contains(&"integer") && !types.contains(&"number");
        let literal = !text.contains(['.', 'e', 'E']);
        let number_fits = types.is_empty() || types.iter().any(|name| matches!(*name, "integer" | "number"));
        match number::whole(&text) {
            Whole::TooBig if number_fits && (integer_only || literal) => {
                self.violations.push(Violation::new(
                    self.path.to_text(),
                    "an integer of at most 64 bits: a longer one would be changed on its way \
                     (longer ids need `type: string` in the manifest, which only its author can write)",
                ));
                None
            }
            Whole::Fits(canonical) if integer_only && canonical != text => {
                self.note(CoercionKind::WholeNumber);
                canonical.parse().ok()
            }
            _ => None,
        }
    }

    fn note(&mut self, kind: CoercionKind) {
        self.coerced.push(Coercion {
            at: self.path.to_text(),
            kind,
        });
    }

    fn within(&mut self, key: &str, f: impl FnOnce(&mut Self)) {
        let outside = self.path.enter(key);
        f(self);
        self.path.back(outside);
    }
}

/// Whether a value that is no array is one item of the array that is asked.
/// A string that itself spells an array is not: the model meant the array.
fn wraps(value: &Value, types: &[&str], schema: &Value) -> bool {
    let fits_as_it_is = types.iter().any(|name| words::is_type(value, name));
    let spells_an_array = value
        .as_str()
        .is_some_and(|text| text.trim_start().starts_with('['));
    let items = schema.get("items").map(words::types).unwrap_or_default();
    let object_unasked = value.is_object() && !items.contains(&"object");
    !fits_as_it_is && !value.is_null() && !spells_an_array && !object_unasked
}

/// The number that a canonical string spells, if the types ask for one.
fn number_in(text: &str, types: &[&str]) -> Option<Number> {
    let canonical = if types.contains(&"number") {
        number::is_canonical_decimal(text) && number::is_finite(text)
    } else {
        types.contains(&"integer") && number::is_canonical_integer(text)
    };
    canonical.then(|| text.parse().ok()).flatten()
}
