//! What the steps of a workflow read of each other and of its params.

use std::collections::BTreeSet;

use crate::workflow::{Action, Step, When, Workflow};

/// Every name that the steps and the value of a workflow read.
pub(crate) fn reads(workflow: &Workflow) -> BTreeSet<String> {
    let mut names = returned(workflow);
    for step in &workflow.steps {
        names.extend(reads_of(step));
    }
    names
}

/// The names that the value of a workflow is made of.
pub(crate) fn returned(workflow: &Workflow) -> BTreeSet<String> {
    match &workflow.returns {
        Some(template) => template.uses().params.clone(),
        None => workflow
            .steps
            .last()
            .map(|step| step.id.clone())
            .into_iter()
            .collect(),
    }
}

/// The names that one step reads; its own is among them when `until` does.
fn reads_of(step: &Step) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    match &step.action {
        Action::Call { with, .. } => names.extend(with.iter().flat_map(|with| with.uses().params.clone())),
        Action::Ask(ask) => names.extend(ask.prompt.uses().params.clone()),
    }
    if let Some(When::Step(condition) | When::Item(condition)) = &step.when {
        names.extend(condition.uses().params.clone());
    }
    names.extend(step.each.iter().flat_map(|each| each.items.uses().params.clone()));
    names.extend(
        step.repeat
            .iter()
            .flat_map(|repeat| repeat.until.uses().params.clone()),
    );
    names
}

/// The steps that nothing reads or waits for.
pub(crate) fn idle(workflow: &Workflow) -> Vec<&Step> {
    let returned = returned(workflow);
    let needed: BTreeSet<usize> = workflow
        .steps
        .iter()
        .flat_map(|step| step.needs.iter().copied())
        .collect();
    let steps = workflow.steps.iter().enumerate();
    steps
        .filter(|(place, step)| !needed.contains(place) && !returned.contains(&step.id))
        .map(|(_, step)| step)
        .collect()
}
