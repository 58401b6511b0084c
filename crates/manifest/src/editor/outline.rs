//! A reading of YAML that never gives up: what an editor needs to know of a text that is being typed, which is
//! broken most of the time. Indentation and brackets alone decide; what is wrong is left to the parser.

use std::ops::Range;

use super::flow;

/// How deep it looks.
const MAX_DEPTH: usize = 64;

/// A value as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A text, quotes included.
    Scalar(Range<usize>),
    /// A list.
    List(Vec<Value>),
    /// A mapping.
    Map(Layout, Vec<Entry>),
}

/// How a mapping is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// On lines of its own.
    Block,
    /// In braces.
    Flow,
}

/// A key, and a value if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The key without quotes.
    pub(super) key: Range<usize>,
    /// Whether a colon follows it.
    pub(super) colon: Colon,
    /// What stands behind the colon.
    pub(super) value: Option<Value>,
}

/// Whether a key has its colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colon {
    /// It has.
    Written,
    /// It has not: the key may be half typed.
    Missing,
}

/// The tree of a text.
pub(super) fn read(text: &str) -> Option<Value> {
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
    };
    reader.block(0)
}

/// A text without the quotes around it.
pub(super) fn bare(text: &str, range: Range<usize>) -> Range<usize> {
    let inner = &text[range.clone()];
    let Some(quote) = inner.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return range;
    };
    let closed = inner.len() > 1 && inner.ends_with(quote);
    range.start + 1..range.end - usize::from(closed)
}

pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) depth: usize,
}

/// A line that holds something.
#[derive(Debug, Clone, Copy)]
struct Line {
    indent: usize,
    start: usize,
}

impl Reader<'_> {
    /// The value whose lines are indented by `least` or more.
    fn block(&mut self, least: usize) -> Option<Value> {
        let line = self.line()?;
        if line.indent < least || self.depth >= MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let value = if self.is_item(line.start) {
            self.list(line)
        } else {
            self.map(line)
        };
        self.depth -= 1;
        Some(value)
    }

    /// The next line that holds more than blanks and comments; the reader moves to its start.
    fn line(&mut self) -> Option<Line> {
        loop {
            let rest = &self.text[self.at..];
            if rest.is_empty() {
                return None;
            }
            let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
            let line = &rest[..length];
            let content = line.trim_start_matches([' ', '\t', '\u{feff}']);
            let indent = line.len() - content.len();
            let skipped = content.trim_end().is_empty()
                || content.starts_with('#')
                || (indent == 0 && (content.starts_with("---") || content.starts_with('%')));
            if !skipped {
                return Some(Line {
                    indent,
                    start: self.at + indent,
                });
            }
            self.at += length;
        }
    }

    fn is_item(&self, start: usize) -> bool {
        let rest = &self.text[start..];
        rest.starts_with("- ")
            || rest
                .strip_prefix('-')
                .is_some_and(|rest| rest.starts_with(['\n', '\r']) || rest.is_empty())
    }

    fn list(&mut self, first: Line) -> Value {
        let mut items: Vec<Value> = Vec::new();
        while let Some(line) = self.line() {
            if line.indent > first.indent {
                let more = self.block(line.indent);
                self.skip_if_stuck(line);
                join(items.last_mut(), more);
                continue;
            }
            if line.indent < first.indent || !self.is_item(line.start) {
                break;
            }
            let rest = &self.text[line.start + 1..self.line_end(line.start)];
            let blanks = rest.len() - rest.trim_start_matches(' ').len();
            let inner = Line {
                indent: line.indent + 1 + blanks,
                start: line.start + 1 + blanks,
            };
            if rest.trim().is_empty() || rest.trim_start().starts_with('#') {
                self.at = self.next_line(line.start);
                items.extend(self.block(line.indent + 1));
            } else if self.depth >= MAX_DEPTH {
                self.at = self.next_line(line.start);
            } else {
                self.depth += 1;
                items.push(if self.is_item(inner.start) {
                    self.list_within(inner)
                } else {
                    self.map(inner)
                });
                self.depth -= 1;
            }
        }
        Value::List(items)
    }

    /// `- - a`: one item that is a list.
    fn list_within(&mut self, line: Line) -> Value {
        let inner = Line {
            indent: line.indent + 2,
            start: line.start + 2,
        };
        Value::List(vec![self.map(inner)])
    }

    /// A mapping; lines without a colon alone are a text.
    fn map(&mut self, first: Line) -> Value {
        let mut entries: Vec<Entry> = Vec::new();
        let mut next = Some(first);
        while let Some(line) = next.take().or_else(|| self.line()) {
            if line.indent < first.indent {
                break;
            }
            if line.indent > first.indent {
                self.at = line.start - line.indent;
                let more = self.block(line.indent);
                self.skip_if_stuck(line);
                if let Some(entry) = entries.last_mut() {
                    adopt(entry, more);
                }
                continue;
            }
            if line.start != first.start && self.is_item(line.start) {
                let free = entries
                    .last_mut()
                    .filter(|entry| entry.colon == Colon::Written && entry.value.is_none());
                let Some(entry) = free else { break };
                entry.value = Some(self.list(line));
                continue;
            }
            if entries.is_empty()
                && self.text[line.start..].starts_with(['{', '['])
                && !self.is_template(line.start)
            {
                self.at = line.start;
                let value = flow::value(self, first.indent);
                self.at = self.next_line(self.at);
                return value;
            }
            entries.push(self.entry(line));
        }
        text_alone(&entries).unwrap_or(Value::Map(Layout::Block, entries))
    }

    /// A line that nothing took must not be read for ever.
    fn skip_if_stuck(&mut self, line: Line) {
        if self.at <= line.start {
            self.at = self.next_line(line.start);
        }
    }

    /// A key and what follows it.
    fn entry(&mut self, line: Line) -> Entry {
        let end = self.line_end(line.start);
        let written = &self.text[line.start..end];
        let (key, after) = key_of(written);
        let key = bare(self.text, line.start + key.start..line.start + key.end);
        let Some(after) = after else {
            self.at = self.next_line(line.start);
            return Entry {
                key,
                colon: Colon::Missing,
                value: None,
            };
        };
        self.at = line.start + after;
        let value = self.value(line.indent, end);
        Entry {
            key,
            colon: Colon::Written,
            value,
        }
    }

    /// What stands behind a colon; lines indented by more than `indent` belong to it.
    fn value(&mut self, indent: usize, end: usize) -> Option<Value> {
        let mut written = &self.text[self.at..end];
        loop {
            let trimmed = written.trim_start_matches([' ', '\t']);
            self.at = end - trimmed.len();
            written = trimmed;
            // Anchors and tags stand before the value.
            if !written.starts_with(['&', '!']) {
                break;
            }
            written = &written[written.find([' ', '\t']).unwrap_or(written.len())..];
        }
        if written.trim_end().is_empty() || written.starts_with('#') {
            self.at = self.next_line(self.at);
            return self.below(indent);
        }
        if written.starts_with(['|', '>']) {
            return Some(self.literal(indent));
        }
        if written.starts_with(['{', '[']) && !self.is_template(self.at) {
            let value = flow::value(self, indent);
            self.at = self.next_line(self.at);
            return Some(value);
        }
        Some(self.scalar(indent, written))
    }

    /// The value on the lines below a key.
    fn below(&mut self, indent: usize) -> Option<Value> {
        let line = self.line()?;
        if line.indent == indent && self.is_item(line.start) {
            return Some(self.list(line));
        }
        self.block(indent + 1)
    }

    /// `|` or `>` with its lines.
    fn literal(&mut self, indent: usize) -> Value {
        let start = self.at;
        let mut end = self.line_end(start);
        self.at = self.next_line(start);
        while self.at < self.text.len() {
            let line_end = self.line_end(self.at);
            let line = &self.text[self.at..line_end];
            let own = line.len() - line.trim_start_matches(' ').len();
            if !line.trim().is_empty() {
                if own <= indent {
                    break;
                }
                end = line_end;
            }
            self.at = self.next_line(self.at);
        }
        Value::Scalar(start..end)
    }

    /// A text on this line, and on those below that can only be its rest.
    fn scalar(&mut self, indent: usize, written: &str) -> Value {
        let start = self.at;
        let quote = written.chars().next().filter(|c| matches!(c, '"' | '\''));
        let mut end = start + without_comment(written).len();
        if let Some(quote) = quote {
            if let Some(closed) = closing(written, quote) {
                self.at = self.next_line(start);
                return Value::Scalar(start..start + closed);
            }
            end = start + written.trim_end().len();
        }
        self.at = self.next_line(start);
        while let Some(line) = self.line() {
            let line_end = self.line_end(line.start);
            let written = &self.text[line.start..line_end];
            let is_more = line.indent > indent
                && (quote.is_some() || (key_of(written).1.is_none() && !self.is_item(line.start)));
            if !is_more {
                break;
            }
            end = line.start + without_comment(written).len();
            self.at = self.next_line(line.start);
            if quote.is_some_and(|quote| written.trim_end().ends_with(quote)) {
                break;
            }
        }
        Value::Scalar(start..end)
    }

    fn is_template(&self, at: usize) -> bool {
        self.text[at..].starts_with("{{") || self.text[at..].starts_with("{%")
    }

    /// The end of the line, its break left out.
    pub(super) fn line_end(&self, at: usize) -> usize {
        let rest = &self.text[at..];
        let line = rest.find('\n').map_or(rest, |end| &rest[..end]);
        at + line.trim_end_matches('\r').len()
    }

    fn next_line(&self, at: usize) -> usize {
        self.text[at..]
            .find('\n')
            .map_or(self.text.len(), |end| at + end + 1)
    }
}

/// Puts what is indented too far where it most likely belongs.
fn adopt(entry: &mut Entry, more: Option<Value>) {
    match &mut entry.value {
        Some(Value::Map(..) | Value::List(_)) => join(entry.value.as_mut(), more),
        value => *value = more,
    }
}

fn join(value: Option<&mut Value>, more: Option<Value>) {
    match (value, more) {
        (Some(Value::Map(_, entries)), Some(Value::Map(_, more))) => entries.extend(more),
        (Some(Value::Map(_, entries)), Some(Value::Scalar(range))) => entries.push(Entry {
            key: range,
            colon: Colon::Missing,
            value: None,
        }),
        (Some(Value::List(items)), Some(Value::List(more))) => items.extend(more),
        _ => {}
    }
}

/// Lines of which none has a colon.
fn text_alone(entries: &[Entry]) -> Option<Value> {
    let none = entries.iter().all(|entry| entry.colon == Colon::Missing);
    match (entries.first(), entries.last()) {
        (Some(first), Some(last)) if none => Some(Value::Scalar(first.key.start..last.key.end)),
        _ => None,
    }
}

/// The key at the start of a line, and where its colon ends.
fn key_of(line: &str) -> (Range<usize>, Option<usize>) {
    let quote = line.chars().next().filter(|c| matches!(c, '"' | '\''));
    if let Some(end) = quote.and_then(|quote| closing(line, quote)) {
        let rest = line[end..].trim_start();
        let colon = line.len() - rest.len() + 1;
        let after = rest.starts_with(':').then_some(colon);
        return (0..end, after);
    }
    let line = without_comment(line);
    for (at, _) in line.match_indices(':') {
        let rest = &line[at + 1..];
        if rest.is_empty() || rest.starts_with([' ', '\t', super::MARK]) {
            return (0..line[..at].trim_end().len(), Some(at + 1));
        }
    }
    (0..line.len(), None)
}

/// Where a quoted text at the start ends, its quote included.
pub(super) fn closing(text: &str, quote: char) -> Option<usize> {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c == '\\' && quote == '"' {
            characters.next();
        } else if c == quote {
            if quote == '\'' && characters.peek().is_some_and(|(_, next)| *next == '\'') {
                characters.next();
                continue;
            }
            return Some(at + 1);
        }
    }
    None
}

/// A plain text without the comment behind it.
pub(super) fn without_comment(text: &str) -> &str {
    let end = text.find(" #").unwrap_or(text.len());
    text[..end].trim_end()
}
