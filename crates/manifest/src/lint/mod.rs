//! The registry of lints: a table of rules, their levels, and the comments
//! that allow one in place. A rule is a file under `rules/` and a row here.

mod rules;

use crate::checked::Manifest;
use crate::diagnostic::{Diagnostic, Severity, Sink};
use crate::resolve::World;
use crate::source::{Sources, Span};

/// How a rule's findings count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Said nowhere.
    Allow,
    /// A warning.
    Warn,
    /// An error.
    Deny,
}

/// A rule about manifests that are valid but will serve their users badly.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Kebab-case, the diagnostic's code.
    pub name: &'static str,
    /// The level when the manifest says nothing.
    pub level: Level,
    /// What it flags, why, and how to do better, with a bad and a good example.
    pub docs: &'static str,
    pub(crate) check: fn(&Checked<'_>, &mut Findings<'_>),
}

/// Every rule, sorted by name.
pub const RULES: &[Rule] = rules::ALL;

/// What a rule looks at.
pub(crate) struct Checked<'a> {
    pub(crate) world: &'a World<'a>,
    pub(crate) manifest: &'a Manifest,
    pub(crate) sources: &'a Sources,
}

/// Where a rule puts what it found.
pub(crate) struct Findings<'a> {
    rule: &'static str,
    severity: Severity,
    sources: &'a Sources,
    sink: &'a mut Sink,
    silenced: Sink,
}

impl Findings<'_> {
    /// Whether more is known to be wrong at a place than a rule can say.
    pub(crate) fn is_reported(&self, span: Span) -> bool {
        self.sink.has_error(span)
    }

    /// Whether an error of that code says it already.
    pub(crate) fn is_reported_as(&self, code: &str, span: Span) -> bool {
        self.sink.has_error_of(code, span)
    }

    /// Flags a place, unless a comment allows it there.
    pub(crate) fn flag(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        if is_allowed(self.rule, span, self.sources) {
            return self.silenced.report(self.rule, Severity::Warning, span, message);
        }
        self.sink.report(self.rule, self.severity, span, message)
    }
}

/// Runs every rule that is not allowed.
pub(crate) fn run<'a>(world: &'a World<'a>, manifest: &'a Manifest, sources: &'a Sources, sink: &mut Sink) {
    let checked = Checked {
        world,
        manifest,
        sources,
    };
    for rule in RULES {
        let levels = &world.files[0].decl.lints;
        let level = levels
            .iter()
            .find(|level| level.rule == rule.name)
            .map_or(rule.level, |level| level.level);
        let severity = match level {
            Level::Allow => continue,
            Level::Warn => Severity::Warning,
            Level::Deny => Severity::Error,
        };
        let mut findings = Findings {
            rule: rule.name,
            severity,
            sources,
            sink,
            silenced: Sink::default(),
        };
        (rule.check)(&checked, &mut findings);
    }
}

/// Whether `# toolrun: allow(rule)` stands on the line or the one before.
fn is_allowed(rule: &str, span: Span, sources: &Sources) -> bool {
    let text = &sources.get(span.source).text;
    let start = text[..span.start.min(text.len())]
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let before = text[..start].lines().next_back().unwrap_or_default().trim();
    let above = if before.starts_with('#') { before } else { "" };
    [line, above].iter().any(|line| allows(line, rule))
}

fn allows(line: &str, rule: &str) -> bool {
    let Some((_, comment)) = line.rsplit_once('#') else {
        return false;
    };
    let Some(list) = comment.trim().strip_prefix("toolrun:").map(str::trim) else {
        return false;
    };
    let Some(names) = list
        .strip_prefix("allow(")
        .and_then(|list| list.split(')').next())
    else {
        return false;
    };
    names.split(',').any(|name| name.trim() == rule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Loaded, ReadInclude, load};

    struct NoFiles;
    impl ReadInclude for NoFiles {
        fn read(&self, _: &str, _: &str) -> Result<(String, String), String> {
            Err("no files here".to_owned())
        }
    }

    fn loaded(text: &str) -> Loaded {
        load("test.yaml", text.to_owned(), &NoFiles)
    }

    /// The YAML blocks of a rule's documentation: bad ones, good ones.
    fn examples(docs: &str) -> (Vec<&str>, Vec<&str>) {
        let mut bad = Vec::new();
        let mut good = Vec::new();
        let mut rest = docs;
        while let Some(start) = rest.find("```yaml\n") {
            let body = &rest[start + 8..];
            let end = body.find("```").expect("blocks are closed");
            let label = rest[..start].trim_end().lines().next_back().unwrap_or_default();
            match label {
                "Bad:" => bad.push(&body[..end]),
                "Good:" => good.push(&body[..end]),
                other => panic!("a block follows `{other}`"),
            }
            rest = &body[end + 3..];
        }
        (bad, good)
    }

    #[test]
    fn the_examples_of_every_rule_are_true() {
        for rule in RULES {
            let (bad, good) = examples(rule.docs);
            assert!(
                !bad.is_empty() && !good.is_empty(),
                "{} shows no bad and good",
                rule.name
            );
            for text in bad {
                let codes: Vec<_> = loaded(text).diagnostics.iter().map(|found| found.code).collect();
                assert_eq!(codes, [rule.name], "bad example of {}", rule.name);
            }
            for text in good {
                assert_eq!(loaded(text).diagnostics, [], "good example of {}", rule.name);
            }
        }
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(
            RULES.is_sorted_by_key(|rule| rule.name),
            "sort the rows of `ALL` in rules/mod.rs by name"
        );
    }

    #[test]
    fn every_file_is_registered() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lint/rules");
        for entry in std::fs::read_dir(folder).expect("the folder of the rules") {
            let name = entry
                .expect("a readable folder")
                .file_name()
                .to_string_lossy()
                .into_owned();
            let rule = name.trim_end_matches(".rs").replace('_', "-");
            if !["mod", "words"].contains(&rule.as_str()) {
                assert!(
                    RULES.iter().any(|row| row.name == rule),
                    "add `{name}` to `ALL` in rules/mod.rs"
                );
            }
        }
    }

    #[test]
    fn levels_and_comments_silence_a_rule() {
        let text = |top: &str, above: &str, beside: &str| {
            format!(
                "toolrun: 1\n{top}tools:\n  list_orders:\n    description: Lists the orders of the shop.\n{above}    url: http://shop.example/orders{beside}\n"
            )
        };
        let codes = |text: &str| {
            loaded(text)
                .diagnostics
                .iter()
                .map(|found| (found.code, found.severity))
                .collect::<Vec<_>>()
        };
        assert_eq!(codes(&text("", "", "")), [("plain-http", Severity::Warning)]);
        assert_eq!(
            codes(&text("lints: { plain-http: deny }\n", "", "")),
            [("plain-http", Severity::Error)]
        );
        assert_eq!(codes(&text("lints: { plain-http: allow }\n", "", "")), []);
        assert_eq!(codes(&text("", "    # toolrun: allow(plain-http)\n", "")), []);
        assert_eq!(
            codes(&text("", "", " # toolrun: allow(param-unused, plain-http)")),
            []
        );
        assert_eq!(
            codes(&text("", "    # toolrun: allow(param-unused)\n", "")),
            [("plain-http", Severity::Warning)]
        );
    }
}
