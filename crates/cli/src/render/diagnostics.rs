//! Diagnostics for people: the message, the author's line with a caret under
//! the exact text, what to do about it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet, normalize_untrusted_str,
};
use toolrun_manifest::{Diagnostic, Fix, Label, LabelKind, Severity, SourceId, Sources};

use crate::console::Console;

/// Columns below which lines of the source are no longer cut to fit: the caret
/// and its words would be all that is left.
const NARROWEST: usize = 40;

/// Draws one diagnostic, with a line end.
pub(crate) fn draw(diagnostic: &Diagnostic, sources: &Sources, console: &Console) -> String {
    let base = if console.colour() {
        Renderer::styled().hyperlink(false)
    } else {
        Renderer::plain()
    };
    let renderer = match console.width() {
        Some(width) => base.term_width(width.max(NARROWEST)),
        None => base,
    };
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut main = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code)
        .elements(
            sources_of(diagnostic)
                .into_iter()
                .map(|id| snippet(diagnostic, sources, id)),
        );
    if let Some(help) = &diagnostic.help {
        main = main.element(Level::HELP.message(lines_of(help)));
    }
    let mut groups = vec![main];
    let fix = diagnostic
        .fix
        .as_ref()
        .filter(|fix| !is_said(fix, diagnostic.help.as_deref()));
    groups.extend(fix.map(|fix| suggestion(fix, sources)));
    format!("{}\n", renderer.render(&groups).trim_end_matches('\n'))
}

/// `2 errors, 1 warning in shop.yaml`.
pub(crate) fn summary(errors: usize, warnings: usize, place: &str) -> String {
    match (errors, warnings) {
        (0, 0) => format!("no problems in {place}"),
        (errors, 0) => format!("{} in {place}", counted(errors, "error")),
        (0, warnings) => format!("{} in {place}", counted(warnings, "warning")),
        (errors, warnings) => {
            format!(
                "{}, {} in {place}",
                counted(errors, "error"),
                counted(warnings, "warning")
            )
        }
    }
}

/// `1 error`, `2 errors`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// Whether the help says the fix already: one word in the place of another.
fn is_said(fix: &Fix, help: Option<&str>) -> bool {
    match (fix.edits.as_slice(), help) {
        ([edit], Some(help)) => help.contains(&format!("`{}`", edit.text)),
        _ => false,
    }
}

/// The sources with a label, the primary one first.
fn sources_of(diagnostic: &Diagnostic) -> Vec<SourceId> {
    let mut seen = BTreeSet::new();
    diagnostic
        .labels
        .iter()
        .map(|label| label.span.source)
        .filter(|id| seen.insert(*id))
        .collect()
}

fn snippet<'a>(
    diagnostic: &'a Diagnostic,
    sources: &'a Sources,
    id: SourceId,
) -> Snippet<'a, Annotation<'a>> {
    let source = sources.get(id);
    let labels = diagnostic.labels.iter().filter(|label| label.span.source == id);
    Snippet::source(shown(&source.text))
        .path(normalize_untrusted_str(&source.name))
        .annotations(labels.map(|label| annotation(label, &source.text)))
}

fn annotation<'a>(label: &'a Label, text: &str) -> Annotation<'a> {
    let kind = match label.kind {
        LabelKind::Primary => AnnotationKind::Primary,
        LabelKind::Context => AnnotationKind::Context,
    };
    let words = Some(label.text.as_str()).filter(|words| !words.is_empty());
    kind.span(first_line(label.span.range(), text)).label(words)
}

/// The part of a range on its first line: a caret under a whole block would
/// draw the block instead of pointing.
fn first_line(range: std::ops::Range<usize>, text: &str) -> std::ops::Range<usize> {
    let end = text[range.clone()]
        .find('\n')
        .map_or(range.end, |newline| range.start + newline);
    let end = range.start + text[range.start..end].trim_end().len();
    range.start..end
}

fn suggestion<'a>(fix: &'a Fix, sources: &'a Sources) -> Group<'a> {
    let title = Level::HELP.secondary_title(normalize_untrusted_str(&fix.title));
    let mut seen = BTreeSet::new();
    let ids = fix
        .edits
        .iter()
        .map(|edit| edit.span.source)
        .filter(|id| seen.insert(*id));
    title.elements(ids.map(|id| {
        let source = sources.get(id);
        let edits = fix.edits.iter().filter(|edit| edit.span.source == id);
        Snippet::source(shown(&source.text))
            .path(normalize_untrusted_str(&source.name))
            .patches(edits.map(|edit| Patch::new(edit.span.range(), edit.text.as_str())))
    }))
}

/// Help may have several lines; each is cleaned on its own.
fn lines_of(help: &str) -> String {
    help.lines()
        .map(normalize_untrusted_str)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The source with C1 controls, which the renderer lets through, replaced by
/// a character of the same length, so that every offset stays right.
fn shown(text: &str) -> Cow<'_, str> {
    let is_c1 = |c: char| ('\u{80}'..='\u{9f}').contains(&c);
    if text.contains(is_c1) {
        Cow::Owned(
            text.chars()
                .map(|c| if is_c1(c) { '\u{a4}' } else { c })
                .collect(),
        )
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_in_english() {
        assert_eq!(summary(0, 0, "a.yaml"), "no problems in a.yaml");
        assert_eq!(summary(1, 0, "a.yaml"), "1 error in a.yaml");
        assert_eq!(summary(2, 1, "a.yaml"), "2 errors, 1 warning in a.yaml");
        assert_eq!(summary(0, 3, "3 files"), "3 warnings in 3 files");
    }

    #[test]
    fn replacing_controls_keeps_every_offset() {
        let text = "a\u{9b}b";
        assert_eq!(shown(text).len(), text.len());
        assert!(!shown(text).contains('\u{9b}'));
    }

    #[test]
    fn a_long_range_is_shown_by_its_first_line() {
        assert_eq!(first_line(0..7, "ab  \ncd"), 0..2);
        assert_eq!(first_line(1..2, "abc"), 1..2);
        assert_eq!(first_line(2..2, "ab"), 2..2);
    }
}
