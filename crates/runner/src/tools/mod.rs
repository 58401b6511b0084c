//! What can be called: the manifest's tools made ready, and `read_result`.

pub(crate) mod body;
pub(crate) mod clean;
pub(crate) mod failure;
pub(crate) mod fence;
pub(crate) mod http;
pub(crate) mod read_result;
pub(crate) mod shape;
pub(crate) mod tokens;
pub(crate) mod trim;

use std::sync::Arc;

use toolrun_http::{Lane, RetryBudget, Transport, stack};
use toolrun_manifest::{Endpoint, HttpEndpoint, Manifest, Policy, Tool};
use toolrun_model::ToolSpec;
use toolrun_validator::{ArgValidator, nearest};

use crate::error::{RunError, RunErrorKind};
use crate::setup::Connect;

/// Calls of all apis that are under way at once.
const MOST_AT_ONCE: usize = 16;

/// A tool made ready: its validator compiled, its transport open.
pub(crate) struct HttpTool {
    /// As the manifest has it.
    pub(crate) tool: Tool,
    /// Checks its arguments.
    pub(crate) validator: ArgValidator,
    /// Its api's policy around the transport.
    pub(crate) transport: Arc<dyn Transport>,
}

impl HttpTool {
    /// Its request as templates.
    pub(crate) fn endpoint(&self) -> &HttpEndpoint {
        match &self.tool.endpoint {
            Endpoint::Http(endpoint) => endpoint,
            Endpoint::Mcp(_) => unreachable!("only tools with a request are made ready"),
        }
    }

    /// As a model sees it.
    pub(crate) fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: self.tool.name.clone(),
            description: self.tool.description.clone(),
            parameters: self.tool.schema.clone(),
            writes: self.tool.effect != toolrun_manifest::Effect::Read,
        }
    }
}

/// Every tool of a manifest that this build can run, and which are on offer.
pub(crate) struct ToolSet {
    all: Vec<Arc<HttpTool>>,
    offered: Vec<usize>,
}

impl ToolSet {
    /// Makes a manifest's tools ready. Nothing is sent.
    pub(crate) fn new(
        manifest: &Manifest,
        offered: Option<&[String]>,
        connect: &dyn Connect,
    ) -> Result<Self, RunError> {
        let mut lanes = Lanes {
            known: Vec::new(),
            budget: RetryBudget::new(),
        };
        let mut all = Vec::new();
        for tool in &manifest.tools {
            if missing(manifest, &tool.name).is_none() && matches!(tool.endpoint, Endpoint::Http(_)) {
                all.push(Arc::new(ready(tool, connect, &mut lanes)?));
            }
        }
        let mut set = Self {
            all,
            offered: Vec::new(),
        };
        set.offered = set.choose(manifest, offered)?;
        Ok(set)
    }

    /// The tool of that name, on offer or not.
    pub(crate) fn get(&self, name: &str) -> Option<&Arc<HttpTool>> {
        self.all.iter().find(|ready| ready.tool.name == name)
    }

    /// The tools on offer, in order of the manifest.
    pub(crate) fn offered(&self) -> impl Iterator<Item = &Arc<HttpTool>> {
        self.offered.iter().map(|index| &self.all[*index])
    }

    /// Calls that may be under way at once over all apis: 16, or as many as
    /// one api asks for itself where that is more.
    pub(crate) fn at_once(&self) -> usize {
        let asked = self
            .all
            .iter()
            .map(|ready| ready.tool.policy.concurrency)
            .max()
            .unwrap_or_default();
        usize::try_from(asked).unwrap_or(MOST_AT_ONCE).max(MOST_AT_ONCE)
    }

    /// The names of all that can be run.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|ready| ready.tool.name.as_str())
    }

    /// The names of a flag must all be there; those of the manifest were
    /// checked with it and may name what this build cannot run.
    fn choose(&self, manifest: &Manifest, flag: Option<&[String]>) -> Result<Vec<usize>, RunError> {
        for name in flag.unwrap_or_default() {
            if self.get(name).is_none() {
                return Err(unknown(manifest, name, self.names()));
            }
        }
        let wanted = flag.or(manifest.agent.tools.as_deref());
        let chosen = self
            .all
            .iter()
            .enumerate()
            .filter(|(_, ready)| wanted.is_none_or(|names| names.contains(&ready.tool.name)));
        Ok(chosen.map(|(index, _)| index).collect())
    }
}

/// The key because of which a tool cannot be run by this build.
pub(crate) fn missing<'a>(manifest: &'a Manifest, tool: &str) -> Option<&'a str> {
    let features = &manifest.not_in_this_build;
    features
        .iter()
        .find(|feature| feature.tool.as_deref() == Some(tool))
        .map(|feature| feature.key.as_str())
}

/// What is said of a name that is no tool that can be run.
pub(crate) fn unknown<'a>(manifest: &Manifest, name: &str, names: impl Iterator<Item = &'a str>) -> RunError {
    if let Some(key) = missing(manifest, name) {
        return RunError::new(
            RunErrorKind::NotInThisBuild,
            format!("`{name}` uses `{key}`, which is not in this build"),
        );
    }
    let error = RunError::new(RunErrorKind::Usage, format!("there is no tool `{name}`"));
    let names: Vec<&str> = names.collect();
    match nearest(name, names.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("the tools are: {}", names.join(", "))),
    }
}

fn ready(tool: &Tool, connect: &dyn Connect, lanes: &mut Lanes) -> Result<HttpTool, RunError> {
    let validator = ArgValidator::new(tool).map_err(|error| {
        RunError::new(
            RunErrorKind::Usage,
            format!("the params of `{}` cannot be checked", tool.name),
        )
        .caused_by(error)
    })?;
    let base = connect.connect(&tool.policy).map_err(|error| {
        RunError::new(
            RunErrorKind::Internal,
            format!("no connection can be made for `{}`", tool.name),
        )
        .caused_by(error)
    })?;
    Ok(HttpTool {
        tool: tool.clone(),
        validator,
        transport: lanes.stack(&tool.policy, base),
    })
}

/// The lanes of all apis; tools that override rate or concurrency, or have no
/// api, drive alone.
struct Lanes {
    known: Vec<(Policy, Lane)>,
    budget: RetryBudget,
}

impl Lanes {
    fn stack(&mut self, policy: &Policy, base: Arc<dyn Transport>) -> Arc<dyn Transport> {
        let sent = sent_by(policy);
        let shared = self.known.iter().find(|(known, _)| {
            policy.api.is_some()
                && known.api == policy.api
                && known.rate_limit == policy.rate_limit
                && known.concurrency == policy.concurrency
        });
        let lane = shared.map_or_else(|| Lane::new(&sent), |(_, lane)| lane.clone());
        let stacked = stack(&sent, &lane, &self.budget, base);
        self.known.push((policy.clone(), lane));
        stacked
    }
}

fn sent_by(policy: &Policy) -> toolrun_http::Policy {
    toolrun_http::Policy {
        timeout: policy.timeout,
        retries: policy.retries,
        rate_limit: policy.rate_limit.map(|rate| toolrun_http::Rate {
            count: rate.count,
            per: rate.per,
        }),
        concurrency: usize::try_from(policy.concurrency).unwrap_or(usize::MAX),
    }
}
