//! Words of a command as a person reads them: where each begins and ends is
//! seen, and nothing in them can hide or move what stands around them.

use crate::visible::revealed;

/// A command line; words that a shell would not take as they are stand in
/// quotes.
pub(crate) fn shell_words<S: AsRef<str>>(words: &[S]) -> String {
    let words: Vec<String> = words.iter().map(|word| shell_word(word.as_ref())).collect();
    words.join(" ")
}

/// One word of it.
pub(crate) fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", one_line(word).replace('\'', "'\\''"))
}

/// The text on one line, with every character that could hide or move
/// something written as an escape.
pub(crate) fn one_line(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(revealed).collect();
    lines.join("\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_words_are_seen() {
        for (words, shown) in [
            (&["pass", "show", "erp"][..], "pass show erp"),
            (&["a b", "", "it's"], "'a b' '' 'it'\\''s'"),
            (
                &["x\ny\tz", "\u{1b}[2J", "a\u{202e}b"],
                "'x\\ny\\u{9}z' '\\u{1b}[2J' 'a\\u{202e}b'",
            ),
        ] {
            assert_eq!(shell_words(words), shown);
        }
    }
}
