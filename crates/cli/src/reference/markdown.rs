//! The little Markdown that the pages need: tables, and the anchors that
//! readers of Markdown make of headings.

/// The anchor of a heading: small letters, blanks as `-`, other signs gone.
pub(super) fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || "-_".contains(c) => Some(c),
            _ => None,
        })
        .collect()
}

/// A link to a heading of the same page, worded as code.
pub(super) fn link(heading: &str) -> String {
    format!("[`{heading}`](#{})", anchor(heading))
}

/// A table with its final blank line.
pub(super) fn table<const N: usize>(heads: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&heads.map(str::to_owned));
    text.push_str(&line(&[const { String::new() }; N].map(|_| "---".to_owned())));
    for row in rows {
        text.push_str(&line(&row.map(|text| cell(&text))));
    }
    text.push('\n');
    text
}

/// A text within a cell: on one line, its bars written so that they are read
/// as themselves.
fn cell(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}

/// A text on one line with a full stop at its end.
pub(super) fn sentence(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.chars().last() {
        None | Some('.' | '!' | '?' | ':') => text,
        Some(_) => text + ".",
    }
}

/// A text with a capital at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// A block of plain text.
pub(super) fn block(language: &str, text: &str) -> String {
    format!("```{language}\n{}\n```\n\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_those_of_readers() {
        assert_eq!(anchor("`auth.oauth2`"), "authoauth2");
        assert_eq!(anchor("toolrun run"), "toolrun-run");
        assert_eq!(anchor("exit_code 5: Refused"), "exit_code-5-refused");
    }

    #[test]
    fn a_table_takes_any_text() {
        let text = table(["a", "b"], [["x|y".to_owned(), "one\n two".to_owned()]]);
        assert_eq!(text, "| a | b |\n| --- | --- |\n| x\\|y | one two |\n\n");
    }

    #[test]
    fn sentences_end() {
        assert_eq!(sentence("one\n two"), "one two.");
        assert_eq!(sentence("one?"), "one?");
        assert_eq!(capital("one"), "One");
        assert_eq!(capital("`one` two"), "`one` two");
    }
}
