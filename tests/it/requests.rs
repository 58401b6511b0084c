//! Every tool of the shipped manifests has the request that it makes.

use std::fs;

use serde_json::Value;

use crate::support::program::toolrun;
use crate::support::{cases, shipped, workspace};

#[test]
fn shipped_tools_make_the_recorded_requests() {
    let recorded = recorded();
    assert!(recorded.len() >= 50, "only {} recorded requests", recorded.len());
    let complaints: Vec<String> = recorded
        .iter()
        .filter_map(|(place, case)| complaint(place, case))
        .collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}

#[test]
fn every_shipped_tool_has_a_recorded_request() {
    let recorded = recorded();
    for (manifest, tools) in shipped::tools() {
        let path = format!("manifests/{manifest}.yaml");
        for tool in tools {
            let mut cases = recorded.iter().map(|(_, case)| case);
            let found = cases.any(|case| case["manifest"] == path.as_str() && case["tool"] == tool.as_str());
            assert!(found, "no line for {tool} of {path} in tests/cases/requests");
        }
    }
}

/// Every recorded request with its place.
fn recorded() -> Vec<(String, Value)> {
    let entries = fs::read_dir(cases("requests"))
        .expect("recorded requests")
        .flatten();
    let files = entries.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "jsonl"));
    let mut recorded = Vec::new();
    for entry in files {
        let text = fs::read_to_string(entry.path()).expect("a file");
        for (number, line) in (1..).zip(text.lines()) {
            let case: Value = serde_json::from_str(line).expect("one JSON object a line");
            recorded.push((format!("{}:{number}", entry.file_name().to_string_lossy()), case));
        }
    }
    recorded
}

fn complaint(place: &str, case: &Value) -> Option<String> {
    let word = |key: &str| case[key].as_str().expect("a text").to_owned();
    let mut program = toolrun("call --dry-run --json")
        .arg(word("manifest"))
        .arg(word("tool"))
        .arg("--args")
        .arg(case["args"].to_string());
    for (name, value) in case["vars"].as_object().into_iter().flatten() {
        let value = value.as_str().expect("a text");
        program = program.arg("--var").arg(format!("{name}={value}"));
    }
    let ended = program.within(&workspace()).run();
    if ended.code != Some(0) {
        return Some(format!("{place}: exit {:?}\n{}", ended.code, ended.stderr));
    }
    let shown = ended.json();
    let expected = normal(&case["request"]);
    let actual = normal(&shown["request"]);
    (expected != actual).then(|| format!("{place}\nexpected {expected:#}\nshown    {actual:#}"))
}

/// What counts: header names in lower case, keys made anew each time masked.
fn normal(request: &Value) -> Value {
    let mut request = request.clone();
    let headers = request["headers"].as_object().cloned().unwrap_or_default();
    let headers: serde_json::Map<String, Value> = headers
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .map(|(name, value)| {
            if name == "idempotency-key" {
                (name, Value::from("made anew"))
            } else {
                (name, value)
            }
        })
        .collect();
    request["headers"] = Value::Object(
        headers
            .into_iter()
            .collect::<std::collections::BTreeMap<_, _>>()
            .into_iter()
            .collect(),
    );
    request
}

#[test]
fn shipped_manifests_are_clean() {
    toolrun("check --deny warnings manifests")
        .within(&workspace())
        .run()
        .exits(0);
}
