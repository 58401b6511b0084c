//! What a model is offered at the start of a run, and what each costs a turn:
//! the same tools and numbers as `toolrun tools` shows.

use std::collections::HashSet;

use super::Checked;
use crate::source::Span;
use crate::tokens;

/// A tool that is offered.
pub(crate) struct Offer<'a> {
    pub(crate) name: &'a str,
    /// Where its name stands.
    pub(crate) span: Span,
    /// What one turn pays for it.
    pub(crate) tokens: u64,
}

/// Every tool and then every workflow on offer, in order of the manifest.
pub(crate) fn offered<'c, 'a>(checked: &'c Checked<'a>) -> &'c [Offer<'a>] {
    checked.offers.get_or_init(|| weighed(checked))
}

fn weighed<'a>(checked: &Checked<'a>) -> Vec<Offer<'a>> {
    let manifest = checked.manifest;
    let named: Option<HashSet<&str>> = manifest
        .agent
        .tools
        .as_ref()
        .map(|names| names.iter().map(String::as_str).collect());
    let deferred: HashSet<&str> = checked
        .world
        .files
        .iter()
        .flat_map(|file| &file.decl.tools)
        .filter(|tool| tool.defer.is_some_and(|defer| defer.value))
        .map(|tool| tool.name.as_str())
        .collect();
    let tools = manifest.tools.iter().map(|tool| {
        (
            tool.name.as_str(),
            tool.span,
            tool.description.as_str(),
            &tool.schema,
        )
    });
    let workflows = manifest.workflows.iter().map(|flow| {
        (
            flow.name.as_str(),
            flow.span,
            flow.description.as_str(),
            &flow.schema,
        )
    });
    tools
        .chain(workflows)
        .filter(|(name, ..)| named.as_ref().is_none_or(|named| named.contains(name)))
        .filter(|(name, ..)| !deferred.contains(name))
        .map(|(name, span, description, schema)| Offer {
            name,
            span,
            tokens: tokens::of_tool(name, description, schema),
        })
        .collect()
}
