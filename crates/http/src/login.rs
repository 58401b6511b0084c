//! A login as data: the request that obtains a token, where the token stands
//! in the answer, and how it is sent. Nothing in it is a secret's value.
//! Obtaining and keeping tokens is the business of `token` and the client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::request::{Method, Piece};

/// How a token is obtained and sent. Requests whose logins are equal share
/// one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The request that obtains it.
    pub request: LoginRequest,
    /// Where it stands in the answer.
    pub token: TokenAt,
    /// The header that carries it.
    pub send: SendToken,
}

/// The request that obtains a token. It is never redirected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginRequest {
    /// The method.
    pub method: Method,
    /// Absolute, encoded, without credentials.
    pub url: Url,
    /// Names as they are shown; values of literal text and secrets.
    pub headers: Vec<(String, Vec<Piece>)>,
    /// Query pairs that hold secrets, appended after the url's own.
    pub secret_query: Vec<(String, Vec<Piece>)>,
    /// The client's id and secret, when they go into the `Authorization`
    /// header.
    pub client: Option<ClientKey>,
    /// The body.
    pub body: Option<LoginBody>,
}

/// A client's credentials as RFC 6749 §2.3.1 puts them into HTTP Basic: both
/// halves form-encoded first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientKey {
    /// The client's id.
    pub id: String,
    /// The name of the secret.
    pub secret: String,
}

/// A body with places for secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginBody {
    /// Value of `Content-Type`.
    pub content_type: String,
    /// Its parts in order.
    pub pieces: Vec<BodyPiece>,
}

/// A part of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyPiece {
    /// Text as it is sent.
    Text(String),
    /// The value of a secret.
    Secret {
        /// The secret's name.
        name: String,
        /// How the place writes it.
        escape: Escape,
    },
}

/// How a value is written in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// As a part of a form's value.
    Form,
    /// Inside the quotation marks of a JSON text.
    Json,
}

/// Where the token stands in a login's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenAt {
    /// `access_token` of RFC 6749 §5.1, with its `token_type` and `expires_in`.
    OAuth2,
    /// What an expression finds in the JSON body.
    Picked {
        /// The expression.
        pick: Picker,
        /// How long the token is used; until a 401 when absent.
        ttl: Option<Duration>,
    },
    /// A cookie.
    Cookie {
        /// Its name.
        name: String,
        /// How long it is used; as long as its `Max-Age` says, or until a 401,
        /// when absent.
        ttl: Option<Duration>,
    },
}

/// The header that carries a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendToken {
    /// Its name.
    pub header: String,
    /// The text before the token.
    pub before: String,
    /// The text after it.
    pub after: String,
}

type Take = dyn Fn(&Value) -> Result<Value, String> + Send + Sync;

/// Finds a value in a JSON body. Two are equal when their expressions are.
#[derive(Clone)]
pub struct Picker {
    expression: String,
    take: Arc<Take>,
}

impl Picker {
    /// A picker of that expression; `take` evaluates it and is null where it
    /// finds nothing.
    pub fn new(
        expression: impl Into<String>,
        take: impl Fn(&Value) -> Result<Value, String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            expression: expression.into(),
            take: Arc::new(take),
        }
    }

    /// The expression.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    pub(crate) fn take(&self, body: &Value) -> Result<Value, String> {
        (self.take)(body)
    }
}

impl fmt::Debug for Picker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Picker").field(&self.expression).finish()
    }
}

impl PartialEq for Picker {
    fn eq(&self, other: &Self) -> bool {
        self.expression == other.expression
    }
}

impl Eq for Picker {}

impl Login {
    /// Scheme, host and port of the place where the token is given out.
    pub fn origin(&self) -> String {
        self.request.url.origin().ascii_serialization()
    }

    /// The url of the place where the token is given out, without its query.
    pub(crate) fn place(&self) -> String {
        format!("{}{}", self.origin(), self.request.url.path())
    }

    /// The names of the secrets that the login sends.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        let request = &self.request;
        let in_pieces = request
            .headers
            .iter()
            .chain(&request.secret_query)
            .flat_map(|(_, pieces)| pieces)
            .filter_map(Piece::secret);
        let in_body = request
            .body
            .iter()
            .flat_map(|body| &body.pieces)
            .filter_map(|piece| match piece {
                BodyPiece::Secret { name, .. } => Some(name.as_str()),
                BodyPiece::Text(_) => None,
            });
        let client = request.client.iter().map(|client| client.secret.as_str());
        in_pieces.chain(in_body).chain(client)
    }
}
