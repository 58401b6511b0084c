//! `result:`: how an answer is shaped.

use crate::checked::ResultFormat;
use crate::diagnostic::Sink;
use crate::fields::{Fields, Key, key};
use crate::node::{Entry, Node};
use crate::shape::{self, Form, Place, Section, Shape, Unit};
use crate::text::Text;
use crate::{quantity, read};

pub(crate) const KEYS: &[Key] = &[
    key("pick", "JMESPath that selects from the body.").is(Shape::Text(Form::Pick)),
    key("template", "A template that words the result.").is(Shape::Text(Form::Template(Place::Result))),
    key(
        "max_tokens",
        "How much of the result the model gets; 8000 when absent.",
    )
    .is(Shape::Quantity(Unit::Count))
    .absent("8000"),
    key("format", "Overrides the content type: json, csv or text.").is(Shape::Word(|| shape::words(FORMATS))),
    key("output", "JSON Schema of the result.").is(Shape::Schema),
];

/// The formats by name.
const FORMATS: &[(&str, ResultFormat)] = &[
    ("json", ResultFormat::Json),
    ("csv", ResultFormat::Csv),
    ("text", ResultFormat::Text),
];

/// `result`.
pub(crate) static SECTION: Section = Section {
    name: "result",
    place: "tools.TOOL.result",
    tables: &[KEYS],
    without: &[],
    rules: &[],
};

/// `result:` as written.
#[derive(Debug, Default)]
pub(crate) struct ResultDecl<'n> {
    pub(crate) pick: Option<&'n Text>,
    pub(crate) template: Option<&'n Text>,
    pub(crate) max_tokens: Option<u32>,
    pub(crate) format: Option<ResultFormat>,
    pub(crate) output: Option<&'n Node>,
}

impl<'n> ResultDecl<'n> {
    pub(crate) fn read(entry: &'n Entry, sink: &mut Sink) -> Option<Self> {
        let mut fields = Fields::open(&entry.value, "`result`", entry.key.span(), &[KEYS], sink)?;
        let decl = Self {
            pick: fields
                .optional("pick")
                .and_then(|entry| read::text(&entry.value, "a JMESPath expression", sink)),
            template: fields
                .optional("template")
                .and_then(|entry| read::text(&entry.value, "a template", sink)),
            max_tokens: fields
                .optional("max_tokens")
                .and_then(|entry| tokens(&entry.value, sink)),
            format: fields
                .optional("format")
                .and_then(|entry| read::word(&entry.value, "a format", FORMATS, sink)),
            output: fields.optional("output").map(|entry| &entry.value),
        };
        fields.finish(sink);
        Some(decl)
    }
}

fn tokens(node: &Node, sink: &mut Sink) -> Option<u32> {
    let count = quantity::count(node, sink)?;
    let small = u32::try_from(count).ok().filter(|count| *count <= 1_000_000);
    if small.is_none() {
        sink.error("bad-quantity", node.span, "expected at most 1,000,000 tokens")
            .help("8000 is the default");
    }
    small
}
