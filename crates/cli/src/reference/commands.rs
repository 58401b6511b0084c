//! Commands, from the command line as it is declared: the words of `--help`,
//! laid out for a page.

use clap::{Arg, Command};

use super::markdown::{block, link, sentence, table};
use crate::args;

pub(super) fn page() -> String {
    let mut main = args::shown();
    main.build();
    let subs: Vec<Command> = main
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
        .cloned()
        .collect();
    let mut text = format!("# Commands\n\n{}\n\n", about(&main));
    text.push_str(&table(
        ["command", "what it does"],
        subs.iter().map(|sub| {
            let short = sub.get_about().map(ToString::to_string).unwrap_or_default();
            [link(&heading(sub)), sentence(&short)]
        }),
    ));
    text.push_str(
        "`toolrun COMMAND --help` prints what stands here, `-h` the short form. Exit codes have [a page of their own](exit-codes.md), \
         and so have [the lines of `--events`](events.md).\n\n",
    );
    text.push_str("## Flags of every command\n\n");
    let shared: Vec<&Arg> = main.get_arguments().filter(|arg| arg.is_global_set()).collect();
    text.push_str(&flags(&shared));
    text.push_str("## toolrun\n\n");
    text.push_str(&block("text", &main.render_usage().to_string()));
    let own: Vec<&Arg> = main.get_arguments().filter(|arg| !arg.is_global_set()).collect();
    text.push_str(&flags(&own));
    text.push_str(&examples(&main));
    for mut sub in subs {
        text.push_str(&format!("## {}\n\n{}\n\n", heading(&sub), about(&sub)));
        text.push_str(&block("text", &sub.render_usage().to_string()));
        text.push_str(&arguments(&sub));
        text.push_str(&examples(&sub));
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

fn heading(sub: &Command) -> String {
    format!("toolrun {}", sub.get_name())
}

/// The whole of what it says of itself, its paragraphs kept.
fn about(command: &Command) -> String {
    let long = command.get_long_about().or_else(|| command.get_about());
    let text = long.map(ToString::to_string).unwrap_or_default();
    let paragraphs: Vec<String> = text.split("\n\n").map(sentence).collect();
    paragraphs.join("\n\n")
}

/// Arguments first, then flags by heading.
fn arguments(command: &Command) -> String {
    let shown = |arg: &&Arg| !arg.is_global_set() && !["help", "version"].contains(&arg.get_id().as_str());
    let mut headings: Vec<&str> = Vec::new();
    for arg in command.get_arguments().filter(shown) {
        let heading = heading_of(arg);
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    headings.sort_by_key(|heading| match *heading {
        "Arguments" => 0,
        "Options" => 1,
        _ => 2,
    });
    let mut text = String::new();
    for heading in headings {
        let these: Vec<&Arg> = command
            .get_arguments()
            .filter(shown)
            .filter(|arg| heading_of(arg) == heading)
            .collect();
        text.push_str(&format!("**{heading}**\n\n{}", flags(&these)));
    }
    text
}

fn heading_of(arg: &Arg) -> &str {
    match arg.get_help_heading() {
        _ if arg.is_positional() => "Arguments",
        Some(heading) => heading,
        None => "Options",
    }
}

fn flags(args: &[&Arg]) -> String {
    table(
        ["", ""],
        args.iter().map(|arg| [format!("`{}`", written(arg)), told(arg)]),
    )
}

/// As it is written, its value and short form included.
fn written(arg: &Arg) -> String {
    let values = arg.get_value_names().unwrap_or_default();
    let value = values.first().map(ToString::to_string).unwrap_or_default();
    let Some(long) = arg.get_long() else {
        return value;
    };
    let short = arg
        .get_short()
        .map(|short| format!("-{short}, "))
        .unwrap_or_default();
    if !arg.get_action().takes_values() {
        return format!("{short}--{long}");
    }
    match arg.is_require_equals_set() {
        true => format!("{short}--{long}[={value}]"),
        false => format!("{short}--{long} {value}"),
    }
}

fn told(arg: &Arg) -> String {
    let text = arg.get_long_help().or_else(|| arg.get_help());
    let text = text.map(ToString::to_string).unwrap_or_default();
    let sentences: Vec<String> = text.split("\n\n").map(sentence).collect();
    let default = arg
        .get_default_values()
        .first()
        .filter(|_| !arg.is_hide_default_value_set());
    let default = default.filter(|_| arg.get_action().takes_values());
    match default {
        Some(default) => format!(
            "{} Default: `{}`.",
            sentences.join(" "),
            default.to_string_lossy()
        ),
        None => sentences.join(" "),
    }
}

/// What follows a help: blocks under a bold heading. The exit codes are a page.
fn examples(command: &Command) -> String {
    let text = command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    let mut blocks: Vec<(String, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        match line.strip_suffix(':').filter(|line| !line.starts_with(' ')) {
            Some(heading) => blocks.push((heading.to_owned(), Vec::new())),
            None => blocks
                .last_mut()
                .into_iter()
                .for_each(|(_, lines)| lines.push(line)),
        }
    }
    blocks.retain(|(heading, _)| heading != "Exit codes");
    let bare = |line: &&str| line.strip_prefix("  ").unwrap_or(line).to_owned();
    blocks
        .iter()
        .map(|(heading, lines)| {
            let lines: Vec<String> = lines.iter().map(bare).collect();
            format!("**{heading}**\n\n{}", block("text", &lines.join("\n")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_flag_is_there_and_nothing_hidden() {
        let text = page();
        for sub in args::shown().get_subcommands() {
            assert!(
                text.contains(&format!("\n## toolrun {}\n", sub.get_name())),
                "{}",
                sub.get_name()
            );
            for arg in sub.get_arguments() {
                assert!(
                    text.contains(&format!("`{}`", written(arg))),
                    "{}: {}",
                    sub.get_name(),
                    written(arg)
                );
            }
        }
        assert!(
            !text.contains("reference") || !text.contains("toolrun reference"),
            "hidden"
        );
        assert!(!text.contains("--no-bodies"), "hidden");
    }
}
