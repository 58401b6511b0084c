//! `read_result`: the full bodies of this run's results, for a model that was
//! shown a part. Bodies live in memory as long as the run.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};
use toolrun_manifest::Pick;
use toolrun_model::ToolSpec;
use toolrun_validator::{ArgValidator, Args};

use crate::error::{RunError, RunErrorKind};

/// The tool's name.
pub(crate) const NAME: &str = "read_result";

/// Items or characters when `count` is not given.
const DEFAULT_COUNT: usize = 50;
const DEFAULT_CHARACTERS: usize = 8000;

/// What all kept bodies of a run may take together; the oldest go first.
const MOST_KEPT: usize = 32 << 20;

/// A body that was kept.
#[derive(Debug, Clone)]
struct Stored {
    handle: String,
    tool: String,
    host: String,
    /// The body as JSON: as a value it would take many times the place.
    json: String,
}

/// The full bodies of a run's cut results.
#[derive(Debug, Default)]
pub(crate) struct Store {
    bodies: VecDeque<Stored>,
    /// How many there were, those that went included.
    count: usize,
}

/// What was read, and whose it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Read {
    /// The tool that the body came from.
    pub(crate) tool: String,
    /// The host that the body came from.
    pub(crate) host: String,
    /// The part.
    pub(crate) value: Value,
    /// Where the part lies in the whole.
    pub(crate) place: String,
}

impl Store {
    /// The handle that the next body will get.
    pub(crate) fn next_handle(&self) -> String {
        format!("r{}", self.count + 1)
    }

    /// Keeps a body.
    pub(crate) fn keep(&mut self, tool: &str, host: &str, value: &Value) -> String {
        let handle = self.next_handle();
        self.count += 1;
        self.bodies.push_back(Stored {
            handle: handle.clone(),
            tool: tool.into(),
            host: host.into(),
            json: value.to_string(),
        });
        let kept = |bodies: &VecDeque<Stored>| bodies.iter().map(|body| body.json.len()).sum::<usize>();
        while self.bodies.len() > 1 && kept(&self.bodies) > MOST_KEPT {
            self.bodies.pop_front();
        }
        handle
    }

    /// Reads a part of a body; errors are worded for the model.
    pub(crate) fn read(&self, args: &Args) -> Result<Read, String> {
        let args = args.as_map();
        let handle = args.get("handle").and_then(Value::as_str).unwrap_or_default();
        let Some(stored) = self.bodies.iter().find(|body| body.handle == handle) else {
            let known: Vec<&str> = self.bodies.iter().map(|body| body.handle.as_str()).collect();
            return Err(error(
                "unknown_handle",
                &format!("the handles that are kept: {}", known.join(", ")),
            ));
        };
        let whole: Value = serde_json::from_str(&stored.json)
            .map_err(|_| error("unreadable", "what was kept cannot be read again"))?;
        let mut value = match args.get("path").and_then(Value::as_str) {
            Some(path) => follow(&whole, path)?,
            None => whole,
        };
        if let Some(wanted) = args.get("search").and_then(Value::as_str) {
            value = search(value, wanted);
        }
        let number = |name: &str| {
            args.get(name)
                .and_then(Value::as_u64)
                .and_then(|n| usize::try_from(n).ok())
        };
        let (value, place) = slice(value, number("from").unwrap_or(0), number("count"));
        Ok(Read {
            tool: stored.tool.clone(),
            host: stored.host.clone(),
            value,
            place,
        })
    }
}

/// As a model sees it.
pub(crate) fn spec() -> ToolSpec {
    ToolSpec {
        name: NAME.into(),
        description: "Reads more of an earlier result that was cut, by the handle in its note. \
                      Give a path, a search text or a range to read only what is needed."
            .into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "handle": { "type": "string", "description": "The handle from the note of the cut result" },
                "path": { "type": "string", "maxLength": 1024, "description": "A part of the result: a JSON pointer that starts with /, or a JMESPath expression" },
                "search": { "type": "string", "maxLength": 1024, "description": "Only items or lines that contain this text" },
                "from": { "type": "integer", "minimum": 0, "description": "First item of a list, or first character of a text; from 0" },
                "count": { "type": "integer", "minimum": 1, "maximum": 10000, "description": "How many items or characters at most" }
            },
            "required": ["handle"],
            "additionalProperties": false
        }),
        writes: false,
    }
}

/// The validator of its arguments.
pub(crate) fn validator() -> Result<ArgValidator, RunError> {
    ArgValidator::of_schema(NAME, spec().parameters).map_err(|error| {
        RunError::new(RunErrorKind::Internal, "read_result cannot be made ready").caused_by(error)
    })
}

fn follow(value: &Value, path: &str) -> Result<Value, String> {
    if path.is_empty() || path.starts_with('/') {
        let found = value.pointer(path).cloned();
        return found.ok_or_else(|| {
            error(
                "no_such_place",
                "the pointer leads to nothing; read a shorter one first",
            )
        });
    }
    let pick = Pick::compile(path).map_err(|errors| {
        let reason = errors
            .first()
            .map(|error| error.message.clone())
            .unwrap_or_default();
        error("bad_path", &format!("not a JMESPath expression: {reason}"))
    })?;
    pick.apply(value)
        .map_err(|problem| error("bad_path", &problem.message))
}

/// The items, fields or lines that contain a text, in any case.
fn search(value: Value, wanted: &str) -> Value {
    let wanted = wanted.to_lowercase();
    let has = |text: &str| text.to_lowercase().contains(&wanted);
    match value {
        Value::Array(items) => items.into_iter().filter(|item| has(&item.to_string())).collect(),
        Value::Object(fields) => {
            let matching = fields
                .into_iter()
                .filter(|(key, field)| has(key) || has(&field.to_string()));
            Value::Object(matching.collect::<Map<_, _>>())
        }
        Value::String(text) => Value::String(
            text.lines()
                .filter(|line| has(line))
                .collect::<Vec<_>>()
                .join("\n"),
        ),
        scalar => scalar,
    }
}

fn slice(value: Value, from: usize, count: Option<usize>) -> (Value, String) {
    match value {
        Value::Array(items) => {
            let all = items.len();
            let part: Vec<Value> = items
                .into_iter()
                .skip(from)
                .take(count.unwrap_or(DEFAULT_COUNT))
                .collect();
            let place = format!("items {from} to {} of {all}", from + part.len());
            (Value::Array(part), place)
        }
        Value::String(text) => {
            let all = text.chars().count();
            let part: String = text
                .chars()
                .skip(from)
                .take(count.unwrap_or(DEFAULT_CHARACTERS))
                .collect();
            let place = format!("characters {from} to {} of {all}", from + part.chars().count());
            (Value::String(part), place)
        }
        whole => (whole, "the whole".into()),
    }
}

fn error(code: &str, message: &str) -> String {
    json!({ "error": code, "message": message }).to_string()
}
