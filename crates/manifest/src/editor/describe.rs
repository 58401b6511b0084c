//! What the word at a place means.

use std::ops::Range;

use super::MARK;
use super::outline;
use super::spot::{self, Step, Typed};
use crate::key_reference::{KeyNeed, words};
use crate::lint::RULES;
use crate::shape::{Form, Names, Naming, Shape};

/// What stands at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The word, in bytes.
    pub range: Range<usize>,
    /// What it is.
    pub what: Described,
}

/// What a word is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Described {
    /// A key of the language.
    Key {
        /// Its name.
        name: String,
        /// What it says, in Markdown.
        docs: String,
    },
    /// A lint: its documentation.
    Lint(&'static str),
    /// The name of a tool or workflow.
    Callable(String),
    /// The name of a param of a tool or workflow.
    Param {
        /// The tool or workflow.
        owner: String,
        /// The param.
        name: String,
    },
}

/// What the word at a byte means; nothing where the language has nothing to say.
pub fn describe(text: &str, at: usize) -> Option<Description> {
    let at = text.floor_char_boundary(at);
    let marked = super::marked(text, at);
    let root = outline::read(&marked)?;
    let spot = spot::find(&marked, &root)?;
    let (range, is_key) = match &spot.typed {
        Typed::Key { key, .. } => (key.clone(), true),
        Typed::Value { text: value, .. } => (outline::bare(&marked, value.clone()), false),
    };
    let word = marked[range.clone()].replace(MARK, "");
    let what = if is_key {
        key(&spot.path, &word)
    } else {
        value(&spot.path, &word)
    }?;
    Some(Description {
        range: range.start..range.end - MARK.len_utf8(),
        what,
    })
}

fn key(path: &[Step], word: &str) -> Option<Described> {
    if let [Step::Key(section)] = path
        && (section == "tools" || section == "workflows")
    {
        return Some(Described::Callable(word.to_owned()));
    }
    if let [Step::Key(_), Step::Key(owner), Step::Key(params)] = path
        && params == "params"
    {
        return Some(Described::Param {
            owner: owner.clone(),
            name: word.to_owned(),
        });
    }
    for shape in spot::expected(path) {
        match shape {
            Shape::Named(Naming::Lint, _) => {
                let rule = RULES.iter().find(|rule| rule.name == word)?;
                return Some(Described::Lint(rule.docs));
            }
            Shape::Named(Naming::Of(Names::Callable), _) | Shape::Single(Naming::Of(Names::Callable), _) => {
                return Some(Described::Callable(word.to_owned()));
            }
            _ => {}
        }
    }
    let key = spot::section(path)?.key(word)?;
    let mut docs = key.doc.to_owned();
    let required = match key.need {
        KeyNeed::Required => ", required",
        KeyNeed::Optional => "",
    };
    docs.push_str(&format!("\n\nValue: {}{required}.", words(&key.shape)));
    if let Some(absent) = key.absent {
        docs.push_str(&format!("\n\nWhen absent: `{absent}`."));
    }
    Some(Described::Key {
        name: key.name.to_owned(),
        docs,
    })
}

fn value(path: &[Step], word: &str) -> Option<Described> {
    let names_one = spot::expected(path)
        .iter()
        .any(|shape| matches!(shape, Shape::Text(Form::Name(Names::Callable))));
    names_one.then(|| Described::Callable(word.to_owned()))
}
