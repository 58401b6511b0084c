//! Which words can stand at a place.

use std::ops::Range;

use super::MARK;
use super::names::{Callable, Declared, get, params, scalar};
use super::outline::{self, Colon, Entry, Layout, Value};
use super::spot::{self, Line, Spot, Step, Typed};
use crate::fields::Key;
use crate::key_reference::{KeyNeed, words};
use crate::lint::RULES;
use crate::shape::{Form, Names, Naming, Place, Section, Shape};
use crate::template::filter_names;

/// A word that can stand at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// As it is listed.
    pub label: String,
    /// What it is.
    pub kind: CompletionKind,
    /// What it replaces, in bytes.
    pub range: Range<usize>,
    /// What is put there.
    pub insert: String,
    /// A few words beside it.
    pub detail: String,
    /// What it means.
    pub docs: String,
}

/// What a completion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompletionKind {
    /// A key of the language.
    Key,
    /// One of the values that a key may have.
    Word,
    /// A name that is declared.
    Name,
    /// A filter of a template.
    Filter,
}

/// What can stand at a byte of a text. `included` are the texts of the files that it includes.
pub fn complete(text: &str, at: usize, included: &[&str]) -> Vec<Completion> {
    let at = text.floor_char_boundary(at);
    let marked = super::marked(text, at);
    let Some(root) = outline::read(&marked) else {
        return Vec::new();
    };
    let Some(spot) = spot::find(&marked, &root) else {
        return Vec::new();
    };
    let declared = Declared::of(&marked, Some(&root), included);
    let place = Here {
        text: &marked,
        at,
        spot: &spot,
        declared: &declared,
    };
    place.all()
}

/// The cursor with what is around it.
struct Here<'h> {
    /// The text with the mark.
    text: &'h str,
    at: usize,
    spot: &'h Spot<'h>,
    declared: &'h Declared,
}

impl Here<'_> {
    fn all(&self) -> Vec<Completion> {
        let shapes = spot::expected(&self.spot.path);
        match &self.spot.typed {
            Typed::Key { key, colon, layout } => {
                if let Some(found) = self.in_template(key, &shapes) {
                    return found;
                }
                let range = self.unmarked(key);
                shapes
                    .iter()
                    .flat_map(|shape| self.keys(shape, &range, *colon, *layout))
                    .collect()
            }
            Typed::Value { text, line } => {
                if let Some(found) = self.in_template(text, &shapes) {
                    return found;
                }
                let range = self.unmarked(&outline::bare(self.text, text.clone()));
                let mut all: Vec<Completion> = shapes
                    .iter()
                    .flat_map(|shape| self.values(shape, &range))
                    .collect();
                if *line == Line::Own {
                    for shape in &shapes {
                        all.extend(self.keys(shape, &range, Colon::Missing, Layout::Block));
                    }
                }
                all
            }
        }
    }

    /// A range of the text without the mark, as far as it stands on the line of the cursor.
    fn unmarked(&self, range: &Range<usize>) -> Range<usize> {
        let after = self.at + MARK.len_utf8();
        let ends = ['\n', '\r'];
        let before = &self.text[..self.at];
        let line = &before[before.rfind(ends).map_or(0, |end| end + 1)..];
        // What the cursor's line begins with is no part of a text that began above.
        let line = self.at - line.trim_start_matches([' ', '\t']).len();
        let end = self.text[after..]
            .find(ends)
            .map_or(self.text.len(), |end| after + end);
        let (start, end) = (range.start.max(line).min(self.at), range.end.min(end).max(after));
        start..end - MARK.len_utf8()
    }

    /// The keys that the mapping at the spot can have and has not.
    fn keys(&self, shape: &Shape, range: &Range<usize>, colon: Colon, layout: Layout) -> Vec<Completion> {
        let tail = match colon {
            Colon::Written => "",
            Colon::Missing => ": ",
        };
        let name = |label: String, docs: String| Completion {
            insert: format!("{label}{tail}"),
            label,
            kind: CompletionKind::Name,
            range: range.clone(),
            detail: String::new(),
            docs,
        };
        let free = |label: &String| !self.siblings().contains(label);
        match shape {
            Shape::Keys(section) => self.keys_of(section(), range, colon, layout),
            Shape::Named(Naming::Of(Names::Callable), _) | Shape::Single(Naming::Of(Names::Callable), _) => {
                self.declared
                    .callables
                    .iter()
                    .map(|callable| name(callable.name.clone(), callable.description.clone()))
                    .filter(|found| free(&found.label))
                    .collect()
            }
            Shape::Named(Naming::Var, _) => self
                .declared
                .vars
                .iter()
                .filter(|label| free(label))
                .map(|label| name(label.clone(), String::new()))
                .collect(),
            Shape::Named(Naming::Lint, _) => RULES
                .iter()
                .map(|rule| name(rule.name.to_owned(), rule.docs.trim().to_owned()))
                .filter(|found| free(&found.label))
                .collect(),
            Shape::Named(Naming::Data, _) | Shape::Data(_) => self
                .arguments()
                .into_iter()
                .flat_map(|callable| &callable.params)
                .map(|param| name(param.name.clone(), param.description.clone()))
                .filter(|found| free(&found.label))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn keys_of(
        &self,
        section: &'static Section,
        range: &Range<usize>,
        colon: Colon,
        layout: Layout,
    ) -> Vec<Completion> {
        let written = self.siblings();
        section
            .keys()
            .filter(|key| !written.iter().any(|name| name == key.name))
            .map(|key| Completion {
                label: key.name.to_owned(),
                kind: CompletionKind::Key,
                range: range.clone(),
                insert: format!("{}{}", key.name, tail(key, colon, layout)),
                detail: detail(key),
                docs: docs(key),
            })
            .collect()
    }

    /// The keys that stand beside the one that is typed.
    fn siblings(&self) -> Vec<String> {
        let Typed::Key { .. } = self.spot.typed else {
            return Vec::new();
        };
        let entries = self.spot.around.last().copied().unwrap_or_default();
        entries
            .iter()
            .map(|entry| self.text[entry.key.clone()].to_owned())
            .collect()
    }

    /// The tool or workflow whose arguments are being written.
    fn arguments(&self) -> Option<&Callable> {
        let last = self.spot.path.last()?;
        match last {
            Step::Key(key) if key == "with" => {
                let step = self.spot.around.iter().rev().find_map(|entries| {
                    match get(self.text, entries, "call") {
                        Some(Value::Scalar(range)) => Some(&self.text[range.clone()]),
                        _ => None,
                    }
                })?;
                self.declared.callable(step)
            }
            Step::Key(name)
                if self
                    .spot
                    .path
                    .iter()
                    .any(|step| *step == Step::Key("calls".into())) =>
            {
                self.declared.callable(name)
            }
            _ => None,
        }
    }

    /// The values that a shape may have.
    fn values(&self, shape: &Shape, range: &Range<usize>) -> Vec<Completion> {
        // `method:|` has no blank yet, and would be no key.
        let blank = if self.text[..range.start].ends_with(':') {
            " "
        } else {
            ""
        };
        let word = |label: &str, kind: CompletionKind, docs: String| Completion {
            label: label.to_owned(),
            kind,
            range: range.clone(),
            insert: format!("{blank}{label}"),
            detail: String::new(),
            docs,
        };
        let fixed = |words: Vec<&'static str>| -> Vec<Completion> {
            words
                .into_iter()
                .map(|label| word(label, CompletionKind::Word, String::new()))
                .collect()
        };
        let names = |names: &[String]| -> Vec<Completion> {
            names
                .iter()
                .map(|label| word(label, CompletionKind::Name, String::new()))
                .collect()
        };
        match shape {
            Shape::Word(words) => fixed(words()),
            Shape::Boolean => fixed(vec!["true", "false"]),
            Shape::Version => fixed(vec!["1"]),
            Shape::Text(Form::Link) => fixed(vec!["link"]),
            Shape::Text(Form::Format) => fixed(crate::decl::param::FORMATS.to_vec()),
            Shape::Text(Form::Name(Names::Api)) => names(&self.declared.apis),
            Shape::Text(Form::Name(Names::Secret)) => names(&self.declared.secrets),
            Shape::Text(Form::Name(Names::Server)) => names(&self.declared.servers),
            Shape::Text(Form::Name(Names::Step)) => names(&self.steps()),
            Shape::Text(Form::Name(Names::Callable)) => self
                .declared
                .callables
                .iter()
                .map(|callable| word(&callable.name, CompletionKind::Name, callable.description.clone()))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The ids of the workflow's other steps.
    fn steps(&self) -> Vec<String> {
        let steps = self
            .spot
            .around
            .iter()
            .find_map(|entries| get(self.text, entries, "steps"));
        let Some(Value::List(items)) = steps else {
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| match item {
                Value::Map(_, entries) => Some(scalar(self.text, entries, "id")),
                _ => None,
            })
            .filter(|id| !id.is_empty() && !id.contains(MARK))
            .collect()
    }

    /// The names inside an open `{{`; `None` when the cursor is in none.
    fn in_template(&self, holder: &Range<usize>, shapes: &[Shape]) -> Option<Vec<Completion>> {
        let before = &self.text[holder.start..self.at];
        let open = [before.rfind("{{"), before.rfind("{%")]
            .into_iter()
            .flatten()
            .max()?;
        let inner = &before[open + 2..];
        if inner.contains("}}") || inner.contains("%}") {
            return None;
        }
        let inside_quotes = inner.matches('\'').count() % 2 == 1;
        let place = shapes
            .iter()
            .find_map(|shape| place_of(shape, &self.text[holder.start..holder.start + open]));
        let (Some(place), false) = (place, inside_quotes) else {
            return Some(Vec::new());
        };
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        let start = self.at - inner.len() + inner.trim_end_matches(is_part).len();
        let rest = &self.text[self.at + MARK.len_utf8()..];
        let range = start..self.at + (rest.len() - rest.trim_start_matches(is_part).len());
        let item = |label: &str, kind, docs: &str| Completion {
            label: label.to_owned(),
            kind,
            range: range.clone(),
            insert: label.to_owned(),
            detail: String::new(),
            docs: docs.to_owned(),
        };
        if inner.trim_end_matches(is_part).trim_end().ends_with('|') {
            let filters = filter_names().map(|(name, example)| item(name, CompletionKind::Filter, example));
            return Some(filters.collect());
        }
        let names = self.visible(place);
        Some(
            names
                .iter()
                .map(|(name, docs)| item(name, CompletionKind::Name, docs))
                .collect(),
        )
    }

    /// What a template at a place sees, with what each is.
    fn visible(&self, place: Place) -> Vec<(String, String)> {
        let mut seen: Vec<(String, String)> = Vec::new();
        let mut add = |name: &str, docs: &str| seen.push((name.to_owned(), docs.to_owned()));
        let in_call = !matches!(
            place,
            Place::Instructions | Place::Origin | Place::Login | Place::Token
        );
        if in_call {
            for param in self.params() {
                add(&param.name, &param.description);
            }
        }
        if place == Place::Step {
            for step in self.steps() {
                add(&step, "The value of this step.");
            }
            if let Some(item) = self.around("as") {
                add(&item, "The item of `for_each`.");
            }
        }
        for name in &self.declared.vars {
            add(&format!("vars.{name}"), "");
        }
        if matches!(place, Place::Value | Place::Login) {
            for name in &self.declared.secrets {
                add(&format!("secrets.{name}"), "");
            }
        }
        if place == Place::Token {
            add("token", "The token that the login gave.");
        }
        if matches!(place, Place::Answer | Place::Result) {
            add("response.body", "The body of the answer.");
            add("response.status", "The status of the answer.");
            add("response.headers", "The headers of the answer.");
        }
        if place == Place::Result {
            add("result", "The result after `pick`.");
        }
        if in_call {
            add(
                "call.id",
                "Made by toolrun: the same for all attempts of a call, new for each call.",
            );
        }
        if in_call || place == Place::Instructions {
            add(
                "now",
                "The time at the start of the call, as in RFC 3339, in UTC.",
            );
        }
        seen
    }

    /// The params of the tool or workflow around the cursor.
    fn params(&self) -> Vec<super::names::Param> {
        let path = &self.spot.path;
        let owner = matches!(path.first(), Some(Step::Key(key)) if key == "tools" || key == "workflows");
        match self.spot.around.get(2) {
            Some(fields) if owner => params(self.text, fields),
            _ => Vec::new(),
        }
    }

    /// The text of a key of the nearest mapping that has it.
    fn around(&self, key: &str) -> Option<String> {
        let found = |entries: &&[Entry]| scalar(self.text, entries, key);
        self.spot
            .around
            .iter()
            .rev()
            .map(found)
            .find(|text| !text.is_empty())
    }
}

/// What is put behind a new key.
fn tail(key: &Key, colon: Colon, layout: Layout) -> &'static str {
    let holds_lines = matches!(
        key.shape,
        Shape::Keys(_) | Shape::Named(..) | Shape::List(_) | Shape::Some(_) | Shape::Data(_) | Shape::Schema
    );
    match (colon, layout) {
        (Colon::Written, _) => "",
        (Colon::Missing, Layout::Block) if holds_lines => ":",
        (Colon::Missing, _) => ": ",
    }
}

fn detail(key: &Key) -> String {
    let needed = match key.need {
        KeyNeed::Required => "required: ",
        KeyNeed::Optional => "",
    };
    format!("{needed}{}", words(&key.shape).replace('`', ""))
}

fn docs(key: &Key) -> String {
    match key.absent {
        Some(absent) => format!("{}\n\nWhen absent: {absent}", key.doc),
        None => key.doc.to_owned(),
    }
}

/// What a template in a value sees; `before` is what is written in front of it.
fn place_of(shape: &Shape, before: &str) -> Option<Place> {
    match shape {
        Shape::Text(Form::Url(Place::Url)) if before.contains('?') => Some(Place::Value),
        Shape::Text(Form::Template(place) | Form::Expression(place) | Form::Url(place))
        | Shape::Written(Form::Template(place) | Form::Expression(place))
        | Shape::Tree(place)
        | Shape::Data(place) => Some(*place),
        _ => None,
    }
}
