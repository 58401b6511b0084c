//! `auth:`: which secret goes where. Values are names of secrets; which of
//! them exist is looked up when everything is read.

use super::login::{self, OAuth2Decl, TokenDecl};
use crate::diagnostic::Sink;
use crate::fields::{Fields, Key, key};
use crate::node::{Entry, Kind, Node};
use crate::read;
use crate::shape::{Form, Names, Place, Rule, Section, Shape};
use crate::source::Span;
use crate::text::Text;

pub(crate) const KEYS: &[Key] = &[
    key("bearer", "The secret sent as `Authorization: Bearer …`.").is(SECRET),
    key("header", "A header that is a secret.").is(Shape::Keys(|| &NAMED)),
    key("query", "A query pair that is a secret.").is(Shape::Keys(|| &NAMED)),
    key("basic", "User and password (RFC 7617).").is(Shape::Keys(|| &BASIC)),
    key("oauth2", "Client credentials (RFC 6749).").is(Shape::Keys(|| &login::OAUTH2)),
    key("token", "Any login request that yields a token.").is(Shape::Keys(|| &login::TOKEN)),
];

pub(crate) const NAMED_KEYS: &[Key] = &[
    key("name", "The header or the query key.")
        .is(Shape::Text(Form::WireName))
        .required(),
    key("secret", "The secret's name.").is(SECRET).required(),
];

pub(crate) const BASIC_KEYS: &[Key] = &[
    key("user", "The user, a text template.")
        .is(Shape::Written(Form::Template(Place::Origin)))
        .required(),
    key("password", "The secret's name.").is(SECRET).required(),
];

/// `auth`: a kind of credentials, or none.
pub(crate) const SHAPE: Shape = Shape::Either(&[Shape::Word(|| vec!["none"]), Shape::Keys(|| &SECTION)]);

/// The name of a secret.
pub(crate) const SECRET: Shape = Shape::Text(Form::Name(Names::Secret));

/// `auth` with credentials.
pub(crate) static SECTION: Section = Section {
    name: "auth",
    place: "auth",
    tables: &[KEYS],
    without: &[],
    rules: &[Rule::One(&[
        "bearer", "header", "query", "basic", "oauth2", "token",
    ])],
};

/// `auth.header` and `auth.query`.
pub(crate) static NAMED: Section = Section {
    name: "auth.named",
    place: "auth.header, auth.query",
    tables: &[NAMED_KEYS],
    without: &[],
    rules: &[],
};

/// `auth.basic`.
pub(crate) static BASIC: Section = Section {
    name: "auth.basic",
    place: "auth.basic",
    tables: &[BASIC_KEYS],
    without: &[],
    rules: &[],
};

/// `auth:` as written.
#[derive(Debug)]
pub(crate) struct AuthDecl<'n> {
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
    OAuth2(Box<OAuth2Decl<'n>>),
    Token(Box<TokenDecl<'n>>),
    /// Already reported.
    Invalid,
}

impl<'n> AuthDecl<'n> {
    pub(crate) fn read(node: &'n Node, owner: Span, sink: &mut Sink) -> Option<Self> {
        if let Kind::Scalar(text) = &node.kind {
            if text.as_str() == "none" {
                return Some(Self { kind: AuthKind::None });
            }
            sink.error(
                "wrong-type",
                node.span,
                format!("expected a kind of credentials, found {}", node.found()),
            )
            .help(HOW);
            return Some(Self::INVALID);
        }
        if let Some(typed) = typed(node) {
            let kind = match &typed.value.kind {
                Kind::Scalar(text) => text.as_str(),
                _ => "",
            };
            let message = "`auth` has no `type`: the kind of credentials is the key itself";
            sink.error("unknown-key", typed.key.span(), message)
                .help(by_kind(kind));
            return Some(Self::INVALID);
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
        found.sort_by_key(|(span, _)| *span);
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
        let first = found.into_iter().next().and_then(|(_, kind)| kind);
        Some(Self {
            kind: first.unwrap_or(AuthKind::Invalid),
        })
    }

    /// One that is reported already.
    const INVALID: Self = Self {
        kind: AuthKind::Invalid,
    };
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
    ("oauth2", |entry, sink| {
        let decl = OAuth2Decl::read(entry, sink)?;
        Some(AuthKind::OAuth2(Box::new(decl)))
    }),
    ("token", |entry, sink| {
        let decl = TokenDecl::read(entry, sink)?;
        Some(AuthKind::Token(Box::new(decl)))
    }),
];

/// The name of a secret.
pub(crate) fn secret<'n>(entry: &'n Entry, sink: &mut Sink) -> Option<&'n Text> {
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
