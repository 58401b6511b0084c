//! Problems as the editor shows them.

use std::collections::BTreeMap;

use lsp_types::{
    DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location, NumberOrString, Uri,
};
use toolrun_manifest::{Diagnostic, LabelKind, Severity, SourceId, Span};

use super::check::{Checked, Workspace};
use super::position::{Encoding, Lines};

/// All problems by the address of the text they stand in. What several manifests say of a file that all of
/// them include is said once.
pub(super) fn all(workspace: &Workspace, encoding: Encoding) -> BTreeMap<String, Vec<lsp_types::Diagnostic>> {
    let mut all: BTreeMap<String, Vec<lsp_types::Diagnostic>> = BTreeMap::new();
    for checked in workspace.leading() {
        let places = Places::new(checked, encoding);
        for found in &checked.loaded.diagnostics {
            let problem = places.diagnostic(found);
            let known = all.entry(places.uri(found.span()).to_owned()).or_default();
            if !known.contains(&problem) {
                known.push(problem);
            }
        }
    }
    all
}

/// The lines of every source of a manifest.
pub(super) struct Places<'c> {
    checked: &'c Checked,
    sources: Vec<(SourceId, Lines<'c>)>,
}

impl<'c> Places<'c> {
    pub(super) fn new(checked: &'c Checked, encoding: Encoding) -> Self {
        let sources = checked.loaded.sources.iter();
        Self {
            checked,
            sources: sources
                .map(|(id, source)| (id, Lines::new(&source.text, encoding)))
                .collect(),
        }
    }

    fn index(&self, span: Span) -> usize {
        let found = self.sources.iter().position(|(id, _)| *id == span.source);
        found.unwrap_or_default()
    }

    /// The address of the text that a span is in.
    pub(super) fn uri(&self, span: Span) -> &'c str {
        &self.checked.uris[self.index(span)]
    }

    /// Where a span stands.
    pub(super) fn range(&self, span: Span) -> lsp_types::Range {
        self.sources[self.index(span)].1.range(&span.range())
    }

    /// A problem as the protocol has it.
    pub(super) fn diagnostic(&self, found: &Diagnostic) -> lsp_types::Diagnostic {
        let message = match &found.help {
            Some(help) => format!("{}\nhelp: {help}", found.message),
            None => found.message.clone(),
        };
        let related: Vec<_> = found
            .labels
            .iter()
            .filter(|label| label.kind == LabelKind::Context)
            .filter_map(|label| {
                let uri: Uri = self.uri(label.span).parse().ok()?;
                Some(DiagnosticRelatedInformation {
                    location: Location::new(uri, self.range(label.span)),
                    message: label.text.clone(),
                })
            })
            .collect();
        lsp_types::Diagnostic {
            range: self.range(found.span()),
            severity: Some(match found.severity {
                Severity::Error => DiagnosticSeverity::ERROR,
                Severity::Warning => DiagnosticSeverity::WARNING,
            }),
            code: Some(NumberOrString::String(found.code.to_owned())),
            source: Some("toolrun".to_owned()),
            message,
            related_information: (!related.is_empty()).then_some(related),
            tags: (found.code == "param-unused").then(|| vec![DiagnosticTag::UNNECESSARY]),
            ..lsp_types::Diagnostic::default()
        }
    }
}
