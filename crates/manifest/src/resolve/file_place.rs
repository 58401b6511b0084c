//! Where files stand: as a body or a part of one, whole. Nowhere else is there
//! room for their bytes.

use std::collections::BTreeSet;

use crate::checked::{Body, HttpEndpoint, Param, ParamKind};
use crate::decl::body::BodyKind;
use crate::decl::tool::ToolDecl;
use crate::diagnostic::Sink;
use crate::node::{Kind, Node};
use crate::source::Span;
use crate::text::Text;

/// Reports every file that stands where none can be sent.
pub(crate) fn check(decl: &ToolDecl<'_>, endpoint: &HttpEndpoint, params: &[Param], sink: &mut Sink) {
    let mut uses = endpoint.url.uses().clone();
    let texts = endpoint.query.iter().chain(&endpoint.headers);
    texts.for_each(|(_, template)| uses.join(template.uses()));
    if let Some(Body::Json(tree) | Body::Form(tree)) = &endpoint.body {
        uses.join(tree.uses());
    }
    let in_text = match &endpoint.body {
        Some(Body::Multipart(tree)) => tree.files_in_text(),
        Some(Body::Text(text)) => text.files_in_text(),
        _ => BTreeSet::new(),
    };
    for param in params.iter().filter(|param| param.kind == ParamKind::File) {
        let name = &param.name;
        let place = place(decl, name);
        let in_tree = place.as_ref().is_some_and(|place| place.in_tree);
        let (message, help) = if uses.params.contains(name) {
            (
                format!("the file `{name}` can only stand in a `multipart` or `text` body"),
                elsewhere(name, in_tree),
            )
        } else if in_text.contains(name) {
            (
                format!("the file `{name}` stands beside text or in an expression, and is only sent whole"),
                format!("write `\"{{{{ {name} }}}}\"` alone"),
            )
        } else {
            continue;
        };
        let span = place.map_or(param.span, |place| place.span);
        let found = sink.error("file-place", span, message);
        if span != param.span {
            found.context(param.span, "it is a file by this");
        }
        found.help(help);
    }
}

fn elsewhere(name: &str, in_tree: bool) -> String {
    if in_tree {
        format!(
            "send it as a part, `body: {{ multipart: {{ {name}: \"{{{{ {name} }}}}\" }} }}`, or as the whole body, `body: {{ text: \"{{{{ {name} }}}}\" }}`"
        )
    } else {
        "use `type: string` for a value that is sent as text".to_owned()
    }
}

/// A slot that names a param.
struct Place {
    span: Span,
    /// Whether it stands in a `json` or `form` body.
    in_tree: bool,
}

/// The first slot that cannot take the file; one that can is passed over.
fn place(decl: &ToolDecl<'_>, name: &str) -> Option<Place> {
    let pairs = decl.policy.query.iter().chain(&decl.policy.headers);
    let mut texts: Vec<&Text> = decl
        .url
        .into_iter()
        .chain(pairs.map(|(_, value)| *value))
        .collect();
    let outside = texts.len();
    match decl.body.as_ref().map(|body| &body.kind) {
        Some(BodyKind::Json(node) | BodyKind::Form(node) | BodyKind::Multipart(node)) => {
            leaves(node, &mut texts);
        }
        Some(BodyKind::Text(text)) => texts.push(text),
        None => {}
    }
    let whole = matches!(
        decl.body.as_ref().map(|body| &body.kind),
        Some(BodyKind::Multipart(_) | BodyKind::Text(_))
    );
    texts.iter().enumerate().find_map(|(index, text)| {
        let in_body = index >= outside;
        let alone = alone(text.as_str(), name);
        (!(in_body && whole && alone))
            .then(|| slot(text, name))
            .flatten()
            .map(|span| Place {
                span,
                in_tree: in_body && !whole,
            })
    })
}

fn leaves<'n>(node: &'n Node, texts: &mut Vec<&'n Text>) {
    match &node.kind {
        Kind::Map(entries) => entries.iter().for_each(|entry| leaves(&entry.value, texts)),
        Kind::List(items) => items.iter().for_each(|item| leaves(item, texts)),
        Kind::Scalar(text) => texts.push(text),
        Kind::Invalid => {}
    }
}

/// Whether the text is nothing but that slot.
fn alone(text: &str, name: &str) -> bool {
    text.strip_prefix("{{")
        .and_then(|rest| rest.strip_suffix("}}"))
        .is_some_and(|inside| inside.trim() == name)
}

/// The slot of a text that reads the param.
fn slot(text: &Text, name: &str) -> Option<Span> {
    let written = text.as_str();
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    written.match_indices("{{").find_map(|(start, _)| {
        let end = start + written[start..].find("}}")? + 2;
        let mut words = written[start..end].split(|c| !is_part(c));
        words.any(|word| word == name).then(|| text.span_of(start..end))
    })
}
