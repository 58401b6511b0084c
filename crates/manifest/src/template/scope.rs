//! What a template may name and the values it is filled with.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::checked::Param;

/// The names a template may use.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names<'a> {
    /// Params of the tool or workflow.
    pub params: &'a [Param],
    /// Names under `vars`.
    pub vars: &'a [String],
    /// Names under `secrets`; `None` where secrets may not stand at all.
    pub secrets: Option<&'a [String]>,
    /// Whether `call.id` may be used.
    pub call: bool,
    /// Whether `response` may be used.
    pub response: bool,
    /// Whether `result` may be used.
    pub result: bool,
    /// Whether it belongs to a login, which is the same for every call.
    pub login: bool,
    /// Steps of a workflow.
    pub(crate) steps: Option<&'a StepNames>,
    /// Steps that have a value here, whatever they have elsewhere: a
    /// condition that holds has seen it.
    pub(crate) guarded: Option<&'a BTreeSet<String>>,
    // `now` and its filters may be used everywhere but in a login.
}

impl Names<'_> {
    /// The step of that id, as it is seen here.
    pub(super) fn step(&self, id: &str) -> Option<StepValue> {
        let value = self.steps?.get(id)?;
        match self.guarded.is_some_and(|names| names.contains(id)) {
            true => Some(StepValue::Always),
            false => Some(value),
        }
    }
}

/// The steps of a workflow by id, in order of writing.
#[derive(Debug, Clone, Default)]
pub(crate) struct StepNames {
    order: Vec<String>,
    values: HashMap<String, StepValue>,
}

/// Whether a step has a value once it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepValue {
    /// It has.
    Always,
    /// It may have been skipped.
    MayBeAbsent,
}

impl StepNames {
    /// Adds a step, or says something else of it.
    pub(crate) fn set(&mut self, id: &str, value: StepValue) {
        if self.values.insert(id.to_owned(), value).is_none() {
            self.order.push(id.to_owned());
        }
    }

    /// What is known of a step.
    pub(crate) fn get(&self, id: &str) -> Option<StepValue> {
        self.values.get(id).copied()
    }

    /// The ids in order of writing.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(String::as_str)
    }
}

/// The values a request is rendered with.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Arguments, defaults and constants filled in; in a workflow also the
    /// values of steps.
    pub params: &'a Map<String, Value>,
    /// Values of `vars`.
    pub vars: &'a BTreeMap<String, String>,
    /// `call.id`.
    pub call_id: &'a str,
    /// `now`.
    pub now: Timestamp,
}

/// What `error_if`, `next` and `template` see besides the [`Scope`].
#[derive(Debug, Clone, Copy)]
pub struct ResponseScope<'a> {
    /// `response.status`.
    pub status: u16,
    /// `response.headers`, names in lower case.
    pub headers: &'a BTreeMap<String, String>,
    /// `response.body`.
    pub body: &'a Value,
    /// `result`: after `pick`; only `template` sees it.
    pub result: Option<&'a Value>,
}
