//! Why no usable response came. No message ever holds a secret's value, a
//! query string or a body, save for the words in which a server refuses a
//! login: those are hidden, cleaned and cut before they stand here.

use std::time::Duration;

use url::Url;

/// The rule of the address guard that refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuardRule {
    /// Plain http to a host that is not loopback.
    PlainHttp,
    /// A private, link-local or otherwise special address.
    SpecialAddress,
    /// A cloud metadata address; never allowed.
    Metadata,
    /// A name (not a literal) that resolves to loopback.
    NameToLoopback,
    /// A scheme that is neither http nor https, or user information.
    Malformed,
}

impl GuardRule {
    /// The rule's name, as refusals show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::PlainHttp => "plain-http",
            Self::SpecialAddress => "special-address",
            Self::Metadata => "metadata-address",
            Self::NameToLoopback => "name-to-loopback",
            Self::Malformed => "malformed-url",
        }
    }
}

/// Why a login yielded no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginFault {
    /// The server said no: credentials or settings are wrong, and a person has
    /// to change them.
    Refused {
        /// The status of its answer.
        status: u16,
        /// `error` of its answer, such as `invalid_client`, cleaned.
        code: Option<String>,
    },
    /// It answered, and what it said is no token: the manifest or the server
    /// has to change.
    Unusable,
    /// No connection, or an answer that may become another by waiting.
    Passing,
    /// No answer in the time there was.
    Late,
}

/// Why no usable response came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The address guard refused; nothing was sent.
    #[error("`{host}` may not be reached: {reason}")]
    Refused {
        /// The host as written.
        host: String,
        /// The rule.
        rule: GuardRule,
        /// The class of the address, and why it is refused.
        reason: String,
    },
    /// A redirect that is not followed.
    #[error("redirect to `{origin}` was not followed: {reason}")]
    Redirect {
        /// Scheme, host and port only.
        origin: String,
        /// Why not.
        reason: String,
    },
    /// The name could not be resolved; nothing was sent.
    #[error("`{host}` could not be found")]
    Dns {
        /// The host.
        host: String,
    },
    /// No connection; nothing was sent.
    #[error("`{host}` could not be connected to: {reason}")]
    Connect {
        /// Host and port.
        host: String,
        /// What the system said, shortened.
        reason: String,
    },
    /// The connection broke after the request may have been sent.
    #[error("the connection to `{host}` was cut: {reason}")]
    Cut {
        /// Host and port.
        host: String,
        /// What was missing.
        reason: String,
    },
    /// The whole-call deadline passed.
    #[error("`{host}` did not answer within {limit:?}")]
    Timeout {
        /// Host and port.
        host: String,
        /// The limit.
        limit: Duration,
    },
    /// The decoded body is larger than the cap.
    #[error("the answer of `{host}` is larger than {limit} bytes")]
    TooLarge {
        /// Host and port.
        host: String,
        /// The cap.
        limit: usize,
        /// What was read before the cap, decoded; empty when it was already
        /// handed out as a stream.
        prefix: Vec<u8>,
    },
    /// A content coding that was not asked for, or more than one.
    #[error("`{host}` answered in an encoding that was not asked for: {reason}")]
    Encoding {
        /// Host and port.
        host: String,
        /// Which.
        reason: String,
    },
    /// `Retry-After` lies beyond the cap (60 s) or the deadline.
    #[error("`{host}` asks to wait {seconds} s before another try")]
    RetryAfter {
        /// Host and port.
        host: String,
        /// The status that said so.
        status: u16,
        /// How long.
        seconds: u64,
    },
    /// A secret's value could not be had.
    #[error(transparent)]
    Secret(#[from] crate::secret::SecretError),
    /// No token could be had; the request that needs it was not sent, or was
    /// turned away for want of it.
    #[error("the login at `{place}` failed: {reason}")]
    Login {
        /// Where the token is given out: its url without the query.
        place: String,
        /// What happened there.
        reason: String,
        /// Whose fault it is.
        fault: LoginFault,
    },
    /// The request itself cannot be sent.
    #[error("the request cannot be sent: {reason}")]
    Request {
        /// Why.
        reason: String,
    },
    /// A recording has no answer to this request.
    #[error("no recorded answer to {request}")]
    NotRecorded {
        /// Method and url, redacted.
        request: String,
    },
}

/// Host and, where it is written, port.
pub(crate) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
