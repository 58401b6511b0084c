//! Why a turn failed.

use std::time::Duration;

/// A turn that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{model}: {message}")]
pub struct ModelError {
    /// `provider/name`.
    pub model: String,
    /// What happened, short, cleaned and without secrets.
    pub message: String,
    /// The kind, which decides hint and exit code.
    pub kind: ModelErrorKind,
}

/// What kind of failure it was.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelErrorKind {
    /// No connection, a cut stream, a timeout.
    Network,
    /// 401 or 403, or no key.
    Auth,
    /// 404: no such model or address.
    NotFound,
    /// 429, 529, and a 503 that says for how long.
    RateLimited {
        /// What `Retry-After` said.
        retry_after: Option<Duration>,
    },
    /// Other 4xx: the request was not understood.
    Rejected,
    /// 5xx.
    Server,
    /// The stream did not follow the protocol or ended early.
    Protocol,
}
