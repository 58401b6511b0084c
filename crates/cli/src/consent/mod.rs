//! Which secrets may be read, before any is and before anything is sent.
//!
//! The value of a program, of a file outside the manifest's folder, of the
//! keyring, and a variable that another product owns need a person's yes. It
//! holds for this content of the manifest, these sources and these origins,
//! and is remembered: [`record`] says where.

mod matter;
mod owners;
mod record;

use std::collections::BTreeMap;

use toolrun_manifest::{Manifest, SecretOrigin, Tool};

pub(crate) use matter::Matter;
pub(crate) use record::Record;

use crate::args::ConnectionArgs;
use crate::console::{Console, Style};
use crate::content::Content;
use crate::exit::{Failure, Kind};
use crate::question::{OwnTerminal, Question, said_yes};
use crate::secrets::{self, Cleared};
use crate::visible::ASKS;
use crate::words::shell_word;

/// The secrets of one command: which tools would send them, and where.
pub(crate) struct Wanted<'a> {
    /// The manifest.
    pub(crate) manifest: &'a Manifest,
    /// Its text, by fingerprint.
    pub(crate) content: &'a Content,
    /// The tools that may be called.
    pub(crate) tools: Vec<&'a Tool>,
    /// Values that may stand in origins.
    pub(crate) vars: &'a BTreeMap<String, String>,
    /// The flags that set them.
    pub(crate) connection: &'a ConnectionArgs,
}

impl Wanted<'_> {
    /// Everything that needs a yes, asked for before or not.
    pub(crate) fn matters(&self) -> Result<Vec<Matter>, Failure> {
        let needed = matter::needed(self.manifest, &self.tools, self.vars, &self.content.named)?;
        Ok(needed.into_iter().filter_map(|one| one.matter).collect())
    }

    /// The command that allows it ahead.
    pub(crate) fn remedy(&self) -> String {
        let mut words = format!("toolrun trust {}", shell_word(&self.content.named));
        for var in &self.connection.vars {
            words.push_str(&format!(
                " --var {}",
                shell_word(&format!("{}={}", var.name, var.value))
            ));
        }
        if let Some(path) = &self.connection.env_file {
            words.push_str(&format!(" --env-file {}", shell_word(&path.to_string_lossy())));
        }
        words
    }
}

/// Clears every secret that one of the tools would send. What needs a yes and
/// has none is asked on a terminal, and refused where nobody can be asked.
pub(crate) fn check(wanted: &Wanted<'_>, cleared: &Cleared, console: &Console) -> Result<(), Failure> {
    let needed = matter::needed(wanted.manifest, &wanted.tools, wanted.vars, &wanted.content.named)?;
    for one in &needed {
        if let SecretOrigin::Keyring(service) = &one.declared.origin {
            secrets::keyring_readable(&one.declared.name, service)?;
        }
    }
    let matters: Vec<&Matter> = needed.iter().filter_map(|one| one.matter.as_ref()).collect();
    if !matters.is_empty() {
        allow(&matters, wanted, console)?;
    }
    for one in &needed {
        cleared.add(&one.declared.name, one.file.clone());
    }
    Ok(())
}

fn allow(matters: &[&Matter], wanted: &Wanted<'_>, console: &Console) -> Result<(), Failure> {
    let record = Record::open(console);
    let open: Vec<&Matter> = matters
        .iter()
        .copied()
        .filter(|matter| !record.covers(wanted.content, matter))
        .collect();
    if open.is_empty() {
        return Ok(());
    }
    let list = listed(&open, wanted.content, &record);
    if !console.can_ask() {
        return Err(Failure::new(Kind::Refused, list).with_rule("secret-source").with_hint(format!(
            "nothing was read or sent; if that list is right, `{}` allows it for this content of the manifest",
            wanted.remedy()
        )));
    }
    if !ask(&list, console) {
        return Err(declined(wanted.content));
    }
    match record.remember(wanted.content, &open) {
        Ok(()) => console.note(&format!(
            "note: remembered for this content; `toolrun trust --revoke {}` takes it back",
            shell_word(&wanted.content.named)
        )),
        Err(why) => console.note(&format!("note: this holds for now only: {why}")),
    }
    Ok(())
}

/// What is asked, one secret a line. Every line starts with a mark, so that
/// none can pose as the question.
pub(crate) fn listed(matters: &[&Matter], content: &Content, record: &Record) -> String {
    let file = content.shown();
    let before: Vec<Option<String>> = matters
        .iter()
        .map(|matter| record.allowed_before(content, matter))
        .collect();
    let mut text = match before.iter().flatten().max() {
        Some(day) if before.iter().all(Option::is_some) => format!(
            "{file} or a program of its secrets was changed since this was allowed (on {day}); \
             what it does now may be something else:"
        ),
        _ => format!("{file} takes secrets from where nobody has allowed it yet:"),
    };
    let mixed = before.iter().any(Option::is_none);
    for (matter, before) in matters.iter().zip(&before) {
        text.push_str(&format!("\n  | {}", matter.told()));
        if let (Some(day), true) = (before, mixed) {
            text.push_str(&format!(" (allowed on {day}, for another content)"));
        }
    }
    text
}

/// Asks at the terminal; no is what anything but a typed yes means.
pub(crate) fn ask(list: &str, console: &Console) -> bool {
    let words = "Allow it for this content of the manifest? Type y for yes, anything else is no:";
    let question = Question {
        matter: format!(
            "\n{}{list}",
            console.paint(Style::Asks, &format!("{ASKS} toolrun asks: "))
        ),
        ask: console.paint(Style::Bold, &format!("{ASKS} {words}")),
        whole: None,
    };
    said_yes(&mut OwnTerminal(console.clone()), &question)
}

/// A person said no.
pub(crate) fn declined(content: &Content) -> Failure {
    let file = content.shown();
    Failure::new(
        Kind::Refused,
        format!("the secrets of {file} were not allowed; nothing was read or sent"),
    )
    .with_rule("secret-source")
}
