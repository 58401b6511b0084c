//! JMESPath that an author writes, or a model for `read_result`: the first
//! line over the JSON of the rest. It is read or refused at a place, and its
//! work and its result are bounded.

use serde_json::Value;
use toolrun_manifest::Pick;

use super::{first_line, outcome, text};

pub(super) const TOKENS: &[&str] = &[
    "[*]",
    "[]",
    "[0]",
    "[-1]",
    "[::2]",
    "[?a > `1`]",
    "{a: a, b: b}",
    "[a, b]",
    ".*",
    "@",
    "|",
    "||",
    "&&",
    "!",
    "&",
    "`1`",
    "'x'",
    "\"a b\"",
    "length(@)",
    "sort_by(@, &a)",
    "map(&a, @)",
    "to_string(@)",
    "to_number(@)",
    "join(',', @)",
    "keys(@)",
    "merge(@, @)",
    "not_null(a, b)",
    "max_by(@, &a)",
    "sum(@)",
    "[@,@]",
    "(",
    ")",
    "\n",
];

/// Several times the largest answer that is read.
const MOST_BYTES: usize = 64 << 20;

pub(super) fn check(input: &[u8]) -> u64 {
    let whole = text(input);
    let (query, json) = first_line(&whole);
    let pick = match Pick::compile(query) {
        Ok(pick) => pick,
        Err(problems) => {
            for problem in &problems {
                assert!(
                    query.get(problem.range.clone()).is_some(),
                    "{problem:?} in {query:?}"
                );
            }
            return outcome(
                problems
                    .first()
                    .map(|problem| problem.message.split('`').next().map(str::to_owned)),
            );
        }
    };
    let Ok(value) = serde_json::from_str::<Value>(json) else {
        return outcome("no JSON");
    };
    match pick.apply(&value) {
        Ok(found) => {
            let written = found.to_string();
            assert!(written.len() <= MOST_BYTES, "{} bytes", written.len());
            outcome((std::mem::discriminant(&found), written.len().min(40)))
        }
        Err(problem) => outcome(problem.message),
    }
}
