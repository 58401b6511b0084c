//! `auth.oauth2` and `auth.token` become a login as the client makes it.
//! Nothing is sent here and no secret is read.

use toolrun_http::{
    BodyPiece, ClientKey, Escape, Login, LoginBody, LoginRequest, Method, Picker, SendToken, TokenAt,
};
use toolrun_manifest::{
    ClientPlace, OAuth2, Piece, RenderError, RenderedLoginBody, Scope, TextTemplate, TokenLogin, TokenPlace,
};
use url::form_urlencoded::byte_serialize;

use crate::tools::http::{method, named_pieces};

const FORM: &str = "application/x-www-form-urlencoded";

/// RFC 6749 §4.4: the client's own credentials for a token.
pub(crate) fn oauth2(auth: &OAuth2, scope: &Scope<'_>) -> Result<Login, RenderError> {
    let id = text(&auth.client_id, scope)?.unwrap_or_default();
    let mut form = Form::default();
    form.field("grant_type", &[Piece::Text("client_credentials".to_owned())]);
    let mut scopes = Vec::new();
    for template in &auth.scopes {
        scopes.extend(text(template, scope)?);
    }
    if !scopes.is_empty() {
        form.field("scope", &[Piece::Text(scopes.join(" "))]);
    }
    for (name, template) in &auth.params {
        if let Some(value) = text(template, scope)? {
            form.field(name, &[Piece::Text(value)]);
        }
    }
    let client = match auth.client {
        ClientPlace::Basic => Some(ClientKey {
            id,
            secret: auth.client_secret.clone(),
        }),
        ClientPlace::Body => {
            form.field("client_id", &[Piece::Text(id)]);
            form.field("client_secret", &[Piece::Secret(auth.client_secret.clone())]);
            None
        }
    };
    Ok(Login {
        request: LoginRequest {
            method: Method::Post,
            url: auth.render_url(scope)?,
            // Some servers answer in a form of their own unless asked.
            headers: vec![accept_json()],
            secret_query: Vec::new(),
            client,
            body: Some(form.into_body()),
        },
        token: TokenAt::OAuth2,
        send: SendToken {
            header: "Authorization".to_owned(),
            before: "Bearer ".to_owned(),
            after: String::new(),
        },
    })
}

/// Any other login.
pub(crate) fn token(auth: &TokenLogin, scope: &Scope<'_>) -> Result<Login, RenderError> {
    let rendered = auth.request.render(scope)?;
    let mut headers = named_pieces(rendered.headers);
    let wants_json = matches!(auth.place, TokenPlace::Pick(_));
    if wants_json
        && !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("accept"))
    {
        headers.push(accept_json());
    }
    let send = SendToken {
        header: auth.send.header.clone(),
        before: text(&auth.send.before, scope)?.unwrap_or_default(),
        after: text(&auth.send.after, scope)?.unwrap_or_default(),
    };
    Ok(Login {
        request: LoginRequest {
            method: method(auth.request.method),
            url: rendered.url,
            headers,
            secret_query: named_pieces(rendered.secret_query),
            client: None,
            body: rendered.body.map(body),
        },
        token: match &auth.place {
            TokenPlace::Pick(pick) => {
                let evaluated = pick.clone();
                let take = move |body: &_| evaluated.apply(body).map_err(|error| error.to_string());
                TokenAt::Picked {
                    pick: Picker::new(pick.text(), take),
                    ttl: auth.ttl,
                }
            }
            TokenPlace::Cookie(name) => TokenAt::Cookie {
                name: name.clone(),
                ttl: auth.ttl,
            },
        },
        send,
    })
}

fn accept_json() -> (String, Vec<toolrun_http::Piece>) {
    let json = toolrun_http::Piece::Text("application/json".to_owned());
    ("Accept".to_owned(), vec![json])
}

/// The text of a template in which no secret stands; `None` when absent.
fn text(template: &TextTemplate, scope: &Scope<'_>) -> Result<Option<String>, RenderError> {
    let rendered = template.render(scope)?;
    Ok(rendered.map(|pieces| {
        let texts = pieces.into_iter().map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Secret(_) => String::new(),
        });
        texts.collect()
    }))
}

fn body(rendered: RenderedLoginBody) -> LoginBody {
    match rendered {
        RenderedLoginBody::Json(pieces) => LoginBody {
            content_type: "application/json".to_owned(),
            pieces: pieces
                .into_iter()
                .map(|piece| match piece {
                    Piece::Text(text) => BodyPiece::Text(text),
                    Piece::Secret(name) => BodyPiece::Secret {
                        name,
                        escape: Escape::Json,
                    },
                })
                .collect(),
        },
        RenderedLoginBody::Form(pairs) => {
            let mut form = Form::default();
            pairs.iter().for_each(|(name, value)| form.field(name, value));
            form.into_body()
        }
        RenderedLoginBody::Text(text) => LoginBody {
            content_type: "text/plain; charset=utf-8".to_owned(),
            pieces: vec![BodyPiece::Text(text)],
        },
    }
}

/// A form in which secrets are still names.
#[derive(Default)]
struct Form {
    pieces: Vec<BodyPiece>,
}

impl Form {
    fn field(&mut self, name: &str, value: &[Piece]) {
        let mut start: String = byte_serialize(name.as_bytes()).collect();
        start.push('=');
        if !self.pieces.is_empty() {
            start.insert(0, '&');
        }
        self.text(start);
        for piece in value {
            match piece {
                Piece::Text(text) => self.text(byte_serialize(text.as_bytes()).collect()),
                Piece::Secret(name) => self.pieces.push(BodyPiece::Secret {
                    name: name.clone(),
                    escape: Escape::Form,
                }),
            }
        }
    }

    fn text(&mut self, more: String) {
        match self.pieces.last_mut() {
            Some(BodyPiece::Text(before)) => before.push_str(&more),
            _ => self.pieces.push(BodyPiece::Text(more)),
        }
    }

    fn into_body(self) -> LoginBody {
        LoginBody {
            content_type: FORM.to_owned(),
            pieces: self.pieces,
        }
    }
}
