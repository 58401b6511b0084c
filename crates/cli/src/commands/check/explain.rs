//! `check --explain`: what a lint or an error is about, or all of them in a list.

use toolrun_manifest::{ERRORS, Group, Level, RULES, Rule};

use crate::console::Console;
use crate::exit::{Exit, Failure};
use crate::vars::names_hint;

/// Prints what a code is about, or one line for each.
pub(super) fn run(code: Option<&str>, console: &Console) -> Result<Exit, Failure> {
    let Some(code) = code else {
        return list(console);
    };
    let text = if let Some(rule) = RULES.iter().find(|rule| rule.name == code) {
        let (group, level) = (rule.group.title(), level(rule));
        let docs = rule.docs.trim();
        format!(
            "{code}\n\n{docs}\n\nIt is one of the lints for {group}, and set to `{level}`; a manifest says otherwise by \
             `lints: {{ {code}: allow }}`, a comment for its line by `# toolrun: allow({code})`.\n",
            group = group.to_lowercase()
        )
    } else if let Some((_, about)) = ERRORS.iter().find(|(name, _)| *name == code) {
        format!(
            "{code}\n\n{about}\n\nIt is an error of the language: its message says what to write instead.\n"
        )
    } else {
        return Err(unknown(code));
    };
    console.out(&text)?;
    Ok(Exit::Done)
}

fn unknown(code: &str) -> Failure {
    let rules = RULES.iter().map(|rule| rule.name);
    let mut names: Vec<&str> = rules.chain(ERRORS.iter().map(|(name, _)| *name)).collect();
    names.sort_unstable();
    let near = names
        .iter()
        .any(|name| strsim::damerau_levenshtein(name, code) <= 3);
    let hint = if near {
        names_hint("codes", &names, code)
    } else {
        "`toolrun check --explain` lists them all".to_owned()
    };
    Failure::usage(format!("there is no lint or error `{code}`")).with_hint(hint)
}

fn level(rule: &Rule) -> &'static str {
    match rule.level {
        Level::Allow => "allow",
        Level::Warn => "warn",
        Level::Deny => "deny",
    }
}

/// The lints by group, then the errors.
fn list(console: &Console) -> Result<Exit, Failure> {
    let names = RULES.iter().map(|rule| rule.name);
    let names = names.chain(ERRORS.iter().map(|(name, _)| *name));
    let longest = names.map(str::len).max().unwrap_or_default();
    let mut text = String::new();
    for group in Group::ALL {
        let rules: Vec<&Rule> = RULES.iter().filter(|rule| rule.group == *group).collect();
        if !rules.is_empty() {
            text.push_str(&format!("{}:\n", group.title()));
        }
        for rule in rules {
            let first = rule.docs.trim().lines().next().unwrap_or_default();
            text.push_str(&format!("  {:longest$}  {:5}  {first}\n", rule.name, level(rule)));
        }
    }
    text.push_str("Errors of the language:\n");
    for (name, about) in ERRORS {
        text.push_str(&format!("  {name:longest$}  error  {about}\n"));
    }
    console.out(&text)?;
    console.note("`toolrun check --explain CODE` says more; `lints: { CODE: allow | warn | deny }` in a manifest sets a lint's level");
    Ok(Exit::Done)
}
