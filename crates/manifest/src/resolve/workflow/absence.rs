//! Which steps may end without a value: those that can be skipped, and those
//! whose list or callee can be absent.

use super::step::Head;
use super::{Callees, Frame};
use crate::decl::step::{OnErrorDecl, StepDecl};
use crate::decl::workflow::WorkflowDecl;
use crate::template::StepValue;
use crate::workflow::When;

/// Notes in the frame which steps may be absent. Linear: a step that turns out
/// to be absent is looked up once by each list that reads it.
pub(super) fn decide(decl: &WorkflowDecl<'_>, heads: &[Head], frame: &mut Frame<'_>, callees: &Callees<'_>) {
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); decl.steps.len()];
    for (place, head) in heads.iter().enumerate() {
        for name in head.items.iter().flat_map(|items| &items.uses().params) {
            if let Some(read) = frame.places.get(name.as_str()) {
                readers[*read].push(place);
            }
        }
    }
    let own = |place: &usize| may_be_skipped(&decl.steps[*place], &heads[*place], callees);
    let mut found: Vec<usize> = (0..heads.len()).filter(own).collect();
    let mut absent = vec![false; heads.len()];
    while let Some(place) = found.pop() {
        if std::mem::replace(&mut absent[place], true) {
            continue;
        }
        if let Some(id) = decl.steps[place]
            .id
            .filter(|id| frame.places.get(id.as_str()) == Some(&place))
        {
            frame.steps.set(id.as_str(), StepValue::MayBeAbsent);
        }
        let is_absent = |name: &str| frame.steps.get(name) == Some(StepValue::MayBeAbsent);
        found.extend(readers[place].iter().filter(|reader| {
            let items = heads[**reader].items.as_ref();
            items.is_some_and(|items| items.whole().reads_absent(&is_absent))
        }));
    }
}

/// What a step alone says. With a list, what is skipped are items.
fn may_be_skipped(step: &StepDecl<'_>, head: &Head, callees: &Callees<'_>) -> bool {
    if matches!(head.when, Some(When::Step(_))) {
        return true;
    }
    if step.for_each.is_some() {
        let items = head.items.as_ref();
        return items.is_some_and(|items| items.whole().reads_absent(&|_| false));
    }
    let callee = step.call.and_then(|name| callees.get(name.as_str()));
    matches!(step.on_error, Some(OnErrorDecl::Skip))
        || callee.is_some_and(|callee| callee.value == StepValue::MayBeAbsent)
}
