//! Removes what a reader cannot see: control characters, bidirectional
//! overrides, zero-width and tag characters, runs of variation selectors.
//!
//! What real writing needs stays, byte for byte: emoji sequences, joiners of
//! Arabic and Indic scripts, one variation selector after a character that
//! takes one, direction marks in right-to-left text, newlines and tabs.
//! Carriage returns and the Unicode line separators become newlines, since a
//! terminal would overwrite the line or a parser would not see its end.

use serde_json::{Map, Value};

/// A text without hidden characters, and how many were removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cleaned {
    /// The text.
    pub(crate) text: String,
    /// How many characters were removed.
    pub(crate) removed: u64,
}

/// Cleans a text. Cleaning twice changes nothing more.
pub(crate) fn clean(text: &str) -> Cleaned {
    if text
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t'))
    {
        return Cleaned {
            text: text.to_owned(),
            removed: 0,
        };
    }
    let right_to_left = text.chars().any(is_right_to_left);
    let mut out = String::with_capacity(text.len());
    let mut last = None;
    let mut removed = 0;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let next = rest.clone().next();
        if c == '\r' {
            if next != Some('\n') {
                out.push('\n');
                last = Some('\n');
            }
            continue;
        }
        if let Some(tags) = (c == BLACK_FLAG).then(|| flag_tags(rest.as_str())).flatten() {
            out.push(c);
            out.push_str(tags);
            rest = rest.as_str()[tags.len()..].chars();
            last = tags.chars().last();
            continue;
        }
        match judge(c, last, next, right_to_left) {
            Some(kept) => {
                out.push(kept);
                last = Some(kept);
            }
            None => removed += 1,
        }
    }
    Cleaned { text: out, removed }
}

/// Cleans every text of a value, keys included; returns how many characters
/// were removed.
pub(crate) fn clean_value(value: &mut Value) -> u64 {
    match value {
        Value::String(text) => {
            let cleaned = clean(text);
            *text = cleaned.text;
            cleaned.removed
        }
        Value::Array(items) => items.iter_mut().map(clean_value).sum(),
        Value::Object(fields) => {
            let mut removed = 0;
            let mut clean_fields = Map::with_capacity(fields.len());
            for (key, mut field) in std::mem::take(fields) {
                removed += clean_value(&mut field);
                let key = clean(&key);
                removed += key.removed;
                clean_fields.insert(key.text, field);
            }
            *fields = clean_fields;
            removed
        }
        _ => 0,
    }
}

/// A piece of a text that still streams: only what is never legitimate is
/// removed, as the neighbours of the rest may be in another piece.
pub(crate) fn clean_piece(text: &str) -> String {
    text.chars().filter(|c| !is_never_shown(*c)).collect()
}

const ZWNJ: char = '\u{200c}';
const ZWJ: char = '\u{200d}';
const BLACK_FLAG: char = '\u{1f3f4}';
const TAG_END: char = '\u{e007f}';

/// The three flags that are written with tag characters: England, Scotland
/// and Wales.
const TAGGED_FLAGS: &[&str] = &[
    "\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
    "\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}",
];

fn flag_tags(rest: &str) -> Option<&'static str> {
    TAGGED_FLAGS.iter().find(|tags| rest.starts_with(**tags)).copied()
}

/// What becomes of one character, given the last one that was kept and the
/// next one as it stands.
fn judge(c: char, last: Option<char>, next: Option<char>, right_to_left: bool) -> Option<char> {
    let after = |accepts: fn(char) -> bool| last.is_some_and(accepts);
    let keep = match c {
        '\n' | '\t' => true,
        '\u{2028}' | '\u{2029}' => return Some('\n'),
        '\u{200e}' | '\u{200f}' | '\u{61c}' => right_to_left,
        ZWNJ => after(joins),
        ZWJ => after(joins) || (after(ends_emoji) && next.is_some_and(is_emoji)),
        '\u{fe0e}' | '\u{fe0f}' => after(takes_presentation),
        '\u{fe00}'..='\u{fe02}' | '\u{e0100}'..='\u{e01ef}' => after(is_ideograph),
        '\u{180b}'..='\u{180d}' | '\u{180f}' => after(|last| ('\u{1820}'..='\u{18aa}').contains(&last)),
        _ => !is_never_shown(c) && !is_hidden(c),
    };
    keep.then_some(c)
}

/// Characters that have no place in any text that is shown.
fn is_never_shown(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        _ => c.is_control(),
    }
}

/// Characters that are invisible and that no writing here needs.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}' | '\u{200b}'
        | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{3164}' | '\u{fe03}'..='\u{fe0d}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fdd0}'..='\u{fdef}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e00ff}' | '\u{e01f0}'..='\u{e0fff}')
        || (c as u32) & 0xfffe == 0xfffe
}

/// Letters and signs of scripts in which joiners change the shape of words.
fn joins(c: char) -> bool {
    matches!(c,
        '\u{600}'..='\u{61b}' | '\u{61d}'..='\u{8ff}' | '\u{900}'..='\u{dff}' | '\u{f00}'..='\u{fff}'
        | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17b3}' | '\u{17b6}'..='\u{17ff}' | '\u{1820}'..='\u{18aa}'
        | '\u{1b00}'..='\u{1b7f}' | '\u{a980}'..='\u{a9df}' | '\u{fb50}'..='\u{fdcf}' | '\u{fe70}'..='\u{fefc}')
}

fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{5ff}' | '\u{600}'..='\u{61b}' | '\u{61d}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdcf}'
        | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{25a0}'..='\u{27bf}' | '\u{2900}'..='\u{297f}'
        | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// Whether an emoji may end here: its base, a presentation selector, a skin
/// tone (among the bases), or the end of a flag's tags.
fn ends_emoji(c: char) -> bool {
    is_emoji(c) || c == '\u{fe0f}' || c == TAG_END
}

fn takes_presentation(c: char) -> bool {
    is_emoji(c)
        || matches!(
            c,
            '0'..='9'
                | '#'
                | '*'
                | '\u{a9}'
                | '\u{ae}'
                | '\u{203c}'
                | '\u{2049}'
                | '\u{2122}'
                | '\u{2139}'
                | '\u{24c2}'
                | '\u{3030}'
                | '\u{303d}'
                | '\u{3297}'
                | '\u{3299}'
        )
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn real_writing_stays() {
        for text in [
            "plain\ttext\nwith lines",
            "Grüße, naïve — “quotes” …",
            "👨‍👩‍👧‍👦 🏳️‍🌈 👩🏽‍🚀 ❤️ ❤️‍🔥 1️⃣ ☎︎ 🇩🇪",
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f} Scotland",
            "می‌خواهم کتاب‌ها",
            "क्‍ष र्‍य ශ්‍රී",
            "עברית \u{200f}(טקסט)\u{200f}",
            "葛\u{e0100}城市 辻󠄀",
            "ᠠ\u{180b} Монгол",
            "中文，日本語。한국어",
        ] {
            assert_eq!(
                clean(text),
                Cleaned {
                    text: text.into(),
                    removed: 0
                },
                "{text:?}"
            );
        }
    }

    #[test]
    fn hidden_runs_go_and_are_counted() {
        let cases = [
            ("a\u{1b}[31mred\u{1b}[0m", "a[31mred[0m", 2),
            ("a\u{9b}31m\u{7f}\u{0}", "a31m", 3),
            ("abc\u{202e}def\u{202c}", "abcdef", 2),
            ("a\u{200b}b\u{feff}c\u{2060}d", "abcd", 3),
            ("a\u{e0041}\u{e0042}\u{e007f}", "a", 3),
            ("🏴\u{e0041}\u{e007f}", "🏴", 2),
            ("😀\u{fe0f}\u{fe0f}\u{e0105}\u{fe01}", "😀\u{fe0f}", 3),
            ("a\u{fe0f}", "a", 1),
            ("a\u{200d}b\u{200c}c", "abc", 2),
            ("😀\u{200d}a", "😀a", 1),
            ("क\u{200d}\u{200d}\u{200d}", "क\u{200d}", 2),
            ("left\u{200f}right", "leftright", 1),
            ("one\r\ntwo\rthree\u{2028}four", "one\ntwo\nthree\nfour", 0),
        ];
        for (text, expected, removed) in cases {
            assert_eq!(
                clean(text),
                Cleaned {
                    text: expected.into(),
                    removed
                },
                "{text:?}"
            );
        }
    }

    #[test]
    fn values_are_cleaned_through_and_through() {
        let mut value = serde_json::json!({"a\u{200b}": ["x\u{202e}", 1, {"k": "\u{e0041}"}]});
        assert_eq!(clean_value(&mut value), 3);
        assert_eq!(value, serde_json::json!({"a": ["x", 1, {"k": ""}]}));
    }

    fn tricky() -> impl Strategy<Value = String> {
        let special = prop::sample::select(vec![
            '\r',
            '\n',
            '\u{1b}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{200f}',
            '\u{202e}',
            '\u{fe0f}',
            '\u{fe00}',
            '\u{e0100}',
            '\u{1f3f4}',
            '\u{e0067}',
            '\u{e0062}',
            '\u{e0073}',
            '\u{e0063}',
            '\u{e0074}',
            '\u{e007f}',
            '\u{1f600}',
            '\u{1f468}',
            'क',
            'م',
            'א',
            '葛',
            'a',
            '1',
            '\u{2028}',
        ]);
        prop::collection::vec(prop_oneof![3 => special, 1 => any::<char>()], 0..40)
            .prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn cleaning_twice_changes_nothing(text in tricky()) {
            let once = clean(&text).text;
            prop_assert_eq!(clean(&once), Cleaned { text: once.clone(), removed: 0 });
        }

        #[test]
        fn nothing_dangerous_is_left(text in tricky()) {
            let cleaned = clean(&text).text;
            prop_assert!(!cleaned.chars().any(is_never_shown));
        }
    }
}
