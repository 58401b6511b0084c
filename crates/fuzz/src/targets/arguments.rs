//! The arguments that a model writes: what passes is JSON to every reader, has
//! each key once, only declared params, and passes again unchanged; what does
//! not is told in valid, short JSON with a place.

use std::sync::LazyLock;

use serde_json::{Value, json};
use toolrun_validator::{ArgValidator, Args};

use super::{outcome, text};

pub(super) const TOKENS: &[&str] = &[
    "\"s\":",
    "\"i\":",
    "\"x\":",
    "\"b\":",
    "\"l\":",
    "\"m\":",
    "\"o\":",
    "\"e\":",
    "null",
    "true",
    "false",
    "NaN",
    "Infinity",
    "1e400",
    "-0",
    "\"",
    "\\u",
    "\\ud83d\\ude00",
    "\\ud800",
    "\\u0000",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\\\"",
    "\\\\",
    "$serde_json::private::Number",
];

static VALIDATOR: LazyLock<ArgValidator> = LazyLock::new(|| {
    let schema = json!({
        "type": "object",
        "properties": {
            "s": { "type": "string", "maxLength": 64 },
            "i": { "type": "integer", "minimum": -1000 },
            "x": { "type": "number" },
            "b": { "type": "boolean" },
            "e": { "enum": ["open", "paid", 1, null] },
            "l": { "type": "array", "items": { "type": "integer" }, "maxItems": 4 },
            "m": { "type": "object", "additionalProperties": { "type": "string" } },
            "o": { "type": "object", "properties": { "p": { "type": ["number", "null"] } }, "required": ["p"] },
        },
        "additionalProperties": false,
    });
    ArgValidator::of_schema("t", schema).expect("a good schema")
});

/// Arguments that pass the schema above.
pub(super) fn checked(arguments: &str) -> Option<Args> {
    VALIDATOR.check(arguments).ok().map(|checked| checked.args)
}

pub(super) fn check(input: &[u8]) -> u64 {
    let written = text(input);
    match VALIDATOR.check(&written) {
        Ok(checked) => {
            let plain: Result<Value, _> = serde_json::from_str(&written);
            let blank = written.trim().is_empty();
            assert!(
                blank || plain.as_ref().is_ok_and(Value::is_object),
                "{written:?} is no JSON: {plain:?}"
            );
            let args = checked.args.as_map();
            let declared = ["s", "i", "x", "b", "e", "l", "m", "o"];
            assert!(
                args.keys().all(|key| declared.contains(&key.as_str())),
                "{args:?}"
            );
            let again = VALIDATOR
                .check(&Value::Object(args.clone()).to_string())
                .expect("it passed once");
            assert_eq!(
                (again.args.as_map(), again.coerced.len()),
                (args, 0),
                "{written:?}"
            );
            outcome((args.keys().collect::<Vec<_>>(), checked.coerced.len()))
        }
        Err(error) => {
            let told = error.for_model();
            let value: Value = serde_json::from_str(&told).expect("what a model is told is JSON");
            let problems = value["problems"].as_array().expect("problems");
            assert!(
                !problems.is_empty() && problems.len() <= 20 && told.len() < 100_000,
                "{told}"
            );
            outcome(
                problems
                    .iter()
                    .map(|problem| problem["expected"].to_string())
                    .collect::<Vec<_>>(),
            )
        }
    }
}
