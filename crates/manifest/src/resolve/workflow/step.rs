//! One step: its templates compiled, what it needs, what it does.

use std::collections::BTreeSet;

use super::{Callees, Frame, arguments};
use crate::checked::{Effect, Param};
use crate::decl::step::{OnErrorDecl, RepeatDecl, StepDecl};
use crate::decl::workflow::WorkflowDecl;
use crate::diagnostic::{Severity, Sink};
use crate::node::{Kind, Node};
use crate::read;
use crate::resolve::template::{TreeKind, text, tree};
use crate::resolve::world::World;
use crate::resolve::{agent, param, policy};
use crate::source::Span;
use crate::template::{Condition, JsonTemplate, Names};
use crate::workflow::{Action, Ask, Each, ITEMS_AT_ONCE, Literal, OnError, Repeat, Step, When};

/// What decides whether a step runs and how often; compiled before the rest,
/// since other steps depend on it.
pub(super) struct Head {
    pub(super) items: Option<JsonTemplate>,
    pub(super) when: Option<When>,
}

/// A step, as far as it could be made sense of.
pub(super) struct Compiled {
    step: Option<Step>,
    pub(super) needs: Vec<usize>,
    pub(super) effect: Effect,
}

impl Compiled {
    /// The step, if nothing was wrong with it.
    pub(super) fn finish(self) -> Option<Step> {
        self.step
    }
}

/// Compiles lists and conditions of all steps.
pub(super) fn heads(
    decl: &WorkflowDecl<'_>,
    frame: &Frame<'_>,
    world: &World<'_>,
    sink: &mut Sink,
) -> Vec<Head> {
    decl.steps
        .iter()
        .map(|step| head(step, frame, world, sink))
        .collect()
}

fn head(step: &StepDecl<'_>, frame: &Frame<'_>, world: &World<'_>, sink: &mut Sink) -> Head {
    let items = step.for_each.and_then(|node| {
        let tree = tree(node, TreeKind::Json, &frame.names(), world, sink)?;
        is_list(node, &tree, sink).then_some(tree)
    });
    let params = with_item(step, frame.params, &BTreeSet::new());
    let names = Names {
        params: &params,
        ..frame.names()
    };
    let when = step
        .when
        .and_then(|text| policy::condition(text, &names, world, sink));
    let when = when.map(|condition| match step.item {
        Some(item) if condition.uses().params.contains(item.as_str()) => When::Item(condition),
        _ => When::Step(condition),
    });
    Head { items, when }
}

/// Whether a literal is a list; of a template only running shows.
fn is_list(node: &Node, tree: &JsonTemplate, sink: &mut Sink) -> bool {
    let wrong =
        matches!(node.kind, Kind::Map(_)) || tree.whole().literal().is_some_and(|value| !value.is_array());
    if wrong {
        let message = format!("expected a list for `for_each`, found {}", node.found());
        sink.error("wrong-type", node.span, message)
            .help("as in `for_each: \"{{ orders }}\"` or `for_each: [EUR, USD]`");
    }
    !wrong
}

/// The params with the item beside them; those that the step's own condition
/// has seen are there.
fn with_item(step: &StepDecl<'_>, params: &[Param], seen: &BTreeSet<String>) -> Vec<Param> {
    let mut all = params.to_vec();
    for param in all.iter_mut().filter(|param| seen.contains(&param.name)) {
        param.optional = false;
    }
    all.extend(step.item.map(|item| param::placeholder(item, false)));
    all
}

/// Checks a step and everything that it names.
pub(super) fn resolve(
    decl: &StepDecl<'_>,
    head: Head,
    frame: &Frame<'_>,
    callees: &Callees<'_>,
    world: &World<'_>,
    sink: &mut Sink,
) -> Compiled {
    let seen = match &head.when {
        Some(When::Step(condition) | When::Item(condition)) => condition.uses().params.clone(),
        None => BTreeSet::new(),
    };
    let params = with_item(decl, frame.params, &seen);
    let names = Names {
        params: &params,
        guarded: Some(&seen),
        ..frame.names()
    };
    let mut reads = seen.clone();
    reads.extend(
        head.items
            .iter()
            .flat_map(|items| items.uses().params.iter().cloned()),
    );
    let effect = effect(decl, callees);
    let mut literals = Vec::new();
    let action = match decl.ask {
        Some(_) => ask(decl, &names, &mut reads, world, sink),
        None => call(decl, &names, &mut reads, frame.name, callees, world, sink).map(|(action, written)| {
            literals = written;
            action
        }),
    };
    let repeat = decl
        .repeat
        .as_ref()
        .map(|written| repeat(decl, written, &names, &mut reads, effect, world, sink));
    let needs = needs(decl, &reads, frame, sink);
    let on_error = decl.on_error.map(|written| on_error(written, sink));
    let step = finished(decl, head, action, repeat, on_error, effect, &needs);
    let step = step.map(|step| Step { literals, ..step });
    Compiled { step, needs, effect }
}

fn finished(
    decl: &StepDecl<'_>,
    head: Head,
    action: Option<Action>,
    repeat: Option<Option<Repeat>>,
    on_error: Option<Option<OnError>>,
    effect: Effect,
    needs: &[usize],
) -> Option<Step> {
    let each = match decl.for_each {
        None => None,
        Some(node) => Some(Each {
            items: head.items?,
            name: decl.item?.as_str().to_owned(),
            concurrency: decl.concurrency.unwrap_or(ITEMS_AT_ONCE),
            count: match &node.kind {
                Kind::List(items) => Some(items.len()),
                _ => None,
            },
        }),
    };
    Some(Step {
        id: decl.id?.as_str().to_owned(),
        span: decl.id?.span(),
        action: action?,
        when: head.when,
        each,
        repeat: repeat.map_or(Some(None), |repeat| repeat.map(Some))?,
        on_error: on_error.map_or(Some(OnError::Stop), |on_error| on_error)?,
        needs: needs.to_vec(),
        effect,
        literals: Vec::new(),
    })
}

/// The steps that must be over before, as places.
fn needs(decl: &StepDecl<'_>, reads: &BTreeSet<String>, frame: &Frame<'_>, sink: &mut Sink) -> Vec<usize> {
    let mut needs: BTreeSet<usize> = reads
        .iter()
        .filter_map(|name| frame.places.get(name.as_str()).copied())
        .collect();
    for id in &decl.after {
        if decl.id.is_some_and(|own| own.as_str() == id.as_str()) {
            let message = format!("step `{}` cannot run after itself", id.as_str());
            sink.error("unknown-name", id.span(), message);
        } else if id.as_str().contains([',', ' ']) {
            let ids: Vec<&str> = id
                .as_str()
                .split([',', ' '])
                .filter(|id| !id.is_empty())
                .collect();
            let message = format!("`{}` is not the id of a step", id.as_str());
            sink.error("unknown-name", id.span(), message)
                .help(format!("several are a list: `after: [{}]`", ids.join(", ")));
        } else {
            needs.extend(frame.place(id, sink));
        }
    }
    needs.into_iter().collect()
}

fn call(
    decl: &StepDecl<'_>,
    names: &Names<'_>,
    reads: &mut BTreeSet<String>,
    caller: &str,
    callees: &Callees<'_>,
    world: &World<'_>,
    sink: &mut Sink,
) -> Option<(Action, Vec<Literal>)> {
    let callee = decl.call?;
    if world.complete && callees.get(callee.as_str()).is_none() {
        // Broken ones are names all the same; to call itself is a circle, which
        // nobody is led into.
        let own = callee.as_str() == caller;
        let names = world.callable_names().filter(|name| own || *name != caller);
        read::known(callee, "tool or workflow", names, sink);
    }
    let written = decl.with.filter(|node| matches!(node.kind, Kind::Map(_)));
    let with = written.map(|node| tree(node, TreeKind::Json, names, world, sink));
    if let Some(Some(tree)) = &with {
        reads.extend(tree.uses().params.iter().cloned());
    }
    let mut literals = Vec::new();
    if callees.get(callee.as_str()).is_some() && !matches!(with, Some(None)) {
        let given = with.as_ref().and_then(Option::as_ref);
        literals = arguments::check(decl, callee, given, callees.params_of(callee.as_str()), sink);
    }
    let action = Action::Call {
        callee: callee.as_str().to_owned(),
        with: match with {
            Some(tree) => Some(Box::new(tree?)),
            None => None,
        },
    };
    Some((action, literals))
}

fn ask(
    decl: &StepDecl<'_>,
    names: &Names<'_>,
    reads: &mut BTreeSet<String>,
    world: &World<'_>,
    sink: &mut Sink,
) -> Option<Action> {
    for tool in decl.tools.iter().filter(|_| world.complete) {
        read::known(tool, "tool", world.callable_names(), sink);
    }
    let output = decl.output.map(|node| {
        let before = sink.errors();
        if let Some(id) = decl.id {
            agent::types(node, &format!("`output` of step `{}`", id.as_str()), sink);
        }
        agent::schema(node, sink).filter(|_| sink.errors() == before)
    });
    let written = decl.ask?;
    if written.as_str().trim().is_empty() {
        sink.error("wrong-value", written.span(), "the prompt of `ask` is empty")
            .help("write what the model is asked, as in `ask: \"Sum up {{ rates | tojson }}\"`");
    }
    let prompt = text(written, names, world, sink)?;
    reads.extend(prompt.uses().params.iter().cloned());
    Some(Action::Ask(Box::new(Ask {
        prompt,
        output: output.map_or(Some(None), |output| output.map(Some))?,
        output_span: decl.output.map(|node| node.span),
        tools: decl.tools.iter().map(|name| name.as_str().to_owned()).collect(),
    })))
}

fn repeat(
    decl: &StepDecl<'_>,
    written: &RepeatDecl<'_>,
    names: &Names<'_>,
    reads: &mut BTreeSet<String>,
    effect: Effect,
    world: &World<'_>,
    sink: &mut Sink,
) -> Option<Repeat> {
    if let (Some(callee), true) = (decl.call, effect != Effect::Read) {
        let word = if effect == Effect::Write {
            "writes"
        } else {
            "is destructive"
        };
        let message = format!("`repeat` is for reads, and `{}` {word}", callee.as_str());
        sink.error("repeated-write", written.span, message)
            .context(callee.span(), "called here")
            .help("repeat the read that shows the state, in a step of its own");
    }
    let until: Condition = policy::condition(written.until?, names, world, sink)?;
    let own = decl.id.map(|id| id.as_str());
    let others = until
        .uses()
        .params
        .iter()
        .filter(|name| Some(name.as_str()) != own);
    reads.extend(others.cloned());
    Some(Repeat {
        until,
        every: written.every?,
        times: written.times?,
    })
}

/// The value in place of an error is data: a slot in it would be a surprise.
fn on_error(written: OnErrorDecl<'_>, sink: &mut Sink) -> Option<OnError> {
    match written {
        OnErrorDecl::Stop => Some(OnError::Stop),
        OnErrorDecl::Skip => Some(OnError::Skip),
        OnErrorDecl::Value(node) => {
            slots(node, sink);
            node.json(sink).map(OnError::Value)
        }
    }
}

fn slots(node: &Node, sink: &mut Sink) {
    match &node.kind {
        Kind::Scalar(text) => {
            if let Some(at) = text.as_str().find("{{") {
                let message = "`{{` is plain text here: the value in place of an error is no template";
                let span: Span = text.span_of(at..at + 2);
                sink.report("literal-slot", Severity::Warning, span, message)
                    .help("write the value itself, and let a later step choose: `{{ step | default(other) }}` with `on_error: skip`");
            }
        }
        Kind::List(items) => items.iter().for_each(|item| slots(item, sink)),
        Kind::Map(entries) => entries.iter().for_each(|entry| slots(&entry.value, sink)),
        Kind::Invalid => {}
    }
}

/// What the step does to the world, as far as its callees are known.
fn effect(decl: &StepDecl<'_>, callees: &Callees<'_>) -> Effect {
    let names = decl.call.iter().chain(&decl.tools);
    names
        .filter_map(|name| callees.get(name.as_str()))
        .map(|callee| callee.effect)
        .max()
        .unwrap_or(Effect::Read)
}
