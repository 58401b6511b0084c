//! How `toolrun check` draws: in a narrow terminal, in colours, under characters
//! that are wider or narrower than one column.

use crate::support::program::{Ended, toolrun};
use crate::support::{cases, golden};

const CASES: [&str; 2] = ["wide-characters", "long-line"];

/// Name of the output, columns, when to colour.
const WAYS: [(&str, &str, &str); 4] = [
    ("wide", "100", "never"),
    ("narrow", "40", "never"),
    ("tiny", "10", "never"),
    ("colour", "100", "always"),
];

fn drawn(case: &str, columns: &str, colour: &str) -> Ended {
    toolrun("check")
        .arg(format!("{case}.yaml"))
        .arg("--color")
        .arg(colour)
        .env("COLUMNS", columns)
        .within(&cases("drawn"))
        .run()
        .exits(1)
}

#[test]
fn every_width_and_colour_is_drawn_as_recorded() {
    let mut complaints = Vec::new();
    for case in CASES {
        for (way, columns, colour) in WAYS {
            let ended = drawn(case, columns, colour);
            let path = cases("drawn").join(format!("{case}.{way}.stderr"));
            complaints.extend(golden::compare(&path, &ended.stderr));
        }
    }
    golden::none(&complaints);
}

#[test]
fn colours_change_no_word() {
    for case in CASES {
        let plain = drawn(case, "100", "never").stderr;
        let coloured = drawn(case, "100", "always").stderr;
        assert!(!plain.contains('\u{1b}') && coloured.contains('\u{1b}'));
        let mut bare = String::new();
        let mut rest = coloured.as_str();
        while let Some((before, after)) = rest.split_once("\u{1b}[") {
            bare.push_str(before);
            rest = after.split_once('m').expect("a code ends").1;
        }
        bare.push_str(rest);
        assert_eq!(bare, plain);
    }
}

#[test]
fn no_color_and_a_dumb_terminal_are_obeyed() {
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let ended = toolrun("check long-line.yaml")
            .env(name, value)
            .within(&cases("drawn"))
            .run()
            .exits(1);
        assert!(!ended.stderr.contains('\u{1b}'));
    }
}
