//! What `output-weakened` says of a schema is what the wires make of it: each
//! keyword is checked, sent to a scripted provider, and looked for there.

use serde_json::Value;

use crate::support::llm::{Llm, Turn};
use crate::support::program::toolrun;

/// A keyword and a schema of one property that has it.
const KEYWORDS: &[(&str, &str)] = &[
    (
        "additionalProperties",
        "{ type: object, properties: {}, required: [], additionalProperties: false }",
    ),
    ("allOf", "{ type: string, allOf: [ { type: string } ] }"),
    ("anyOf", "{ anyOf: [ { type: string } ] }"),
    ("const", "{ const: a }"),
    (
        "contains",
        "{ type: array, items: { type: string }, contains: { type: string } }",
    ),
    ("default", "{ type: string, default: a }"),
    (
        "description",
        "{ type: string, description: The name of the customer }",
    ),
    ("enum", "{ enum: [a, b] }"),
    ("examples", "{ type: string, examples: [a] }"),
    ("exclusiveMaximum", "{ type: number, exclusiveMaximum: 9 }"),
    ("exclusiveMinimum", "{ type: number, exclusiveMinimum: 1 }"),
    ("format", "{ type: string, format: date }"),
    ("format", "{ type: string, format: uri }"),
    ("format", "{ type: string, format: regex }"),
    ("items", "{ type: array, items: { type: string } }"),
    (
        "maxItems",
        "{ type: array, items: { type: string }, maxItems: 9 }",
    ),
    ("maxLength", "{ type: string, maxLength: 9 }"),
    ("maximum", "{ type: number, maximum: 9 }"),
    (
        "minItems",
        "{ type: array, items: { type: string }, minItems: 1 }",
    ),
    ("minLength", "{ type: string, minLength: 1 }"),
    ("minimum", "{ type: number, minimum: 1 }"),
    ("multipleOf", "{ type: number, multipleOf: 2 }"),
    ("not", "{ type: string, not: { const: a } }"),
    ("pattern", "{ type: string, pattern: \"^a\" }"),
    ("title", "{ type: string, title: Name }"),
    (
        "uniqueItems",
        "{ type: array, items: { type: string }, uniqueItems: true }",
    ),
];

/// Keywords that bind nothing and are left out in silence.
const NOTES: &[&str] = &["examples"];

fn manifest(provider: &str, property: &str) -> String {
    format!(
        "toolrun: 1\nlints: {{ output-weakened: warn }}\nagent:\n  model: {provider}/m\n  output:\n    type: object\n    properties: {{ x: {property} }}\n    required: [x]\n    additionalProperties: false\n"
    )
}

/// Whether the provider is asked to hold the answer to that keyword.
fn is_held(provider: &str, keyword: &str, property: &str) -> bool {
    let llm = Llm::start(vec![Turn::Say("{}")]);
    toolrun("run m.yaml Hello")
        .file("m.yaml", &manifest(provider, property))
        .env("OPENAI_API_KEY", "x")
        .env("ANTHROPIC_API_KEY", "x")
        .arg("--base-url")
        .arg(llm.base_url())
        .run();
    let asked = llm.asked();
    let request = asked.first().expect("a request");
    match provider {
        "openai" => request["response_format"]["json_schema"]["strict"] == Value::Bool(true),
        _ => !request["output_config"]["format"]["schema"]["properties"]["x"][keyword].is_null(),
    }
}

#[test]
fn the_lint_knows_what_each_wire_makes_of_a_keyword() {
    for provider in ["anthropic", "openai"] {
        for (keyword, property) in KEYWORDS {
            let report = toolrun("check m.yaml --json")
                .file("m.yaml", &manifest(provider, property))
                .run()
                .json();
            let found = report["diagnostics"].as_array().expect("diagnostics");
            let flagged = found.iter().any(|found| found["code"] == "output-weakened");
            let held = is_held(provider, keyword, property);
            let noted = provider == "anthropic" && NOTES.contains(keyword);
            assert_eq!(flagged, !held && !noted, "{provider}: {keyword} in {property}");
        }
    }
}
