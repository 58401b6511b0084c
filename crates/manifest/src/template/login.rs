//! Logins filled in. Here alone secrets stand in bodies: as holes in the
//! leaves of a tree, which `http` fills as the place needs it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::Value;

use super::error::{RenderError, TemplateError};
use super::eval::{Context, evaluate};
use super::fields;
use super::fuel::Fuel;
use super::json::{JsonTemplate, Node};
use super::parts::{RawPart, cut};
use super::rendered::{Piece, RenderedPart};
use super::scope::{Names, Scope};
use super::text::{Part, TextTemplate, render_parts};
use super::url::UrlTemplate;
use super::uses::Uses;
use super::{header, text};
use crate::checked::{Auth, HttpEndpoint};
use crate::login::{LoginBody, LoginRequest, OAuth2, TokenLogin};

/// A login request with every template filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderedLogin {
    /// Absolute, percent-encoded, without credentials.
    pub url: url::Url,
    /// Query pairs that hold secrets: keys and values decoded, to be appended.
    pub secret_query: Vec<(String, Vec<Piece>)>,
    /// Header names as written, values checked for CR, LF and NUL.
    pub headers: Vec<(String, Vec<Piece>)>,
    /// The body.
    pub body: Option<RenderedLoginBody>,
}

/// The body of a login with every template filled in.
#[derive(Debug, Clone, PartialEq)]
pub enum RenderedLoginBody {
    /// JSON as text; a secret stands inside the quotation marks of a text.
    Json(Vec<Piece>),
    /// Decoded pairs, to be form-encoded.
    Form(Vec<(String, Vec<Piece>)>),
    /// Text.
    Text(String),
}

impl LoginRequest {
    /// Fills in every template of the login; the scope's params are not read.
    pub fn render(&self, scope: &Scope<'_>) -> Result<RenderedLogin, RenderError> {
        let fuel = Fuel::full();
        let context = Context::request(scope, &fuel);
        let rendered = self.url.render(&[], context)?;
        let mut headers = Vec::with_capacity(self.headers.len());
        for (name, template) in &self.headers {
            headers.extend(header::render(name, template, context)?.map(|pieces| (name.clone(), pieces)));
        }
        let body = match &self.body {
            None => None,
            Some(LoginBody::Json(tree)) => json_body(tree, context)?.map(RenderedLoginBody::Json),
            Some(LoginBody::Form(tree)) => Some(RenderedLoginBody::Form(form_body(tree, context)?)),
            Some(LoginBody::Text(template)) => text::plain(template, context)?.map(RenderedLoginBody::Text),
        };
        Ok(RenderedLogin {
            url: rendered.url,
            secret_query: rendered.secret_query,
            headers,
            body,
        })
    }

    fn uses(&self) -> Uses {
        let mut uses = self.url.uses().clone();
        self.headers
            .iter()
            .for_each(|(_, template)| uses.join(template.uses()));
        match &self.body {
            None => {}
            Some(LoginBody::Json(tree) | LoginBody::Form(tree)) => uses.join(tree.uses()),
            Some(LoginBody::Text(template)) => uses.join(template.uses()),
        }
        uses
    }
}

impl OAuth2 {
    /// The token URL filled in.
    pub fn render_url(&self, scope: &Scope<'_>) -> Result<url::Url, RenderError> {
        let fuel = Fuel::full();
        self.token_url
            .render(&[], Context::request(scope, &fuel))
            .map(|rendered| rendered.url)
    }

    fn uses(&self) -> Uses {
        let mut uses = self.token_url.uses().clone();
        uses.join(self.client_id.uses());
        let params = self.params.iter().map(|(_, value)| value);
        self.scopes
            .iter()
            .chain(params)
            .for_each(|template| uses.join(template.uses()));
        uses.secrets.insert(self.client_secret.clone());
        uses
    }
}

impl TokenLogin {
    fn uses(&self) -> Uses {
        let mut uses = self.request.uses();
        uses.join(self.send.before.uses());
        uses.join(self.send.after.uses());
        uses
    }
}

impl Auth {
    /// Everything that the credentials read, a login included.
    pub fn uses(&self) -> Uses {
        let mut uses = Uses::default();
        match self {
            Self::None => {}
            Self::Bearer { secret } | Self::Header { secret, .. } | Self::Query { secret, .. } => {
                uses.secrets.insert(secret.clone());
            }
            Self::Basic { user, password } => {
                uses.join(user.uses());
                uses.secrets.insert(password.clone());
            }
            Self::OAuth2(login) => uses.join(&login.uses()),
            Self::Token(login) => uses.join(&login.uses()),
        }
        uses
    }
}

impl HttpEndpoint {
    /// Its own address or that of its login, when no scheme, host and port
    /// come of it with these values of `vars`.
    pub fn unusable_address(&self, vars: &BTreeMap<String, String>) -> Option<&UrlTemplate> {
        let login = match &self.auth {
            Auth::OAuth2(login) => Some(&login.token_url),
            Auth::Token(login) => Some(&login.request.url),
            _ => None,
        };
        let mut addresses = std::iter::once(&self.url).chain(login);
        addresses.find(|address| address.origin(vars).is_err())
    }

    /// Where each secret goes: pairs of its name and of the scheme, host and
    /// port that get it. What a login needs goes to the login's origin, and so
    /// to speak to the request's too, which gets the token that it buys.
    pub fn secret_origins(
        &self,
        vars: &BTreeMap<String, String>,
    ) -> Result<BTreeSet<(String, String)>, RenderError> {
        let mut all = BTreeSet::new();
        let mut add = |uses: Uses, origin: String| {
            all.extend(uses.secrets.into_iter().map(|name| (name, origin.clone())));
        };
        add(self.request_uses(), self.url.origin(vars)?);
        add(self.auth.uses(), self.url.origin(vars)?);
        match &self.auth {
            Auth::OAuth2(login) => add(login.uses(), login.token_url.origin(vars)?),
            Auth::Token(login) => add(login.uses(), login.request.url.origin(vars)?),
            _ => {}
        }
        Ok(all)
    }
}

/// Cuts the value of a token's header at its one `{{ token }}`; both parts
/// may have slots with `vars`.
pub(crate) fn compile_send(
    text: &str,
    names: &Names<'_>,
) -> Result<(TextTemplate, TextTemplate), Vec<TemplateError>> {
    let wrong = |range: Range<usize>, message: &str| {
        vec![TemplateError {
            code: "token-place",
            range,
            message: message.into(),
            help: Some("write it as in `Token {{ token }}`; text may stand beside the slot".into()),
        }]
    };
    let parts = cut(text).map_err(|problem| vec![problem])?;
    let slots: Vec<(Range<usize>, &str)> = parts
        .into_iter()
        .filter_map(|part| match part {
            RawPart::Slot { outer, inner } => Some((outer, text[inner].trim())),
            RawPart::Text(_) => None,
        })
        .collect();
    let tokens: Vec<&Range<usize>> = slots
        .iter()
        .filter(|(_, name)| *name == "token")
        .map(|(range, _)| range)
        .collect();
    let computed = slots.iter().find(|(_, expression)| {
        *expression != "token"
            && expression
                .split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.'))
                .any(|word| word == "token")
    });
    if let Some((range, _)) = computed {
        return Err(wrong(range.clone(), "nothing is computed with the token"));
    }
    let [token] = tokens.as_slice() else {
        return Err(match tokens.get(1) {
            Some(second) => wrong((*second).clone(), "the token stands here a second time"),
            None => wrong(0..text.len(), "the token does not stand in this value"),
        });
    };
    header::check_literals(text)?;
    let before = TextTemplate::compile(&text[..token.start], names);
    let after = TextTemplate::compile(&text[token.end..], names)
        .map_err(|problems| problems.into_iter().map(|problem| problem.shifted(token.end)));
    match (before, after) {
        (Ok(before), Ok(after)) => Ok((before, after)),
        (Err(problems), Ok(_)) => Err(problems),
        (Ok(_), Err(problems)) => Err(problems.collect()),
        (Err(mut problems), Err(more)) => {
            problems.extend(more);
            Err(problems)
        }
    }
}

fn json_body(tree: &JsonTemplate, context: Context<'_>) -> Result<Option<Vec<Piece>>, RenderError> {
    let mut pieces = Vec::new();
    Ok(match json_pieces(&tree.root, context)? {
        Some(parts) => {
            parts.into_iter().for_each(|piece| push(&mut pieces, piece));
            Some(pieces)
        }
        // What absence empties goes too, except the body itself.
        None => match &tree.root {
            Node::List(_) => Some(vec![Piece::Text("[]".into())]),
            Node::Map(_) => Some(vec![Piece::Text("{}".into())]),
            Node::Fixed(_) | Node::Leaf(_) => None,
        },
    })
}

/// Joins texts, so that equal bodies are equal pieces.
fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    match (pieces.last_mut(), piece) {
        (Some(Piece::Text(before)), Piece::Text(more)) => before.push_str(&more),
        (_, piece) => pieces.push(piece),
    }
}

fn json_pieces(node: &Node, context: Context<'_>) -> Result<Option<Vec<Piece>>, RenderError> {
    let raw = |text: &str| Piece::Text(text.to_owned());
    match node {
        Node::Fixed(value) => Ok(Some(vec![Piece::Text(value.to_string())])),
        Node::Leaf(parts) => match &**parts {
            [Part::Slot(expr)] => {
                Ok(evaluate(expr, context)?.map(|value| vec![Piece::Text(value.to_string())]))
            }
            _ => Ok(render_parts(parts, context)?.map(quoted)),
        },
        Node::List(items) => {
            let mut list = Vec::new();
            for item in items {
                if let Some(pieces) = json_pieces(item, context)? {
                    list.push(raw(if list.is_empty() { "[" } else { "," }));
                    list.extend(pieces);
                }
            }
            Ok(closed(items.is_empty(), list, ["[", "]"]))
        }
        Node::Map(fields) => {
            let mut map = Vec::new();
            for (key, field) in fields {
                if let Some(pieces) = json_pieces(field, context)? {
                    map.push(raw(if map.is_empty() { "{" } else { "," }));
                    map.push(Piece::Text(format!("{}:", Value::from(key.as_str()))));
                    map.extend(pieces);
                }
            }
            Ok(closed(fields.is_empty(), map, ["{", "}"]))
        }
    }
}

/// A list or mapping with its end; one that absence emptied is absent.
fn closed(was_empty: bool, mut pieces: Vec<Piece>, [open, close]: [&str; 2]) -> Option<Vec<Piece>> {
    if pieces.is_empty() {
        return was_empty.then(|| vec![Piece::Text(format!("{open}{close}"))]);
    }
    pieces.push(Piece::Text(close.to_owned()));
    Some(pieces)
}

/// A text of JSON with holes for secrets.
fn quoted(pieces: Vec<Piece>) -> Vec<Piece> {
    let mark = || Piece::Text("\"".to_owned());
    let inner = pieces.into_iter().map(|piece| match piece {
        Piece::Text(text) => {
            let written = Value::from(text).to_string();
            Piece::Text(written[1..written.len() - 1].to_owned())
        }
        secret => secret,
    });
    std::iter::once(mark()).chain(inner).chain([mark()]).collect()
}

fn form_body(tree: &JsonTemplate, context: Context<'_>) -> Result<Vec<(String, Vec<Piece>)>, RenderError> {
    let mut form = Vec::new();
    if let Node::Map(fields) = &tree.root {
        for (key, node) in fields {
            form_pieces(key, node, context, &mut form)?;
        }
    }
    Ok(form)
}

/// As any form, and secrets as pieces.
fn form_pieces(
    key: &str,
    node: &Node,
    context: Context<'_>,
    form: &mut Vec<(String, Vec<Piece>)>,
) -> Result<(), RenderError> {
    match node {
        Node::Leaf(parts) if parts.iter().any(|part| matches!(part, Part::Secret(_))) => {
            form.extend(render_parts(parts, context)?.map(|pieces| (key.to_owned(), pieces)));
        }
        Node::List(items) => {
            for (place, item) in items.iter().enumerate() {
                let indexed = matches!(item, Node::List(_) | Node::Map(_)).then(|| format!("{key}[{place}]"));
                form_pieces(indexed.as_deref().unwrap_or(key), item, context, form)?;
            }
        }
        Node::Map(fields) => {
            for (member, field) in fields {
                form_pieces(&format!("{key}[{member}]"), field, context, form)?;
            }
        }
        plain => {
            let pairs = fields::of(key, plain, context)?.into_iter();
            form.extend(
                pairs
                    .map(RenderedPart::into_pair)
                    .map(|(key, value)| (key, vec![Piece::Text(value)])),
            );
        }
    }
    Ok(())
}
