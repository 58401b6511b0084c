//! Workflows: checked callees first, so that what a caller gives and gets is
//! known. Order, absence and effects of steps are decided here and nowhere else.

mod absence;
mod arguments;
mod circles;
mod step;

use std::collections::{BTreeSet, HashMap};

use self::step::Compiled;
use super::template::{TreeKind, tree};
use super::world::World;
use super::{description, names, param};
use crate::checked::{Effect, Param, Tool};
use crate::decl::workflow::WorkflowDecl;
use crate::diagnostic::Sink;
use crate::plan::order;
use crate::read;
use crate::schema::tool_schema;
use crate::template::{JsonTemplate, Names, StepNames, StepValue};
use crate::text::Text;
use crate::workflow::Workflow;

/// How deep workflows may call each other.
const MOST_NESTED: usize = 32;

/// Checks all workflows. Reports every problem; those without one come back,
/// in order of writing.
pub(crate) fn resolve_all(world: &World<'_>, tools: &[Tool], sink: &mut Sink) -> Vec<Workflow> {
    let decls: Vec<&WorkflowDecl<'_>> = world.files.iter().flat_map(|file| &file.decl.workflows).collect();
    let mut callees = Callees::new(tools, &decls, sink);
    let order = order(&circles::calls(&decls));
    circles::of_workflows(&decls, &order.circles, sink);
    if let Some(deepest) = order.waves.get(MOST_NESTED).and_then(|wave| wave.first()) {
        let name = decls[*deepest].name;
        let message = format!(
            "workflow `{}` calls workflows more than {MOST_NESTED} deep",
            name.as_str()
        );
        sink.error("too-deep", name.span(), message)
            .help("write some of their steps where they are called");
    }
    let mut done: Vec<Option<Workflow>> = decls.iter().map(|_| None).collect();
    let mut open: BTreeSet<usize> = (0..decls.len()).collect();
    for place in order.waves.into_iter().flatten() {
        open.remove(&place);
        done[place] = callees.resolve(decls[place], world, sink);
    }
    // Those in a circle, and those that call them, are checked all the same.
    for place in open {
        drop(callees.resolve(decls[place], world, sink));
    }
    done.into_iter().flatten().collect()
}

/// What a step can call, and what is known of it.
struct Callees<'a> {
    known: HashMap<&'a str, Callee<'a>>,
    params: HashMap<&'a str, Vec<Param>>,
}

/// Something that a step can call.
#[derive(Debug, Clone, Copy)]
struct Callee<'a> {
    what: What<'a>,
    effect: Effect,
    value: StepValue,
}

#[derive(Debug, Clone, Copy)]
enum What<'a> {
    Tool(&'a Tool),
    Workflow,
}

impl<'a> Callees<'a> {
    fn new(tools: &'a [Tool], decls: &[&'a WorkflowDecl<'a>], sink: &mut Sink) -> Self {
        let of_tool = |tool: &'a Tool| {
            let callee = Callee {
                what: What::Tool(tool),
                effect: tool.effect,
                value: StepValue::Always,
            };
            (tool.name.as_str(), callee)
        };
        let params = decls
            .iter()
            .map(|decl| (decl.name.as_str(), param::resolve_all(&decl.params, sink)));
        Self {
            params: params.collect(),
            known: tools.iter().map(of_tool).collect(),
        }
    }

    fn get(&self, name: &str) -> Option<Callee<'a>> {
        self.known.get(name).copied()
    }

    fn params_of(&self, name: &str) -> &[Param] {
        match self.known.get(name).map(|callee| callee.what) {
            Some(What::Tool(tool)) => &tool.params,
            _ => self.params.get(name).map_or(&[], Vec::as_slice),
        }
    }

    /// Checks a workflow and, from then on, knows it as a callee.
    fn resolve(
        &mut self,
        decl: &'a WorkflowDecl<'a>,
        world: &World<'_>,
        sink: &mut Sink,
    ) -> Option<Workflow> {
        let before = sink.errors();
        if let Some(text) = decl.description {
            description::check(text, sink);
            description::literal_slots(text, "a description", self.params_of(decl.name.as_str()), sink);
        }
        let params = self.params_of(decl.name.as_str()).to_vec();
        let mut frame = Frame::new(decl, &params, world, sink);
        let heads = step::heads(decl, &frame, world, sink);
        absence::decide(decl, &heads, &mut frame, self);
        let steps: Vec<Compiled> = decl
            .steps
            .iter()
            .zip(heads)
            .map(|(step, head)| step::resolve(step, head, &frame, self, world, sink))
            .collect();
        let returns = decl
            .returns
            .and_then(|node| tree(node, TreeKind::Json, &frame.names(), world, sink));
        let effect = steps.iter().map(|step| step.effect).max().unwrap_or(Effect::Read);
        self.known.insert(
            decl.name.as_str(),
            Callee {
                what: What::Workflow,
                effect,
                value: value(decl, returns.as_ref(), &frame),
            },
        );
        let needs: Vec<Vec<usize>> = steps.iter().map(|step| step.needs.clone()).collect();
        let order = order(&needs);
        circles::of_steps(decl, &order.circles, sink);
        if decl.broken || sink.errors() > before {
            return None;
        }
        Some(Workflow {
            name: decl.name.as_str().to_owned(),
            span: decl.name.span(),
            description: decl.description?.as_str().to_owned(),
            schema: tool_schema(&params),
            params,
            steps: steps.into_iter().map(Compiled::finish).collect::<Option<_>>()?,
            waves: order.waves,
            returns,
            effect,
        })
    }
}

/// Whether the workflow has a value.
fn value(decl: &WorkflowDecl<'_>, returns: Option<&JsonTemplate>, frame: &Frame<'_>) -> StepValue {
    let last = || {
        decl.steps
            .last()
            .and_then(|step| frame.steps.get(step.id?.as_str()))
    };
    let absent = match returns {
        Some(tree) => tree.whole().reads_absent(&|_| false),
        None => decl.returns.is_none() && last() == Some(StepValue::MayBeAbsent),
    };
    if absent {
        StepValue::MayBeAbsent
    } else {
        StepValue::Always
    }
}

/// The names of one workflow.
struct Frame<'a> {
    /// The workflow.
    name: &'a str,
    params: &'a [Param],
    steps: StepNames,
    /// Places of the steps by id.
    places: HashMap<&'a str, usize>,
    vars: &'a [String],
}

impl<'a> Frame<'a> {
    /// Gathers the names of params, steps and items, and reports clashes.
    fn new(decl: &'a WorkflowDecl<'a>, params: &'a [Param], world: &'a World<'_>, sink: &mut Sink) -> Self {
        let mut taken: HashMap<&str, &Text> = decl
            .params
            .iter()
            .map(|param| (param.name.as_str(), param.name))
            .collect();
        let mut frame = Self {
            name: decl.name.as_str(),
            params,
            steps: StepNames::default(),
            places: HashMap::new(),
            vars: &world.var_names,
        };
        for (place, step) in decl.steps.iter().enumerate() {
            let Some(id) = step.id else { continue };
            names::check_local(id, "a step", sink);
            match taken.insert(id.as_str(), id) {
                Some(first) => names::clash(id, first, "step", sink),
                None => {
                    frame.steps.set(id.as_str(), StepValue::Always);
                    frame.places.insert(id.as_str(), place);
                }
            }
        }
        for step in &decl.steps {
            let Some(item) = step.item else { continue };
            names::check_local(item, "an item", sink);
            if let Some(first) = taken.get(item.as_str()) {
                names::clash(item, first, "item", sink);
            }
        }
        frame
    }

    /// What templates of the workflow may read.
    fn names(&self) -> Names<'_> {
        Names {
            params: self.params,
            vars: self.vars,
            call: true,
            steps: Some(&self.steps),
            ..Names::default()
        }
    }

    /// Looks up the id of a step.
    fn place(&self, id: &Text, sink: &mut Sink) -> Option<usize> {
        let found = self.places.get(id.as_str()).copied();
        if found.is_none() {
            let ids: Vec<&str> = self.steps.ids().collect();
            read::known(id, "step", ids.into_iter(), sink);
        }
        found
    }
}
