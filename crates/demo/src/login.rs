//! Two ways to get a token for the key: client credentials of OAuth 2.0 (RFC 6749 §4.4), and a login that opens a
//! session. Either token opens every route that the key opens, until the service ends.
//!
//! The tokens can be guessed: like the key, they guard fictional data on a loopback address.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, SET_COOKIE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::problem::Problem;
use crate::query::json_object;
use crate::routes::Service;
use crate::shop::http::read;

/// The `client_id` that the service knows; its secret is the key.
pub const CLIENT: &str = "demo-client";

/// The user that the service knows; the password is the key.
pub const USER: &str = "demo";

/// How long a token is said to live, in seconds.
const LIFE: u32 = 300;

/// `POST /v1/oauth/token`: a form with `grant_type=client_credentials`; the client in Basic or in the form.
pub(crate) async fn token(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = read(body)?;
    let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let field = |name: &str| {
        form.iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    };
    let client = basic(&headers).or_else(|| field("client_id").zip(field("client_secret")));
    match client {
        Some((id, secret)) if id == CLIENT && service.gate.is_key(&secret) => {}
        Some((id, _)) if id != CLIENT => return Ok(refused("invalid_client", "there is no such client")),
        Some(_) => return Ok(refused("invalid_client", "the client's secret is not valid")),
        None => {
            return Ok(refused(
                "invalid_client",
                "the client's id and secret are missing",
            ));
        }
    }
    if field("grant_type").as_deref() != Some("client_credentials") {
        let words = "only `client_credentials` is given tokens for";
        return Ok(refused("unsupported_grant_type", words));
    }
    let granted = json!({
        "access_token": service.gate.grant(), "token_type": "Bearer", "expires_in": LIFE,
        "scope": field("scope").unwrap_or_default(),
    });
    let kept = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((kept, Json(granted)).into_response())
}

/// `POST /v1/login`: a JSON body with `user` and `password`; answers with a cookie.
pub(crate) async fn log_in(
    State(service): State<Arc<Service>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = json_object(&read(body)?, &["user", "password"])?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("user") != USER || !service.gate.is_key(text("password")) {
        let message = "the user or the password is not valid";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", message));
    }
    let cookie = format!("session={}; Path=/; HttpOnly", service.gate.grant());
    let mut response = Json(json!({ "user": USER })).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The client of the `Authorization` header, both halves form-decoded (RFC 6749 §2.3.1).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, pair) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(pair.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((decoded(id), decoded(secret)))
}

fn decoded(text: &str) -> String {
    let pair = format!("x={text}");
    form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// An error as RFC 6749 §5.2 has it.
fn refused(code: &str, words: &str) -> Response {
    let status = match code {
        "invalid_client" => StatusCode::UNAUTHORIZED,
        _ => StatusCode::BAD_REQUEST,
    };
    let how = [(WWW_AUTHENTICATE, HeaderValue::from_static("Basic"))];
    let body = json!({ "error": code, "error_description": words });
    (status, how, Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_is_read_from_basic_with_both_halves_decoded() {
        #[track_caller]
        fn case(header: &str, expected: Option<(&str, &str)>) {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, header.parse().unwrap());
            let expected = expected.map(|(id, secret)| (id.to_owned(), secret.to_owned()));
            assert_eq!(basic(&headers), expected, "{header}");
        }
        let pair = |text: &str| format!("Basic {}", STANDARD.encode(text));
        case(&pair("me:pw"), Some(("me", "pw")));
        case(&pair("a+b%3A:%26+c"), Some(("a b:", "& c")));
        case(&pair("no colon"), None);
        case("Basic ***", None);
        case("Bearer bWU6cHc=", None);
    }
}
