//! The spanned tree of a YAML text: what the declarations read. It knows
//! nothing of the YAML parser nor of manifests.

use serde_json::{Map, Number, Value};

use crate::diagnostic::Sink;
use crate::source::Span;
use crate::text::{Style, Text};

/// A value and where it stands. The span of an empty value is its key's.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// A text, number, boolean or nothing.
    Scalar(Text),
    /// `[ … ]` or `- …`.
    List(Vec<Node>),
    /// `{ … }` or `key: …`.
    Map(Vec<Entry>),
    /// Something already reported: whoever reads it stays silent.
    Invalid,
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: Text,
    pub(crate) value: Node,
}

/// A scalar by the core schema of YAML 1.2.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'t> {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer that fits 64 bits, or a number with a point or exponent.
    Number(Number),
    /// An integer beyond 64 bits.
    TooLarge,
    /// `.inf` and `.nan`, which JSON does not have.
    NotFinite,
    /// Text.
    Text(&'t str),
}

impl Text {
    /// What the core schema says this is.
    pub(crate) fn scalar(&self) -> Scalar<'_> {
        let text = self.as_str();
        if self.style() != Style::Plain {
            return Scalar::Text(text);
        }
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
            "true" | "True" | "TRUE" => Scalar::Bool(true),
            "false" | "False" | "FALSE" => Scalar::Bool(false),
            _ => number(text).unwrap_or(Scalar::Text(text)),
        }
    }
}

impl Node {
    /// What it is, in words that follow "found".
    pub(crate) fn found(&self) -> String {
        match &self.kind {
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
            Kind::Invalid => "something invalid".to_owned(),
            Kind::Scalar(text) => match text.scalar() {
                Scalar::Null => "nothing".to_owned(),
                Scalar::Bool(value) => format!("the boolean `{value}`"),
                Scalar::Number(_) | Scalar::TooLarge | Scalar::NotFinite => {
                    format!("the number `{}`", text.as_str())
                }
                Scalar::Text(value) => format!("the text `{}`", shorten(value)),
            },
        }
    }

    /// The node as JSON; integers that do not fit 64 bits are reported.
    pub(crate) fn json(&self, sink: &mut Sink) -> Option<Value> {
        match &self.kind {
            Kind::Invalid => None,
            Kind::List(items) => {
                let items: Vec<_> = items.iter().map(|item| item.json(sink)).collect();
                items.into_iter().collect::<Option<Vec<_>>>().map(Value::Array)
            }
            Kind::Map(entries) => {
                let mut map = Map::new();
                let mut whole = true;
                for entry in entries {
                    match entry.value.json(sink) {
                        Some(value) => drop(map.insert(entry.key.as_str().to_owned(), value)),
                        None => whole = false,
                    }
                }
                whole.then_some(Value::Object(map))
            }
            Kind::Scalar(text) => match text.scalar() {
                Scalar::Null => Some(Value::Null),
                Scalar::Bool(value) => Some(Value::Bool(value)),
                Scalar::Number(number) => Some(Value::Number(number)),
                Scalar::Text(text) => Some(Value::String(text.to_owned())),
                Scalar::TooLarge => {
                    let message = format!("`{}` does not fit 64 bits", text.as_str());
                    sink.error("number-too-large", self.span, message)
                        .help("quote it to make it a text: numbers of this size lose digits on the way");
                    None
                }
                Scalar::NotFinite => {
                    let message = format!("`{}` is not a number that JSON has", text.as_str());
                    sink.error("not-a-number", self.span, message);
                    None
                }
            },
        }
    }
}

/// At most 40 characters of a text, on one line.
pub(crate) fn shorten(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(41)
        .collect();
    match line.chars().count() {
        41 => line.chars().take(39).chain(['…']).collect(),
        _ => line,
    }
}

/// A plain scalar as a number of the core schema.
fn number(text: &str) -> Option<Scalar<'static>> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(Scalar::NotFinite);
    }
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let valid = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
            return valid.then(|| match u64::from_str_radix(digits, radix) {
                Ok(value) => Scalar::Number(value.into()),
                Err(_) => Scalar::TooLarge,
            });
        }
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(integer(text));
    }
    float(text, unsigned)
}

fn integer(text: &str) -> Scalar<'static> {
    let text = text.strip_prefix('+').unwrap_or(text);
    if let Ok(value) = text.parse::<i64>() {
        return Scalar::Number(value.into());
    }
    text.parse::<u64>()
        .map_or(Scalar::TooLarge, |value| Scalar::Number(value.into()))
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, digits kept.
fn float(text: &str, unsigned: &str) -> Option<Scalar<'static>> {
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    if let Some(exponent) = exponent {
        let bare = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if bare.is_empty() || !digits(bare) {
            return None;
        }
    }
    if text.parse::<f64>().is_ok_and(f64::is_infinite) {
        return Some(Scalar::NotFinite);
    }
    let whole = whole.trim_start_matches('0');
    let sign = if text.starts_with('-') { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() {
        String::new()
    } else {
        format!(".{fraction}")
    };
    let power = exponent.map_or(String::new(), |exponent| format!("e{exponent}"));
    let json = format!("{sign}{whole}{point}{power}");
    json.parse::<Number>().ok().map(Scalar::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceId;

    #[track_caller]
    fn case(text: &str, expected: &str) {
        let span = Span {
            source: SourceId(0),
            start: 0,
            end: text.len(),
        };
        let text = Text::new(text.to_owned(), span, Style::Plain, text);
        let mut sink = Sink::default();
        let node = Node {
            span,
            kind: Kind::Scalar(text),
        };
        let found = node
            .json(&mut sink)
            .map_or_else(|| "error".to_owned(), |value| value.to_string());
        assert_eq!(found, expected);
    }

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        for (text, expected) in [
            ("no", "\"no\""),
            ("on", "\"on\""),
            ("y", "\"y\""),
            ("True", "true"),
            ("~", "null"),
            ("0o17", "15"),
            ("017", "17"),
            ("0x1F", "31"),
            ("1_000", "\"1_000\""),
            ("+5", "5"),
            ("-5", "-5"),
            (".5", "0.5"),
            ("1.", "1"),
            ("1.10", "1.10"),
            ("1e3", "1e+3"),
            ("1e", "\"1e\""),
            (".", "\".\""),
            ("1.2.3", "\"1.2.3\""),
            ("12:30", "\"12:30\""),
            ("18446744073709551615", "18446744073709551615"),
            ("18446744073709551616", "error"),
            (".inf", "error"),
            (".nan", "error"),
            ("1e999", "error"),
            ("2026-01-01", "\"2026-01-01\""),
        ] {
            case(text, expected);
        }
    }
}
