//! Calls of a Chat Completions stream, put together from their pieces.
//!
//! OpenAI numbers calls and sends a name once and arguments in pieces. Others
//! leave the number or the id out, number every call 0, repeat the name,
//! send arguments as an object, or a whole call in one piece. A piece belongs
//! to a new call when it says so by another id, or when it names a tool
//! although the call it would go to is already whole.

use serde_json::{Map, Value};

use crate::arguments;

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
}

/// The calls so far, in order of their beginning.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<Partial>);

impl Calls {
    /// Takes the `tool_calls` of one chunk; returns the names of calls that
    /// it began.
    pub(super) fn chunk(&mut self, pieces: &[Value]) -> Vec<String> {
        let mut touched = Vec::new();
        let mut begun = Vec::new();
        for piece in pieces {
            let at = self.place(piece, &touched);
            touched.push(at);
            begun.extend(self.0[at].add(piece));
        }
        begun
    }

    /// Takes a piece of the one call of the protocol's first version.
    pub(super) fn legacy(&mut self, function: &Value) -> Vec<String> {
        let piece = serde_json::json!({"index": 0, "function": function});
        self.chunk(std::slice::from_ref(&piece))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self) -> Vec<Partial> {
        std::mem::take(&mut self.0)
    }

    /// Where a piece goes; makes room for a new call.
    fn place(&mut self, piece: &Value, touched: &[usize]) -> usize {
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
        !(names && brings && arguments::is_object(&self.arguments))
    }

    /// Adds a piece; returns the name when it was not known before.
    fn add(&mut self, piece: &Value) -> Option<String> {
        if self.id.is_empty() {
            self.id = text(piece, "id").to_owned();
        }
        for (key, value) in piece.as_object().into_iter().flatten() {
            if !matches!(key.as_str(), "index" | "id" | "type" | "function") && !value.is_null() {
                self.fields.insert(key.clone(), value.clone());
            }
        }
        let function = piece.get("function")?;
        match function.get("arguments") {
            Some(Value::String(text)) => self.arguments.push_str(text),
            Some(value @ (Value::Object(_) | Value::Array(_))) => self.arguments = value.to_string(),
            _ => {}
        }
        self.add_name(text(function, "name"))
    }

    fn add_name(&mut self, name: &str) -> Option<String> {
        if name.is_empty() || name == self.name {
            return None;
        }
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
                calls.chunk(&pieces);
            }
            let line = |call: &Partial| format!("{} {} {}", call.id, call.name, call.arguments);
            let found: Vec<String> = calls.take().iter().map(line).collect();
            assert_eq!(found, *expected, "{what}");
        }
    }

    #[test]
    fn other_fields_stay_with_their_call() {
        let mut calls = Calls::default();
        let pieces: Vec<Value> = serde_json::from_str(
            r#"[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"s"}}}]"#,
        )
        .unwrap();
        assert_eq!(calls.chunk(&pieces), ["f"]);
        let fields = Value::Object(calls.take().remove(0).fields);
        assert_eq!(
            fields.to_string(),
            r#"{"extra_content":{"google":{"thought_signature":"s"}}}"#
        );
    }
}
