//! Texts, byte spans and the way back to lines and columns.

use std::borrow::Cow;
use std::ops::Range;

use crate::keys::masked;

/// Which source a span points into; an index into [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub(crate) u32);

/// A byte range of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The source.
    pub source: SourceId,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// An empty span at its start.
    pub(crate) fn head(self) -> Self {
        Self {
            end: self.start,
            ..self
        }
    }

    /// From the start of this one to the end of another of the same source.
    pub(crate) fn to(self, other: Self) -> Self {
        Self {
            end: other.end.max(self.end),
            ..self
        }
    }

    /// The bytes as a range.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A named text.
#[derive(Debug, Clone)]
pub struct Source {
    /// The name as it is shown: the path as the user wrote it, or `<stdin>`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A place as people count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters (Unicode scalar values), from 1.
    pub column: usize,
}

/// All texts of one loading.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    all: Vec<Source>,
    /// Per source, the byte at which each line starts: positions are looked
    /// up for every diagnostic, and a manifest may have thousands of lines.
    lines: Vec<Vec<usize>>,
    /// Places that are never shown.
    hidden: Vec<Span>,
}

impl Sources {
    /// Adds a text and returns its id.
    pub(crate) fn add(&mut self, source: Source) -> SourceId {
        let id = SourceId(u32::try_from(self.all.len()).expect("fewer than 2^32 sources"));
        let starts = source.text.match_indices('\n').map(|(newline, _)| newline + 1);
        self.lines.push(std::iter::once(0).chain(starts).collect());
        self.all.push(source);
        id
    }

    /// The source of an id.
    pub fn get(&self, id: SourceId) -> &Source {
        &self.all[id.0 as usize]
    }

    /// All sources with their ids; the first is the file that was loaded.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        (0..).map(SourceId).zip(&self.all)
    }

    /// The line, from 1, on which a span starts.
    pub(crate) fn line(&self, span: Span) -> usize {
        let starts = &self.lines[span.source.0 as usize];
        starts.partition_point(|start| *start <= span.start)
    }

    /// Where a span starts.
    pub fn position(&self, span: Span) -> Position {
        let starts = &self.lines[span.source.0 as usize];
        let line = self.line(span);
        let text = &self.get(span.source).text;
        let before = &text.as_bytes()[starts[line - 1]..span.start.min(text.len())];
        // Continuation bytes are not the start of a character.
        let column = before.iter().filter(|byte| (**byte & 0xC0) != 0x80).count() + 1;
        Position { line, column }
    }

    /// The text of a source as it may be shown, of the same length: what looks
    /// like a key is masked.
    pub fn shown(&self, span: Span) -> Cow<'_, str> {
        let mut shown = Cow::Borrowed(self.slice(span));
        for hidden in self.hidden.iter().filter(|hidden| hidden.source == span.source) {
            let (start, end) = (hidden.start.max(span.start), hidden.end.min(span.end));
            if start < end {
                let mask = masked(&self.slice(*hidden)[start - hidden.start..end - hidden.start]);
                shown
                    .to_mut()
                    .replace_range(start - span.start..end - span.start, &mask);
            }
        }
        shown
    }

    /// Notes places that are never shown.
    pub(crate) fn hide(&mut self, places: Vec<Span>) {
        self.hidden = places;
    }

    /// The text under a span.
    pub fn slice(&self, span: Span) -> &str {
        self.get(span.source).text.get(span.range()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let mut sources = Sources::default();
        let source = sources.add(Source {
            name: "a".into(),
            text: "a\nä°b\n\nc".into(),
        });
        let at = |start| {
            sources.position(Span {
                source,
                start,
                end: start,
            })
        };
        for (byte, line, column) in [
            (0, 1, 1),
            (2, 2, 1),
            (6, 2, 3),
            (7, 2, 4),
            (8, 3, 1),
            (9, 4, 1),
            (10, 4, 2),
        ] {
            assert_eq!(at(byte), Position { line, column }, "byte {byte}");
        }
    }
}
