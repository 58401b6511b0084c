//! Makes a session from a manifest and the flags: values from outside,
//! permissions, limits, the client.

use std::collections::BTreeSet;
use std::sync::Arc;

use toolrun_http::{
    AddressRules, Client, ClientOptions, HttpError, NamedBy, PlainHttp, Redactor, Redirects, Rules,
    SecretStore, Transport,
};
use toolrun_manifest::{Feature, Manifest, Policy};
use toolrun_runner::{
    AllowWrites, Approver, Connect, Files, FlowPolicy, Limits, NobodyToAsk, Observer, Setup, Stop,
    needs_files, unknown_tool,
};

use crate::approve::AskOnTerminal;
use crate::args::{ConnectionArgs, LimitFlag, WritesFlag};
use crate::console::Console;
use crate::environment::Environment;
use crate::exit::Failure;
use crate::files::Folder;
use crate::render::progress::Progress;
use crate::secrets::{Cleared, Secrets};
use crate::select_model::Selected;
use crate::vars;

/// What every command that may send something needs besides the manifest.
pub(crate) struct Outside {
    /// Variables, `--env-file` included.
    pub(crate) environment: Environment,
    /// Hides every secret that was read.
    pub(crate) redactor: Redactor,
    /// The secrets that may be read.
    pub(crate) cleared: Cleared,
    /// Stops what runs.
    pub(crate) stop: Stop,
}

impl Outside {
    /// Nothing is read yet.
    pub(crate) fn new(environment: Environment) -> Self {
        Self {
            environment,
            redactor: Redactor::default(),
            cleared: Cleared::default(),
            stop: Stop::default(),
        }
    }

    /// Everything that a session is made of.
    pub(crate) fn setup(
        &self,
        manifest: Manifest,
        args: &ConnectionArgs,
        console: &Console,
        progress: &Progress,
    ) -> Result<Setup, Failure> {
        let vars = vars::resolve(&manifest.vars, &args.vars, &|name| self.environment.get(name))?;
        let secrets = Secrets::new(
            manifest.secrets.clone(),
            self.environment.clone(),
            self.cleared.clone(),
            self.stop.clone(),
            progress.clone(),
        );
        Ok(Setup {
            vars,
            connect: self.connect(Arc::new(secrets), args)?,
            redactor: self.redactor.clone(),
            approver: self.approver(console, progress),
            allow_writes: allow_writes(&manifest, args.allow_writes.as_deref())?,
            flows: FlowPolicy::default(),
            limits: Limits::of(&manifest.agent.limits),
            offered: None,
            files: folder(args)?,
            observers: Vec::new(),
            stop: self.stop.clone(),
            manifest,
        })
    }

    fn approver(&self, console: &Console, progress: &Progress) -> Arc<dyn Approver> {
        if console.can_ask() {
            Arc::new(AskOnTerminal::new(console, progress, &self.stop))
        } else {
            Arc::new(NobodyToAsk)
        }
    }

    /// Clients under each policy's rules, with one set of secrets.
    fn connect(
        &self,
        secrets: Arc<dyn SecretStore>,
        args: &ConnectionArgs,
    ) -> Result<Arc<dyn Connect>, Failure> {
        let client = Client::new(ClientOptions::new(secrets, self.redactor.clone()))?;
        let (allowed, allow_http) = (args.allow_net.clone(), args.allow_http);
        Ok(Arc::new(
            move |policy: &Policy| -> Result<Arc<dyn Transport>, HttpError> {
                let plain_http = if allow_http && policy.allow_http {
                    PlainHttp::Anywhere
                } else {
                    PlainHttp::Loopback
                };
                let rules = Rules {
                    addresses: AddressRules {
                        allowed: allowed.clone(),
                        plain_http,
                        named_by: NamedBy::Manifest,
                    },
                    redirects: Redirects {
                        to: policy.redirect_to.clone(),
                    },
                    // A login that hangs is told as one before the call's own time is over.
                    login_limit: policy.timeout / 10 * 9,
                    ..Rules::default()
                };
                Ok(Arc::new(client.with_rules(rules)?))
            },
        ))
    }
}

/// The folder of `--files`, opened.
fn folder(args: &ConnectionArgs) -> Result<Option<Arc<dyn Files>>, Failure> {
    let opened = args.files.as_deref().map(Folder::open).transpose()?;
    Ok(opened.map(|folder| Arc::new(folder) as Arc<dyn Files>))
}

/// Says on stderr which tools are not on offer because they need a folder of
/// files and none was given.
pub(crate) fn say_what_needs_files(setup: &Setup, console: &Console) {
    // A tool that a flag names is an error instead.
    if setup.files.is_some() || setup.offered.is_some() {
        return;
    }
    let wanted = setup.manifest.agent.tools.as_ref();
    let tools = setup.manifest.tools.iter().map(|tool| &tool.name);
    let workflows = setup.manifest.workflows.iter().map(|workflow| &workflow.name);
    let offered = tools
        .chain(workflows)
        .filter(|name| wanted.is_none_or(|names| names.contains(name)));
    for name in offered.filter(|name| needs_files(&setup.manifest, name)) {
        console.note(&format!(
            "note: `{name}` sends files and is not offered; --files DIR names the folder whose files may be sent"
        ));
    }
}

/// Says on stderr which workflows are not on offer because steps of them ask
/// for words and the model writes none.
pub(crate) fn say_what_needs_words(setup: &Setup, selected: &Selected, console: &Console) {
    if selected.model.writes_prose() {
        return;
    }
    let wanted = setup.offered.as_ref().or(setup.manifest.agent.tools.as_ref());
    let workflows = setup.manifest.workflows.iter().map(|workflow| &workflow.name);
    let wanted = workflows.filter(|name| wanted.is_none_or(|names| names.contains(name)));
    for name in wanted.filter(|name| setup.manifest.first_ask(name).is_some()) {
        console.note(&format!(
            "note: `{name}` asks a model to write and is not offered; --model names one that does"
        ));
    }
}

/// Boxes observers for a session.
pub(crate) fn observer(observer: impl Observer + 'static) -> Box<dyn Observer> {
    Box::new(observer)
}

/// `--limit` over what the manifest says.
pub(crate) fn with_limits(mut limits: Limits, flags: &[LimitFlag]) -> Result<Limits, Failure> {
    for flag in flags {
        match *flag {
            LimitFlag::Turns(turns) => limits.turns = turns,
            LimitFlag::Calls(calls) => limits.calls = calls,
            LimitFlag::Tokens(tokens) => limits.tokens = tokens,
            LimitFlag::Time(time) => limits.time = time,
            LimitFlag::Cost => return Err(Failure::not_in_this_build("--limit cost")),
        }
    }
    Ok(limits)
}

/// `--allow-writes`: bare, with names, or both.
fn allow_writes(manifest: &Manifest, given: Option<&[WritesFlag]>) -> Result<AllowWrites, Failure> {
    let Some(given) = given else {
        return Ok(AllowWrites::None);
    };
    let all = given.contains(&WritesFlag::All);
    let names: BTreeSet<String> = given
        .iter()
        .filter_map(|flag| match flag {
            WritesFlag::All => None,
            WritesFlag::Tool(name) => Some(name.clone()),
        })
        .collect();
    for name in &names {
        known_tool(manifest, name)?;
    }
    Ok(match (all, names.is_empty()) {
        (true, true) => AllowWrites::All,
        (true, false) => AllowWrites::AllAnd(names),
        (false, _) => AllowWrites::Named(names),
    })
}

/// Complains about `--allow-writes NAME "prompt"` without the `=`: it would
/// permit all writes and take the name for the prompt.
pub(crate) fn prompt_is_no_name(
    manifest: &Manifest,
    prompt: &str,
    given: Option<&[WritesFlag]>,
) -> Result<(), Failure> {
    let all = given.is_some_and(|given| given.contains(&WritesFlag::All));
    if all && (manifest.tool(prompt).is_some() || manifest.workflow(prompt).is_some()) {
        return Err(
            Failure::usage(format!("the prompt is the name of a tool: `{prompt}`"))
                .with_hint(format!("to permit it, write --allow-writes={prompt}")),
        );
    }
    Ok(())
}

/// Complains about a name that no tool and no workflow has.
pub(crate) fn known_tool(manifest: &Manifest, name: &str) -> Result<(), Failure> {
    match (manifest.tool(name), manifest.workflow(name)) {
        (None, None) => Err(unknown_tool(manifest, name).into()),
        _ => Ok(()),
    }
}

/// Says on stderr what a run will lack because this build cannot do it.
pub(crate) fn say_what_is_left_out(manifest: &Manifest, console: &Console) {
    for feature in manifest
        .not_in_this_build
        .iter()
        .filter(|feature| feature.key != "tests")
    {
        console.note(&format!("note: {}", left_out(feature)));
    }
}

/// What a part of the language that this build lacks means for a run.
pub(crate) fn left_out(feature: &Feature) -> String {
    match &feature.tool {
        Some(tool) => format!(
            "`{}` is not in this build, so `{tool}` is not offered",
            feature.key
        ),
        None => format!("`{}` is not in this build", feature.key),
    }
}
