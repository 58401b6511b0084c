//! Arguments and a tool become a request. Nothing is sent here.

use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use toolrun_http::{Auth, Body, Method, Piece, Repeat, Request};
use toolrun_manifest::{self as manifest, RenderError, RenderedBody, Scope};
use toolrun_validator::Args;

use crate::contents::Contents;
use crate::engine::Rejection;
use crate::files::Files;
use crate::tools::attach::{Attached, Attaching};
use crate::tools::{HttpTool, login, multipart};

/// The media type of a text.
const TEXT: &str = "text/plain; charset=utf-8";

/// What a call is rendered with besides its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    /// `call.id`.
    pub(crate) call_id: String,
    /// `now`.
    pub(crate) now: Timestamp,
}

/// The values that templates of one call see.
pub(crate) fn scope<'a>(args: &'a Args, vars: &'a BTreeMap<String, String>, moment: &'a Moment) -> Scope<'a> {
    Scope {
        params: args.as_map(),
        vars,
        call_id: &moment.call_id,
        now: moment.now,
    }
}

/// Renders a call's request, and says what its body holds. Its files are read
/// here and no more.
pub(crate) fn request(
    tool: &HttpTool,
    scope: &Scope<'_>,
    folder: Option<&dyn Files>,
) -> Result<(Request, Contents), Rejection> {
    let endpoint = tool.endpoint();
    let rendered = endpoint.render(scope).map_err(Rejection::Request)?;
    let auth = auth(&endpoint.auth, scope).map_err(Rejection::Request)?;
    let mut headers = named_pieces(rendered.headers);
    let (body, contents) = match rendered.body {
        None => (None, Contents::Plain),
        Some(rendered) => {
            let mut files = Attaching::new(folder);
            let (body, contents) = body(rendered, scope.call_id, &mut headers, &mut files)?;
            (Some(body), contents)
        }
    };
    let request = Request {
        method: method(endpoint.method),
        url: rendered.url,
        headers,
        secret_query: named_pieces(rendered.secret_query),
        auth,
        body,
        repeat: if tool.tool.idempotent {
            Repeat::Safe
        } else {
            Repeat::Unsafe
        },
    };
    Ok((request, contents))
}

/// The body as bytes, and what it holds. A `Content-Type` of the author's wins
/// and moves from the headers to the body, so that it is sent once; but that
/// of a multipart body is its own, since the boundary stands in it.
fn body(
    rendered: RenderedBody,
    call_id: &str,
    headers: &mut Vec<(String, Vec<Piece>)>,
    files: &mut Attaching<'_>,
) -> Result<(Body, Contents), Rejection> {
    let mut contents = Contents::Plain;
    let (content_type, bytes) = match rendered {
        RenderedBody::Json(value) => ("application/json", value.to_string().into_bytes()),
        RenderedBody::Form(pairs) => {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(pairs);
            ("application/x-www-form-urlencoded", form.finish().into_bytes())
        }
        RenderedBody::Text(text) => (TEXT, text.into_bytes()),
        RenderedBody::File(file) => {
            let Attached { sent, bytes, .. } = files.read(&file)?;
            let known = std::str::from_utf8(&bytes).is_ok();
            contents = Contents::File(sent);
            (if known { TEXT } else { "text/plain" }, bytes)
        }
        RenderedBody::Multipart(parts) => {
            let encoded = multipart::encode(parts, call_id, files)?;
            headers.retain(|(name, _)| !is_content_type(name));
            let (content_type, bytes) = (encoded.content_type, encoded.bytes);
            return Ok((Body { content_type, bytes }, Contents::Parts(encoded.parts)));
        }
    };
    let content_type = written_type(headers).unwrap_or_else(|| content_type.to_owned());
    if let Contents::File(sent) = &mut contents {
        sent.media_type.clone_from(&content_type);
    }
    Ok((Body { content_type, bytes }, contents))
}

/// Takes the author's `Content-Type` out of the headers, if it is text.
fn written_type(headers: &mut Vec<(String, Vec<Piece>)>) -> Option<String> {
    let index = headers.iter().position(|(name, _)| is_content_type(name))?;
    let [Piece::Text(text)] = headers[index].1.as_slice() else {
        return None;
    };
    let text = text.clone();
    headers.remove(index);
    Some(text)
}

fn is_content_type(name: &str) -> bool {
    name.eq_ignore_ascii_case("content-type")
}

fn auth(auth: &manifest::Auth, scope: &Scope<'_>) -> Result<Auth, RenderError> {
    Ok(match auth {
        manifest::Auth::None => Auth::None,
        manifest::Auth::Bearer { secret } => Auth::Bearer {
            secret: secret.clone(),
        },
        manifest::Auth::Header { name, secret } => Auth::Header {
            name: name.clone(),
            secret: secret.clone(),
        },
        manifest::Auth::Query { name, secret } => Auth::Query {
            name: name.clone(),
            secret: secret.clone(),
        },
        manifest::Auth::Basic { user, password } => {
            let user = user.render(scope)?.unwrap_or_default();
            Auth::Basic {
                user: user.iter().map(text).collect(),
                password: password.clone(),
            }
        }
        manifest::Auth::OAuth2(auth) => Auth::Login(Arc::new(login::oauth2(auth, scope)?)),
        manifest::Auth::Token(auth) => Auth::Login(Arc::new(login::token(auth, scope)?)),
    })
}

/// A user name is text: secrets cannot stand in it.
fn text(piece: &manifest::Piece) -> &str {
    match piece {
        manifest::Piece::Text(text) => text,
        manifest::Piece::Secret(_) => "",
    }
}

/// Headers or pairs of a query as the client has them.
pub(crate) fn named_pieces(all: Vec<(String, Vec<manifest::Piece>)>) -> Vec<(String, Vec<Piece>)> {
    let one = |(name, value)| (name, pieces(value));
    all.into_iter().map(one).collect()
}

/// Pieces as the client has them.
pub(crate) fn pieces(pieces: Vec<manifest::Piece>) -> Vec<Piece> {
    let one = |piece| match piece {
        manifest::Piece::Text(text) => Piece::Text(text),
        manifest::Piece::Secret(name) => Piece::Secret(name),
    };
    pieces.into_iter().map(one).collect()
}

/// A method as the client has it.
pub(crate) fn method(method: manifest::Method) -> Method {
    match method {
        manifest::Method::Get => Method::Get,
        manifest::Method::Head => Method::Head,
        manifest::Method::Options => Method::Options,
        manifest::Method::Post => Method::Post,
        manifest::Method::Put => Method::Put,
        manifest::Method::Patch => Method::Patch,
        manifest::Method::Delete => Method::Delete,
    }
}
