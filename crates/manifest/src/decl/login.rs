//! `auth.oauth2` and `auth.token`: logins as written.

use std::time::Duration;

use super::auth::secret;
use super::body::BodyDecl;
use super::policy::{Pair, pairs};
use super::tool::METHODS;
use crate::checked::Method;
use crate::diagnostic::Sink;
use crate::fields::{Fields, Key, key};
use crate::login::ClientPlace;
use crate::node::{Entry, Kind};
use crate::read::Spanned;
use crate::source::Span;
use crate::text::Text;
use crate::{quantity, read};

pub(crate) const OAUTH2_KEYS: &[Key] = &[
    key("token_url", "Where tokens are given out."),
    key("client_id", "The client, a text template."),
    key("client_secret", "The secret's name."),
    key("scopes", "The scopes asked for, text templates."),
    key("params", "Further fields of the token request, text templates."),
    key(
        "client",
        "Where the client's credentials go: basic (the header, when absent) or body.",
    ),
];

pub(crate) const TOKEN_KEYS: &[Key] = &[
    key("request", "The login request."),
    key("pick", "JMESPath of the token in the answer."),
    key("cookie", "The cookie that is the token."),
    key("ttl", "How long a token is used; until a 401 when absent."),
    key(
        "send",
        "The header that carries the token; Authorization: Bearer, or Cookie, when absent.",
    ),
];

pub(crate) const REQUEST_KEYS: &[Key] = &[
    key("method", "The method; POST when absent."),
    key("url", "The address."),
    key("headers", "Headers of the login request."),
    key("body", "The body of the login request; secrets may stand in it."),
];

pub(crate) const SEND_KEYS: &[Key] = &[
    key("header", "The header's name."),
    key("value", "Its value, in which `token` stands for the token."),
];

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
            let places = [("basic", ClientPlace::Basic), ("body", ClientPlace::Body)];
            read::word(&entry.value, "where the client's credentials go", &places, sink)
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
