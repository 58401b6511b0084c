//! Resolves the escapes of JSON strings in any text, and remembers where each
//! byte came from, so that what is found in the plain text can be hidden in
//! the escaped one.

/// A text without escapes.
pub(crate) struct Unescaped {
    /// The text.
    pub(crate) text: String,
    /// For each byte of the text, and for its end, the byte of the original
    /// text at which its spelling begins.
    pub(crate) from: Vec<usize>,
}

/// The text with its escapes resolved; nothing when there are none. `origin`
/// is where the bytes of a text that was itself unescaped came from.
pub(crate) fn unescaped(text: &str, origin: Option<&[usize]>) -> Option<Unescaped> {
    if !text.contains('\\') {
        return None;
    }
    let original = |at: usize| origin.map_or(at, |origin| origin[at]);
    let mut plain = Unescaped {
        text: String::with_capacity(text.len()),
        from: Vec::with_capacity(text.len() + 1),
    };
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let (resolved, length) = escape(&text[at..]).unwrap_or((c, c.len_utf8()));
        let written = resolved.len_utf8();
        // Bytes of one character that was spelled out all begin with it.
        plain.from.extend((0..written).map(|byte| {
            let inside = if length == written { byte } else { 0 };
            original(at + inside)
        }));
        plain.text.push(resolved);
        at += length;
    }
    plain.from.push(original(text.len()));
    Some(plain)
}

/// The character that an escape at the start of a text stands for, and the
/// length of the escape.
fn escape(text: &str) -> Option<(char, usize)> {
    let mut bytes = text.bytes();
    if bytes.next() != Some(b'\\') {
        return None;
    }
    let c = match bytes.next()? {
        b'u' => return unicode(text),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        plain @ (b'"' | b'\\' | b'/') => char::from(plain),
        _ => return None,
    };
    Some((c, 2))
}

/// `\uXXXX`, or two of them for a character beyond the first 65,536.
fn unicode(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u16::from_str_radix(digits, 16).ok().filter(|_| hex)
    };
    let first = unit(0)?;
    if let Some(c) = char::from_u32(first.into()) {
        return Some((c, 6));
    }
    let pair = [first, unit(6)?];
    let c = char::decode_utf16(pair).next()?.ok()?;
    Some((c, 12))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_resolved_and_the_rest_stays() {
        for (text, plain) in [
            (r"\u0042\/\n\\", "B/\n\\"),
            (r"\ud83d\ude00 \ud83d \u12", "\u{1f600} \\ud83d \\u12"),
            (r"\x é\u+123\", "\\x é\\u+123\\"),
        ] {
            assert_eq!(unescaped(text, None).unwrap().text, plain, "{text}");
        }
        assert!(unescaped("plain", None).is_none());
    }

    #[test]
    fn every_byte_knows_where_it_came_from() {
        let plain = unescaped(r"a\u00e9é\/b", None).unwrap();
        assert_eq!(plain.text, "aéé/b");
        assert_eq!(plain.from, [0, 1, 1, 7, 8, 9, 11, 12]);
    }
}
