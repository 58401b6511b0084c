//! `auth:`: which secret goes where. Values are names of secrets; which of
//! them exist is looked up when everything is read.

use super::body::BodyDecl;
use super::policy::{Pair, pairs};
use crate::checked::Method;
use crate::decl::tool::METHODS;
use crate::diagnostic::Sink;
use crate::fields::{Fields, Key, key};
use crate::node::{Entry, Kind, Node};
use crate::source::Span;
use crate::text::Text;
use crate::{quantity, read};

pub(crate) const KEYS: &[Key] = &[
    key("bearer", "The secret sent as `Authorization: Bearer …`."),
    key("header", "A header that is a secret."),
    key("query", "A query pair that is a secret."),
    key("basic", "User and password (RFC 7617)."),
    key("oauth2", "Client credentials (RFC 6749)."),
    key("token", "Any login request that yields a token."),
];

pub(crate) const NAMED_KEYS: &[Key] = &[
    key("name", "The header or the query key."),
    key("secret", "The secret's name."),
];

pub(crate) const BASIC_KEYS: &[Key] = &[
    key("user", "The user, a text template."),
    key("password", "The secret's name."),
];

pub(crate) const OAUTH2_KEYS: &[Key] = &[
    key("token_url", "Where tokens are given out."),
    key("client_id", "The client, a text template."),
    key("client_secret", "The secret's name."),
    key("scopes", "The scopes asked for, text templates."),
    key("params", "Further fields of the token request, text templates."),
    key("client", "Where the client's credentials go: basic or body."),
];

pub(crate) const TOKEN_KEYS: &[Key] = &[
    key("request", "The login request."),
    key("pick", "JMESPath of the token in the answer."),
    key("cookie", "The cookie that is the token."),
    key("ttl", "How long a token is used."),
    key("send", "The header that carries the token."),
];

pub(crate) const REQUEST_KEYS: &[Key] = &[
    key("method", "The method; POST when absent."),
    key("url", "The address."),
    key("headers", "Headers of the login request."),
    key("body", "The body of the login request."),
];

pub(crate) const SEND_KEYS: &[Key] = &[
    key("header", "The header's name."),
    key("value", "Its value, in which `token` stands for the token."),
];

/// `auth:` as written.
#[derive(Debug)]
pub(crate) struct AuthDecl<'n> {
    /// Where the kind of credentials is named.
    pub(crate) span: Span,
    pub(crate) kind: AuthKind<'n>,
}

/// The kinds of credentials.
#[derive(Debug)]
pub(crate) enum AuthKind<'n> {
    None,
    Bearer(&'n Text),
    Header {
        name: &'n Text,
        secret: &'n Text,
    },
    Query {
        name: &'n Text,
        secret: &'n Text,
    },
    Basic {
        user: &'n Text,
        password: &'n Text,
    },
    /// Understood, with no room in this build: what it names is checked.
    Later {
        kind: &'static str,
        secrets: Vec<&'n Text>,
        templates: Vec<&'n Text>,
    },
    /// Already reported.
    Invalid,
}

impl<'n> AuthDecl<'n> {
    pub(crate) fn read(node: &'n Node, owner: Span, sink: &mut Sink) -> Option<Self> {
        if let Kind::Scalar(text) = &node.kind {
            if text.as_str() == "none" {
                return Some(Self {
                    span: node.span,
                    kind: AuthKind::None,
                });
            }
            sink.error(
                "wrong-type",
                node.span,
                format!("expected a kind of credentials, found {}", node.found()),
            )
            .help(HOW);
            return Some(Self::invalid(owner));
        }
        if let Some(typed) = typed(node) {
            let kind = match &typed.value.kind {
                Kind::Scalar(text) => text.as_str(),
                _ => "",
            };
            let message = "`auth` has no `type`: the kind of credentials is the key itself";
            sink.error("unknown-key", typed.key.span(), message)
                .help(by_kind(kind));
            return Some(Self::invalid(owner));
        }
        let before = sink.errors();
        let mut fields = Fields::open(node, "`auth`", owner, &[KEYS], sink)?;
        let mut found: Vec<(Span, Option<AuthKind<'n>>)> = Vec::new();
        for (name, read_kind) in READERS {
            if let Some(entry) = fields.optional(name) {
                found.push((entry.key.span(), read_kind(entry, sink)));
            }
        }
        fields.finish(sink);
        let count = found.len();
        if count > 1 {
            sink.error(
                "wrong-value",
                found[1].0,
                "`auth` has exactly one kind of credentials",
            )
            .context(found[0].0, "the first stands here")
            .help("keep one of them");
        } else if count == 0 && sink.errors() == before {
            sink.error("wrong-value", owner, "`auth` has no kind of credentials")
                .help("one of `bearer`, `header`, `query`, `basic`, `oauth2`, `token`; or `auth: none`");
        }
        let (span, kind) = found.into_iter().next().unwrap_or((owner, None));
        Some(Self {
            span,
            kind: kind.unwrap_or(AuthKind::Invalid),
        })
    }

    /// One that is reported already.
    fn invalid(span: Span) -> Self {
        Self {
            span,
            kind: AuthKind::Invalid,
        }
    }
}

/// The two most common ways to write `auth:`.
const HOW: &str = "write `auth: { bearer: NAME }` with the name of a secret, or `auth: none`";

/// The entry `type`, which other formats have.
fn typed(node: &Node) -> Option<&Entry> {
    match &node.kind {
        Kind::Map(entries) => entries.iter().find(|entry| entry.key.as_str() == "type"),
        _ => None,
    }
}

/// How a kind of credentials is written; NAME is the name of a secret.
fn by_kind(kind: &str) -> &'static str {
    match kind.to_lowercase().as_str() {
        "header" | "apikey" | "api_key" | "api-key" => {
            "write `auth: { header: { name: X-Api-Key, secret: NAME } }` with the name of a secret"
        }
        "query" => "write `auth: { query: { name: api_key, secret: NAME } }` with the name of a secret",
        "basic" => "write `auth: { basic: { user: …, password: NAME } }` with the name of a secret",
        "oauth2" | "oauth" => {
            "write `auth: { oauth2: { token_url: https://…, client_id: …, client_secret: NAME } }` with the name of a secret"
        }
        _ => HOW,
    }
}

type Reader = for<'n> fn(&'n Entry, &mut Sink) -> Option<AuthKind<'n>>;

const READERS: &[(&str, Reader)] = &[
    ("bearer", |entry, sink| secret(entry, sink).map(AuthKind::Bearer)),
    ("header", |entry, sink| {
        named(entry, sink).map(|(name, secret)| AuthKind::Header { name, secret })
    }),
    ("query", |entry, sink| {
        named(entry, sink).map(|(name, secret)| AuthKind::Query { name, secret })
    }),
    ("basic", basic),
    ("oauth2", oauth2),
    ("token", token),
];

fn secret<'n>(entry: &'n Entry, sink: &mut Sink) -> Option<&'n Text> {
    read::text(&entry.value, "the name of a secret", sink)
}

fn named<'n>(entry: &'n Entry, sink: &mut Sink) -> Option<(&'n Text, &'n Text)> {
    let kind = entry.key.as_str();
    let what = format!("`auth.{kind}`");
    if let Some((name, secret)) = pair_alone(&entry.value) {
        let message = format!(
            "expected `name` and `secret` in {what}, found {}",
            entry.value.found()
        );
        sink.error("wrong-type", entry.value.span, message).help(format!(
            "write `{kind}: {{ name: {name}, secret: {secret} }}`; `secret` is a name under `secrets`"
        ));
        return None;
    }
    let mut fields = Fields::open(&entry.value, what, entry.key.span(), &[NAMED_KEYS], sink)?;
    let name = fields
        .required("name")
        .and_then(|entry| read::text(&entry.value, "a name", sink));
    let secret = fields.required("secret").and_then(|entry| secret(entry, sink));
    fields.finish(sink);
    name.zip(secret)
}

/// `X-Api-Key` or `{ X-Api-Key: SHOP_KEY }` in place of `name` and `secret`.
fn pair_alone(node: &Node) -> Option<(&str, &str)> {
    match &node.kind {
        Kind::Scalar(text) if !text.as_str().is_empty() => Some((text.as_str(), "NAME")),
        Kind::Map(entries) => match entries.as_slice() {
            [only] if NAMED_KEYS.iter().all(|key| key.name != only.key.as_str()) => {
                let secret = match &only.value.kind {
                    // What does not look like a name may be the secret itself.
                    Kind::Scalar(text) if is_name(text.as_str()) => text.as_str(),
                    _ => "NAME",
                };
                Some((only.key.as_str(), secret))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether a text is written as names of secrets mostly are: it can be shown.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.len() <= 64
        && text
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn basic<'n>(entry: &'n Entry, sink: &mut Sink) -> Option<AuthKind<'n>> {
    let mut fields = Fields::open(
        &entry.value,
        "`auth.basic`",
        entry.key.span(),
        &[BASIC_KEYS],
        sink,
    )?;
    let user = fields
        .required("user")
        .and_then(|entry| read::written(&entry.value, "a user", sink));
    let password = fields.required("password").and_then(|entry| secret(entry, sink));
    fields.finish(sink);
    user.zip(password)
        .map(|(user, password)| AuthKind::Basic { user, password })
}

fn oauth2<'n>(entry: &'n Entry, sink: &mut Sink) -> Option<AuthKind<'n>> {
    let mut fields = Fields::open(
        &entry.value,
        "`auth.oauth2`",
        entry.key.span(),
        &[OAUTH2_KEYS],
        sink,
    )?;
    let mut templates = Vec::new();
    let mut secrets = Vec::new();
    templates.extend(
        fields
            .required("token_url")
            .and_then(|entry| read::text(&entry.value, "a URL", sink)),
    );
    templates.extend(
        fields
            .required("client_id")
            .and_then(|entry| read::written(&entry.value, "a client id", sink)),
    );
    secrets.extend(
        fields
            .required("client_secret")
            .and_then(|entry| secret(entry, sink)),
    );
    if let Some(entry) = fields.optional("scopes") {
        match &entry.value.kind {
            Kind::Scalar(_) => templates.extend(read::text(&entry.value, "a scope", sink)),
            _ => templates.extend(
                read::texts(&entry.value, "a list of scopes", "a scope", sink)
                    .into_iter()
                    .flatten(),
            ),
        }
    }
    templates.extend(
        pairs(fields.optional("params"), "fields", sink)
            .into_iter()
            .map(|(_, value)| value),
    );
    if let Some(entry) = fields.optional("client") {
        read::word(
            &entry.value,
            "where the client's credentials go",
            &[("basic", ()), ("body", ())],
            sink,
        );
    }
    fields.finish(sink);
    Some(AuthKind::Later {
        kind: "oauth2",
        secrets,
        templates,
    })
}

fn token<'n>(entry: &'n Entry, sink: &mut Sink) -> Option<AuthKind<'n>> {
    let mut fields = Fields::open(
        &entry.value,
        "`auth.token`",
        entry.key.span(),
        &[TOKEN_KEYS],
        sink,
    )?;
    let mut templates = Vec::new();
    if let Some(entry) = fields.required("request") {
        request(entry, &mut templates, sink);
    }
    let pick = fields.optional("pick");
    let cookie = fields.optional("cookie");
    for place in [pick, cookie].into_iter().flatten() {
        read::text(&place.value, "a text", sink);
    }
    if pick.is_some() == cookie.is_some() {
        sink.error(
            "wrong-value",
            entry.key.span(),
            "`auth.token` has exactly one of `pick` and `cookie`",
        )
        .help("`pick: access_token` takes it from the JSON answer, `cookie: session` from a cookie");
    }
    if let Some(entry) = fields.optional("ttl") {
        quantity::duration(&entry.value, sink);
    }
    if let Some(entry) = fields.optional("send")
        && let Some(mut send) = Fields::open(
            &entry.value,
            "`auth.token.send`",
            entry.key.span(),
            &[SEND_KEYS],
            sink,
        )
    {
        for name in ["header", "value"] {
            send.required(name)
                .and_then(|entry| read::text(&entry.value, "a text", sink));
        }
        send.finish(sink);
    }
    fields.finish(sink);
    Some(AuthKind::Later {
        kind: "token",
        secrets: Vec::new(),
        templates,
    })
}

fn request<'n>(entry: &'n Entry, templates: &mut Vec<&'n Text>, sink: &mut Sink) {
    let what = "`auth.token.request`";
    let Some(mut fields) = Fields::open(&entry.value, what, entry.key.span(), &[REQUEST_KEYS], sink) else {
        return;
    };
    let method = fields
        .optional("method")
        .and_then(|entry| read::word::<Method>(&entry.value, "a method", METHODS, sink));
    let _ = method;
    templates.extend(
        fields
            .required("url")
            .and_then(|entry| read::text(&entry.value, "a URL", sink)),
    );
    let headers: Vec<Pair<'n>> = pairs(fields.optional("headers"), "headers", sink);
    templates.extend(headers.into_iter().map(|(_, value)| value));
    if let Some(entry) = fields.optional("body") {
        let _ = BodyDecl::read(entry, sink);
    }
    fields.finish(sink);
}
