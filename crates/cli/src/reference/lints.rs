//! Lints, from the registry: what each is about, and whether it can mend what
//! it finds, which its own bad example tells.

use toolrun_manifest::{Group, Level, RULES, ReadInclude, Rule, Safety, load};

use super::markdown::{anchor, capital, link, sentence, table};

pub(super) fn page() -> String {
    let mut text = "# Lints\n\n\
        `toolrun check` reports each of these, under its name, about manifests that are valid and will serve their users badly. \
        `toolrun check --explain LINT` prints what stands here.\n\n\
        A manifest sets levels with `lints: { LINT: allow | warn | deny }`; a comment `# toolrun: allow(LINT)` on the line, or \
        on the one before, silences one finding. `--deny warnings` makes every warning count as an error.\n\n\
        *Fix* says what `check --fix` does about a finding like the bad example: `safe` edits keep the meaning and are made, \
        `unsafe` ones are made with `--fix=unsafe` alone.\n\n"
        .to_owned();
    for group in groups() {
        text.push_str(&format!("- [{0}](#{1})\n", group.title(), anchor(group.title())));
    }
    text.push('\n');
    for group in groups() {
        text.push_str(&format!("## {}\n\n", group.title()));
        text.push_str(&table(
            ["lint", "level", "fix", "what it flags"],
            of(group).map(|rule| {
                [
                    link(rule.name),
                    level(rule.level).to_owned(),
                    fix(rule).to_owned(),
                    summary(rule),
                ]
            }),
        ));
        for rule in of(group) {
            text.push_str(&format!(
                "### {}\n\nLevel: {}. Fix: {}.\n\n{}\n\n",
                rule.name,
                level(rule.level),
                fix(rule),
                rule.docs.trim()
            ));
        }
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

/// The groups that have a lint.
fn groups() -> impl Iterator<Item = Group> {
    let groups = Group::ALL.iter().copied();
    groups.filter(|group| of(*group).next().is_some())
}

fn of(group: Group) -> impl Iterator<Item = &'static Rule> {
    RULES.iter().filter(move |rule| rule.group == group)
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Allow => "allow",
        Level::Warn => "warn",
        Level::Deny => "deny",
    }
}

/// The first sentence of its documentation, without "Flags".
fn summary(rule: &Rule) -> String {
    let first = rule.docs.trim().lines().next().unwrap_or_default();
    let end = first.find(". ").map_or(first.len(), |end| end + 1);
    sentence(&capital(
        first[..end].strip_prefix("Flags ").unwrap_or(&first[..end]),
    ))
}

/// What its finding in its bad example is mended by.
fn fix(rule: &Rule) -> &'static str {
    let bad = rule
        .docs
        .split("Bad:")
        .nth(1)
        .and_then(|rest| rest.split("```yaml\n").nth(1));
    let bad = bad.and_then(|rest| rest.split("```").next()).unwrap_or_default();
    let loaded = load("example.yaml", bad.to_owned(), &NoFiles);
    let found = loaded.diagnostics.iter().find(|found| found.code == rule.name);
    match found.and_then(|found| found.fix.as_ref()).map(|fix| fix.safety) {
        Some(Safety::Safe) => "safe",
        Some(Safety::Unsafe) => "unsafe",
        None => "no",
    }
}

/// Examples include nothing.
struct NoFiles;

impl ReadInclude for NoFiles {
    fn read(&self, _: &str, _: &str) -> Result<(String, String), String> {
        Err("an example has no files".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lint_has_its_place_and_a_summary() {
        let text = page();
        for rule in RULES {
            assert!(text.contains(&format!("\n### {}\n", rule.name)), "{}", rule.name);
            assert!(
                text.contains(&format!("| {} | ", link(rule.name))),
                "{}",
                rule.name
            );
            let summary = summary(rule);
            assert!(
                summary.len() > 20 && summary.len() < 300,
                "{}: {summary}",
                rule.name
            );
        }
    }
}
