//! Requests with every template filled in. Credentials are still names.

use serde_json::Value;

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
