//! The fixes of problems as actions of the editor.

use std::collections::HashMap;

use lsp_types::{CodeAction, CodeActionKind, Range, TextEdit, Uri, WorkspaceEdit};
use toolrun_manifest::{Diagnostic, Edit, Fix, Safety};

use super::check::Checked;
use super::diagnostics::Places;
use super::position::Encoding;

/// All safe fixes of a document at once.
const FIX_ALL: CodeActionKind = CodeActionKind::new("source.fixAll.toolrun");

/// The kinds of actions that there are.
pub(super) fn kinds() -> Vec<CodeActionKind> {
    vec![CodeActionKind::QUICKFIX, FIX_ALL]
}

/// What the editor asks for.
pub(super) struct Wanted<'w> {
    /// The document.
    pub(super) uri: &'w str,
    /// Where.
    pub(super) range: Range,
    /// Only actions of these kinds, if it says so.
    pub(super) only: Option<Vec<CodeActionKind>>,
}

impl Wanted<'_> {
    /// `source` asks for `source.fixAll.toolrun` too.
    fn wants(&self, kind: &CodeActionKind) -> bool {
        self.only.as_ref().is_none_or(|only| {
            only.iter().any(|only| {
                let rest = kind.as_str().strip_prefix(only.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        })
    }
}

/// The actions at a place.
pub(super) fn at(wanted: &Wanted<'_>, around: &[&Checked], encoding: Encoding) -> Vec<CodeAction> {
    let mut actions = Vec::new();
    for checked in around {
        let places = Places::new(checked, encoding);
        let here: Vec<(&Diagnostic, &Fix)> = checked
            .loaded
            .diagnostics
            .iter()
            .filter(|found| places.uri(found.span()) == wanted.uri)
            .filter_map(|found| Some((found, found.fix.as_ref()?)))
            .collect();
        if wanted.wants(&CodeActionKind::QUICKFIX) {
            let touched = here
                .iter()
                .filter(|(found, _)| touch(places.range(found.span()), wanted.range));
            actions.extend(touched.filter_map(|(found, fix)| quick(found, fix, &places)));
        }
        if wanted.wants(&FIX_ALL) {
            actions.extend(all(here.iter().map(|(_, fix)| *fix), wanted.uri, &places));
        }
    }
    // Several manifests may include the same file and say the same of it.
    let mut unique: Vec<CodeAction> = Vec::new();
    for action in actions {
        if unique
            .iter()
            .all(|known| (&known.title, &known.edit) != (&action.title, &action.edit))
        {
            unique.push(action);
        }
    }
    unique
}

fn quick(found: &Diagnostic, fix: &Fix, places: &Places<'_>) -> Option<CodeAction> {
    Some(CodeAction {
        title: sentence(&fix.title),
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![places.diagnostic(found)]),
        edit: Some(edit(&fix.edits, places)?),
        is_preferred: Some(fix.safety == Safety::Safe),
        ..CodeAction::default()
    })
}

/// Every safe fix whose edits meet none of an earlier one.
fn all<'f>(fixes: impl Iterator<Item = &'f Fix>, uri: &str, places: &Places<'_>) -> Option<CodeAction> {
    let mut edits: Vec<Edit> = Vec::new();
    for fix in fixes.filter(|fix| fix.safety == Safety::Safe) {
        let free = |edit: &Edit| {
            let apart = |other: &Edit| edit.span.end < other.span.start || other.span.end < edit.span.start;
            places.uri(edit.span) == uri && edits.iter().all(apart)
        };
        if fix.edits.iter().all(free) {
            edits.extend(fix.edits.iter().cloned());
        }
    }
    (!edits.is_empty()).then_some(())?;
    Some(CodeAction {
        title: "Apply all safe fixes of toolrun".to_owned(),
        kind: Some(FIX_ALL),
        edit: Some(edit(&edits, places)?),
        ..CodeAction::default()
    })
}

#[expect(
    clippy::mutable_key_type,
    reason = "the type of the protocol; its keys are never changed"
)]
fn edit(edits: &[Edit], places: &Places<'_>) -> Option<WorkspaceEdit> {
    let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
    for edit in edits {
        let uri: Uri = places.uri(edit.span).parse().ok()?;
        let change = TextEdit::new(places.range(edit.span), edit.text.clone());
        changes.entry(uri).or_default().push(change);
    }
    Some(WorkspaceEdit::new(changes))
}

/// Whether two ranges have a place in common, an end included.
fn touch(one: Range, other: Range) -> bool {
    one.start <= other.end && other.start <= one.end
}

fn sentence(title: &str) -> String {
    let mut characters = title.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
