//! Logins as checked: what `auth.oauth2` and `auth.token` become. Rendering
//! stands with the other templates.

use std::time::Duration;

use crate::checked::Method;
use crate::template::{JsonTemplate, Pick, TextTemplate, UrlTemplate};

/// `oauth2:`: client credentials (RFC 6749 §4.4).
#[derive(Debug, Clone)]
pub struct OAuth2 {
    /// Where tokens are given out; literals and `vars`.
    pub token_url: UrlTemplate,
    /// The client.
    pub client_id: TextTemplate,
    /// The secret.
    pub client_secret: String,
    /// The scopes asked for.
    pub scopes: Vec<TextTemplate>,
    /// Further fields of the token request.
    pub params: Vec<(String, TextTemplate)>,
    /// Where the client's credentials go.
    pub client: ClientPlace,
}

/// `client:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientPlace {
    /// The `Authorization` header.
    Basic,
    /// Fields of the form.
    Body,
}

/// `token:`: any login.
#[derive(Debug, Clone)]
pub struct TokenLogin {
    /// The login request.
    pub request: LoginRequest,
    /// Where the token stands in the answer.
    pub place: TokenPlace,
    /// How long a token is used; until a 401 when absent.
    pub ttl: Option<Duration>,
    /// The header that carries it.
    pub send: TokenSend,
}

/// A login request as templates that read `vars` and secrets.
#[derive(Debug, Clone)]
pub struct LoginRequest {
    /// The method.
    pub method: Method,
    /// The whole address; secrets in values of its query alone.
    pub url: UrlTemplate,
    /// The headers.
    pub headers: Vec<(String, TextTemplate)>,
    /// The body.
    pub body: Option<LoginBody>,
}

/// The body of a login request. Secrets stand in the leaves of a tree, whose
/// place says how they are written; in a text nothing would.
#[derive(Debug, Clone)]
pub enum LoginBody {
    /// A tree that is sent as JSON.
    Json(JsonTemplate),
    /// `application/x-www-form-urlencoded`.
    Form(JsonTemplate),
    /// Plain text, without secrets.
    Text(TextTemplate),
}

/// Where the token stands in a login's answer.
#[derive(Debug, Clone)]
pub enum TokenPlace {
    /// JMESPath over the JSON body.
    Pick(Pick),
    /// A cookie's name.
    Cookie(String),
}

/// The header that carries a token, cut at the token.
#[derive(Debug, Clone)]
pub struct TokenSend {
    /// The header's name.
    pub header: String,
    /// The text before the token.
    pub before: TextTemplate,
    /// The text after it.
    pub after: TextTemplate,
}
