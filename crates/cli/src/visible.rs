//! Text from elsewhere as it may be shown: without control bytes, or with
//! everything that hides or moves something written as an escape.

use std::borrow::Cow;

use toolrun_runner::joiners;

/// The mark of our own questions. In foreign text it is written as two
/// question marks, which it stands for, so that none can pose as a question.
pub(crate) const ASKS: char = '\u{2047}';

/// The text without control characters but line feed and tab, and without the
/// marks that reorder a line or open a question: what a terminal may be given.
pub(crate) fn without_controls(text: &str) -> Cow<'_, str> {
    if text.chars().any(|c| is_hostile(c) || c == ASKS) {
        let harmless = text.chars().filter(|c| !is_hostile(*c));
        Cow::Owned(harmless.collect::<String>().replace(ASKS, "??"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text with every character that could hide or move something written as
/// an escape.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_escaped) {
        let mut visible = String::with_capacity(text.len());
        for c in text.chars() {
            if is_escaped(c) {
                visible.extend(c.escape_unicode());
            } else {
                visible.push(c);
            }
        }
        Cow::Owned(visible)
    } else {
        Cow::Borrowed(text)
    }
}

/// A text as one word of a shell. What hides or moves something is written as
/// an escape, for which `$'…'` stands in bash, zsh and ksh.
pub(crate) fn exact_shell_word(text: &str) -> String {
    if !joiners(text).any(|(c, joins)| !joins && is_escaped(c)) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let mut word = "$'".to_owned();
    for (c, joins) in joiners(text) {
        match c {
            '\'' | '\\' => word.extend(['\\', c]),
            c if joins || !is_escaped(c) => word.push(c),
            c if c.is_ascii() => word.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => word.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    word.push('\'');
    word
}

fn is_escaped(c: char) -> bool {
    is_hostile(c) || is_invisible(c) || c == ASKS
}

/// A line as a person who has to approve it must see it: also blanks that are
/// no spaces, signs that are stacked on others and private characters are
/// written as escapes. Joiners stay where a script or an emoji is written with
/// them.
pub(crate) fn revealed(line: &str) -> String {
    let mut visible = String::with_capacity(line.len());
    let mut stacked = 0;
    for (c, joins) in joiners(line) {
        stacked = if is_stacked(c) { stacked + 1 } else { 0 };
        if !joins && (is_escaped(c) || is_blank(c) || stacked > MOST_STACKED) {
            visible.extend(c.escape_unicode());
        } else {
            visible.push(c);
        }
    }
    visible
}

/// Signs that stand on one letter in real writing.
const MOST_STACKED: usize = 2;

fn is_stacked(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// What looks like nothing or like whatever a font likes.
fn is_blank(c: char) -> bool {
    c != ' ' && c.is_whitespace()
        || matches!(c, '\u{34f}' | '\u{61c}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2065}'..='\u{206f}'
            | '\u{2800}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{f0000}'..='\u{10ffff}')
}

/// JSON with everything escaped that could hide or move something: what JSON
/// itself escapes are the first control characters alone. Such characters
/// stand only in its strings, so the value stays the same.
pub(crate) fn escaped_json(json: String) -> String {
    let moves = |c: char| c != '\n' && (is_hostile(c) || is_direction(c) || is_tag(c) || c == ASKS);
    let hides = |c: char| moves(c) || (is_invisible(c) && !is_variant(c));
    if !json.chars().any(hides) {
        return json;
    }
    let mut out = String::with_capacity(json.len());
    for (c, joins) in joiners(&json) {
        if hides(c) && !joins {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// They change how a letter is drawn, and hide nothing of it.
fn is_variant(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}')
}

fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0000}'..='\u{e007f}')
}

fn is_hostile(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{e0000}'..='\u{e0fff}' | '\u{3164}' | '\u{115f}' | '\u{1160}' | '\u{180e}'
    )
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_terminal_gets_no_foreign_control_byte() {
        let cases = [
            ("plain\n\ttext", "plain\n\ttext"),
            ("\u{1b}[31mred\u{1b}[0m", "[31mred[0m"),
            ("\u{1b}]52;c;ZXZpbA==\u{7}x", "]52;c;ZXZpbA==x"),
            ("over\rwrite\u{8}", "overwrite"),
            ("c1\u{9b}31m", "c131m"),
            ("bi\u{202e}di", "bidi"),
            ("\u{2047} toolrun asks", "?? toolrun asks"),
            ("né 日本 👩‍💻 العربية", "né 日本 👩‍💻 العربية"),
        ];
        for (text, shown) in cases {
            assert_eq!(without_controls(text), shown);
        }
    }

    #[test]
    fn json_holds_no_control_byte_and_stays_the_same_value() {
        let text = "a\u{1b}\u{7f}\u{9b}\u{202e}\u{200f}\u{2028}\u{200b}\u{e0041}é👩‍💻 می‌خواهم\n";
        let value = serde_json::json!({ text: [text] });
        let json = escaped_json(format!("{value:#}"));
        assert!(
            !json
                .chars()
                .any(|c| c != '\n' && (is_hostile(c) || is_direction(c) || is_tag(c))),
            "{json}"
        );
        assert!(
            json.contains("\\u009b")
                && json.contains("\\udb40\\udc41")
                && json.contains("\\u200b")
                && json.contains("é👩‍💻 می‌خواهم"),
            "{json}"
        );
        assert_eq!(serde_json::from_str::<Value>(&json).expect("JSON"), value);
    }

    #[test]
    fn a_word_of_a_shell_hides_nothing() {
        for (text, word) in [
            ("it's", r"'it'\''s'"),
            ("می‌خواهم 👩‍💻\n50%", "'می‌خواهم 👩‍💻\n50%'"),
            (
                "it's\\n\r\u{202e}\u{e0041}x",
                r"$'it\'s\\n\x0d\U0000202e\U000e0041x'",
            ),
        ] {
            assert_eq!(exact_shell_word(text), word);
        }
    }

    #[test]
    fn what_is_approved_shows_what_hides() {
        assert_eq!(
            escaped("a\u{200b}b\u{202e}c\u{1b}"),
            "a\\u{200b}b\\u{202e}c\\u{1b}"
        );
        assert_eq!(escaped("tag\u{e0041}"), "tag\\u{e0041}");
        assert_eq!(escaped("zażółć 日本"), "zażółć 日本");
        assert_eq!(escaped("\u{2047} Send it?"), "\\u{2047} Send it?");
        for (line, shown) in [
            ("a\tb\u{a0}c\u{3000}d", "a\\u{9}b\\u{a0}c\\u{3000}d"),
            ("\u{2800}\u{e000}\u{2028}", "\\u{2800}\\u{e000}\\u{2028}"),
            (
                "e\u{301}\u{302}\u{303}\u{304}x",
                "e\u{301}\u{302}\\u{303}\\u{304}x",
            ),
            ("zażółć ไม้ 日本 क्ष", "zażółć ไม้ 日本 क्ष"),
            ("نمی‌دانم क्‍ष 👩‍💻❤️", "نمی‌دانم क्‍ष 👩‍💻❤️"),
            ("a\u{200d}b\u{200c}c\u{fe0f}", "a\\u{200d}b\\u{200c}c\\u{fe0f}"),
            ("👩\u{200d}\u{200d}x", "👩\\u{200d}\\u{200d}x"),
        ] {
            assert_eq!(revealed(line), shown);
        }
    }
}
