//! How large arguments may be: bytes in all, and items of one list or map.
//! Looked at before anything else that costs more the larger they are.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::Violation;
use crate::json::MOST_BYTES;
use crate::pointer::escape;
use crate::words;

/// Items of a list and entries of a map, where the param says nothing.
const MOST_ITEMS: usize = 10_000;

/// What is wrong with a text of arguments that is too long: names the largest
/// value in it. The text is only looked through, once.
pub(crate) fn too_long(text: &str, schema: &Value) -> Option<Violation> {
    if text.len() <= MOST_BYTES {
        return None;
    }
    let bound = format!("at most {MOST_BYTES} bytes of arguments");
    let Some((key, bytes)) = largest(text) else {
        return Some(Violation::new("", bound));
    };
    let known = words::property(schema, &key)
        .map(words::describe)
        .unwrap_or_default();
    let expected = match known.is_empty() {
        true => format!("{bound} in all; this value has at least {bytes}"),
        false => format!("{known}; {bound} in all, and this value has at least {bytes}"),
    };
    Some(Violation::new(format!("/{}", escape(&key)), expected))
}

/// The member of an object's text that takes the most bytes.
fn largest(text: &str) -> Option<(String, usize)> {
    let mut members = Members::default();
    for (at, byte) in text.bytes().enumerate() {
        members.take(text, at, byte);
    }
    members.close(text.len());
    let (key, bytes) = members.largest?;
    Some((serde_json::from_str(key).ok()?, bytes))
}

/// Reads no more of JSON than where the members of the outermost object begin
/// and end.
#[derive(Default)]
struct Members<'a> {
    depth: usize,
    /// Where the text began that is being read.
    text: Option<usize>,
    escaped: bool,
    /// The last text of the outermost level, in its quotes.
    key: &'a str,
    /// Where the value of that key began.
    value: Option<usize>,
    largest: Option<(&'a str, usize)>,
}

impl<'a> Members<'a> {
    fn take(&mut self, text: &'a str, at: usize, byte: u8) {
        if let Some(start) = self.text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.text = None;
                    if self.depth == 1 && self.value.is_none() {
                        self.key = &text[start..=at];
                    }
                }
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => self.text = Some(at),
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                if self.depth == 1 {
                    self.close(at);
                }
                self.depth = self.depth.saturating_sub(1);
            }
            b':' if self.depth == 1 => self.value = Some(at + 1),
            b',' if self.depth == 1 => self.close(at),
            _ => {}
        }
    }

    /// The value that was begun ends here.
    fn close(&mut self, end: usize) {
        let Some(start) = self.value.take() else { return };
        if self.largest.is_none_or(|(_, bytes)| end - start > bytes) {
            self.largest = Some((self.key, end - start));
        }
    }
}

/// How many items each argument may have, in any list or map in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bounds(BTreeMap<String, usize>);

impl Bounds {
    /// Arguments of one call.
    pub(crate) const NAMES: usize = MOST_ITEMS;

    /// What the schemas of the params say.
    pub(crate) fn new(schema: &Value) -> Self {
        let params = schema.get("properties").and_then(Value::as_object);
        let bounds = params.into_iter().flatten();
        Self(
            bounds
                .map(|(name, schema)| (name.clone(), bound(schema)))
                .collect(),
        )
    }

    /// Of that argument.
    pub(crate) fn of(&self, name: &str) -> usize {
        self.0.get(name).copied().unwrap_or(MOST_ITEMS)
    }
}

/// As many as the schema of a param allows anywhere in it, if that is more.
fn bound(schema: &Value) -> usize {
    let inner: Box<dyn Iterator<Item = &Value>> = match schema {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(map) => Box::new(map.values()),
        _ => return MOST_ITEMS,
    };
    let own = ["maxItems", "maxProperties"]
        .iter()
        .filter_map(|key| schema.get(key)?.as_u64())
        .filter_map(|most| usize::try_from(most).ok());
    inner
        .map(bound)
        .chain(own)
        .max()
        .unwrap_or(MOST_ITEMS)
        .max(MOST_ITEMS)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    #[test]
    fn the_largest_member_is_found_in_any_text() {
        for (text, expected) in [
            (r#"{"a": 1, "b": "xxxx", "c": [1]}"#, Some(("b", 7))),
            (r#"{"a": {"b": "}\",:xxxxx"}, "c": 1}"#, Some(("a", 20))),
            (r#"{"a": "x", "b\"c": "yyyyyyyy"#, Some(("b\"c", 10))),
            ("[1, 2]", None),
            ("{}", None),
            ("}}}:", None),
            ("", None),
        ] {
            let found = largest(text);
            let found = found.as_ref().map(|(key, bytes)| (key.as_str(), *bytes));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn lists_and_maps_are_bounded_where_the_param_says_nothing() {
        let schema = json!({ "properties": {
            "few": { "type": "array" }, "many": { "type": "array", "maxItems": 20_000 },
            "less": { "type": "array", "maxItems": 5 }, "deep": { "items": { "maxProperties": 30_000 } },
        } });
        let bounds = Bounds::new(&schema);
        for (name, most) in [
            ("few", 10_000),
            ("many", 20_000),
            ("less", 10_000),
            ("deep", 30_000),
            ("x", 10_000),
        ] {
            assert_eq!(bounds.of(name), most, "{name}");
        }
        let list = |count: usize| Value::from(vec![0; count]);
        let at = |arguments: Value| -> Vec<String> {
            let found = crate::json::parse(&arguments.to_string(), &bounds);
            found
                .err()
                .into_iter()
                .flatten()
                .map(|violation| violation.at)
                .collect()
        };
        assert!(at(json!({ "few": list(10_000), "many": list(20_000), "x": 1 })).is_empty());
        assert_eq!(at(json!({ "few": list(10_001) })), ["/few"]);
        assert_eq!(at(json!({ "many": list(20_001) })), ["/many"]);
        assert_eq!(at(json!({ "a": { "b": [1, list(10_001)] } })), ["/a/b/1"]);
        let names: Map<String, Value> = (0..=10_000).map(|n| (n.to_string(), json!(0))).collect();
        assert_eq!(at(Value::Object(names)), [""]);
    }

    #[test]
    fn a_text_that_is_too_long_names_its_largest_value() {
        let schema = json!({ "properties": { "note": { "type": "string", "maxLength": 8192 } } });
        let text = format!(r#"{{"id": 1, "note": "{}"}}"#, "x".repeat(MOST_BYTES));
        let found = too_long(&text, &schema).expect("too long");
        assert_eq!(found.at, "/note");
        assert_eq!(
            found.expected,
            "a string, at most 8192 characters; at most 1048576 bytes of arguments in all, and this value has at least 1048579"
        );
        assert_eq!(too_long("{}", &schema), None);
    }
}
