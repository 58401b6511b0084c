//! What a model is told when a call went wrong: short, structured, and with a
//! word on whether trying again makes sense.

use serde_json::{Map, Value, json};
use toolrun_http::{GuardRule, HttpError, LoginFault, Sent, may_pass};
use toolrun_manifest::{Effect, StatusPattern, Tool};

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
        // Turned away, so not carried out.
        425 | 429 | 503 => Retry::Later,
        _ if may_pass(status) => again(tool),
        _ => Retry::Useless,
    };
    let mut fields = Map::new();
    fields.insert("status".into(), json!(status));
    told("http_status", fields, hint(tool, status), retry)
}

/// What may have been carried out already can only be repeated when that does
/// no harm.
fn again(tool: &Tool) -> Retry {
    if tool.idempotent || tool.effect == Effect::Read {
        Retry::Later
    } else {
        Retry::Dangerous
    }
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
pub(crate) fn transport(tool: &Tool, error: HttpError, sent: &Sent) -> Result<String, RunError> {
    let (code, retry) = match &error {
        HttpError::Refused { rule, .. } => {
            let refused = RunError::new(RunErrorKind::Refused, format!("`{}` was not sent", tool.name));
            let refused = refused.rule(rule.name());
            let refused = match against(*rule) {
                Some(hint) => refused.hint(hint),
                None => refused,
            };
            return Err(refused.caused_by(error));
        }
        HttpError::Secret(_) => {
            return Err(
                RunError::new(RunErrorKind::Secret, format!("`{}` was not sent", tool.name)).caused_by(error),
            );
        }
        HttpError::Login { fault, .. } => match login(fault) {
            Some(hint) => {
                let failed = RunError::new(RunErrorKind::Login, format!("`{}` was not sent", tool.name));
                return Err(failed.hint(hint).caused_by(error));
            }
            None => ("login_failed", Retry::Later),
        },
        HttpError::Dns { .. } => ("host_not_found", Retry::Useless),
        HttpError::Connect { .. } => ("no_connection", Retry::Later),
        HttpError::RetryAfter { .. } => ("retry_after", Retry::Later),
        HttpError::Timeout { .. } if !sent.may_have_left() => ("timeout", Retry::Later),
        HttpError::Timeout { .. } => ("timeout", again(tool)),
        HttpError::Cut { .. } => ("connection_cut", again(tool)),
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

/// What a person can do about a login; `None` where waiting may help.
fn login(fault: &LoginFault) -> Option<&'static str> {
    let (status, code) = match fault {
        LoginFault::Passing | LoginFault::Late => return None,
        LoginFault::Unusable => {
            return Some(
                "compare `auth` of the manifest with what the login's documentation says it answers",
            );
        }
        LoginFault::Refused { status, code } => (*status, code.as_deref().unwrap_or_default()),
    };
    Some(match (code, status) {
        ("invalid_client", _) => {
            "check `client_id` and the secret that `client_secret` names; some servers want them in the body: `client: body`"
        }
        ("invalid_scope", _) => "check `scopes`: this client may not ask for one of them",
        ("unauthorized_client" | "unsupported_grant_type", _) => {
            "this server gives the client no token for its credentials alone; `auth: { token: … }` describes any other login"
        }
        (_, 404 | 405 | 410) => {
            "check the url of the login (`token_url` or `token.request.url`) and its method: no login answers there"
        }
        ("invalid_request", _) | (_, 400 | 415 | 422) => {
            "check the fields that the login sends: their names, and `json` or `form`, as its documentation has them"
        }
        _ => "check the credentials that `auth` of the manifest sends there",
    })
}

/// What can be done about an address that was refused, where the refusal does
/// not say it by itself.
fn against(rule: GuardRule) -> Option<&'static str> {
    match rule {
        GuardRule::Metadata => Some("no flag allows this; name another host in the manifest"),
        GuardRule::Malformed => Some("correct the url in the manifest, or the var that it is made of"),
        GuardRule::SpecialAddress | GuardRule::NameToLoopback | GuardRule::PlainHttp => None,
    }
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
