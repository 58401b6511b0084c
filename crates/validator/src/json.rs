//! Reads JSON more strictly than a library would: keys once, no lone
//! surrogates, no numbers out of range, bounded depth and size, and every
//! flaw with its place. Decoding of strings and numbers is `serde_json`'s.

use serde_json::{Map, Number, Value};

use crate::error::Violation;
use crate::number;
use crate::pointer::Pointer;
use crate::size::Bounds;

/// Largest text of arguments in bytes.
pub(crate) const MOST_BYTES: usize = 1 << 20;
/// Deepest nesting.
const MOST_DEPTH: usize = 64;

/// Words that models write for values that JSON has otherwise or not at all.
const NOT_JSON: &[(&str, &str)] = &[
    ("NaN", "a JSON value; NaN is none"),
    ("Infinity", "a JSON value; Infinity is none"),
    ("-Infinity", "a JSON value; Infinity is none"),
    (
        "undefined",
        "a JSON value; leave the key out instead of undefined",
    ),
    ("None", "a JSON value: null, not None"),
    ("True", "a JSON value: true, not True"),
    ("False", "a JSON value: false, not False"),
];

/// Parses a text; empty stands for `{}`.
pub(crate) fn parse(text: &str, bounds: &Bounds) -> Result<Value, Vec<Violation>> {
    if text.len() > MOST_BYTES {
        return Err(vec![Violation::new(
            "",
            format!("at most {MOST_BYTES} bytes of arguments"),
        )]);
    }
    if text.trim_matches(is_space).is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let mut reader = Reader {
        text,
        at: 0,
        path: Pointer::default(),
        depth: 0,
        flaws: Vec::new(),
        bounds,
        most: Bounds::NAMES,
    };
    match reader.document() {
        Ok(value) if reader.flaws.is_empty() => Ok(value),
        Ok(_) => Err(reader.flaws),
        Err(Stopped) => Err(reader.flaws),
    }
}

/// The rest cannot be read; why is among the flaws.
struct Stopped;

struct Reader<'a> {
    text: &'a str,
    at: usize,
    path: Pointer,
    depth: usize,
    flaws: Vec<Violation>,
    bounds: &'a Bounds,
    /// Items that a list or map may have at this place.
    most: usize,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<Value, Stopped> {
        let value = self.value()?;
        self.space();
        if self.at < self.text.len() {
            return Err(self.stop("the end of the JSON text"));
        }
        Ok(value)
    }

    fn value(&mut self) -> Result<Value, Stopped> {
        self.space();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.literal(),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, Stopped>) -> Result<Value, Stopped> {
        if self.depth == MOST_DEPTH {
            return Err(self.stop(&format!("at most {MOST_DEPTH} levels of nesting")));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Result<Value, Stopped> {
        let mut fields = Map::new();
        self.space();
        if self.take(b'}') {
            return Ok(Value::Object(fields));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.stop("a key in double quotes"));
            }
            let key = self.string()?;
            self.space();
            if !self.take(b':') {
                return Err(self.stop("`:` after the key"));
            }
            if fields.len() == self.most {
                return Err(self.crowded("maxProperties"));
            }
            let (outside, most) = (self.path.enter(&key), self.most);
            if self.depth == 1 {
                self.most = self.bounds.of(&key);
            }
            let value = self.value()?;
            self.most = most;
            self.path.back(outside);
            if fields.contains_key(&key) {
                self.flaws.push(Violation::new(
                    self.path.to_key(&key),
                    "each key once; this one is given twice",
                ));
            }
            fields.insert(key, value);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.stop("`,` or `}`")),
            }
        }
        self.at += 1;
        Ok(Value::Object(fields))
    }

    fn array(&mut self) -> Result<Value, Stopped> {
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            if items.len() == self.most {
                return Err(self.crowded("maxItems"));
            }
            let outside = self.path.enter(&items.len().to_string());
            items.push(self.value()?);
            self.path.back(outside);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.stop("`,` or `]`")),
            }
        }
        self.at += 1;
        Ok(Value::Array(items))
    }

    /// More items than the place allows.
    fn crowded(&mut self, keyword: &str) -> Stopped {
        let most = self.most;
        match self.depth {
            1 => self.stop(&format!("at most {most} parameters")),
            _ => self.stop(&format!(
                "at most {most} items (`{keyword}` in the manifest sets another bound)"
            )),
        }
    }

    fn string(&mut self) -> Result<String, Stopped> {
        let start = self.at;
        let mut escaped = false;
        let rest = &self.text.as_bytes()[start + 1..];
        let end = rest.iter().position(|&byte| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes
        });
        let Some(length) = end else {
            return Err(self.stop("`\"` at the end of the string"));
        };
        self.at = start + 1 + length + 1;
        serde_json::from_str(&self.text[start..self.at]).map_err(|_| {
            self.stop("a valid JSON string (no control characters, whole `\\u` escapes and surrogate pairs)")
        })
    }

    fn number(&mut self) -> Result<Value, Stopped> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
        let text = &rest[..end.unwrap_or(rest.len())];
        let Ok(number) = text.parse::<Number>() else {
            return self.literal();
        };
        self.at += text.len();
        if !number::is_finite(text) {
            self.flaws.push(Violation::new(
                self.path.to_text(),
                "a number within the range of a double",
            ));
        }
        Ok(Value::Number(number))
    }

    fn literal(&mut self) -> Result<Value, Stopped> {
        for (word, value) in [
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("null", Value::Null),
        ] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        let rest = &self.text[self.at..];
        let known = NOT_JSON.iter().find(|(word, _)| rest.starts_with(word));
        Err(self.stop(known.map_or("a JSON value", |(_, expected)| expected)))
    }

    fn stop(&mut self, expected: &str) -> Stopped {
        let place = if self.at >= self.text.len() {
            "the end of the text".to_owned()
        } else {
            format!("character {}", self.text[..self.at].chars().count() + 1)
        };
        self.flaws.push(Violation::new(
            self.path.to_text(),
            format!("{expected}, at {place} of the JSON"),
        ));
        Stopped
    }

    fn space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches(is_space).len();
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }
}

/// The four blanks of JSON.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Value, Vec<Violation>> {
        super::parse(text, &Bounds::default())
    }

    #[test]
    fn flaws_have_their_place() {
        let cases = [
            (r#"{"a": NaN}"#, "/a", "NaN"),
            (r#"{"a": -Infinity}"#, "/a", "Infinity"),
            (r#"{"a": True}"#, "/a", "true, not True"),
            (r#"{"a": [1, 1e400]}"#, "/a/1", "range of a double"),
            (r#"{"a": {"b": "\ud800"}}"#, "/a/b", "surrogate"),
            (r#"{"a": {"b/c": 1, "b/c": 2}}"#, "/a/b~1c", "given twice"),
            (r#"{"a": 1,}"#, "", "a key in double quotes"),
            (r#"{"a": 01}"#, "/a", "a JSON value"),
            (r#"{"a": 1"#, "", "the end of the text"),
            (r#"{"a": "x"#, "/a", "end of the string"),
            (r#"{"a": 1} x"#, "", "character 10"),
            ("{'a': 1}", "", "a key in double quotes"),
        ];
        for (text, at, expected) in cases {
            let flaws = parse(text).expect_err(text);
            assert_eq!(flaws[0].at, at, "{text}");
            assert!(
                flaws[0].expected.contains(expected),
                "{text}: {}",
                flaws[0].expected
            );
        }
    }

    #[test]
    fn digits_are_kept() {
        let value = parse(r#"{"a": 9007199254740993, "b": 12.50}"#).unwrap();
        assert_eq!(value.to_string(), r#"{"a":9007199254740993,"b":12.50}"#);
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let deep = "[".repeat(100_000);
        assert!(parse(&deep).unwrap_err()[0].expected.contains("levels"));
        let long = format!("\"{}\"", "x".repeat(MOST_BYTES));
        assert!(parse(&long).unwrap_err()[0].expected.contains("bytes"));
        assert_eq!(parse(" \n").unwrap(), serde_json::json!({}));
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::from),
            any::<f64>()
                .prop_filter("finite", |float| float.is_finite())
                .prop_map(Value::from),
            any::<String>().prop_map(Value::String),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn reads_what_was_written(value in json()) {
            let text = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(parse(&text).ok(), Some(value));
        }

        #[test]
        fn accepts_no_more_than_the_library(text in r#"[\[\]{}",:0-9eE.+\-\\tru nulafse]{0,24}"#) {
            if parse(&text).is_ok() && !text.trim().is_empty() {
                prop_assert!(serde_json::from_str::<Value>(&text).is_ok());
            }
        }
    }
}
