//! `toolrun run`: the agent loop, from a manifest and a prompt to an answer.

use serde_json::{Value, json};
use toolrun_manifest::{Manifest, Tool};
use toolrun_runner::{Ending, FlowWarned, Outcome, RunError, Session, Setup, needs_files};

use crate::args::{ConnectionArgs, LoopArgs, RunArgs};
use crate::consent::{self, Wanted};
use crate::console::Console;
use crate::content::Content;
use crate::environment::Environment;
use crate::exit::{Exit, Failure};
use crate::interrupt;
use crate::lock;
use crate::manifest_file;
use crate::prompt;
use crate::render::answer::{AnswerWriter, Streaming};
use crate::render::dry_run;
use crate::render::jsonl::{self, Jsonl};
use crate::render::progress::{Detail, Progress};
use crate::select_model::{self, Selected};
use crate::session::{self, Outside};

/// The version of the object that `--json` prints.
const VERSION: u32 = 1;

/// Runs the loop.
pub(crate) async fn run(args: &RunArgs, console: &Console) -> Result<Exit, Failure> {
    if let Some(flag) = args.absent.given() {
        return Err(Failure::not_in_this_build(flag));
    }
    let (manifest, content) = manifest_file::load_with_content(&args.file, console)?;
    lock::hold(args.connection.locked, &manifest, &content)?;
    let prompt = prompt::read(&args.prompt, &args.file)?;
    let task = Task {
        manifest,
        content,
        prompt,
        agent: &args.agent,
        connection: &args.connection,
        environment: Environment::read(args.connection.env_file.as_deref())?,
        detail: Detail::of(console),
    };
    task.run(console).await
}

/// One run of the loop, whoever asks for it.
pub(crate) struct Task<'a> {
    /// The manifest.
    pub(crate) manifest: Manifest,
    /// Its text, by fingerprint.
    pub(crate) content: Content,
    /// What is to be done.
    pub(crate) prompt: String,
    /// Flags of the loop.
    pub(crate) agent: &'a LoopArgs,
    /// Values from outside and the network.
    pub(crate) connection: &'a ConnectionArgs,
    /// Variables.
    pub(crate) environment: Environment,
    /// How much is said.
    pub(crate) detail: Detail,
}

impl Task<'_> {
    /// Chooses the model, runs, prints.
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        jsonl::check_stdout(self.agent.events.as_deref(), self.agent.json)?;
        let allowed = self.connection.allow_writes.as_deref();
        session::prompt_is_no_name(&self.manifest, &self.prompt, allowed)?;
        session::say_what_is_left_out(&self.manifest, console);
        let outside = Outside::new(self.environment);
        let selected = select_model::select(&self.agent.model, &self.manifest, &outside).await?;
        console.note(&selected.said());
        let progress = Progress::new(console, self.detail);
        let mut setup = outside.setup(self.manifest, self.connection, console, &progress)?;
        setup.limits = session::with_limits(setup.limits, &self.agent.limits)?;
        setup.flows = self.agent.flows.policy();
        setup.offered.clone_from(&self.agent.tools);
        session::say_what_needs_files(&setup, console);
        session::say_what_needs_words(&setup, &selected, console);
        if self.agent.dry_run {
            let as_json = self.agent.json;
            return dry_run::show(
                &mut Session::new(setup)?,
                &selected,
                &self.prompt,
                as_json,
                console,
            )
            .await;
        }
        let wanted = Wanted {
            manifest: &setup.manifest,
            content: &self.content,
            tools: offered(&setup),
            vars: &setup.vars,
            connection: self.connection,
        };
        consent::check(&wanted, &outside.cleared, console)?;
        let writer = observe(&mut setup, self.agent, console, &progress)?;
        interrupt::watch(outside.stop.clone(), console, &progress);
        let mut session = Session::new(setup)?;
        let ended = session.run(selected.model.as_ref(), &self.prompt).await;
        progress.hide();
        finish(ended, &selected, self.agent, &writer, console)
    }
}

/// The tools that the model can come to call, those of workflows included.
fn offered(setup: &Setup) -> Vec<&Tool> {
    let manifest = &setup.manifest;
    let names = setup.offered.as_ref().or(manifest.agent.tools.as_ref());
    let tools = manifest.tools.iter().map(|tool| &tool.name);
    let workflows = manifest.workflows.iter().map(|workflow| &workflow.name);
    let offered = tools
        .chain(workflows)
        .filter(|name| names.is_none_or(|names| names.contains(name)))
        .filter(|name| setup.files.is_some() || !needs_files(manifest, name));
    manifest.tools_of(offered.map(String::as_str))
}

/// Adds who is told: progress, the answer's writer, the file of events.
fn observe(
    setup: &mut Setup,
    agent: &LoopArgs,
    console: &Console,
    progress: &Progress,
) -> Result<AnswerWriter, Failure> {
    let for_programs = agent.json || jsonl::on_stdout(agent.events.as_deref());
    let live = console.stdout_terminal() && !agent.no_stream && !for_programs;
    let streaming = if live { Streaming::Live } else { Streaming::Whole };
    let writer = AnswerWriter::new(console, progress, streaming, setup.stop.clone());
    if let Some(path) = &agent.events {
        setup
            .observers
            .push(session::observer(Jsonl::create(path, setup.stop.clone())?));
    }
    // The writer first: it ends its line before the moving one is drawn.
    setup.observers.push(session::observer(writer.clone()));
    setup.observers.push(session::observer(progress.clone()));
    Ok(writer)
}

fn finish(
    ended: Result<Outcome, RunError>,
    selected: &Selected,
    agent: &LoopArgs,
    writer: &AnswerWriter,
    console: &Console,
) -> Result<Exit, Failure> {
    match ended {
        Ok(outcome) => {
            let exit = exit_of(outcome.ending);
            if agent.json {
                console.out_json(&object(&outcome, selected, exit))?;
            } else if !jsonl::on_stdout(agent.events.as_deref()) {
                writer.finish(&outcome.answer)?;
            }
            say_ending(&outcome, console);
            Ok(exit)
        }
        Err(error) => {
            let failure = Failure::from(error);
            if !agent.json {
                writer.finish("")?;
                return Err(failure);
            }
            let mut object = failure.object();
            object["model"] = selected.model.id().into();
            console.out_json(&object)?;
            Err(failure.printed())
        }
    }
}

fn say_ending(outcome: &Outcome, console: &Console) {
    let words = match outcome.ending {
        Ending::Answered | Ending::Failed => None,
        Ending::Limit(_) => Some("stopped by a limit"),
        Ending::Refused => Some("the model refused"),
        Ending::NoAnswer => Some("the model gave no usable answer"),
        Ending::Interrupted => Some("interrupted"),
    };
    match (words, &outcome.note) {
        (None, None) => {}
        (Some(words), None) => console.say(words),
        (None, Some(note)) => console.note(note),
        // A note about the model says who and what by itself.
        (Some(_), Some(note)) if note.starts_with("the model") => console.say(note),
        (Some(words), Some(note)) => console.say(&format!("{words}: {note}")),
    }
    let seconds = outcome.took.as_secs_f64();
    let (turns, calls) = (outcome.turns, outcome.calls);
    console.detail(&format!(
        "{turns} turns, {calls} calls, {} tokens, {seconds:.1} s",
        outcome.tokens
    ));
}

/// The exit code of an ending.
pub(crate) fn exit_of(ending: Ending) -> Exit {
    match ending {
        Ending::Answered => Exit::Done,
        Ending::Limit(_) => Exit::Limit,
        Ending::Refused | Ending::NoAnswer => Exit::NoAnswer,
        Ending::Interrupted => Exit::Interrupted,
        Ending::Failed => Exit::Failed,
    }
}

/// A call to another host than the one whose content the model had read.
fn flow(warned: &FlowWarned) -> Value {
    json!({ "tool": warned.tool, "from": warned.from, "to": warned.to })
}

/// An ending as `--json` prints it, and the limit that it was.
pub(crate) fn ending_of(ending: Ending) -> (&'static str, Value) {
    match ending {
        Ending::Answered => ("answered", Value::Null),
        Ending::Limit(kind) => ("limit", serde_json::to_value(kind).unwrap_or(Value::Null)),
        Ending::Refused => ("refused", Value::Null),
        Ending::NoAnswer => ("no_answer", Value::Null),
        Ending::Interrupted => ("interrupted", Value::Null),
        Ending::Failed => ("failed", Value::Null),
    }
}

fn object(outcome: &Outcome, selected: &Selected, exit: Exit) -> Value {
    let (ending, limit) = ending_of(outcome.ending);
    json!({
        "version": VERSION,
        "run": outcome.run,
        "ending": ending,
        "limit": limit,
        "exit": exit.code(),
        "answer": outcome.answer,
        "note": outcome.note,
        "flows": outcome.flows.iter().map(flow).collect::<Vec<_>>(),
        "model": selected.model.id(),
        "turns": outcome.turns,
        "calls": outcome.calls,
        "tokens": outcome.tokens,
        "took_ms": u64::try_from(outcome.took.as_millis()).unwrap_or(u64::MAX),
    })
}
