//! A step of a workflow as written.

use std::time::Duration;

use crate::diagnostic::Sink;
use crate::fields::{Fields, Key, key};
use crate::node::{Entry, Kind, Node};
use crate::shape::{self, Form, Names, Place, Rule, Section, Shape, Unit};
use crate::source::Span;
use crate::text::Text;
use crate::{quantity, read};

pub(crate) const KEYS: &[Key] = &[
    key("id", "The name under which later steps see the value.")
        .is(Shape::Text(Form::NewName))
        .required(),
    key("call", "The tool or workflow that is called.").is(Shape::Text(Form::Name(Names::Callable))),
    key("ask", "A prompt: the step is a turn of the model.").is(Shape::Text(Form::Template(Place::Step))),
    key("with", "The arguments, a tree of templates.").is(Shape::Data(Place::Step)),
    key(
        "when",
        "A condition; the step is skipped when it does not hold. One that reads the item of `for_each` skips that \
         item alone and takes it out of the step's list.",
    )
    .is(Shape::Text(Form::Expression(Place::Step))),
    key(
        "for_each",
        "A list; the step runs once for each item, and its value is the list of their values in this order. An item \
         without a value is left out, and those after it move up.",
    )
    .is(MANY),
    key("as", "The name of the item.").is(Shape::Text(Form::NewName)),
    key("concurrency", "How many items at once.").is(Shape::Whole(1, 1000)),
    key("after", "Steps that must be done before.").is(Shape::Either(&[STEP, Shape::List(&STEP)])),
    key("repeat", "Repeats a read until a condition holds.").is(Shape::Keys(|| &REPEAT)),
    key(
        "on_error",
        "stop, skip, or a value in place of the step's. Beside `for_each`, `skip` takes a failed item out of the \
         step's list; `{ value: … }` keeps its place.",
    )
    .is(AFTER_ERROR)
    .absent("stop"),
    key("output", "JSON Schema of the model's answer.").is(Shape::Schema),
    key("tools", "The tools that the model may call in this step.")
        .is(Shape::List(&Shape::Text(Form::Name(Names::Callable)))),
];

pub(crate) const REPEAT_KEYS: &[Key] = &[
    key("until", "The condition that ends it; it sees the step itself.")
        .is(Shape::Text(Form::Expression(Place::Step)))
        .required(),
    key("every", "The pause between two tries.")
        .is(Shape::Quantity(Unit::Duration))
        .required(),
    key("times", "The most tries.")
        .is(Shape::Whole(1, 10_000))
        .required(),
];

pub(crate) const VALUE_KEYS: &[Key] = &[key("value", "The step's value after an error.")
    .is(Shape::Any)
    .required()];

/// What an error does to the steps that follow.
const ON_ERROR: &[(&str, OnErrorDecl<'static>)] = &[("stop", OnErrorDecl::Stop), ("skip", OnErrorDecl::Skip)];
/// A list written out, or an expression that yields one.
const MANY: Shape = Shape::Either(&[
    Shape::Text(Form::Expression(Place::Step)),
    Shape::List(&Shape::Tree(Place::Step)),
]);
/// A word, or a value.
const AFTER_ERROR: Shape = Shape::Either(&[
    Shape::Word(|| shape::words(ON_ERROR)),
    Shape::Keys(|| &ON_ERROR_VALUE),
]);
/// The id of a step.
const STEP: Shape = Shape::Text(Form::Name(Names::Step));

/// A step.
pub(crate) static SECTION: Section = Section {
    name: "step",
    place: "workflows.WORKFLOW.steps",
    tables: &[KEYS],
    without: &[],
    rules: &[
        Rule::One(&["call", "ask"]),
        Rule::Needs("output", "ask"),
        Rule::Needs("tools", "ask"),
        Rule::Needs("as", "for_each"),
        Rule::Needs("concurrency", "for_each"),
        Rule::Needs("with", "call"),
        Rule::Needs("repeat", "call"),
        Rule::Needs("for_each", "as"),
    ],
};

/// `repeat`.
pub(crate) static REPEAT: Section = Section {
    name: "step.repeat",
    place: "workflows.WORKFLOW.steps.repeat",
    tables: &[REPEAT_KEYS],
    without: &[],
    rules: &[],
};

/// `on_error` with a value.
pub(crate) static ON_ERROR_VALUE: Section = Section {
    name: "step.on_error",
    place: "workflows.WORKFLOW.steps.on_error",
    tables: &[VALUE_KEYS],
    without: &[],
    rules: &[],
};

/// A step as written.
#[derive(Debug)]
pub(crate) struct StepDecl<'n> {
    pub(crate) span: Span,
    pub(crate) id: Option<&'n Text>,
    pub(crate) call: Option<&'n Text>,
    pub(crate) ask: Option<&'n Text>,
    pub(crate) with: Option<&'n Node>,
    pub(crate) when: Option<&'n Text>,
    pub(crate) for_each: Option<&'n Node>,
    pub(crate) item: Option<&'n Text>,
    pub(crate) concurrency: Option<u32>,
    pub(crate) after: Vec<&'n Text>,
    pub(crate) repeat: Option<RepeatDecl<'n>>,
    pub(crate) on_error: Option<OnErrorDecl<'n>>,
    pub(crate) output: Option<&'n Node>,
    pub(crate) tools: Vec<&'n Text>,
}

/// `repeat:` as written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RepeatDecl<'n> {
    pub(crate) span: Span,
    pub(crate) until: Option<&'n Text>,
    pub(crate) every: Option<Duration>,
    pub(crate) times: Option<u32>,
}

/// `on_error:` as written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum OnErrorDecl<'n> {
    /// `stop`.
    Stop,
    /// `skip`.
    Skip,
    /// `{ value: … }`.
    Value(&'n Node),
}

impl<'n> StepDecl<'n> {
    pub(crate) fn read(node: &'n Node, sink: &mut Sink) -> Option<Self> {
        let head = match &node.kind {
            Kind::Map(entries) => entries.first().map_or(node.span, |entry| entry.key.span()),
            _ => node.span,
        };
        let mut fields = Fields::open(node, "this step", head, &[KEYS], sink)?;
        let id = fields
            .required("id")
            .and_then(|entry| read::text(&entry.value, "a name", sink));
        let span = id.map_or(head, Text::span);
        let decl = Self {
            span,
            id,
            call: fields
                .optional("call")
                .and_then(|entry| read::text(&entry.value, "the name of a tool or workflow", sink)),
            ask: fields
                .optional("ask")
                .and_then(|entry| read::text(&entry.value, "a prompt", sink)),
            with: fields.optional("with").map(|entry| &entry.value),
            when: fields
                .optional("when")
                .and_then(|entry| read::text(&entry.value, "a condition such as `\"{{ a > 0 }}\"`", sink)),
            for_each: fields.optional("for_each").map(|entry| &entry.value),
            item: fields
                .optional("as")
                .and_then(|entry| read::text(&entry.value, "a name", sink)),
            concurrency: fields
                .optional("concurrency")
                .and_then(|entry| read::whole(&entry.value, "`concurrency`", 1..=1000, sink))
                .and_then(|count| u32::try_from(count).ok()),
            after: after(fields.optional("after"), sink),
            repeat: fields.optional("repeat").and_then(|entry| repeat(entry, sink)),
            on_error: fields
                .optional("on_error")
                .and_then(|entry| on_error(entry, sink)),
            output: fields.optional("output").map(|entry| &entry.value),
            tools: fields
                .optional("tools")
                .and_then(|entry| {
                    read::texts(
                        &entry.value,
                        "a list of names of tools",
                        "the name of a tool",
                        sink,
                    )
                })
                .unwrap_or_default(),
        };
        decl.rest(&mut fields, sink);
        fields.finish(sink);
        Some(decl)
    }

    fn rest(&self, fields: &mut Fields<'n>, sink: &mut Sink) {
        if let Some(entry) = self.with.filter(|node| !matches!(node.kind, Kind::Map(_))) {
            read::expected(entry, "a mapping of arguments", sink);
        }
        let (call, ask) = (fields.optional("call"), fields.optional("ask"));
        match (call, ask) {
            (Some(call), Some(ask)) => {
                let message = "a step has either `call` or `ask`, not both";
                sink.error("wrong-value", ask.key.span(), message)
                    .context(call.key.span(), "the call stands here")
                    .help("remove one of them, or make two steps");
            }
            (None, None) => {
                sink.error("wrong-value", self.span, "a step has a `call` or an `ask`")
                    .help("add `call: TOOL`, or `ask: PROMPT` for a turn of the model");
            }
            _ => {}
        }
        Self::beside(call.is_some(), ask.is_some(), fields, sink);
        if let Some(node) = self.output {
            read::data(node, "a JSON Schema", sink);
        }
        self.items(fields, sink);
    }

    /// Keys that only one kind of step has.
    fn beside(calls: bool, asks: bool, fields: &mut Fields<'n>, sink: &mut Sink) {
        if !asks {
            for name in ["output", "tools"] {
                fields.refuse(
                    name,
                    &format!("`{name}` has a place only beside `ask`"),
                    "remove it, or write the step as `ask: PROMPT`",
                    sink,
                );
            }
        }
        if asks && !calls {
            for (name, help) in [
                (
                    "with",
                    "write the values into the prompt, as in `ask: \"Sum up {{ rates | tojson }}\"`",
                ),
                ("repeat", "only a call is repeated until something holds"),
            ] {
                let why = format!("`{name}` has a place only beside `call`");
                fields.refuse(name, &why, help, sink);
            }
        }
    }

    /// `for_each` and what belongs to it.
    fn items(&self, fields: &mut Fields<'n>, sink: &mut Sink) {
        if self.for_each.is_none() {
            for (name, why) in [
                ("as", "`as` names the item of a `for_each`, which is missing"),
                (
                    "concurrency",
                    "`concurrency` says how many items of a `for_each` run at once, which is missing",
                ),
            ] {
                fields.refuse(name, why, "add `for_each:`, or remove it", sink);
            }
        } else if self.item.is_none() && fields.optional("as").is_none() {
            fields.required("as");
        }
    }
}

fn after<'n>(entry: Option<&'n Entry>, sink: &mut Sink) -> Vec<&'n Text> {
    let Some(entry) = entry else { return Vec::new() };
    match &entry.value.kind {
        Kind::Scalar(_) => read::text(&entry.value, "the id of a step", sink)
            .into_iter()
            .collect(),
        _ => {
            read::texts(&entry.value, "a list of ids of steps", "the id of a step", sink).unwrap_or_default()
        }
    }
}

fn repeat<'n>(entry: &'n Entry, sink: &mut Sink) -> Option<RepeatDecl<'n>> {
    let span = entry.key.span();
    let mut fields = Fields::open(&entry.value, "`repeat`", span, &[REPEAT_KEYS], sink)?;
    let until = fields
        .required("until")
        .and_then(|entry| read::text(&entry.value, "a condition", sink));
    let every = fields
        .required("every")
        .and_then(|entry| quantity::duration(&entry.value, sink));
    let times = fields
        .required("times")
        .and_then(|entry| read::whole(&entry.value, "`times`", 1..=10_000, sink))
        .and_then(|times| u32::try_from(times).ok());
    fields.finish(sink);
    Some(RepeatDecl {
        span,
        until,
        every,
        times,
    })
}

fn on_error<'n>(entry: &'n Entry, sink: &mut Sink) -> Option<OnErrorDecl<'n>> {
    if let Kind::Map(_) = &entry.value.kind {
        let mut fields = Fields::open(&entry.value, "`on_error`", entry.key.span(), &[VALUE_KEYS], sink)?;
        let value = fields.required("value");
        fields.finish(sink);
        return value.map(|entry| OnErrorDecl::Value(&entry.value));
    }
    read::word(&entry.value, "`{ value: … }` or a word", ON_ERROR, sink)
}
