//! Diagnostics for people: the message, the author's line with a caret under
//! the exact text, what to do about it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet, normalize_untrusted_str,
};
use toolrun_manifest::{Diagnostic, Fix, Label, LabelKind, Severity, SourceId, Sources, Span, is_invisible};

use crate::console::Console;

/// Columns below which lines of the source are no longer cut to fit: the caret
/// and its words would be all that is left.
const NARROWEST: usize = 40;

/// Bytes between labels of one diagnostic beyond which they are drawn apart.
const FAR_APART: usize = 32 << 10;

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
        .primary_title(said(&diagnostic.message))
        .id(diagnostic.code)
        .elements(
            sources_of(diagnostic)
                .into_iter()
                .flat_map(|id| snippets(diagnostic, sources, id)),
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
        ([edit], Some(help)) => help.contains(&format!("`{}`", edit.text.trim_end().trim_end_matches(','))),
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

/// The lines of one source that have labels. They are drawn together, unless
/// they are far apart: whatever lies between would be read for nothing.
fn snippets<'a>(
    diagnostic: &'a Diagnostic,
    sources: &'a Sources,
    id: SourceId,
) -> Vec<Snippet<'a, Annotation<'a>>> {
    let labels: Vec<&Label> = diagnostic
        .labels
        .iter()
        .filter(|label| label.span.source == id)
        .collect();
    let spans: Vec<Span> = labels.iter().map(|label| label.span).collect();
    let together = Window::around(&spans, sources);
    if together.text.len() <= FAR_APART {
        return vec![snippet(&labels, &together)];
    }
    labels
        .iter()
        .map(|label| snippet(&[label], &Window::around(&[label.span], sources)))
        .collect()
}

fn snippet<'a>(labels: &[&'a Label], window: &Window<'a>) -> Snippet<'a, Annotation<'a>> {
    let annotations = labels.iter().map(|label| annotation(label, window));
    window.snippet().annotations(annotations)
}

fn annotation<'a>(label: &'a Label, window: &Window<'a>) -> Annotation<'a> {
    let kind = match label.kind {
        LabelKind::Primary => AnnotationKind::Primary,
        LabelKind::Context => AnnotationKind::Context,
    };
    let words = Some(said(&label.text)).filter(|words| !words.is_empty());
    kind.span(first_line(window.range(label.span), &window.text))
        .label(words)
}

/// Whole lines of a source: to draw one line of a long file, the others need
/// not be looked at.
struct Window<'a> {
    name: &'a str,
    text: Cow<'a, str>,
    /// Where it starts.
    start: usize,
    /// The number of its first line.
    line: usize,
}

impl<'a> Window<'a> {
    fn around(spans: &[Span], sources: &'a Sources) -> Self {
        let first = spans.iter().min_by_key(|span| span.start);
        let first = *first.expect("a diagnostic has a label, a fix has an edit");
        let source = sources.get(first.source);
        let last = spans.iter().map(|span| span.end).max().unwrap_or(first.end);
        let line_start = |at: usize| source.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let mut start = line_start(first.start);
        if start == source.text.len() {
            // The end of the file is drawn with the line before it.
            start = line_start(start.saturating_sub(1));
        }
        let end = source.text[last..]
            .find('\n')
            .map_or(source.text.len(), |newline| last + newline + 1);
        let line = sources.position(Span {
            start,
            end: start,
            ..first
        });
        Self {
            name: &source.name,
            text: sources.shown(Span { start, end, ..first }),
            start,
            line: line.line,
        }
    }

    fn range(&self, span: Span) -> Range<usize> {
        span.start - self.start..span.end - self.start
    }

    fn snippet<T: Clone>(&self) -> Snippet<'a, T> {
        Snippet::source(shown(self.text.clone()))
            .line_start(self.line)
            .path(normalize_untrusted_str(self.name))
    }
}

/// The part of a range on its first line: a caret under a whole block would
/// draw the block instead of pointing.
fn first_line(range: Range<usize>, text: &str) -> Range<usize> {
    let end = text[range.clone()]
        .find('\n')
        .map_or(range.end, |newline| range.start + newline);
    let end = range.start + text[range.start..end].trim_end().len();
    range.start..end
}

fn suggestion<'a>(fix: &'a Fix, sources: &'a Sources) -> Group<'a> {
    let title = Level::HELP.secondary_title(said(&fix.title));
    let mut seen = BTreeSet::new();
    let ids = fix
        .edits
        .iter()
        .map(|edit| edit.span.source)
        .filter(|id| seen.insert(*id));
    title.elements(ids.map(|id| {
        let edits: Vec<_> = fix.edits.iter().filter(|edit| edit.span.source == id).collect();
        let spans: Vec<Span> = edits.iter().map(|edit| edit.span).collect();
        let window = Window::around(&spans, sources);
        let patches = edits
            .iter()
            .map(|edit| Patch::new(window.range(edit.span), edit.text.as_str()));
        window.snippet().patches(patches.collect::<Vec<_>>())
    }))
}

/// Help may have several lines; each is cleaned on its own.
fn lines_of(help: &str) -> String {
    help.lines().map(said).collect::<Vec<_>>().join("\n")
}

/// The source with what nobody sees, and the renderer lets through, replaced
/// by a sign of the same length, so that every offset stays right.
fn shown(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return text;
    }
    let sign = |c: char| match c.len_utf8() {
        _ if !is_hidden(c) => c,
        1 => '?',
        2 => '\u{a4}',
        3 => '\u{fffd}',
        _ => '\u{1f532}',
    };
    Cow::Owned(text.chars().map(sign).collect())
}

/// Words of ours that may quote the author's: what nobody sees is spelt out.
fn said(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| {
            if is_hidden(c) {
                format!("\\u{{{:x}}}", u32::from(c))
            } else {
                c.to_string()
            }
        })
        .collect();
    normalize_untrusted_str(&text)
}

/// Controls below U+0020 are drawn as signs by the renderer itself.
fn is_hidden(c: char) -> bool {
    is_invisible(c) && c >= '\u{80}'
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
        for hidden in ['\u{9b}', '\u{ad}', '\u{200b}', '\u{e0041}'] {
            let text = format!("a{hidden}b");
            let shown = shown(Cow::Borrowed(&text));
            assert_eq!(shown.len(), text.len());
            assert!(!shown.contains(hidden) && !said(&text).contains(hidden));
        }
        assert_eq!(shown(Cow::Borrowed("a\u{200d}b")), "a\u{200d}b");
    }

    #[test]
    fn a_long_range_is_shown_by_its_first_line() {
        assert_eq!(first_line(0..7, "ab  \ncd"), 0..2);
        assert_eq!(first_line(1..2, "abc"), 1..2);
        assert_eq!(first_line(2..2, "ab"), 2..2);
    }
}
