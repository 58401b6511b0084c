//! What a session is made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use toolrun_http::{HttpError, Redactor, Transport};
use toolrun_manifest::{Manifest, Policy};
use toolrun_model::ToolSpec;

use crate::agent::approval::{AllowWrites, Approver};
use crate::agent::budget::Limits;
use crate::agent::flow::FlowPolicy;
use crate::files::Files;
use crate::observer::Observer;
use crate::stop::Stop;

/// Opens the transport at the bottom of an api's stack: a client, or a
/// recording. Retries, rate and concurrency are put on top by the session.
pub trait Connect: Send + Sync {
    /// A transport under the address and redirect rules of that policy.
    fn connect(&self, policy: &Policy) -> Result<Arc<dyn Transport>, HttpError>;
}

impl<F> Connect for F
where
    F: Fn(&Policy) -> Result<Arc<dyn Transport>, HttpError> + Send + Sync,
{
    fn connect(&self, policy: &Policy) -> Result<Arc<dyn Transport>, HttpError> {
        self(policy)
    }
}

/// Everything a session is made of.
pub struct Setup {
    /// The checked manifest.
    pub manifest: Manifest,
    /// Values of `vars`: flags over environment over defaults.
    pub vars: BTreeMap<String, String>,
    /// Opens transports.
    pub connect: Arc<dyn Connect>,
    /// Knows the secrets that were read; shared with the clients.
    pub redactor: Redactor,
    /// Asks about calls that need a yes.
    pub approver: Arc<dyn Approver>,
    /// Which writes run without being asked about.
    pub allow_writes: AllowWrites,
    /// What may flow from one host to another.
    pub flows: FlowPolicy,
    /// How far a run may go.
    pub limits: Limits,
    /// The tools on offer; the manifest's `agent.tools` when absent.
    pub offered: Option<Vec<String>>,
    /// The folder whose files may be sent. Without one, tools that need a file
    /// are not on offer and none is sent.
    pub files: Option<Arc<dyn Files>>,
    /// Who is told.
    pub observers: Vec<Box<dyn Observer>>,
    /// Stops it from outside.
    pub stop: Stop,
}

/// A tool on offer and what it costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Offered {
    /// As the model sees it.
    pub spec: ToolSpec,
    /// Estimated tokens of name, description and schema.
    pub tokens: u64,
}
