//! Diagnostics as annotations of GitHub's Actions: one command a line.

use std::borrow::Cow;

use toolrun_manifest::{Diagnostic, Loaded, Severity, Sources, Span};

use super::place;
use crate::visible::escaped;

/// One line for everything that `check` found.
pub(crate) fn report(files: &[(String, Loaded)]) -> String {
    files
        .iter()
        .flat_map(|(_, loaded)| {
            let found = loaded.diagnostics.iter();
            found.map(|found| annotation(found, &loaded.sources))
        })
        .collect()
}

fn annotation(found: &Diagnostic, sources: &Sources) -> String {
    let command = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let span = found.span();
    let start = sources.position(span);
    let end = sources.position(Span {
        start: span.end,
        ..span
    });
    let file = property(&place::path(&sources.get(span.source).name));
    let mut words = found.message.clone();
    for more in found
        .help
        .iter()
        .chain(found.labels.first().map(|label| &label.text))
    {
        if !more.is_empty() {
            words.push('\n');
            words.push_str(more);
        }
    }
    // Columns count for one line only.
    let columns = if start.line == end.line {
        format!(",col={},endColumn={}", start.column, end.column)
    } else {
        String::new()
    };
    format!(
        "::{command} file={file},line={}{columns},endLine={},title={}::{}\n",
        start.line,
        end.line,
        property(&format!("toolrun {}", found.code)),
        data(&words)
    )
}

/// The words of a command.
fn data(text: &str) -> String {
    let lines: Vec<Cow<'_, str>> = text.split('\n').map(escaped).collect();
    lines
        .join("\n")
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of one of its properties.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_ends_a_command_or_starts_another() {
        for (text, expected) in [
            ("100 %", "100 %25"),
            ("a: b, c", "a: b, c"),
            ("a\n::error::b", "a%0A::error::b"),
            ("a\u{1b}[31m", "a\\u{1b}[31m"),
            ("%0A", "%250A"),
        ] {
            assert_eq!(data(text), expected);
        }
        assert_eq!(property("a:b,c%\n"), "a%3Ab%2Cc%25%0A");
    }
}
