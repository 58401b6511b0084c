//! The table of rules, their examples, and the ways to silence one.

use std::path::{Path, PathBuf};

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
    let mut wrong = Vec::new();
    for rule in RULES {
        let (bad, good) = examples(rule.docs);
        assert!(
            !bad.is_empty() && !good.is_empty(),
            "{} shows no bad and good",
            rule.name
        );
        for text in bad {
            let codes: Vec<_> = loaded(text).diagnostics.iter().map(|found| found.code).collect();
            if codes != [rule.name] {
                wrong.push(format!("a bad example of {} has {codes:?}", rule.name));
            }
        }
        for text in good {
            let found = loaded(text).diagnostics;
            let told: Vec<_> = found.iter().map(|found| (found.code, &found.message)).collect();
            if !told.is_empty() {
                wrong.push(format!("a good example of {} has {told:?}", rule.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
        [("allow-unused", Severity::Warning)]
    );
    assert_eq!(
        codes(&text("", "    # toolrun: allow(param-unused)\n", "")),
        [
            ("allow-unused", Severity::Warning),
            ("plain-http", Severity::Warning)
        ]
    );
}

/// Includes from the folder of the file that includes.
struct Disk;

impl ReadInclude for Disk {
    fn read(&self, including: &str, path: &str) -> Result<(String, String), String> {
        let path = Path::new(including).with_file_name(path);
        let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
        Ok((path.to_string_lossy().into_owned(), text))
    }
}

/// The manifests of a folder of the repository and those in it.
fn manifests(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder is part of the repository");
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .flat_map(|path| {
            if path.is_dir() {
                manifests(&path)
            } else {
                vec![path]
            }
        })
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    found.sort();
    found
}

#[test]
fn nothing_is_said_about_the_manifests_that_are_shipped() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut count = 0;
    for path in ["manifests", "examples"]
        .iter()
        .flat_map(|folder| manifests(&root.join(folder)))
    {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        if text.lines().any(|line| line.starts_with("toolrun:")) {
            let loaded = load(&path.to_string_lossy(), text, &Disk);
            assert_eq!(loaded.diagnostics, [], "{}", path.display());
            count += 1;
        }
    }
    assert!(count >= 13, "only {count} manifests were found");
}

/// A text after the edits of a finding.
fn mended(text: &str, diagnostic: &Diagnostic) -> Option<String> {
    let edits = &diagnostic.fix.as_ref()?.edits;
    Some(crate::fix::edited(text, edits.iter().collect()))
}

#[test]
fn the_fix_of_a_bad_example_leaves_nothing_to_say() {
    let mut fixed = 0;
    for rule in RULES {
        for text in examples(rule.docs).0 {
            for found in loaded(text).diagnostics {
                let Some(after) = mended(text, &found) else {
                    continue;
                };
                let left = loaded(&after).diagnostics;
                let same = left.iter().any(|other| other.code == rule.name);
                let errors = left.iter().any(|other| other.severity == Severity::Error);
                assert!(!same && !errors, "{}: {left:?}\n{after}", rule.name);
                fixed += 1;
            }
        }
    }
    assert!(fixed >= 4, "only {fixed} examples have a fix");
}

#[test]
fn every_group_has_a_title_of_its_own() {
    let mut titles: Vec<&str> = Group::ALL.iter().map(|group| group.title()).collect();
    titles.sort_unstable();
    titles.dedup();
    assert_eq!(titles.len(), Group::ALL.len());
    for rule in RULES {
        assert!(Group::ALL.contains(&rule.group), "{}", rule.name);
    }
}

#[test]
fn a_comment_that_allows_nothing_is_removed_and_no_more() {
    let head =
        "toolrun: 1\ntools:\n  list_orders:\n    description: Lists the orders of the shop, newest first.\n";
    for (before, after) in [
        (
            "    # toolrun: allow(plain-http)\n    url: https://a.example/\n",
            "    url: https://a.example/\n",
        ),
        (
            "    url: https://a.example/  # toolrun: allow(plain-http), long ago\n",
            "    url: https://a.example/\n",
        ),
        (
            "    url: http://a.example/  # toolrun: allow(param-unused, plain-http)\n",
            "    url: http://a.example/  # toolrun: allow(plain-http)\n",
        ),
        (
            "    url: https://a.example/  # list # toolrun: allow(plain-http, param-unused)\n",
            "    url: https://a.example/  # list\n",
        ),
        (
            "    # toolrun: allow(plain-http)\r\n    url: https://a.example/\r\n",
            "    url: https://a.example/\r\n",
        ),
    ] {
        let text = format!("{head}{before}");
        let found = loaded(&text).diagnostics;
        let codes: Vec<_> = found.iter().map(|found| found.code).collect();
        assert_eq!(codes, ["allow-unused"], "{before}");
        assert_eq!(mended(&text, &found[0]), Some(format!("{head}{after}")));
    }
}

#[test]
fn a_comment_above_a_long_text_is_about_all_of_it() {
    let text = |comment: &str| {
        format!(
            "toolrun: 1\ntools:\n  find_orders:\n{comment}    description: |\n      Lists the orders of a customer.\n      Give an address, e.g. ann@example.com.\n    url: https://shop.example/orders\n"
        )
    };
    let codes = |text: &str| {
        loaded(text)
            .diagnostics
            .iter()
            .map(|found| found.code)
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(&text("")), ["description-example"]);
    assert!(codes(&text("    # toolrun: allow(description-example)\n")).is_empty());
}

#[test]
fn a_fix_is_offered_only_where_it_makes_no_error() {
    for (name, kind, more, says, is_offered) in [
        ("kind", "string", "", "'One of a, b'", true),
        ("kind", "string", "default: b", "'One of a, b'", true),
        ("kind", "string", "default: c", "'One of a, b'", false),
        ("kind", "string", "examples: [c]", "'One of a, b'", false),
        ("kind", "string", "", "'One of 1, true, null'", true),
        ("date", "string", "", "The day of it", true),
        ("date", "string", "default: noon", "The day of it", false),
        ("count", "integer", "default: 5", "'How many, 1 to 9'", true),
        ("count", "integer", "default: 50", "'How many, 1 to 9'", false),
        ("share", "number", "default: 0.5", "'How many, 1 to 9'", false),
        ("count", "integer", "examples: [50]", "'How many, 1 to 9'", false),
    ] {
        let kind = format!("type: {kind}");
        let says = format!("description: {says}");
        let written = [kind.as_str(), more, says.as_str()].into_iter();
        let written: Vec<&str> = written.filter(|key| !key.is_empty()).collect();
        let block = written.join("\n        ");
        for param in [
            format!("{{ {} }}", written.join(", ")),
            format!("\n        {block}"),
        ] {
            let text = format!(
                "toolrun: 1\ntools:\n  find_orders:\n    description: Lists the orders of the shop.\n    params:\n      {name}: {param}\n    url: https://a.example/?a={{{{ {name} }}}}\n"
            );
            let found = loaded(&text).diagnostics;
            assert_eq!(found.len(), 1, "{text}{found:?}");
            let after = mended(&text, &found[0]);
            assert_eq!(after.is_some(), is_offered, "{text}");
            let left = after.map(|after| loaded(&after).diagnostics);
            assert_eq!(left.unwrap_or_default(), [], "{text}");
        }
    }
}
