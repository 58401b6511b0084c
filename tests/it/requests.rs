//! Every tool of the shipped manifests has the request that it makes.

use std::fs;

use serde_json::Value;

use crate::support::program::toolrun;
use crate::support::{cases, workspace};

#[test]
fn shipped_tools_make_the_recorded_requests() {
    let mut seen = 0;
    let mut complaints = Vec::new();
    for entry in fs::read_dir(cases("requests"))
        .expect("recorded requests")
        .flatten()
    {
        if entry.path().extension().is_none_or(|ending| ending != "jsonl") {
            continue;
        }
        let text = fs::read_to_string(entry.path()).expect("a file");
        for (number, line) in (1..).zip(text.lines()) {
            let case: Value = serde_json::from_str(line).expect("one JSON object a line");
            let place = format!("{}:{number}", entry.file_name().to_string_lossy());
            complaints.extend(complaint(&place, &case));
            seen += 1;
        }
    }
    assert!(seen >= 10, "only {seen} recorded requests");
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}

fn complaint(place: &str, case: &Value) -> Option<String> {
    let word = |key: &str| case[key].as_str().expect("a text").to_owned();
    let ended = toolrun("call --dry-run --json")
        .arg(word("manifest"))
        .arg(word("tool"))
        .arg("--args")
        .arg(case["args"].to_string())
        .within(&workspace())
        .run();
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
