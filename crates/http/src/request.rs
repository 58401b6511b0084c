//! A request as data. Nothing in it is a secret's value, so it may be shown.

use std::sync::Arc;

use url::Url;

use crate::login::Login;

/// The HTTP methods that toolrun sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// HEAD.
    Head,
    /// OPTIONS.
    Options,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl Method {
    /// The method as it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether sending it twice does no more than once when nothing else is
    /// said: GET, HEAD and OPTIONS.
    pub fn repeat(self) -> Repeat {
        match self {
            Self::Get | Self::Head | Self::Options => Repeat::Safe,
            Self::Post | Self::Put | Self::Patch | Self::Delete => Repeat::Unsafe,
        }
    }
}

/// Literal text or the name of a secret whose value goes there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text.
    Text(String),
    /// A secret's name.
    Secret(String),
}

impl Piece {
    /// The secret's name, if it is one.
    pub(crate) fn secret(&self) -> Option<&str> {
        match self {
            Self::Secret(name) => Some(name),
            Self::Text(_) => None,
        }
    }
}

/// Credentials by secret name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// None.
    None,
    /// `Authorization: Bearer …` (RFC 6750).
    Bearer {
        /// The secret.
        secret: String,
    },
    /// A header of its own.
    Header {
        /// The header's name.
        name: String,
        /// The secret.
        secret: String,
    },
    /// A query pair, appended last.
    Query {
        /// The key.
        name: String,
        /// The secret.
        secret: String,
    },
    /// HTTP Basic (RFC 7617).
    Basic {
        /// The user name.
        user: String,
        /// The secret.
        password: String,
    },
    /// A token that a login obtains.
    Login(Arc<Login>),
}

/// Bytes with their media type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Value of `Content-Type`.
    pub content_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Whether sending twice does no more than sending once; decides the retry
/// table's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Idempotent by method, declaration or idempotency key.
    Safe,
    /// Sent again only when nothing can have happened.
    Unsafe,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Absolute, encoded, without credentials.
    pub url: Url,
    /// Names as they are shown; values of literal text and secrets.
    pub headers: Vec<(String, Vec<Piece>)>,
    /// Query pairs that hold secrets, appended after the url's own.
    pub secret_query: Vec<(String, Vec<Piece>)>,
    /// The credentials.
    pub auth: Auth,
    /// The body.
    pub body: Option<Body>,
    /// Whether it may be sent again.
    pub repeat: Repeat,
}

impl Request {
    /// A request without headers, credentials and body.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            secret_query: Vec::new(),
            auth: Auth::None,
            body: None,
            repeat: method.repeat(),
        }
    }
}
