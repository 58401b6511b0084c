//! What YAML allows in a mapping and a manifest does not: keys that are no
//! texts, keys twice, merge keys, and in `{ }` keys without a value.

use std::collections::HashMap;

use crate::diagnostic::{Safety, Sink};
use crate::node::{Entry, Kind, Node, shorten};
use crate::source::Span;
use crate::syntax;
use crate::text::Style;

/// A key and a value as an entry; reports what cannot be a key.
pub(crate) fn entry(
    key: Node,
    mut value: Node,
    seen: &mut HashMap<String, Span>,
    text: &str,
    sink: &mut Sink,
) -> Option<Entry> {
    let written = &text[key.span.range()];
    let Kind::Scalar(key) = key.kind else {
        if written.starts_with('{') && text[..key.span.start].ends_with('{') {
            let end = key.span.end + usize::from(text[key.span.end..].starts_with('}'));
            syntax::unquoted_template(
                Span {
                    start: key.span.start - 1,
                    end,
                    ..key.span
                },
                text,
                sink,
            );
        } else if !matches!(key.kind, Kind::Invalid) {
            sink.error(
                "complex-key",
                key.span,
                format!("a key must be a text, found {}", key.found()),
            )
            .help("write a plain name before the `:`; a key that starts with `[` or `{` must be quoted");
        }
        return None;
    };
    if key.as_str() == "<<" && key.style() == Style::Plain {
        sink.error(
            "merge-key",
            key.span(),
            "merge keys `<<` are not allowed in a manifest",
        )
        .help("write the keys out, or share a whole value with `&name` and `*name`");
        return None;
    }
    if let Some(first) = seen.get(key.as_str()) {
        sink.error(
            "duplicate-key",
            key.span(),
            format!("the key `{}` stands here twice", shorten(key.as_str())),
        )
        .context(*first, "first written here")
        .help("remove one of them");
        return None;
    }
    seen.insert(key.as_str().to_owned(), key.span());
    if value.span.range().is_empty() {
        value.span = key.span();
    }
    Some(Entry { key, value })
}

/// In `{ }` a key without a value is nearly always the rest of a text
/// that a comma has cut.
pub(crate) fn bare_keys(entries: &[Entry], source: &str, sink: &mut Sink) {
    let mut index = 0;
    while index < entries.len() {
        let first = index;
        while index < entries.len() && is_bare(&entries[index]) {
            index += 1;
        }
        if index == first {
            index += 1;
            continue;
        }
        let (key, last) = (&entries[first].key, &entries[index - 1].key);
        if source[key.span().end..].trim_start().starts_with(':') {
            let message = format!("`{}` has no value", shorten(key.as_str()));
            sink.error("bare-key", key.span(), message)
                .help("write a value after the colon, or remove the key");
            index = first + 1;
            continue;
        }
        let span = key.span().to(last.span());
        let message = format!(
            "`{}` is a key without a value: a comma ends a plain value",
            shorten(key.as_str())
        );
        if let Some((message, help)) = known_bare(key.as_str()) {
            let diagnostic = sink.error("bare-key", key.span(), message);
            diagnostic.help(help);
            if key.as_str() == "optional" {
                let whole = "optional: true";
                diagnostic.fix("write `optional: true`", Safety::Safe, key.span(), whole);
            }
            index = first + 1;
            continue;
        }
        let diagnostic = sink.error("bare-key", span, message);
        diagnostic.help("quote the whole value if the comma belongs to it, or write `key: value`");
        if first == 0 && index == entries.len() {
            diagnostic.message = format!("`{}` is a key without a value", shorten(key.as_str()));
            diagnostic.help("write a list in `[ ]`, or a value behind each key: `key: value`");
            continue;
        }
        let Some(before) = first.checked_sub(1).map(|before| &entries[before]) else {
            continue;
        };
        if let Kind::Scalar(text) = &before.value.kind {
            let value = text.span().to(last.span());
            let written = &source[value.range()];
            if text.style() == Style::Plain && !written.contains(['"', '\\', '\n']) {
                let quoted = format!("\"{written}\"");
                diagnostic.context(text.span(), "the value ends at the comma");
                diagnostic.fix("quote the value", Safety::Unsafe, value, quoted);
            }
        }
    }
}

/// Keys alone that are no rest of a text.
fn known_bare(key: &str) -> Option<(&'static str, &'static str)> {
    match key {
        "optional" => Some(("`optional` is a key without a value", "write `optional: true`")),
        "required" => Some((
            "`required` is a key without a value, and none of a param",
            "remove it: a param is required unless it has `optional: true` or a `default`",
        )),
        _ if key.starts_with("//") || key.starts_with("/*") => {
            Some(("this is not a comment in YAML", "start a comment with `#`"))
        }
        _ => None,
    }
}

/// Whether an entry is a key alone.
pub(crate) fn is_bare(entry: &Entry) -> bool {
    // The span of an empty value is its key's.
    entry.value.span == entry.key.span() && matches!(entry.value.kind, Kind::Scalar(_))
}
