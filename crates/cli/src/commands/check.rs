//! `toolrun check`: every problem of every file, in one pass.

use std::path::Path;

use toolrun_manifest::{Loaded, RULES, Severity};

use crate::args::{CheckArgs, CheckFormat, Deny};
use crate::console::Console;
use crate::exit::{Exit, Failure};
use crate::manifest_file;
use crate::render::{check_json, diagnostics};
use crate::session;
use crate::vars::names_hint;

/// Checks the files and folders and draws what was found.
pub(crate) fn run(args: &CheckArgs, console: &Console) -> Result<Exit, Failure> {
    if let Some(absent) = args.format.absent().or(args.fix.then_some("--fix")) {
        return Err(Failure::not_in_this_build(absent));
    }
    if let Some(lint) = &args.explain {
        return explain(lint, console);
    }
    let files: Vec<(String, Loaded)> = expand(&args.files, console)?
        .into_iter()
        .map(|path| manifest_file::load(&path).map(|loaded| (path, loaded)))
        .collect::<Result<_, _>>()?;
    let (errors, warnings) = (count(&files, Severity::Error), count(&files, Severity::Warning));
    if args.json || args.format == CheckFormat::Json {
        let report = check_json::report(&files, errors, warnings);
        console.out_json(&report)?;
    } else {
        draw(&files, errors, warnings, console);
    }
    let denied = args.deny == Some(Deny::Warnings) && warnings > 0;
    Ok(if errors > 0 || denied {
        Exit::Found
    } else {
        Exit::Done
    })
}

/// Folders become the manifests in them.
fn expand(files: &[String], console: &Console) -> Result<Vec<String>, Failure> {
    let mut expanded = Vec::new();
    for file in files {
        let path = Path::new(file);
        if file != "-" && path.is_dir() {
            let found = manifest_file::manifests_in(path)?;
            for skipped in &found.skipped {
                console.note(&format!("note: skipped {skipped}: no key `toolrun`"));
            }
            if found.manifests.is_empty() {
                return Err(Failure::usage(format!("there is no manifest in `{file}`"))
                    .with_hint("a manifest ends in .yaml or .yml and has the key `toolrun: 1`"));
            }
            expanded.extend(found.manifests);
        } else {
            expanded.push(file.clone());
        }
    }
    Ok(expanded)
}

fn count(files: &[(String, Loaded)], severity: Severity) -> usize {
    files
        .iter()
        .flat_map(|(_, loaded)| &loaded.diagnostics)
        .filter(|found| found.severity == severity)
        .count()
}

fn draw(files: &[(String, Loaded)], errors: usize, warnings: usize, console: &Console) {
    for (_, loaded) in files {
        for found in &loaded.diagnostics {
            console.drawn(&diagnostics::draw(found, &loaded.sources, console));
        }
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
    let place = match files {
        [(name, _)] if name == "-" => manifest_file::STDIN.to_owned(),
        [(name, _)] => name.clone(),
        _ => format!("{} files", files.len()),
    };
    console.note(&diagnostics::summary(errors, warnings, &place));
}

/// Prints a rule's documentation.
fn explain(lint: &str, console: &Console) -> Result<Exit, Failure> {
    let Some(rule) = RULES.iter().find(|rule| rule.name == lint) else {
        let names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
        // A near name is a slip; any other code of a message is an error's.
        let near = names
            .iter()
            .any(|name| strsim::damerau_levenshtein(name, lint) <= 3);
        let hint = if near {
            names_hint("lints", &names, lint)
        } else {
            format!(
                "an error's message holds its remedy; the lints that can be explained: {}",
                names.join(", ")
            )
        };
        return Err(Failure::usage(format!("there is no lint `{lint}`")).with_hint(hint));
    };
    console.out(&format!("{}\n\n{}\n", rule.name, rule.docs.trim()))?;
    Ok(Exit::Done)
}
