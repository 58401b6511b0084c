//! A06: honest work arrives byte for byte, wherever it stands.

use super::volley::{Became, all, hold};

/// Every kind of slot that a text can stand in.
const EVERYWHERE: &[&str] = &[
    "last",
    "middle",
    "root",
    "twice",
    "beside",
    "remove",
    "search",
    "header",
    "mixed_header",
    "json",
];

/// Names, ranges, paths and addresses as people write them.
const ORDINARY: &[&str] = &[
    "v1..v2",
    "v1.0..v1.1",
    "HEAD~3..HEAD",
    "HEAD...main",
    ".env",
    ".git",
    ".well-known",
    "a/b",
    "owner/repo",
    "/",
    "//",
    "C:\\x",
    "user@x",
    "ann@example.com",
    "50%",
    "100%",
    "5%25",
    "2024-01-01..2024-12-31",
    "2026-01-01..2026-02-01",
    "1..10",
    "file.tar.gz",
    "a.",
    "...",
    "index.html",
    "a b",
    "a+b",
    "C++",
    "C#",
    "F#",
    "R&D",
    "AT&T",
    "Q&A",
    "1=1",
    "key=value",
    "a;b",
    "what?",
    "#1",
    "it's",
    "\"quoted\"",
    "O'Brien",
    "<b>",
    "a|b",
    "{id}",
    "{{ id }}",
    "${HOME}",
    "$5",
    "~",
    "~user",
    "*",
    "**",
    "-",
    "--flag",
    "_",
    "=",
    "+",
    "!",
    "(x)",
    "[x]",
    "^",
    "`",
    "\\",
    "1,000.50",
    "-0",
    "1e5",
    "0x1F",
    "null",
    "true",
    "NaN",
    "%",
    "%zz",
    "%C3%A9",
    "http://example.com/a?b=c#d",
    "urn:isbn:0451450523",
    "did:example:123",
    "a:b",
    "10:30",
    "12/31/2024",
    "550e8400-e29b-41d4-a716-446655440000",
    "SGVsbG8gd29ybGQ=",
    "YQ==",
    "a/b+c==",
    "1.2.3.4",
    "::1",
    "[::1]:80",
    "..foo",
    "foo..",
    "SELECT 1; -- x",
    "a\u{2026}b",
    "wait\u{2026}",
    "\u{2013}",
    "\u{201e}x\u{201c}",
    "20 \u{20ac}",
    "\u{a5}100",
    "50\u{ff05}",
    "\u{2100}",
];

/// A word or two in each of thirty-three scripts.
const SCRIPTS: &[(&str, &str)] = &[
    ("Latin", "Grüße, naïve Ærøskøbing Łódź İstanbul ſ"),
    ("Greek", "Ελληνικά ἀρχή"),
    ("Cyrillic", "Привет Ћирилица Ґанок"),
    ("Armenian", "Հայերեն"),
    ("Hebrew", "שָׁלוֹם עולם"),
    ("Arabic", "السلام عليكم"),
    ("Persian", "می\u{200c}خواهم"),
    ("Urdu", "اردو"),
    ("Syriac", "ܣܘܪܝܝܐ"),
    ("Thaana", "ދިވެހި"),
    ("Devanagari", "हिन्दी क्\u{200d}ष"),
    ("Bengali", "বাংলা"),
    ("Gurmukhi", "ਪੰਜਾਬੀ"),
    ("Gujarati", "ગુજરાતી"),
    ("Odia", "ଓଡ଼ିଆ"),
    ("Tamil", "தமிழ்"),
    ("Telugu", "తెలుగు"),
    ("Kannada", "ಕನ್ನಡ"),
    ("Malayalam", "മലയാളം"),
    ("Sinhala", "ශ්\u{200d}රී ලංකා"),
    ("Thai", "ภาษาไทย"),
    ("Lao", "ພາສາລາວ"),
    ("Tibetan", "བོད་སྐད།"),
    ("Myanmar", "မြန်မာ"),
    ("Georgian", "ქართული"),
    ("Hangul", "한국어 조선말"),
    ("Ethiopic", "አማርኛ"),
    ("Cherokee", "ᏣᎳᎩ"),
    ("Khmer", "ភាសាខ្មែរ"),
    ("Mongolian", "ᠮᠣᠩᠭᠣᠯ\u{180e}"),
    ("Han", "漢字,繁體。中文"),
    ("Kana", "ひらがな・カタカナ ﾊﾝｶｸ"),
    ("Yi", "ꆈꌠꉙ"),
    ("N'Ko", "ߒߞߏ"),
    ("Tifinagh", "ⵜⴰⵎⴰⵣⵉⵖⵜ"),
    ("Adlam", "𞤀𞤣𞤤𞤢𞤥"),
    ("Gothic", "𐌲𐌿𐍄𐌹𐍃𐌺"),
    ("Braille", "⠃⠗⠇"),
];

const PICTURES: &[&str] = &[
    "😀",
    "👨‍👩‍👧‍👦",
    "👩🏽‍🚀",
    "🏳️‍🌈",
    "❤️‍🔥",
    "1️⃣",
    "☎︎",
    "🇩🇪",
    "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
    "葛\u{e0100}",
    "e\u{301}",
    "Z\u{34d}\u{342}a\u{310}l\u{318}g\u{31f}o",
    "\u{1100}\u{1161}\u{11a8}",
    "n\u{303}",
    "a\u{20dd}",
    "\u{1d54f}",
    "ﷺ",
    "ﬁ",
    "①",
    "½",
    "∑∞≠",
    "♞",
    "𝕳𝖊𝖑𝖑𝖔",
    "\u{10ffff}",
    "\u{e000}",
];

#[test]
fn a06_ordinary_values_arrive_byte_for_byte() {
    all(&hold(EVERYWHERE, ORDINARY), None);
}

#[test]
fn a06_every_script_arrives_byte_for_byte() {
    let words: Vec<&str> = SCRIPTS.iter().map(|(_, word)| *word).collect();
    assert!(words.len() > 30);
    all(&hold(EVERYWHERE, &words), None);
    all(&hold(EVERYWHERE, PICTURES), None);
}

/// The one segment that a value with a slash makes.
#[test]
fn a06_a_slash_stays_inside_its_segment() {
    for (tool, value, became) in hold(&["last", "middle", "remove"], &["a/b", "/", "owner/repo/path"]) {
        let Became::Sent(wire) = became else {
            panic!("{tool} {value}: refused")
        };
        assert_eq!(wire.segments[1], value.replace('/', "%2F"));
    }
}
