//! `lints:`: a level per rule.

use super::top::Declared;
use crate::diagnostic::Sink;
use crate::fields::suggest;
use crate::lint::{Level, RULES};
use crate::node::Entry;
use crate::read;
use crate::text::Text;

pub(crate) const LEVELS: &[(&str, Level)] = &[
    ("allow", Level::Allow),
    ("warn", Level::Warn),
    ("deny", Level::Deny),
];

/// A rule and its level.
#[derive(Debug)]
pub(crate) struct LevelDecl {
    pub(crate) rule: &'static str,
    pub(crate) level: Level,
}

impl<'n> Declared<'n> for LevelDecl {
    const WHAT: &'static str = "levels by lint";
    const EXAMPLE: &'static str = "allow";

    fn named(_: &'n Text) -> Option<Self> {
        None
    }

    fn read(entry: &'n Entry, sink: &mut Sink) -> Option<Self> {
        let level = read::word(&entry.value, "a level", LEVELS, sink);
        let name = entry.key.as_str();
        let Some(rule) = RULES.iter().find(|rule| rule.name == name) else {
            sink.error(
                "unknown-name",
                entry.key.span(),
                format!("there is no lint `{name}`"),
            )
            .help(suggest(name, RULES.iter().map(|rule| rule.name), "lints"));
            return None;
        };
        level.map(|level| Self {
            rule: rule.name,
            level,
        })
    }
}
