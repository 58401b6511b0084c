//! SECURITY.md and the tests name the same rows: a promise without a test,
//! and a test without a promise, are both noticed here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::workspace;

#[test]
fn each_row_of_security_md_has_a_test_and_each_test_a_row() {
    let page = fs::read_to_string(workspace().join("SECURITY.md")).expect("SECURITY.md");
    let rows: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .filter(|first| is_id(first))
        .map(str::to_ascii_lowercase)
        .collect();
    let mut tested = BTreeSet::new();
    for path in rust_files(&workspace().join("tests"))
        .into_iter()
        .chain(rust_files(&workspace().join("crates")))
    {
        let text = fs::read_to_string(&path).expect("a source");
        let names = text
            .split("fn ")
            .skip(1)
            .filter_map(|after| after.split('_').next());
        tested.extend(
            names
                .filter(|name| is_id(&name.to_ascii_uppercase()))
                .map(str::to_owned),
        );
    }
    assert!(rows.len() > 20, "{rows:?}");
    assert_eq!(
        rows, tested,
        "left: rows of SECURITY.md; right: tests named after rows"
    );
}

/// `A01`: a letter of the groups and two digits.
fn is_id(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(|c| ('A'..='G').contains(&c))
        && word.len() == 3
        && chars.all(|c| c.is_ascii_digit())
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found
}
