//! Lines and characters of the protocol, and bytes of ours.

use std::ops::Range;

use lsp_types::{Position, PositionEncodingKind};

/// What the editor counts within a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Encoding {
    /// Units of UTF-16: every editor can.
    #[default]
    Utf16,
    /// Bytes.
    Utf8,
}

impl Encoding {
    /// Bytes when the editor offers them: nothing is to be counted then.
    pub(super) fn choose(offered: Option<&[PositionEncodingKind]>) -> Self {
        match offered {
            Some(offered) if offered.contains(&PositionEncodingKind::UTF8) => Self::Utf8,
            _ => Self::Utf16,
        }
    }

    /// As the protocol names it.
    pub(super) fn name(self) -> PositionEncodingKind {
        match self {
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf8 => PositionEncodingKind::UTF8,
        }
    }

    fn units(self, c: char) -> usize {
        match self {
            Self::Utf16 => c.len_utf16(),
            Self::Utf8 => c.len_utf8(),
        }
    }
}

/// A text with its lines.
#[derive(Debug)]
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    encoding: Encoding,
}

impl<'t> Lines<'t> {
    /// Finds the lines: `\n`, `\r\n` and `\r` end one.
    pub(super) fn new(text: &'t str, encoding: Encoding) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes
            .iter()
            .enumerate()
            .filter(|(at, byte)| **byte == b'\n' || (**byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')));
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self {
            text,
            starts,
            encoding,
        }
    }

    /// The byte of a position; beyond the end of a line or text, that end.
    pub(super) fn byte(&self, position: Position) -> usize {
        let line = usize::try_from(position.line).unwrap_or(usize::MAX);
        let Some(start) = self.starts.get(line).copied() else {
            return self.text.len();
        };
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        let content = self.text[start..end].trim_end_matches(['\r', '\n']);
        let wanted = usize::try_from(position.character).unwrap_or(usize::MAX);
        let mut units = 0;
        for (at, c) in content.char_indices() {
            units += self.encoding.units(c);
            // Within a character is before it.
            if units > wanted {
                return start + at;
            }
        }
        start + content.len()
    }

    /// The position of a byte.
    pub(super) fn position(&self, byte: usize) -> Position {
        let byte = self.text.floor_char_boundary(byte.min(self.text.len()));
        let line = self.starts.partition_point(|start| *start <= byte) - 1;
        let before = &self.text[self.starts[line]..byte];
        let character: usize = before.chars().map(|c| self.encoding.units(c)).sum();
        Position::new(small(line), small(character))
    }

    /// The range of some bytes.
    pub(super) fn range(&self, bytes: &Range<usize>) -> lsp_types::Range {
        lsp_types::Range::new(self.position(bytes.start), self.position(bytes.end))
    }
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_and_bytes_lead_to_each_other() {
        let text = "a\r\nä😀b\n\nc\rd";
        for (byte, line, utf16, utf8) in [
            (0, 0, 0, 0),
            (1, 0, 1, 1),
            (3, 1, 0, 0),
            (5, 1, 1, 2),
            (9, 1, 3, 6),
            (10, 1, 4, 7),
            (11, 2, 0, 0),
            (12, 3, 0, 0),
            (14, 4, 0, 0),
            (15, 4, 1, 1),
        ] {
            for (encoding, character) in [(Encoding::Utf16, utf16), (Encoding::Utf8, utf8)] {
                let lines = Lines::new(text, encoding);
                let position = Position::new(line, character);
                assert_eq!(lines.position(byte), position, "byte {byte}");
                assert_eq!(lines.byte(position), byte, "{position:?}");
            }
        }
    }

    #[test]
    fn what_lies_beyond_is_the_end() {
        let lines = Lines::new("ab\r\n😀", Encoding::Utf16);
        for (line, character, byte) in [(0, 99, 2), (9, 0, 8), (1, 1, 4), (1, 99, 8)] {
            assert_eq!(lines.byte(Position::new(line, character)), byte);
        }
        let empty = Lines::new("", Encoding::Utf16);
        assert_eq!(empty.position(5), Position::new(0, 0));
    }
}
