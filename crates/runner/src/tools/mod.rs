//! What can be called: the manifest's tools made ready, and `read_result`.

pub(crate) mod attach;
pub(crate) mod body;
pub(crate) mod clean;
pub(crate) mod failure;
pub(crate) mod fence;
pub(crate) mod html;
pub(crate) mod http;
pub(crate) mod login;
pub(crate) mod mcp_entry;
pub(crate) mod multipart;
pub(crate) mod read_result;
pub(crate) mod shape;
pub(crate) mod trim;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use toolrun_http::{Lane, RetryBudget, Transport, stack};
use toolrun_manifest::{Endpoint, HttpEndpoint, Manifest, Policy, Step, Tool};
use toolrun_model::ToolSpec;
use toolrun_validator::{ArgValidator, nearest};
use url::Url;

use crate::agent::flow::host;
use crate::error::{RunError, RunErrorKind};
use crate::files::Files;
use crate::setup::Connect;
use crate::workflow::catalogue::Catalogue;

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
        tool_spec(&self.tool)
    }
}

/// A tool as a model sees it.
pub(crate) fn tool_spec(tool: &Tool) -> ToolSpec {
    ToolSpec {
        name: tool.name.clone(),
        description: tool.description.clone(),
        parameters: tool.schema.clone(),
        writes: tool.effect != toolrun_manifest::Effect::Read,
    }
}

/// Every tool of a manifest that this build can run, and which are on offer.
pub(crate) struct ToolSet {
    all: Vec<Arc<HttpTool>>,
    workflows: Arc<Catalogue>,
    offered: Vec<ToolSpec>,
}

impl ToolSet {
    /// Makes a manifest's tools ready. Nothing is sent.
    pub(crate) fn new(
        manifest: &Manifest,
        offered: Option<&[String]>,
        vars: &BTreeMap<String, String>,
        connect: &dyn Connect,
        folder: Option<&dyn Files>,
    ) -> Result<Self, RunError> {
        let mut lanes = Lanes {
            vars,
            known: Vec::new(),
            budget: RetryBudget::new(),
        };
        let mut all = Vec::new();
        for tool in &manifest.tools {
            if missing(manifest, &tool.name).is_none() && matches!(tool.endpoint, Endpoint::Http(_)) {
                all.push(Arc::new(ready(tool, connect, &mut lanes)?));
            }
        }
        let workflows = Catalogue::new(manifest, vars, |name| missing(manifest, name).is_some())?;
        let mut set = Self {
            all,
            workflows: Arc::new(workflows),
            offered: Vec::new(),
        };
        set.offered = set.choose(manifest, offered, folder)?;
        Ok(set)
    }

    /// The tool of that name, on offer or not.
    pub(crate) fn get(&self, name: &str) -> Option<&Arc<HttpTool>> {
        self.all.iter().find(|ready| ready.tool.name == name)
    }

    /// The workflows, on offer or not.
    pub(crate) fn workflows(&self) -> &Arc<Catalogue> {
        &self.workflows
    }

    /// What is on offer as a model sees it: tools, then workflows, in order of
    /// the manifest.
    pub(crate) fn offered(&self) -> &[ToolSpec] {
        &self.offered
    }

    /// The hosts that the tools go to; those of urls that cannot be made are
    /// told when a request is.
    pub(crate) fn hosts(&self, vars: &BTreeMap<String, String>) -> BTreeSet<String> {
        let origins = self
            .all
            .iter()
            .filter_map(|ready| ready.endpoint().url.origin(vars).ok());
        origins
            .filter_map(|origin| Url::parse(&origin).ok())
            .map(|url| host(&url))
            .collect()
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

    /// The names of a flag must all be there; those of the manifest were
    /// checked with it and may name what this build cannot run. Without a folder of files, what needs a file is not on offer.
    fn choose(
        &self,
        manifest: &Manifest,
        flag: Option<&[String]>,
        folder: Option<&dyn Files>,
    ) -> Result<Vec<ToolSpec>, RunError> {
        let works = |name: &str| folder.is_some() || !needs_files(manifest, name);
        for name in flag.unwrap_or_default() {
            if self.get(name).is_none() && self.workflows.get(name).is_none() {
                return Err(unknown_tool(manifest, name));
            }
            if !works(name) {
                return Err(no_folder(name));
            }
        }
        let wanted = flag.or(manifest.agent.tools.as_deref());
        let tools = self.all.iter().map(|ready| ready.spec());
        let workflows = self.workflows.all().map(|ready| ready.spec());
        let chosen = tools.chain(workflows);
        Ok(chosen
            .filter(|spec| wanted.is_none_or(|names| names.contains(&spec.name)))
            .filter(|spec| works(&spec.name))
            .collect())
    }
}

/// Whether a tool, or a tool that a workflow can call, needs a file.
pub fn needs_files(manifest: &Manifest, name: &str) -> bool {
    let tools = manifest.tools_of([name]);
    tools.into_iter().any(Tool::needs_files)
}

/// What a person is told who gave a tool no folder to take files from.
pub(crate) fn no_folder(tool: &str) -> RunError {
    let message = format!("`{tool}` sends a file, and no folder was opened for it; nothing was sent");
    RunError::new(RunErrorKind::Refused, message)
        .rule("file-folder")
        .hint("--files DIR names the folder whose files may be sent; paths are relative to it")
}

/// The key because of which a tool, or a workflow that needs it, cannot be run
/// by this build.
pub(crate) fn missing<'a>(manifest: &'a Manifest, name: &str) -> Option<&'a str> {
    let mut names = vec![name.to_owned()];
    let mut at = 0;
    while let Some(name) = names.get(at).cloned() {
        let mut features = manifest.not_in_this_build.iter();
        let found = features.find(|feature| feature.tool.as_ref() == Some(&name));
        if let Some(feature) = found {
            return Some(&feature.key);
        }
        let steps = manifest.workflow(&name).map(|workflow| &workflow.steps);
        for callee in steps.into_iter().flatten().flat_map(Step::callees) {
            if !names.iter().any(|known| known == callee) {
                names.push(callee.to_owned());
            }
        }
        at += 1;
    }
    None
}

/// What is said of a name that is no tool and no workflow that can be run.
pub fn unknown_tool(manifest: &Manifest, name: &str) -> RunError {
    if let Some(key) = missing(manifest, name) {
        return RunError::new(
            RunErrorKind::NotInThisBuild,
            format!("`{name}` uses `{key}`, which is not in this build"),
        );
    }
    let tools = manifest.tools.iter().map(|tool| tool.name.as_str());
    let workflows = manifest.workflows.iter().map(|workflow| workflow.name.as_str());
    let names: Vec<&str> = tools.chain(workflows).collect();
    let list = names.join(", ");
    let hint = match nearest(name, names.iter().copied()) {
        _ if names.is_empty() => "it has no tools at all".to_owned(),
        Some(near) => format!("did you mean `{near}`? Its tools: {list}"),
        None => format!("its tools: {list}"),
    };
    RunError::new(RunErrorKind::Usage, format!("the manifest has no tool `{name}`")).hint(hint)
}

fn ready(tool: &Tool, connect: &dyn Connect, lanes: &mut Lanes<'_>) -> Result<HttpTool, RunError> {
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
        transport: lanes.stack(tool, base),
    })
}

/// The lanes of all tools. A rate is shared by the tools of an api that have
/// it from there, places by those that have as many; so a tool that overrides
/// one of them still shares the other. Tools without an api share the places
/// of their host.
struct Lanes<'a> {
    vars: &'a BTreeMap<String, String>,
    known: Vec<Known>,
    budget: RetryBudget,
}

struct Known {
    whose: Option<Whose>,
    policy: Policy,
    lane: Lane,
}

/// With whom a tool shares.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Whose {
    Api(String),
    Origin(String),
}

impl Lanes<'_> {
    fn stack(&mut self, tool: &Tool, base: Arc<dyn Transport>) -> Arc<dyn Transport> {
        let policy = &tool.policy;
        let whose = self.whose(tool);
        let sent = sent_by(policy);
        let own = Lane::new(&sent);
        let same = |known: &&Known| whose.is_some() && known.whose == whose;
        let places = self
            .known
            .iter()
            .filter(same)
            .find(|known| known.policy.concurrency == policy.concurrency);
        let rate = self
            .known
            .iter()
            .filter(same)
            .find(|known| policy.api.is_some() && known.policy.rate_limit == policy.rate_limit);
        let lane = Lane::of(
            places.map_or(&own, |known| &known.lane),
            rate.map_or(&own, |known| &known.lane),
        );
        let stacked = stack(&sent, &lane, &self.budget, base);
        self.known.push(Known {
            whose,
            policy: policy.clone(),
            lane,
        });
        stacked
    }

    /// An origin that cannot be made is told when a request is.
    fn whose(&self, tool: &Tool) -> Option<Whose> {
        match (&tool.policy.api, &tool.endpoint) {
            (Some(api), _) => Some(Whose::Api(api.clone())),
            (None, Endpoint::Http(endpoint)) => endpoint.url.origin(self.vars).ok().map(Whose::Origin),
            (None, Endpoint::Mcp(_)) => None,
        }
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
