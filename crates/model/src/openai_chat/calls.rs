//! Calls of a Chat Completions stream, put together from their pieces.
//!
//! OpenAI numbers calls and sends a name once and arguments in pieces. Others
//! leave the number or the id out, number every call 0, repeat the name,
//! send arguments as an object, or a whole call in one piece. A piece belongs
//! to a new call when it says so by another id, or when it names a tool
//! although the call it would go to is already whole.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::arguments;
use crate::failure::Failure;
use crate::wire::Kept;

/// A call so far.
#[derive(Debug, Default)]
pub(super) struct Partial {
    index: Option<u64>,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
    /// Fields of other services beside the function, such as signatures,
    /// which must come back with the call.
    pub(super) fields: Map<String, Value>,
    shape: Shape,
}

/// How far the arguments are written. It is looked at piece by piece: to parse
/// them again with each would take a time that grows with the square.
#[derive(Debug, Default)]
struct Shape {
    depth: usize,
    within: Within,
    begun: bool,
    broken: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Within {
    #[default]
    Structure,
    Text,
    Escape,
}

impl Shape {
    fn add(&mut self, piece: &str) {
        for byte in piece.bytes() {
            self.within = match (self.within, byte) {
                (Within::Escape, _) => Within::Text,
                (Within::Text, b'\\') => Within::Escape,
                (Within::Text, b'"') => Within::Structure,
                (Within::Text, _) => Within::Text,
                (Within::Structure, b'"') => Within::Text,
                (Within::Structure, _) => {
                    self.structure(byte);
                    Within::Structure
                }
            };
        }
    }

    fn structure(&mut self, byte: u8) {
        if byte.is_ascii_whitespace() {
            return;
        }
        // Arguments are one object: what comes before or after it is none.
        self.broken |= self.depth == 0 && (self.begun || byte != b'{');
        self.begun = true;
        match byte {
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    /// Whether it has the shape of one whole object.
    fn is_whole(&self) -> bool {
        self.begun && !self.broken && self.depth == 0 && self.within == Within::Structure
    }
}

/// The calls so far, in order of their beginning.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<Partial>);

impl Calls {
    /// Takes the `tool_calls` of one chunk; returns the names of calls that
    /// it began.
    pub(super) fn chunk(&mut self, pieces: &[Value], kept: &mut Kept) -> Result<Vec<String>, Failure> {
        let mut touched = BTreeSet::new();
        let mut begun = Vec::new();
        for piece in pieces {
            let before = self.0.len();
            let at = self.place(piece, &touched);
            if self.0.len() > before {
                kept.part()?;
            }
            touched.insert(at);
            begun.extend(self.0[at].add(piece, kept)?);
        }
        Ok(begun)
    }

    /// Takes a piece of the one call of the protocol's first version.
    pub(super) fn legacy(&mut self, function: &Value, kept: &mut Kept) -> Result<Vec<String>, Failure> {
        let piece = serde_json::json!({"index": 0, "function": function});
        self.chunk(std::slice::from_ref(&piece), kept)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self) -> Vec<Partial> {
        std::mem::take(&mut self.0)
    }

    /// Where a piece goes; makes room for a new call.
    fn place(&mut self, piece: &Value, touched: &BTreeSet<usize>) -> usize {
        let index = piece.get("index").and_then(Value::as_u64);
        let id = text(piece, "id");
        let found = match index {
            Some(index) => self.0.iter().rposition(|call| call.index == Some(index)),
            None if id.is_empty() => self.0.len().checked_sub(1).filter(|last| !touched.contains(last)),
            None => self.0.iter().rposition(|call| call.id == id),
        };
        if let Some(at) = found
            && self.0[at].goes_on_with(piece, id)
        {
            return at;
        }
        self.0.push(Partial {
            index,
            ..Partial::default()
        });
        self.0.len() - 1
    }
}

impl Partial {
    /// Whether a piece that was sent to this call's place is part of it.
    fn goes_on_with(&self, piece: &Value, id: &str) -> bool {
        if !id.is_empty() && !self.id.is_empty() && id != self.id {
            return false;
        }
        let function = piece.get("function").unwrap_or(&Value::Null);
        let names = !text(function, "name").is_empty();
        let brings = match function.get("arguments") {
            Some(Value::String(text)) => !text.trim().is_empty(),
            Some(Value::Null) | None => false,
            Some(_) => true,
        };
        !(names && brings && self.shape.is_whole())
    }

    /// Adds a piece; returns the name when it was not known before.
    fn add(&mut self, piece: &Value, kept: &mut Kept) -> Result<Option<String>, Failure> {
        if self.id.is_empty() {
            self.id = text(piece, "id").to_owned();
            kept.bytes(self.id.len())?;
        }
        for (key, value) in piece.as_object().into_iter().flatten() {
            if !matches!(key.as_str(), "index" | "id" | "type" | "function") && !value.is_null() {
                kept.value(value)?;
                kept.bytes(key.len())?;
                self.fields.insert(key.clone(), value.clone());
            }
        }
        let Some(function) = piece.get("function") else {
            return Ok(None);
        };
        match function.get("arguments") {
            Some(Value::String(text)) => {
                self.shape.add(text);
                kept.bytes(arguments::add(&mut self.arguments, text))?;
            }
            Some(value @ (Value::Object(_) | Value::Array(_))) => {
                self.arguments = value.to_string();
                kept.bytes(self.arguments.len())?;
                self.shape = Shape::default();
                self.shape.add(&self.arguments);
            }
            _ => {}
        }
        let name = text(function, "name");
        if name.is_empty() || name == self.name {
            return Ok(None);
        }
        kept.bytes(name.len())?;
        Ok(self.add_name(name))
    }

    fn add_name(&mut self, name: &str) -> Option<String> {
        if self.name.is_empty() {
            self.name = name.to_owned();
            return Some(self.name.clone());
        }
        if name.starts_with(&self.name) {
            self.name = name.to_owned();
        } else {
            self.name.push_str(name);
        }
        None
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What it is, chunks as lists of pieces, and `id name arguments` of the
    /// calls that they are.
    type Case = (&'static str, &'static [&'static str], &'static [&'static str]);

    const CASES: &[Case] = &[
        (
            "interleaved by index",
            &[
                r#"[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]"#,
                r#"[{"index":1,"id":"b","function":{"name":"g","arguments":"{\"x\""}},{"index":0,"function":{"arguments":"{}"}}]"#,
                r#"[{"index":1,"function":{"arguments":":1}"}}]"#,
            ],
            &["a f {}", r#"b g {"x":1}"#],
        ),
        (
            "index left out, found by id",
            &[
                r#"[{"id":"a","function":{"name":"f","arguments":"{"}}]"#,
                r#"[{"id":"a","function":{"arguments":"}"}},{"id":"b","function":{"name":"f","arguments":"{}"}}]"#,
            ],
            &["a f {}", "b f {}"],
        ),
        (
            "neither index nor id, in pieces",
            &[
                r#"[{"function":{"name":"f","arguments":"{\"a\""}}]"#,
                r#"[{"function":{"arguments":":1}"}}]"#,
            ],
            &[r#" f {"a":1}"#],
        ),
        (
            "neither index nor id, whole calls in one chunk",
            &[r#"[{"function":{"name":"f","arguments":"{}"}},{"function":{"name":"f","arguments":""}}]"#],
            &[" f {}", " f "],
        ),
        (
            "neither index nor id, whole calls in two chunks",
            &[
                r#"[{"function":{"name":"f","arguments":"{\"a\":1}"}}]"#,
                r#"[{"function":{"name":"f","arguments":"{\"a\":2}"}}]"#,
            ],
            &[r#" f {"a":1}"#, r#" f {"a":2}"#],
        ),
        (
            "every call has index 0",
            &[
                r#"[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]"#,
                r#"[{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}]"#,
            ],
            &["a f {}", "b g {}"],
        ),
        (
            "index 0 and no ids",
            &[
                r#"[{"index":0,"function":{"name":"f","arguments":"{}"}},{"index":0,"function":{"name":"f","arguments":"{}"}}]"#,
            ],
            &[" f {}", " f {}"],
        ),
        (
            "repeated name and id",
            &[
                r#"[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"a\":"}}]"#,
                r#"[{"index":0,"id":"a","function":{"name":"f","arguments":"1}"}}]"#,
                r#"[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]"#,
            ],
            &[r#"a f {"a":1}"#],
        ),
        (
            "arguments as an object, digits kept",
            &[
                r#"[{"index":0,"id":"a","function":{"name":"f","arguments":{"n":18446744073709551617,"p":1.10}}}]"#,
            ],
            &[r#"a f {"n":18446744073709551617,"p":1.10}"#],
        ),
        (
            "name in pieces, then nothing",
            &[
                r#"[{"index":0,"id":"a","function":{"name":"get_"}}]"#,
                r#"[{"index":0,"function":{"name":"weather","arguments":null}}]"#,
            ],
            &["a get_weather "],
        ),
        (
            "growing name, odd types",
            &[
                r#"[{"index":0,"id":7,"function":{"name":"get"}},{"index":0,"function":{"name":"get_weather","arguments":5}}, 3]"#,
            ],
            &[" get_weather ", "  "],
        ),
    ];

    #[test]
    fn calls_are_put_together_however_they_come() {
        for (what, chunks, expected) in CASES {
            let mut calls = Calls::default();
            for chunk in *chunks {
                let pieces: Vec<Value> = serde_json::from_str(chunk).unwrap();
                calls.chunk(&pieces, &mut Kept::default()).unwrap();
            }
            let line = |call: &Partial| format!("{} {} {}", call.id, call.name, call.arguments);
            let found: Vec<String> = calls.take().iter().map(line).collect();
            assert_eq!(found, *expected, "{what}");
        }
    }

    #[test]
    fn a_call_is_whole_when_its_object_is_closed() {
        for (arguments, whole) in [
            (r#"{"a":"}\"{"}"#, true),
            (" {} ", true),
            (r#"{"a":"#, false),
            (r#"{"a":"}"#, false),
            ("", false),
            ("[]", false),
            ("{}{", false),
            ("{} x", false),
        ] {
            let mut shape = Shape::default();
            arguments.split_inclusive(':').for_each(|piece| shape.add(piece));
            assert_eq!(shape.is_whole(), whole, "{arguments}");
        }
    }

    #[test]
    fn there_is_an_end_to_calls_and_their_size() {
        let many =
            vec![serde_json::json!({"id": "x", "index": 0, "function": {"name": "f", "arguments": "{}"}}); 3];
        let many: Vec<Value> = many.into_iter().cycle().take(60_000).collect();
        let failure = Calls::default().chunk(&many, &mut Kept::default()).unwrap_err();
        assert!(
            failure.message.contains("more than 1000 parts"),
            "{}",
            failure.message
        );

        let piece = |index: usize| serde_json::json!({"index": index, "function": {"name": "f", "arguments": format!("{{\"a\":\"{}", "}".repeat(1 << 20))}});
        let mut calls = Calls::default();
        let mut kept = Kept::default();
        for _ in 0..20 {
            calls.chunk(&[piece(0)], &mut kept).unwrap();
        }
        let cut = calls.take().remove(0).arguments;
        assert!(
            cut.len() > 1 << 20 && cut.len() < (1 << 20) + 4096,
            "what is longer than a tool takes is not kept: {}",
            cut.len()
        );

        let outcomes: Vec<_> = (0..5)
            .map(|index| Calls::default().chunk(&[piece(index)], &mut kept))
            .collect();
        let failure = outcomes.into_iter().find_map(Result::err).unwrap();
        assert!(failure.message.contains("longer than"), "{}", failure.message);
    }

    #[test]
    fn other_fields_stay_with_their_call() {
        let mut calls = Calls::default();
        let pieces: Vec<Value> = serde_json::from_str(
            r#"[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"s"}}}]"#,
        )
        .unwrap();
        assert_eq!(calls.chunk(&pieces, &mut Kept::default()).unwrap(), ["f"]);
        let fields = Value::Object(calls.take().remove(0).fields);
        assert_eq!(
            fields.to_string(),
            r#"{"extra_content":{"google":{"thought_signature":"s"}}}"#
        );
    }
}
