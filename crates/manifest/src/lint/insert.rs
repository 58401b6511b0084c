//! Adds a keyword to a param in the way its author writes: on a line of its
//! own, or inside the braces. Not a rule.

use crate::decl::param::ParamDecl;
use crate::diagnostic::Edit;
use crate::node::{Entry, Kind};
use crate::source::{Sources, Span};

/// The edit that writes `added`, such as `format: date`, at a param. `None`
/// when it is not plain where.
pub(crate) fn keyword(param: &ParamDecl<'_>, added: &str, sources: &Sources) -> Option<Edit> {
    let body = param.body?;
    let Kind::Map(entries) = &body.kind else {
        return None;
    };
    let text = &sources.get(body.span.source).text;
    let after = |entry: &Entry| entry.value.span.end;
    if text[body.span.range()].starts_with('{') {
        let last = entries.last()?;
        let at = type_of(entries).unwrap_or(last);
        let written = matches!(at.value.kind, Kind::Scalar(_)) && after(at) > at.key.span().end;
        return written.then(|| Edit {
            span: here(body.span, after(at)),
            text: format!(", {added}"),
        });
    }
    let at = type_of(entries)?;
    let key = at.key.span().start;
    let line = text[..key].rfind('\n').map_or(0, |newline| newline + 1);
    let indent = &text[line..key];
    let end = text[after(at)..].find('\n').map(|newline| after(at) + newline)?;
    let end = end - usize::from(text[..end].ends_with('\r'));
    let newline = if text[end..].starts_with('\r') {
        "\r\n"
    } else {
        "\n"
    };
    let alone = indent.bytes().all(|byte| byte == b' ') && !text[key..after(at)].contains('\n');
    alone.then(|| Edit {
        span: here(body.span, end),
        text: format!("{newline}{indent}{added}"),
    })
}

/// After `type`, for that is where keywords of a type are expected.
fn type_of(entries: &[Entry]) -> Option<&Entry> {
    entries.iter().find(|entry| entry.key.as_str() == "type")
}

fn here(span: Span, at: usize) -> Span {
    Span {
        start: at,
        end: at,
        ..span
    }
}

/// A text as it is written, in quotes when it would be read as something else.
pub(crate) fn quoted(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        && !["true", "false", "null"].contains(&text.to_ascii_lowercase().as_str());
    if plain {
        text.to_owned()
    } else {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    }
}
