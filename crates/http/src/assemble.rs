//! From a request as data to the request that is sent: the only place where
//! secrets' values are put in, below every log and every recording.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;
use url::Url;

use crate::error::HttpError;
use crate::login::{BodyPiece, ClientKey, Escape, Login, SendToken};
use crate::request::{Auth, Method, Piece, Request};
use crate::secret::{Secret, SecretError};
use crate::vault::Values;

/// Everything but the unreserved characters of RFC 3986.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Headers that belong to the connection: they are never taken from a request.
const OWN: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What is offered in `Accept-Encoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// `gzip`.
    Gzip,
    /// `identity`: the request said so itself.
    Identity,
}

/// Builds the request that is sent; `token` is what its login obtained, if
/// it needs one.
pub(crate) fn assemble(
    request: &Request,
    values: &Values,
    token: Option<&Secret>,
) -> Result<(reqwest::Request, Offer), HttpError> {
    let mut url = request.url.clone();
    let mut headers = HeaderMap::new();
    for (name, pieces) in &request.headers {
        append(&mut headers, name, pieces, values)?;
    }
    for (name, pieces) in &request.secret_query {
        append_query(&mut url, name, &joined(pieces, values)?);
    }
    match (&request.auth, token) {
        (Auth::Login(login), Some(token)) => add_token(&login.send, token, &mut headers)?,
        (Auth::Login(_), None) => return Err(unsendable("its token was not obtained".to_owned())),
        (auth, _) => add_auth(auth, &mut headers, &mut url, values)?,
    }
    let offer = offer(&mut headers)?;
    let mut out = reqwest::Request::new(method(request.method), url);
    if let Some(body) = &request.body {
        if !headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, value("Content-Type", &body.content_type)?);
        }
        *out.body_mut() = Some(body.bytes.clone().into());
    }
    *out.headers_mut() = headers;
    Ok((out, offer))
}

/// Builds the request of a login.
pub(crate) fn assemble_login(login: &Login, values: &Values) -> Result<(reqwest::Request, Offer), HttpError> {
    let request = &login.request;
    let plain = Request {
        headers: request.headers.clone(),
        secret_query: request.secret_query.clone(),
        ..Request::new(request.method, request.url.clone())
    };
    let (mut out, offer) = assemble(&plain, values, None)?;
    if let Some(client) = &request.client {
        let mut value = value("Authorization", &client_pair(client, values)?)?;
        value.set_sensitive(true);
        out.headers_mut().insert(AUTHORIZATION, value);
    }
    if let Some(body) = &request.body {
        if !out.headers().contains_key(CONTENT_TYPE) {
            let kind = value("Content-Type", &body.content_type)?;
            out.headers_mut().insert(CONTENT_TYPE, kind);
        }
        *out.body_mut() = Some(filled(&body.pieces, values)?.as_bytes().to_vec().into());
    }
    Ok((out, offer))
}

/// A text as forms encode it.
pub(crate) fn form_encoded(text: &str) -> Zeroizing<String> {
    Zeroizing::new(url::form_urlencoded::byte_serialize(text.as_bytes()).collect())
}

/// RFC 6749 §2.3.1: both halves are form-encoded before Basic joins them.
fn client_pair(client: &ClientKey, values: &Values) -> Result<Zeroizing<String>, HttpError> {
    let secret = form_encoded(exposed(&client.secret, values)?);
    basic(&form_encoded(&client.id), &secret)
}

fn filled(pieces: &[BodyPiece], values: &Values) -> Result<Zeroizing<String>, HttpError> {
    let mut text = Zeroizing::new(String::new());
    for piece in pieces {
        match piece {
            BodyPiece::Text(literal) => text.push_str(literal),
            BodyPiece::Secret { name, escape } => {
                let secret = exposed(name, values)?;
                match escape {
                    Escape::Form => text.push_str(&form_encoded(secret)),
                    Escape::Json => {
                        let quoted = Zeroizing::new(serde_json::Value::from(secret).to_string());
                        text.push_str(&quoted[1..quoted.len() - 1]);
                    }
                }
            }
        }
    }
    Ok(text)
}

fn add_token(send: &SendToken, token: &Secret, headers: &mut HeaderMap) -> Result<(), HttpError> {
    let text = Zeroizing::new(format!("{}{}{}", send.before, token.expose_secret(), send.after));
    let mut value = value(&send.header, &text)?;
    value.set_sensitive(true);
    headers.insert(header_name(&send.header)?, value);
    Ok(())
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Options => reqwest::Method::OPTIONS,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

fn append(headers: &mut HeaderMap, name: &str, pieces: &[Piece], values: &Values) -> Result<(), HttpError> {
    let key = header_name(name)?;
    for piece in pieces {
        if let Piece::Secret(name) = piece {
            for_header(name, values)?;
        }
    }
    let mut value = value(name, &joined(pieces, values)?)?;
    value.set_sensitive(pieces.iter().any(|piece| matches!(piece, Piece::Secret(_))));
    headers.append(key, value);
    Ok(())
}

fn header_name(name: &str) -> Result<HeaderName, HttpError> {
    let key = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| unsendable(format!("`{}` is not a header name", name.escape_debug())))?;
    if OWN.contains(&key.as_str()) {
        let reason = format!("the header `{name}` belongs to the connection and cannot be set");
        return Err(unsendable(reason));
    }
    Ok(key)
}

fn value(name: &str, text: &str) -> Result<HeaderValue, HttpError> {
    let text = text.trim_matches([' ', '\t']);
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
        unsendable(format!(
            "the value of the header `{name}` holds a line end or another control character"
        ))
    })
}

fn joined(pieces: &[Piece], values: &Values) -> Result<Zeroizing<String>, HttpError> {
    let mut text = Zeroizing::new(String::new());
    for piece in pieces {
        match piece {
            Piece::Text(literal) => text.push_str(literal),
            Piece::Secret(name) => text.push_str(exposed(name, values)?),
        }
    }
    Ok(text)
}

fn exposed<'a>(name: &str, values: &'a Values) -> Result<&'a str, HttpError> {
    values
        .get(name)
        .map(|value| value.expose_secret())
        .ok_or_else(|| unsendable(format!("the secret `{name}` was not read")))
}

/// A secret that goes into a header. What is wrong with its value is a matter
/// for the person who set it.
fn for_header<'a>(name: &str, values: &'a Values) -> Result<&'a str, HttpError> {
    let text = exposed(name, values)?;
    if text.bytes().all(|byte| byte == b'\t' || !byte.is_ascii_control()) {
        return Ok(text);
    }
    let reason = "its value holds a line end or another control character, which no header can carry: keep it alone on one line where the manifest takes it from";
    Err(SecretError {
        name: name.to_owned(),
        reason: reason.to_owned(),
    }
    .into())
}

fn add_auth(auth: &Auth, headers: &mut HeaderMap, url: &mut Url, values: &Values) -> Result<(), HttpError> {
    let (name, text) = match auth {
        Auth::None | Auth::Login(_) => return Ok(()),
        Auth::Query { name, secret } => {
            append_query(url, name, exposed(secret, values)?);
            return Ok(());
        }
        Auth::Bearer { secret } => {
            let text = Zeroizing::new(format!("Bearer {}", for_header(secret, values)?));
            (AUTHORIZATION, text)
        }
        Auth::Header { name, secret } => {
            let text = Zeroizing::new(for_header(secret, values)?.to_owned());
            (header_name(name)?, text)
        }
        Auth::Basic { user, password } => (AUTHORIZATION, basic(user, exposed(password, values)?)?),
    };
    let mut value = value(name.as_str(), &text)?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

fn basic(user: &str, password: &str) -> Result<Zeroizing<String>, HttpError> {
    if user.contains(':') {
        return Err(unsendable(
            "the user name of Basic authentication holds a colon".to_owned(),
        ));
    }
    let pair = Zeroizing::new(format!("{user}:{password}"));
    let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
    Ok(Zeroizing::new(format!("Basic {}", encoded.as_str())))
}

/// A key or a value of a query pair as it is sent: all but the unreserved
/// characters of RFC 3986 encoded.
pub fn query_encoded(text: &str) -> String {
    utf8_percent_encode(text, QUERY_VALUE).to_string()
}

fn append_query(url: &mut Url, name: &str, value: &str) {
    let pair = format!("{}={}", query_encoded(name), query_encoded(value));
    let query = match url.query() {
        Some(own) if !own.is_empty() => format!("{own}&{pair}"),
        _ => pair,
    };
    url.set_query(Some(&query));
}

fn offer(headers: &mut HeaderMap) -> Result<Offer, HttpError> {
    let asked = headers.get(ACCEPT_ENCODING).map(HeaderValue::as_bytes);
    let offer = match asked {
        None | Some(b"gzip") => Offer::Gzip,
        Some(b"identity") => Offer::Identity,
        Some(_) => {
            return Err(unsendable(
                "`Accept-Encoding` can only be `gzip` or `identity`".to_owned(),
            ));
        }
    };
    if offer == Offer::Gzip {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(offer)
}

fn unsendable(reason: String) -> HttpError {
    HttpError::Request { reason }
}
