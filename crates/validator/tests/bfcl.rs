//! Accepted calls of the Berkeley Function-Calling Leaderboard pass the
//! validator; each with a required argument removed fails by name.
//!
//! Needs a folder with the leaderboard's files, so it is not part of the
//! plain tests: `TOOLRUN_BFCL=FOLDER cargo test -p toolrun-validator --test
//! bfcl -- --ignored --nocapture`.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as the test does")]
#![expect(clippy::print_stdout, reason = "the numbers are what the test is run for")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use toolrun_validator::ArgValidator;

const SETS: &[&str] = &["simple_python", "multiple", "parallel", "parallel_multiple"];

/// Accepted answers that contradict their own schema, seen by a person; a
/// validator that takes them would be wrong.
const MOST_CONTRADICTIONS: usize = 5;

#[derive(Debug, Default)]
struct Counts {
    calls: usize,
    accepted: usize,
    removals: usize,
    refused_by_name: usize,
}

#[test]
#[ignore = "needs the folder named by TOOLRUN_BFCL"]
fn accepted_calls_pass_and_cut_ones_fail() {
    let folder = PathBuf::from(std::env::var_os("TOOLRUN_BFCL").expect("TOOLRUN_BFCL names the folder"));
    let mut counts = Counts::default();
    for set in SETS {
        let answers = rows(&folder.join(format!("answers_{set}.json")));
        let answers: BTreeMap<_, _> = answers
            .iter()
            .map(|row| (row["id"].to_string(), &row["ground_truth"]))
            .collect();
        for case in rows(&folder.join(format!("BFCL_v4_{set}.json"))) {
            for call in answers[&case["id"].to_string()].as_array().unwrap() {
                judge(&case, call, &mut counts);
            }
        }
    }
    println!("{counts:?}");
    assert!(counts.calls > 1000, "{counts:?}");
    assert!(
        counts.calls - counts.accepted <= MOST_CONTRADICTIONS,
        "{counts:?}"
    );
    assert_eq!(counts.removals, counts.refused_by_name);
}

fn judge(case: &Value, call: &Value, counts: &mut Counts) {
    let (name, answer) = call.as_object().unwrap().iter().next().unwrap();
    let functions = case["function"].as_array().unwrap();
    let function = functions
        .iter()
        .find(|function| function["name"] == *name)
        .unwrap();
    let schema = standard(&function["parameters"]);
    let validator = ArgValidator::of_schema(name, schema.clone()).unwrap();
    let Value::Object(arguments) = first_accepted(answer, &schema) else {
        unreachable!("answers are objects")
    };
    counts.calls += 1;
    match validator.check(&Value::Object(arguments.clone()).to_string()) {
        Ok(_) => counts.accepted += 1,
        Err(error) => println!("{}: {error}", case["id"]),
    }
    for required in schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        let mut cut = arguments.clone();
        if cut.shift_remove(required).is_none() {
            continue;
        }
        counts.removals += 1;
        let error = validator
            .check(&Value::Object(cut).to_string())
            .expect_err("a required argument is missing");
        let named = format!("`{required}` is required and missing");
        counts.refused_by_name += usize::from(error.for_model().contains(&named));
    }
}

/// One JSON value a line.
fn rows(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The leaderboard's types as JSON Schema has them; unknown names refused.
fn standard(schema: &Value) -> Value {
    let Value::Object(fields) = schema else {
        return schema.clone();
    };
    let mut standard = Map::new();
    for (key, value) in fields {
        match (key.as_str(), value) {
            ("type", Value::String(name)) => match name.as_str() {
                "dict" => drop(standard.insert(key.clone(), "object".into())),
                "float" => drop(standard.insert(key.clone(), "number".into())),
                "tuple" => drop(standard.insert(key.clone(), "array".into())),
                "any" => {}
                _ => drop(standard.insert(key.clone(), value.clone())),
            },
            ("properties", Value::Object(all)) => {
                let all = all
                    .iter()
                    .map(|(name, schema)| (name.clone(), self::standard(schema)))
                    .collect();
                standard.insert(key.clone(), Value::Object(all));
                standard.insert("additionalProperties".into(), false.into());
            }
            ("items", _) => drop(standard.insert(key.clone(), self::standard(value))),
            ("required" | "enum", _) => drop(standard.insert(key.clone(), value.clone())),
            _ => {}
        }
    }
    Value::Object(standard)
}

/// Of each argument the first accepted value; an empty string among them says
/// that it may be left out.
fn first_accepted(answer: &Value, schema: &Value) -> Value {
    let Value::Object(fields) = answer else {
        return answer.clone();
    };
    let mut arguments = Map::new();
    for (name, options) in fields {
        let Value::Array(options) = options else {
            return answer.clone();
        };
        let Some(value) = options.iter().find(|option| **option != "") else {
            continue;
        };
        arguments.insert(name.clone(), plain(value, &schema["properties"][name]));
    }
    Value::Object(arguments)
}

fn plain(value: &Value, schema: &Value) -> Value {
    match (value, schema["type"].as_str()) {
        (Value::Object(_), _) => first_accepted(value, schema),
        (Value::Array(items), Some("array")) => {
            items.iter().map(|item| plain(item, &schema["items"])).collect()
        }
        _ => value.clone(),
    }
}
