//! Brackets and braces, closed or not yet.

use std::ops::Range;

use super::MARK;
use super::outline::{Colon, Entry, Layout, Reader, Value, bare, closing};

/// The value at the reader, which stands on `[` or `{`. Where a line that is indented by `indent` or less
/// starts with a key, a bracket was left open.
pub(super) fn value(reader: &mut Reader<'_>, indent: usize) -> Value {
    Flow { reader, indent }.value(0)
}

/// How deep brackets are followed.
const MAX_DEPTH: usize = 64;

/// How far a text in quotes may go on over several lines.
const NEAR: usize = 4096;

struct Flow<'r, 't> {
    reader: &'r mut Reader<'t>,
    indent: usize,
}

impl Flow<'_, '_> {
    fn value(&mut self, depth: usize) -> Value {
        let open = self.peek();
        if depth < MAX_DEPTH && open == Some('{') && !self.rest().starts_with("{{") {
            self.reader.at += 1;
            return Value::Map(Layout::Flow, self.entries(depth));
        }
        if depth < MAX_DEPTH && open == Some('[') {
            self.reader.at += 1;
            return Value::List(self.items(depth));
        }
        Value::Scalar(self.text(End::Value))
    }

    fn entries(&mut self, depth: usize) -> Vec<Entry> {
        let mut entries = Vec::new();
        while self.more('}') {
            let start = self.reader.at;
            entries.push(self.entry(depth));
            self.moved_from(start);
        }
        entries
    }

    fn items(&mut self, depth: usize) -> Vec<Value> {
        let mut items = Vec::new();
        while self.more(']') {
            let start = self.reader.at;
            if matches!(self.peek(), Some('{' | '[')) {
                items.push(self.value(depth + 1));
            } else {
                let entry = self.entry(depth);
                items.push(match entry.colon {
                    Colon::Written => Value::Map(Layout::Flow, vec![entry]),
                    Colon::Missing => Value::Scalar(entry.key),
                });
            }
            self.moved_from(start);
        }
        items
    }

    fn entry(&mut self, depth: usize) -> Entry {
        let key = self.text(End::Key);
        let key = bare(self.reader.text, key);
        self.blanks();
        if self.peek() != Some(':') {
            return Entry {
                key,
                colon: Colon::Missing,
                value: None,
            };
        }
        self.reader.at += 1;
        self.blanks();
        let value = match self.peek() {
            None | Some(',' | '}' | ']' | '\n' | '\r') => None,
            Some(_) => Some(self.value(depth + 1)),
        };
        Entry {
            key,
            colon: Colon::Written,
            value,
        }
    }

    /// Moves to what comes next; no more when the bracket closes, or was left open.
    fn more(&mut self, close: char) -> bool {
        loop {
            match self.peek() {
                None => return false,
                Some(c) if c == close => {
                    self.reader.at += 1;
                    return false;
                }
                Some('\n') => {
                    if self.is_left_open() {
                        return false;
                    }
                    self.reader.at += 1;
                }
                Some(' ' | '\t' | '\r' | ',') => self.reader.at += 1,
                Some('#') => self.reader.at = self.reader.line_end(self.reader.at),
                // The other bracket closes what is around this one.
                Some('}' | ']') => return false,
                Some(_) => return true,
            }
        }
    }

    /// Whether the next line is one of the block around the brackets.
    fn is_left_open(&self) -> bool {
        let line = self.rest().split('\n').nth(1).unwrap_or_default();
        let content = line.trim_start_matches(' ');
        let key = content.split([' ', '\r']).next().unwrap_or_default();
        line.len() - content.len() <= self.indent && (key.ends_with(':') || key == "-")
    }

    /// A text up to where it ends.
    fn text(&mut self, end: End) -> Range<usize> {
        let start = self.reader.at;
        let rest = self.rest();
        if let Some(quote) = self.peek().filter(|c| matches!(c, '"' | '\'')) {
            // Most are short: what follows is looked at no further than it must be.
            let near = &rest[..rest.floor_char_boundary(NEAR)];
            let length = closing(near, quote).unwrap_or_else(|| {
                let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
                closing(line, quote).unwrap_or_else(|| line.trim_end().len())
            });
            self.reader.at += length;
            return start..start + length;
        }
        let mut template = 0;
        let mut length = rest.len();
        for (at, c) in rest.char_indices() {
            let tail = &rest[at..];
            if tail.starts_with("{{") {
                template += 1;
            } else if template > 0 && tail.starts_with("}}") {
                template -= 1;
            }
            // The second brace of a pair that closes a template.
            let closes = at > 0 && c == '}' && rest[..at].ends_with('}') && rest[..at].contains("{{");
            let ends = match c {
                '\n' => true,
                _ if template > 0 || closes || tail.starts_with("}}") && rest[..at].contains("{{") => false,
                ',' | '}' | ']' => true,
                '#' => rest[..at].ends_with(' '),
                ':' if end == End::Key => {
                    let next = tail[1..].chars().next();
                    next.is_none_or(|next| {
                        matches!(next, ' ' | '\n' | '\r' | ',' | '}' | ']' | '{' | '[' | '"') || next == MARK
                    })
                }
                _ => false,
            };
            if ends {
                length = at;
                break;
            }
        }
        let length = rest[..length].trim_end().len();
        self.reader.at += length;
        start..start + length
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.reader.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    }

    /// What cannot be read is passed over.
    fn moved_from(&mut self, start: usize) {
        if self.reader.at == start {
            self.reader.at += self.peek().map_or(0, char::len_utf8);
        }
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn rest(&self) -> &str {
        &self.reader.text[self.reader.at..]
    }
}

/// What a text is in brackets: that decides where it ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Key,
    Value,
}
