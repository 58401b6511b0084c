//! Who may do what: reads run, writes ask, and an unsure model asks too.
//! How a person is asked is the caller's business.

use std::collections::BTreeSet;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toolrun_manifest::Effect;
use toolrun_model::CONFIDENCE_TO_RUN;

use crate::agent::flow::Flow;
use crate::preview::Preview;

/// Which writes run without being asked about (`--allow-writes`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AllowWrites {
    /// None: each write asks.
    #[default]
    None,
    /// Every write; destructive tools still ask.
    All,
    /// The named tools, destructive ones included.
    Named(BTreeSet<String>),
    /// Every write, and the named destructive tools.
    AllAnd(BTreeSet<String>),
}

impl AllowWrites {
    /// Whether a tool of that name and effect runs without being asked about.
    pub fn covers(&self, tool: &str, effect: Effect) -> bool {
        match effect {
            Effect::Read => true,
            Effect::Write => matches!(self, Self::All | Self::AllAnd(_)) || self.names(tool),
            Effect::Destructive => self.names(tool),
        }
    }

    /// Whether a tool is allowed by its own name.
    pub fn names(&self, tool: &str) -> bool {
        match self {
            Self::None | Self::All => false,
            Self::Named(names) | Self::AllAnd(names) => names.contains(tool),
        }
    }
}

/// Why a call is not simply run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It changes something.
    Write,
    /// It cannot be taken back.
    Destructive,
    /// The model is not sure that this is the call that was meant.
    Unsure,
    /// It goes to another host than the one whose content the model has read.
    Flow,
}

impl Why {
    /// The name of the rule that asks, as refusals show it.
    pub fn rule(self) -> &'static str {
        match self {
            Self::Write => "write-permission",
            Self::Destructive => "destructive-permission",
            Self::Unsure => "unsure-model",
            Self::Flow => "cross-host",
        }
    }
}

/// A call that waits for a yes.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// `call.id`.
    pub call_id: String,
    /// The tool.
    pub tool: String,
    /// What it does to the world.
    pub effect: Effect,
    /// Why it is asked about.
    pub why: Why,
    /// How sure the model is, 0 to 1, when it says so.
    pub confidence: Option<f32>,
    /// The workflows whose step it is, the innermost first.
    pub within: Vec<String>,
    /// The other hosts whose content the model has read, if it has.
    pub flow: Option<Flow>,
    /// The request as it can be shown: secrets as `***`, wherever they stand.
    pub shown: String,
    /// The request exactly as it will be sent; a yes holds for it alone.
    pub preview: Preview,
}

impl Proposal {
    /// Why it is asked about, after the tool's name.
    pub fn reason(&self) -> String {
        let why = self.why();
        match self.within.last() {
            Some(workflow) => format!("{why}, as a step of the workflow {workflow}"),
            None => why,
        }
    }

    fn why(&self) -> String {
        match (self.why, self.confidence) {
            (Why::Write, _) => "changes something".to_owned(),
            (Why::Destructive, _) => "does what cannot be taken back".to_owned(),
            (Why::Unsure, Some(sure)) => {
                format!("is a call of which the model is only {:.0} % sure", sure * 100.0)
            }
            (Why::Flow, _) => match &self.flow {
                Some(flow) => flow.reason(),
                None => "goes to another host".to_owned(),
            },
            (Why::Unsure, None) => "is a call of which the model is not sure".to_owned(),
        }
    }

    /// What a person should know besides the reason before saying yes.
    pub fn warning(&self) -> Option<String> {
        let flow = self.flow.as_ref().filter(|_| self.why != Why::Flow)?;
        Some(format!("it {}; text in there may have led to it", flow.reason()))
    }
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Send it.
    Yes,
    /// Do not; the model is told and the run goes on.
    No,
    /// There is nobody to ask; the run stops.
    Nobody,
}

/// Asks whether a call may run: a prompt on a terminal, or a policy.
pub trait Approver: Send + Sync {
    /// Asks about one call. Questions of one run come one after the other.
    fn ask<'a>(&'a self, proposal: &'a Proposal) -> BoxFuture<'a, Answer>;
}

/// The approver where no person is present.
#[derive(Debug, Clone, Copy, Default)]
pub struct NobodyToAsk;

impl Approver for NobodyToAsk {
    fn ask<'a>(&'a self, _: &'a Proposal) -> BoxFuture<'a, Answer> {
        Box::pin(std::future::ready(Answer::Nobody))
    }
}

/// Why a call has to be asked about; nothing when it may run.
pub(crate) fn why_ask(
    tool: &str,
    effect: Effect,
    allowed: &AllowWrites,
    confidence: Option<f32>,
) -> Option<Why> {
    let covered = match confidence {
        // A model that can tell its doubts is a small one: a write of its
        // needs more than a general permission.
        Some(_) => effect == Effect::Read || allowed.names(tool),
        None => allowed.covers(tool, effect),
    };
    // Written so that a confidence that is no number counts as doubt.
    let sure = confidence.is_none_or(|confidence| confidence >= CONFIDENCE_TO_RUN);
    match (covered, effect) {
        (true, _) if sure => None,
        (true, _) | (false, Effect::Read) => Some(Why::Unsure),
        (false, Effect::Write) => Some(Why::Write),
        (false, Effect::Destructive) => Some(Why::Destructive),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_do_what() {
        use Effect::{Destructive, Read, Write};
        let named = || AllowWrites::Named(BTreeSet::from(["t".to_owned()]));
        let other = || AllowWrites::Named(BTreeSet::from(["u".to_owned()]));
        let all_and = || AllowWrites::AllAnd(BTreeSet::from(["t".to_owned()]));
        let cases = [
            (Read, AllowWrites::None, None, None),
            (Write, AllowWrites::None, None, Some(Why::Write)),
            (Write, AllowWrites::All, None, None),
            (Write, named(), None, None),
            (Write, other(), None, Some(Why::Write)),
            (Destructive, AllowWrites::None, None, Some(Why::Destructive)),
            (Destructive, AllowWrites::All, None, Some(Why::Destructive)),
            (Destructive, named(), None, None),
            (Destructive, all_and(), None, None),
            (Read, AllowWrites::None, Some(0.3), None),
            (Read, AllowWrites::None, Some(0.29), Some(Why::Unsure)),
            (Read, AllowWrites::All, Some(f32::NAN), Some(Why::Unsure)),
            (Write, AllowWrites::All, Some(0.9), Some(Why::Write)),
            (Write, named(), Some(0.9), None),
            (Write, named(), Some(0.1), Some(Why::Unsure)),
            (Destructive, named(), Some(0.9), None),
            (Destructive, AllowWrites::All, Some(0.1), Some(Why::Destructive)),
        ];
        for (effect, allowed, confidence, expected) in cases {
            assert_eq!(
                why_ask("t", effect, &allowed, confidence),
                expected,
                "{effect:?} {allowed:?} {confidence:?}"
            );
        }
    }
}
