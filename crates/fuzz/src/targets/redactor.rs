//! The redactor: whatever stands around a secret, in whatever form and however
//! the text is cut into pieces, no form of it comes out.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use toolrun_http::{Redactor, Secret};

use super::{chunks, outcome, text};

pub(super) const TOKENS: &[&str] = &[
    "\u{1}",
    "\u{2}",
    "\u{3}",
    "\u{4}",
    "\u{5}",
    "\u{6}",
    "\u{7}",
    "\u{8}",
    "sk-canary",
    "4711",
    "***",
    "\\u0073",
    "%73",
    "é",
];

/// Long enough, with characters that every encoding writes in its own way.
const SECRETS: &[&str] = &["sk-canary/4711+\"é\"&x", "another secret=1", "sk-canary-longer"];

static REDACTOR: LazyLock<Redactor> = LazyLock::new(|| {
    let redactor = Redactor::default();
    SECRETS
        .iter()
        .for_each(|secret| redactor.learn(&Secret::from(*secret)));
    redactor
});

/// The forms of a secret, of which the bytes 1 to 8 stand for one each.
static FORMS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let percent = |secret: &str| {
        secret
            .bytes()
            .map(|byte| format!("%{byte:02x}"))
            .collect::<String>()
    };
    let hex = |secret: &str| {
        secret
            .bytes()
            .map(|byte| format!("{byte:02X}"))
            .collect::<String>()
    };
    let json = |secret: &str| {
        serde_json::Value::from(secret)
            .to_string()
            .trim_matches('"')
            .to_owned()
    };
    vec![
        SECRETS[0].to_owned(),
        SECRETS[1].to_owned(),
        SECRETS[2].to_owned(),
        percent(SECRETS[0]).to_uppercase(),
        STANDARD.encode(SECRETS[0]),
        URL_SAFE_NO_PAD.encode(SECRETS[1]),
        hex(SECRETS[0]),
        json(SECRETS[0]),
    ]
});

pub(super) fn check(input: &[u8]) -> u64 {
    let mut hostile = String::new();
    for character in text(input).chars() {
        match usize::try_from(u32::from(character)) {
            Ok(number @ 1..=8) => hostile.push_str(&FORMS[number - 1]),
            _ => hostile.push(character),
        }
    }
    let whole = REDACTOR.redact(&hostile).into_owned();
    holds_none(&whole, &hostile);
    let mut stream = REDACTOR.stream();
    let mut shown = String::new();
    let mut pieces = chunks(hostile.as_bytes()).concat();
    while !pieces.is_empty() {
        let text = std::str::from_utf8(&pieces).expect("cut between characters");
        let at = text
            .char_indices()
            .map(|(at, _)| at)
            .nth(1 + pieces.len() % 7)
            .unwrap_or(text.len());
        shown.push_str(&stream.push(&text[..at]));
        pieces.drain(..at);
    }
    shown.push_str(&stream.finish());
    holds_none(&shown, &hostile);
    // Redacted again, nothing more is found.
    assert_eq!(REDACTOR.redact(&whole), whole.as_str());
    outcome((
        whole.matches("***").count().min(9),
        whole == hostile,
        whole == shown,
    ))
}

#[track_caller]
fn holds_none(shown: &str, hostile: &str) {
    for form in FORMS.iter() {
        assert!(
            !shown.contains(form.as_str()),
            "{form:?} of {hostile:?} in {shown:?}"
        );
    }
}
