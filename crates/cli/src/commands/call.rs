//! `toolrun call`: one tool or workflow, without a model, on the same path as
//! the loop's.

use serde_json::{Value, json};
use toolrun_manifest::{Manifest, Param};
use toolrun_runner::{Ending, Preview, Returned, Session, Setup};

use crate::args::CallArgs;
use crate::arguments;
use crate::commands::run::{ending_of, exit_of};
use crate::consent::{self, Wanted};
use crate::console::Console;
use crate::environment::Environment;
use crate::exit::{Exit, Failure, Kind};
use crate::interrupt;
use crate::lock;
use crate::manifest_file;
use crate::render::jsonl::{self, Jsonl};
use crate::render::outline;
use crate::render::progress::{Detail, Progress};
use crate::render::request;
use crate::select_model::{self, Selected};
use crate::session::{self, Outside};
use crate::vars;
use crate::visible::{escaped_json, revealed};

/// The version of the object that `--json` prints.
const VERSION: u32 = 1;

/// Calls the tool, or shows what would be sent.
pub(crate) async fn run(args: &CallArgs, console: &Console) -> Result<Exit, Failure> {
    if let Some(flag) = args.absent.given() {
        return Err(Failure::not_in_this_build(flag));
    }
    jsonl::check_stdout(args.events.as_deref(), args.json)?;
    let (manifest, content) = manifest_file::load_with_content(&args.file, console)?;
    lock::hold(args.connection.locked, &manifest, &content)?;
    let params = params_of(&manifest, &args.tool)?;
    let arguments = arguments::of(params, &args.values, args.args.as_deref())?;
    let outside = Outside::new(Environment::read(args.connection.env_file.as_deref())?);
    let progress = Progress::new(console, Detail::of(console));
    let selected = selected(&manifest, args, &outside, console).await?;
    let mut setup = outside.setup(manifest, &args.connection, console, &progress)?;
    for tool in setup.manifest.tools_of([args.tool.as_str()]) {
        vars::make_addresses(&setup.manifest, tool, &setup.vars)?;
    }
    setup.flows = args.flows.policy();
    setup.limits = session::with_limits(setup.limits, &args.limits)?;
    if !args.dry_run && !args.curl {
        let wanted = Wanted {
            manifest: &setup.manifest,
            content: &content,
            tools: setup.manifest.tools_of([args.tool.as_str()]),
            vars: &setup.vars,
            connection: &args.connection,
        };
        consent::check(&wanted, &outside.cleared, console)?;
        observe(&mut setup, args, console, &progress)?;
    }
    let mut session = Session::new(setup)?;
    if args.dry_run || args.curl {
        return unsent(&session, &arguments, args, console);
    }
    let model = selected.as_ref().map(|selected| selected.model.as_ref());
    let returned = session.call_with(model, &args.tool, &arguments).await;
    progress.hide();
    let returned = returned?;
    if let Ending::Limit(_) = returned.ending {
        return stopped(&returned, args, console);
    }
    if returned.ending == Ending::NoAnswer {
        return print(&returned, args, console).map_err(|failure| failure.of_kind(Kind::NoAnswer));
    }
    let ended = print(&returned, args, console);
    if returned.ending == Ending::Interrupted {
        // What came before the end is told like any result.
        return ended
            .map(|_| Exit::Interrupted)
            .map_err(|failure| failure.of_kind(Kind::Interrupted));
    }
    ended
}

/// Shows what would be sent.
fn unsent(session: &Session, arguments: &str, args: &CallArgs, console: &Console) -> Result<Exit, Failure> {
    let manifest = session.manifest();
    if manifest.workflow(&args.tool).is_some() {
        return draw_up(session, arguments, args, console);
    }
    let preview = session.preview(&args.tool, arguments)?;
    if args.curl {
        let curl = request::curl(&preview, &manifest.secrets, args.connection.files.as_deref());
        console.out(&format!("{curl}\n"))?;
        return Ok(Exit::Done);
    }
    show(&preview, arguments, args, console)
}

/// The model, when a step asks one.
async fn selected(
    manifest: &Manifest,
    args: &CallArgs,
    outside: &Outside,
    console: &Console,
) -> Result<Option<Selected>, Failure> {
    if manifest.first_ask(&args.tool).is_none() {
        return asks_nobody(args).map(|()| None);
    }
    if args.dry_run || args.curl {
        return Ok(None);
    }
    let selected = select_model::select(&args.model, manifest, outside).await?;
    console.note(&selected.said());
    Ok(Some(selected))
}

/// Complains about flags that mean nothing where no model is asked.
/// `--no-detect` is taken, since scripts give it to every command.
fn asks_nobody(args: &CallArgs) -> Result<(), Failure> {
    let given = [
        (args.flows.ask_flow, "--ask-flow"),
        (!args.flows.allow_flow.is_empty(), "--allow-flow"),
        (args.model.model.is_some(), "--model"),
        (args.model.base_url.is_some(), "--base-url"),
    ];
    match given.iter().find(|(given, _)| *given) {
        None => Ok(()),
        Some((_, flag)) => Err(Failure::usage(format!(
            "{flag} has no meaning here: `{}` asks no model",
            args.tool
        ))
        .with_hint("it is for `toolrun run`, and for workflows with a step that asks (`ask:`)")),
    }
}

/// Adds who is told, and who can stop it.
fn observe(
    setup: &mut Setup,
    args: &CallArgs,
    console: &Console,
    progress: &Progress,
) -> Result<(), Failure> {
    if let Some(path) = &args.events {
        let events = Jsonl::create(path, setup.stop.clone())?;
        setup.observers.push(session::observer(events));
    }
    interrupt::watch(setup.stop.clone(), console, progress);
    setup.observers.push(session::observer(progress.clone()));
    Ok(())
}

/// The params of the tool or workflow, if this build can call it.
fn params_of<'a>(manifest: &'a Manifest, name: &str) -> Result<&'a [Param], Failure> {
    session::known_tool(manifest, name)?;
    let missing = manifest
        .not_in_this_build
        .iter()
        .find(|feature| feature.tool.as_deref() == Some(name));
    match (missing, manifest.tool(name), manifest.workflow(name)) {
        (Some(feature), ..) => Err(Failure::not_in_this_build(&feature.key)),
        (None, Some(tool), _) => Ok(&tool.params),
        (None, None, Some(workflow)) => Ok(&workflow.params),
        (None, None, None) => Err(Failure::usage(format!("the manifest has no tool `{name}`"))),
    }
}

/// The plan of a workflow in place of a request.
fn draw_up(session: &Session, arguments: &str, args: &CallArgs, console: &Console) -> Result<Exit, Failure> {
    if args.curl {
        return Err(Failure::usage(format!(
            "`{}` is a workflow: it is no single curl command",
            args.tool
        ))
        .with_hint("--dry-run prints its steps and the requests that are known"));
    }
    let outline = session.outline(&args.tool, arguments)?;
    let text = match args.json {
        true => outline::object(&outline, arguments),
        false => outline::words(&outline),
    };
    console.out(&text)?;
    match outline::refused(&outline) {
        None => Ok(Exit::Done),
        Some(step) => {
            console.note(&format!(
                "step `{step}` would not be sent, and the workflow would end there"
            ));
            Ok(Exit::Usage)
        }
    }
}

fn show(preview: &Preview, arguments: &str, args: &CallArgs, console: &Console) -> Result<Exit, Failure> {
    if args.json {
        let arguments: Value = serde_json::from_str(arguments).unwrap_or(Value::Null);
        let object = json!({
            "version": VERSION,
            "tool": args.tool,
            "args": arguments,
            "request": request::object(preview),
        });
        console.out_json(&object)?;
    } else {
        console.out(&as_sent(preview.to_string().trim_end_matches('\n'), console))?;
    }
    Ok(Exit::Done)
}

/// A request in words. What hides or moves something is written as an escape:
/// on a terminal as a question before a write shows it, elsewhere as JSON does,
/// so that a JSON body stays the same value.
fn as_sent(request: &str, console: &Console) -> String {
    if console.stdout_terminal() {
        let lines = request.split('\n');
        lines.map(|line| format!("{}\n", revealed(line))).collect()
    } else {
        escaped_json(format!("{request}\n"))
    }
}

/// A workflow that a limit stopped.
fn stopped(returned: &Returned, args: &CallArgs, console: &Console) -> Result<Exit, Failure> {
    if args.json {
        console.out_json(&object(returned))?;
    }
    let note = returned.note.as_deref().unwrap_or("a limit was reached");
    console.say(&format!("{} was stopped by a limit: {note}", returned.tool));
    Ok(Exit::Limit)
}

/// How it ended: one that gave an error has failed.
fn ending(returned: &Returned) -> Ending {
    match returned.ending {
        Ending::Answered if returned.is_error => Ending::Failed,
        other => other,
    }
}

fn object(returned: &Returned) -> Value {
    let (word, limit) = ending_of(ending(returned));
    json!({
        "version": VERSION,
        "tool": returned.tool,
        "ending": word,
        "limit": limit,
        "exit": exit_of(ending(returned)).code(),
        "is_error": returned.is_error,
        "status": returned.status,
        "attempts": returned.attempts,
        "took_ms": u64::try_from(returned.took.as_millis()).unwrap_or(u64::MAX),
        "content": returned.content,
        "value": returned.value,
        "turns": returned.turns,
        "calls": returned.calls,
        "tokens": returned.tokens,
        "note": returned.note,
    })
}

fn print(returned: &Returned, args: &CallArgs, console: &Console) -> Result<Exit, Failure> {
    if args.json {
        console.out_json(&object(returned))?;
        return Ok(exit_of(ending(returned)));
    }
    if returned.is_error {
        let status = returned
            .status
            .map(|status| format!(" with status {status}"))
            .unwrap_or_default();
        let message = format!(
            "{} failed{}{status}; a model would read:\n{}",
            returned.tool,
            at_step(&returned.content),
            returned.content
        );
        let failure = Failure::new(Kind::Failed, message.trim_end());
        return Err(match &returned.note {
            Some(note) => failure.with_hint(note.clone()),
            None => failure,
        });
    }
    if !jsonl::on_stdout(args.events.as_deref()) {
        print_data(returned, console)?;
    }
    Ok(Exit::Done)
}

/// The step that failed, where a workflow's words name one.
fn at_step(content: &str) -> String {
    let head = content.lines().next().unwrap_or_default();
    let words: Value = serde_json::from_str(head).unwrap_or(Value::Null);
    match (&words["step"], &words["item"]) {
        (Value::String(step), Value::Number(item)) => format!(" at step `{step}`, item {item}"),
        (Value::String(step), _) => format!(" at step `{step}`"),
        _ => String::new(),
    }
}

/// What came from outside goes to stdout alone; what toolrun has to say about
/// it goes to stderr.
fn print_data(returned: &Returned, console: &Console) -> Result<(), Failure> {
    if let Some(payload) = &returned.payload {
        console.out(&format!("{}\n", payload.trim_end_matches('\n')))?;
    }
    if let Some(head) = &returned.head {
        console.note(&format!("note: {}", own_words(head)));
    }
    if !returned.left_out.is_empty() {
        let what = returned.left_out.join(", ");
        console.note(&format!("note: left out: {what}; --json gives the whole"));
    }
    Ok(())
}

/// The words in what a model would read above a result.
fn own_words(head: &str) -> String {
    let parsed: Value = serde_json::from_str(head).unwrap_or(Value::Null);
    match (&parsed["note"], &parsed["status"], &parsed["body"]) {
        (Value::String(note), ..) => note.clone(),
        (_, Value::Number(status), Value::String(body)) => format!("status {status}, {body} body"),
        _ => head.to_owned(),
    }
}
