//! What is told to the person: the run cannot start or has to stop.

use std::error::Error;

use crate::agent::approval::Proposal;

/// A run that could not start or had to stop. Errors that a model can act on
/// are results of calls and never end up here.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct RunError {
    /// What it is about; decides the exit code.
    pub kind: RunErrorKind,
    /// The name of the rule that refused, if one did.
    pub rule: Option<&'static str>,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// What a person should know besides, such as the changes that a run had
    /// made before it failed.
    pub note: Option<String>,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

/// What kind of failure it was.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum RunErrorKind {
    /// What was asked for cannot be: an unknown tool, bad arguments of
    /// `call`, a limit that cannot be kept. Exit 2.
    Usage,
    /// The manifest is fine, but this build has no room for it. Exit 2.
    NotInThisBuild,
    /// The provider or the network failed. Exit 3.
    Model,
    /// A secret's value could not be had. Exit 3.
    Secret,
    /// A login was refused, or what it answered is no token. Exit 3.
    Login,
    /// The system itself failed, such as its source of random numbers. Exit 3.
    Internal,
    /// A host or an address that may not be reached; nothing was sent to it.
    /// Exit 5.
    Refused,
    /// A person did not allow the single call that was asked for. Exit 5.
    Declined,
    /// A single call was stopped before its end. Exit 130.
    Interrupted,
    /// A call needed a yes and nobody could be asked; nothing was sent for
    /// it. Exit 5.
    NeedsApproval(Box<Proposal>),
}

impl RunError {
    /// An error without hint and source.
    pub(crate) fn new(kind: RunErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            rule: None,
            message: message.into(),
            hint: None,
            note: None,
            source: None,
        }
    }

    /// With the rule that refused.
    pub(crate) fn rule(mut self, rule: &'static str) -> Self {
        self.rule = Some(rule);
        self
    }

    /// With what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With its cause.
    pub(crate) fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}
