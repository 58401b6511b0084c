//! What can stand at the cursor, as the editor lists it.

use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionTextEdit, Documentation, MarkupContent, MarkupKind,
    Position, TextEdit,
};
use toolrun_manifest::{Completion, CompletionKind, complete, declares_toolrun};

use super::check::Checked;
use super::position::{Encoding, Lines};

/// The items at a position of a manifest; `around` are the manifests whose names are visible.
pub(super) fn items(
    uri: &str,
    text: &str,
    position: Position,
    around: &[&Checked],
    encoding: Encoding,
) -> Vec<CompletionItem> {
    if !declares_toolrun(text) {
        return Vec::new();
    }
    let lines = Lines::new(text, encoding);
    let at = lines.byte(position);
    let others: Vec<&str> = around.iter().flat_map(|checked| checked.others(uri)).collect();
    let found = complete(text, at, &others);
    let count = found.len();
    let width = count.to_string().len();
    found
        .into_iter()
        .enumerate()
        .map(|(index, found)| CompletionItem {
            sort_text: Some(format!("{index:0width$}")),
            ..item(found, &lines)
        })
        .collect()
}

fn item(found: Completion, lines: &Lines<'_>) -> CompletionItem {
    let docs = Documentation::MarkupContent(MarkupContent {
        kind: MarkupKind::Markdown,
        value: found.docs,
    });
    let has_docs = !matches!(&docs, Documentation::MarkupContent(content) if content.value.is_empty());
    CompletionItem {
        label: found.label.clone(),
        kind: Some(match found.kind {
            CompletionKind::Key => CompletionItemKind::PROPERTY,
            CompletionKind::Word => CompletionItemKind::ENUM_MEMBER,
            CompletionKind::Name => CompletionItemKind::VARIABLE,
            CompletionKind::Filter => CompletionItemKind::FUNCTION,
        }),
        detail: (!found.detail.is_empty()).then_some(found.detail),
        documentation: has_docs.then_some(docs),
        filter_text: Some(found.label),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit::new(
            lines.range(&found.range),
            found.insert,
        ))),
        ..CompletionItem::default()
    }
}
