//! Where a cursor stands: the path of keys to it, and what the language expects there.

use std::ops::Range;

use super::MARK;
use super::outline::{Colon, Entry, Layout, Value};
use crate::shape::{Section, Shape};

/// One step from a mapping or list to what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The value of a key.
    Key(String),
    /// An item of a list.
    Item,
}

/// Where the cursor stands.
#[derive(Debug)]
pub(super) struct Spot<'v> {
    /// The way to the mapping, list or text at the cursor.
    pub(super) path: Vec<Step>,
    /// The mappings on the way, the outermost first: their entries say what is near.
    pub(super) around: Vec<&'v [Entry]>,
    /// What is being typed.
    pub(super) typed: Typed,
}

/// What is being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    /// A key of the mapping at the path.
    Key {
        /// As far as it is written.
        key: Range<usize>,
        /// Whether its colon is there already.
        colon: Colon,
        /// How the mapping is written.
        layout: Layout,
    },
    /// The text at the path.
    Value {
        /// All of it, quotes included.
        text: Range<usize>,
        /// Whether it stands on a line below its key, where it could become a mapping.
        line: Line,
    },
}

/// Where a text begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// Behind its key.
    Same,
    /// Below its key, behind a dash, or in brackets.
    Own,
}

/// The spot of the mark in a tree.
pub(super) fn find<'v>(text: &str, root: &'v Value) -> Option<Spot<'v>> {
    let mut spot = Spot {
        path: Vec::new(),
        around: Vec::new(),
        typed: Typed::Value {
            text: 0..0,
            line: Line::Own,
        },
    };
    let at = text.find(MARK)?;
    within(text, root, at, Line::Own, &mut spot).then_some(spot)
}

fn within<'v>(text: &str, value: &'v Value, at: usize, line: Line, spot: &mut Spot<'v>) -> bool {
    match value {
        Value::Scalar(range) => {
            spot.typed = Typed::Value {
                text: range.clone(),
                line,
            };
            range.contains(&at)
        }
        Value::List(items) => {
            spot.path.push(Step::Item);
            if items.iter().any(|item| within(text, item, at, Line::Own, spot)) {
                return true;
            }
            spot.path.pop();
            false
        }
        Value::Map(layout, entries) => {
            spot.around.push(entries);
            if entries
                .iter()
                .any(|entry| in_entry(text, entry, *layout, at, spot))
            {
                return true;
            }
            spot.around.pop();
            false
        }
    }
}

fn in_entry<'v>(text: &str, entry: &'v Entry, layout: Layout, at: usize, spot: &mut Spot<'v>) -> bool {
    if entry.key.contains(&at) || entry.key == (at..at) {
        spot.typed = Typed::Key {
            key: entry.key.clone(),
            colon: entry.colon,
            layout,
        };
        return true;
    }
    let Some(value) = &entry.value else { return false };
    spot.path.push(Step::Key(text[entry.key.clone()].to_owned()));
    let line = match value {
        Value::Scalar(range) if text[entry.key.end..range.start].contains('\n') => Line::Own,
        _ => Line::Same,
    };
    if within(text, value, at, line, spot) {
        return true;
    }
    spot.path.pop();
    false
}

/// What the language expects at the end of a path: every form that fits so far.
pub(super) fn expected(path: &[Step]) -> Vec<Shape> {
    let mut shapes = vec![Shape::Keys(|| &crate::decl::top::SECTION)];
    for step in path {
        shapes = shapes
            .iter()
            .flat_map(flat)
            .flat_map(|shape| inside(&shape, step))
            .collect();
    }
    shapes.iter().flat_map(flat).collect()
}

/// The forms of a shape, each by itself.
fn flat(shape: &Shape) -> Vec<Shape> {
    match shape {
        Shape::Either(forms) => forms.iter().flat_map(flat).collect(),
        other => vec![*other],
    }
}

fn inside(shape: &Shape, step: &Step) -> Option<Shape> {
    match (shape, step) {
        (Shape::Keys(section), Step::Key(name)) => section().key(name).map(|key| key.shape),
        (Shape::Named(_, value) | Shape::Single(_, value), Step::Key(_)) => Some(**value),
        (Shape::List(item) | Shape::Some(item), Step::Item) => Some(**item),
        (Shape::Tree(place) | Shape::Data(place), _) => Some(Shape::Tree(*place)),
        _ => None,
    }
}

/// The section of a mapping at a path, if it is one of the language.
pub(super) fn section(path: &[Step]) -> Option<&'static Section> {
    expected(path).iter().find_map(|shape| match shape {
        Shape::Keys(section) => Some(section()),
        _ => None,
    })
}
