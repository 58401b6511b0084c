//! Loading under hostile and broken texts: no panic, no long time.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use toolrun_manifest::{Loaded, ReadInclude, load};

struct NoFiles;

impl ReadInclude for NoFiles {
    fn read(&self, _: &str, _: &str) -> Result<(String, String), String> {
        Err("no files here".to_owned())
    }
}

/// Loads, and looks at every span as a renderer would.
fn survive(text: String) -> Loaded {
    let loaded = load("test.yaml", text, &NoFiles);
    for diagnostic in &loaded.diagnostics {
        for label in &diagnostic.labels {
            let text = &loaded.sources.get(label.span.source).text;
            assert!(
                text.get(label.span.range()).is_some(),
                "span off the characters: {diagnostic:?}"
            );
            loaded.sources.position(label.span);
        }
        for edit in diagnostic.fix.iter().flat_map(|fix| &fix.edits) {
            assert!(
                loaded
                    .sources
                    .get(edit.span.source)
                    .text
                    .get(edit.span.range())
                    .is_some(),
                "{diagnostic:?}"
            );
        }
    }
    loaded
}

/// Pieces that mean something to the language or to YAML.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "{{",
    "}}",
    "\"",
    "'",
    ":",
    ": ",
    ",",
    "- ",
    "#",
    " #",
    "&a ",
    "*a",
    "!t ",
    "|",
    ">",
    "\n",
    "\n  ",
    "\t",
    "---\n",
    "<<: ",
    "? ",
    "%",
    "@",
    "`",
    "°",
    "\u{feff}",
    "\u{200b}",
    "\0",
    "\\",
    "\\u12",
    "{%",
    "null",
    "~",
    "0o17",
    "99999999999999999999",
    "x-a: ",
    "{{ vars.x }}",
    "{{ city | }}",
    "\r\n",
    "😀",
    "..",
];

fn mutated(text: &str, edits: &[(usize, usize, usize)]) -> String {
    let mut text = text.to_owned();
    for (place, kind, piece) in edits {
        let at = text.floor_char_boundary(place % (text.len() + 1));
        match kind % 3 {
            0 => text.insert_str(at, PIECES[piece % PIECES.len()]),
            1 => {
                let end = text.ceil_char_boundary((at + piece % 12).min(text.len()));
                text.replace_range(at..end, "");
            }
            _ => {
                let end = text.ceil_char_boundary((at + piece % 40).min(text.len()));
                let copy = text[at..end].to_owned();
                text.insert_str(at, &copy);
            }
        }
    }
    text
}

proptest! {
    #![proptest_config(Config { cases: 1000, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..Config::default() })]

    #[test]
    fn mutated_manifests_are_survived(edits in prop::collection::vec((0usize..10_000, 0usize..3, 0usize..1000), 1..8)) {
        survive(mutated(include_str!("full.yaml"), &edits));
    }

    #[test]
    fn any_text_is_survived(text in "\\PC{0,60}") {
        survive(text);
    }
}

#[test]
fn every_prefix_is_survived() {
    let full = include_str!("full.yaml");
    for (at, _) in full.char_indices().step_by(7) {
        survive(full[..at].to_owned());
    }
}

#[track_caller]
fn refused_fast(text: String) {
    let start = Instant::now();
    let loaded = survive(text);
    assert!(loaded.manifest.is_none(), "loaded");
    // A generous bound: what grows without limit takes minutes.
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "took {:?}",
        start.elapsed()
    );
}

#[test]
fn bombs_are_refused_fast() {
    let mut laughs = "toolrun: 1\nx-a: &a [l, l, l, l, l, l, l, l, l]\n".to_owned();
    for (last, next) in ('a'..'j').zip('b'..) {
        let aliases = vec![format!("*{last}"); 9].join(", ");
        laughs.push_str(&format!("x-{next}: &{next} [{aliases}]\n"));
    }
    refused_fast(laughs);
    let list = vec!["a"; 10_000].join(", ");
    refused_fast(format!(
        "toolrun: 1\nx-a: &a [{list}]\nx-b:\n{}",
        "  - *a\n".repeat(5_000)
    ));
    refused_fast("- ".repeat(100_000));
    refused_fast("? ".repeat(100_000));
    refused_fast("[".repeat(200_000));
    refused_fast("{".repeat(200_000));
    refused_fast("a: &a [*a]\n".to_owned());
    refused_fast(format!("toolrun: 1\nx-a: \"{}", "a".repeat(1_000_000)));
    refused_fast("a: {\n".repeat(5_000));
    refused_fast("a: \"b\n".repeat(5_000));
}

#[test]
fn ten_thousand_tools_load() {
    let mut text = "toolrun: 1\ntools:\n".to_owned();
    for index in 0..10_000 {
        text.push_str(&format!(
            "  tool_{index}x:\n    description: Returns the number {index} of the long list of tools.\n    params:\n      q: {{ type: string }}\n    url: https://api.example.com/{index}?q={{{{ q }}}}\n"
        ));
    }
    let start = Instant::now();
    let loaded = survive(text);
    assert_eq!(loaded.manifest.map(|manifest| manifest.tools.len()), Some(10_000));
    // Each has a warning; the first are kept, and one says how many more there are.
    assert_eq!(loaded.diagnostics.len(), 501);
    // A loader that compares each tool with each other takes minutes here.
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "took {:?}",
        start.elapsed()
    );
}
