//! One request and its answer as a line of a recording. Everything in it has
//! been redacted; what the file is called and who may read it is the caller's
//! business.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::redact::{HIDDEN, Redactor};
use crate::request::{Auth, Piece, Request};

/// A request and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// What was sent.
    pub request: SentRequest,
    /// What came back.
    pub response: SentResponse,
}

/// A request as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentRequest {
    /// The method in capitals.
    pub method: String,
    /// The whole url; `***` in the place of secrets.
    pub url: String,
    /// Names and values in order; `***` in the place of secrets.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Content>,
}

/// An answer as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentResponse {
    /// The status.
    pub status: u16,
    /// Names in lower case and values, in order.
    pub headers: Vec<(String, String)>,
    /// The decoded body.
    pub body: Content,
}

/// A body: text where it can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// UTF-8.
    Text(String),
    /// Anything else, in base64.
    Base64(String),
}

impl Content {
    /// The body's bytes without secrets.
    pub(crate) fn new(bytes: &[u8], redactor: &Redactor) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(redactor.redact(text).into_owned()),
            Err(_) => Self::Base64(STANDARD.encode(redactor.redact_bytes(bytes))),
        }
    }

    /// The bytes again; `None` when the base64 is broken.
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Base64(text) => STANDARD.decode(text).ok(),
        }
    }
}

impl SentRequest {
    /// The request as it may be shown: by structure no secret is in it, and
    /// the redactor looks over the rest.
    pub fn new(request: &Request, redactor: &Redactor) -> Self {
        let redacted = |text: &str| redactor.redact(text).into_owned();
        let mut headers: Vec<(String, String)> = request
            .headers
            .iter()
            .map(|(name, pieces)| (name.clone(), redacted(&shown(pieces))))
            .collect();
        match &request.auth {
            Auth::None | Auth::Query { .. } => {}
            Auth::Bearer { .. } => headers.push(credentials("Authorization", "Bearer ")),
            Auth::Basic { .. } => headers.push(credentials("Authorization", "Basic ")),
            Auth::Header { name, .. } => headers.push(credentials(name, "")),
            Auth::Login(login) => headers.push((
                login.send.header.clone(),
                redacted(&format!("{}{HIDDEN}{}", login.send.before, login.send.after)),
            )),
        }
        if let Some(body) = &request.body
            && !headers
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        {
            headers.push(("Content-Type".to_owned(), redacted(&body.content_type)));
        }
        Self {
            method: request.method.as_str().to_owned(),
            url: redacted(&shown_url(request)),
            headers,
            body: request
                .body
                .as_ref()
                .map(|body| Content::new(&body.bytes, redactor)),
        }
    }

    /// Whether the other is the same request: method, url and body count;
    /// headers change with versions and ids.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.method == other.method && self.url == other.url && self.body == other.body
    }
}

fn credentials(name: &str, scheme: &str) -> (String, String) {
    (name.to_owned(), format!("{scheme}{HIDDEN}"))
}

fn shown(pieces: &[Piece]) -> String {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Secret(_) => HIDDEN,
        })
        .collect()
}

fn shown_url(request: &Request) -> String {
    let mut url = request.url.clone();
    url.set_fragment(None);
    let mut pairs: Vec<String> = request
        .secret_query
        .iter()
        .map(|(name, pieces)| format!("{name}={}", shown(pieces)))
        .collect();
    if let Auth::Query { name, .. } = &request.auth {
        pairs.push(format!("{name}={HIDDEN}"));
    }
    if !pairs.is_empty() {
        let own = url.query().filter(|own| !own.is_empty());
        let query: Vec<&str> = own.into_iter().chain(pairs.iter().map(String::as_str)).collect();
        url.set_query(Some(&query.join("&")));
    }
    url.into()
}
