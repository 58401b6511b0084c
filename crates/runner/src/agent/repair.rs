//! The words for a final answer that does not fit the manifest's schema.

use toolrun_validator::ArgError;

/// Problems that are listed.
const MOST_LISTED: usize = 10;

/// What a model is told about an answer that does not fit.
pub(super) fn repair(error: &ArgError) -> String {
    format!(
        "Your answer does not fit the JSON Schema that is asked for: {}. Reply with the corrected JSON object and nothing else.",
        problems(error)
    )
}

/// What does not fit, and where.
pub(super) fn problems(error: &ArgError) -> String {
    let problems = error.violations.iter().take(MOST_LISTED);
    let problems: Vec<String> = problems
        .map(|problem| match problem.at.as_str() {
            "" => format!("expected {}", problem.expected),
            at => format!("{at}: expected {}", problem.expected),
        })
        .collect();
    problems.join("; ")
}
