//! Strings that try to leave their place: forms of dots × separators ×
//! encodings × positions, with names and any characters between. The same
//! seed gives the same strings. Nothing here is taken from the rules of the
//! renderer.

use fastrand::Rng;

/// What some reader takes for `.` or `..`, before any encoding.
const DOTS: &[&str] = &[
    ".",
    "..",
    "..",
    "..",
    "...",
    ". .",
    ".\t.",
    ".\n.",
    ".\r\n.",
    "..\0",
    ".\u{200b}.",
    ".\u{ad}.",
    "..\u{feff}",
    "\u{ff0e}",
    "\u{ff0e}\u{ff0e}",
    "\u{2024}\u{2024}",
    "\u{2025}",
    "\u{fe52}.",
    "\u{3002}.",
    "\u{ff61}\u{ff61}",
    "..\u{fe0f}",
    "%2e",
    "%2E%2e",
    ".%2e",
    "%252e.",
    "%u002e%u002e",
    "%uff0e.",
    "%c0%ae",
    "%c0%ae%c0%ae",
    "%c0%2e.",
    "%e0%80%ae.",
    "%f0%80%80%ae.",
    "%25c0%25ae.",
    "%2%65.",
    "%ef%bc%8e.",
    "\u{ff05}2e.",
];

/// What some reader takes for the end of a segment, a name, a value or a line.
const SEPARATORS: &[&str] = &[
    "/", "/", "//", "\\", "\\\\", ";", ";/", ";x=1/", "?", "#", "&", "=", "@", ":", ",", "|", "+", "%", " ",
    "\t", "\r", "\n", "\r\n", "\r\n\r\n", "\0", "\u{b}", "\u{85}", "\u{2028}", "[", "]", "{", "}", "{{",
    "}}", "\"", "'", "`", "<", ">", "^", "%2f", "%2F", "%5c", "%252f", "%u2215", "%c0%af", "%c1%9c", "%00",
    "%0d%0a", "%26", "%3d", "%23", "%3f", "%3b", "\u{2215}", "\u{2044}", "\u{ff0f}", "\u{ff3c}", "\u{a5}",
    "\u{20a9}",
];

/// Ordinary names, and some that are hostile elsewhere.
const NAMES: &[&str] = &[
    "",
    "a",
    "admin",
    "etc",
    "passwd",
    "v1",
    ".env",
    "HEAD~3",
    "2024-01-01",
    "x.tar.gz",
    "50",
    "evil.example",
    "127.0.0.1:80",
    "http:",
    "Host: x",
    "X-Evil: 1",
    "fixed=2",
    "id",
    "vars.base",
    "__proto__",
    "-0",
    "null",
    "é",
    "日本",
    "👩‍🚀",
    "ß",
    "e\u{301}",
    "عربي",
];

/// Endless strings from a seed.
pub fn strings(seed: u64) -> impl Iterator<Item = String> {
    let mut rng = Rng::with_seed(seed);
    std::iter::repeat_with(move || string(&mut rng))
}

fn string(rng: &mut Rng) -> String {
    let mut text = String::new();
    for _ in 0..rng.usize(1..=5) {
        let piece = piece(rng);
        text.push_str(&piece);
    }
    // The whole again, as something before toolrun might have encoded it.
    for _ in 0..[0, 0, 0, 1, 2, 3, 5][rng.usize(..7)] {
        text = encoded(rng, &text);
    }
    text
}

fn piece(rng: &mut Rng) -> String {
    let from = |rng: &mut Rng, list: &[&str]| list[rng.usize(..list.len())].to_owned();
    let plain = match rng.u8(0..10) {
        0..=3 => from(rng, DOTS),
        4..=6 => from(rng, SEPARATORS),
        7 | 8 => from(rng, NAMES),
        _ => (0..rng.usize(1..=4)).map(|_| rng.char(..)).collect(),
    };
    if rng.u8(0..4) == 0 {
        encoded(rng, &plain)
    } else {
        plain
    }
}

/// Percent-encodes some characters or all of them, in either case.
fn encoded(rng: &mut Rng, text: &str) -> String {
    let all = rng.bool();
    let mut out = String::new();
    for character in text.chars() {
        if !all && rng.bool() {
            out.push(character);
        } else if rng.u8(0..16) == 0 && u32::from(character) <= 0xffff {
            out.push_str(&format!("%u{:04x}", u32::from(character)));
        } else {
            let upper = rng.bool();
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                out.push_str(&if upper {
                    format!("%{byte:02X}")
                } else {
                    format!("%{byte:02x}")
                });
            }
        }
    }
    out
}
