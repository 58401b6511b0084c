//! Diagnostics for programs: one versioned object.

use serde_json::{Value, json};
use toolrun_manifest::{
    Diagnostic, Edit, Feature, Fix, Label, LabelKind, Loaded, Safety, Severity, Sources, Span,
};

use super::counts::Counts;

/// The version of the object; it grows when a reader would have to change.
const VERSION: u32 = 1;

/// Everything that `check` found, in the order of files and places.
pub(crate) fn report(files: &[(String, Loaded)], found: Counts) -> Value {
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let diagnostics: Vec<Value> = files
        .iter()
        .flat_map(|(_, loaded)| {
            loaded
                .diagnostics
                .iter()
                .map(|found| diagnostic(found, &loaded.sources))
        })
        .collect();
    let absent: Vec<Value> = files
        .iter()
        .flat_map(|(_, loaded)| {
            let features = loaded
                .manifest
                .iter()
                .flat_map(|manifest| &manifest.not_in_this_build);
            features.map(|found| feature(found, &loaded.sources))
        })
        .collect();
    json!({
        "version": VERSION,
        "files": names,
        "errors": found.errors,
        "warnings": found.warnings,
        "diagnostics": diagnostics,
        "not_in_this_build": absent,
        "fixable": { "safe": found.safe, "unsafe": found.risky },
    })
}

fn diagnostic(found: &Diagnostic, sources: &Sources) -> Value {
    let mut object = match found.labels.first() {
        Some(label) => place(label.span, sources),
        None => json!({ "file": null, "line": null, "column": null, "end": null }),
    };
    object["code"] = json!(found.code);
    object["severity"] = json!(match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    });
    object["message"] = json!(found.message);
    object["help"] = json!(found.help);
    object["labels"] = found
        .labels
        .iter()
        .map(|label| labelled(label, sources))
        .collect();
    object["fix"] = found
        .fix
        .as_ref()
        .map_or(Value::Null, |found| fix(found, sources));
    object
}

fn feature(found: &Feature, sources: &Sources) -> Value {
    let mut object = place(found.span, sources);
    object["key"] = json!(found.key);
    object["tool"] = json!(found.tool);
    object
}

fn labelled(label: &Label, sources: &Sources) -> Value {
    let mut object = place(label.span, sources);
    object["kind"] = json!(match label.kind {
        LabelKind::Primary => "primary",
        LabelKind::Context => "context",
    });
    object["text"] = json!(label.text);
    object
}

fn fix(found: &Fix, sources: &Sources) -> Value {
    json!({
        "title": found.title,
        "safe": found.safety == Safety::Safe,
        "edits": found.edits.iter().map(|edit| edited(edit, sources)).collect::<Vec<_>>(),
    })
}

fn edited(edit: &Edit, sources: &Sources) -> Value {
    let mut object = place(edit.span, sources);
    object["text"] = json!(edit.text);
    object
}

fn place(span: Span, sources: &Sources) -> Value {
    let start = sources.position(span);
    let end = sources.position(Span {
        start: span.end,
        ..span
    });
    json!({
        "file": sources.get(span.source).name,
        "line": start.line,
        "column": start.column,
        "end": { "line": end.line, "column": end.column },
    })
}
