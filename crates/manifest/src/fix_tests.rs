//! Fixes on texts: layout, order, bounds, and that a safe one keeps the meaning.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

use super::*;
use crate::diagnostic::Label;
use crate::diagnostic::LabelKind;
use crate::lint::RULES;
use crate::source::Span;
use crate::{ReadInclude, load};

struct NoFiles;

impl ReadInclude for NoFiles {
    fn read(&self, _: &str, _: &str) -> Result<(String, String), String> {
        Err("no files here".to_owned())
    }
}

fn checked(text: &str) -> Loaded {
    load("test.yaml", text.to_owned(), &NoFiles)
}

fn safely(text: &str) -> Fixed {
    fix(text, Safety::Safe, &checked)
}

const QUOTES: &str = "\
# The shop.
toolrun: 1
tools:
  list_orders:   # odd   layout stays
    description: Lists the orders of the shop, newest first.
    params: { id: { type: string, description: The order's id } }
    url: https://shop.example/orders
    query:
      id: {{ id }}   # not quoted
";

/// Templates in `{ }`, where a value ends at a comma or a bracket, whichever
/// line it was opened on.
#[test]
fn a_value_in_braces_ends_where_yaml_ends_it() {
    let text = |rest: &str| {
        QUOTES.replace(
            "    query:\n      id: {{ id }}   # not quoted\n",
            &format!("    {rest}\n"),
        )
    };
    for (before, after) in [
        (
            "query: {\n      a: {{ id }}, b: {{ id }}\n    }",
            "query: {\n      a: \"{{ id }}\", b: \"{{ id }}\"\n    }",
        ),
        (
            "query: {\n      a: {{ id }},\n      b: x\n    }",
            "query: {\n      a: \"{{ id }}\",\n      b: x\n    }",
        ),
        (
            "query: {\n      b: x,\n      a: {{ id }} }",
            "query: {\n      b: x,\n      a: \"{{ id }}\" }",
        ),
        (
            "headers: { X-Id: Order {{ id }} }",
            "headers: { X-Id: \"Order {{ id }}\" }",
        ),
        (
            "headers: { X-Id: {{ id | default('a') }}, X-B: b }",
            "headers: { X-Id: \"{{ id | default('a') }}\", X-B: b }",
        ),
    ] {
        let fixed = safely(&text(before));
        assert_eq!(fixed.text, text(after));
        assert!(
            fixed.loaded.manifest.is_some(),
            "{before}: {:?}",
            fixed.loaded.diagnostics
        );
    }
    // Quotes of its own: what was meant is not certain.
    let odd = text("headers: { X-Id: Order '\"{{ id }}\"' }");
    assert_eq!(safely(&odd).text, odd);
}

#[test]
fn only_what_is_mended_changes() {
    let expected = QUOTES.replace("{{ id }}", "\"{{ id }}\"");
    for (before, after) in [
        (QUOTES.to_owned(), expected.clone()),
        (QUOTES.replace('\n', "\r\n"), expected.replace('\n', "\r\n")),
        (format!("\u{feff}{QUOTES}"), format!("\u{feff}{expected}")),
        (QUOTES.trim_end().to_owned(), expected.trim_end().to_owned()),
    ] {
        let fixed = safely(&before);
        assert_eq!(fixed.text, after);
        assert_eq!(fixed.dropped, []);
        assert_eq!(fixed.applied.len(), 1, "{:?}", fixed.applied);
        assert_eq!(
            (fixed.applied[0].code, fixed.applied[0].line),
            ("unquoted-template", 9)
        );
        assert!(fixed.loaded.manifest.is_some(), "{:?}", fixed.loaded.diagnostics);
        assert_eq!(safely(&fixed.text).text, fixed.text);
    }
}

#[test]
fn inserted_lines_end_as_the_others_do() {
    let text = "toolrun: 1\r\ntools:\r\n  add_order:\r\n    description: Adds an order to the shop, at once.\r\n    method: POST\r\n    url: https://shop.example/orders\r\n";
    assert_eq!(safely(text).text, text, "what it does is the author's to say");
    let fixed = fix(text, Safety::Unsafe, &checked);
    let expected = text.replace("POST\r\n", "POST\r\n    effect: write\r\n");
    assert_eq!(fixed.text, expected);
}

#[test]
fn what_is_right_stays_byte_for_byte() {
    for text in [
        "",
        "\r\n",
        "toolrun: 1\n",
        QUOTES.replace("{{ id }}", "'{{ id }}'").as_str(),
    ] {
        let fixed = fix(text, Safety::Unsafe, &checked);
        assert_eq!(fixed.text, text);
        assert_eq!(fixed.applied, []);
    }
}

/// A text that is said to have a problem at each `a`, with that fix.
fn problems_at(text: &str, fix: impl Fn(usize) -> Option<Fix>) -> Loaded {
    let mut loaded = load("test.yaml", text.to_owned(), &NoFiles);
    loaded.manifest = None;
    loaded.diagnostics = text
        .match_indices('a')
        .map(|(at, _)| Diagnostic {
            code: "test",
            severity: Severity::Error,
            message: String::new(),
            labels: vec![Label {
                span: span(at, at + 1),
                kind: LabelKind::Primary,
                text: String::new(),
            }],
            help: None,
            fix: fix(at),
        })
        .collect();
    loaded
}

fn span(start: usize, end: usize) -> Span {
    Span {
        source: MAIN,
        start,
        end,
    }
}

fn replacing(at: usize, text: &str) -> Option<Fix> {
    Some(Fix {
        title: "replace it".to_owned(),
        safety: Safety::Safe,
        edits: vec![Edit {
            span: span(at, at + 1),
            text: text.to_owned(),
        }],
    })
}

#[test]
fn of_fixes_that_touch_the_first_is_applied_and_then_the_others() {
    let check = |text: &str| problems_at(text, |at| replacing(at, "b"));
    let fixed = fix("# aaa a", Safety::Safe, &check);
    assert_eq!(fixed.text, "# bbb b");
    assert_eq!(fixed.applied.len(), 4);
}

#[test]
fn a_fix_that_makes_it_worse_is_left_out_and_the_others_are_not() {
    // The third `a` becomes two; each other one goes.
    let third = |text: &str| {
        text.match_indices('a')
            .map(|(at, _)| at)
            .find(|at| text[..*at].ends_with('!'))
    };
    let check = |text: &str| {
        problems_at(text, |at| {
            replacing(at, if Some(at) == third(text) { "aa" } else { "b" })
        })
    };
    let fixed = fix("# a a !a a a", Safety::Safe, &check);
    assert_eq!(fixed.text, "# b b !a b b");
    assert_eq!((fixed.applied.len(), fixed.dropped.len()), (4, 1));
}

#[test]
fn fixes_that_undo_each_other_end() {
    let check = |text: &str| {
        let mut loaded = problems_at(&text.replace('b', "a"), |_| None);
        let other = if text.contains('a') { "b" } else { "a" };
        loaded.diagnostics[0].fix = replacing(2, other);
        loaded.sources = load("test.yaml", text.to_owned(), &NoFiles).sources;
        loaded
    };
    let fixed = fix("# a", Safety::Safe, &check);
    assert_eq!(fixed.text, "# b", "none is gone back to");
}

#[test]
fn what_cannot_be_read_may_turn_out_to_have_more_errors() {
    let text = QUOTES.replace("url: https", "uri: 1\n    ulr: 2\n    x: https");
    let fixed = safely(&text);
    assert!(fixed.text.contains("\"{{ id }}\""), "{}", fixed.text);
    assert!(errors(&fixed.loaded) > 1);
}

#[test]
fn a_safe_fix_that_changes_the_meaning_is_left_out() {
    let check = |text: &str| {
        let mut loaded = checked(text);
        if let Some(at) = text.find("newest") {
            let mut found = problems_at("a", |_| None).diagnostics.remove(0);
            found.fix = replacing(at, "N");
            loaded.diagnostics.push(found);
        }
        loaded
    };
    let text = QUOTES.replace("{{ id }}", "'{{ id }}'");
    let fixed = fix(&text, Safety::Safe, &check);
    assert_eq!((fixed.text.as_str(), fixed.dropped.len()), (text.as_str(), 1));
    let comment = text.replace("# The shop.", "# newest");
    assert_ne!(fix(&comment, Safety::Safe, &check).text, comment);
}

/// The bad examples of every rule.
fn bad_examples() -> Vec<(&'static str, &'static str)> {
    RULES
        .iter()
        .flat_map(|rule| {
            let blocks = rule.docs.split("```yaml\n").collect::<Vec<_>>();
            let bad = blocks
                .windows(2)
                .filter(|pair| pair[0].trim_end().ends_with("Bad:"));
            bad.map(|pair| pair[1].split("```").next().unwrap_or_default())
                .map(|text| (rule.name, text))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn the_bad_examples_of_every_rule_are_mended_as_far_as_they_can_be() {
    let examples = bad_examples();
    assert!(examples.len() >= RULES.len());
    for (rule, text) in examples {
        for allowed in [Safety::Safe, Safety::Unsafe] {
            let before = checked(text);
            let fixed = fix(text, allowed, &checked);
            assert_eq!(fixed.dropped, [], "{rule}: a fix that cannot be applied");
            let left = fixed.loaded.diagnostics.iter();
            let fixable: Vec<_> = left
                .filter(|found| {
                    found
                        .fix
                        .as_ref()
                        .is_some_and(|fix| applies(fix, allowed, &fixed.loaded))
                })
                .collect();
            assert!(fixable.is_empty(), "{rule}: {fixable:?}\n{}", fixed.text);
            assert!(errors(&fixed.loaded) <= errors(&before), "{rule}\n{}", fixed.text);
            let codes =
                |loaded: &Loaded| -> Vec<_> { loaded.diagnostics.iter().map(|found| found.code).collect() };
            let new: Vec<_> = codes(&fixed.loaded)
                .into_iter()
                .filter(|code| *code != rule)
                .collect();
            assert!(new.is_empty(), "{rule}: its fix brings {new:?}\n{}", fixed.text);
            let changed = fixed.text != text;
            assert_eq!(changed, !fixed.applied.is_empty(), "{rule}");
            assert_eq!(fix(&fixed.text, allowed, &checked).text, fixed.text, "{rule}");
        }
    }
}

/// A text that says the same in another layout, or breaks in a new way.
fn laid_out(text: &str, ways: &[(usize, u8)]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (place, way) in ways {
        let at = place % lines.len().max(1);
        match way % 6 {
            0 => lines.insert(at, "# a note".to_owned()),
            1 => lines[at].push_str("   # beside"),
            2 => lines.insert(at, String::new()),
            3 => lines[at] = lines[at].replace('"', ""),
            4 => lines[at] = lines[at].replace('"', "'"),
            _ => drop(lines.remove(at)),
        }
        if lines.is_empty() {
            lines.push(String::new());
        }
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(Config { cases: 400, rng_seed: RngSeed::Fixed(4), failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_safe_fix_keeps_the_meaning_and_is_a_fixed_point(
        which in 0usize..1000,
        ways in prop::collection::vec((0usize..200, any::<u8>()), 0..4),
        ends in any::<bool>(),
    ) {
        let examples = bad_examples();
        let text = laid_out(examples[which % examples.len()].1, &ways);
        let text = if ends { text.replace('\n', "\r\n") } else { text };
        let before = checked(&text);
        let fixed = safely(&text);
        if let (Some(before), Some(after)) = (&before.manifest, &fixed.loaded.manifest) {
            prop_assert_eq!(meaning(before), meaning(after));
            prop_assert_eq!(&fixed.dropped, &[], "a safe fix of a manifest that loads changes it");
        }
        prop_assert_eq!(&safely(&fixed.text).text, &fixed.text);
        let comments = |text: &str| text.lines().filter(|line| line.starts_with("# a note")).count();
        prop_assert_eq!(comments(&text), comments(&fixed.text));
        if fixed.applied.is_empty() {
            prop_assert_eq!(&fixed.text, &text);
        }
    }

    #[test]
    fn every_fix_leaves_a_text_that_is_no_worse(
        which in 0usize..1000,
        ways in prop::collection::vec((0usize..200, any::<u8>()), 0..4),
    ) {
        let examples = bad_examples();
        let text = laid_out(examples[which % examples.len()].1, &ways);
        let before = checked(&text);
        let fixed = fix(&text, Safety::Unsafe, &checked);
        prop_assert!(!is_worse(&before, &fixed.loaded, 0), "{}", fixed.text);
        prop_assert_eq!(&fix(&fixed.text, Safety::Unsafe, &checked).text, &fixed.text);
    }
}
