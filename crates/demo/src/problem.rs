//! Errors of the service as JSON: `{"error": {"code", "message", …}}`, whatever went wrong.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

/// An error answer: a status, a stable code for programs, a sentence for people and models.
#[derive(Debug)]
pub(crate) struct Problem(Box<Parts>);

/// Boxed, since a handler's success should not pay for the size of its failure.
#[derive(Debug)]
struct Parts {
    status: StatusCode,
    code: &'static str,
    message: String,
    details: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Parts {
            status,
            code,
            message,
            details: Map::new(),
            headers: Vec::new(),
        }))
    }

    pub(crate) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// Adds a member beside `code` and `message`.
    pub(crate) fn detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.details.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let parts = *self.0;
        let mut error = Map::new();
        error.insert("code".to_owned(), parts.code.into());
        error.insert("message".to_owned(), parts.message.into());
        error.extend(parts.details);
        let mut body = Map::new();
        body.insert("error".to_owned(), Value::Object(error));
        let mut response = (parts.status, Json(Value::Object(body))).into_response();
        response.headers_mut().extend(parts.headers);
        response
    }
}

/// The names nearest to `word`, best first, at most three; empty when none is near.
pub(crate) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let word = word.to_lowercase();
    let reach = (word.chars().count() / 3).max(1);
    let mut found: Vec<(usize, &str)> = names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&word, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= reach)
        .collect();
    found.sort_unstable();
    found.into_iter().take(3).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_names_come_best_first() {
        #[track_caller]
        fn case(word: &str, expected: &[&str]) {
            assert_eq!(nearest(word, ["USD", "AUD", "SGD", "JPY"]), expected, "{word}");
        }
        case("UDS", &["USD"]);
        case("usd", &["USD"]);
        case("AUS", &["AUD"]);
        case("XYZ", &[]);
        case("", &[]);
    }
}
