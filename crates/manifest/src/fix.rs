//! Applies fixes to a text, until none is left that can be applied. Text in,
//! text out: the caller says how a text is checked and writes what comes of it.
//!
//! A fix only stands when the text has no more errors with it than without. One
//! that is safe has to keep the meaning as well, wherever both texts have one.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use crate::checked::Manifest;
use crate::diagnostic::{Diagnostic, Edit, Fix, Safety, Severity};
use crate::source::SourceId;
use crate::{Loaded, Reach};

/// How often a text is checked at most while it is mended.
const MOST_CHECKS: usize = 100;

/// A text after its fixes.
#[derive(Debug)]
pub struct Fixed {
    /// The text.
    pub text: String,
    /// What was mended, in the order in which it was.
    pub applied: Vec<Mended>,
    /// Fixes that would have left the text worse.
    pub dropped: Vec<Mended>,
    /// What is said of the text now.
    pub loaded: Loaded,
}

/// A fix by what it was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// The diagnostic's code.
    pub code: &'static str,
    /// What applying it does, in the imperative.
    pub title: String,
    /// The line that the diagnostic stood on, from 1.
    pub line: usize,
}

/// Applies the fixes of a text that are safe, or all with [`Safety::Unsafe`].
///
/// Only edits of the text itself are made; what it includes stays. Of fixes that
/// touch each other the first is applied, the others once the text was checked
/// again. Applied to its own result, it changes nothing.
pub fn fix(text: &str, allowed: Safety, check: &dyn Fn(&str) -> Loaded) -> Fixed {
    let mut mending = Mending {
        allowed,
        check,
        seen: HashSet::from([hash(text)]),
        checks: 1,
        refused: HashSet::new(),
        now: Fixed {
            text: text.to_owned(),
            applied: Vec::new(),
            dropped: Vec::new(),
            loaded: check(text),
        },
    };
    while mending.checks < MOST_CHECKS && mending.round() {}
    mending.now
}

/// Whether a fix may be applied to the text that was loaded: it is of an allowed
/// kind, edits that text alone and changes it.
pub fn applies(fix: &Fix, allowed: Safety, loaded: &Loaded) -> bool {
    let fits = allowed == Safety::Unsafe || fix.safety == Safety::Safe;
    let changes = |edit: &Edit| loaded.sources.slice(edit.span) != edit.text;
    fits && fix.edits.iter().any(changes) && fix.edits.iter().all(|edit| edit.span.source == MAIN)
}

/// The text itself; the others are what it includes.
const MAIN: SourceId = SourceId(0);

struct Mending<'c> {
    allowed: Safety,
    check: &'c dyn Fn(&str) -> Loaded,
    /// Every text so far by its hash: none is gone back to.
    seen: HashSet<u64>,
    checks: usize,
    /// Diagnostics of the text as it is now whose fix was tried.
    refused: HashSet<usize>,
    now: Fixed,
}

impl Mending<'_> {
    /// Applies as many fixes at once as the text can bear. Returns whether one
    /// was tried.
    fn round(&mut self) -> bool {
        let chosen = self.chosen();
        let mut size = chosen.len();
        while size > 0 {
            if self.attempt(&chosen[..size]) {
                return true;
            }
            if size == 1 {
                self.refuse(chosen[0]);
                return true;
            }
            size /= 2;
        }
        false
    }

    /// Diagnostics whose fixes do not touch each other, by their number.
    fn chosen(&self) -> Vec<usize> {
        let mut taken: Vec<Range<usize>> = Vec::new();
        let mut chosen = Vec::new();
        for (number, found) in self.now.loaded.diagnostics.iter().enumerate() {
            let Some(fix) = &found.fix else { continue };
            if self.refused.contains(&number) || !applies(fix, self.allowed, &self.now.loaded) {
                continue;
            }
            let touches = |edit: &Edit| {
                let edit = edit.span.range();
                taken
                    .iter()
                    .any(|taken| edit.start <= taken.end && taken.start <= edit.end)
            };
            if !fix.edits.iter().any(touches) {
                taken.extend(fix.edits.iter().map(|edit| edit.span.range()));
                chosen.push(number);
            }
        }
        chosen
    }

    /// Tries some fixes together; they stand if the text is none the worse.
    fn attempt(&mut self, chosen: &[usize]) -> bool {
        let before = &self.now.loaded;
        let found = |number: &usize| &before.diagnostics[*number];
        let edits = chosen
            .iter()
            .filter_map(|number| found(number).fix.as_ref())
            .flat_map(|fix| &fix.edits);
        let text = edited(&self.now.text, edits.collect());
        if !self.seen.insert(hash(&text)) {
            return false;
        }
        self.checks += 1;
        let after = (self.check)(&text);
        let changed = self.allowed == Safety::Safe && !means_the_same(before, &after);
        // Of several, each has to mend its error: one that adds another could
        // hide behind the rest.
        let mends = |number: &&usize| found(number).severity == Severity::Error;
        let together = match chosen {
            [_] => 0,
            several => several.iter().filter(mends).count(),
        };
        if changed || is_worse(before, &after, together) {
            return false;
        }
        let mended: Vec<Mended> = chosen
            .iter()
            .filter_map(|number| mended(found(number), before))
            .collect();
        self.now.applied.extend(mended);
        self.now.dropped.clear();
        self.refused.clear();
        self.now.text = text;
        self.now.loaded = after;
        true
    }

    fn refuse(&mut self, number: usize) {
        let found = &self.now.loaded.diagnostics[number];
        self.now.dropped.extend(mended(found, &self.now.loaded));
        self.refused.insert(number);
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

fn mended(found: &Diagnostic, loaded: &Loaded) -> Option<Mended> {
    Some(Mended {
        code: found.code,
        title: found.fix.as_ref()?.title.clone(),
        line: loaded.sources.position(found.span()).line,
    })
}

/// Whether a text has more errors than another, less those that were mended. Of
/// one that can be read more is known than of one that cannot.
fn is_worse(before: &Loaded, after: &Loaded, mended: usize) -> bool {
    match after.reach.cmp(&before.reach) {
        Ordering::Less => true,
        Ordering::Equal => errors(after) + mended > errors(before) || hides_more(before, after),
        Ordering::Greater => false,
    }
}

/// Whether a text that cannot be read has an error that it did not have. A count
/// says nothing there: one error of its syntax hides all that follow.
fn hides_more(before: &Loaded, after: &Loaded) -> bool {
    let known = |found: &Diagnostic| {
        let same = |other: &Diagnostic| (other.code, &other.message) == (found.code, &found.message);
        before.diagnostics.iter().any(same)
    };
    let is_new = |found: &Diagnostic| found.severity == Severity::Error && !known(found);
    after.reach == Reach::Text && after.diagnostics.iter().any(is_new)
}

fn errors(loaded: &Loaded) -> usize {
    let is_error = |found: &&Diagnostic| found.severity == Severity::Error;
    loaded.diagnostics.iter().filter(is_error).count()
}

fn means_the_same(before: &Loaded, after: &Loaded) -> bool {
    match (&before.manifest, &after.manifest) {
        (Some(before), Some(after)) => meaning(before) == meaning(after),
        _ => true,
    }
}

/// A manifest in words, without the places that its parts stand at.
fn meaning(manifest: &Manifest) -> String {
    let words = format!("{manifest:?}");
    let mut parts = words.split("Span {");
    let mut meaning = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        meaning.push_str("Span {");
        meaning.push_str(part.split_once('}').map_or(part, |(_, rest)| rest));
    }
    meaning
}

/// The text after edits that do not overlap, with line ends of its own kind.
pub(crate) fn edited(text: &str, mut edits: Vec<&Edit>) -> String {
    edits.sort_by_key(|edit| edit.span);
    let windows = text
        .split_once('\n')
        .is_some_and(|(first, _)| first.ends_with('\r'));
    let mut edited = String::with_capacity(text.len());
    let mut from = 0;
    for edit in edits {
        edited.push_str(&text[from..edit.span.start]);
        if windows {
            edited.push_str(&edit.text.replace("\r\n", "\n").replace('\n', "\r\n"));
        } else {
            edited.push_str(&edit.text);
        }
        from = edit.span.end;
    }
    edited.push_str(&text[from..]);
    edited
}

#[cfg(test)]
#[path = "fix_tests.rs"]
mod tests;
