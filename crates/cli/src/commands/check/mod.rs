//! `toolrun check`: every problem of every file, in one pass.

mod explain;
mod files;
mod mend;

use toolrun_manifest::{Loaded, Safety};

use crate::args::{CheckArgs, CheckFormat, Deny};
use crate::console::Console;
use crate::exit::{Exit, Failure};
use crate::manifest_file;
use crate::render::counts::Counts;
use crate::render::diagnostics::{self, counted};
use crate::render::{check_json, github, junit, sarif};
use crate::session;

/// Checks the files and folders, mends what may be mended, and says what was
/// found.
pub(crate) fn run(args: &CheckArgs, console: &Console) -> Result<Exit, Failure> {
    if let Some(code) = &args.explain {
        return explain::run(code.as_deref(), console);
    }
    one_thing_on_stdout(args)?;
    let names = files::named(&args.files, console)?;
    let allowed = args.fix.map_or(Safety::Safe, Safety::from);
    let (mut changes, mut checked) = (false, Vec::new());
    if args.diff {
        (changes, checked) = mend::show(&names, allowed, console)?;
    } else if args.fix.is_some() {
        checked = mend::write(&names, allowed, console)?;
    } else {
        checked.extend(files::load(&names)?);
    }
    files::say_each_once(&mut checked);
    let found = Counts::of(&checked);
    if !args.diff {
        report(args, &checked, found, console)?;
    }
    let failed = found.errors > 0 || changes || (args.deny == Some(Deny::Warnings) && found.warnings > 0);
    Ok(if failed { Exit::Found } else { Exit::Done })
}

/// A diff and the fixed text of stdin go to stdout, and so do all reports but
/// the one for people.
fn one_thing_on_stdout(args: &CheckArgs) -> Result<(), Failure> {
    let report = args.written_as() != CheckFormat::Human;
    let hint = "leave out `--format` and `--json`";
    if report && args.diff {
        return Err(Failure::usage("`--diff` and a report would both go to stdout").with_hint(hint));
    }
    if report && args.fix.is_some() && args.files.iter().any(|file| file == "-") {
        let message = "the fixed text of `-` and a report would both go to stdout";
        return Err(Failure::usage(message).with_hint(hint));
    }
    Ok(())
}

/// Says what was found: on stdout for programs, on stderr for people.
fn report(
    args: &CheckArgs,
    checked: &[(String, Loaded)],
    found: Counts,
    console: &Console,
) -> Result<(), Failure> {
    match args.written_as() {
        CheckFormat::Json => return console.out_json(&check_json::report(checked, found)),
        CheckFormat::Sarif => console.out_json(&sarif::report(checked))?,
        CheckFormat::Github => console.out(&github::report(checked))?,
        CheckFormat::Junit => console.out(&junit::report(checked, args.deny == Some(Deny::Warnings)))?,
        CheckFormat::Human => draw(checked, console),
    }
    left_out(checked, console);
    summary(checked, found, console);
    Ok(())
}

fn draw(checked: &[(String, Loaded)], console: &Console) {
    for (_, loaded) in checked {
        for found in &loaded.diagnostics {
            console.drawn(&diagnostics::draw(found, &loaded.sources, console));
        }
    }
}

/// What this build cannot run yet.
fn left_out(checked: &[(String, Loaded)], console: &Console) {
    for (_, loaded) in checked {
        for feature in loaded
            .manifest
            .iter()
            .flat_map(|manifest| &manifest.not_in_this_build)
        {
            let place = loaded.sources.position(feature.span);
            let file = &loaded.sources.get(feature.span.source).name;
            console.note(&format!(
                "note: {file}:{}: {}",
                place.line,
                session::left_out(feature)
            ));
        }
    }
}

fn summary(checked: &[(String, Loaded)], found: Counts, console: &Console) {
    let place = match checked {
        [(name, _)] if name == "-" => manifest_file::STDIN.to_owned(),
        [(name, _)] => name.clone(),
        _ => counted(checked.len(), "file"),
    };
    console.note(&diagnostics::summary(found.errors, found.warnings, &place));
    if let Some(fixable) = found.fixable() {
        console.note(&fixable);
    }
}
