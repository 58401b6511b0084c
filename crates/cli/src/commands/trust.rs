//! `toolrun trust`: allows a manifest's secret sources ahead, lists what was
//! allowed, takes it back. Reads no secret and runs nothing.

use serde_json::{Value, json};
use toolrun_manifest::Tool;

use crate::args::TrustArgs;
use crate::consent::{self, Matter, Record, Wanted};
use crate::console::Console;
use crate::content::{Content, shown, true_path};
use crate::environment::Environment;
use crate::exit::{Exit, Failure, Kind};
use crate::manifest_file;
use crate::vars;
use crate::words::one_line;

/// The version of the object that `--json` prints.
const VERSION: u32 = 1;

/// Does what the flags say.
pub(crate) fn run(args: &TrustArgs, console: &Console) -> Result<Exit, Failure> {
    match &args.file {
        None => list(args, console),
        Some(file) if args.revoke => revoke(file, args, console),
        Some(file) => allow(file, args, console),
    }
}

fn allow(file: &str, args: &TrustArgs, console: &Console) -> Result<Exit, Failure> {
    let (manifest, content) = manifest_file::load_with_content(file, console)?;
    let connection = args.connection();
    let environment = Environment::read(args.env_file.as_deref())?;
    let vars = vars::resolve(&manifest.vars, &args.vars, &|name| environment.get(name))?;
    let tools: Vec<&Tool> = manifest.tools.iter().collect();
    let wanted = Wanted {
        manifest: &manifest,
        content: &content,
        tools,
        vars: &vars,
        connection: &connection,
    };
    let matters = wanted.matters()?;
    let record = Record::open(console);
    let open: Vec<&Matter> = matters
        .iter()
        .filter(|matter| !record.covers(&content, matter))
        .collect();
    if !open.is_empty() {
        decide(&open, &wanted, &record, args, console)?;
        record
            .remember(&content, &open)
            .map_err(|why| Failure::new(Kind::Output, why))?;
    }
    told(&matters, &open, &content, &record, args, console)
}

/// Shows what is to be allowed and has it answered.
fn decide(
    open: &[&Matter],
    wanted: &Wanted<'_>,
    record: &Record,
    args: &TrustArgs,
    console: &Console,
) -> Result<(), Failure> {
    let list = consent::listed(open, wanted.content, record);
    if args.yes {
        console.note(&list);
        return Ok(());
    }
    if !console.can_ask() {
        return Err(Failure::new(Kind::Refused, list)
            .with_rule("secret-source")
            .with_hint(format!(
                "there is no terminal to ask on; if that list is right, `{} --yes` allows it",
                wanted.remedy()
            )));
    }
    if consent::ask(&list, console) {
        Ok(())
    } else {
        Err(consent::declined(wanted.content))
    }
}

fn told(
    matters: &[Matter],
    open: &[&Matter],
    content: &Content,
    record: &Record,
    args: &TrustArgs,
    console: &Console,
) -> Result<Exit, Failure> {
    if args.json {
        let object = json!({
            "version": VERSION,
            "manifest": content.path,
            "content": content.fingerprint,
            "secrets": matters,
            "new": open.len(),
        });
        console.out(&format!("{object:#}\n"))?;
        return Ok(Exit::Done);
    }
    let file = content.shown();
    if matters.is_empty() {
        console.note(&format!("{file} takes no secret from where a yes is needed"));
    } else if open.is_empty() {
        console.note(&format!("{file}: all of it was allowed before"));
    } else {
        let place = record.place().unwrap_or_default();
        console.note(&format!(
            "{file}: allowed for this content; remembered in {place}"
        ));
    }
    Ok(Exit::Done)
}

fn revoke(file: &str, args: &TrustArgs, console: &Console) -> Result<Exit, Failure> {
    let path = true_path(file);
    let record = Record::open(console);
    let known = record.all().iter().any(|one| one.manifest == path);
    let removed = if known {
        record
            .revoke(&path)
            .map_err(|why| Failure::new(Kind::Output, why))?
    } else {
        0
    };
    if args.json {
        let object = json!({ "version": VERSION, "manifest": path, "revoked": removed });
        console.out(&format!("{object:#}\n"))?;
    } else if removed == 0 {
        console.note(&format!("nothing was allowed for {}", shown(file)));
    } else {
        console.note(&format!("{}: what was allowed is taken back", shown(file)));
    }
    Ok(Exit::Done)
}

fn list(args: &TrustArgs, console: &Console) -> Result<Exit, Failure> {
    let record = Record::open(console);
    if args.json {
        let allowed = serde_json::to_value(record.all()).unwrap_or(Value::Null);
        let object = json!({ "version": VERSION, "allowed": allowed });
        console.out(&format!("{object:#}\n"))?;
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    for one in record.all() {
        let day = one.at.strftime("%Y-%m-%d");
        text.push_str(&format!("{} (allowed on {day})\n", one_line(&one.manifest)));
        for matter in &one.secrets {
            text.push_str(&format!("  {}\n", matter.told()));
        }
    }
    if text.is_empty() {
        console.note("nothing was allowed so far");
    }
    console.out(&text)?;
    Ok(Exit::Done)
}
