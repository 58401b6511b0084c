//! `toolrun lock`: writes what a manifest shows and sends, or compares it with
//! what was written.

use serde_json::json;

use crate::args::LockArgs;
use crate::console::Console;
use crate::exit::{Exit, Failure};
use crate::lock;
use crate::manifest_file;
use crate::words::{one_line, shell_word};

/// The version of the object that `--json` prints.
const VERSION: u32 = 1;

/// Writes the lock, or compares it.
pub(crate) fn run(args: &LockArgs, console: &Console) -> Result<Exit, Failure> {
    let (manifest, content) = manifest_file::load_with_content(&args.file, console)?;
    let path = lock::path(&content)?;
    let is = lock::of(&manifest, &content);
    let was = match lock::read(&path) {
        // One that cannot be read is made anew.
        Err(_) if !args.check => None,
        read => read?,
    };
    let shown = one_line(&path.to_string_lossy());
    let Some(was) = was else {
        if args.check {
            return Err(Failure::usage(format!("there is no `{shown}`"))
                .with_hint(format!("`toolrun lock {}` writes it", shell_word(&args.file))));
        }
        lock::write(&path, &is)?;
        return told(
            &format!("wrote {shown}: review it, and keep it with the manifest"),
            &[],
            args,
            console,
        );
    };
    let found = lock::differences(&was, &is);
    if args.check {
        let words = match found.len() {
            0 => format!("{shown} is up to date"),
            _ => format!("{shown} is not what the manifest says:\n{}", lock::listed(&found)),
        };
        told(&words, &found, args, console)?;
        return Ok(if found.is_empty() { Exit::Done } else { Exit::Found });
    }
    if was != is {
        lock::write(&path, &is)?;
    }
    let words = match (found.len(), was == is) {
        (_, true) => format!("{shown} is up to date"),
        (0, false) => format!("wrote {shown}: only the text of files changed, not what it says"),
        _ => format!("wrote {shown}:\n{}", lock::listed(&found)),
    };
    told(&words, &found, args, console)
}

fn told(words: &str, changes: &[String], args: &LockArgs, console: &Console) -> Result<Exit, Failure> {
    if args.json {
        let object = json!({ "version": VERSION, "manifest": args.file, "changes": changes });
        console.out(&format!("{object:#}\n"))?;
    } else if args.check && !changes.is_empty() {
        console.say(words);
    } else {
        console.note(words);
    }
    Ok(Exit::Done)
}
