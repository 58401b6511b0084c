//! The registry of lints: a table of rules with groups and levels, and what
//! runs them. A rule is a file under `rules/` and a row of the table there.

mod calls;
mod chains;
mod comments;
mod forms;
mod insert;
mod mentions;
mod offer;
#[cfg(test)]
mod rule_tests;
mod rules;
mod subject;
mod written;

use std::cell::OnceCell;

use comments::Comments;
use offer::Offer;

use crate::checked::Manifest;
use crate::diagnostic::{Diagnostic, Severity, Sink};
use crate::node::Node;
use crate::resolve::World;
use crate::source::{SourceId, Sources, Span};

/// How a rule's findings count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Said nowhere.
    Allow,
    /// A warning.
    Warn,
    /// An error.
    Deny,
}

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// What a model reads of a tool or a param.
    Description,
    /// What a model may give.
    Params,
    /// What is sent, and where secrets go.
    Request,
    /// What can go wrong when it is sent.
    Safety,
    /// What it costs each turn.
    Cost,
    /// What a provider or a client drops or refuses.
    Portability,
    /// Chains of steps.
    Workflows,
    /// What is tried offline.
    Tests,
    /// The comments that allow a rule.
    Comments,
}

impl Group {
    /// Every group in the order in which they are told.
    pub const ALL: &[Self] = &[
        Self::Description,
        Self::Params,
        Self::Request,
        Self::Safety,
        Self::Cost,
        Self::Portability,
        Self::Workflows,
        Self::Tests,
        Self::Comments,
    ];

    /// A heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Description => "Descriptions",
            Self::Params => "Params",
            Self::Request => "Requests and secrets",
            Self::Safety => "Safety",
            Self::Cost => "Cost",
            Self::Portability => "Portability",
            Self::Workflows => "Workflows",
            Self::Tests => "Tests",
            Self::Comments => "Comments that allow a lint",
        }
    }
}

/// A rule about manifests that are valid but will serve their users badly.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Kebab-case, the diagnostic's code.
    pub name: &'static str,
    /// What it is about.
    pub group: Group,
    /// The level when the manifest says nothing.
    pub level: Level,
    /// What it flags, why, and how to do better, with a bad and a good example.
    pub docs: &'static str,
    pub(crate) check: fn(&Checked<'_>, &mut Findings<'_>),
}

/// Every rule, sorted by name.
pub const RULES: &[Rule] = rules::ALL;

/// What a rule looks at.
pub(crate) struct Checked<'a> {
    pub(crate) world: &'a World<'a>,
    pub(crate) manifest: &'a Manifest,
    pub(crate) sources: &'a Sources,
    pub(crate) comments: &'a Comments,
    /// Whether the manifest had errors before any rule looked at it: rules may
    /// have less to say than they would.
    pub(crate) has_errors: bool,
    /// What is on offer; see [`offer::offered`].
    offers: OnceCell<Vec<Offer<'a>>>,
}

impl Checked<'_> {
    /// The level of a rule in this manifest.
    pub(crate) fn level(&self, rule: &Rule) -> Level {
        let levels = &self.world.files[0].decl.lints;
        let written = levels.iter().find(|level| level.rule == rule.name);
        written.map_or(rule.level, |level| level.level)
    }
}

/// Where a rule puts what it found.
pub(crate) struct Findings<'a> {
    rule: &'static str,
    severity: Severity,
    sources: &'a Sources,
    comments: &'a Comments,
    sink: &'a mut Sink,
    silenced: Sink,
}

impl Findings<'_> {
    /// Whether more is known to be wrong at a place than a rule can say.
    pub(crate) fn is_reported(&self, span: Span) -> bool {
        self.sink.has_error(span)
    }

    /// Whether an error of that code says it already.
    pub(crate) fn is_reported_as(&self, code: &str, span: Span) -> bool {
        self.sink.has_error_of(code, span)
    }

    /// Whether something in a place is known to be wrong.
    pub(crate) fn has_error_within(&self, span: Span) -> bool {
        self.sink.has_error_within(span)
    }

    /// Flags a place, unless a comment allows it there.
    pub(crate) fn flag(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        if self.comments.allow(self.rule, span, self.sources) {
            return self.silenced.report(self.rule, Severity::Warning, span, message);
        }
        self.sink.report(self.rule, self.severity, span, message)
    }
}

/// Bytes of the longest description that is no error.
const MAX_DESCRIPTION: usize = 4 * 1024;

/// Runs every rule that is not allowed.
pub(crate) fn run<'a>(
    world: &'a World<'a>,
    manifest: &'a Manifest,
    trees: &[(SourceId, Option<Node>)],
    sources: &'a Sources,
    sink: &mut Sink,
) {
    let comments = Comments::read(trees, sources);
    let checked = Checked {
        world,
        manifest,
        sources,
        comments: &comments,
        has_errors: sink.errors() > 0,
        offers: OnceCell::new(),
    };
    // It is an error, and looking for words in it would take long.
    let huge = rules::words::descriptions(&checked)
        .iter()
        .any(|(_, _, text)| text.as_str().len() > MAX_DESCRIPTION);
    // What allows nothing is known when all others have spoken.
    let (last, others): (Vec<&Rule>, Vec<&Rule>) =
        RULES.iter().partition(|rule| rule.name == rules::LAST.name);
    for rule in others.into_iter().chain(last) {
        if huge && matches!(rule.group, Group::Description | Group::Params) {
            continue;
        }
        let severity = match checked.level(rule) {
            Level::Allow => continue,
            Level::Warn => Severity::Warning,
            Level::Deny => Severity::Error,
        };
        let mut findings = Findings {
            rule: rule.name,
            severity,
            sources,
            comments: &comments,
            sink,
            silenced: Sink::default(),
        };
        (rule.check)(&checked, &mut findings);
    }
}
