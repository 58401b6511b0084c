//! Fixes: written into the files, or shown as a diff. Files that are only
//! included stay as they are; whoever wants them mended names them.

use std::collections::BTreeMap;
use std::path::Path;

use similar::TextDiff;
use toolrun_manifest::{Fixed, Loaded, Mended, Safety, Sources, Span, fix};

use crate::console::Console;
use crate::exit::{Failure, Kind};
use crate::manifest_file;
use crate::parallel;
use crate::private_file;
use crate::render::diagnostics::counted;

/// A file before and after.
struct Change {
    /// As the user wrote it.
    name: String,
    before: String,
    fixed: Fixed,
}

impl Change {
    fn is_one(&self) -> bool {
        self.before != self.fixed.text
    }

    /// The name as it is shown.
    fn shown(&self) -> &str {
        if self.name == "-" {
            manifest_file::STDIN
        } else {
            &self.name
        }
    }
}

/// Mends the files and writes those that change; of stdin, the text goes to
/// stdout. Returns what is still to be said of all.
pub(super) fn write(
    names: &[String],
    allowed: Safety,
    console: &Console,
) -> Result<Vec<(String, Loaded)>, Failure> {
    let changes = mended(names, allowed)?;
    for change in &changes {
        if change.name == "-" {
            console.out(&change.fixed.text)?;
        } else if change.is_one() {
            let path = Path::new(&change.name);
            private_file::rewrite(path, change.before.as_bytes(), change.fixed.text.as_bytes()).map_err(
                |error| Failure::new(Kind::Output, format!("cannot write `{}`: {error}", change.name)),
            )?;
        }
        say("fixed", change, console);
    }
    // A file may include another that was written after it was looked at.
    let written = changes.iter().any(|change| change.name != "-" && change.is_one());
    changes
        .into_iter()
        .map(|change| {
            let loaded = if written && change.name != "-" {
                manifest_file::load(&change.name)?
            } else {
                change.fixed.loaded
            };
            Ok((change.name, loaded))
        })
        .collect()
}

/// Prints what would change as a unified diff. Returns whether anything would,
/// and what is said of the files as they are.
pub(super) fn show(
    names: &[String],
    allowed: Safety,
    console: &Console,
) -> Result<(bool, Vec<(String, Loaded)>), Failure> {
    let changes = mended(names, allowed)?;
    let mut left = Vec::new();
    let mut any = false;
    for change in changes {
        if change.is_one() {
            any = true;
            console.out(&diff(&change))?;
        }
        say("would fix", &change, console);
        left.push((change.name, change.fixed.loaded));
    }
    if !any {
        console.note(&format!(
            "nothing would change in {}",
            counted(left.len(), "file")
        ));
    }
    Ok((any, left))
}

fn mended(names: &[String], allowed: Safety) -> Result<Vec<Change>, Failure> {
    let changes = parallel::each(names, parallel::cores(), |name| {
        let before = manifest_file::read(name)?;
        let shown = if name == "-" { manifest_file::STDIN } else { name };
        let fixed = fix(&before, allowed, &|text| {
            manifest_file::load_text(shown, text.to_owned())
        });
        Ok(Change {
            name: name.clone(),
            before,
            fixed,
        })
    });
    changes.into_iter().collect()
}

/// `fixed 3 problems in shop.yaml: 2 unquoted-template, 1 wrong-value`.
fn say(done: &str, change: &Change, console: &Console) {
    let (applied, file) = (&change.fixed.applied, change.shown());
    if !applied.is_empty() {
        let problems = counted(applied.len(), "problem");
        console.note(&format!("{done} {problems} in {file}: {}", by_code(applied)));
    }
    for Mended { code, title, line } in &change.fixed.dropped {
        console.note(&format!(
            "{file}:{line}: the fix of {code}, {title}, is left out: the file would be worse with it"
        ));
    }
}

fn by_code(applied: &[Mended]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for mended in applied {
        *counts.entry(mended.code).or_default() += 1;
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(code, count)| format!("{count} {code}"))
        .collect();
    counts.join(", ")
}

/// What looks like a key is masked on both sides.
fn diff(change: &Change) -> String {
    let name = change.shown();
    let before = manifest_file::load_text(name, change.before.clone());
    let mut after = change.fixed.text.clone();
    let shown = shown_whole(&before.sources);
    for (key, mask) in masks(&change.before, &shown) {
        after = after.replace(&key, &mask);
    }
    TextDiff::from_lines(shown.as_str(), after.as_str())
        .unified_diff()
        .header(name, name)
        .to_string()
}

/// The text of the file as it may be shown.
fn shown_whole(sources: &Sources) -> String {
    sources.iter().next().map_or_else(String::new, |(source, text)| {
        let whole = Span {
            source,
            start: 0,
            end: text.text.len(),
        };
        sources.shown(whole).into_owned()
    })
}

/// The parts of a text that a mask of the same length covers.
fn masks(text: &str, shown: &str) -> Vec<(String, String)> {
    let (text_bytes, shown_bytes) = (text.as_bytes(), shown.as_bytes());
    let differs = |at: usize| text_bytes.get(at) != shown_bytes.get(at);
    let mut masks = Vec::new();
    let mut at = 0;
    while at < text_bytes.len() {
        let start = at;
        while at < text_bytes.len() && differs(at) {
            at += 1;
        }
        if let (Some(key), Some(mask)) = (text.get(start..at), shown.get(start..at))
            && at > start
        {
            masks.push((key.to_owned(), mask.to_owned()));
        }
        at += 1;
    }
    masks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_mask_covers_is_known_by_the_difference() {
        assert_eq!(masks("abc", "abc"), []);
        let pair = |key: &str, mask: &str| (key.to_owned(), mask.to_owned());
        assert_eq!(
            masks("key: abcd, x: ef", "key: ab**, x: **"),
            [pair("cd", "**"), pair("ef", "**")]
        );
    }

    #[test]
    fn what_was_mended_is_counted_by_code() {
        let of = |code| Mended {
            code,
            title: String::new(),
            line: 1,
        };
        assert_eq!(by_code(&[of("b"), of("a"), of("b")]), "1 a, 2 b");
    }
}
