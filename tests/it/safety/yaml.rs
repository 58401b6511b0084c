//! C07: YAML as manifests have it: what each form means, or at which line and
//! column it is an error.

use serde_json::Value;

use crate::support::program::toolrun;

/// Values as they are written in a body, and the JSON that they are.
const VALUES: &[(&str, &str)] = &[
    ("text", r#""text""#),
    ("two words", r#""two words""#),
    ("'single'", r#""single""#),
    ("'it''s'", r#""it's""#),
    (r#""double \"quoted\"""#, r#""double \"quoted\"""#),
    (r#""a\tb\nc""#, r#""a\tb\nc""#),
    (r#""\u00e9\x41\U0001F600""#, r#""éA😀""#),
    (r#""\e""#, r#""\u001b""#),
    (
        r#""a\
          b""#,
        r#""ab""#,
    ),
    ("no", r#""no""#),
    ("yes", r#""yes""#),
    ("on", r#""on""#),
    ("off", r#""off""#),
    ("y", r#""y""#),
    ("NO", r#""NO""#),
    ("true", "true"),
    ("True", "true"),
    ("TRUE", "true"),
    ("tRUE", r#""tRUE""#),
    ("false", "false"),
    ("'true'", r#""true""#),
    ("null", "null"),
    ("~", "null"),
    ("Null", "null"),
    ("'null'", r#""null""#),
    ("\"\"", r#""""#),
    ("0", "0"),
    ("-0", "0"),
    ("017", "17"),
    ("0o17", "15"),
    ("0x1F", "31"),
    ("0b11", r#""0b11""#),
    ("1_000", r#""1_000""#),
    ("12:30", r#""12:30""#),
    ("12:30:45", r#""12:30:45""#),
    ("2026-01-01", r#""2026-01-01""#),
    ("1.50", "1.50"),
    ("1e3", "1e+3"),
    ("9007199254740993", "9007199254740993"),
    ("1.2.3", r#""1.2.3""#),
    ("+1", "1"),
    ("'1'", r#""1""#),
    ("-", ""),
    ("[]", ""),
    ("[a, b]", r#"["a","b"]"#),
    ("[a, [b, c]]", r#"["a",["b","c"]]"#),
    ("{ a: 1, b: x }", r#"{"a":1,"b":"x"}"#),
    ("{ \"a\": 1 }", r#"{"a":1}"#),
    ("a#b", r##""a#b""##),
    ("a #b", r#""a""#),
    ("'#b'", r##""#b""##),
    ("a:b", r#""a:b""#),
    ("http://x.example/", r#""http://x.example/""#),
    ("-a", r#""-a""#),
    ("'- a'", r#""- a""#),
    ("'*a'", r#""*a""#),
    ("'&a'", r#""&a""#),
    ("'!a'", r#""!a""#),
    ("'%a'", r#""%a""#),
    ("<<", r#""<<""#),
    ("=", r#""=""#),
    ("|\n          a\n          b\n", r#""a\nb\n""#),
    ("|-\n          a\n", r#""a""#),
    (">\n          a\n          b\n", r#""a b\n""#),
    ("a\n          b", r#""a b""#),
    ("é", r#""é""#),
    ("日本", r#""日本""#),
    ("NULL", "null"),
    ("nil", r#""nil""#),
    ("None", r#""None""#),
    ("inf", r#""inf""#),
    ("NaN", r#""NaN""#),
];

#[test]
fn c07_each_form_has_the_value_that_yaml_1_2_gives_it() {
    let values: Vec<_> = VALUES.iter().filter(|(_, json)| !json.is_empty()).collect();
    let mut text = "toolrun: 1\ntools:\n  look:\n    description: Returns the opening hours of the shop, day by day.\n    url: https://shop.example/x\n    method: POST\n    body:\n      json:\n".to_owned();
    for (index, (written, _)) in values.iter().enumerate() {
        text.push_str(&format!("        k{index}: {}\n", written.trim_end_matches('\n')));
    }
    let shown = toolrun("call it.yaml look --dry-run --json")
        .file("it.yaml", &text)
        .run()
        .exits(0)
        .json();
    let body = &shown["request"]["body"];
    let body: Value = body
        .as_str()
        .map_or_else(|| body.clone(), |text| serde_json::from_str(text).expect("JSON"));
    let body = if body["k0"].is_null() {
        body["json"].clone()
    } else {
        body
    };
    let wrong: Vec<String> = values
        .iter()
        .enumerate()
        .filter_map(|(index, (written, json))| {
            let found = body[format!("k{index}")].to_string();
            (found != *json).then(|| format!("{written}: {found} instead of {json}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Texts, and the code, line and column of what is wrong with them.
const ERRORS: &[(&str, &str, u64, u64)] = &[
    ("", "empty", 1, 1),
    ("# note\n", "empty", 1, 1),
    ("toolrun: 1\ntoolrun: 1\n", "duplicate-key", 2, 1),
    ("toolrun: 1\nx-a: { b: 1, b: 2 }\n", "duplicate-key", 2, 14),
    ("toolrun: 1\nx-a: { b: 1, 'b': 2 }\n", "duplicate-key", 2, 14),
    ("toolrun: 1\nx-a: !!str b\n", "tag", 2, 6),
    ("toolrun: 1\nx-a: !custom { a: b }\n", "tag", 2, 6),
    (
        "toolrun: 1\nx-a: !!python/object/apply:os.system [id]\n",
        "tag",
        2,
        6,
    ),
    (
        "toolrun: 1\nx-a: &a { b: c }\nx-d: { <<: *a }\n",
        "merge-key",
        3,
        8,
    ),
    ("toolrun: 1\n---\ntoolrun: 1\n", "second-document", 2, 1),
    ("toolrun: 1\nx-a: *none\n", "unknown-anchor", 2, 6),
    ("toolrun: 1\nx-a: &a [*a]\n", "recursive-alias", 2, 10),
    ("toolrun: 1\n\tx-a: b\n", "syntax", 2, 1),
    ("toolrun: 1\nx-a: \"b\n", "syntax", 2, 6),
    ("toolrun: 1\nx-a: [b\n", "syntax", 2, 6),
    ("toolrun: 1\nx-a: b]\nx-b: ]\n", "syntax", 3, 6),
    ("toolrun: 1\nx-a: { b }\n", "bare-key", 2, 8),
    ("toolrun: 1\ncolour: red\n", "unknown-key", 2, 1),
    ("toolrun: 2\n", "version", 1, 10),
    ("toolrun: '1'\n", "version", 1, 10),
    ("toolrun: yes\n", "version", 1, 10),
    ("- toolrun: 1\n", "wrong-type", 1, 1),
    ("text\n", "wrong-type", 1, 1),
    ("toolrun: 1\ntools: no\n", "wrong-type", 2, 8),
    ("toolrun: 1\ntools: [a]\n", "wrong-type", 2, 9),
    ("toolrun: 1\ntools:\n  a: 1\n", "wrong-type", 3, 6),
    ("toolrun: 1\n? [a, b]\n: c\n", "complex-key", 2, 3),
    ("%YAML 1.1\n---\ntoolrun: 1\n", "syntax", 1, 1),
    ("toolrun: 1\nx-a: @b\n", "syntax", 2, 6),
    ("toolrun: 1\nx-a: `b`\n", "syntax", 2, 6),
    ("toolrun: 1\nx-a: b: c\n", "syntax", 2, 7),
    ("toolrun: 1\n  x-a: b\n", "syntax", 2, 6),
    (
        "toolrun: 1\ntools:\n  a:\n    description: Returns one.\n    url: https://a.example/x\n    method: POST\n    body: { json: { a: 18446744073709551616 } }\n",
        "number-too-large",
        7,
        24,
    ),
    ("toolrun: 1\nx-a:\n  - b\n c\n", "syntax", 4, 2),
    ("toolrun: 1\nx-a: {{ b }}\n", "unquoted-template", 2, 6),
];

#[test]
fn c07_each_form_that_manifests_do_not_have_is_an_error_with_its_place() {
    let mut wrong = Vec::new();
    for (text, code, line, column) in ERRORS {
        let report = toolrun("check it.yaml --format json")
            .file("it.yaml", text)
            .run()
            .exits(1)
            .json();
        let found: Vec<(String, u64, u64)> = report["diagnostics"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|found| {
                let at = |key: &str| found[key].as_u64().unwrap_or_default();
                (
                    found["code"].as_str().unwrap_or_default().to_owned(),
                    at("line"),
                    at("column"),
                )
            })
            .collect();
        if !found.contains(&((*code).to_owned(), *line, *column)) {
            wrong.push(format!("{text:?}: {found:?}, not {code} at {line}:{column}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn c07_a_byte_order_mark_and_other_line_ends_are_fine() {
    let honest = "toolrun: 1\ntools:\n  look:\n    description: Returns the opening hours of the shop, day by day.\n    url: https://shop.example/hours\n";
    for text in [
        format!("\u{feff}{honest}"),
        honest.replace('\n', "\r\n"),
        format!("---\n{honest}"),
        format!("{honest}...\n"),
    ] {
        toolrun("check it.yaml").file("it.yaml", &text).run().exits(0);
    }
}
