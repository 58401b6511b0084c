//! Which path segments lead elsewhere: the empty one, `.` and `..`, also
//! after further decoding by servers behind the server. Dots inside a name
//! (`v1..v2`, `.env`, `HEAD~3..HEAD`) are ordinary.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// How many more times something behind the server may decode a segment.
const DECODE_DEPTH: usize = 4;

/// Why a segment cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SegmentFault {
    /// It is empty or blank.
    Empty,
    /// It holds a `.` or `..` component at some depth of decoding.
    Dots,
}

/// Checks a rendered, percent-encoded segment.
pub(super) fn check(encoded: &str) -> Result<(), SegmentFault> {
    let bytes: Vec<u8> = percent_decode_str(encoded).collect();
    read_as(&bytes, DECODE_DEPTH)
}

/// Reads a segment as strict and as lenient servers do, and again after each
/// further decoding.
fn read_as(bytes: &[u8], more: usize) -> Result<(), SegmentFault> {
    let plain = plain(bytes);
    if is_blank(&plain) {
        return Err(SegmentFault::Empty);
    }
    if has_dot_component(&plain) {
        return Err(SegmentFault::Dots);
    }
    if more == 0 || !plain.contains('%') {
        return Ok(());
    }
    if let Some(decoded) = decode_once(bytes) {
        read_as(&decoded, more - 1)?;
    }
    // A lenient reading is decoded as well: an overlong or full-width `%` is
    // one to whoever reads it so.
    if plain.as_bytes() != bytes
        && let Some(decoded) = decode_once(plain.as_bytes())
    {
        read_as(&decoded, more - 1)?;
    }
    Ok(())
}

/// The text with overlong forms and compatible characters as plain ASCII.
fn plain(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        Ok(text) => text.chars().map(narrow).collect(),
        Err(_) => String::from_utf8_lossy(&shorten_overlong(bytes))
            .chars()
            .map(narrow)
            .collect(),
    }
}

/// Whether nothing but blanks is left of a name that ends at the first NUL.
fn is_blank(text: &str) -> bool {
    let name = text.split('\0').next().unwrap_or_default();
    name.chars().all(char::is_whitespace)
}

/// Whether something between separators is `.` or `..` once parameters,
/// blanks and control characters are taken off.
fn has_dot_component(text: &str) -> bool {
    text.split(['/', '\\']).any(|component| {
        let name = component.split([';', '?', '#', '\0']).next().unwrap_or_default();
        let mut dots = 0;
        for character in name.chars() {
            match character {
                '.' => dots += 1,
                '\u{2025}' => dots += 2,
                ignored if ignored.is_whitespace() || ignored.is_control() || is_invisible(ignored) => {}
                _ => return false,
            }
        }
        dots == 1 || dots == 2
    })
}

/// Characters that compatibility normalisation makes ASCII, and those that
/// it or old code pages make a dot, a slash or a backslash.
fn narrow(character: char) -> char {
    match character {
        '\u{2024}' | '\u{FE52}' | '\u{3002}' | '\u{FF61}' => '.',
        '\u{2044}' | '\u{2215}' => '/',
        '\u{FE6A}' => '%',
        // The yen and won signs stand in the place of the backslash.
        '\u{FE68}' | '\u{2216}' | '\u{EFC8}' | '\u{F025}' | '\u{A5}' | '\u{20A9}' => '\\',
        // Full-width forms, in the order of ASCII.
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(character) - 0xFEE0).unwrap_or(character),
        other => other,
    }
}

fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFD}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Decodes `%XX` and `%uXXXX` once, as bytes; nothing when there is none.
fn decode_once(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if let [b'%', b'u' | b'U', digits @ ..] = rest
            && let Some(unit) = hex(digits, 4)
            && let Some(character) = char::from_u32(unit)
        {
            decoded.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            at += 6;
        } else if let [b'%', digits @ ..] = rest
            && let Some(byte) = hex(digits, 2)
        {
            // Two digits make one byte.
            decoded.push(byte as u8);
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    // Every escape is longer than what it stands for.
    (decoded.len() < bytes.len()).then_some(decoded)
}

fn hex(digits: &[u8], count: usize) -> Option<u32> {
    let digits = digits.get(..count)?;
    digits.iter().try_fold(0, |value, digit| {
        Some(value * 16 + char::from(*digit).to_digit(16)?)
    })
}

/// Writes overlong UTF-8 forms of ASCII as ASCII, as lenient decoders read
/// them: the low bits count, and a lead byte before plain ASCII is dropped.
fn shorten_overlong(bytes: &[u8]) -> Vec<u8> {
    let mut short = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let (length, low) = match &bytes[at..] {
            [0xC0 | 0xC1, plain, ..] if plain.is_ascii() => (2, *plain),
            [lead @ (0xC0 | 0xC1), low, ..] => (2, ((lead & 1) << 6) | (low & 0x3F)),
            [0xE0, high @ (0x80 | 0x81 | 0x40 | 0x41), low, ..] => (3, ((high & 1) << 6) | (low & 0x3F)),
            [0xF0, 0x80, high @ (0x80 | 0x81), low, ..] => (4, ((high & 1) << 6) | (low & 0x3F)),
            [0xF8, 0x80, 0x80, high @ (0x80 | 0x81), low, ..] => (5, ((high & 1) << 6) | (low & 0x3F)),
            [0xFC, 0x80, 0x80, 0x80, high @ (0x80 | 0x81), low, ..] => (6, ((high & 1) << 6) | (low & 0x3F)),
            [byte, ..] => (1, *byte),
            [] => break,
        };
        short.push(low);
        at += length;
    }
    short
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

    use super::*;

    #[track_caller]
    fn case(value: &str, expected: Result<(), SegmentFault>) {
        let encoded = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
        assert_eq!(check(&encoded), expected, "{value:?}");
    }

    #[test]
    fn dot_components_are_refused_at_every_depth() {
        let refused = [
            ".",
            "..",
            "../etc",
            "a/../b",
            "a/./b",
            "..\\x",
            "..;x",
            "..;/x",
            "\t..\r\n",
            ".\t.",
            "..\0x",
            "%2e%2e",
            ".%2e",
            "%252e%252e%252f",
            "%2525252e",
            "%c0%ae%c0%ae/",
            "%c0%2e%c0%2e/",
            "%e0%80%ae%e0%80%ae",
            "%u002e%u002e",
            "..%c0%5c",
            "%c0%2e%c0%2e%c0%5cx",
            "..%uEFC8x",
            "%e0%40%ae%e0%40%ae",
            "\u{FF0E}\u{FF0E}",
            "\u{2025}",
            "..\u{FF0F}x",
            "..?x",
            "%2e%2e%00x",
            "a\\..",
            "%c0%a52e%c0%a52e",
            "\u{FF05}2e\u{FF05}2e",
            "\u{FF05}\u{FF12}\u{FF45}.",
            "%EF%25BC%258E.",
            "..\u{A5}x",
            "..\u{20A9}x",
            "..\u{FF1B}x",
            "..\u{FE0F}",
            ".\u{E0020}.",
            "%uFF0E%uFF0E",
        ];
        refused
            .iter()
            .for_each(|value| case(value, Err(SegmentFault::Dots)));
        [
            "", " ", "\t\n", "\0", "\0x", "\u{3000}", "%20", "%2509", "%00", "%2500x", "%c0%80",
        ]
        .iter()
        .for_each(|value| case(value, Err(SegmentFault::Empty)));
    }

    #[test]
    fn names_with_dots_and_every_script_pass() {
        let allowed = [
            "v1..v2",
            "HEAD~3..HEAD",
            ".env",
            "a/b",
            "50%",
            "user@x",
            "...",
            "a.",
            "file.tar.gz",
            "👩‍👩‍👧",
            "Ω≈ç√",
            "田中さん",
            "%",
            "%zz",
            "a;b",
            "2026-01-01..2026-02-01",
            "\u{200B}x",
            "/",
            "%2F",
            "50\u{FF05}",
            "\u{A5}100",
            "\u{3002}\u{3002}\u{3002}",
            "a\0",
            "%zz%2",
        ];
        allowed.iter().for_each(|value| case(value, Ok(())));
    }
}
