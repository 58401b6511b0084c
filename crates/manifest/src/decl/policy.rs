//! The keys that apis and tools share: how requests are sent and judged.

use std::time::Duration;

use super::auth::{self, AuthDecl};
use crate::checked::{Rate, StatusPattern};
use crate::diagnostic::Sink;
use crate::fields::{Fields, Key, key};
use crate::node::{Entry, Kind, Node};
use crate::read::Spanned;
use crate::shape::{Form, Naming, Place, Section, Shape, Unit};
use crate::source::Span;
use crate::text::Text;
use crate::{quantity, read};

pub(crate) const KEYS: &[Key] = &[
    key(
        "auth",
        "The credentials: bearer, header, query, basic, oauth2, token or none.",
    )
    .is(auth::SHAPE)
    .absent("none"),
    key(
        "headers",
        "Headers of every request; a tool's are added to its api's.",
    )
    .is(HEADERS),
    key("query", "Query pairs added to the url's own.").is(VALUES),
    key(
        "timeout",
        "Total time of a call, retries included; 30s when absent.",
    )
    .is(Shape::Quantity(Unit::Duration))
    .absent("30s"),
    key("retries", "Further attempts after the first; 2 when absent.")
        .is(Shape::Whole(0, 10))
        .absent("2"),
    key("rate_limit", "Requests per unit of time, such as 5/s.").is(Shape::Quantity(Unit::Rate)),
    key("concurrency", "Requests at once; 4 when absent.")
        .is(Shape::Whole(1, 1000))
        .absent("4"),
    key(
        "redirects",
        "Hosts that a redirect may lead to besides the own origin.",
    )
    .is(Shape::Keys(|| &REDIRECTS)),
    key("allow_http", "Allows plain http to a host that is not loopback.")
        .is(Shape::Boolean)
        .absent("false"),
    key("errors", "Hints for the model by status: 404 or 4xx.")
        .is(Shape::Named(Naming::Status, &Shape::Written(Form::Words))),
    key("error_if", "A condition under which a 2xx answer is an error.")
        .is(Shape::Text(Form::Expression(Place::Answer))),
];

pub(crate) const REDIRECT_KEYS: &[Key] = &[
    key("to", "The hosts.")
        .is(Shape::List(&Shape::Text(Form::Host)))
        .required(),
    key("auth", "What happens to credentials there: drop.")
        .is(Shape::Word(|| vec!["drop"]))
        .absent("drop"),
];

/// Headers.
const HEADERS: Shape = Shape::Named(Naming::Header, &Shape::Written(Form::Template(Place::Value)));
/// Query pairs.
const VALUES: Shape = Shape::Named(Naming::Data, &Shape::Written(Form::Template(Place::Value)));

/// `redirects`.
pub(crate) static REDIRECTS: Section = Section {
    name: "redirects",
    place: "redirects",
    tables: &[REDIRECT_KEYS],
    without: &[],
    rules: &[],
};

/// A pair of a literal key and a template.
pub(crate) type Pair<'n> = (&'n Text, &'n Text);

/// The shared keys as written.
#[derive(Debug, Default)]
pub(crate) struct PolicyDecl<'n> {
    pub(crate) auth: Option<AuthDecl<'n>>,
    pub(crate) headers: Vec<Pair<'n>>,
    pub(crate) query: Vec<Pair<'n>>,
    pub(crate) timeout: Option<Spanned<Duration>>,
    pub(crate) retries: Option<u32>,
    pub(crate) rate_limit: Option<Rate>,
    pub(crate) concurrency: Option<u32>,
    pub(crate) redirects: Option<Vec<&'n Text>>,
    pub(crate) allow_http: Option<Spanned<bool>>,
    pub(crate) errors: Vec<(StatusPattern, Span, &'n Text)>,
    pub(crate) error_if: Option<&'n Text>,
}

impl<'n> PolicyDecl<'n> {
    /// Takes the shared keys from a mapping.
    pub(crate) fn read(fields: &mut Fields<'n>, sink: &mut Sink) -> Self {
        let small = |entry: &Entry, what: &str, from: u64, to: u64, sink: &mut Sink| {
            read::whole(&entry.value, what, from..=to, sink).and_then(|value| u32::try_from(value).ok())
        };
        Self {
            auth: fields
                .optional("auth")
                .and_then(|entry| AuthDecl::read(&entry.value, entry.key.span(), sink)),
            headers: pairs(fields.optional("headers"), "headers", sink),
            query: pairs(fields.optional("query"), "query pairs", sink),
            timeout: fields.optional("timeout").and_then(|entry| {
                let value = quantity::duration(&entry.value, sink)?;
                Some(Spanned {
                    value,
                    span: entry.value.span,
                })
            }),
            retries: fields
                .optional("retries")
                .and_then(|entry| small(entry, "`retries`", 0, 10, sink)),
            rate_limit: fields
                .optional("rate_limit")
                .and_then(|entry| quantity::rate(&entry.value, sink)),
            concurrency: fields
                .optional("concurrency")
                .and_then(|entry| small(entry, "`concurrency`", 1, 1000, sink)),
            redirects: fields
                .optional("redirects")
                .and_then(|entry| redirects(entry, sink)),
            allow_http: fields.optional("allow_http").and_then(|entry| {
                let value = read::boolean(&entry.value, "`allow_http`", sink)?;
                Some(Spanned {
                    value,
                    span: entry.key.span(),
                })
            }),
            errors: fields
                .optional("errors")
                .map(|entry| errors(&entry.value, sink))
                .unwrap_or_default(),
            error_if: fields.optional("error_if").and_then(|entry| {
                read::text(
                    &entry.value,
                    "a condition such as `\"{{ response.body.error is defined }}\"`",
                    sink,
                )
            }),
        }
    }
}

/// A mapping of literal keys to texts.
pub(crate) fn pairs<'n>(entry: Option<&'n Entry>, what: &str, sink: &mut Sink) -> Vec<Pair<'n>> {
    let Some(entry) = entry else { return Vec::new() };
    if let Kind::List(items) = &entry.value.kind {
        let message = format!("expected a mapping of {what}, found a list");
        let name = entry.key.as_str();
        let diagnostic = sink.error("wrong-type", entry.value.span, message);
        let first = items.first().and_then(name_in).unwrap_or("name");
        diagnostic.help(format!("write `{name}: {{ {first}: … }}`, without `-`"));
        return Vec::new();
    }
    let entries = read::data(&entry.value, &format!("a mapping of {what}"), sink).unwrap_or_default();
    let pair = |entry: &'n Entry| {
        let value = read::written(
            &entry.value,
            &format!("a text for `{}`", entry.key.as_str()),
            sink,
        )?;
        Some((&entry.key, value))
    };
    entries.iter().filter_map(pair).collect()
}

/// The name in `- name: value`, quoted or not.
fn name_in(item: &Node) -> Option<&str> {
    match &item.kind {
        Kind::Scalar(text) => text.as_str().split_once(':').map(|(name, _)| name.trim()),
        Kind::Map(entries) => entries.first().map(|entry| entry.key.as_str()),
        _ => None,
    }
}

fn redirects<'n>(entry: &'n Entry, sink: &mut Sink) -> Option<Vec<&'n Text>> {
    let mut fields = Fields::open(
        &entry.value,
        "`redirects`",
        entry.key.span(),
        &[REDIRECT_KEYS],
        sink,
    )?;
    let to = fields.required("to").and_then(|entry| {
        read::texts(
            &entry.value,
            "a list of hosts",
            "a host such as `files.example`",
            sink,
        )
    });
    if let Some(entry) = fields.optional("auth") {
        read::word(&entry.value, "what happens to credentials", &[("drop", ())], sink);
    }
    fields.finish(sink);
    for host in to.iter().flatten() {
        let text = host.as_str();
        let (name, port) = text.split_once(':').unwrap_or((text, "443"));
        let plain = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse().is_ok_and(|port: u16| port > 0);
        if !plain {
            sink.error(
                "wrong-value",
                host.span(),
                format!("expected a host such as `files.example`, found `{text}`"),
            )
            .help("write the name of the host alone: no scheme, no path, no wildcard");
        }
    }
    to
}

fn errors<'n>(node: &'n Node, sink: &mut Sink) -> Vec<(StatusPattern, Span, &'n Text)> {
    let entries = read::map(node, "a mapping of hints by status", sink);
    let mut all: Vec<(StatusPattern, Span, &Text)> = Vec::new();
    for entry in entries.into_iter().flatten() {
        let hint = read::written(&entry.value, "a hint for the model", sink);
        let Some(pattern) = status(entry.key.as_str()) else {
            let message = format!(
                "expected a status such as `404` or a class such as `4xx`, found `{}`",
                entry.key.as_str()
            );
            sink.error("wrong-value", entry.key.span(), message);
            continue;
        };
        if let Some((_, first, _)) = all.iter().find(|(known, _, _)| *known == pattern) {
            sink.error(
                "duplicate-key",
                entry.key.span(),
                format!("the status `{}` stands here twice", entry.key.as_str()),
            )
            .context(*first, "first written here")
            .help("remove one of them");
            continue;
        }
        all.extend(hint.map(|hint| (pattern, entry.key.span(), hint)));
    }
    all
}

fn status(text: &str) -> Option<StatusPattern> {
    let class = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX"));
    if let Some(class) = class {
        return class
            .parse()
            .ok()
            .filter(|class| (1..=5).contains(class))
            .map(StatusPattern::Class);
    }
    text.parse()
        .ok()
        .filter(|code| text.len() == 3 && (100..=599).contains(code))
        .map(StatusPattern::Exact)
}
