//! A cursor over a mapping's keys that notices what nobody asked for: unknown
//! keys are reported with the nearest valid name, missing ones with theirs.

use crate::decl::{policy, tool};
use crate::diagnostic::{Safety, Sink};
use crate::habits::{self, flat};
use crate::key_reference::KeyNeed;
use crate::node::{Entry, Kind, Node};
use crate::shape::Shape;
use crate::source::Span;

/// A key of the language: the one place where its name and meaning stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// As written.
    pub(crate) name: &'static str,
    /// What it says, in one line.
    pub(crate) doc: &'static str,
    /// What may stand behind it.
    pub(crate) shape: Shape,
    /// Whether its mapping is wrong without it.
    pub(crate) need: KeyNeed,
    /// What holds when it is not written.
    pub(crate) absent: Option<&'static str>,
}

/// A row of a table of keys.
pub(crate) const fn key(name: &'static str, doc: &'static str) -> Key {
    Key {
        name,
        doc,
        shape: Shape::Unsaid,
        need: KeyNeed::Optional,
        absent: None,
    }
}

impl Key {
    /// What may stand behind it.
    pub(crate) const fn is(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    /// Its mapping is wrong without it.
    pub(crate) const fn required(self) -> Self {
        Self {
            need: KeyNeed::Required,
            ..self
        }
    }

    /// What holds when it is not written.
    pub(crate) const fn absent(self, value: &'static str) -> Self {
        Self {
            absent: Some(value),
            ..self
        }
    }
}

/// The keys of one mapping while they are read.
pub(crate) struct Fields<'n> {
    what: String,
    owner: Span,
    tables: &'static [&'static [Key]],
    entries: &'n [Entry],
    taken: Vec<bool>,
    /// What misspelt and foreign keys stand for: their values are read all the
    /// same, so that all that is wrong is said at once.
    meant: Vec<Option<&'static str>>,
    missing: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// Opens a mapping. `what` names it in messages ("tool `x`"), `owner` is
    /// where a missing key is reported.
    pub(crate) fn open(
        node: &'n Node,
        what: impl Into<String>,
        owner: Span,
        tables: &'static [&'static [Key]],
        sink: &mut Sink,
    ) -> Option<Self> {
        let what = what.into();
        match &node.kind {
            Kind::Map(entries) => Some(Self {
                meant: meant(&what, entries, tables),
                what,
                owner,
                tables,
                entries,
                taken: vec![false; entries.len()],
                missing: Vec::new(),
            }),
            Kind::Invalid => None,
            _ => {
                let message = format!("expected a mapping for {what}, found {}", node.found());
                let help = habits::shape(&what)
                    .map_or_else(|| format!("its keys are {}", list(names(tables))), str::to_owned);
                sink.error("wrong-type", node.span, message).help(help);
                None
            }
        }
    }

    /// The entry of a key, if it is written.
    pub(crate) fn optional(&mut self, name: &'static str) -> Option<&'n Entry> {
        debug_assert!(
            names(self.tables).any(|known| known == name),
            "`{name}` is not in a table of keys"
        );
        let written = self.entries.iter().position(|entry| entry.key.as_str() == name);
        let meant = || self.meant.iter().position(|meant| *meant == Some(name));
        let index = written.or_else(meant)?;
        self.taken[index] = true;
        Some(&self.entries[index])
    }

    /// The entry of a key; it is reported as missing by [`Self::finish`].
    pub(crate) fn required(&mut self, name: &'static str) -> Option<&'n Entry> {
        let entry = self.optional(name);
        if entry.is_none() {
            self.missing.push(name);
        }
        entry
    }

    /// Reports a key of the table that has no place here, and takes it.
    pub(crate) fn refuse(&mut self, name: &'static str, why: &str, help: &str, sink: &mut Sink) {
        if let Some(entry) = self.optional(name) {
            sink.error("misplaced-key", entry.key.span(), why).help(help);
        }
    }

    /// Reports the keys that nobody took and those that are missing.
    pub(crate) fn finish(self, sink: &mut Sink) {
        let all: Vec<_> = names(self.tables).collect();
        self.finish_among(&all, &[], sink);
    }

    /// As [`Self::finish`], where only some keys of the tables are valid beside the others that are written; silent
    /// about those that were reported already.
    pub(crate) fn finish_among(self, valid: &[&'static str], reported: &[&str], sink: &mut Sink) {
        let mut unknown = 0;
        for ((entry, taken), meant) in self.entries.iter().zip(&self.taken).zip(&self.meant) {
            let name = entry.key.as_str();
            let meant = meant.filter(|meant| *taken || valid.contains(meant));
            if (*taken && meant.is_none()) || name.starts_with("x-") || reported.contains(&name) {
                continue;
            }
            let message = format!("unknown key `{name}` in {}", self.what);
            let diagnostic = sink.error("unknown-key", entry.key.span(), message);
            if let Some(meant) = meant {
                diagnostic.help(format!("did you mean `{meant}`?"));
                // Written otherwise, it is that key; else it may have been another.
                let safety = if flat(name) == flat(meant) {
                    Safety::Safe
                } else {
                    Safety::Unsafe
                };
                let title = format!("rename it to `{meant}`");
                diagnostic.fix(&title, safety, entry.key.span(), meant);
            } else if unknown < MAX_GUESSES {
                unknown += 1;
                let advice = habits::advice(&self.what, name, &[tool::KEYS, policy::KEYS]);
                diagnostic.help(
                    advice.unwrap_or_else(|| format!("valid keys are {}", list(valid.iter().copied()))),
                );
            }
        }
        for name in &self.missing {
            let message = format!("{} has no `{name}`", self.what);
            sink.error("missing-key", self.owner, message)
                .help(self.add(name));
        }
    }

    fn add(&self, name: &str) -> String {
        let key = self
            .tables
            .iter()
            .flat_map(|table| *table)
            .find(|key| key.name == name);
        let doc = key.map_or("", |key| key.doc).trim_end_matches('.');
        match habits::example(&self.what, name) {
            Some(example) => format!("add `{example}`: {}", lower_first(doc)),
            None => format!("add `{name}:`: {}", lower_first(doc)),
        }
    }
}

fn names(tables: &'static [&'static [Key]]) -> impl Iterator<Item = &'static str> + Clone {
    tables.iter().flat_map(|table| *table).map(|key| key.name)
}

/// Keys of one mapping for which the meaning is guessed: who mistypes more
/// made another mistake.
const MAX_GUESSES: usize = 500;

/// The key that each entry stands for, where it is none of ours.
fn meant(what: &str, entries: &[Entry], tables: &'static [&'static [Key]]) -> Vec<Option<&'static str>> {
    let is_known = |name: &str| name.starts_with("x-") || names(tables).any(|known| known == name);
    // Most mappings are without mistakes.
    if entries.iter().all(|entry| is_known(entry.key.as_str())) {
        return vec![None; entries.len()];
    }
    let mut free: Vec<&'static str> = names(tables)
        .filter(|known| !entries.iter().any(|entry| entry.key.as_str() == *known))
        .collect();
    let mut meant = Vec::with_capacity(entries.len());
    for entry in entries {
        let name = entry.key.as_str();
        let found = (!is_known(name) && meant.len() < MAX_GUESSES)
            .then(|| near_key(what, name, &free))
            .flatten();
        free.retain(|key| Some(*key) != found);
        meant.push(found);
    }
    meant
}

/// The free key that a name stands for: written otherwise, known by another
/// word, or mistyped.
fn near_key(what: &str, name: &str, free: &[&'static str]) -> Option<&'static str> {
    let same = free.iter().copied().find(|key| flat(key) == flat(name));
    let foreign = || habits::meant(what, name).filter(|key| free.contains(key));
    let typed = || match habits::advice(what, name, &[tool::KEYS, policy::KEYS]) {
        Some(_) => None,
        None => nearest(name, free.iter().copied()),
    };
    same.or_else(foreign).or_else(typed)
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        // Names such as JMESPath stay as they are.
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text.to_owned(),
    }
}

/// The nearest of some names, when one is near enough to be meant.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = flat(name);
    let allowed = (wanted.chars().count() / 3).max(1);
    known
        .map(|known| (strsim::osa_distance(&wanted, &flat(known)), known))
        .filter(|(distance, known)| *distance <= allowed && *distance < flat(known).chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Names in backticks, with commas.
pub(crate) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// "did you mean" when a name is near, else the list of those there are.
pub(crate) fn suggest<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone, what: &str) -> String {
    if let Some(near) = nearest(name, known.clone()) {
        return format!("did you mean `{near}`?");
    }
    let all: Vec<&str> = known.take(21).collect();
    match all.len() {
        0 => format!("this manifest has no {what}"),
        21 => format!("no name like it is among the {what}"),
        _ => format!("the {what} are {}", list(all.into_iter())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_one_that_could_be_meant() {
        let known = ["description", "method", "url", "base_url", "timeout"];
        for (name, expected) in [
            ("metod", Some("method")),
            ("Description", Some("description")),
            ("baseUrl", Some("base_url")),
            ("time-out", Some("timeout")),
            ("uri", Some("url")),
            ("colour", None),
            ("x", None),
        ] {
            assert_eq!(nearest(name, known.into_iter()), expected, "{name}");
        }
    }
}
