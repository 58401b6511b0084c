//! Things that wait for each other: steps that read each other, workflows that
//! call each other. Each circle is told once and whole.

use std::collections::HashMap;

use crate::decl::workflow::WorkflowDecl;
use crate::diagnostic::Sink;
use crate::text::Text;

/// Which workflows each workflow calls, by their places.
pub(super) fn calls(decls: &[&WorkflowDecl<'_>]) -> Vec<Vec<usize>> {
    let places: HashMap<&str, usize> = decls
        .iter()
        .enumerate()
        .map(|(place, decl)| (decl.name.as_str(), place))
        .collect();
    decls
        .iter()
        .map(|decl| {
            let called = called(decl).filter_map(|name| places.get(name.as_str()).copied());
            let mut called: Vec<usize> = called.collect();
            called.sort_unstable();
            called.dedup();
            called
        })
        .collect()
}

fn called<'n>(decl: &'n WorkflowDecl<'n>) -> impl Iterator<Item = &'n Text> {
    decl.steps
        .iter()
        .flat_map(|step| step.call.into_iter().chain(step.tools.iter().copied()))
}

/// Reports workflows that call each other.
pub(super) fn of_workflows(decls: &[&WorkflowDecl<'_>], circles: &[Vec<usize>], sink: &mut Sink) {
    for circle in circles {
        let names: Vec<&Text> = circle.iter().map(|place| decls[*place].name).collect();
        let message = match names.as_slice() {
            [own] => format!("workflow `{}` calls itself", own.as_str()),
            _ => format!("these workflows call each other: {}", path(&names)),
        };
        let diagnostic = sink.error("workflow-cycle", names[0].span(), message);
        for (place, index) in circle.iter().zip(1..) {
            let next = names[index % names.len()];
            if let Some(text) = called(decls[*place]).find(|text| text.as_str() == next.as_str()) {
                diagnostic.context(text.span(), format!("calls `{}`", next.as_str()));
            }
        }
        diagnostic.help("a workflow is a fixed chain: `repeat` and `for_each` go round, workflows do not");
    }
}

/// Reports steps that wait for each other.
pub(super) fn of_steps(decl: &WorkflowDecl<'_>, circles: &[Vec<usize>], sink: &mut Sink) {
    for circle in circles {
        let ids: Option<Vec<&Text>> = circle.iter().map(|place| decl.steps[*place].id).collect();
        let Some(ids) = ids else { continue };
        let diagnostic = match ids.as_slice() {
            [own] => {
                let message = format!("step `{}` reads its own value", own.as_str());
                let diagnostic = sink.error("step-cycle", own.span(), message);
                diagnostic.help("only `repeat.until` sees the step itself")
            }
            _ => {
                let message = format!("these steps wait for each other: {}", path(&ids));
                let diagnostic = sink.error("step-cycle", ids[0].span(), message);
                diagnostic
                    .help("each reads the next one or names it under `after`: let one of them go without")
            }
        };
        if ids.len() > 1 {
            diagnostic.says(format!("waits for `{}`", ids[1].as_str()));
        }
        for (id, index) in ids.iter().zip(1..).skip(1) {
            let next = ids[index % ids.len()];
            diagnostic.context(id.span(), format!("waits for `{}`", next.as_str()));
        }
    }
}

/// `a` → `b` → `a`.
fn path(names: &[&Text]) -> String {
    let all: Vec<String> = names
        .iter()
        .chain(names.first())
        .map(|name| format!("`{}`", name.as_str()))
        .collect();
    all.join(" → ")
}
