//! The JSON Schema of manifests held against manifests: it takes all that are good, refuses the broken ones
//! that a schema can refuse, and never one that the parser takes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value;

use crate::diagnostic::{Severity, Sink};
use crate::lint::RULES;
use crate::source::SourceId;
use crate::yaml::{self, Room};
use crate::{ReadInclude, load, manifest_schema};

// Why a schema cannot see it.
const FILES: &str = "what other declarations say";
const TEMPLATE: &str = "what a template says";
const YAML: &str = "how YAML is written: nothing of it is left in the tree";
const FIT: &str = "values that must fit each other, or the type of their param";
const WORDS: &str = "what a text says";
const DIGITS: &str = "how a number is written";

/// Errors that a schema cannot see, by their code, and why.
const BEYOND: &[(&str, &str)] = &[
    ("absent-argument", FILES),
    ("alias-too-large", YAML),
    ("bad-argument", FILES),
    ("bad-default", FIT),
    ("bad-name", WORDS),
    ("bad-url", TEMPLATE),
    ("bad-value", FIT),
    ("bare-key", YAML),
    ("complex-key", YAML),
    ("condition-shape", TEMPLATE),
    ("duplicate-key", YAML),
    ("duplicate-value", FIT),
    ("empty", YAML),
    ("env-syntax", TEMPLATE),
    ("file-place", TEMPLATE),
    ("foreign-ref", WORDS),
    ("get-with-body", FIT),
    ("include", FILES),
    ("include-cycle", FILES),
    ("invisible-character", WORDS),
    ("may-be-absent", TEMPLATE),
    ("merge-key", YAML),
    ("misplaced-key", FIT),
    ("missing-argument", FILES),
    ("missing-key", FIT),
    ("name-clash", FILES),
    ("nested-param", FIT),
    ("number-too-large", DIGITS),
    ("param-in-origin", TEMPLATE),
    ("pick-syntax", TEMPLATE),
    ("query-key", TEMPLATE),
    ("reserved-header", WORDS),
    ("second-document", YAML),
    ("secret-in-file", WORDS),
    ("secret-place", TEMPLATE),
    ("secret-var", WORDS),
    ("step-cycle", FILES),
    ("syntax", YAML),
    ("tag", YAML),
    ("template-place", TEMPLATE),
    ("template-syntax", TEMPLATE),
    ("token-place", TEMPLATE),
    ("unknown-anchor", YAML),
    ("unknown-argument", FILES),
    ("unknown-filter", TEMPLATE),
    ("unknown-name", FILES),
    ("unquoted-template", YAML),
    ("url-shape", TEMPLATE),
    ("version", DIGITS),
    ("workflow-cycle", FILES),
    ("wrong-value", FIT),
];

fn validator() -> Validator {
    jsonschema::draft7::new(&manifest_schema()).expect("a valid schema")
}

/// A text as the schema sees it; nothing when it is no YAML.
fn json(text: &str) -> Option<Value> {
    let mut sink = Sink::default();
    let root = yaml::parse(SourceId(0), text, &mut Room::full(), &mut sink)?;
    root.json(&mut sink)
}

struct Files(PathBuf);
impl ReadInclude for Files {
    fn read(&self, _: &str, path: &str) -> Result<(String, String), String> {
        let text = fs::read_to_string(self.0.join(path)).map_err(|error| error.to_string())?;
        Ok((path.to_owned(), text))
    }
}

fn errors(text: &str, folder: &Path) -> BTreeSet<&'static str> {
    let loaded = load("test.yaml", text.to_owned(), &Files(folder.to_owned()));
    let errors = loaded
        .diagnostics
        .iter()
        .filter(|found| found.severity == Severity::Error);
    errors.map(|found| found.code).collect()
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files of YAML in a folder and below.
fn yaml_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(yaml_in(&path));
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[track_caller]
fn accepted(validator: &Validator, name: &str, text: &str) {
    let value = json(text).unwrap_or_else(|| panic!("{name} is no YAML"));
    let found: Vec<String> = validator
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(found.is_empty(), "{name}: {found:#?}");
}

#[test]
fn every_shipped_manifest_is_accepted() {
    let validator = validator();
    let files = [
        yaml_in(&workspace().join("manifests")),
        yaml_in(&workspace().join("examples")),
    ]
    .concat();
    assert!(files.len() > 10, "{} manifests", files.len());
    for path in files {
        let text = fs::read_to_string(&path).expect("a manifest");
        if crate::declares_toolrun(&text) {
            accepted(&validator, &path.display().to_string(), &text);
        }
    }
}

#[test]
fn every_good_example_of_a_lint_is_accepted() {
    let validator = validator();
    for rule in RULES {
        for part in rule.docs.split("Good:\n").skip(1) {
            let block = part
                .split("```yaml\n")
                .nth(1)
                .and_then(|rest| rest.split("```").next());
            accepted(&validator, rule.name, block.expect("an example"));
        }
    }
}

#[test]
fn the_reasons_are_sorted() {
    assert!(BEYOND.is_sorted_by_key(|(code, _)| *code));
    assert!(BEYOND.iter().all(|(_, why)| !why.is_empty()));
}

#[test]
fn broken_manifests_are_refused_as_far_as_a_schema_can() {
    let validator = validator();
    let folder = workspace().join("tests/cases/check");
    let (mut refused, mut used) = (0, BTreeSet::new());
    let mut complaints = Vec::new();
    for path in yaml_in(&folder) {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a case");
        let codes = errors(&text, &folder);
        let valid = json(&text).map(|value| validator.is_valid(&value));
        if name.starts_with('_') {
            continue;
        }
        match (valid, codes.is_empty()) {
            (Some(false), true) => complaints.push(format!("{name} is refused, and `check` takes it")),
            (Some(false), false) => refused += 1,
            (_, true) => {}
            (Some(true) | None, false) => {
                let known = |code: &&&str| BEYOND.iter().any(|(beyond, _)| *beyond == **code);
                used.extend(codes.iter().filter(known).copied());
                let unknown: Vec<_> = codes.iter().filter(|code| !known(code)).collect();
                if !unknown.is_empty() {
                    complaints.push(format!(
                        "{name} is accepted: let the schema refuse {unknown:?}, or say in `BEYOND` why it cannot"
                    ));
                }
            }
        }
    }
    for (code, _) in BEYOND {
        if !used.contains(code) {
            complaints.push(format!("no case needs the row `{code}` of `BEYOND`"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(refused > 80, "{refused} refused");
}

/// A manifest with every key of the language, for the probes.
const WHOLE: &str = include_str!("manifest_schema_whole.yaml");

/// Values that are put in the place of every other.
const PROBES: &[&str] = &[
    "null",
    "true",
    "0",
    "1.5",
    "404",
    "99999999999",
    "\"\"",
    "text",
    "env",
    "30s",
    "5/s",
    "200k",
    "[]",
    "[a]",
    "[{ a: b }]",
    "{}",
    "{ a: b }",
    "{ x-a: b }",
    "{ A: { b: c } }",
    "\"{{ x }}\"",
    "a.yaml",
    "a/b",
];

/// Where each value of a mapping stands, as a path of keys.
fn paths(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let path = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                found.push(path.clone());
                paths(value, &path, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let path = format!("{at}/{index}");
                found.push(path.clone());
                paths(item, &path, found);
            }
        }
        _ => {}
    }
}

/// Whatever the parser takes, the schema takes: probed with every value in every place, and without it.
#[test]
fn the_schema_refuses_nothing_that_the_parser_takes() {
    let validator = validator();
    let folder = PathBuf::from("/nonexistent");
    assert_eq!(
        errors(WHOLE, &folder),
        BTreeSet::new(),
        "the whole manifest is good"
    );
    accepted(&validator, "the whole manifest", WHOLE);
    let whole = json(WHOLE).expect("YAML");
    let mut places = Vec::new();
    paths(&whole, "", &mut places);
    let (mut seen, mut both) = (0, 0);
    let mut complaints = Vec::new();
    for place in &places {
        for probe in PROBES {
            let mut changed = whole.clone();
            *changed.pointer_mut(place).expect("a place") =
                json(&format!("a: {probe}")).expect("YAML")["a"].clone();
            let text = changed.to_string();
            if validator.is_valid(&changed) {
                continue;
            }
            seen += 1;
            if errors(&text, &folder).is_empty() {
                complaints.push(format!("{place} = {probe} is refused, and `check` takes it"));
            } else {
                both += 1;
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(seen > 1500 && seen == both, "{seen} refused, {both} by both");
}
