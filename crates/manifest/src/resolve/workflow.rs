//! Workflows: grammar of names and templates, ids, callees. Planning (order,
//! cycles, effects) is not done here.

use std::collections::HashMap;

use super::template::TreeKind;
use super::world::World;
use super::{description, names, param, policy, template};
use crate::checked::Param;
use crate::decl::step::StepDecl;
use crate::decl::workflow::WorkflowDecl;
use crate::diagnostic::Sink;
use crate::read;
use crate::template::Names;
use crate::text::Text;

/// Checks a workflow.
pub(crate) fn check(decl: &WorkflowDecl<'_>, world: &World<'_>, sink: &mut Sink) {
    if let Some(text) = decl.description {
        description::check(text, sink);
    }
    let mut visible = param::resolve_all(&decl.params, sink);
    let mut taken: HashMap<&str, &Text> = decl
        .params
        .iter()
        .map(|param| (param.name.as_str(), param.name))
        .collect();
    for step in &decl.steps {
        let Some(id) = step.id else { continue };
        names::check_local(id, "a step", sink);
        match taken.insert(id.as_str(), id) {
            Some(first) => names::clash(id, first, "step", sink),
            None => visible.push(param::placeholder(id, false)),
        }
    }
    for step in &decl.steps {
        check_step(step, decl, &taken, &visible, world, sink);
    }
    if let Some(node) = decl.returns {
        let names = scope(&visible, world);
        template::tree(node, TreeKind::Json, &names, world, sink);
    }
}

fn check_step(
    step: &StepDecl<'_>,
    decl: &WorkflowDecl<'_>,
    taken: &HashMap<&str, &Text>,
    visible: &[Param],
    world: &World<'_>,
    sink: &mut Sink,
) {
    let mut inner = visible.to_vec();
    if let Some(item) = step.item {
        names::check_local(item, "an item", sink);
        match taken.get(item.as_str()) {
            Some(first) => names::clash(item, first, "item", sink),
            None => inner.push(param::placeholder(item, false)),
        }
    }
    if world.complete {
        if let Some(callee) = step.call {
            read::known(callee, "tool or workflow", world.callable_names(), sink);
        }
        for tool in &step.tools {
            read::known(tool, "tool", world.callable_names(), sink);
        }
    }
    for id in &step.after {
        let ids = decl.steps.iter().filter_map(|step| step.id).map(Text::as_str);
        if step.id.is_some_and(|own| own.as_str() == id.as_str()) {
            sink.error(
                "unknown-name",
                id.span(),
                format!("step `{}` cannot run after itself", id.as_str()),
            );
        } else {
            read::known(id, "step", ids, sink);
        }
    }
    let outer = scope(visible, world);
    let names = scope(&inner, world);
    if let Some(node) = step.for_each {
        template::tree(node, TreeKind::Json, &outer, world, sink);
    }
    if let Some(node) = step.with {
        template::tree(node, TreeKind::Json, &names, world, sink);
    }
    for text in [step.when, step.until].into_iter().flatten() {
        policy::condition(text, &names, world, sink);
    }
    if let Some(text) = step.ask {
        template::text(text, &names, world, sink);
    }
}

fn scope<'a>(params: &'a [Param], world: &'a World<'_>) -> Names<'a> {
    Names {
        params,
        vars: &world.var_names,
        call: true,
        ..Names::default()
    }
}
