//! `toolrun man`: manual pages, made from the command line as it is declared
//! and from the tables of exit codes, variables and files.

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use crate::args::{self, ManArgs};
use crate::console::Console;
use crate::exit::{EXITS, Exit, Failure};
use crate::surroundings::{FILES, variables};
use crate::vars::names_hint;

/// Prints a page, or the names of all.
pub(crate) fn run(args: &ManArgs, console: &Console) -> Result<Exit, Failure> {
    let pages = pages();
    if args.list {
        let names: Vec<String> = pages.iter().map(|(name, _)| format!("{name}\n")).collect();
        console.out(&names.concat())?;
        return Ok(Exit::Done);
    }
    let named = |name: &str| *name == args.page || name.strip_prefix("toolrun-") == Some(&args.page);
    let Some((name, command)) = pages.iter().find(|(name, _)| named(name)) else {
        let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
        let failure = Failure::usage(format!("there is no page `{}`", args.page));
        return Err(failure.with_hint(names_hint("pages", &names, &args.page)));
    };
    let page = page(name, command, &pages).map_err(Failure::stdout)?;
    console.out(&page)?;
    Ok(Exit::Done)
}

/// The pages by name, the main one first.
fn pages() -> Vec<(String, Command)> {
    let mut main = args::shown();
    main.build();
    let subs = main
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
        .cloned();
    let subs = subs.map(|sub| (format!("toolrun-{}", sub.get_name()), sub));
    let subs: Vec<_> = subs.collect();
    let mut pages = vec![("toolrun".to_owned(), main)];
    pages.extend(subs);
    pages
}

fn page(name: &str, command: &Command, pages: &[(String, Command)]) -> std::io::Result<String> {
    let mut written = Vec::new();
    // What stands without a flag has a section of its own.
    let flags = command.clone().mut_args(|arg| {
        let positional = arg.is_positional();
        arg.hide(positional)
    });
    let man = Man::new(flags)
        .title(name)
        .source(concat!("toolrun ", env!("CARGO_PKG_VERSION")))
        .manual("toolrun manual");
    man.render_title(&mut written)?;
    man.render_name_section(&mut written)?;
    synopsis(command).to_writer(&mut written)?;
    man.render_description_section(&mut written)?;
    arguments(command).to_writer(&mut written)?;
    man.render_options_section(&mut written)?;
    let mut roff = Roff::new();
    if name == "toolrun" {
        commands(pages, &mut roff);
    }
    for (heading, lines) in sections(command) {
        roff.control("SH", [heading.to_uppercase().as_str()]);
        roff.control("nf", []);
        roff.text(
            lines
                .iter()
                .flat_map(|line| [roman(line.as_str()), roman("\n")])
                .collect::<Vec<_>>(),
        );
        roff.control("fi", []);
    }
    exit_status(&mut roff);
    if name == "toolrun" {
        surroundings(&mut roff);
    }
    see_also(name, pages, &mut roff);
    roff.to_writer(&mut written)?;
    Ok(String::from_utf8_lossy(&written).into_owned())
}

/// How it is written, in one line.
fn synopsis(command: &Command) -> Roff {
    let usage = command.clone().render_usage().to_string();
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([roman(usage.trim_start_matches("Usage: "))]);
    roff
}

/// What stands without a flag.
fn arguments(command: &Command) -> Roff {
    let mut roff = Roff::new();
    let mut positionals = command.get_positionals().peekable();
    if positionals.peek().is_some() {
        roff.control("SH", ["ARGUMENTS"]);
    }
    for arg in positionals {
        let name = arg.get_value_names().and_then(|names| names.first());
        let help = arg.get_long_help().or_else(|| arg.get_help());
        roff.control("TP", []);
        roff.text([italic(name.map(ToString::to_string).unwrap_or_default())]);
        roff.text([roman(help.map(ToString::to_string).unwrap_or_default())]);
    }
    roff
}

/// What stands behind a command's help, by heading: `Examples:` and others.
fn sections(command: &Command) -> Vec<(String, Vec<String>)> {
    let text = command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    let mut sections: Vec<(String, Vec<String>)> = Vec::new();
    for line in text.lines() {
        match line.strip_suffix(':').filter(|line| !line.starts_with(' ')) {
            Some(heading) => sections.push((heading.to_owned(), Vec::new())),
            None => {
                if let Some((_, lines)) = sections.last_mut() {
                    lines.push(line.strip_prefix("  ").unwrap_or(line).to_owned());
                }
            }
        }
    }
    // The exit codes have a section of their own, from their table.
    sections.retain(|(heading, _)| heading != "Exit codes");
    for (_, lines) in &mut sections {
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
    }
    sections
}

fn commands(pages: &[(String, Command)], roff: &mut Roff) {
    roff.control("SH", ["COMMANDS"]);
    for (name, command) in pages.iter().skip(1) {
        roff.control("TP", []);
        roff.text([bold(format!("{name}(1)"))]);
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        roff.text([roman(about)]);
    }
}

fn exit_status(roff: &mut Roff) {
    roff.control("SH", ["EXIT STATUS"]);
    for row in EXITS {
        roff.control("TP", []);
        roff.text([bold(row.exit.code().to_string())]);
        roff.text([roman(row.meaning)]);
    }
}

/// Variables and files, which are the same for every command.
fn surroundings(roff: &mut Roff) {
    let rows = variables();
    let files = FILES
        .iter()
        .map(|(name, about)| ((*name).to_owned(), (*about).to_owned()));
    for (heading, rows) in [("ENVIRONMENT", rows), ("FILES", files.collect())] {
        roff.control("SH", [heading]);
        for (name, about) in rows {
            roff.control("TP", []);
            roff.text([bold(name)]);
            roff.text([roman(about)]);
        }
    }
}

fn see_also(name: &str, pages: &[(String, Command)], roff: &mut Roff) {
    roff.control("SH", ["SEE ALSO"]);
    let others: Vec<String> = pages
        .iter()
        .filter(|(other, _)| other != name && (name == "toolrun" || other == "toolrun"))
        .map(|(other, _)| format!("{other}(1)"))
        .collect();
    roff.text([roman(others.join(", "))]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_what_a_manual_has() {
        let pages = pages();
        assert!(pages.len() > 5);
        for (name, command) in &pages {
            let page = page(name, command, &pages).expect("a page");
            for heading in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES"] {
                assert!(
                    page.contains(&format!(".SH {heading}")),
                    "{name}: {heading}\n{page}"
                );
            }
            assert!(page.contains("\"EXIT STATUS\""), "{name}");
            assert!(page.contains("\"SEE ALSO\""), "{name}");
        }
    }

    #[test]
    fn what_follows_a_help_is_taken_by_heading() {
        let command = Command::new("x").after_help("Examples:\n  a\n    b\n\nExit codes:\n  0 done");
        assert_eq!(
            sections(&command),
            [("Examples".to_owned(), vec!["a".to_owned(), "  b".to_owned()])]
        );
    }
}
