//! Reading what a request carries: the query, a form, a JSON object, a path segment. Every fault is named.
//!
//! Unknown and repeated names are refused, so that a caller who misspells one learns it. What the values mean is
//! the handlers' business.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::problem::{Problem, nearest};

/// The pairs of a query or a form, each name known and given at most once.
#[derive(Debug)]
pub(crate) struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// Reads `text`, in which only the names `known` may stand.
    pub(crate) fn read(text: &str, known: &[&str]) -> Result<Self, Problem> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()).into_owned() {
            if !known.contains(&name.as_str()) {
                return Err(unknown_name(&name, known));
            }
            if pairs.iter().any(|(seen, _)| *seen == name) {
                return Err(Problem::bad_request(
                    "repeated_parameter",
                    format!("`{name}` is given more than once"),
                )
                .detail("parameter", name));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    pub(crate) fn optional(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, Problem> {
        self.optional(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| {
                Problem::bad_request("missing_parameter", format!("`{name}` is required"))
                    .detail("parameter", name)
            })
    }
}

/// Reads a body that must be a JSON object with no other members than `known`.
pub(crate) fn json_object(body: &[u8], known: &[&str]) -> Result<Map<String, Value>, Problem> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| Problem::bad_request("invalid_json", format!("the body is not JSON: {error}")))?;
    let Value::Object(object) = value else {
        return Err(Problem::bad_request(
            "invalid_json",
            "the body must be a JSON object",
        ));
    };
    match object.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(unknown_name(name, known)),
        None => Ok(object),
    }
}

/// The fault of a value that does not fit its name.
pub(crate) fn invalid(name: &str, expected: &str) -> Problem {
    Problem::bad_request("invalid_parameter", format!("`{name}` must be {expected}"))
        .detail("parameter", name)
        .detail("expected", expected)
}

fn unknown_name(name: &str, known: &[&str]) -> Problem {
    let mut message = format!("unknown parameter `{name}`");
    if let Some(near) = nearest(name, known.iter().copied()).first() {
        message.push_str(&format!("; did you mean `{near}`?"));
    }
    Problem::bad_request("unknown_parameter", message)
        .detail("parameter", name)
        .detail("valid", known.to_vec())
}

/// The one variable segment of the route's path, decoded.
#[derive(Debug)]
pub(crate) struct Segment(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(segment)) => Ok(Self(segment)),
            Err(rejection) => Err(Problem::bad_request("invalid_path", rejection.body_text())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_and_checked() {
        let pairs = Pairs::read("from=a%20b&to=c+d", &["from", "to"]).unwrap();
        assert_eq!(pairs.required("from").unwrap(), "a b");
        assert_eq!(pairs.optional("to"), Some("c d"));
        assert!(Pairs::read("form=1", &["from"]).is_err());
        assert!(Pairs::read("from=1&from=2", &["from"]).is_err());
        assert!(Pairs::read("from=", &["from"]).unwrap().required("from").is_err());
    }

    #[test]
    fn a_body_is_an_object_of_known_members() {
        assert!(json_object(b"", &["a"]).unwrap().is_empty());
        assert_eq!(json_object(br#"{"a":1}"#, &["a"]).unwrap().len(), 1);
        assert!(json_object(br#"{"b":1}"#, &["a"]).is_err());
        assert!(json_object(b"[1]", &["a"]).is_err());
        assert!(json_object(b"{", &["a"]).is_err());
    }
}
