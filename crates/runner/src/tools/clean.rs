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
    let mut cleaner = Cleaner {
        right_to_left: text.chars().any(is_right_to_left),
        ..Cleaner::default()
    };
    let mut out = cleaner.push(text);
    out.push_str(&cleaner.finish());
    Cleaned {
        text: out,
        removed: cleaner.removed,
    }
}

/// Every character of a text, and whether it is one that joins or shapes its
/// neighbours and stands where real writing has it: joiners of Arabic and Indic
/// scripts and of emoji, and what says that an emoji is drawn as one.
pub fn joiners(text: &str) -> impl Iterator<Item = (char, bool)> {
    let mut last = None;
    let mut chars = text.chars().peekable();
    std::iter::from_fn(move || {
        let c = chars.next()?;
        let in_place = judge(c, last, chars.peek().copied(), false).is_some();
        if in_place {
            last = Some(c);
        }
        Some((c, in_place && matches!(c, ZWJ | ZWNJ | '\u{fe0e}' | '\u{fe0f}')))
    })
}

/// Cleans a text that comes in pieces. Wherever it is cut, the outcome is the
/// same; only direction marks before the first right-to-left letter go, which
/// a whole text would keep.
#[derive(Debug, Default)]
pub(crate) struct Cleaner {
    /// The last character that was kept.
    last: Option<char>,
    /// Whether there is right-to-left writing, as far as it is known.
    right_to_left: bool,
    /// What cannot be judged before more has come: a few characters.
    waiting: String,
    removed: u64,
}

impl Cleaner {
    /// Takes a piece; gives what is clean.
    pub(crate) fn push(&mut self, piece: &str) -> String {
        self.go_on(piece, End::Open)
    }

    /// The rest at the end of the text.
    pub(crate) fn finish(&mut self) -> String {
        self.go_on("", End::Closed)
    }

    fn go_on(&mut self, piece: &str, end: End) -> String {
        let mut text = std::mem::take(&mut self.waiting);
        text.push_str(piece);
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let rest = &text[at + c.len_utf8()..];
            if end == End::Open && needs_more(c, rest) {
                break;
            }
            let tags = if c == BLACK_FLAG { flag_tags(rest) } else { None };
            self.one(c, rest.chars().next(), &mut out);
            at += c.len_utf8();
            if let Some(tags) = tags {
                out.push_str(tags);
                self.last = Some(TAG_END);
                at += tags.len();
            }
        }
        self.waiting.push_str(&text[at..]);
        out
    }

    fn one(&mut self, c: char, next: Option<char>, out: &mut String) {
        if c == '\r' && next == Some('\n') {
            return;
        }
        self.right_to_left |= is_right_to_left(c);
        let right_to_left = self.right_to_left || next.is_some_and(is_right_to_left);
        match judge(c, self.last, next, right_to_left) {
            Some(kept) => {
                out.push(kept);
                self.last = Some(kept);
            }
            None => self.removed += 1,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// More may come.
    Open,
    /// That was all.
    Closed,
}

/// Whether a character cannot be judged by what has come so far.
fn needs_more(c: char, rest: &str) -> bool {
    match c {
        '\r' | ZWJ | ZWNJ | ZWSP | LRM | RLM | ALM => rest.is_empty(),
        BLACK_FLAG => TAGGED_FLAGS
            .iter()
            .any(|tags| rest.len() < tags.len() && tags.starts_with(rest)),
        _ => false,
    }
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

const ZWSP: char = '\u{200b}';
const LRM: char = '\u{200e}';
const RLM: char = '\u{200f}';
const ALM: char = '\u{61c}';
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
/// next one as it stands. No mark is kept twice in a row, so that none can be
/// an alphabet.
fn judge(c: char, last: Option<char>, next: Option<char>, right_to_left: bool) -> Option<char> {
    let after = |accepts: fn(char) -> bool| last.is_some_and(accepts);
    let before = |accepts: fn(char) -> bool| next.is_some_and(accepts);
    let is_mark = |c: char| matches!(c, LRM | RLM | ALM | ZWJ | ZWNJ | ZWSP);
    let keep = match c {
        '\n' | '\t' => true,
        '\r' | '\u{2028}' | '\u{2029}' => return Some('\n'),
        LRM | RLM | ALM => right_to_left && !after(is_mark),
        ZWNJ => after(joins) || (before(joins) && !after(is_mark)),
        ZWJ => after(joins) || (before(joins) && !after(is_mark)) || (after(ends_emoji) && before(is_emoji)),
        // Where words are written without blanks, it says where a line may end.
        ZWSP => after(has_no_blanks) && before(has_no_blanks),
        '\u{34f}' => after(is_hebrew_point),
        '\u{fe0e}' | '\u{fe0f}' => after(takes_presentation),
        '\u{fe00}'..='\u{fe0d}' => after(is_hieroglyph) || (c <= '\u{fe02}' && after(takes_variant)),
        // Beyond these no variant of an ideograph is registered.
        '\u{e0100}'..='\u{e012f}' => after(is_ideograph),
        '\u{180b}'..='\u{180d}' | '\u{180f}' => after(is_mongolian),
        // Mongolian final vowels stand apart from their word.
        '\u{180e}' => after(is_mongolian) && before(is_mongolian),
        '\u{13430}'..='\u{13440}' => {
            after(is_hieroglyph) || after(|last| ('\u{fe00}'..='\u{fe06}').contains(&last))
        }
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
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || (c as u32) & 0xfffe == 0xfffe
}

/// Letters and signs of scripts in which joiners change the shape of words.
fn joins(c: char) -> bool {
    matches!(c,
        '\u{600}'..='\u{61b}' | '\u{61d}'..='\u{8ff}' | '\u{900}'..='\u{dff}' | '\u{f00}'..='\u{fff}'
        | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17b3}' | '\u{17b6}'..='\u{17ff}' | '\u{1807}' | '\u{180a}'
        | '\u{1820}'..='\u{18aa}' | '\u{1a20}'..='\u{1aad}' | '\u{1b00}'..='\u{1bff}' | '\u{1cd0}'..='\u{1cff}'
        | '\u{a800}'..='\u{a82f}' | '\u{a840}'..='\u{a87f}' | '\u{a880}'..='\u{a8ff}' | '\u{a980}'..='\u{a9ff}'
        | '\u{aa00}'..='\u{aaff}' | '\u{abc0}'..='\u{abff}' | '\u{fb50}'..='\u{fdcf}' | '\u{fe70}'..='\u{fefc}'
        | '\u{10840}'..='\u{10fff}' | '\u{11000}'..='\u{11fff}' | '\u{1e900}'..='\u{1e95f}')
}

/// Scripts of South-East Asia, which put no blanks between words.
fn has_no_blanks(c: char) -> bool {
    matches!(c, '\u{e01}'..='\u{eff}' | '\u{f00}'..='\u{fff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17b3}'
        | '\u{17b6}'..='\u{17ff}' | '\u{1950}'..='\u{19df}' | '\u{1a20}'..='\u{1aad}' | '\u{a9e0}'..='\u{a9ff}'
        | '\u{aa60}'..='\u{aadf}')
}

fn is_hebrew_point(c: char) -> bool {
    matches!(c, '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c2}' | '\u{5c4}'..='\u{5c5}' | '\u{5c7}')
}

fn is_mongolian(c: char) -> bool {
    matches!(c, '\u{1807}' | '\u{180a}' | '\u{1820}'..='\u{18aa}')
}

/// Hieroglyphs and the signs that say how they stand together.
fn is_hieroglyph(c: char) -> bool {
    matches!(c, '\u{13000}'..='\u{1345f}' | '\u{13460}'..='\u{143ff}')
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

/// Characters of which the standard names variants, besides emoji.
fn takes_variant(c: char) -> bool {
    is_ideograph(c)
        || matches!(c, '0' | '\u{2018}'..='\u{201d}' | '\u{2200}'..='\u{22ff}' | '\u{2a00}'..='\u{2aff}'
            | '\u{1000}'..='\u{109f}' | '\u{3001}'..='\u{3002}' | '\u{a840}'..='\u{a877}' | '\u{aa60}'..='\u{aa7f}'
            | '\u{ff01}' | '\u{ff0c}' | '\u{ff0e}' | '\u{ff1a}'..='\u{ff1b}' | '\u{ff1f}' | '\u{10ac0}'..='\u{10aff}')
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3005}'..='\u{3007}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3347f}')
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
            // England, Wales; keycaps; flags; a family; a skin tone; text style.
            "🏴󠁧󠁢󠁥󠁮󠁧󠁿🏴󠁧󠁢󠁷󠁬󠁳󠁿 #️⃣*️⃣ 🇺🇦🇯🇵 👩‍❤️‍💋‍👨 👍🏿 ☺︎ 🏴‍☠️ 🧑‍🦰",
            // Malayalam and Sinhala, Bengali, Kannada, Marathi eyelash ra.
            "ന്‍ അവന്‍ ශ්‍රී ලංකා র‍্যাব ರ‍್ಕ दऱ्‍या",
            // Persian, Urdu, Kurdish; a joiner at the edge of a word.
            "نمی‌دانم خانه‌ها ئه‌و \u{200d}ه ه\u{200d}",
            // Hebrew with points, a joiner of points, direction marks.
            "שָׁלוֹם יְר\u{5bc}ִ\u{34f}\u{5b7} C\u{200e}++\u{200f} (מחשב)",
            // Mongolian with a final vowel apart, Khmer and Thai with line breaks.
            "ᠰᠠᠶ\u{180e}ᠠ ᠨᠢ\u{180c}ᠭ\u{180d} ភាសា\u{200b}ខ្មែរ ภาษา\u{200b}ไทย",
            "邉\u{e011f} 葛\u{fe00} 0\u{fe00} 、\u{fe00} \u{2229}\u{fe00} \u{1000}\u{fe00}",
            "\u{13000}\u{fe03}\u{13430}\u{13001}",
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
            ("ש\u{200f}\u{200e}\u{200f}\u{61c}ם", "ש\u{200f}ם", 3),
            (
                "\u{200c}\u{200d}\u{200c}م\u{200c}\u{200c}",
                "\u{200c}م\u{200c}",
                3,
            ),
            ("葛\u{e0141}城\u{e0142}\u{e0100}", "葛城\u{e0100}", 2),
            ("ไทย\u{200b}\u{200b}ไทย", "ไทย\u{200b}ไทย", 1),
            ("a\u{34f}b\u{180e}c\u{13430}\u{3164}\u{2065}", "abc", 5),
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

    #[test]
    fn pieces_are_cleaned_as_the_whole_is() {
        let texts = [
            "🏴󠁧󠁢󠁳󠁣󠁴󠁿 a\u{1b}[31m\r\nb\rc\u{e0041} می‌خواهم 👩🏽‍🚀\u{200d}x",
            "🏴\u{e0067}\u{e0062} cut, 👩\u{200d}",
        ];
        for text in texts {
            for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
                let mut cleaner = Cleaner::default();
                let mut out = cleaner.push(&text[..at]);
                out.push_str(&cleaner.push(&text[at..]));
                out.push_str(&cleaner.finish());
                assert_eq!(out, clean(text).text, "{text:?} cut at {at}");
            }
        }
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
