//! What a model is told when a call went wrong: short, structured, and with a
//! word on whether trying again makes sense.

use serde_json::{Map, Value, json};
use toolrun_http::HttpError;
use toolrun_manifest::{StatusPattern, Tool};

use crate::error::{RunError, RunErrorKind};

/// Whether the same call may be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// It may work later.
    Later,
    /// It would fail in the same way.
    Useless,
    /// It may have been carried out already.
    Dangerous,
}

/// A status that is no success, as compact JSON without the server's words.
pub(crate) fn status(tool: &Tool, status: u16) -> String {
    let retry = match status {
        429 | 503 => Retry::Later,
        408 | 425 | 500 | 502 | 504 | 529 if tool.idempotent => Retry::Later,
        408 | 500 | 502 | 504 | 529 => Retry::Dangerous,
        _ => Retry::Useless,
    };
    let mut fields = Map::new();
    fields.insert("status".into(), json!(status));
    told("http_status", fields, hint(tool, status), retry)
}

/// The author's hint for a status; the most specific pattern wins.
pub(crate) fn hint(tool: &Tool, status: u16) -> Option<&str> {
    let matching = |exact: bool| {
        tool.errors
            .iter()
            .find(|(pattern, _)| {
                pattern.matches(status) && matches!(pattern, StatusPattern::Exact(_)) == exact
            })
            .map(|(_, hint)| hint.as_str())
    };
    matching(true).or_else(|| matching(false))
}

/// A call without a usable answer. What only a person can change stops the run.
pub(crate) fn transport(tool: &Tool, error: HttpError) -> Result<String, RunError> {
    let (code, retry) = match &error {
        HttpError::Refused { .. } => {
            let hint = "the operator may allow a network with --allow-net, or plain http with --allow-http";
            return Err(
                RunError::new(RunErrorKind::Refused, format!("`{}` was not sent", tool.name))
                    .hint(hint)
                    .caused_by(error),
            );
        }
        HttpError::Secret(_) => {
            return Err(
                RunError::new(RunErrorKind::Secret, format!("`{}` was not sent", tool.name)).caused_by(error),
            );
        }
        HttpError::Dns { .. } => ("host_not_found", Retry::Useless),
        HttpError::Connect { .. } => ("no_connection", Retry::Later),
        HttpError::RetryAfter { .. } => ("retry_after", Retry::Later),
        HttpError::Timeout { .. } => (
            "timeout",
            if tool.idempotent {
                Retry::Later
            } else {
                Retry::Dangerous
            },
        ),
        HttpError::Cut { .. } => (
            "connection_cut",
            if tool.idempotent {
                Retry::Later
            } else {
                Retry::Dangerous
            },
        ),
        HttpError::TooLarge { .. } => ("response_too_large", Retry::Useless),
        HttpError::Redirect { .. } => ("redirect", Retry::Useless),
        HttpError::Encoding { .. } => ("encoding", Retry::Useless),
        _ => ("request_failed", Retry::Useless),
    };
    let mut fields = Map::new();
    if let HttpError::RetryAfter { status, .. } = &error {
        fields.insert("status".into(), json!(status));
    }
    fields.insert("message".into(), json!(error.to_string()));
    let hint = match &error {
        HttpError::RetryAfter { status, .. } => hint(tool, *status),
        _ => None,
    };
    Ok(told(code, fields, hint, retry))
}

/// Compact JSON: `error`, further fields, `hint`, `retryable`.
pub(crate) fn told(code: &str, fields: Map<String, Value>, hint: Option<&str>, retry: Retry) -> String {
    let mut error = Map::new();
    error.insert("error".into(), json!(code));
    error.extend(fields);
    if let Some(hint) = hint {
        error.insert("hint".into(), json!(hint));
    }
    error.insert("retryable".into(), json!(retry == Retry::Later));
    if retry == Retry::Dangerous {
        error.insert(
            "note".into(),
            json!("the change may have been made all the same: find out before trying again"),
        );
    }
    Value::Object(error).to_string()
}
