//! A scalar's decoded text and the way back from it into the file, so that a
//! problem inside a quoted, folded or literal scalar is underlined exactly.

use std::ops::Range;

use crate::source::Span;

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Without quotes.
    Plain,
    /// In `'…'`.
    Single,
    /// In `"…"`.
    Double,
    /// After `|` or `>`.
    Block,
}

/// The text of a scalar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    value: String,
    span: Span,
    style: Style,
    layout: Layout,
}

/// How bytes of the value lie in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Layout {
    /// One after the other, from this byte on.
    Direct(usize),
    /// With escapes, folds or indentation: the raw text tells.
    Coded(String),
}

impl Text {
    /// A text that stands at `span` (quotes included) as `raw`.
    pub(crate) fn new(value: String, span: Span, style: Style, raw: &str) -> Self {
        let inner = match style {
            Style::Single | Style::Double => raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default(),
            Style::Plain | Style::Block => raw,
        };
        let offset = usize::from(matches!(style, Style::Single | Style::Double));
        let layout = if inner == value {
            Layout::Direct(span.start + offset)
        } else {
            Layout::Coded(raw.to_owned())
        };
        Self {
            value,
            span,
            style,
            layout,
        }
    }

    /// The decoded text.
    pub(crate) fn as_str(&self) -> &str {
        &self.value
    }

    /// All of it in the file, quotes included.
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// How it is written.
    pub(crate) fn style(&self) -> Style {
        self.style
    }

    /// Where a byte range of the decoded text stands in the file; ranges that
    /// cut a character are widened to it.
    pub(crate) fn span_of(&self, range: Range<usize>) -> Span {
        match &self.layout {
            Layout::Direct(base) => {
                let start = self.value.floor_char_boundary(range.start);
                let end = self.value.ceil_char_boundary(range.end.max(range.start));
                Span {
                    start: base + start,
                    end: base + end,
                    ..self.span
                }
            }
            Layout::Coded(raw) => {
                let Some(map) = Walker::new(raw, self.style).map(&self.value, &range) else {
                    return self.span;
                };
                Span {
                    start: self.span.start + map.start,
                    end: self.span.start + map.end,
                    ..self.span
                }
            }
        }
    }
}

/// Walks the raw text along its decoded form.
struct Walker<'r> {
    raw: &'r str,
    at: usize,
    style: Style,
    indent: usize,
}

impl<'r> Walker<'r> {
    fn new(raw: &'r str, style: Style) -> Self {
        let (at, indent) = match style {
            Style::Plain => (0, 0),
            Style::Single | Style::Double => (1, 0),
            Style::Block => block_start(raw),
        };
        Self {
            raw,
            at,
            style,
            indent,
        }
    }

    /// The raw range of a decoded one; `None` when the two do not match.
    fn map(mut self, value: &str, range: &Range<usize>) -> Option<Range<usize>> {
        let mut start = None;
        let mut end = self.at;
        for (index, expected) in value.char_indices() {
            if index >= range.end && start.is_some() {
                break;
            }
            let from = self.step(expected)?;
            if index >= range.start && start.is_none() {
                start = Some(from);
            }
            end = self.at;
        }
        let start = start.unwrap_or(end);
        Some(if range.is_empty() {
            start..start
        } else {
            start..end.max(start)
        })
    }

    /// Consumes what one decoded character is written as; returns its start.
    fn step(&mut self, expected: char) -> Option<usize> {
        loop {
            let rest = &self.raw[self.at..];
            let next = rest.chars().next()?;
            let start = self.at;
            match (self.style, next) {
                (Style::Double, '\\') => {
                    if let Some(folded) = escaped_newline(rest) {
                        self.at += folded;
                        continue;
                    }
                    self.at += escape_length(rest)?;
                    return Some(start);
                }
                (Style::Single, '\'') => {
                    self.at += 2;
                    return (expected == '\'').then_some(start);
                }
                _ if next == expected && !self.ends_line(rest, next) => {
                    self.at += next.len_utf8();
                    if next == '\n' {
                        self.skip_indent();
                    }
                    return Some(start);
                }
                (_, '\n') if expected == ' ' => {
                    self.at += 1;
                    self.skip_indent();
                    return Some(start);
                }
                (_, '\n') => {
                    self.at += 1;
                    self.skip_indent();
                }
                (_, ' ' | '\t' | '\r') => self.at += 1,
                _ => return None,
            }
        }
    }

    /// Whether a blank belongs to the end of a line that is folded away.
    fn ends_line(&self, rest: &str, next: char) -> bool {
        self.style != Style::Block
            && next == ' '
            && rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n')
    }

    fn skip_indent(&mut self) {
        let rest = &self.raw.as_bytes()[self.at..];
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
        self.at += match self.style {
            Style::Block => blanks.take(self.indent).count(),
            _ => blanks.count(),
        };
    }
}

/// Where the content of a block scalar starts, and its indentation.
fn block_start(raw: &str) -> (usize, usize) {
    let Some(header) = raw.find('\n') else {
        return (raw.len(), 0);
    };
    let is_header = raw.starts_with(['|', '>']);
    let body = if is_header { &raw[header + 1..] } else { raw };
    let first = body
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let indent = first.len() - first.trim_start_matches(' ').len();
    let lead = body.bytes().take_while(|byte| *byte == b' ').count().min(indent);
    (raw.len() - body.len() + lead, indent)
}

/// The length of an escape at the start of `rest`, surrogate pairs as one.
fn escape_length(rest: &str) -> Option<usize> {
    let kind = rest.chars().nth(1)?;
    Some(match kind {
        'x' => 4,
        'u' if rest
            .get(2..4)
            .is_some_and(|hex| hex.to_ascii_lowercase().starts_with('d') && hex.as_bytes()[1] >= b'8') =>
        {
            12
        }
        'u' => 6,
        'U' => 10,
        other => 1 + other.len_utf8(),
    })
    .filter(|length| rest.len() >= *length)
}

/// The length of `\` + line break + indentation, which stand for nothing.
fn escaped_newline(rest: &str) -> Option<usize> {
    let line = rest[1..].trim_start_matches('\r').strip_prefix('\n')?;
    let body = line.trim_start_matches([' ', '\t']);
    Some(rest.len() - body.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceId;

    #[track_caller]
    fn case(raw: &str, style: Style, value: &str, part: &str, expected: &str) {
        let span = Span {
            source: SourceId(0),
            start: 100,
            end: 100 + raw.len(),
        };
        let text = Text::new(value.to_owned(), span, style, raw);
        let start = value.find(part).expect("the part is in the value");
        let found = text.span_of(start..start + part.len());
        assert_eq!(&raw[found.start - 100..found.end - 100], expected);
    }

    #[test]
    fn ranges_lead_back_into_the_file() {
        case("a {{ b }}", Style::Plain, "a {{ b }}", "b", "b");
        case("\"a {{ b }}\"", Style::Double, "a {{ b }}", "b", "b");
        case(
            "\"a\\n\\u00e9 {{ b }}\"",
            Style::Double,
            "a\né {{ b }}",
            "{{ b }}",
            "{{ b }}",
        );
        case(
            "\"\\ud83d\\ude00 {{ b }}\"",
            Style::Double,
            "😀 {{ b }}",
            "b",
            "b",
        );
        case("'it''s {{ b }}'", Style::Single, "it's {{ b }}", "b", "b");
        case("a\n    c {{ b }}", Style::Plain, "a c {{ b }}", "b", "b");
        case("\"a \n\n  c b\"", Style::Double, "a\nc b", "b", "b");
        case("\"a\\\n   b\"", Style::Double, "ab", "b", "b");
        case(
            "|\n  x\n    y {{ b }}\n",
            Style::Block,
            "x\n  y {{ b }}\n",
            "{{ b }}",
            "{{ b }}",
        );
        case(
            ">\n  x\n  y {{ b }}\n",
            Style::Block,
            "x y {{ b }}\n",
            "{{ b }}",
            "{{ b }}",
        );
        case(">-\n\n  x\n\n  y b", Style::Block, "\nx\ny b", "b", "b");
    }
}
