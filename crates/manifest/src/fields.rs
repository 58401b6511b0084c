//! A cursor over a mapping's keys that notices what nobody asked for: unknown
//! keys are reported with the nearest valid name, missing ones with theirs.

use crate::diagnostic::{Safety, Sink};
use crate::node::{Entry, Kind, Node};
use crate::source::Span;

/// A key of the language: the one place where its name and meaning stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// As written.
    pub(crate) name: &'static str,
    /// What it says, in one line.
    pub(crate) doc: &'static str,
}

/// A row of a table of keys.
pub(crate) const fn key(name: &'static str, doc: &'static str) -> Key {
    Key { name, doc }
}

/// The keys of one mapping while they are read.
pub(crate) struct Fields<'n> {
    what: String,
    owner: Span,
    tables: &'static [&'static [Key]],
    entries: &'n [Entry],
    taken: Vec<bool>,
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
                sink.error("wrong-type", node.span, message).help(format!(
                    "its keys are {}",
                    list(tables.iter().flat_map(|table| *table).map(|key| key.name))
                ));
                None
            }
        }
    }

    /// The entry of a key, if it is written.
    pub(crate) fn optional(&mut self, name: &'static str) -> Option<&'n Entry> {
        debug_assert!(
            self.names().any(|known| known == name),
            "`{name}` is not in a table of keys"
        );
        let index = self.entries.iter().position(|entry| entry.key.as_str() == name)?;
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
        self.finish_but(&[], sink);
    }

    /// As [`Self::finish`], but silent about keys that were reported already.
    pub(crate) fn finish_but(self, reported: &[&str], sink: &mut Sink) {
        let mut meant = Vec::new();
        for (entry, _) in self.entries.iter().zip(&self.taken).filter(|(_, taken)| !**taken) {
            let name = entry.key.as_str();
            if name.starts_with("x-") || reported.contains(&name) {
                continue;
            }
            let free = self
                .names()
                .filter(|known| !self.entries.iter().any(|entry| entry.key.as_str() == *known));
            let message = format!("unknown key `{name}` in {}", self.what);
            let diagnostic = sink.error("unknown-key", entry.key.span(), message);
            if let Some(near) = nearest(name, free) {
                meant.push(near);
                diagnostic.help(format!("did you mean `{near}`?"));
                diagnostic.fix(
                    &format!("rename it to `{near}`"),
                    Safety::Unsafe,
                    entry.key.span(),
                    near,
                );
            } else {
                diagnostic.help(format!("valid keys are {}", list(self.names())));
            }
        }
        for name in self.missing.iter().filter(|name| !meant.contains(name)) {
            sink.error(
                "missing-key",
                self.owner,
                format!("{} has no `{name}`", self.what),
            )
            .help(self.add(name));
        }
    }

    fn add(&self, name: &str) -> String {
        let doc = self
            .tables
            .iter()
            .flat_map(|table| *table)
            .find(|key| key.name == name)
            .map_or("", |key| key.doc);
        format!("add `{name}:`. {doc}")
    }

    fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.tables.iter().flat_map(|table| *table).map(|key| key.name)
    }
}

/// The nearest of some names, when one is near enough to be meant.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let flat = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
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
