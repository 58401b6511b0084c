//! A01, A03, A05: values in paths.

use super::volley::{Ask, Became, all, fire, hold, slots};
use crate::support::program::toolrun;

/// A slot in the middle and at the end, alone and beside text, read and
/// deleted.
const PLACES: &[&str] = &["last", "middle", "root", "twice", "remove", "remove_part"];

/// Leads elsewhere for some server, at some depth of decoding.
const DOTS: &[&str] = &[
    ".",
    "..",
    "./",
    "../",
    "/..",
    "/.",
    "../..",
    "a/..",
    "a/../b",
    "a/./b",
    "../../../../etc/passwd",
    "..\\",
    "..\\x",
    "a\\..\\b",
    "\\..",
    "..%5cx",
    "..%255cx",
    "..;/x",
    "..;",
    "..;x=1/b",
    ";/../x",
    "x;/../y",
    "..%3b/x",
    "..%3bx",
    "..?x",
    "..#x",
    "..%00",
    "..\0x",
    "\t..",
    "..\t",
    ".\t.",
    "\r..",
    "..\r\n",
    ".\n.",
    "..\n/x",
    "\t.\r.\n",
    " ..",
    ".. ",
    ". .",
    "\u{a0}..",
    "%2e",
    "%2e%2e",
    "%2E%2E",
    ".%2e",
    "%2e.",
    ".%2E/",
    "%2e%2e%2f",
    "%2e%2e/x",
    "..%2fx",
    "a%2f..",
    "a%2f%2e%2e%2fb",
    "%252e%252e",
    "%252e%252e%252f",
    "%252e.",
    "..%252f",
    "%25252e%25252e%25252f",
    "%2525252e%2525252e",
    "%25%32%65%25%32%65",
    "%2%65%2%65",
    "%25%32%35%32%65.",
    "%u002e%u002e",
    "%U002E.",
    "%u2215..%u2215",
    "%c0%ae%c0%ae",
    "%c0%ae.",
    "%c0%ae%c0%ae%c0%af",
    "..%c0%afx",
    "..%c1%9cx",
    "%c0%2e%c0%2e",
    "%e0%80%ae%e0%80%ae",
    "%e0%40%ae.",
    "%f0%80%80%ae.",
    "%f8%80%80%80%ae.",
    "%fc%80%80%80%80%ae.",
    "%25c0%25ae%25c0%25ae",
    "%c0%a52e.",
    "\u{ff0e}\u{ff0e}",
    "\u{ff0e}.",
    "\u{2024}\u{2024}",
    "\u{2025}",
    "\u{fe52}\u{fe52}",
    "\u{3002}\u{3002}",
    "\u{ff61}.",
    "..\u{ff0f}x",
    "..\u{2215}x",
    "..\u{2044}x",
    "..\u{ff3c}x",
    "..\u{2216}x",
    "%ef%bc%8e%ef%bc%8e",
    "\u{ff05}2e.",
    ".\u{200b}.",
    "..\u{feff}",
    "..\u{200d}/x",
    ".\u{ad}.",
    "..\u{2060}",
    "\u{202e}..",
    "..\u{fe0f}",
];

/// Hostile, and yet a name of one segment.
const LITERAL: &[&str] = &[
    "//evil.example",
    "//evil.example/x",
    "///x",
    "/etc/passwd",
    "\\\\evil\\share",
    "@evil.example",
    "\\@evil.example",
    "a@evil.example",
    "user:pw@evil.example",
    ":80",
    ":8080/x",
    "evil.example:443",
    "http://evil.example/",
    "https:evil.example",
    "?a=b",
    "?admin=1&x",
    "#top",
    "x#y",
    "a?b#c",
    "a&b=c",
    "a;b",
    ";jsessionid=1",
    ";",
    "a=b",
    "%",
    "%%",
    "%2",
    "%zz",
    "%2f",
    "%2F%2Fevil",
    "%252f",
    "%5c",
    "%3f%23",
    "a%00",
    "a\0b",
    "a\r\nHost: evil.example",
    "a\r\n\r\nGET /admin HTTP/1.1\r\nHost: x\r\n\r\n",
    "a HTTP/1.1\r\nX: y",
    "\u{560a}\u{560d}x",
    "a\tb",
    "\u{7f}",
    "\u{85}x",
    "...",
    "....",
    "..a",
    "a..",
    "..a/b",
    "...;/x",
    ".a",
    "a.",
    "~",
    "~root",
    "*",
    "a*",
    "(a)",
    "[a]",
    "{a}",
    "{{ vars.base }}",
    "{{7*7}}",
    "${x}",
    "$(x)",
    "`x`",
    "'",
    "\"",
    "<x>",
    "|x",
    "^",
    "a+b",
    "a b",
    "\u{2026}",
    "\u{200b}",
    "\u{feff}x",
    "\u{ff0f}",
    "\u{2100}",
    "\u{2f}\u{338}",
    "\u{fffd}",
    "\u{10ffff}",
    "\u{e0041}",
    "NaN",
    "null",
    "undefined",
    "CON",
    "a:b",
    "C:",
    "C:\\x",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "\u{130}\u{131}\u{17f}\u{212a}",
    "xn--e1afmkfd",
    "0x7f.1",
    "%E2%80%A5x",
];

#[test]
fn a01_traversal_stays_one_segment_or_is_refused() {
    let dots = hold(PLACES, DOTS);
    all(&dots, Some("path-dot-segment"));
    let literal = hold(PLACES, LITERAL);
    all(&literal, None);
    assert_eq!((dots.len(), literal.len()), (DOTS.len() * 6, LITERAL.len() * 6));
}

/// Text beside a slot makes a name of most dots, but not of a separator.
#[test]
fn a01_traversal_beside_literal_text() {
    let outcomes = hold(&["beside"], DOTS);
    let separated = |value: &str| value.contains("/..") || value.contains("\\..");
    for (_, value, became) in &outcomes {
        if separated(value) {
            assert_eq!(became.rule(), Some("path-dot-segment"), "{value:?}");
        }
    }
    all(
        outcomes
            .iter()
            .filter(|(_, value, _)| ["..", ".", "%2e%2e", ".\t."].contains(value)),
        None,
    );
    all(&hold(&["beside"], LITERAL), None);
}

#[test]
fn a03_what_is_empty_never_reaches_the_collection() {
    let blank = [
        "", " ", "   ", "\t", "\n", "\r\n", "\u{a0}", "\u{2003}", "\u{3000}", "\u{2028}", "\0", "\0x", "%20",
        "%09%0a", "%00", "%2520", "%2500", "%c0%80",
    ];
    all(&hold(PLACES, &blank), Some("path-empty-segment"));
    let dots = [".", "..", ". ", "\t..\n"];
    all(
        &hold(&["last", "middle", "remove", "remove_part"], &dots),
        Some("path-dot-segment"),
    );
    let missing = ["last", "remove"].map(|tool| Ask::of(tool, ""));
    let nothing = ["last", "remove"].map(|tool| Ask::of(tool, "\"s\":null"));
    for became in fire(&slots(), &[missing, nothing].concat()) {
        let Became::Refused(words) = became else {
            panic!("sent: {became:?}")
        };
        assert_eq!(words["problems"][0]["at"], "/s", "{words}");
    }
}

#[test]
fn a05_dots_at_every_depth_are_refused_and_the_rest_is_literal() {
    // Encoded so often that no depth up to the fourth has a dot.
    let encoded = |times: usize| format!("%{}2e%{}2e", "25".repeat(times), "25".repeat(times));
    let within: Vec<String> = (0..4).map(encoded).collect();
    let within: Vec<&str> = within.iter().map(String::as_str).collect();
    all(&hold(PLACES, &within), Some("path-dot-segment"));
    let beyond = [encoded(4), encoded(7)];
    for (tool, value, became) in hold_texts(PLACES, &beyond) {
        assert_eq!(became.rule(), None, "{tool} {value}");
    }
    let literal = [
        "v1..v2",
        "..a",
        "a..",
        "...",
        "%2e%2ea",
        "a%2e%2e",
        "%c0%aea",
        "\u{ff0e}a",
        "..;a=.a/b".trim_start_matches("..;"),
    ];
    all(&hold(PLACES, &literal), None);
}

fn hold_texts<'v>(tools: &[&'static str], values: &'v [String]) -> Vec<(&'static str, &'v str, Became)> {
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    hold(tools, &values)
}

/// Two params that only together are dots.
#[test]
fn a05_two_params_are_judged_together() {
    let manifest = |url: &str| {
        format!(
            "{}  pair:\n    api: s\n    description: Stands for a tool whose request has two slots.\n    params:\n      \
             n: {{ type: integer, description: The number }}\n      a: {{ type: string, description: One half }}\n      \
             b: {{ type: string, description: The other half }}\n    url: '{url}'\n",
            super::volley::MANIFEST
        )
    };
    let ask = |(a, b): (&str, &str)| Ask::of("pair", format!("\"a\":{a:?},\"b\":{b:?}"));
    let halves = [
        (".", "."),
        ("..", ""),
        ("", ".."),
        ("%2", "e."),
        ("%", "2e."),
        ("", ""),
        (" ", ""),
        ("a/.", "."),
        (".", ".\\\\a"),
    ];
    for (half, became) in halves
        .iter()
        .zip(fire(&manifest("/v1/{{ a }}{{ b }}/x"), &halves.map(ask)))
    {
        assert!(
            became.rule().is_some_and(|rule| rule.starts_with("path-")),
            "{half:?}: {became:?}"
        );
    }
    let apart = [
        ("..", ".."),
        ("..", "x"),
        ("x", ".."),
        (".", "."),
        ("", "x"),
        ("x", ""),
    ];
    for (pair, became) in apart
        .iter()
        .zip(fire(&manifest("/v1/{{ a }}/{{ b }}/x"), &apart.map(ask)))
    {
        assert!(
            became.rule().is_some_and(|rule| rule.starts_with("path-")),
            "{pair:?}: {became:?}"
        );
    }
    let honest = [
        ("v1..", "v2"),
        (".", "env"),
        ("a", ""),
        ("...", "."),
        ("a.", ".b"),
    ];
    for (pair, became) in honest
        .iter()
        .zip(fire(&manifest("/v1/{{ a }}{{ b }}/x"), &honest.map(ask)))
    {
        assert!(matches!(became, Became::Sent(_)), "{pair:?}: {became:?}");
    }
}

/// A model never chooses scheme, host or port: a manifest that would let it
/// is refused where it is written.
#[test]
fn a01_no_param_stands_in_an_origin() {
    let urls = [
        "http://127.0.0.1{{ s }}",
        "http://127.0.0.1{{ s }}/x",
        "http://{{ s }}/x",
        "http://{{ s }}.api.example/x",
        "http://api.example.{{ s }}/x",
        "http://127.0.0.1:{{ s }}/x",
        "{{ s }}",
        "{{ s }}://127.0.0.1/x",
        "http:{{ s }}",
        "http:/{{ s }}",
        "http://u:{{ s }}@127.0.0.1/x",
        "http://{{ s }}@127.0.0.1/x",
        "{{ vars.base }}{{ s }}",
    ];
    for url in urls {
        let manifest = format!(
            "toolrun: 1\nvars: {{ base: {{ default: 'http://127.0.0.1:9' }} }}\ntools:\n  t:\n    description: Stands for a tool that must \
             not be.\n    params: {{ s: {{ type: string, description: The value }} }}\n    url: '{url}'\n"
        );
        let ended = toolrun("check m.yaml").file("m.yaml", &manifest).run().exits(1);
        let refused = ["param-in-origin", "url-shape"]
            .iter()
            .any(|rule| ended.stderr.contains(rule) || ended.stdout.contains(rule));
        assert!(refused, "{url}: {}{}", ended.stdout, ended.stderr);
        let sent = toolrun("call m.yaml t s=x").file("m.yaml", &manifest).run();
        assert_eq!(sent.code, Some(2), "{url}");
    }
}
