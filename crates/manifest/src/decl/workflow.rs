//! An entry of `workflows:` as written.

use super::param::{self, ParamDecl};
use super::step::{self, StepDecl};
use super::top::Declared;
use crate::diagnostic::Sink;
use crate::fields::{Fields, Key, key};
use crate::node::{Entry, Node};
use crate::read;
use crate::shape::{Form, Place, Section, Shape};
use crate::text::Text;

pub(crate) const KEYS: &[Key] = &[
    key("description", "What the workflow does; the model decides by it.")
        .is(Shape::Written(Form::Description))
        .required(),
    key("params", "What the caller gives.").is(param::ALL),
    key(
        "steps",
        "The calls, in any order: a step runs when what it reads is there.",
    )
    .is(Shape::Some(&Shape::Keys(|| &step::SECTION)))
    .required(),
    key("return", "The value of the workflow, a tree of templates.").is(Shape::Tree(Place::Step)),
];

/// An entry of `workflows`.
pub(crate) static SECTION: Section = Section {
    name: "workflow",
    place: "workflows.WORKFLOW",
    tables: &[KEYS],
    without: &[],
    rules: &[],
};

/// A workflow as written.
#[derive(Debug)]
pub(crate) struct WorkflowDecl<'n> {
    pub(crate) name: &'n Text,
    pub(crate) description: Option<&'n Text>,
    pub(crate) params: Vec<ParamDecl<'n>>,
    pub(crate) steps: Vec<StepDecl<'n>>,
    pub(crate) returns: Option<&'n Node>,
    /// Whether something of it could not be read, so that nothing runs it.
    pub(crate) broken: bool,
}

impl<'n> Declared<'n> for WorkflowDecl<'n> {
    const WHAT: &'static str = "workflows by name";
    const EXAMPLE: &'static str = "{ description: …, steps: … }";

    fn named(name: &'n Text) -> Option<Self> {
        Some(Self {
            name,
            description: None,
            params: Vec::new(),
            steps: Vec::new(),
            returns: None,
            broken: true,
        })
    }

    fn read(entry: &'n Entry, sink: &mut Sink) -> Option<Self> {
        let name = &entry.key;
        let mut decl = Self::named(name)?;
        let what = format!("workflow `{}`", name.as_str());
        let Some(mut fields) = Fields::open(&entry.value, what, name.span(), &[KEYS], sink) else {
            return Some(decl);
        };
        let before = sink.errors();
        decl.description = fields
            .required("description")
            .and_then(|entry| read::written(&entry.value, "a description", sink));
        decl.params = param::read_all(fields.optional("params"), sink);
        if let Some(entry) = fields.required("steps") {
            let items = read::named_items(&entry.value, "a list of steps", "id", sink);
            if items.is_some_and(<[Node]>::is_empty) {
                sink.error(
                    "wrong-value",
                    entry.value.span,
                    "expected at least one step, found an empty list",
                )
                .help("as in `steps: [ { id: first, call: TOOL, with: { … } } ]`");
            }
            decl.steps = items
                .unwrap_or_default()
                .iter()
                .filter_map(|item| StepDecl::read(item, sink))
                .collect();
        }
        decl.returns = fields.optional("return").map(|entry| &entry.value);
        fields.finish(sink);
        decl.broken = sink.errors() > before;
        Some(decl)
    }
}
