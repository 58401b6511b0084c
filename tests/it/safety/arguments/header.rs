//! A08: values in headers.

use super::volley::{Ask, Became, all, fire, hold, slots};
use crate::support::program::toolrun;

const PLACES: &[&str] = &["header", "mixed_header"];

/// Ends a line, or the text, for whoever reads it.
const LINES: &[&str] = &[
    "a\r\nX-Evil: 1",
    "a\nX-Evil: 1",
    "a\rX-Evil: 1",
    "a\r\n\r\nGET /admin HTTP/1.1\r\nHost: x\r\n\r\n",
    "\r\nx",
    "a\r\n X-Folded: 1",
    "a\r\n\tfolded",
    "a\n folded",
    "a\0b",
    "a\u{1}b",
    "a\u{8}b",
    "a\u{b}b",
    "a\u{c}b",
    "a\u{1b}[2Jb",
    "a\u{7f}b",
    "a\u{85}X-Evil: 1",
    "a\u{80}b",
    "a\u{9f}b",
];

/// Blanks that HTTP drops from the ends of a value.
const EDGES: &[&str] = &[" a", "a ", "\ta", "a\t", " ", "\t", "  a  "];

/// Looks like more than a value, and is one.
const VALUES: &[&str] = &[
    "Host: evil.example",
    "Authorization: Bearer x",
    "Content-Length: 0",
    "Transfer-Encoding: chunked",
    "Cookie: a=b",
    "Set-Cookie: a=b",
    ": x",
    "a, b",
    "a; b=\"c\"",
    "a%0d%0aX-Evil: 1",
    "a%0aX: 1",
    "a\\r\\nX: 1",
    "%E5%98%8A%E5%98%8DX-Evil: 1",
    // Their last byte, or their number's, is that of CR or LF.
    "\u{560a}\u{560d}X-Evil: 1",
    "\u{10a}\u{10d}X-Evil: 1",
    "\u{20a}\u{20d}\u{30a}\u{30d}",
    "\u{ff0a}\u{ff0d}",
    "\u{1f60a}\u{1f60d}",
    "\u{2028}X-Evil: 1",
    "\u{2029}X-Evil: 1",
    "é",
    "日本語",
    "\u{a0}a\u{a0}",
    "a\tb",
    "a  b",
    "\"q\"",
    "{{ vars.base }}",
    "",
];

#[test]
fn a08_a_value_ends_no_header() {
    all(&hold(PLACES, LINES), Some("header-control-character"));
    all(&hold(&["header"], EDGES), Some("header-edge-blank"));
    // Inside other text a blank has no end to stand at.
    all(&hold(&["mixed_header"], EDGES), None);
    all(&hold(PLACES, VALUES), None);
}

#[test]
fn a08_a_value_begins_no_cookie() {
    all(
        &hold(&["cookie"], &["x; admin=1", ";", "a;b"]),
        Some("header-cookie-separator"),
    );
    all(&hold(&["cookie"], LINES), Some("header-control-character"));
    all(&hold(&["cookie"], &["x", "a,b", "a=b", "é", "%3B admin=1"]), None);
}

#[test]
fn a08_long_values_arrive_whole() {
    let sizes = [8_192, 64 * 1024, 150_000];
    let values = sizes.map(|size| "x".repeat(size - 1) + "é");
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    all(&hold(PLACES, &values), None);
    // Without a length of its own, a text has at most 8192 characters.
    let plain = slots().replace(", maxLength: 200000", "");
    let fits = Ask::with("header", &"x".repeat(8_192));
    let longer = Ask::with("header", &"x".repeat(8_193));
    let became = fire(&plain, &[fits, longer]);
    assert!(matches!(became[0], Became::Sent(_)), "{:?}", became[0]);
    let Became::Refused(words) = &became[1] else {
        panic!("sent")
    };
    assert_eq!(words["problems"][0]["at"], "/s", "{words}");
}

/// Names of headers are the author's, and those of the connection nobody's.
#[test]
fn a08_names_of_headers_are_literal_and_not_the_connections() {
    let names = [
        "Host",
        "Content-Length",
        "Transfer-Encoding",
        "TE",
        "Connection",
        "Expect",
        "Upgrade",
        "Trailer",
        "Keep-Alive",
        "Proxy-Authorization",
        "hOsT",
        "'{{ s }}'",
        "'X-{{ s }}'",
        "'X Y'",
        "'X:'",
        "''",
    ];
    for name in names {
        let manifest = slots().replace(
            "headers: { X-Slot: '{{ s }}' }",
            &format!("headers: {{ {name}: '{{{{ s }}}}' }}"),
        );
        assert_ne!(manifest, slots());
        let ended = toolrun("check m.yaml").file("m.yaml", &manifest).run();
        assert_eq!(ended.code, Some(1), "{name}: {}{}", ended.stdout, ended.stderr);
    }
}
