//! What a template may name and the values it is filled with.

use std::collections::BTreeMap;

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
    // `now` and its filters may be used everywhere but in a login.
}

/// The values a request is rendered with.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Arguments: validated, defaults and constants filled in.
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
