//! Texts that a model reads: their length, and characters that a person
//! reviewing the file would not see.

use crate::checked::Param;
use crate::diagnostic::{Severity, Sink};
use crate::node::{Kind, Node};
use crate::text::Text;

/// Characters of a description.
pub(crate) const MAX: usize = 1024;

/// Checks a description.
pub(crate) fn check(text: &Text, sink: &mut Sink) {
    invisible(text, sink);
    let count = text.as_str().chars().count();
    if count > MAX {
        sink.error(
            "too-long",
            text.span(),
            format!("a description has at most {MAX} characters, this one has {count}"),
        )
        .help("say what it does and when to use it; leave the rest to the API's own documentation");
    } else if text.as_str().trim().is_empty() {
        sink.error("empty-description", text.span(), "this description is empty")
            .help("say in a sentence what it does: the model decides by it");
    }
}

/// Warns of a slot that reads a name of the tool where no template stands: it
/// would be sent as it is written.
pub(crate) fn literal_slots(text: &Text, place: &str, params: &[Param], sink: &mut Sink) {
    let written = text.as_str();
    let mut at = 0;
    while let Some(start) = written[at..].find("{{").map(|found| at + found) {
        let Some(end) = written[start..].find("}}").map(|found| start + found + 2) else {
            return;
        };
        at = end;
        let inner = written[start + 2..end - 2].trim();
        let name = inner
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .next()
            .unwrap_or_default();
        let member = inner[name.len()..].starts_with('.');
        let group = member && ["call", "response", "result", "secrets", "vars"].contains(&name);
        if group || params.iter().any(|param| param.name == name) {
            let slot = &written[start..end];
            sink.report(
                "literal-slot",
                Severity::Warning,
                text.span_of(start..end),
                format!("`{slot}` is plain text here: {place} is no template"),
            )
            .help(
                "say it in words; templates stand in `url`, `query`, `headers`, `body` and `result.template`",
            );
        }
    }
}

/// Checks every text of a tree, such as the values of an `enum`.
pub(crate) fn check_tree(node: &Node, sink: &mut Sink) {
    match &node.kind {
        Kind::Scalar(text) => invisible(text, sink),
        Kind::List(items) => items.iter().for_each(|item| check_tree(item, sink)),
        Kind::Map(entries) => {
            for entry in entries {
                invisible(&entry.key, sink);
                check_tree(&entry.value, sink);
            }
        }
        Kind::Invalid => {}
    }
}

/// Reports the first character that is not seen.
pub(crate) fn invisible(text: &Text, sink: &mut Sink) {
    let mut found = text.as_str().char_indices().filter(|(_, c)| is_invisible(*c));
    let Some((at, c)) = found.next() else { return };
    let more = found.count();
    let span = text.span_of(at..at + c.len_utf8());
    let others = if more == 0 {
        String::new()
    } else {
        format!(", and {more} more in this text")
    };
    sink.error(
        "invisible-character",
        span,
        format!(
            "an invisible character U+{:04X} stands here{others}",
            u32::from(c)
        ),
    )
    .help("remove it: a model reads what a person reviewing this file cannot see");
}

/// Whether nobody sees a character: controls, direction marks, zero-width and
/// tag characters. Joiners are not meant: scripts and emoji need them.
pub fn is_invisible(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(u32::from(c),
            0x00AD | 0x061C | 0x180E | 0x200B | 0x200E | 0x200F | 0x2028 | 0x2029 | 0x202A..=0x202E
            | 0x2060..=0x206F | 0xFE00..=0xFE0D | 0xFEFF | 0xFFF9..=0xFFFB | 0xE0000..=0xE0FFF)
}
