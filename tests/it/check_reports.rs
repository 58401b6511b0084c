//! `toolrun check --format`: SARIF, annotations of GitHub's Actions, JUnit.
//! Every case of `tests/cases/check` goes through each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::support::program::{Program, toolrun};
use crate::support::{cases, golden, workspace};

/// A name and texts in which something would go wrong if it could.
const NASTY_NAME: &str = "a b, 100%:ü.yaml";
const NASTY: &str = "toolrun: 1\n\"<a b='c'>&\\e[31m]]>\": 1\nx-note: { 日本😀: 1, x: 100%, x: \"::error\" }\n\"50%, a::b\": 2\n";

fn nasty(format: &str) -> Program {
    toolrun("check --format")
        .arg(format)
        .arg(NASTY_NAME)
        .file(NASTY_NAME, NASTY)
}

fn all_cases(format: &str) -> Program {
    toolrun("check . --format").arg(format).within(&cases("check"))
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> usize {
    value.to_string().parse().expect("a number")
}

#[test]
fn sarif_is_valid_by_its_schema() {
    let schema = fs::read(workspace().join("tests/data/sarif-schema-2.1.0.json")).expect("the schema");
    let schema: Value = serde_json::from_slice(&schema).expect("JSON");
    // Its pattern for a language has a bracket too many, which strict readers of
    // patterns refuse; toolrun writes no language.
    let mut schema = schema;
    for owner in ["run", "toolComponent"] {
        schema["definitions"][owner]["properties"]["language"] = Value::Bool(false);
    }
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .expect("a schema");
    for report in [all_cases("sarif"), nasty("sarif")] {
        let report = report.run().exits(1).says("error").json();
        let errors: Vec<String> = validator
            .iter_errors(&report)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    let mut broken = nasty("sarif").run().json();
    broken["runs"][0]["results"][0]["level"] = "bad".into();
    assert!(!validator.is_valid(&broken), "the schema was not applied");
}

#[test]
fn sarif_says_what_json_says() {
    let sarif = all_cases("sarif").run().exits(1).json();
    let json = all_cases("json").run().exits(1).json();
    let run = &sarif["runs"][0];
    assert_eq!(run["columnKind"], "utf16CodeUnits");
    let (results, found) = (list(run, "results"), list(&json, "diagnostics"));
    assert!(found.len() > 200);
    assert_eq!(results.len(), found.len());
    let rules = list(&run["tool"]["driver"], "rules");
    let mut fingerprints = BTreeSet::new();
    for (result, found) in results.iter().zip(found) {
        assert_eq!(result["ruleId"], found["code"]);
        assert_eq!(rules[number(&result["ruleIndex"])]["id"], found["code"]);
        assert_eq!(result["level"], found["severity"]);
        let words = result["message"]["text"].as_str().expect("a text");
        assert!(words.starts_with(found["message"].as_str().expect("a message")));
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["region"]["startLine"], found["line"]);
        assert_eq!(place["region"]["endLine"], found["end"]["line"]);
        assert_eq!(result["fixes"].is_array(), found["fix"].is_object());
        let fingerprint = result["partialFingerprints"]["toolrunFinding/v1"].as_str();
        assert!(
            fingerprints.insert(fingerprint.expect("a fingerprint")),
            "{result}"
        );
    }
    for rule in rules {
        let help = rule["help"]["text"].as_str().expect("help");
        assert!(!help.is_empty() && rule.get("helpUri").is_none(), "{rule}");
    }
}

#[test]
fn sarif_counts_columns_in_utf_16_and_names_files_by_uri() {
    let ended = nasty("sarif").run().exits(1);
    let report = ended.json();
    let text: Vec<Vec<u16>> = NASTY.lines().map(|line| line.encode_utf16().collect()).collect();
    let duplicate = list(&report["runs"][0], "results")
        .iter()
        .find(|result| result["ruleId"] == "duplicate-key")
        .expect("the second `x`");
    let place = &duplicate["locations"][0]["physicalLocation"];
    assert_eq!(
        place["artifactLocation"]["uri"],
        "a%20b%2C%20100%25%3A%C3%BC.yaml"
    );
    assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
    let slice = |region: &Value| {
        let line = &text[number(&region["startLine"]) - 1];
        let (start, end) = (number(&region["startColumn"]), number(&region["endColumn"]));
        String::from_utf16(&line[start - 1..end - 1]).expect("whole characters")
    };
    assert_eq!(slice(&place["region"]), "x");
    let first = &duplicate["relatedLocations"][0];
    assert_eq!(slice(&first["physicalLocation"]["region"]), "x");
    assert_eq!(first["message"]["text"], "first written here");
    assert_ne!(first["physicalLocation"]["region"], place["region"]);
    assert!(!ended.stdout.contains('\u{1b}'));
}

#[test]
fn a_finding_keeps_its_fingerprint_when_lines_move() {
    let text = "toolrun: 1\nunknown_1: x\nunknown_2: y\n";
    let prints = |text: &str| -> BTreeMap<String, Value> {
        let report = toolrun("check --format sarif a.yaml")
            .file("a.yaml", text)
            .run()
            .json();
        list(&report["runs"][0], "results")
            .iter()
            .map(|result| {
                (
                    result["message"]["text"].to_string(),
                    result["partialFingerprints"].clone(),
                )
            })
            .collect()
    };
    let before = prints(text);
    assert_eq!(before.len(), 2);
    assert_eq!(before, prints(&format!("# note\n\n{text}")));
    assert_ne!(before, prints(&text.replace("unknown_1: x", "unknown_1: z")));
}

#[test]
fn sarif_holds_fixes_as_replacements() {
    let text = "toolrun: 1\ntools:\n  t:\n    description: Lists the orders of the shop, newest first.\n    method: get\n    url: https://shop.example/\n";
    let report = toolrun("check --format sarif a.yaml")
        .file("a.yaml", text)
        .run()
        .json();
    let fix = &report["runs"][0]["results"][0]["fixes"][0];
    assert_eq!(fix["description"]["text"], "write `GET`");
    let change = &fix["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], "a.yaml");
    let replacement = &change["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], "GET");
    let region = &replacement["deletedRegion"];
    let place = ["startLine", "startColumn", "endLine", "endColumn"].map(|key| number(&region[key]));
    assert_eq!(place, [5, 13, 5, 16]);
}

#[test]
fn every_annotation_is_one_whole_command() {
    let found = list(&all_cases("json").run().json(), "diagnostics").len();
    let ended = all_cases("github").run().exits(1).says("error");
    assert_eq!(ended.stdout.lines().count(), found);
    for line in ended.stdout.lines() {
        let rest = line.strip_prefix("::error ").or(line.strip_prefix("::warning "));
        let (properties, words) = rest.expect(line).split_once("::").expect(line);
        let names: Vec<&str> = properties
            .split(',')
            .map(|property| property.split_once('=').expect(line).0)
            .collect();
        let whole = ["file", "line", "col", "endColumn", "endLine", "title"];
        let of_lines = ["file", "line", "endLine", "title"];
        assert!(names == whole || names == of_lines, "{line}");
        assert!(!words.is_empty() && !properties.contains(':'), "{line}");
    }
    let golden = cases("reports").join("nasty.github");
    let ended = nasty("github").run().exits(1);
    golden::none(&Vec::from_iter(golden::compare(&golden, &ended.stdout)));
}

#[test]
fn junit_is_xml_that_counts_right() {
    for (program, warnings) in [
        (all_cases("junit"), true),
        (all_cases("junit").arg("--deny").arg("warnings"), false),
        (nasty("junit"), false),
    ] {
        let ended = program.run().exits(1).says("error");
        let document = roxmltree::Document::parse(&ended.stdout).expect("XML");
        let root = document.root_element();
        assert_eq!(root.tag_name().name(), "testsuites");
        let of = |node: roxmltree::Node<'_, '_>, name: &str| {
            node.descendants().filter(|node| node.has_tag_name(name)).count()
        };
        let count = |node: roxmltree::Node<'_, '_>, key: &str| -> usize {
            node.attribute(key).expect(key).parse().expect(key)
        };
        for suite in root.children().filter(roxmltree::Node::is_element).chain([root]) {
            assert_eq!(count(suite, "tests"), of(suite, "testcase"));
            assert_eq!(count(suite, "failures"), of(suite, "failure"));
            assert!(count(suite, "tests") > 0);
        }
        assert!(of(root, "failure") > 0);
        assert_eq!(of(root, "system-out") > 0, warnings);
    }
    let golden = cases("reports").join("nasty.junit");
    let ended = nasty("junit").run().exits(1);
    golden::none(&Vec::from_iter(golden::compare(&golden, &ended.stdout)));
}

#[test]
fn a_manifest_that_a_shared_file_breaks_did_not_pass() {
    let includes = "toolrun: 1\ninclude: [ ../part.yaml ]\n";
    let ended = toolrun("check --format junit sub")
        .file("part.yaml", "toolrun: 1\nnonsense: 1\n")
        .file("sub/a.yaml", includes)
        .file("sub/b.yaml", includes)
        .run()
        .exits(1);
    let document = roxmltree::Document::parse(&ended.stdout).expect("XML");
    let suites = document
        .descendants()
        .filter(|node| node.has_tag_name("testsuite"));
    let failures: Vec<_> = suites.map(|suite| suite.attribute("failures")).collect();
    assert_eq!(failures, [Some("1"), Some("1")], "{}", ended.stdout);
}

#[test]
fn a_good_manifest_is_reported_as_such() {
    let good = "toolrun: 1\n";
    let check = |format: &str| {
        toolrun("check a.yaml --format")
            .arg(format)
            .file("a.yaml", good)
            .run()
            .exits(0)
    };
    let sarif = check("sarif").json();
    assert_eq!(list(&sarif["runs"][0], "results").len(), 0);
    check("github").prints("").says("no problems in a.yaml");
    let junit = check("junit");
    let document = roxmltree::Document::parse(&junit.stdout).expect("XML");
    let case = document
        .descendants()
        .find(|node| node.has_tag_name("testcase"))
        .expect("a case");
    assert_eq!(case.attribute("classname"), Some("a.yaml"));
    assert_eq!(case.children().count(), 0);
}

#[test]
fn no_report_holds_a_key_of_a_manifest() {
    for format in ["sarif", "github", "junit"] {
        let mut said = all_cases(format).run().stdout;
        if format == "sarif" {
            // The documentation of a lint shows a made-up one.
            let report: Value = serde_json::from_str(&said).expect("JSON");
            said = report["runs"][0]["results"].to_string();
        }
        assert!(said.len() > 10_000, "{format}");
        for key in crate::check::KEYS_OF_CASES {
            assert!(!said.contains(key), "{format}: {key}");
        }
    }
}
