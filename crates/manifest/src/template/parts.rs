//! Cuts a text into literal parts and slots. Only `{{` is special; what
//! stands inside a slot is read elsewhere.

use std::ops::Range;

use super::error::TemplateError;

/// A piece of a template's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RawPart {
    /// Text as it is.
    Text(Range<usize>),
    /// `{{ … }}`: the whole and what is between the braces.
    Slot {
        outer: Range<usize>,
        inner: Range<usize>,
    },
}

/// Cuts a text. A slot that is never closed is an error and ends the cutting.
pub(super) fn cut(text: &str) -> Result<Vec<RawPart>, TemplateError> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("{{") {
        let open = at + found;
        if open > at {
            parts.push(RawPart::Text(at..open));
        }
        let close = find_close(text, open + 2).ok_or_else(|| unclosed(text, open))?;
        parts.push(RawPart::Slot {
            outer: open..close + 2,
            inner: open + 2..close,
        });
        at = close + 2;
    }
    if at < text.len() {
        parts.push(RawPart::Text(at..text.len()));
    }
    Ok(parts)
}

/// The `}}` that ends a slot: outside of quotes and of inner braces.
fn find_close(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut quote) = (from, 0usize, None);
    while at < bytes.len() {
        match (bytes[at], quote) {
            (b'\\', Some(_)) => at += 1,
            (byte, Some(open)) if byte == open => quote = None,
            (_, Some(_)) => {}
            (byte @ (b'"' | b'\''), None) => quote = Some(byte),
            (b'{', None) => depth += 1,
            (b'}', None) if depth > 0 => depth -= 1,
            (b'}', None) if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

fn unclosed(text: &str, open: usize) -> TemplateError {
    let end = text[open..]
        .find('\n')
        .map_or(text.len(), |newline| open + newline);
    TemplateError {
        code: "template-syntax",
        range: open..end,
        message: "this `{{` is never closed".into(),
        help: Some("end the slot with `}}` and close its quotes; `{{ '{{' }}` writes literal braces".into()),
    }
}
