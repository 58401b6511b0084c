//! Diagnostics as SARIF 2.1.0, for code scanning. Texts are written as they are:
//! readers put arguments in the place of `{0}` only where there are some.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use toolrun_manifest::{
    Diagnostic, ERRORS, Fix, Label, LabelKind, Level, Loaded, RULES, Rule, Safety, Severity, Sources, Span,
};

use super::place;

/// Where the standard keeps its schema.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What paths are relative to: the folder that `check` runs in.
const ROOT: &str = "%SRCROOT%";

/// Everything that `check` found, as one run.
pub(crate) fn report(files: &[(String, Loaded)]) -> Value {
    let rules = rules(files);
    let numbers: HashMap<&str, usize> = rules
        .iter()
        .enumerate()
        .map(|(number, (name, _))| (*name, number))
        .collect();
    let mut seen = HashMap::new();
    let mut results = Vec::new();
    for (_, loaded) in files {
        for found in &loaded.diagnostics {
            let fingerprint = fingerprint(found, &loaded.sources, &mut seen);
            results.push(result(found, &loaded.sources, numbers[found.code], &fingerprint));
        }
    }
    // By URI: one file has several names when another includes it.
    let artifacts: BTreeMap<String, Value> = files
        .iter()
        .flat_map(|(_, loaded)| loaded.sources.iter())
        .map(|(_, source)| {
            let found = json!({ "location": artifact(&source.name), "mimeType": "application/yaml" });
            (place::uri(&source.name), found)
        })
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "toolrun",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.values().collect::<Vec<_>>(),
            } },
            "columnKind": "utf16CodeUnits",
            "originalUriBaseIds": { ROOT: { "description": { "text": "The folder that toolrun was started in." } } },
            "invocations": [{ "executionSuccessful": true }],
            "artifacts": artifacts.values().collect::<Vec<_>>(),
            "results": results,
        }],
    })
}

/// The lints, and the other codes that were found, by name.
fn rules(files: &[(String, Loaded)]) -> BTreeMap<&'static str, Value> {
    let found = files.iter().flat_map(|(_, loaded)| &loaded.diagnostics);
    let mut rules: BTreeMap<&str, Value> = found.map(|found| (found.code, error(found.code))).collect();
    rules.extend(RULES.iter().map(|rule| (rule.name, lint(rule))));
    rules
}

fn lint(rule: &Rule) -> Value {
    let docs = rule.docs.trim();
    let first = docs.lines().next().unwrap_or_default();
    let (enabled, level) = match rule.level {
        Level::Allow => (false, "warning"),
        Level::Warn => (true, "warning"),
        Level::Deny => (true, "error"),
    };
    json!({
        "id": rule.name,
        "shortDescription": { "text": first },
        "fullDescription": { "text": first },
        "help": { "text": docs, "markdown": docs },
        "defaultConfiguration": { "enabled": enabled, "level": level },
        "properties": { "tags": ["lint", rule.group.title()] },
    })
}

/// An error of the language; each message says what to do.
fn error(code: &str) -> Value {
    let about = ERRORS
        .iter()
        .find(|(name, _)| *name == code)
        .map_or(code, |(_, about)| about);
    json!({
        "id": code,
        "shortDescription": { "text": about },
        "fullDescription": { "text": about },
        "help": { "text": about },
        "defaultConfiguration": { "level": "error" },
        "properties": { "tags": ["language"] },
    })
}

fn result(found: &Diagnostic, sources: &Sources, rule: usize, fingerprint: &str) -> Value {
    let mut words = sentence(&found.message);
    if let Some(help) = &found.help {
        let _infallible = write!(words, "\n\nHelp: {}", sentence(help));
    }
    let mut result = json!({
        "ruleId": found.code,
        "ruleIndex": rule,
        "level": match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "message": { "text": words },
        "locations": [{ "physicalLocation": location(found.span(), sources) }],
        "partialFingerprints": { "toolrunFinding/v1": fingerprint },
    });
    let context = |label: &&Label| label.kind == LabelKind::Context;
    let related: Vec<Value> = found
        .labels
        .iter()
        .filter(context)
        .enumerate()
        .map(|(number, label)| related(number, label, sources))
        .collect();
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    if let Some(fix) = &found.fix {
        result["fixes"] = json!([mending(fix, sources)]);
    }
    result
}

/// With a mark at its end.
fn sentence(words: &str) -> String {
    let end = if words.ends_with(['.', '?', '!', ':']) {
        ""
    } else {
        "."
    };
    format!("{words}{end}")
}

fn related(number: usize, label: &Label, sources: &Sources) -> Value {
    let words = if label.text.is_empty() {
        "see here"
    } else {
        &label.text
    };
    json!({
        "id": number,
        "physicalLocation": location(label.span, sources),
        "message": { "text": words },
    })
}

fn mending(fix: &Fix, sources: &Sources) -> Value {
    let mut replacements: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for edit in &fix.edits {
        let name = sources.get(edit.span.source).name.as_str();
        replacements.entry(name).or_default().push(json!({
            "deletedRegion": region(edit.span, sources),
            "insertedContent": { "text": edit.text },
        }));
    }
    let changes: Vec<Value> = replacements
        .into_iter()
        .map(|(name, replacements)| json!({ "artifactLocation": artifact(name), "replacements": replacements }))
        .collect();
    json!({
        "description": { "text": fix.title },
        "artifactChanges": changes,
        "properties": { "safe": fix.safety == Safety::Safe },
    })
}

fn location(span: Span, sources: &Sources) -> Value {
    json!({
        "artifactLocation": artifact(&sources.get(span.source).name),
        "region": region(span, sources),
    })
}

fn artifact(name: &str) -> Value {
    let uri = place::uri(name);
    if uri.starts_with("file:") {
        json!({ "uri": uri })
    } else {
        json!({ "uri": uri, "uriBaseId": ROOT })
    }
}

fn region(span: Span, sources: &Sources) -> Value {
    let region = place::utf16(span, sources);
    json!({
        "startLine": region.line,
        "startColumn": region.column,
        "endLine": region.end_line,
        "endColumn": region.end_column,
    })
}

/// What stays the same when lines move: the rule, the file, the line's text as it
/// may be shown, and which of several that are the same it is.
fn fingerprint(found: &Diagnostic, sources: &Sources, seen: &mut HashMap<String, usize>) -> String {
    let span = found.span();
    let source = sources.get(span.source);
    let start = source.text[..span.start]
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    let end = source.text[span.start..]
        .find('\n')
        .map_or(source.text.len(), |newline| span.start + newline);
    let line = sources.shown(Span { start, end, ..span });
    let what = format!("{}\0{}\0{}", found.code, place::uri(&source.name), line.trim());
    let number = seen
        .entry(what.clone())
        .and_modify(|number| *number += 1)
        .or_default();
    let digest = Sha256::digest(format!("{what}\0{number}"));
    digest[..16].iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
