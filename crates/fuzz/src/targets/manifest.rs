//! The manifest loader: a manifest, or an error; every diagnostic points into
//! the text it is about; fixes are edits of it that do not overlap.

use std::collections::BTreeSet;

use toolrun_manifest::{Diagnostic, Loaded, ReadInclude, Severity, Sources, Span, load};

use super::{outcome, text};

pub(super) const TOKENS: &[&str] = &[
    "toolrun: 1",
    "tools:",
    "apis:",
    "vars:",
    "secrets:",
    "agent:",
    "params:",
    "url:",
    "method: POST",
    "headers:",
    "query:",
    "body:",
    "json:",
    "form:",
    "result:",
    "pick:",
    "template:",
    "errors:",
    "include:",
    "auth:",
    "bearer:",
    "lints:",
    "workflows:",
    "tests:",
    "description:",
    "type: string",
    "schema:",
    "optional: true",
    "default:",
    "enum:",
    "const:",
    "style: deep",
    "effect: read",
    "retries: 2",
    "rate_limit: 5/s",
    "timeout: 10s",
    "{{ ",
    " }}",
    "{{ vars.",
    "{{ secrets.",
    " | default(",
    " if ",
    " else ",
    "{% if ",
    "&a",
    "*a",
    "<<:",
    "!!str",
    "---\n",
    "...\n",
    "\n",
    "\n  ",
    "\n    ",
    "- ",
    ": ",
    "? ",
    "|\n",
    ">-\n",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "#",
    "\u{feff}",
    "\u{200b}",
    "\u{e0041}",
    "\u{202e}",
    "\t",
    "0o17",
    ".nan",
    "~",
    "\n%%%\n",
];

/// Between a manifest and the file that it includes as `other.yaml`.
const NEXT: &str = "\n%%%\n";

struct Other<'a>(&'a str);

impl ReadInclude for Other<'_> {
    fn read(&self, _: &str, path: &str) -> Result<(String, String), String> {
        match path {
            "other.yaml" => Ok(("other.yaml".to_owned(), self.0.to_owned())),
            _ => Err("no such file".to_owned()),
        }
    }
}

pub(super) fn check(input: &[u8]) -> u64 {
    let whole = text(input);
    let (main, other) = whole.split_once(NEXT).unwrap_or((&whole, ""));
    let Loaded {
        manifest,
        diagnostics,
        sources,
        ..
    } = load("main.yaml", main.to_owned(), &Other(other));
    let errors = diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error);
    assert_eq!(
        manifest.is_none(),
        errors,
        "no manifest without an error: {diagnostics:?}"
    );
    assert_eq!(
        sources.iter().next().map(|(_, source)| source.text.as_str()),
        Some(main)
    );
    diagnostics
        .iter()
        .for_each(|diagnostic| points_into(diagnostic, &sources));
    let codes: BTreeSet<_> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    let tools = manifest.map(|manifest| manifest.tools.len());
    outcome((codes, tools))
}

fn points_into(diagnostic: &Diagnostic, sources: &Sources) {
    let inside = |span: Span| {
        let text = &sources.get(span.source).text;
        assert!(
            text.get(span.range()).is_some(),
            "{span:?} is no place: {diagnostic:?}"
        );
        let position = sources.position(span);
        assert!(position.line > 0 && position.column > 0);
    };
    assert!(
        !diagnostic.message.is_empty() && !diagnostic.labels.is_empty(),
        "{diagnostic:?}"
    );
    diagnostic.labels.iter().for_each(|label| inside(label.span));
    let mut edits: Vec<Span> = diagnostic
        .fix
        .iter()
        .flat_map(|fix| &fix.edits)
        .map(|edit| edit.span)
        .collect();
    edits.iter().copied().for_each(inside);
    edits.sort();
    let apart = edits
        .windows(2)
        .all(|pair| pair[0].source != pair[1].source || pair[0].end <= pair[1].start);
    assert!(apart, "edits overlap: {diagnostic:?}");
}
