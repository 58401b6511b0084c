//! Texts become templates; their errors are moved to their place in the file.

use super::world::World;
use crate::diagnostic::{Safety, Sink};
use crate::fields::nearest;
use crate::node::{Kind, Node, Scalar, shorten};
use crate::template::{JsonNode, JsonTemplate, Names, TemplateError, TextTemplate};
use crate::text::Text;

/// Reports the errors of one text.
pub(crate) fn report(text: &Text, errors: Vec<TemplateError>, world: &World<'_>, sink: &mut Sink) {
    for error in errors {
        if error.code == "unknown-name" && !world.complete {
            continue;
        }
        let range = error.range.start..error.range.end.max(error.range.start);
        let mut span = text.span_of(range);
        if span.range().is_empty() {
            span = text.span();
        }
        let written = text.as_str().get(error.range).unwrap_or_default();
        let diagnostic = sink.error(error.code, span, error.message);
        if let Some(help) = error.help {
            if let Some(near) = meant(written, &help) {
                diagnostic.fix(&format!("write `{near}`"), Safety::Unsafe, span, near);
            }
            diagnostic.help(help);
        }
    }
}

/// The name that the help says is meant, where just that name is at fault.
fn meant<'h>(written: &str, help: &'h str) -> Option<&'h str> {
    let (near, _) = help.strip_prefix("did you mean `")?.split_once('`')?;
    nearest(written, std::iter::once(near))
}

/// Compiles a text with slots.
pub(crate) fn text(
    text: &Text,
    names: &Names<'_>,
    world: &World<'_>,
    sink: &mut Sink,
) -> Option<TextTemplate> {
    TextTemplate::compile(text.as_str(), names)
        .map_err(|errors| report(text, errors, world, sink))
        .ok()
}

/// Compiles the value of a header.
pub(crate) fn header(
    text: &Text,
    names: &Names<'_>,
    world: &World<'_>,
    sink: &mut Sink,
) -> Option<TextTemplate> {
    TextTemplate::compile_header(text.as_str(), names)
        .map_err(|errors| report(text, errors, world, sink))
        .ok()
}

/// How a tree is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TreeKind {
    /// A body of JSON, arguments of a step.
    Json,
    /// Fields of a form.
    Form,
}

/// Compiles a tree with template leaves.
pub(crate) fn tree(
    node: &Node,
    kind: TreeKind,
    names: &Names<'_>,
    world: &World<'_>,
    sink: &mut Sink,
) -> Option<JsonTemplate> {
    let mut texts = Vec::new();
    let json = json_node(node, kind, &mut texts, sink)?;
    let compiled = match kind {
        TreeKind::Json => JsonTemplate::compile(&json, names),
        TreeKind::Form => JsonTemplate::compile_form(&json, names),
    };
    template_of(compiled, &texts, world, sink)
}

/// Compiles the tree of a login's body, in whose leaves secrets may stand.
pub(crate) fn login_tree(
    node: &Node,
    kind: TreeKind,
    names: &Names<'_>,
    world: &World<'_>,
    sink: &mut Sink,
) -> Option<JsonTemplate> {
    let mut texts = Vec::new();
    let json = json_node(node, kind, &mut texts, sink)?;
    template_of(JsonTemplate::compile_login(&json, names), &texts, world, sink)
}

fn template_of(
    compiled: Result<JsonTemplate, Vec<(usize, TemplateError)>>,
    texts: &[&Text],
    world: &World<'_>,
    sink: &mut Sink,
) -> Option<JsonTemplate> {
    match compiled {
        Ok(template) => Some(template),
        Err(errors) => {
            for (id, error) in errors {
                if let Some(text) = texts.get(id) {
                    report(text, vec![error], world, sink);
                }
            }
            None
        }
    }
}

/// A key is sent as written: one that a template filled could take the place
/// of another.
fn plain_key<'n>(key: &'n Text, sink: &mut Sink) -> Option<&'n str> {
    let name = key.as_str();
    if !holds_template(name) {
        return Some(name);
    }
    let message = format!("no template stands in a key, found `{}`", shorten(name));
    sink.error("template-place", key.span(), message)
        .help("write the key itself; a template may stand in its value, as in `name: \"{{ param }}\"`");
    None
}

/// Whether a text has what a template would fill.
pub(crate) fn holds_template(text: &str) -> bool {
    text.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}"))
}

fn json_node<'n>(
    node: &'n Node,
    kind: TreeKind,
    texts: &mut Vec<&'n Text>,
    sink: &mut Sink,
) -> Option<JsonNode<'n>> {
    match &node.kind {
        Kind::Invalid => None,
        Kind::List(items) => {
            let items: Vec<_> = items
                .iter()
                .map(|item| json_node(item, kind, texts, sink))
                .collect();
            items.into_iter().collect::<Option<Vec<_>>>().map(JsonNode::List)
        }
        Kind::Map(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|entry| {
                    let key = plain_key(&entry.key, sink);
                    let value = json_node(&entry.value, kind, texts, sink);
                    Some((key?, value?))
                })
                .collect();
            entries.into_iter().collect::<Option<Vec<_>>>().map(JsonNode::Map)
        }
        // Fields of forms are the text as written: `00501` stays `00501`.
        Kind::Scalar(text) if kind == TreeKind::Form => {
            texts.push(text);
            Some(JsonNode::Text {
                id: texts.len() - 1,
                text: text.as_str(),
            })
        }
        Kind::Scalar(text) => match text.scalar() {
            Scalar::Null => Some(JsonNode::Null),
            Scalar::Bool(value) => Some(JsonNode::Bool(value)),
            Scalar::Number(number) => Some(JsonNode::Number(number)),
            Scalar::Text(value) => {
                texts.push(text);
                Some(JsonNode::Text {
                    id: texts.len() - 1,
                    text: value,
                })
            }
            Scalar::TooLarge | Scalar::NotFinite => {
                node.json(sink);
                None
            }
        },
    }
}
