//! A07: values in queries.

use serde_json::json;
use toolrun_fuzz::decoded;

use super::volley::{Ask, Became, MANIFEST, all, fire, hold};

/// Would be another pair, another key, another value or the end of the query.
const POLLUTION: &[&str] = &[
    "a&b=1",
    "&fixed=2",
    "a&fixed=2&q=3",
    "a;b=1",
    ";fixed=2",
    "a=b",
    "=",
    "==",
    "&",
    "&&",
    "a#b",
    "#",
    "a?b",
    "?fixed=2",
    "a+b",
    "+",
    "a b",
    " ",
    "",
    "%",
    "%%",
    "50%",
    "%26fixed=2",
    "%2526",
    "%00",
    "a\0b",
    "%zz",
    "a%20b",
    "a[]=1",
    "[]",
    "[x]",
    "q[]",
    "fixed[]=2",
    "a,b",
    "a|b",
    "a\r\nX-Evil: 1",
    "a HTTP/1.1\r\nX-Evil: 1",
    "\r\n\r\n",
    "a\tb",
    "../..",
    "..",
    "2024-01-01..2024-12-31",
    "//evil.example",
    "\\",
    "'",
    "\"",
    "<x>",
    "null",
    "true",
    "{{ vars.base }}",
    "\u{ff06}fixed=2",
    "\u{2028}",
    "\u{feff}",
    "\u{10ffff}",
    "é",
    "日本語",
];

#[test]
fn a07_a_value_is_one_value() {
    all(&hold(&["search"], POLLUTION), None);
}

/// One tool with every style and type.
fn styles() -> String {
    format!(
        "{MANIFEST}  styles:\n    api: s\n    description: Stands for a tool whose query has every style.\n    params:\n      \
         n: {{ type: integer, description: The number }}\n      \
         s: {{ type: string, optional: true, description: Some text }}\n      \
         i: {{ type: integer, optional: true, description: A count }}\n      \
         x: {{ type: number, optional: true, description: An amount }}\n      \
         b: {{ type: boolean, optional: true, description: A choice }}\n      \
         r: {{ type: array, items: {{ type: string }}, optional: true, description: Repeated }}\n      \
         c: {{ type: array, items: {{ type: string }}, style: csv, optional: true, description: By commas }}\n      \
         p: {{ type: array, items: {{ type: string }}, style: pipe, optional: true, description: By bars }}\n      \
         k: {{ type: array, items: {{ type: string }}, style: brackets, optional: true, description: In brackets }}\n      \
         m: {{ type: map, optional: true, description: By name }}\n    \
         url: '/q?fixed=1&s={{{{ s }}}}&i={{{{ i }}}}&x={{{{ x }}}}&b={{{{ b }}}}&r={{{{ r }}}}&c={{{{ c }}}}&p={{{{ p }}}}&k={{{{ k }}}}&m={{{{ m }}}}'\n"
    )
}

/// Keys as they stand and values decoded, as a server reads them.
fn pairs(became: Became) -> Vec<(String, String)> {
    let Became::Sent(wire) = became else {
        panic!("{became:?}")
    };
    assert_eq!(wire.segments, ["q"]);
    let text = |value: String| String::from_utf8(decoded(value.as_bytes())).expect("UTF-8");
    let pairs = wire.query.expect("a query").into_iter();
    pairs
        .map(|(key, value)| (key, text(value.expect("a value"))))
        .collect()
}

#[test]
fn a07_every_style_has_its_declared_keys() {
    let hostile = "a&fixed=2;b=1#c,d|e]f[";
    let cases = [
        ("\"s\":null".to_owned(), vec![]),
        (
            r#""i":5,"x":1.50,"b":true"#.to_owned(),
            vec![("i", "5"), ("x", "1.50"), ("b", "true")],
        ),
        (
            "\"b\":false,\"s\":\"null\"".to_owned(),
            vec![("s", "null"), ("b", "false")],
        ),
        (
            format!("\"r\":[{0:?},{0:?}]", hostile),
            vec![("r", hostile), ("r", hostile)],
        ),
        (
            format!("\"k\":[{hostile:?},\"\"]"),
            vec![("k[]", hostile), ("k[]", "")],
        ),
        ("\"r\":[],\"c\":[],\"m\":{}".to_owned(), vec![]),
        ("\"c\":[\"a&x=1\",\"b=2\"]".to_owned(), vec![("c", "a&x=1,b=2")]),
        ("\"p\":[\"a&x=1\",\"b=2\"]".to_owned(), vec![("p", "a&x=1|b=2")]),
    ];
    let asks: Vec<Ask> = cases
        .iter()
        .map(|(fields, _)| Ask::of("styles", fields))
        .collect();
    for ((fields, expected), became) in cases.iter().zip(fire(&styles(), &asks)) {
        let fixed = [("fixed", "1")].into_iter();
        let expected: Vec<_> = fixed
            .chain(expected.iter().copied())
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect();
        assert_eq!(pairs(became), expected, "{fields}");
    }
}

/// What separates several values is sent as it is, and encoded inside them.
#[test]
fn a07_separators_inside_values_are_encoded() {
    let asks = ["c", "p"].map(|key| Ask::of("styles", format!("\"{key}\":[\"a,b|c\",\"d\"]")));
    let became = fire(&styles(), &asks);
    for (became, expected) in became
        .into_iter()
        .zip([("c", "a%2Cb%7Cc,d"), ("p", "a%2Cb%7Cc|d")])
    {
        let Became::Sent(wire) = became else {
            panic!("{became:?}")
        };
        let query = wire.query.expect("a query");
        assert_eq!(query[1], (expected.0.to_owned(), Some(expected.1.to_owned())));
    }
}

/// A map chooses names only inside its own brackets.
#[test]
fn a07_a_map_names_nothing_outside_its_brackets() {
    let keys = [
        "a",
        "a]&fixed=2",
        "&fixed",
        "]",
        "[",
        "a][b",
        "",
        "=",
        "é",
        "a b",
        "#",
        "%5D",
        "fixed",
    ];
    let asks = keys.map(|key| Ask::of("styles", format!("\"m\":{}", json!({ key: "v&w=1" }))));
    for (key, became) in keys.iter().zip(fire(&styles(), &asks)) {
        let pairs = pairs(became);
        assert_eq!(pairs.len(), 2, "{pairs:?}");
        let (name, value) = &pairs[1];
        let inner = name
            .strip_prefix("m[")
            .and_then(|name| name.strip_suffix(']'))
            .expect("brackets");
        assert!(!inner.contains(['[', ']', '&', '=', '#', ' ']), "{inner}");
        assert_eq!(decoded(inner.as_bytes()), key.as_bytes());
        assert_eq!(value, "v&w=1");
    }
}

/// Lists and maps where one value is asked, and other types.
#[test]
fn a07_a_value_of_another_type_is_refused() {
    let fields = [
        "\"s\":[\"a\",\"b\"]",
        "\"s\":{\"a\":\"b\"}",
        "\"s\":true",
        "\"i\":[1,2]",
        "\"b\":\"true\"",
        "\"r\":[[\"a\"]]",
        "\"r\":[{\"a\":\"b\"}]",
        "\"m\":{\"a\":[\"b\"]}",
        "\"m\":{\"a\":{\"b\":\"c\"}}",
        "\"m\":\"a\"",
        "\"s[]\":\"a\"",
        "\"fixed\":\"2\"",
        "\"q\":\"2\"",
    ];
    let asks = fields.map(|fields| Ask::of("styles", fields));
    for (fields, became) in fields.iter().zip(fire(&styles(), &asks)) {
        let name = fields.trim_start_matches('"').split('"').next().expect("a name");
        let Became::Refused(words) = became else {
            panic!("{fields}: {became:?}")
        };
        let at = words["problems"][0]["at"].as_str().expect("a place");
        assert!(at.starts_with(&format!("/{name}")), "{fields}: {words}");
    }
}
