//! Holds the arguments that a workflow's steps write out against the compiled
//! schema of what they call, so that a pattern or a format that one does not fit
//! is a problem of the file and not of a run that has written already. Kinds and
//! bounds are checked when the manifest is loaded.

use std::collections::HashMap;

use serde_json::{Map, Value};
use toolrun_manifest::{Diagnostic, Label, LabelKind, Literal, Manifest, Severity, Span, Step};
use toolrun_validator::{ArgValidator, Violation};

/// What does not fit; schemas that cannot be compiled are left out.
pub(crate) fn misfits(manifest: &Manifest) -> Vec<Diagnostic> {
    let mut compiled: HashMap<&str, Option<ArgValidator>> = HashMap::new();
    let mut found = Vec::new();
    let steps = manifest.workflows.iter().flat_map(|workflow| &workflow.steps);
    for step in steps.filter(|step| !step.literals.is_empty()) {
        let Some(callee) = step.callee() else { continue };
        let validator = compiled
            .entry(callee)
            .or_insert_with(|| validator(manifest, callee));
        if let Some(validator) = validator {
            found.extend(of_step(step, callee, validator));
        }
    }
    found
}

/// The callee's schema with nothing required: what is missing is known.
fn validator(manifest: &Manifest, callee: &str) -> Option<ArgValidator> {
    let tool = manifest.tool(callee).map(|tool| &tool.schema);
    let schema = tool.or_else(|| manifest.workflow(callee).map(|workflow| &workflow.schema))?;
    let mut schema = schema.clone();
    schema.as_object_mut()?.shift_remove("required");
    ArgValidator::of_schema(callee, schema).ok()
}

/// One problem for each argument, the first that was found in it.
fn of_step(step: &Step, callee: &str, validator: &ArgValidator) -> Vec<Diagnostic> {
    let given: Map<String, Value> = step
        .literals
        .iter()
        .map(|literal| (literal.name.clone(), literal.value.clone()))
        .collect();
    let Err(error) = validator.check(&Value::Object(given).to_string()) else {
        return Vec::new();
    };
    step.literals
        .iter()
        .filter_map(|literal| {
            let mut violations = error.violations.iter();
            let (violation, inside) =
                violations.find_map(|violation| Some((violation, inside(violation, literal)?)))?;
            Some(diagnostic(literal, callee, violation, inside))
        })
        .collect()
}

/// The place inside the argument, if the violation is in it.
fn inside<'v>(violation: &'v Violation, literal: &Literal) -> Option<&'v str> {
    let rest = violation
        .at
        .strip_prefix('/')?
        .strip_prefix(literal.name.as_str())?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/'))
}

fn diagnostic(literal: &Literal, callee: &str, violation: &Violation, inside: &str) -> Diagnostic {
    let name = &literal.name;
    let at = match inside {
        "" => String::new(),
        inside => format!(" at `{}`", inside.replace('/', ".")),
    };
    let found = violation.found.as_ref();
    let found = found.map(|found| format!(", found {found}")).unwrap_or_default();
    Diagnostic {
        code: "bad-argument",
        severity: Severity::Error,
        message: format!(
            "the value for `{name}` of `{callee}` does not fit{at}: expected {}{found}",
            violation.expected
        ),
        labels: vec![primary(literal.span)],
        help: Some(format!("the params of `{callee}` say what fits")),
        fix: None,
    }
}

fn primary(span: Span) -> Label {
    Label {
        span,
        kind: LabelKind::Primary,
        text: String::new(),
    }
}
