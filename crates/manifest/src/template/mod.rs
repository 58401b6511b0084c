//! Templates: compiled once at load, rendered into slots whose place decides
//! the encoding.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::checked::{HttpEndpoint, Param};

/// What is wrong with a template, as a byte range of its own text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// Stable code of the diagnostic, such as `unknown-name`.
    pub code: &'static str,
    /// Where in the template's text.
    pub range: Range<usize>,
    /// About the text, as diagnostics are.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

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
    // `now` and its filters may be used everywhere.
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

/// Literal text or a secret's name: the values are added by `http`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is sent (before the slot's encoding of the wire, if any).
    Text(String),
    /// The value of a secret.
    Secret(String),
}

/// A request with every template filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderedRequest {
    /// Absolute, percent-encoded, without credentials.
    pub url: url::Url,
    /// Query pairs that hold secrets: keys and values decoded, to be appended.
    pub secret_query: Vec<(String, Vec<Piece>)>,
    /// Header names as written, values checked for CR, LF and NUL.
    pub headers: Vec<(String, Vec<Piece>)>,
    /// The body.
    pub body: Option<RenderedBody>,
}

/// A body with every template filled in.
#[derive(Debug, Clone, PartialEq)]
pub enum RenderedBody {
    /// JSON.
    Json(Value),
    /// Decoded pairs, to be form-encoded.
    Form(Vec<(String, String)>),
    /// Text.
    Text(String),
}

/// Why a value cannot stand where it was to go. Told to the model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RenderError {
    /// Stable rule name, such as `path-dot-segment`.
    pub rule: &'static str,
    /// The param whose value it is, if it is one param's.
    pub param: Option<String>,
    /// About the value, without echoing it.
    pub message: String,
}

impl HttpEndpoint {
    /// Fills in every template of the request.
    pub fn render(&self, scope: &Scope<'_>) -> Result<RenderedRequest, RenderError> {
        let _ = scope;
        unimplemented!()
    }
}

/// A compiled `url:`.
#[derive(Debug, Clone)]
pub struct UrlTemplate {}
/// A compiled text with slots.
#[derive(Debug, Clone)]
pub struct TextTemplate {}
/// A compiled tree with template leaves.
#[derive(Debug, Clone)]
pub struct JsonTemplate {}
/// A compiled condition.
#[derive(Debug, Clone)]
pub struct Condition {}
/// A compiled JMESPath.
#[derive(Debug, Clone)]
pub struct Pick {}
/// A compiled `result.template`, statements allowed, within fuel.
#[derive(Debug, Clone)]
pub struct ResultTemplate {}

// The interface that loading calls; the one place where a text becomes a template:
//
//   UrlTemplate::compile(base: Option<&str>, url: &str, names: &Names) -> Result<UrlTemplate, Vec<(UrlPart, TemplateError)>>
//       .origin_literal() -> Option<&str>   for lints and for showing where a secret goes
//       .used() -> impl Iterator<Item = &str>   params that it reads (all templates have it)
//   TextTemplate::compile(text: &str, names: &Names) -> Result<TextTemplate, Vec<TemplateError>>
//       .render(&Scope) -> Result<Option<Vec<Piece>>, RenderError>    None: absent
//   JsonTemplate::compile(node: &JsonNode<'_>, names) ...
//       .render(&Scope) -> Result<Option<Value>, RenderError>
//   Condition::compile(text, names); .holds(&Scope, &ResponseScope) -> Result<bool, RenderError>
//   Pick::compile(text) ; .apply(&Value) -> Result<Value, RenderError>
//   ResultTemplate::compile(text, names); .render(&Scope, &ResponseScope) -> Result<String, RenderError>
