//! The values that a name can have, and what becomes of comparing it with a
//! literal: enums, bounds, types, the status of a success.

use serde_json::Value;

use super::expression::{Comparison, Expr, Kind, NullMeans, Presence, Root};
use super::names::{listed, nearest};
use super::number::Num;
use super::oddity::Facts;
use super::value::{compare, kind_name};
use crate::checked::ParamKind;

/// The values that a name can have.
#[derive(Debug)]
pub(super) struct Domain {
    values: Values,
    presence: Presence,
}

#[derive(Debug)]
enum Values {
    /// Exactly these.
    Listed(Vec<Value>),
    /// Numbers within bounds, both included.
    Numbers { least: Option<Num>, most: Option<Num> },
    /// A boolean.
    Booleans,
    /// Any text.
    Texts,
    /// The status of an answer that was no error so far.
    Success,
}

/// What becomes of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It never has that value.
    NeverEqual,
    /// The comparison never holds.
    Never,
    /// It always holds.
    Always,
    /// It cannot be computed.
    Failure,
}

impl Domain {
    /// What a name can be; `None` for everything else.
    pub(super) fn of(expr: &Expr, facts: &Facts<'_>) -> Option<Self> {
        let Kind::Read(root) = &expr.kind else { return None };
        let always = |values| {
            Some(Self {
                values,
                presence: Presence::Always,
            })
        };
        match root {
            Root::Status => always(Values::Success),
            Root::Var(name) => always(match facts.vars.get(name.as_str())?.allowed.as_ref() {
                Some(allowed) => Values::Listed(allowed.iter().map(|value| value.as_str().into()).collect()),
                None => Values::Texts,
            }),
            Root::Param(reference) if reference.null == NullMeans::Absent => {
                let param = facts
                    .names
                    .params
                    .iter()
                    .find(|param| param.name == reference.name)?;
                let bound = |key: &str| Some(Num::of(param.schema.get(key)?.as_number()?));
                let values = match (param.schema.get("enum"), param.kind) {
                    (Some(Value::Array(values)), _) => Values::Listed(values.clone()),
                    (_, ParamKind::Boolean) => Values::Booleans,
                    (_, ParamKind::Integer | ParamKind::Number) => Values::Numbers {
                        least: bound("minimum"),
                        most: bound("maximum"),
                    },
                    (_, ParamKind::String) => Values::Texts,
                    _ => return None,
                };
                Some(Self {
                    values,
                    presence: reference.presence,
                })
            }
            _ => None,
        }
    }

    /// What becomes of comparing it with a literal; `None` when that depends.
    pub(super) fn fate(&self, op: Comparison, literal: &Value) -> Option<Fate> {
        let equality = matches!(
            op,
            Comparison::Equal | Comparison::NotEqual | Comparison::In | Comparison::NotIn
        );
        if equality {
            return (!self.can_be(literal)).then_some(Fate::NeverEqual);
        }
        if !self.is_ordered_with(literal) {
            return Some(Fate::Failure);
        }
        match self.holds(op, literal)? {
            (false, _) => Some(Fate::Never),
            (true, true) if self.presence == Presence::Always => Some(Fate::Always),
            _ => None,
        }
    }

    fn can_be(&self, literal: &Value) -> bool {
        match &self.values {
            Values::Listed(values) => values
                .iter()
                .any(|value| compare(Comparison::Equal, value, literal) == Ok(true)),
            Values::Booleans => literal.is_boolean(),
            Values::Texts => literal.is_string(),
            Values::Numbers { least, most } => literal.as_number().is_some_and(|number| {
                let number = Num::of(number);
                !below(number, *least) && !above(number, *most)
            }),
            Values::Success => literal
                .as_u64()
                .is_some_and(|status| (200..300).contains(&status)),
        }
    }

    /// Whether a comparison of order holds for some value, and for all; `None`
    /// when that is not known.
    fn holds(&self, op: Comparison, literal: &Value) -> Option<(bool, bool)> {
        let test = |value: &Value| compare(op, value, literal);
        match &self.values {
            Values::Listed(values) => {
                let outcomes: Vec<bool> = values.iter().map(test).collect::<Result<_, _>>().ok()?;
                Some((outcomes.contains(&true), !outcomes.contains(&false)))
            }
            Values::Success => {
                let ends = [test(&200.into()).ok()?, test(&299.into()).ok()?];
                Some((ends.contains(&true), ends == [true, true]))
            }
            Values::Numbers { least, most } => {
                let number = Num::of(literal.as_number()?);
                let (low, high) = (end(*least, number, op), end(*most, number, op));
                match op {
                    Comparison::Less | Comparison::LessOrEqual => {
                        Some((low.unwrap_or(true), high.unwrap_or(false)))
                    }
                    _ => Some((high.unwrap_or(true), low.unwrap_or(false))),
                }
            }
            Values::Booleans | Values::Texts => Some((true, false)),
        }
    }

    fn is_ordered_with(&self, literal: &Value) -> bool {
        match &self.values {
            Values::Listed(values) => values
                .iter()
                .all(|value| compare(Comparison::Less, value, literal).is_ok()),
            Values::Numbers { .. } | Values::Success => literal.is_number(),
            Values::Texts => literal.is_string(),
            Values::Booleans => false,
        }
    }

    /// What to write in place of it.
    pub(super) fn advice(&self, fate: &Fate, name: &str, literal: &Value) -> String {
        match (&self.values, fate) {
            (Values::Listed(values), Fate::NeverEqual) => {
                let texts: Vec<String> = values.iter().map(written).collect();
                let near = literal
                    .as_str()
                    .and_then(|text| nearest(text, texts.iter().map(String::as_str)))
                    .map_or(String::new(), |near| format!("did you mean `{near}`? "));
                format!("{near}its values are {}", listed(texts.iter().map(String::as_str)))
            }
            (Values::Success, _) if literal.is_number() => {
                "this is read only for an answer with a status from 200 to 299; every other is an error anyway, and `errors:` has the hints for it".to_owned()
            }
            (Values::Booleans, _) => format!("it is a boolean: write `{name}`, or `not {name}`"),
            (Values::Numbers { .. } | Values::Success, _) if !literal.is_number() => {
                format!("it is a number and this is {}: write the number without quotes", kind_name(literal))
            }
            (Values::Numbers { .. } | Values::Success, _) => "see its `minimum` and `maximum`".to_owned(),
            (Values::Texts, Fate::Failure) => {
                format!("it is text: write `{name} | int` or `{name} | float` to compare it as a number")
            }
            (Values::Texts, _) => format!("it is text and this is {}: write it in quotes", kind_name(literal)),
            (Values::Listed(values), _) => {
                let texts: Vec<String> = values.iter().map(written).collect();
                format!("its values are {}", listed(texts.iter().map(String::as_str)))
            }
        }
    }
}

impl Fate {
    /// The finding in words.
    pub(super) fn said(&self, op: Comparison, name: &str, literal: &str) -> String {
        match self {
            Self::NeverEqual => format!("`{name}` is never `{literal}`"),
            Self::Never => format!("`{name} {} {literal}` never holds", op.sign()),
            Self::Always => format!("`{name} {} {literal}` always holds", op.sign()),
            Self::Failure => format!("`{name}` cannot be compared with `{literal}`"),
        }
    }
}

impl Comparison {
    /// The same comparison read from the other side.
    pub(super) fn mirrored(self) -> Option<Self> {
        Some(match self {
            Self::Equal => Self::Equal,
            Self::NotEqual => Self::NotEqual,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            Self::In | Self::NotIn => return None,
        })
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::NotIn => "not in",
        }
    }
}

fn below(number: Num, least: Option<Num>) -> bool {
    least.is_some_and(|least| number.compare(least) == Some(std::cmp::Ordering::Less))
}

fn above(number: Num, most: Option<Num>) -> bool {
    most.is_some_and(|most| number.compare(most) == Some(std::cmp::Ordering::Greater))
}

/// Whether the comparison holds at one end of the bounds.
fn end(bound: Option<Num>, number: Num, op: Comparison) -> Option<bool> {
    let order = bound?.compare(number)?;
    Some(match op {
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
        _ => return None,
    })
}

/// A value as it stands in a manifest.
fn written(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
