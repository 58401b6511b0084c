//! `auth.oauth2` and `auth.token`: logins as written.

use std::time::Duration;

use super::auth::{SECRET, secret};
use super::body::{self, BodyDecl};
use super::policy::{Pair, pairs};
use super::tool::METHODS;
use crate::checked::Method;
use crate::diagnostic::Sink;
use crate::fields::{Fields, Key, key};
use crate::login::ClientPlace;
use crate::node::{Entry, Kind};
use crate::read::Spanned;
use crate::shape::{self, Form, Naming, Place, Rule, Section, Shape, Unit};
use crate::source::Span;
use crate::text::Text;
use crate::{quantity, read};

pub(crate) const OAUTH2_KEYS: &[Key] = &[
    key("token_url", "Where tokens are given out.")
        .is(Shape::Text(Form::Url(Place::Origin)))
        .required(),
    key("client_id", "The client, a text template.")
        .is(Shape::Written(Form::Template(Place::Origin)))
        .required(),
    key("client_secret", "The secret's name.").is(SECRET).required(),
    key("scopes", "The scopes asked for, text templates.").is(Shape::Either(&[SCOPE, Shape::List(&SCOPE)])),
    key("params", "Further fields of the token request, text templates.").is(Shape::Named(
        Naming::Data,
        &Shape::Written(Form::Template(Place::Origin)),
    )),
    key(
        "client",
        "Where the client's credentials go: basic (the header, when absent) or body.",
    )
    .is(Shape::Word(|| shape::words(CLIENT_PLACES)))
    .absent("basic"),
];

pub(crate) const TOKEN_KEYS: &[Key] = &[
    key("request", "The login request.")
        .is(Shape::Keys(|| &REQUEST))
        .required(),
    key("pick", "JMESPath of the token in the answer.").is(Shape::Text(Form::Pick)),
    key("cookie", "The cookie that is the token.").is(Shape::Text(Form::WireName)),
    key("ttl", "How long a token is used; until a 401 when absent.").is(Shape::Quantity(Unit::Duration)),
    key(
        "send",
        "The header that carries the token; Authorization: Bearer, or Cookie, when absent.",
    )
    .is(Shape::Keys(|| &SEND)),
];

pub(crate) const REQUEST_KEYS: &[Key] = &[
    key("method", "The method; POST when absent.")
        .is(Shape::Word(|| shape::words(METHODS)))
        .absent("POST"),
    key("url", "The address.")
        .is(Shape::Text(Form::Template(Place::Login)))
        .required(),
    key("headers", "Headers of the login request.").is(Shape::Named(
        Naming::Data,
        &Shape::Written(Form::Url(Place::Login)),
    )),
    key("body", "The body of the login request; secrets may stand in it.").is(Shape::Keys(|| &BODY)),
];

pub(crate) const SEND_KEYS: &[Key] = &[
    key("header", "The header's name.")
        .is(Shape::Text(Form::WireName))
        .required(),
    key("value", "Its value, in which `token` stands for the token.")
        .is(Shape::Text(Form::Template(Place::Token)))
        .required(),
];

/// Where the client's credentials go.
const CLIENT_PLACES: &[(&str, ClientPlace)] = &[("basic", ClientPlace::Basic), ("body", ClientPlace::Body)];
/// A scope.
const SCOPE: Shape = Shape::Text(Form::Template(Place::Origin));

/// `auth.oauth2`.
pub(crate) static OAUTH2: Section = Section {
    name: "auth.oauth2",
    place: "auth.oauth2",
    tables: &[OAUTH2_KEYS],
    without: &[],
    rules: &[],
};

/// `auth.token`.
pub(crate) static TOKEN: Section = Section {
    name: "auth.token",
    place: "auth.token",
    tables: &[TOKEN_KEYS],
    without: &[],
    rules: &[Rule::One(&["pick", "cookie"])],
};

/// `auth.token.request`.
pub(crate) static REQUEST: Section = Section {
    name: "auth.token.request",
    place: "auth.token.request",
    tables: &[REQUEST_KEYS],
    without: &[],
    rules: &[],
};

/// The body of a login, which sends no files.
pub(crate) static BODY: Section = Section {
    name: "auth.token.request.body",
    place: "auth.token.request.body",
    tables: &[body::KEYS],
    without: &["multipart"],
    rules: &[Rule::One(&["json", "form", "text"])],
};

/// `auth.token.send`.
pub(crate) static SEND: Section = Section {
    name: "auth.token.send",
    place: "auth.token.send",
    tables: &[SEND_KEYS],
    without: &[],
    rules: &[],
};

/// `oauth2:` as written.
#[derive(Debug)]
pub(crate) struct OAuth2Decl<'n> {
    pub(crate) token_url: &'n Text,
    pub(crate) client_id: &'n Text,
    pub(crate) client_secret: &'n Text,
    pub(crate) scopes: Vec<&'n Text>,
    pub(crate) params: Vec<Pair<'n>>,
    pub(crate) client: ClientPlace,
}

/// `token:` as written.
#[derive(Debug)]
pub(crate) struct TokenDecl<'n> {
    pub(crate) request: RequestDecl<'n>,
    pub(crate) place: PlaceDecl<'n>,
    pub(crate) ttl: Option<Duration>,
    /// The header's name and value.
    pub(crate) send: Option<(&'n Text, &'n Text)>,
}

/// `token.request:` as written.
#[derive(Debug)]
pub(crate) struct RequestDecl<'n> {
    pub(crate) method: Option<Spanned<Method>>,
    pub(crate) url: &'n Text,
    pub(crate) headers: Vec<Pair<'n>>,
    pub(crate) body: Option<BodyDecl<'n>>,
}

/// Where the token stands in the answer.
#[derive(Debug)]
pub(crate) enum PlaceDecl<'n> {
    Pick(&'n Text),
    Cookie(&'n Text),
}

impl<'n> OAuth2Decl<'n> {
    pub(crate) fn read(entry: &'n Entry, sink: &mut Sink) -> Option<Self> {
        let before = sink.errors();
        let owner = entry.key.span();
        let mut fields = Fields::open(&entry.value, "`auth.oauth2`", owner, &[OAUTH2_KEYS], sink)?;
        let token_url = fields
            .required("token_url")
            .and_then(|entry| read::text(&entry.value, "a URL", sink));
        let client_id = fields
            .required("client_id")
            .and_then(|entry| read::written(&entry.value, "a client id", sink));
        let client_secret = fields
            .required("client_secret")
            .and_then(|entry| secret(entry, sink));
        let scopes = fields.optional("scopes").map(|entry| scopes(entry, sink));
        let params = pairs(fields.optional("params"), "fields", sink);
        let client = fields.optional("client").and_then(|entry| {
            read::word(
                &entry.value,
                "where the client's credentials go",
                CLIENT_PLACES,
                sink,
            )
        });
        fields.finish(sink);
        let read = Self {
            token_url: token_url?,
            client_id: client_id?,
            client_secret: client_secret?,
            scopes: scopes.unwrap_or_default(),
            params,
            client: client.unwrap_or(ClientPlace::Basic),
        };
        (sink.errors() == before).then_some(read)
    }
}

fn scopes<'n>(entry: &'n Entry, sink: &mut Sink) -> Vec<&'n Text> {
    match &entry.value.kind {
        Kind::Scalar(_) => read::text(&entry.value, "a scope", sink).into_iter().collect(),
        _ => read::texts(&entry.value, "a list of scopes", "a scope", sink).unwrap_or_default(),
    }
}

impl<'n> TokenDecl<'n> {
    pub(crate) fn read(entry: &'n Entry, sink: &mut Sink) -> Option<Self> {
        let before = sink.errors();
        let owner = entry.key.span();
        let mut fields = Fields::open(&entry.value, "`auth.token`", owner, &[TOKEN_KEYS], sink)?;
        let request = fields
            .required("request")
            .and_then(|entry| RequestDecl::read(entry, sink));
        let pick = fields.optional("pick");
        let cookie = fields.optional("cookie");
        let place = place(pick, cookie, owner, sink);
        let ttl = fields
            .optional("ttl")
            .and_then(|entry| quantity::duration(&entry.value, sink));
        let send = fields.optional("send").map(|entry| send(entry, sink));
        fields.finish(sink);
        let read = Self {
            request: request?,
            place: place?,
            ttl,
            send: send.map_or(Some(None), |send| send.map(Some))?,
        };
        (sink.errors() == before).then_some(read)
    }
}

fn place<'n>(
    pick: Option<&'n Entry>,
    cookie: Option<&'n Entry>,
    owner: Span,
    sink: &mut Sink,
) -> Option<PlaceDecl<'n>> {
    let mut text = |entry: &'n Entry, what: &str| read::text(&entry.value, what, sink);
    let both = [
        pick.map(|entry| text(entry, "a JMESPath expression").map(PlaceDecl::Pick)),
        cookie.map(|entry| text(entry, "the name of a cookie").map(PlaceDecl::Cookie)),
    ];
    match both {
        [Some(one), None] | [None, Some(one)] => one,
        _ => {
            let mut written: Vec<Span> = [pick, cookie]
                .into_iter()
                .flatten()
                .map(|entry| entry.key.span())
                .collect();
            written.sort();
            let found = sink.error(
                "wrong-value",
                written.last().copied().unwrap_or(owner),
                "`auth.token` has exactly one of `pick` and `cookie`",
            );
            if let [first, _] = written.as_slice() {
                found.context(*first, "the first stands here");
            }
            found.help("`pick: access_token` takes it from the JSON answer, `cookie: session` from a cookie");
            None
        }
    }
}

fn send<'n>(entry: &'n Entry, sink: &mut Sink) -> Option<(&'n Text, &'n Text)> {
    let owner = entry.key.span();
    let mut fields = Fields::open(&entry.value, "`auth.token.send`", owner, &[SEND_KEYS], sink)?;
    let mut text = |name, what: &str| {
        let entry = fields.required(name)?;
        read::text(&entry.value, what, sink)
    };
    let header = text("header", "the name of a header");
    let value = text("value", "a text such as `\"Token {{ token }}\"`");
    fields.finish(sink);
    header.zip(value)
}

impl<'n> RequestDecl<'n> {
    fn read(entry: &'n Entry, sink: &mut Sink) -> Option<Self> {
        let what = "`auth.token.request`";
        let mut fields = Fields::open(&entry.value, what, entry.key.span(), &[REQUEST_KEYS], sink)?;
        let method = fields.optional("method").and_then(|entry| {
            let value = read::word::<Method>(&entry.value, "a method", METHODS, sink)?;
            Some(Spanned {
                value,
                span: entry.value.span,
            })
        });
        let url = fields
            .required("url")
            .and_then(|entry| read::text(&entry.value, "a URL", sink));
        let headers = pairs(fields.optional("headers"), "headers", sink);
        let body = fields.optional("body").map(|entry| BodyDecl::read(entry, sink));
        fields.finish(sink);
        Some(Self {
            method,
            url: url?,
            headers,
            body: body.map_or(Some(None), |body| body.map(Some))?,
        })
    }
}
