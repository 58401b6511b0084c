//! The tests behind `is`, but for `defined` and `undefined`, which see absent
//! values and are part of the language.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;

use super::error::TemplateError;
use super::expression::Expr;
use super::names::{did_you_mean, listed};
use super::number::Num;
use super::value::{contains, equal};

/// One test.
pub(super) struct Test {
    name: &'static str,
    arguments: usize,
    pub(super) apply: fn(&Value, &[Cow<'_, Value>]) -> bool,
}

impl std::fmt::Debug for Test {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn test(name: &'static str, arguments: usize, apply: fn(&Value, &[Cow<'_, Value>]) -> bool) -> Test {
    Test {
        name,
        arguments,
        apply,
    }
}

static TESTS: &[Test] = &[
    test("boolean", 0, |value, _| value.is_boolean()),
    test("eq", 1, |value, args| equal(value, &args[0])),
    test("float", 0, |value, _| {
        matches!(number(value), Some(Num::Float(_)))
    }),
    test("in", 1, |value, args| contains(&args[0], value).unwrap_or(false)),
    test("integer", 0, |value, _| {
        matches!(number(value), Some(Num::Int(_)))
    }),
    test("mapping", 0, |value, _| value.is_object()),
    test("ne", 1, |value, args| !equal(value, &args[0])),
    test("none", 0, |value, _| value.is_null()),
    test("number", 0, |value, _| value.is_number()),
    test("sequence", 0, |value, _| value.is_array()),
    test("string", 0, |value, _| value.is_string()),
];

/// The test of a name.
pub(super) fn find(name: &str, range: Range<usize>) -> Result<&'static Test, TemplateError> {
    TESTS.iter().find(|test| test.name == name).ok_or_else(|| {
        let names = || {
            ["defined", "undefined"]
                .into_iter()
                .chain(TESTS.iter().map(|test| test.name))
        };
        TemplateError {
            code: "unknown-test",
            range,
            message: format!("unknown test `is {name}`"),
            help: Some(format!(
                "{}tests: {}",
                did_you_mean(name, names()),
                listed(names())
            )),
        }
    })
}

impl Test {
    /// Checks the number of arguments.
    pub(super) fn accepts(&self, args: &[Expr], range: &Range<usize>) -> Result<(), TemplateError> {
        if args.len() == self.arguments {
            return Ok(());
        }
        Err(TemplateError {
            code: "filter-arguments",
            range: range.clone(),
            message: format!(
                "`is {}` takes {} arguments, found {}",
                self.name,
                self.arguments,
                args.len()
            ),
            help: None,
        })
    }
}

fn number(value: &Value) -> Option<Num> {
    match value {
        Value::Number(number) => Some(Num::of(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(TESTS.is_sorted_by_key(|test| test.name));
    }
}
