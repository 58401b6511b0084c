//! `toolrun call`: one tool, without a model, on the same path as the loop's.

use serde_json::{Value, json};
use toolrun_manifest::{Manifest, Tool};
use toolrun_runner::{Ending, Preview, Returned, Session};

use crate::args::CallArgs;
use crate::arguments;
use crate::consent::{self, Wanted};
use crate::console::Console;
use crate::environment::Environment;
use crate::exit::{Exit, Failure, Kind};
use crate::interrupt;
use crate::lock;
use crate::manifest_file;
use crate::render::jsonl::{self, Jsonl};
use crate::render::progress::{Detail, Progress};
use crate::render::request;
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
    let tool = callable(&manifest, &args.tool)?;
    let arguments = arguments::of(tool, &args.values, args.args.as_deref())?;
    let outside = Outside::new(Environment::read(args.connection.env_file.as_deref())?);
    let progress = Progress::new(console, Detail::of(console));
    let secrets = manifest.secrets.clone();
    let mut setup = outside.setup(manifest, &args.connection, console, &progress)?;
    let called = setup.manifest.tool(&args.tool);
    called.map_or(Ok(()), |tool| {
        vars::make_addresses(&setup.manifest, tool, &setup.vars)
    })?;
    if !args.dry_run && !args.curl {
        let wanted = Wanted {
            manifest: &setup.manifest,
            content: &content,
            tools: setup.manifest.tool(&args.tool).into_iter().collect(),
            vars: &setup.vars,
            connection: &args.connection,
        };
        consent::check(&wanted, &outside.cleared, console)?;
        if let Some(path) = &args.events {
            let events = Jsonl::create(path, outside.stop.clone())?;
            setup.observers.push(session::observer(events));
        }
        interrupt::watch(outside.stop.clone(), console, &progress);
        setup.observers.push(session::observer(progress.clone()));
    }
    let mut session = Session::new(setup)?;
    if args.curl {
        let preview = session.preview(&args.tool, &arguments)?;
        console.out(&format!(
            "{}\n",
            request::curl(&preview, &secrets, args.connection.files.as_deref())
        ))?;
        return Ok(Exit::Done);
    }
    if args.dry_run {
        let preview = session.preview(&args.tool, &arguments)?;
        return show(&preview, &arguments, args, console);
    }
    let returned = session.call(&args.tool, &arguments).await;
    progress.hide();
    let returned = returned?;
    let ended = print(&returned, args, console);
    if returned.ending == Ending::Interrupted {
        // What came before the end is told like any result.
        return ended
            .map(|_| Exit::Interrupted)
            .map_err(|failure| failure.of_kind(Kind::Interrupted));
    }
    ended
}

/// The tool, if this build can call it.
fn callable<'a>(manifest: &'a Manifest, name: &str) -> Result<&'a Tool, Failure> {
    session::known_tool(manifest, name)?;
    let missing = manifest
        .not_in_this_build
        .iter()
        .find(|feature| feature.tool.as_deref() == Some(name));
    match (missing, manifest.tool(name)) {
        (None, Some(tool)) => Ok(tool),
        (Some(feature), _) => Err(Failure::not_in_this_build(&feature.key)),
        (None, None) => Err(Failure::usage(format!("the manifest has no tool `{name}`"))),
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

fn print(returned: &Returned, args: &CallArgs, console: &Console) -> Result<Exit, Failure> {
    if args.json {
        let object = json!({
            "version": VERSION,
            "tool": returned.tool,
            "is_error": returned.is_error,
            "status": returned.status,
            "attempts": returned.attempts,
            "took_ms": u64::try_from(returned.took.as_millis()).unwrap_or(u64::MAX),
            "content": returned.content,
            "value": returned.value,
        });
        console.out_json(&object)?;
        return Ok(if returned.is_error {
            Exit::Failed
        } else {
            Exit::Done
        });
    }
    if returned.is_error {
        let status = returned
            .status
            .map(|status| format!(" with status {status}"))
            .unwrap_or_default();
        let message = format!(
            "{} failed{status}; a model would read:\n{}",
            returned.tool, returned.content
        );
        return Err(Failure::new(Kind::Failed, message.trim_end()));
    }
    if !jsonl::on_stdout(args.events.as_deref()) {
        print_data(returned, console)?;
    }
    Ok(Exit::Done)
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
