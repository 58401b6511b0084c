//! The lock of a manifest: what each tool shows a model and where it sends
//! what, as a text to review, and what differs from it.
//!
//! A lock is made from the checked manifest, so that comments, layout and
//! order change nothing; values of `vars` from outside are the operator's and
//! are no part of it.

mod difference;
mod reviewed;

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde_json::Value;
use toolrun_manifest::Manifest;

pub(crate) use difference::differences;

use crate::content::Content;
use crate::exit::{Failure, Kind};
use crate::private_file;
use crate::words::{one_line, shell_word};

/// The version of the file.
const VERSION: u64 = 1;

/// Largest lock.
const MOST_BYTES: u64 = 64 << 20;

/// What a manifest says now, in the form of its lock.
pub(crate) fn of(manifest: &Manifest, content: &Content) -> Value {
    reviewed::of(manifest, content)
}

/// Refuses a manifest that is not what was locked, when that is asked for.
pub(crate) fn hold(locked: bool, manifest: &Manifest, content: &Content) -> Result<(), Failure> {
    if !locked {
        return Ok(());
    }
    let path = path(content).map_err(|failure| failure.with_rule("locked"))?;
    let file = content.shown();
    let remedy = format!("`toolrun lock {}`", shell_word(&content.named));
    let was = read(&path).map_err(|failure| failure.with_rule("locked"))?;
    let Some(was) = was else {
        return Err(Failure::usage(format!(
            "--locked needs `{}`, and there is no such file",
            one_line(&path.to_string_lossy())
        ))
        .with_rule("locked")
        .with_hint(format!(
            "{remedy} writes it; review it and keep it with the manifest"
        )));
    };
    let found = differences(&was, &of(manifest, content));
    if found.is_empty() {
        return Ok(());
    }
    let message = format!("{file} is not what was locked:\n{}", listed(&found));
    Err(Failure::new(Kind::Refused, message)
        .with_rule("locked")
        .with_hint(format!("review the difference; {remedy} accepts it")))
}

/// The differences, each on lines of its own.
pub(crate) fn listed(differences: &[String]) -> String {
    let lines = differences.iter().flat_map(|one| one.lines());
    lines
        .map(|line| format!("  | {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Where the lock of a manifest lies.
pub(crate) fn path(content: &Content) -> Result<PathBuf, Failure> {
    if content.is_stdin() {
        return Err(Failure::usage("a manifest from stdin has no lock").with_hint("save it as a file"));
    }
    Ok(PathBuf::from(format!("{}.lock", content.named)))
}

/// Reads a lock, if it is there.
pub(crate) fn read(path: &Path) -> Result<Option<Value>, Failure> {
    let shown = path.to_string_lossy().into_owned();
    let text = match fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(io::ErrorKind::InvalidData.into()),
        Ok(found) if found.len() > MOST_BYTES => Err(io::ErrorKind::FileTooLarge.into()),
        Ok(_) => fs::read_to_string(path),
        Err(error) => Err(error),
    };
    let text = match text {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::unreadable(&shown, &error)),
    };
    let lock: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    match lock["version"].as_u64() {
        Some(VERSION) => Ok(Some(lock)),
        Some(later) if later > VERSION => Err(Failure::usage(format!(
            "`{shown}` was written by a later version of toolrun"
        ))),
        _ => Err(Failure::usage(format!("`{shown}` is damaged"))
            .with_hint("restore it, or make and review it anew with `toolrun lock`")),
    }
}

/// Writes a lock, all of it or nothing.
pub(crate) fn write(path: &Path, lock: &Value) -> Result<(), Failure> {
    private_file::replace(path, format!("{lock:#}\n").as_bytes()).map_err(|error| {
        Failure::new(
            Kind::Output,
            format!("cannot write `{}`: {error}", one_line(&path.to_string_lossy())),
        )
    })
}
