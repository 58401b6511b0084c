//! C06, C08: manifests that are meant to exhaust whoever reads them: YAML,
//! patterns, schemas, templates. Each is measured beside an honest one.

use std::time::Duration;

use crate::support::measure::{Cost, MIB};
use crate::support::program::toolrun;

/// More than any may take over an honest manifest; the build under test is
/// not optimised, and the machine may be busy.
const MEMORY: u64 = 64 * MIB;
const CPU: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(120);

const HONEST: &str = "toolrun: 1
tools:
  look:
    description: Returns the opening hours of the shop, day by day.
    url: https://shop.example/hours
";

fn honest() -> Cost {
    let (ended, cost) = toolrun("check it.yaml").file("it.yaml", HONEST).measured(LONGEST);
    ended.exits(0);
    cost
}

/// Whether a manifest is refused or merely bounded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    Refused,
    Anyhow,
}

#[track_caller]
#[expect(
    clippy::print_stdout,
    reason = "with --nocapture the figures can be read and published"
)]
fn bounded(cases: &[(&str, String, Ends)]) {
    let baseline = honest();
    for (name, text, ends) in cases {
        let (ended, cost) = toolrun("check it.yaml").file("it.yaml", text).measured(LONGEST);
        println!("{name}: {}", cost.over(&baseline));
        assert!(
            matches!(ended.code, Some(0..=2)),
            "{name}: {:?} {}",
            ended.code,
            ended.stderr
        );
        assert!(*ends == Ends::Anyhow || ended.code != Some(0), "{name} is taken");
        assert!(
            ended.stdout.len() + ended.stderr.len() < 1 << 20,
            "{name}: much is said"
        );
        cost.within(&baseline, MEMORY, CPU);
    }
}

/// An honest manifest with a key beside its tools.
fn with(extra: &str) -> String {
    format!("{HONEST}{extra}\n")
}

fn laughs() -> String {
    let mut text = "toolrun: 1\nx-a: &a [l, l, l, l, l, l, l, l, l]\n".to_owned();
    for (last, next) in ('a'..'j').zip('b'..) {
        let aliases = vec![format!("*{last}"); 9].join(", ");
        text.push_str(&format!("x-{next}: &{next} [{aliases}]\n"));
    }
    text
}

#[test]
fn c06_bombs_of_yaml_cost_little_and_are_refused() {
    let items = |count: usize| vec!["a"; count].join(", ");
    let nested = |open: &str, count: usize| format!("x: {}", open.repeat(count));
    let anchors: String = (0..60).map(|index| format!("{{ k: &a{index} ")).collect();
    let cases = [
        ("billion laughs", laughs(), Ends::Refused),
        (
            "quadratic",
            with(&format!(
                "x-a: &a [{}]\nx-b:\n{}",
                items(10_000),
                "  - *a\n".repeat(10_000)
            )),
            Ends::Refused,
        ),
        (
            "one long text, repeated",
            with(&format!(
                "x-a: &a \"{}\"\nx-b:\n{}",
                "a".repeat(1 << 20),
                "  - *a\n".repeat(10_000)
            )),
            Ends::Refused,
        ),
        (
            "anchors in anchors",
            with(&format!(
                "x-a: {anchors}\"{}\"{}",
                "a".repeat(3 << 20),
                "}".repeat(60)
            )),
            Ends::Refused,
        ),
        ("100,000 lists", nested("[", 100_000), Ends::Refused),
        ("100,000 dashes", "- ".repeat(100_000), Ends::Refused),
        ("100,000 mappings", nested("{a: ", 100_000), Ends::Refused),
        (
            "a text of 10 MiB",
            with(&format!("x-a: {}", "a".repeat(10 << 20))),
            Ends::Refused,
        ),
        (
            "a text of 3 MiB",
            with(&format!("x-a: {}", "a".repeat(3 << 20))),
            Ends::Anyhow,
        ),
        (
            "escapes",
            with(&format!("x-a: \"{}\"", "\\n".repeat(1 << 20))),
            Ends::Anyhow,
        ),
        ("recursive list", "a: &a [*a]\n".to_owned(), Ends::Refused),
        ("recursive mapping", "a: &a { b: *a }\n".to_owned(), Ends::Refused),
        (
            "million items",
            with(&format!("x-a: [{}]", items(1_000_000))),
            Ends::Refused,
        ),
        ("many open quotes", "a: \"b\n".repeat(300_000), Ends::Refused),
        ("many tabs", with(&"\ta: b\n".repeat(300_000)), Ends::Refused),
        ("only newlines", with(&"\n".repeat(3 << 20)), Ends::Anyhow),
    ];
    bounded(&cases);
}

#[test]
fn c06_huge_numbers_of_keys_and_of_problems_cost_little() {
    let lines = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let under = |key: &str, count: usize, line: &dyn Fn(usize) -> String| {
        with(&format!("{key}\n{}", lines(count, line)))
    };
    let cases = [
        (
            "unknown keys",
            with(&lines(90_000, &|i| format!("k{i}: 1\n"))),
            Ends::Refused,
        ),
        (
            "duplicate keys",
            with(&format!("x-a:\n{}", "  k: 1\n".repeat(90_000))),
            Ends::Refused,
        ),
        (
            "empty tools",
            lines(60_000, &|i| {
                if i == 0 {
                    "toolrun: 1\ntools:\n".into()
                } else {
                    format!("  t{i}: {{}}\n")
                }
            }),
            Ends::Refused,
        ),
        (
            "secrets",
            under("secrets:", 60_000, &|i| format!("  S{i}: env\n")),
            Ends::Anyhow,
        ),
        (
            "vars",
            under("vars:", 40_000, &|i| format!("  v{i}: {{ default: a }}\n")),
            Ends::Anyhow,
        ),
        (
            "headers",
            under("    headers:", 60_000, &|i| format!("      X-H{i}: a\n")),
            Ends::Anyhow,
        ),
        (
            "params",
            under("    params:", 40_000, &|i| {
                format!("      p{i}: {{ type: string }}\n")
            }),
            Ends::Refused,
        ),
        (
            "values of an enum",
            under("    params:\n      p:\n        enum:", 90_000, &|i| {
                format!("        - v{i}\n")
            }),
            Ends::Anyhow,
        ),
        (
            "a long url",
            HONEST.replace("/hours", &"/hours".repeat(300_000)),
            Ends::Refused,
        ),
        (
            "slots of a url",
            HONEST.replace("/hours", &format!("/{}", "{{ vars.a }}".repeat(200_000))),
            Ends::Refused,
        ),
    ];
    bounded(&cases);
}

/// A tool with one param, as it is written behind its name.
fn param(written: &str) -> String {
    with(&format!("    params:\n      q: {{ {written} }}")).replace("/hours", "/hours?q={{ q }}")
}

fn pattern(text: &str) -> String {
    param(&format!(
        "type: string, description: What is looked for in it, pattern: '{text}'"
    ))
}

#[test]
fn c08_patterns_are_linear_and_small() {
    let cases = [
        ("nested counts", pattern("(a{1000}){1000}"), Ends::Refused),
        (
            "deeper counts",
            pattern("((((a{100}){100}){100}){100})"),
            Ends::Refused,
        ),
        ("counted classes", pattern(r"(\w{500}){500}"), Ends::Refused),
        ("many classes", pattern(&r"\w".repeat(20_000)), Ends::Refused),
        ("as many as may be", pattern(&r"\w".repeat(200)), Ends::Anyhow),
        (
            "many parentheses",
            pattern(&format!("{}a{}", "(".repeat(900), ")".repeat(900))),
            Ends::Refused,
        ),
        ("a long text", pattern(&"a".repeat(1_000_000)), Ends::Refused),
        ("look-ahead", pattern("(?=a)b"), Ends::Refused),
        ("negative look-ahead", pattern("(?!a)b"), Ends::Refused),
        ("look-behind", pattern("(?<=a)b"), Ends::Refused),
        ("back reference", pattern(r"(a)\1"), Ends::Refused),
        ("named back reference", pattern(r"(?<n>a)\k<n>"), Ends::Refused),
        ("atomic group", pattern("(?>a+)b"), Ends::Refused),
        (
            "key pattern",
            param(
                "description: A nested value, schema: { type: object, patternProperties: { '(a{1000}){1000}': { type: string } } }",
            ),
            Ends::Refused,
        ),
    ];
    bounded(&cases);
}

#[test]
fn c08_an_ambiguous_pattern_is_matched_in_linear_time() {
    for redos in [
        "^(a+)+$",
        "^(a|aa)+$",
        "^([a-zA-Z]+)*$",
        "(.*)*x$",
        r"^(\w+\s?)*$",
    ] {
        let text = pattern(redos).replace("https://shop.example", "http://127.0.0.1:9");
        let long = format!("{}!\"", "a".repeat(8_000));
        let (ended, cost) = toolrun("call it.yaml look --args")
            .arg(format!("{{\"q\": \"{long} }}"))
            .file("it.yaml", &text)
            .measured(LONGEST);
        assert!(
            matches!(ended.code, Some(2 | 3)),
            "{redos}: {:?} {}",
            ended.code,
            ended.stderr
        );
        cost.within(&honest(), MEMORY, CPU);
    }
}

#[test]
fn c08_schemas_fetch_nothing_and_do_not_multiply() {
    let schema = |written: &str| param(&format!("description: A nested value, schema: {{ {written} }}"));
    let doubling: String = (0..30)
        .map(|i| {
            format!(
                "a{i}: {{ allOf: [{{ $ref: '#/$defs/a{0}' }}, {{ $ref: '#/$defs/a{0}' }}] }}, ",
                i + 1
            )
        })
        .collect();
    let branches = vec!["{ type: string }"; 10_000].join(", ");
    let cases = [
        ("file", schema("$ref: 'file:///etc/passwd'"), Ends::Refused),
        (
            "network",
            schema("$ref: 'http://127.0.0.1:9/s.json'"),
            Ends::Refused,
        ),
        ("other folder", schema("$ref: '../other.yaml#/x'"), Ends::Refused),
        (
            "dynamic",
            schema("$dynamicRef: 'https://evil.example/s#x'"),
            Ends::Refused,
        ),
        (
            "remote id",
            schema("$id: 'https://evil.example/s', type: string"),
            Ends::Refused,
        ),
        (
            "remote language",
            schema("$schema: 'https://evil.example/meta', type: string"),
            Ends::Refused,
        ),
        ("no such target", schema("$ref: '#/$defs/none'"), Ends::Refused),
        ("itself", schema("$ref: '#'"), Ends::Anyhow),
        (
            "a circle",
            schema("$ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } }"),
            Ends::Anyhow,
        ),
        (
            "doubling",
            schema(&format!(
                "$ref: '#/$defs/a0', $defs: {{ {doubling} a30: {{ type: string }} }}"
            )),
            Ends::Refused,
        ),
        (
            "10,000 branches",
            schema(&format!("anyOf: [{branches}]")),
            Ends::Refused,
        ),
        (
            "deep",
            schema(&format!(
                "{}type: string{}",
                "items: { ".repeat(200),
                " }".repeat(200)
            )),
            Ends::Refused,
        ),
    ];
    bounded(&cases);
}

#[test]
fn c08_a_schema_that_would_multiply_with_depth_does_not_run() {
    let text = param("description: A nested value, schema: { properties: { a: { allOf: [{ $ref: '#' }, { $ref: '#' }] } } }")
        .replace("https://shop.example/hours?q={{ q }}", "http://127.0.0.1:9/x")
        .replace("    params:", "    method: POST\n    effect: read\n    body: { json: { q: \"{{ q }}\" } }\n    params:");
    let deep = format!("{}1{}", "{\"a\":".repeat(40), "}".repeat(40));
    let (ended, cost) = toolrun("call it.yaml look --args")
        .arg(format!("{{\"q\":{deep}}}"))
        .file("it.yaml", &text)
        .measured(LONGEST);
    ended.exits(2).says("nested too deep");
    cost.within(&honest(), MEMORY, CPU);
}

#[test]
fn c08_templates_have_a_short_list_of_filters_and_no_loops() {
    let url = |expression: &str| HONEST.replace("/hours", &format!("/{{{{ {expression} }}}}"));
    let result = |template: &str| with(&format!("    result: {{ template: \"{template}\" }}"));
    let mut cases = Vec::new();
    for (name, text) in [
        ("unknown filter", "'a' | attr('b')"),
        ("pad", "'a' | center(1000000000)"),
        ("format", "'%1000000000s' | format('a')"),
        ("repeat", "'a' * 1000000000"),
        ("range", "range(1000000000)"),
        ("class", "''.__class__.__mro__"),
        ("globals", "config"),
        ("environment", "env.HOME"),
        ("call", "lipsum(1000)"),
        ("long", &format!("1{}", " + 1".repeat(10_000))),
        ("deep", &format!("{}1{}", "(".repeat(900), ")".repeat(900))),
        ("not", &format!("{}1", "not ".repeat(450))),
    ] {
        // Whether a `*` has numbers at its sides is known when it is computed.
        let ends = if name == "repeat" {
            Ends::Anyhow
        } else {
            Ends::Refused
        };
        cases.push((name, url(text), ends));
    }
    for (name, text) in [
        ("macro", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
        ("include", "{% include '/etc/passwd' %}"),
        ("import", "{% import 'x' as y %}"),
        ("loop of a range", "{% for i in range(1000000000) %}x{% endfor %}"),
        ("deep", &"{% if true %}".repeat(5_000)),
        ("unclosed", "{% if true %}"),
    ] {
        cases.push((name, result(text), Ends::Refused));
    }
    bounded(&cases);
}
