//! `agent:`: defaults of a run.

use std::time::Duration;

use crate::checked::Cost;
use crate::diagnostic::Sink;
use crate::fields::{Fields, Key, key};
use crate::node::{Entry, Node};
use crate::shape::{Form, Names, Place, Section, Shape, Unit};
use crate::text::Text;
use crate::{quantity, read};

pub(crate) const KEYS: &[Key] = &[
    key("model", "Which model: provider/name.").is(Shape::Text(Form::Model)),
    key(
        "instructions",
        "What the model is told before the prompt; a template that sees vars and now.",
    )
    .is(Shape::Text(Form::Template(Place::Instructions))),
    key("tools", "The names that the model is offered; all when absent.")
        .is(Shape::List(&Shape::Text(Form::Name(Names::Callable)))),
    key("limits", "When a run stops.").is(Shape::Keys(|| &LIMITS)),
    key("output", "JSON Schema of the final answer.").is(Shape::Schema),
];

pub(crate) const LIMIT_KEYS: &[Key] = &[
    key("turns", "Replies of the model; 20 when absent.")
        .is(MANY)
        .absent("20"),
    key("calls", "Executions of tools; 50 when absent.")
        .is(MANY)
        .absent("50"),
    key("tokens", "Input and output tokens together; 200k when absent.")
        .is(Shape::Quantity(Unit::Count))
        .absent("200k"),
    key("cost", "Money, such as 0.50 USD.").is(Shape::Quantity(Unit::Cost)),
    key("time", "Wall-clock time; 10m when absent.")
        .is(Shape::Quantity(Unit::Duration))
        .absent("10m"),
];

/// How many of something there may be.
const MANY: Shape = Shape::Whole(1, u32::MAX as u64);

/// `agent`.
pub(crate) static SECTION: Section = Section {
    name: "agent",
    place: "agent",
    tables: &[KEYS],
    without: &[],
    rules: &[],
};

/// `agent.limits`.
pub(crate) static LIMITS: Section = Section {
    name: "agent.limits",
    place: "agent.limits",
    tables: &[LIMIT_KEYS],
    without: &[],
    rules: &[],
};

/// `agent:` as written.
#[derive(Debug)]
pub(crate) struct AgentDecl<'n> {
    pub(crate) model: Option<&'n Text>,
    pub(crate) instructions: Option<&'n Text>,
    pub(crate) tools: Option<Vec<&'n Text>>,
    pub(crate) limits: LimitsDecl,
    pub(crate) output: Option<&'n Node>,
}

/// `limits:` as written.
#[derive(Debug, Default)]
pub(crate) struct LimitsDecl {
    pub(crate) turns: Option<u32>,
    pub(crate) calls: Option<u32>,
    pub(crate) tokens: Option<u64>,
    pub(crate) cost: Option<Cost>,
    pub(crate) time: Option<Duration>,
}

impl<'n> AgentDecl<'n> {
    pub(crate) fn read(entry: &'n Entry, sink: &mut Sink) -> Option<Self> {
        let mut fields = Fields::open(&entry.value, "`agent`", entry.key.span(), &[KEYS], sink)?;
        let model = fields
            .optional("model")
            .and_then(|entry| model(&entry.value, sink));
        let instructions = fields
            .optional("instructions")
            .and_then(|entry| read::text(&entry.value, "instructions", sink));
        let tools = fields.optional("tools").and_then(|entry| {
            read::texts(
                &entry.value,
                "a list of names of tools",
                "the name of a tool",
                sink,
            )
        });
        let limits = fields
            .optional("limits")
            .map(|entry| limits(entry, sink))
            .unwrap_or_default();
        let output = fields.optional("output").map(|entry| &entry.value);
        fields.finish(sink);
        Some(Self {
            model,
            instructions,
            tools,
            limits,
            output,
        })
    }
}

fn model<'n>(node: &'n Node, sink: &mut Sink) -> Option<&'n Text> {
    let model = read::text(node, "a model such as `anthropic/claude-sonnet-4-6`", sink)?;
    let fits = model
        .as_str()
        .split_once('/')
        .is_some_and(|(provider, name)| !provider.is_empty() && !name.is_empty());
    if !fits && model.as_str() != "embedded" {
        let message = format!("expected a model as `provider/name`, found `{}`", model.as_str());
        sink.error("wrong-value", model.span(), message)
            .help("for example `anthropic/claude-sonnet-4-6`");
        return None;
    }
    Some(model)
}

fn limits(entry: &Entry, sink: &mut Sink) -> LimitsDecl {
    let Some(mut fields) = Fields::open(&entry.value, "`limits`", entry.key.span(), &[LIMIT_KEYS], sink)
    else {
        return LimitsDecl::default();
    };
    let mut whole = |fields: &mut Fields<'_>, name: &'static str| {
        let entry = fields.optional(name)?;
        let value = read::whole(&entry.value, &format!("`{name}`"), 1..=u64::from(u32::MAX), sink)?;
        u32::try_from(value).ok()
    };
    let turns = whole(&mut fields, "turns");
    let calls = whole(&mut fields, "calls");
    let limits = LimitsDecl {
        turns,
        calls,
        tokens: fields
            .optional("tokens")
            .and_then(|entry| quantity::count(&entry.value, sink)),
        cost: fields
            .optional("cost")
            .and_then(|entry| quantity::cost(&entry.value, sink)),
        time: fields
            .optional("time")
            .and_then(|entry| quantity::duration(&entry.value, sink)),
    };
    fields.finish(sink);
    limits
}
