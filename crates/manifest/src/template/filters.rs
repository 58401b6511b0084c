//! The filters of requests and conditions: a short list. None makes a text
//! whose length a value chooses, and none encodes; that is the slot's doing.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;

use super::error::TemplateError;
use super::eval::MAX_TEXT;
use super::expression::{Expr, Kind};
use super::names::{did_you_mean, listed};
use super::number::Num;
use super::time;
use super::value::{kind_name, scalar_text};

type Outcome = Result<Option<Value>, String>;

/// One filter.
pub(super) struct Filter {
    pub(super) name: &'static str,
    /// How few and how many arguments it takes.
    arity: (usize, usize),
    /// How it is written.
    example: &'static str,
    /// Whether it can be absent for a value that is there.
    pub(super) may_find_nothing: bool,
    pub(super) apply: fn(&Value, &[Cow<'_, Value>]) -> Outcome,
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn filter(
    name: &'static str,
    arity: (usize, usize),
    example: &'static str,
    apply: fn(&Value, &[Cow<'_, Value>]) -> Outcome,
) -> Filter {
    Filter {
        name,
        arity,
        example,
        may_find_nothing: false,
        apply,
    }
}

/// Every filter but `default`, which sees absent values and is part of the
/// language.
static FILTERS: &[Filter] = &[
    filter("abs", (0, 0), "abs", |value, _| {
        let absolute = match number(value)? {
            Num::Int(int) => Num::Int(int.checked_abs().ok_or("the result is too large")?),
            Num::Float(float) => Num::Float(float.abs()),
        };
        json(absolute)
    }),
    filter("date", (1, 1), "date('%Y-%m-%d')", |value, args| {
        let Value::String(pattern) = args[0].as_ref() else {
            return Err("`date` takes a pattern".into());
        };
        text(time::format(time::instant(value)?, pattern)?)
    }),
    filter("epoch", (0, 0), "epoch", |value, _| {
        Ok(Some(time::instant(value)?.as_second().into()))
    }),
    Filter {
        may_find_nothing: true,
        ..filter("first", (0, 0), "first", |value, _| end(value, End::First))
    },
    filter("float", (0, 0), "float", |value, _| match value {
        Value::Number(number) => json(Num::Float(Num::of(number).as_f64())),
        Value::String(text) => match text.trim().parse::<f64>() {
            Ok(float) if float.is_finite() => json(Num::Float(float)),
            _ => Err("the text is not a number".into()),
        },
        other => Err(format!("`float` wants a number, found {}", kind_name(other))),
    }),
    filter("int", (0, 0), "int", |value, _| match value {
        Value::Bool(bool) => Ok(Some(i32::from(*bool).into())),
        Value::Number(_) => truncated(number(value)?),
        Value::String(text) => match text.trim().parse::<serde_json::Number>() {
            Ok(number) => truncated(Num::of(&number)),
            Err(_) => Err("the text is not a number".into()),
        },
        other => Err(format!("`int` wants a number, found {}", kind_name(other))),
    }),
    filter("items", (0, 0), "items", |value, _| match value {
        Value::Object(map) => Ok(Some(
            map.iter()
                .map(|(key, value)| Value::from(vec![key.clone().into(), value.clone()]))
                .collect(),
        )),
        other => Err(format!("`items` wants a map, found {}", kind_name(other))),
    }),
    filter("join", (0, 1), "join(',')", join),
    Filter {
        may_find_nothing: true,
        ..filter("last", (0, 0), "last", |value, _| end(value, End::Last))
    },
    filter("length", (0, 0), "length", |value, _| match value {
        Value::String(text) => Ok(Some(text.chars().count().into())),
        Value::Array(items) => Ok(Some(items.len().into())),
        Value::Object(map) => Ok(Some(map.len().into())),
        other => Err(format!("{} has no length", kind_name(other))),
    }),
    filter("lower", (0, 0), "lower", |value, _| {
        text(string(value)?.to_lowercase())
    }),
    filter("replace", (2, 2), "replace('-', '')", |value, args| {
        let (whole, from, to) = (string(value)?, string(&args[0])?, string(&args[1])?);
        if from.is_empty() {
            return Err("`replace` has nothing to look for".into());
        }
        let count = whole.matches(from.as_ref()).count();
        if whole.len() + count.saturating_mul(to.len()) > MAX_TEXT {
            return Err("the text grows beyond 1 MiB".into());
        }
        text(whole.replace(from.as_ref(), &to))
    }),
    filter("round", (0, 1), "round(2)", |value, args| {
        let decimals = match args.first() {
            None => 0,
            Some(decimals) => match number(decimals)? {
                Num::Int(decimals @ 0..=15) => decimals as i32,
                _ => return Err("`round` takes 0 to 15 decimals".into()),
            },
        };
        json(number(value)?.round(decimals))
    }),
    filter("string", (0, 0), "string", |value, _| {
        text(string(value)?.into_owned())
    }),
    filter("tojson", (0, 0), "tojson", |value, _| text(value.to_string())),
    filter("trim", (0, 0), "trim", |value, _| {
        text(string(value)?.trim().to_owned())
    }),
    filter("upper", (0, 0), "upper", |value, _| {
        text(string(value)?.to_uppercase())
    }),
];

/// Filters of other template languages and what stands in their place.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "urlencode",
        "leave it out: the place of a slot decides the encoding",
    ),
    ("escape", "leave it out: the place of a slot decides the encoding"),
    ("e", "leave it out: the place of a slot decides the encoding"),
    ("safe", "leave it out: the place of a slot decides the encoding"),
    (
        "json",
        "leave it out: a leaf of `json` that is exactly one slot keeps its type",
    ),
    ("count", "write `length`"),
    ("lowercase", "write `lower`"),
    ("uppercase", "write `upper`"),
    ("strip", "write `trim`"),
    ("strftime", "write `date('%Y-%m-%d')`"),
    ("timestamp", "write `epoch`"),
];

/// Every filter with how it is written.
pub(crate) fn filter_names() -> impl Iterator<Item = (&'static str, &'static str)> {
    std::iter::once(("default", "default('none')"))
        .chain(FILTERS.iter().map(|filter| (filter.name, filter.example)))
}

/// The filter of a name.
pub(super) fn find(name: &str, range: Range<usize>) -> Result<&'static Filter, TemplateError> {
    if let Some(found) = FILTERS.iter().find(|filter| filter.name == name) {
        return Ok(found);
    }
    let names = || std::iter::once("default").chain(FILTERS.iter().map(|filter| filter.name));
    let near = match ELSEWHERE.iter().find(|(other, _)| *other == name) {
        Some((_, instead)) => format!("{instead}; "),
        None => did_you_mean(name, names()),
    };
    Err(TemplateError {
        code: "unknown-filter",
        range,
        message: format!("unknown filter `{name}`"),
        help: Some(format!("{near}filters: {}", listed(names()))),
    })
}

impl Filter {
    /// Checks what can be checked of the arguments at load.
    pub(super) fn accepts(&self, args: &[Expr], range: &Range<usize>) -> Result<(), TemplateError> {
        let problem = |message: String| TemplateError {
            code: "filter-arguments",
            range: range.clone(),
            message,
            help: Some(format!("as in `{}`", self.example)),
        };
        let (least, most) = self.arity;
        if args.len() < least || args.len() > most {
            let wanted = if least == most {
                least.to_string()
            } else {
                format!("{least} to {most}")
            };
            let found = args.len();
            return Err(problem(format!(
                "`{}` takes {wanted} arguments, found {found}",
                self.name
            )));
        }
        if self.name == "date" {
            let Kind::Literal(Value::String(pattern)) = &args[0].kind else {
                return Err(problem("the pattern of `date` is a literal text".into()));
            };
            time::format(jiff::Timestamp::UNIX_EPOCH, pattern).map_err(problem)?;
        }
        Ok(())
    }
}

fn number(value: &Value) -> Result<Num, String> {
    match value {
        Value::Number(number) => Ok(Num::of(number)),
        other => Err(format!("expected a number, found {}", kind_name(other))),
    }
}

fn string(value: &Value) -> Result<Cow<'_, str>, String> {
    scalar_text(value).ok_or_else(|| format!("expected text, found {}", kind_name(value)))
}

fn json(number: Num) -> Outcome {
    Ok(Some(Value::Number(number.into_json()?)))
}

fn text(text: String) -> Outcome {
    Ok(Some(Value::String(text)))
}

fn truncated(number: Num) -> Outcome {
    match number {
        Num::Int(_) => json(number),
        Num::Float(float) if float.trunc().abs() < 1e18 => json(Num::Int(float.trunc() as i128)),
        Num::Float(_) => Err("the number is too large for an integer".into()),
    }
}

fn join(value: &Value, args: &[Cow<'_, Value>]) -> Outcome {
    let Value::Array(items) = value else {
        return Err(format!("`join` wants a list, found {}", kind_name(value)));
    };
    let separator = args
        .first()
        .map_or(Ok(Cow::Borrowed("")), |separator| string(separator))?;
    let texts = items.iter().map(string).collect::<Result<Vec<_>, _>>()?;
    let length =
        texts.iter().map(|text| text.len()).sum::<usize>() + separator.len().saturating_mul(texts.len());
    if length > MAX_TEXT {
        return Err("the text grows beyond 1 MiB".into());
    }
    text(texts.join(separator.as_ref()))
}

enum End {
    First,
    Last,
}

fn end(value: &Value, end: End) -> Outcome {
    match (value, end) {
        (Value::Array(items), End::First) => Ok(items.first().cloned()),
        (Value::Array(items), End::Last) => Ok(items.last().cloned()),
        (Value::String(text), End::First) => Ok(text.chars().next().map(|first| first.to_string().into())),
        (Value::String(text), End::Last) => Ok(text.chars().last().map(|last| last.to_string().into())),
        (other, _) => Err(format!("{} has no ends", kind_name(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_its_examples_name_it() {
        assert!(FILTERS.is_sorted_by_key(|filter| filter.name));
        assert!(
            FILTERS
                .iter()
                .all(|filter| filter.example.starts_with(filter.name))
        );
    }
}
