//! `body:`: exactly one of `json`, `form`, `multipart`, `text`.

use crate::diagnostic::Sink;
use crate::fields::{Fields, Key, key, nearest};
use crate::node::{Entry, Kind, Node};
use crate::read;
use crate::shape::{Form, Place, Rule, Section, Shape};
use crate::source::Span;
use crate::text::Text;

pub(crate) const KEYS: &[Key] = &[
    key("json", "A tree that is sent as JSON; its texts may be templates.").is(Shape::Tree(Place::Body)),
    key("form", "Fields sent as application/x-www-form-urlencoded.").is(Shape::Data(Place::Body)),
    key("multipart", "Fields and files sent as multipart/form-data.").is(Shape::Data(Place::Body)),
    key("text", "Plain text, a template.").is(Shape::Written(Form::Template(Place::Body))),
];

/// `body`.
pub(crate) static SECTION: Section = Section {
    name: "body",
    place: "tools.TOOL.body",
    tables: &[KEYS],
    without: &[],
    rules: &[Rule::One(&["json", "form", "multipart", "text"])],
};

/// `body:` as written.
#[derive(Debug)]
pub(crate) struct BodyDecl<'n> {
    /// The key that names the kind.
    pub(crate) span: Span,
    pub(crate) kind: BodyKind<'n>,
}

/// The kinds of bodies.
#[derive(Debug)]
pub(crate) enum BodyKind<'n> {
    Json(&'n Node),
    Form(&'n Node),
    Multipart(&'n Node),
    Text(&'n Text),
}

impl<'n> BodyDecl<'n> {
    pub(crate) fn read(entry: &'n Entry, sink: &mut Sink) -> Option<Self> {
        let before = sink.errors();
        let owner = entry.key.span();
        if let Kind::Map(entries) = &entry.value.kind
            && let Some(first) = entries.first()
            && entries.iter().all(is_field)
        {
            let name = first.key.as_str();
            sink.error(
                "wrong-value",
                first.key.span(),
                format!("`{name}` is not a kind of body"),
            )
            .help(format!(
                "write `body: {{ json: {{ {name}: … }} }}`; the kinds are `json`, `form`, `multipart` and `text`"
            ));
            return None;
        }
        let mut fields = Fields::open(&entry.value, "`body`", owner, &[KEYS], sink)?;
        let mut found: Vec<(Span, Option<BodyKind<'n>>)> = Vec::new();
        for name in ["json", "form", "multipart", "text"] {
            let Some(entry) = fields.optional(name) else {
                continue;
            };
            let node = &entry.value;
            let kind = match name {
                "json" => Some(BodyKind::Json(node)),
                "form" => read::data(node, "a mapping of form fields", sink).map(|_| BodyKind::Form(node)),
                "multipart" => {
                    read::data(node, "a mapping of parts", sink).map(|_| BodyKind::Multipart(node))
                }
                _ => read::written(node, "a text", sink).map(BodyKind::Text),
            };
            found.push((entry.key.span(), kind));
        }
        let looks_like_json = found.is_empty();
        fields.finish(sink);
        found.sort_by_key(|(span, _)| *span);
        if looks_like_json && sink.errors() == before {
            sink.error("wrong-value", owner, "`body` has no kind")
                .help("write `body: { json: { … } }`; the kinds are `json`, `form`, `multipart` and `text`");
        } else if found.len() > 1 {
            sink.error(
                "wrong-value",
                found[1].0,
                "`body` has exactly one of `json`, `form`, `multipart`, `text`",
            )
            .context(found[0].0, "the first stands here")
            .help("keep one of them");
            return None;
        }
        let (span, kind) = found.into_iter().next()?;
        Some(Self { span, kind: kind? })
    }
}

/// Whether an entry is more likely a field of the body than a kind of body.
fn is_field(entry: &Entry) -> bool {
    let name = entry.key.as_str();
    nearest(name, KEYS.iter().map(|key| key.name)).is_none() && !name.starts_with("x-")
}
