//! What is said when arguments do not fit, worded for the model that wrote
//! them.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

/// Arguments that do not fit a tool. No text of theirs is repeated, only a
/// number that is out of bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the arguments of `{tool}` do not fit: {}", self.summary())]
pub struct ArgError {
    /// The tool.
    pub tool: String,
    /// Everything that is wrong.
    pub violations: Vec<Violation>,
    /// The params that every call gives.
    pub required: Vec<String>,
    /// The others.
    pub optional: Vec<String>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer of the value; empty for the arguments as a whole.
    pub at: String,
    /// What was expected there.
    pub expected: String,
    /// The type that was found, when the type is what is wrong, or how much
    /// of it, when the amount is.
    pub found: Option<Cow<'static, str>>,
    /// What the author of the manifest can do about it; not told to a model.
    pub remedy: Option<&'static str>,
    /// The nearest valid name.
    pub did_you_mean: Option<String>,
}

impl Violation {
    /// A violation without type and suggestion.
    pub(crate) fn new(at: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            expected: expected.into(),
            found: None,
            remedy: None,
            did_you_mean: None,
        }
    }

    /// A value of another type.
    pub(crate) fn of_type(at: impl Into<String>, expected: impl Into<String>, found: &Value) -> Self {
        let found = match found {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        Self {
            found: Some(found.into()),
            ..Self::new(at, expected)
        }
    }
}

/// Violations that are listed; the rest is counted.
const MOST_LISTED: usize = 20;

impl ArgError {
    /// The error as a model reads it: compact JSON with every violation, the
    /// names that are valid, and what to do next. JSON since models are
    /// trained on errors of that shape and address its parts by pointer.
    pub fn for_model(&self) -> String {
        let problems: Vec<Value> = self.violations.iter().take(MOST_LISTED).map(problem).collect();
        let mut error = Map::new();
        error.insert(
            "error".into(),
            json!(format!(
                "the arguments of {} do not fit; nothing was sent",
                self.tool
            )),
        );
        error.insert("problems".into(), Value::Array(problems));
        if let Some(more) = self
            .violations
            .len()
            .checked_sub(MOST_LISTED)
            .filter(|more| *more > 0)
        {
            error.insert("more_problems".into(), json!(more));
        }
        error.insert(
            "parameters".into(),
            json!({ "required": self.required, "optional": self.optional }),
        );
        error.insert(
            "next".into(),
            json!("correct the arguments and call the tool again"),
        );
        Value::Object(error).to_string()
    }

    fn summary(&self) -> String {
        let all: Vec<String> = self.violations.iter().take(MOST_LISTED).map(sentence).collect();
        all.join("; ")
    }
}

fn problem(violation: &Violation) -> Value {
    let mut problem = Map::new();
    problem.insert("at".into(), json!(violation.at));
    problem.insert("expected".into(), json!(violation.expected));
    // A person is told a number that is out of bounds; to a model no value is echoed.
    let found = violation.found.as_ref();
    if let Some(found) = found.filter(|found| found.parse::<f64>().is_err()) {
        problem.insert("found".into(), json!(found));
    }
    if let Some(name) = &violation.did_you_mean {
        problem.insert("did_you_mean".into(), json!(name));
    }
    Value::Object(problem)
}

fn sentence(violation: &Violation) -> String {
    let at = if violation.at.is_empty() {
        "the arguments"
    } else {
        &violation.at
    };
    let found = violation
        .found
        .as_ref()
        .map(|found| format!(", found {found}"))
        .unwrap_or_default();
    let name = violation
        .did_you_mean
        .as_ref()
        .map(|name| format!(" (did you mean `{name}`?)"))
        .unwrap_or_default();
    let remedy = violation
        .remedy
        .map(|remedy| format!(" ({remedy})"))
        .unwrap_or_default();
    format!("{at}: expected {}{found}{name}{remedy}", violation.expected)
}

/// A schema that cannot be compiled, such as one with a `pattern` that uses
/// look-around.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the schema of `{tool}` cannot be used (at `{at}`): {reason}")]
pub struct SchemaError {
    /// The tool.
    pub tool: String,
    /// JSON pointer into the schema.
    pub at: String,
    /// Why.
    pub reason: String,
}
