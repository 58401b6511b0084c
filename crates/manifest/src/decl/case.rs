//! An entry of `tests:` as written: its grammar and the names it uses.

use super::policy::pairs;
use super::tool::METHODS;
use crate::diagnostic::Sink;
use crate::fields::{Fields, Key, key};
use crate::node::{Entry, Kind, Node};
use crate::shape::{self, Form, Names, Naming, Rule, Section, Shape, Unit};
use crate::source::Span;
use crate::text::Text;
use crate::{quantity, read};

pub(crate) const KEYS: &[Key] = &[
    key("name", "What the case shows.")
        .is(Shape::Written(Form::Words))
        .required(),
    key("prompt", "The prompt of a run.").is(Shape::Text(Form::Words)),
    key("call", "The tool or workflow called without a model.").is(CALLABLE),
    key("with", "The arguments of the call.").is(ARGUMENTS),
    key("vars", "Values of vars in this case.").is(Shape::Named(Naming::Var, &Shape::Written(Form::Words))),
    key("mocks", "Answers by tool.").is(MOCKS),
    key("expect", "What must have happened.")
        .is(Shape::Keys(|| &EXPECT))
        .required(),
];

pub(crate) const EXPECT_KEYS: &[Key] = &[
    key(
        "calls",
        "The calls in order of start; named arguments must be equal.",
    )
    .is(ORDERED),
    key("answer", "The final answer: contains, equals or matches.").is(Shape::Any),
    key("request", "The request that was sent.").is(Shape::Keys(|| &REQUEST)),
    key("result", "The result of the call.").is(Shape::Any),
    key("tokens", "The most tokens.").is(Shape::Quantity(Unit::Count)),
    key("cost", "The most money.").is(Shape::Quantity(Unit::Cost)),
    key("error", "The error that must have come.").is(Shape::Any),
];

pub(crate) const MOCK_KEYS: &[Key] = &[
    key("status", "The status; 200 when absent.")
        .is(Shape::Whole(100, 599))
        .absent("200"),
    key("headers", "Headers of the answer.").is(PAIRS),
    key("body", "The body of the answer.").is(Shape::Any),
];

pub(crate) const REQUEST_KEYS: &[Key] = &[
    key("method", "The method.").is(Shape::Word(|| shape::words(METHODS))),
    key("url", "The address.").is(Shape::Text(Form::Words)),
    key("headers", "A part of the headers.").is(PAIRS),
    key("body", "The body.").is(Shape::Any),
];

/// `calls` whose order is free.
pub(crate) const ORDER_KEYS: &[Key] = &[key("any_order", "The calls in whatever order.")
    .is(CALLS)
    .required()];

/// The name of a tool or workflow.
const CALLABLE: Shape = Shape::Text(Form::Name(Names::Callable));
/// Arguments by the name of a param.
const ARGUMENTS: Shape = Shape::Named(Naming::Data, &Shape::Any);
/// Names with texts.
const PAIRS: Shape = Shape::Named(Naming::Data, &Shape::Written(Form::Words));
/// An answer, or one for each request.
const ANSWERS: Shape = Shape::Either(&[Shape::Keys(|| &MOCK), Shape::List(&Shape::Keys(|| &MOCK))]);
/// Answers by tool.
const MOCKS: Shape = Shape::Named(Naming::Of(Names::Callable), &ANSWERS);
/// The calls in their order, or in whatever order.
const ORDERED: Shape = Shape::Either(&[CALLS, Shape::Keys(|| &ANY_ORDER)]);
/// A list of calls: names alone, or with arguments.
const CALLS: Shape = Shape::List(&Shape::Either(&[
    CALLABLE,
    Shape::Single(Naming::Of(Names::Callable), &ARGUMENTS),
]));

/// A case of `tests`.
pub(crate) static SECTION: Section = Section {
    name: "test",
    place: "tests",
    tables: &[KEYS],
    without: &[],
    rules: &[Rule::One(&["prompt", "call"]), Rule::Needs("with", "call")],
};

/// `expect`.
pub(crate) static EXPECT: Section = Section {
    name: "test.expect",
    place: "tests.expect",
    tables: &[EXPECT_KEYS],
    without: &[],
    rules: &[],
};

/// An answer of `mocks`.
pub(crate) static MOCK: Section = Section {
    name: "test.mock",
    place: "tests.mocks.TOOL",
    tables: &[MOCK_KEYS],
    without: &[],
    rules: &[],
};

/// `expect.request`.
pub(crate) static REQUEST: Section = Section {
    name: "test.request",
    place: "tests.expect.request",
    tables: &[REQUEST_KEYS],
    without: &[],
    rules: &[],
};

/// `expect.calls` whose order is free.
pub(crate) static ANY_ORDER: Section = Section {
    name: "test.calls",
    place: "tests.expect.calls",
    tables: &[ORDER_KEYS],
    without: &[],
    rules: &[],
};

/// A case: where it stands and what it names.
#[derive(Debug)]
pub(crate) struct CaseDecl<'n> {
    /// Names of tools and workflows.
    pub(crate) callees: Vec<&'n Text>,
    /// Names of vars.
    pub(crate) vars: Vec<&'n Text>,
    /// Where an `expect` stands that expects nothing.
    pub(crate) idle: Option<Span>,
}

/// All cases of a file.
pub(crate) fn read_all<'n>(entry: Option<&'n Entry>, sink: &mut Sink) -> Vec<CaseDecl<'n>> {
    let Some(entry) = entry else { return Vec::new() };
    let items = read::named_items(&entry.value, "a list of cases", "name", sink).unwrap_or_default();
    let mut names: Vec<&Text> = Vec::new();
    items
        .iter()
        .filter_map(|item| CaseDecl::read(item, &mut names, sink))
        .collect()
}

impl<'n> CaseDecl<'n> {
    fn read(node: &'n Node, names: &mut Vec<&'n Text>, sink: &mut Sink) -> Option<Self> {
        let head = match &node.kind {
            Kind::Map(entries) => entries.first().map_or(node.span, |entry| entry.key.span()),
            _ => node.span,
        };
        let mut fields = Fields::open(node, "this test", head, &[KEYS], sink)?;
        let mut decl = Self {
            callees: Vec::new(),
            vars: Vec::new(),
            idle: None,
        };
        if let Some(entry) = fields.required("name") {
            name(entry, names, sink);
        }
        let prompt = fields.optional("prompt");
        let call = fields.optional("call");
        prompt.and_then(|entry| read::text(&entry.value, "a prompt", sink));
        decl.callees
            .extend(call.and_then(|entry| read::text(&entry.value, "the name of a tool or workflow", sink)));
        if prompt.is_some() == call.is_some() {
            match (prompt, call) {
                (Some(prompt), Some(call)) => {
                    let message = "a test has either `prompt` or `call`, not both";
                    sink.error("wrong-value", call.key.span(), message)
                        .context(prompt.key.span(), "the prompt stands here")
                        .help("remove `call` for a run of the model, `prompt` for a call without one")
                }
                _ => sink
                    .error("wrong-value", head, "a test has a `prompt` or a `call`")
                    .help("add `prompt: …` for a run of the model, or `call: TOOL` for a call without one"),
            };
        }
        if let Some(entry) = fields.optional("with") {
            read::data(&entry.value, "a mapping of arguments", sink);
            if prompt.is_some() && call.is_none() {
                sink.error(
                    "misplaced-key",
                    entry.key.span(),
                    "`with` has a place only beside `call`",
                )
                .help("remove it, or write `call: TOOL` in place of `prompt`");
            }
        }
        decl.vars.extend(
            pairs(fields.optional("vars"), "values of vars", sink)
                .into_iter()
                .map(|(name, _)| name),
        );
        if let Some(entry) = fields.optional("mocks") {
            decl.mocks(entry, sink);
        }
        if let Some(entry) = fields.required("expect") {
            decl.expect(entry, sink);
        }
        fields.finish(sink);
        Some(decl)
    }

    fn mocks(&mut self, entry: &'n Entry, sink: &mut Sink) {
        for entry in read::map(&entry.value, "a mapping of answers by tool", sink)
            .into_iter()
            .flatten()
        {
            self.callees.push(&entry.key);
            match &entry.value.kind {
                Kind::List(items) => items.iter().for_each(|item| mock(item, entry.key.span(), sink)),
                _ => mock(&entry.value, entry.key.span(), sink),
            }
        }
    }

    fn expect(&mut self, entry: &'n Entry, sink: &mut Sink) {
        if matches!(&entry.value.kind, Kind::Map(entries) if entries.is_empty()) {
            self.idle = Some(entry.key.span());
        }
        let Some(mut fields) = Fields::open(&entry.value, "`expect`", entry.key.span(), &[EXPECT_KEYS], sink)
        else {
            return;
        };
        if let Some(entry) = fields.optional("calls") {
            self.calls(&entry.value, sink);
        }
        if let Some(entry) = fields.optional("request") {
            request(entry, sink);
        }
        if let Some(entry) = fields.optional("tokens") {
            quantity::count(&entry.value, sink);
        }
        if let Some(entry) = fields.optional("cost") {
            quantity::cost(&entry.value, sink);
        }
        for name in ["answer", "result", "error"] {
            fields.optional(name);
        }
        fields.finish(sink);
    }

    /// A list of names or of `{ name: args }`, or `{ any_order: [ … ] }`.
    fn calls(&mut self, node: &'n Node, sink: &mut Sink) {
        let what = "a list of calls, or `{ any_order: [ … ] }`";
        let items = match &node.kind {
            Kind::Map(entries) if entries.len() == 1 && entries[0].key.as_str() == "any_order" => {
                read::items(&entries[0].value, "a list of calls", sink)
            }
            _ => read::items(node, what, sink),
        };
        for item in items.unwrap_or_default() {
            match &item.kind {
                Kind::Scalar(_) => self.callees.extend(read::text(item, "the name of a tool", sink)),
                Kind::Map(entries) if entries.len() == 1 => {
                    self.callees.push(&entries[0].key);
                    read::data(&entries[0].value, "a mapping of arguments", sink);
                }
                _ => read::expected(item, "a call such as `find_orders: { email: … }`", sink),
            }
        }
    }
}

/// Names of cases are unique: recordings are found by them.
fn name<'n>(entry: &'n Entry, names: &mut Vec<&'n Text>, sink: &mut Sink) {
    let Some(name) = read::written(&entry.value, "a name", sink) else {
        return;
    };
    if let Some(first) = names.iter().find(|first| first.as_str() == name.as_str()) {
        let message = format!("two tests are named `{}`", name.as_str());
        sink.error("name-clash", name.span(), message)
            .context(first.span(), "the first stands here")
            .help("give this test another name");
    }
    names.push(name);
}

fn mock(node: &Node, owner: Span, sink: &mut Sink) {
    let Some(mut fields) = Fields::open(node, "a mock", owner, &[MOCK_KEYS], sink) else {
        return;
    };
    if let Some(entry) = fields.optional("status") {
        read::whole(&entry.value, "a status", 100..=599, sink);
    }
    pairs(fields.optional("headers"), "headers", sink);
    if let Some(entry) = fields.optional("body") {
        entry.value.json(sink);
    }
    fields.finish(sink);
}

fn request(entry: &Entry, sink: &mut Sink) {
    let Some(mut fields) = Fields::open(&entry.value, "`request`", entry.key.span(), &[REQUEST_KEYS], sink)
    else {
        return;
    };
    if let Some(entry) = fields.optional("method") {
        read::word(&entry.value, "a method", METHODS, sink);
    }
    fields
        .optional("url")
        .and_then(|entry| read::text(&entry.value, "a URL", sink));
    pairs(fields.optional("headers"), "headers", sink);
    fields.optional("body");
    fields.finish(sink);
}
