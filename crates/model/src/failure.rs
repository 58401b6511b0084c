//! What went wrong in a turn, before it is known which model's turn it was:
//! statuses, error bodies of any shape, errors inside a stream and errors of
//! the transport become a kind and one short, clean sentence.

use std::time::Duration;

use serde_json::Value;
use toolrun_http::HttpError;

use crate::{ModelError, ModelErrorKind};

/// The longest message in characters.
const LONGEST: usize = 300;

/// A kind and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure it was.
    pub kind: ModelErrorKind,
    /// What happened, short and clean.
    pub message: String,
}

impl Failure {
    /// A stream that does not follow its protocol.
    pub fn protocol(message: impl Into<String>) -> Self {
        Self {
            kind: ModelErrorKind::Protocol,
            message: clean(&message.into()),
        }
    }

    /// An answer that is an error: its status, what `Retry-After` said, and
    /// the start of its body.
    pub fn from_status(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let said = error_text(body);
        let message = match said {
            Some(said) => format!("status {status}: {said}"),
            None => format!("status {status}"),
        };
        Self {
            kind: kind_of_status(status, retry_after),
            message,
        }
    }

    /// An error object inside a stream that began well.
    pub fn from_error_object(error: &Value) -> Self {
        let message = message_of(error).map_or_else(
            || "the provider reported an error".to_owned(),
            |said| clean(&said),
        );
        Self {
            kind: kind_of_object(error),
            message,
        }
    }

    /// The error of that model.
    pub fn of(self, model: &str) -> ModelError {
        ModelError {
            model: model.to_owned(),
            message: self.message,
            kind: self.kind,
        }
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        let kind = match &error {
            HttpError::Dns { .. }
            | HttpError::Connect { .. }
            | HttpError::Cut { .. }
            | HttpError::Timeout { .. } => ModelErrorKind::Network,
            HttpError::RetryAfter { status, seconds, .. } => {
                kind_of_status(*status, Some(Duration::from_secs(*seconds)))
            }
            HttpError::Secret(_) => ModelErrorKind::Auth,
            HttpError::TooLarge { .. } | HttpError::Encoding { .. } => ModelErrorKind::Protocol,
            _ => ModelErrorKind::Rejected,
        };
        Self {
            kind,
            message: clean(&error.to_string()),
        }
    }
}

/// The kind of a status that is not a success.
fn kind_of_status(status: u16, retry_after: Option<Duration>) -> ModelErrorKind {
    match status {
        401 | 403 => ModelErrorKind::Auth,
        404 => ModelErrorKind::NotFound,
        429 | 529 => ModelErrorKind::RateLimited { retry_after },
        // Busy, and it says for how long.
        503 if retry_after.is_some() => ModelErrorKind::RateLimited { retry_after },
        400..=499 => ModelErrorKind::Rejected,
        500..=599 => ModelErrorKind::Server,
        _ => ModelErrorKind::Protocol,
    }
}

/// The kinds of the error types that the two wires name in a stream.
const KINDS: &[(&str, ModelErrorKind)] = &[
    ("api_error", ModelErrorKind::Server),
    ("authentication_error", ModelErrorKind::Auth),
    ("billing_error", ModelErrorKind::Auth),
    (
        "insufficient_quota",
        ModelErrorKind::RateLimited { retry_after: None },
    ),
    ("invalid_api_key", ModelErrorKind::Auth),
    ("invalid_request_error", ModelErrorKind::Rejected),
    ("model_not_found", ModelErrorKind::NotFound),
    ("not_found_error", ModelErrorKind::NotFound),
    (
        "overloaded_error",
        ModelErrorKind::RateLimited { retry_after: None },
    ),
    ("permission_error", ModelErrorKind::Auth),
    (
        "rate_limit_error",
        ModelErrorKind::RateLimited { retry_after: None },
    ),
    (
        "rate_limit_exceeded",
        ModelErrorKind::RateLimited { retry_after: None },
    ),
    ("request_too_large", ModelErrorKind::Rejected),
    ("server_error", ModelErrorKind::Server),
    ("timeout_error", ModelErrorKind::Server),
];

fn kind_of_object(error: &Value) -> ModelErrorKind {
    for key in ["code", "type", "status"] {
        let Some(found) = error.get(key) else { continue };
        if let Some(status) = found.as_u64().and_then(|status| u16::try_from(status).ok())
            && (400..=599).contains(&status)
        {
            return kind_of_status(status, None);
        }
        let named = found
            .as_str()
            .and_then(|name| KINDS.iter().find(|(known, _)| *known == name));
        if let Some((_, kind)) = named {
            return kind.clone();
        }
    }
    ModelErrorKind::Server
}

/// What an error body says, if it says anything that can be shown.
fn error_text(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    let said = match serde_json::from_str::<Value>(text) {
        Ok(value) => message_of(&value)?,
        Err(_) if text.starts_with('<') => html_title(text)?,
        Err(_) => text.to_owned(),
    };
    let said = clean(&said);
    (!said.is_empty()).then_some(said)
}

/// The message in an error value of any known shape: `{error: {message}}`,
/// `{error: "…"}`, `{message}`, `{detail}`, `{detail: [{msg}]}`, `{errors: [..]}`,
/// `[{error}]` or a plain string.
fn message_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => items.iter().find_map(message_of),
        Value::Object(map) => [
            "error",
            "message",
            "detail",
            "errors",
            "msg",
            "error_description",
            "title",
        ]
        .iter()
        .filter_map(|key| map.get(*key))
        .find_map(message_of),
        _ => None,
    }
}

fn html_title(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    Some(text[start..end].to_owned())
}

/// One line without control and invisible characters, without a final
/// period, at most [`LONGEST`] characters.
pub(crate) fn clean(text: &str) -> String {
    let visible: String = text
        .chars()
        .map(|c| {
            if c.is_whitespace() || c.is_control() {
                ' '
            } else {
                c
            }
        })
        .filter(|c| !is_invisible(*c))
        .collect();
    let line = visible
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    let line = line.trim_end_matches('.');
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    let mut short: String = line.chars().take(LONGEST - 1).collect();
    short.push('…');
    short
}

/// Characters that show nothing or turn the direction of what follows.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn says(status: u16, body: &str, kind: ModelErrorKind, message: &str) {
        let failure = Failure::from_status(status, None, body.as_bytes());
        assert_eq!((failure.kind, failure.message.as_str()), (kind, message));
    }

    #[test]
    fn error_bodies_of_any_shape_become_one_short_sentence() {
        use ModelErrorKind::{Auth, NotFound, Protocol, Rejected, Server};
        let limited = ModelErrorKind::RateLimited { retry_after: None };
        says(
            400,
            r#"{"error":{"message":"temperature: range: 0..1","type":"invalid_request_error"},"type":"error"}"#,
            Rejected,
            "status 400: temperature: range: 0..1",
        );
        says(
            401,
            r#"{"error":{"message":"API key is invalid."}}"#,
            Auth,
            "status 401: API key is invalid",
        );
        says(
            404,
            r#"{"error":"model 'x' not found"}"#,
            NotFound,
            "status 404: model 'x' not found",
        );
        says(
            422,
            r#"{"detail":[{"loc":["body","tools"],"msg":"Extra inputs are not permitted"}]}"#,
            Rejected,
            "status 422: Extra inputs are not permitted",
        );
        says(
            400,
            r#"[{"error":{"code":400,"message":"bad name","status":"INVALID_ARGUMENT"}}]"#,
            Rejected,
            "status 400: bad name",
        );
        says(
            429,
            r#"{"message":"slow down"}"#,
            limited.clone(),
            "status 429: slow down",
        );
        says(529, "", limited, "status 529");
        says(500, "{}", Server, "status 500");
        says(
            502,
            "<html><head><title>502 Bad\nGateway</title></head></html>",
            Server,
            "status 502: 502 Bad Gateway",
        );
        says(
            503,
            "upstream\u{1b}[31m is \u{202e}down\u{7}",
            Server,
            "status 503: upstream [31m is down",
        );
        says(302, "moved", Protocol, "status 302: moved");
        says(500, "\u{0}\u{1}", Server, "status 500");
    }

    #[test]
    fn long_messages_are_cut() {
        let failure = Failure::from_status(500, None, "é".repeat(5_000).as_bytes());
        assert_eq!(failure.message.chars().count(), LONGEST + "status 500: ".len());
        assert!(failure.message.ends_with('…'));
    }

    #[test]
    fn error_objects_in_a_stream_have_kinds() {
        let kind = |text: &str| Failure::from_error_object(&serde_json::from_str(text).unwrap()).kind;
        let limited = ModelErrorKind::RateLimited { retry_after: None };
        assert_eq!(
            kind(r#"{"type":"overloaded_error","message":"Overloaded"}"#),
            limited
        );
        assert_eq!(kind(r#"{"code":429,"message":"later"}"#), limited);
        assert_eq!(kind(r#"{"code":"rate_limit_exceeded","type":"tokens"}"#), limited);
        assert_eq!(
            kind(r#"{"code":null,"type":"server_error"}"#),
            ModelErrorKind::Server
        );
        assert_eq!(
            kind(r#"{"type":"invalid_request_error"}"#),
            ModelErrorKind::Rejected
        );
        assert_eq!(kind(r#""no idea""#), ModelErrorKind::Server);
    }

    #[test]
    fn the_table_of_kinds_is_sorted() {
        assert!(
            KINDS.windows(2).all(|pair| pair[0].0 < pair[1].0),
            "sort KINDS by name"
        );
    }
}
