//! What a template reads, for lints and for showing where secrets go.

use std::collections::BTreeSet;

/// What a template reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uses {
    /// Names of params.
    pub params: BTreeSet<String>,
    /// Names of `vars`.
    pub vars: BTreeSet<String>,
    /// Names of secrets.
    pub secrets: BTreeSet<String>,
    /// Whether `call.id` or `now` is read, which are known once a call begins.
    pub of_call: bool,
}

impl Uses {
    /// Adds what another template reads.
    pub fn join(&mut self, other: &Uses) {
        self.params.extend(other.params.iter().cloned());
        self.vars.extend(other.vars.iter().cloned());
        self.secrets.extend(other.secrets.iter().cloned());
        self.of_call |= other.of_call;
    }
}
