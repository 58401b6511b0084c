//! Compiles the JSON Schemas of a manifest, so that one that cannot be used
//! (a `pattern` that is no regular expression, a `type` that does not exist)
//! is a problem of the file and not of the first call.

use serde_json::Value;
use toolrun_manifest::{
    Action, Diagnostic, Label, LabelKind, Loaded, Manifest, Param, Reach, Severity, Span,
};
use toolrun_validator::{ArgValidator, SchemaError, is_plain};

use crate::literals;

/// The manifest with the problems of its schemas; with one, it cannot be run.
pub(crate) fn checked(mut loaded: Loaded) -> Loaded {
    let mut found: Vec<Diagnostic> = loaded.manifest.iter().flat_map(problems).collect();
    found.extend(loaded.manifest.iter().flat_map(literals::misfits));
    if loaded.manifest.is_some() {
        loaded.reach = Reach::Schemas;
    }
    if !found.is_empty() {
        loaded.manifest = None;
        loaded.diagnostics.extend(found);
        loaded.diagnostics.sort_by_key(Diagnostic::span);
    }
    loaded
}

fn problems(manifest: &Manifest) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let agent = &manifest.agent;
    found.extend(of_output(
        "`agent.output`",
        agent.output.as_ref(),
        agent.output_span,
    ));
    for tool in &manifest.tools {
        let error = (!is_plain(&tool.schema)).then(|| ArgValidator::new(tool).err());
        if let Some(error) = error.flatten() {
            let owner = format!("tool `{}`", tool.name);
            found.push(of_params(&owner, &tool.params, tool.span, &error));
        }
        let owner = format!("`result.output` of tool `{}`", tool.name);
        let (output, span) = (tool.result.output.as_ref(), tool.result.output_span);
        found.extend(of_output(&owner, output, span));
    }
    for workflow in &manifest.workflows {
        let checked = ArgValidator::of_params(&workflow.name, workflow.schema.clone(), &workflow.params);
        if let Err(error) = checked {
            let owner = format!("workflow `{}`", workflow.name);
            found.push(of_params(&owner, &workflow.params, workflow.span, &error));
        }
        for step in &workflow.steps {
            let Action::Ask(ask) = &step.action else { continue };
            let owner = format!("`output` of step `{}`", step.id);
            found.extend(of_output(&owner, ask.output.as_ref(), ask.output_span));
        }
    }
    found
}

/// An error in a schema that stands by itself.
fn of_output(owner: &str, schema: Option<&Value>, span: Option<Span>) -> Option<Diagnostic> {
    let error = ArgValidator::of_schema(owner, schema?.clone()).err()?;
    Some(diagnostic(owner, &error.at, &error, span?))
}

/// An error in the schema of the arguments: it is one param's.
fn of_params(owner: &str, params: &[Param], span: Span, error: &SchemaError) -> Diagnostic {
    let inside = error.at.strip_prefix("/properties/").unwrap_or_default();
    let (name, rest) = inside.split_once('/').unwrap_or((inside, ""));
    match params.iter().find(|param| param.name == name) {
        Some(param) => diagnostic(&format!("param `{name}`"), rest, error, param.span),
        None => diagnostic(&format!("a param of {owner}"), &error.at, error, span),
    }
}

fn diagnostic(owner: &str, at: &str, error: &SchemaError, span: Span) -> Diagnostic {
    let at = at.trim_start_matches('/').replace('/', ".");
    let keyword = at.rsplit('.').next().unwrap_or_default();
    let (message, help) = if keyword.starts_with("pattern") && error.reason.starts_with("it is longer") {
        (
            format!("a `pattern` of {owner} is too large: {}", error.reason),
            "say less by it, or let the API decide",
        )
    } else if keyword == "pattern" {
        (
            format!("the `pattern` of {owner} is not a regular expression that can be used"),
            "as in `^[A-Z]{2}[0-9]+$`; in YAML quote it by '…'; look-ahead and back references do not exist",
        )
    } else if keyword == "type" {
        (
            format!("`{at}` of {owner} is not a type of JSON Schema"),
            "the types are `string`, `integer`, `number`, `boolean`, `array`, `object` and `null`",
        )
    } else if at.is_empty() {
        (
            format!("the schema of {owner} cannot be used: {}", error.reason),
            "keywords are those of JSON Schema 2020-12; a schema holds at most 10000 values",
        )
    } else {
        (
            format!("`{at}` of {owner} is not JSON Schema: {}", error.reason),
            "keywords are those of JSON Schema 2020-12",
        )
    };
    Diagnostic {
        code: "schema",
        severity: Severity::Error,
        message,
        labels: vec![Label {
            span,
            kind: LabelKind::Primary,
            text: String::new(),
        }],
        help: Some(help.to_owned()),
        fix: None,
    }
}
