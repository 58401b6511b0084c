//! Nodes as plain values: each reader says what it expected and what it found.

use crate::diagnostic::{Safety, Sink};
use crate::fields::{list, nearest, suggest};
use crate::node::{Entry, Kind, Node, Scalar};
use crate::source::Span;
use crate::text::{Style, Text};

/// A value and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// Reports a text or number in place of a list or mapping, with the form to
/// write.
fn expected_form(node: &Node, what: &str, help: String, sink: &mut Sink) {
    if !matches!(node.kind, Kind::Invalid) {
        let message = format!("expected {what}, found {}", node.found());
        sink.error("wrong-type", node.span, message).help(help);
    }
}

/// What makes a list or mapping of flow style a text.
const QUOTE: &str = "a text that starts with `[` or `{` must be quoted";

/// Reports "expected …, found …" at a node, unless it was reported before.
pub(crate) fn expected(node: &Node, what: &str, sink: &mut Sink) {
    if !matches!(node.kind, Kind::Invalid) {
        sink.error(
            "wrong-type",
            node.span,
            format!("expected {what}, found {}", node.found()),
        );
    }
}

/// A text; numbers and booleans must be quoted to be one.
pub(crate) fn text<'n>(node: &'n Node, what: &str, sink: &mut Sink) -> Option<&'n Text> {
    match &node.kind {
        Kind::Scalar(text) => match text.scalar() {
            Scalar::Text(_) => Some(text),
            Scalar::Null => {
                expected(node, what, sink);
                None
            }
            _ => {
                let message = format!("expected {what}, found {}", node.found());
                let quoted = format!("\"{}\"", text.as_str());
                sink.error("wrong-type", node.span, message)
                    .help(format!("quote it to make it a text: `{quoted}`"))
                    .fix("quote it", Safety::Safe, node.span, quoted);
                None
            }
        },
        _ => {
            expected_form(node, what, QUOTE.to_owned(), sink);
            None
        }
    }
}

/// A text as written: `1.10` and `true` are texts here.
pub(crate) fn written<'n>(node: &'n Node, what: &str, sink: &mut Sink) -> Option<&'n Text> {
    match &node.kind {
        Kind::Scalar(text) if text.scalar() != Scalar::Null => Some(text),
        Kind::List(_) | Kind::Map(_) => {
            expected_form(node, what, QUOTE.to_owned(), sink);
            None
        }
        _ => {
            expected(node, what, sink);
            None
        }
    }
}

/// A whole number within bounds.
pub(crate) fn whole(
    node: &Node,
    what: &str,
    bounds: std::ops::RangeInclusive<u64>,
    sink: &mut Sink,
) -> Option<u64> {
    let number = match &node.kind {
        Kind::Scalar(text) => match text.scalar() {
            Scalar::Number(number) => number.as_u64(),
            _ => None,
        },
        _ => None,
    };
    if let Some(value) = number.filter(|value| bounds.contains(value)) {
        return Some(value);
    }
    let range = match (*bounds.start(), *bounds.end()) {
        (from, to) if to >= u64::from(u32::MAX) => format!("of at least {from}"),
        (from, to) => format!("from {from} to {to}"),
    };
    if matches!(node.kind, Kind::Invalid) {
        return None;
    }
    let message = format!(
        "expected a whole number {range} for {what}, found {}",
        node.found()
    );
    let diagnostic = sink.error("wrong-type", node.span, message);
    if let Kind::Scalar(text) = &node.kind
        && text.style() != Style::Plain
        && text.as_str().parse().is_ok_and(|value| bounds.contains(&value))
    {
        diagnostic.help(format!("remove the quotes: `{}`", text.as_str()));
        diagnostic.fix("remove the quotes", Safety::Safe, node.span, text.as_str());
    }
    None
}

/// `true` or `false`.
pub(crate) fn boolean(node: &Node, what: &str, sink: &mut Sink) -> Option<bool> {
    if let Kind::Scalar(text) = &node.kind
        && let Scalar::Bool(value) = text.scalar()
    {
        return Some(value);
    }
    let meant = match &node.kind {
        Kind::Scalar(text) => match text.as_str().to_lowercase().as_str() {
            "yes" | "on" | "y" | "true" => Some("true"),
            "no" | "off" | "n" | "false" => Some("false"),
            _ => None,
        },
        _ => None,
    };
    if let Some(meant) = meant {
        sink.error(
            "wrong-type",
            node.span,
            format!("expected `true` or `false` for {what}, found {}", node.found()),
        )
        .help("write `true` or `false` without quotes")
        .fix(&format!("write `{meant}`"), Safety::Safe, node.span, meant);
    } else {
        expected(node, &format!("`true` or `false` for {what}"), sink);
    }
    None
}

/// One of some words.
pub(crate) fn word<T: Copy>(
    node: &Node,
    what: &str,
    words: &[(&'static str, T)],
    sink: &mut Sink,
) -> Option<T> {
    if let Kind::Scalar(text) = &node.kind
        && let Some((_, value)) = words.iter().find(|(word, _)| *word == text.as_str())
    {
        return Some(*value);
    }
    if matches!(node.kind, Kind::Invalid) {
        return None;
    }
    let names = words.iter().map(|(word, _)| *word);
    let message = format!(
        "expected {what}, one of {}, found {}",
        list(names.clone()),
        node.found()
    );
    let diagnostic = sink.error("wrong-value", node.span, message);
    if let Kind::Scalar(text) = &node.kind
        && let Some(near) = nearest(text.as_str(), names)
    {
        let safety = if near.eq_ignore_ascii_case(text.as_str()) {
            Safety::Safe
        } else {
            Safety::Unsafe
        };
        diagnostic.help(format!("did you mean `{near}`?"));
        diagnostic.fix(&format!("write `{near}`"), safety, node.span, near);
    }
    None
}

/// The entries of a mapping, `x-…` left out.
pub(crate) fn map<'n>(
    node: &'n Node,
    what: &str,
    sink: &mut Sink,
) -> Option<impl Iterator<Item = &'n Entry> + use<'n>> {
    match &node.kind {
        Kind::Map(entries) => Some(
            entries
                .iter()
                .filter(|entry| !entry.key.as_str().starts_with("x-")),
        ),
        _ => {
            expected_form(node, what, MAPPING.to_owned(), sink);
            None
        }
    }
}

/// How a mapping is written.
const MAPPING: &str = "write `{ name: value }`, or `name: value` on lines of their own below";

/// All entries of a mapping whose keys are data and not words of the language.
pub(crate) fn data<'n>(node: &'n Node, what: &str, sink: &mut Sink) -> Option<&'n [Entry]> {
    match &node.kind {
        Kind::Map(entries) => Some(entries),
        _ => {
            expected_form(node, what, MAPPING.to_owned(), sink);
            None
        }
    }
}

/// The items of a list.
pub(crate) fn items<'n>(node: &'n Node, what: &str, sink: &mut Sink) -> Option<&'n [Node]> {
    match &node.kind {
        Kind::List(items) => Some(items),
        Kind::Scalar(text) if !text.as_str().is_empty() => {
            let parts: Vec<&str> = if what.starts_with("a program") {
                text.as_str().split_whitespace().collect()
            } else {
                text.as_str().split(',').map(str::trim).collect()
            };
            let list = format!("[{}]", parts.join(", "));
            let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | ',' | '_' | '-' | '.' | '/');
            if matches!(node.kind, Kind::Scalar(_)) {
                let message = format!("expected {what}, found {}", node.found());
                let diagnostic = sink.error("wrong-type", node.span, message);
                diagnostic.help(format!("write it as a list: `{list}`"));
                if text.as_str().chars().all(plain) && !parts.contains(&"") {
                    diagnostic.fix("write a list", Safety::Unsafe, node.span, list);
                }
            }
            None
        }
        _ => {
            let help = "write each as an item: `- …` on a line of its own, or `[ …, … ]`";
            expected_form(node, what, help.to_owned(), sink);
            None
        }
    }
}

/// The items of a list whose items say their own name under `key`.
pub(crate) fn named_items<'n>(node: &'n Node, what: &str, key: &str, sink: &mut Sink) -> Option<&'n [Node]> {
    if let Kind::Map(entries) = &node.kind
        && let Some(first) = entries.first()
    {
        let name = first.key.as_str();
        let help = format!("write each as an item that has its name inside: `- {key}: {name}`");
        expected_form(node, what, help, sink);
        return None;
    }
    items(node, what, sink)
}

/// A list of texts.
pub(crate) fn texts<'n>(node: &'n Node, what: &str, item: &str, sink: &mut Sink) -> Option<Vec<&'n Text>> {
    let items = items(node, what, sink)?;
    let texts: Vec<_> = items.iter().map(|node| text(node, item, sink)).collect();
    texts.into_iter().collect()
}

/// A name that must be among others; reports it with the nearest.
pub(crate) fn known<'a>(
    name: &Text,
    kind: &str,
    all: impl Iterator<Item = &'a str> + Clone,
    sink: &mut Sink,
) -> Option<()> {
    if all.clone().any(|known| known == name.as_str()) {
        return Some(());
    }
    let message = format!("there is no {kind} `{}`", name.as_str());
    let near = nearest(name.as_str(), all.clone());
    let diagnostic = sink.error("unknown-name", name.span(), message);
    let all_kinds = format!("{}s", kind.replace(" or ", "s and "));
    diagnostic.help(suggest(name.as_str(), all, &all_kinds));
    if let Some(near) = near {
        diagnostic.fix(&format!("write `{near}`"), Safety::Unsafe, name.span(), near);
    }
    None
}
