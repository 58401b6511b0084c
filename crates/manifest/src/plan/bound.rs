//! How much a workflow can come to, as far as the manifest says.

use std::collections::HashMap;

use crate::checked::Manifest;
use crate::workflow::{Action, Step, Workflow};

/// Turns of a model that one answer of a given shape takes at most: the first
/// and one repair.
const TURNS_WITH_OUTPUT: u64 = 2;

/// The most that running a workflow once can come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// Calls of tools.
    pub calls: Most,
    /// Turns of the model.
    pub turns: Most,
}

/// A number that is not passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Most {
    /// This many.
    Number(u64),
    /// Nobody knows before it runs: the limits of the run alone bound it.
    Unknown,
}

impl Most {
    fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => Self::Number(a.saturating_add(b)),
            _ => Self::Unknown,
        }
    }

    fn times(self, other: Self) -> Self {
        match (self, other) {
            // Nothing for each of unknown many is nothing.
            (Self::Number(0), _) | (_, Self::Number(0)) => Self::Number(0),
            (Self::Number(a), Self::Number(b)) => Self::Number(a.saturating_mul(b)),
            _ => Self::Unknown,
        }
    }
}

const NONE: Bound = Bound {
    calls: Most::Number(0),
    turns: Most::Number(0),
};

impl Manifest {
    /// The most that running a workflow once can come to.
    pub fn bound(&self, workflow: &Workflow) -> Bound {
        self.bound_knowing(workflow, &|_| None)
    }

    /// The same when it is known how many times some of its own steps run.
    pub fn bound_knowing(&self, workflow: &Workflow, times: &dyn Fn(&Step) -> Option<usize>) -> Bound {
        // Workflows do not call themselves, so this ends; each is looked at once.
        let mut known = HashMap::new();
        self.bound_of(workflow, times, &mut known)
    }

    fn bound_of<'m>(
        &'m self,
        workflow: &'m Workflow,
        times: &dyn Fn(&Step) -> Option<usize>,
        known: &mut HashMap<&'m str, Bound>,
    ) -> Bound {
        let mut sum = NONE;
        for step in &workflow.steps {
            let one = self.bound_of_step(step, known);
            let repeats = Most::Number(step.repeat.as_ref().map_or(1, |repeat| repeat.times.into()));
            let written = match &step.each {
                None => Some(1),
                Some(each) => each.count,
            };
            let items = times(step).or(written).map_or(Most::Unknown, |count| {
                Most::Number(count.try_into().unwrap_or(u64::MAX))
            });
            sum.calls = sum.calls.plus(one.calls.times(repeats).times(items));
            sum.turns = sum.turns.plus(one.turns.times(repeats).times(items));
        }
        known.insert(&workflow.name, sum);
        sum
    }

    fn bound_of_step<'m>(&'m self, step: &'m Step, known: &mut HashMap<&'m str, Bound>) -> Bound {
        match &step.action {
            Action::Call { callee, .. } => match (known.get(callee.as_str()), self.workflow(callee)) {
                (Some(bound), _) => *bound,
                (None, Some(workflow)) => self.bound_of(workflow, &|_| None, known),
                (None, None) => Bound {
                    calls: Most::Number(1),
                    ..NONE
                },
            },
            Action::Ask(ask) if !ask.tools.is_empty() => Bound {
                calls: Most::Unknown,
                turns: Most::Unknown,
            },
            Action::Ask(ask) => Bound {
                turns: Most::Number(if ask.output.is_some() {
                    TURNS_WITH_OUTPUT
                } else {
                    1
                }),
                ..NONE
            },
        }
    }
}
