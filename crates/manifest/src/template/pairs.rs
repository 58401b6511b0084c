//! How lists and maps become pairs of a query or a form, by `style`.

use serde_json::Value;

use super::error::RenderError;
use super::expression::Expr;
use super::text::{param_of, subject};
use super::value::{kind_name, scalar_text};
use crate::checked::ParamStyle;

/// One pair before any encoding. The separators (of several values, and the
/// brackets around a sub-key) are written as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) key: Key,
    pub(super) values: Vec<String>,
    pub(super) separator: &'static str,
}

/// What follows the key's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// Nothing: `a=`.
    Plain,
    /// `a[]=`.
    Brackets,
    /// `a[k]=`.
    Member(String),
}

/// The pairs of a slot's value. Null and absent values yield none.
pub(super) fn pairs(expr: &Expr, value: &Value) -> Result<Vec<Pair>, RenderError> {
    let one = |key, value: String| Pair {
        key,
        values: vec![value],
        separator: "",
    };
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => {
            let values = items
                .iter()
                .filter(|item| !item.is_null())
                .map(|item| scalar(expr, item))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(match expr.style() {
                _ if values.is_empty() => Vec::new(),
                ParamStyle::Csv => vec![Pair {
                    key: Key::Plain,
                    values,
                    separator: ",",
                }],
                ParamStyle::Pipe => vec![Pair {
                    key: Key::Plain,
                    values,
                    separator: "|",
                }],
                ParamStyle::Brackets => values
                    .into_iter()
                    .map(|value| one(Key::Brackets, value))
                    .collect(),
                ParamStyle::Repeat | ParamStyle::Deep => {
                    values.into_iter().map(|value| one(Key::Plain, value)).collect()
                }
            })
        }
        // Only `a[k]=v` keeps a map's keys apart from the declared ones.
        Value::Object(map) => map
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| Ok(one(Key::Member(key.clone()), scalar(expr, value)?)))
            .collect(),
        scalar_value => Ok(vec![one(Key::Plain, scalar(expr, scalar_value)?)]),
    }
}

fn scalar(expr: &Expr, value: &Value) -> Result<String, RenderError> {
    scalar_text(value)
        .map(|text| text.into_owned())
        .ok_or_else(|| RenderError {
            rule: "slot-type",
            param: param_of(expr),
            message: format!(
                "{} holds {}; give texts, numbers or booleans in it",
                subject(expr),
                kind_name(value)
            ),
        })
}
