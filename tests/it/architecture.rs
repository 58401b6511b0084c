//! The shape of the workspace: which crate uses which, and how long files and
//! functions are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::workspace;

type Edges = BTreeMap<String, BTreeSet<String>>;

/// Dependencies as Cargo sees them, those of tests left out.
fn metadata() -> Edges {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(workspace())
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let name_of = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    let normal = |dependency: &&Value| dependency["kind"].is_null();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            (
                name_of(package),
                dependencies.iter().filter(normal).map(name_of).collect(),
            )
        })
        .collect()
}

/// The short name that ARCHITECTURE.md uses.
fn short(name: &str) -> Option<String> {
    if name == "toolrun" {
        Some("cli".to_owned())
    } else {
        name.strip_prefix("toolrun-").map(str::to_owned)
    }
}

#[test]
fn crates_use_each_other_as_the_architecture_says() {
    let text = fs::read_to_string(workspace().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let (_, rest) = text
        .split_once("## Dependencies between crates")
        .expect("the heading");
    let block = rest.split("```").nth(1).expect("a block after the heading");
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<BTreeSet<_>>()
    };
    let documented: Edges = block
        .lines()
        .filter_map(|line| line.split_once("->"))
        .map(|(name, uses)| (name.trim().to_owned(), words(uses)))
        .collect();
    let actual: Edges = metadata()
        .iter()
        .filter_map(|(name, uses)| Some((short(name)?, uses.iter().filter_map(|used| short(used)).collect())))
        .collect();
    assert_eq!(
        actual, documented,
        "left: Cargo.toml files, right: ARCHITECTURE.md"
    );
}

#[test]
fn walls_stand_where_the_architecture_says() {
    for (library, only) in [
        ("reqwest", "toolrun-http"),
        ("clap", "toolrun"),
        ("granit-parser", "toolrun-manifest"),
    ] {
        let users: Vec<_> = metadata()
            .into_iter()
            .filter(|(_, uses)| uses.contains(library))
            .map(|(name, _)| name)
            .collect();
        assert_eq!(users, [only], "users of {library}");
    }
}

#[test]
fn files_stay_short_and_say_what_they_hold() {
    let mut files = Vec::new();
    sources(&workspace().join("crates"), &mut files);
    sources(&workspace().join("tests"), &mut files);
    assert!(files.len() > 20, "the sources were not found");
    let mut complaints = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).expect("a source file");
        let lines = text.lines().count();
        if lines > 600 {
            complaints.push(format!("{} has {lines} lines; split it", path.display()));
        }
        if !text.starts_with("//!") {
            complaints.push(format!("{} does not open with `//!`", path.display()));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn functions_stay_short() {
    let mut files = Vec::new();
    sources(&workspace().join("crates"), &mut files);
    let root = workspace();
    let product = |path: &&PathBuf| {
        let path = path.strip_prefix(&root).expect("inside the workspace");
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let folders = path.components().map(|part| part.as_os_str().to_string_lossy());
        let tests = ["tests", "benches", "target"];
        !name.ends_with("tests.rs") && !folders.into_iter().any(|part| tests.contains(&&*part))
    };
    let (mut seen, mut complaints) = (0, Vec::new());
    for path in files.iter().filter(product) {
        let text = fs::read_to_string(path).expect("a source file");
        for (name, lines) in functions(&text) {
            seen += 1;
            if lines > 60 {
                complaints.push(format!(
                    "{}: `{name}` has {lines} lines; split it",
                    path.display()
                ));
            }
        }
    }
    assert!(seen > 500, "the functions were not found");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn functions_are_measured_from_their_first_line_to_their_last() {
    let text = "pub(crate) fn a(\n    x: u8,\n) -> u8 {\n    if x {\n    }\n}\n\nimpl T {\n    async fn b() {}\n    \
                fn c(&self) -> u8;\n    const fn d() {\n        1\n    }\n}\n#[cfg(test)]\nmod tests {\n    \
                fn e() {\n    }\n}\n";
    let found = functions(text);
    let expected = [("a", 6), ("b", 1), ("d", 3)];
    assert_eq!(found, expected.map(|(name, lines)| (name.to_owned(), lines)));
}

/// The functions of a formatted source and their lines, those of its tests
/// left out. The brace that closes one is the first that is indented as its
/// `fn` is.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().take_while(|line| *line != "#[cfg(test)]").collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let words = line.trim_start();
        let Some((before, after)) = words.split_once("fn ") else {
            continue;
        };
        let modifiers = ["pub", "pub(crate)", "pub(super)", "async", "const", "unsafe"];
        if !before.split_whitespace().all(|word| modifiers.contains(&word)) {
            continue;
        }
        let name: String = after
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        let indent = &line[..line.len() - words.len()];
        let ends = |line: &&str| {
            let own = line
                .strip_prefix(indent)
                .is_some_and(|rest| !rest.starts_with(' '));
            own && (line.ends_with('}') || line.ends_with(';'))
        };
        let Some(length) = lines[start..].iter().position(ends) else {
            continue;
        };
        if lines[start + length].ends_with('}') {
            found.push((name, length + 1));
        }
    }
    found
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}
