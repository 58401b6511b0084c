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
    /// Parts, to be encoded as multipart/form-data.
    Multipart(Vec<RenderedPart>),
    /// Text.
    Text(String),
    /// The content of a file.
    File(FileRef),
}

/// A part of a multipart body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedPart {
    /// The field's name, decoded.
    pub name: String,
    /// What it holds.
    pub content: PartContent,
}

impl RenderedPart {
    /// As a pair of a form. No checked manifest has a file in one.
    pub(super) fn into_pair(self) -> (String, String) {
        match self.content {
            PartContent::Text(text) => (self.name, text),
            PartContent::File(file) => (self.name, file.path),
        }
    }
}

/// What a part of a multipart body holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartContent {
    /// Text.
    Text(String),
    /// The content of a file.
    File(FileRef),
}

/// A file that the request needs: still a name, nothing was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRef {
    /// The param that names it.
    pub param: String,
    /// The path as it was given.
    pub path: String,
}
