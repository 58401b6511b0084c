//! Arguments and a tool become a request. Nothing is sent here.

use jiff::Timestamp;
use std::collections::BTreeMap;
use toolrun_http::{Auth, Body, Method, Piece, Repeat, Request};
use toolrun_manifest::{self as manifest, RenderError, RenderedBody, Scope};
use toolrun_validator::Args;

use crate::tools::HttpTool;

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

/// Renders a call's request.
pub(crate) fn request(tool: &HttpTool, scope: &Scope<'_>) -> Result<Request, RenderError> {
    let endpoint = tool.endpoint();
    let rendered = endpoint.render(scope)?;
    let auth = auth(&endpoint.auth, scope)?;
    let mut headers: Vec<_> = rendered
        .headers
        .into_iter()
        .map(|(name, value)| (name, pieces(value)))
        .collect();
    let body = rendered.body.map(|rendered| body(rendered, &mut headers));
    Ok(Request {
        method: method(endpoint.method),
        url: rendered.url,
        headers,
        secret_query: rendered
            .secret_query
            .into_iter()
            .map(|(key, value)| (key, pieces(value)))
            .collect(),
        auth,
        body,
        repeat: if tool.tool.idempotent {
            Repeat::Safe
        } else {
            Repeat::Unsafe
        },
    })
}

/// The body as bytes. A `Content-Type` of the author's wins and moves from
/// the headers to the body, so that it is sent once.
fn body(rendered: RenderedBody, headers: &mut Vec<(String, Vec<Piece>)>) -> Body {
    let (content_type, bytes) = match rendered {
        RenderedBody::Json(value) => ("application/json", value.to_string().into_bytes()),
        RenderedBody::Form(pairs) => {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(pairs);
            ("application/x-www-form-urlencoded", form.finish().into_bytes())
        }
        RenderedBody::Text(text) => ("text/plain; charset=utf-8", text.into_bytes()),
    };
    let own = headers
        .iter()
        .position(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let own = own.and_then(|index| match headers[index].1.as_slice() {
        [Piece::Text(text)] => Some((index, text.clone())),
        _ => None,
    });
    let content_type = match own {
        Some((index, text)) => {
            headers.remove(index);
            text
        }
        None => content_type.to_owned(),
    };
    Body { content_type, bytes }
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
        manifest::Auth::Unsupported { kind } => {
            return Err(RenderError {
                rule: "not-in-this-build",
                param: None,
                message: format!("`auth: {kind}` is not in this build"),
            });
        }
    })
}

/// A user name is text: secrets cannot stand in it.
fn text(piece: &manifest::Piece) -> &str {
    match piece {
        manifest::Piece::Text(text) => text,
        manifest::Piece::Secret(_) => "",
    }
}

fn pieces(pieces: Vec<manifest::Piece>) -> Vec<Piece> {
    let one = |piece| match piece {
        manifest::Piece::Text(text) => Piece::Text(text),
        manifest::Piece::Secret(name) => Piece::Secret(name),
    };
    pieces.into_iter().map(one).collect()
}

fn method(method: manifest::Method) -> Method {
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
