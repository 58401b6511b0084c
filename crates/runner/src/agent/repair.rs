//! The words for a final answer that does not fit the manifest's schema.

use toolrun_validator::ArgError;

/// What a model is told about an answer that does not fit.
pub(super) fn repair(error: &ArgError) -> String {
    let problems: Vec<String> = error
        .violations
        .iter()
        .take(10)
        .map(|problem| format!("{}: expected {}", problem.at, problem.expected))
        .collect();
    format!(
        "Your answer does not fit the JSON Schema that is asked for: {}. Reply with the corrected JSON object and nothing else.",
        problems.join("; ")
    )
}
