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
    let mut bytes: Vec<u8> = percent_decode_str(encoded).collect();
    if String::from_utf8_lossy(&bytes).chars().all(char::is_whitespace) {
        return Err(SegmentFault::Empty);
    }
    for _ in 0..=DECODE_DEPTH {
        if has_dot_component(&bytes) {
            return Err(SegmentFault::Dots);
        }
        let decoded = decode_once(&bytes);
        if decoded == bytes {
            break;
        }
        bytes = decoded;
    }
    Ok(())
}

/// Whether something between separators is `.` or `..` once parameters,
/// blanks and control characters are taken off.
fn has_dot_component(bytes: &[u8]) -> bool {
    let plain = shorten_overlong(bytes);
    let text: Cow<'_, str> = String::from_utf8_lossy(&plain);
    let text: String = text.chars().map(narrow).collect();
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

/// Characters that compatibility normalisation makes a dot or a slash.
fn narrow(character: char) -> char {
    match character {
        '\u{FF0E}' | '\u{2024}' | '\u{FE52}' | '\u{3002}' | '\u{FF61}' => '.',
        '\u{FF0F}' | '\u{2044}' | '\u{2215}' => '/',
        // The last two are what old servers fold into a backslash.
        '\u{FF3C}' | '\u{FE68}' | '\u{2216}' | '\u{EFC8}' | '\u{F025}' => '\\',
        other => other,
    }
}

fn is_invisible(character: char) -> bool {
    matches!(character, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{FFFD}')
}

/// Decodes `%XX` and `%uXXXX` once, as bytes.
fn decode_once(bytes: &[u8]) -> Vec<u8> {
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
    decoded
}

fn hex(digits: &[u8], count: usize) -> Option<u32> {
    let digits = digits.get(..count)?;
    digits.iter().try_fold(0, |value, digit| {
        Some(value * 16 + char::from(*digit).to_digit(16)?)
    })
}

/// Writes overlong UTF-8 forms of ASCII as ASCII, as lenient decoders read
/// them: the low bits count, and a lead byte before plain ASCII is dropped.
fn shorten_overlong(bytes: &[u8]) -> Cow<'_, [u8]> {
    if std::str::from_utf8(bytes).is_ok() {
        return Cow::Borrowed(bytes);
    }
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
    Cow::Owned(short)
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
        ];
        refused
            .iter()
            .for_each(|value| case(value, Err(SegmentFault::Dots)));
        ["", " ", "\t\n"]
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
        ];
        allowed.iter().for_each(|value| case(value, Ok(())));
    }
}
