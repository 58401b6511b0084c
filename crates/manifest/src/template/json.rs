//! Bodies as trees with template leaves: JSON, where a leaf that is exactly
//! one expression keeps its type, and forms, where every leaf becomes text.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::error::{RenderError, TemplateError};
use super::eval::{Context, evaluate};
use super::expression::{Expr, Kind};
use super::fields;
use super::fuel::Fuel;
use super::rendered::{Piece, RenderedPart};
use super::scope::{Names, Scope};
use super::text::{Part, compile_whole, files_in, render_parts, uses_of};
use super::uses::Uses;

/// A tree as the YAML reader hands it over: scalars decoded, every text with
/// a number of the caller's, under which its errors come back.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonNode<'a> {
    /// Null.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number, digits as written.
    Number(serde_json::Number),
    /// A text, which may be a template.
    Text {
        /// The caller's number for it.
        id: usize,
        /// The text.
        text: &'a str,
    },
    /// A list.
    List(Vec<JsonNode<'a>>),
    /// A mapping in order of writing; keys are literal.
    Map(Vec<(&'a str, JsonNode<'a>)>),
}

/// A compiled tree with template leaves.
#[derive(Debug, Clone)]
pub struct JsonTemplate {
    pub(super) root: Node,
    uses: Uses,
    written: Value,
}

/// A node of a compiled tree.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Fixed(Value),
    Leaf(Vec<Part>),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

type Problems = Vec<(usize, TemplateError)>;

impl JsonTemplate {
    /// Compiles a JSON body: leaves that are one expression keep their type.
    pub fn compile(node: &JsonNode<'_>, names: &Names<'_>) -> Result<Self, Vec<(usize, TemplateError)>> {
        // Secrets stand in headers and query values only.
        let names = Names {
            secrets: None,
            ..*names
        };
        Self::compile_login(node, &names)
    }

    /// Compiles the body of a login, JSON or form: a leaf may be or hold a
    /// secret.
    pub(crate) fn compile_login(
        node: &JsonNode<'_>,
        names: &Names<'_>,
    ) -> Result<Self, Vec<(usize, TemplateError)>> {
        let mut problems = Problems::new();
        let mut uses = Uses::default();
        let root = compile_node(node, names, &mut uses, &mut problems);
        if problems.is_empty() {
            Ok(Self {
                root,
                uses,
                written: written(node),
            })
        } else {
            Err(problems)
        }
    }

    /// Compiles a form: a mapping whose leaves become texts. The node must be
    /// a [`JsonNode::Map`]; a mapping inside one is written `a[k]=`, and so is
    /// a mapping inside a list, with the item's place as its key.
    pub fn compile_form(node: &JsonNode<'_>, names: &Names<'_>) -> Result<Self, Vec<(usize, TemplateError)>> {
        Self::compile(node, names)
    }

    /// Fills in the leaves; `None` when the whole is one absent leaf.
    pub fn render(&self, scope: &Scope<'_>) -> Result<Option<Value>, RenderError> {
        let fuel = Fuel::full();
        let context = Context::request(scope, &fuel);
        Ok(match render_node(&self.root, context)? {
            Some(value) => Some(value),
            // What absence empties goes too, except the body itself.
            None => match &self.root {
                Node::List(_) => Some(Value::Array(Vec::new())),
                Node::Map(_) => Some(Value::Object(Map::new())),
                Node::Fixed(_) | Node::Leaf(_) => None,
            },
        })
    }

    /// Fills in the leaves that read nothing but known names; the others stay
    /// as written. For showing what is sent before all is known.
    pub fn render_known(&self, scope: &Scope<'_>, known: &dyn Fn(&str) -> bool) -> Value {
        let fuel = Fuel::full();
        render_known(&self.root, &self.written, Context::request(scope, &fuel), known).unwrap_or_default()
    }

    /// Fills in the leaves of a form as decoded pairs.
    pub fn render_form(&self, scope: &Scope<'_>) -> Result<Vec<(String, String)>, RenderError> {
        let fields = self.render_parts(scope)?.into_iter();
        Ok(fields.map(RenderedPart::into_pair).collect())
    }

    /// Fills in the leaves as the parts of a multipart body. A leaf that is
    /// exactly one `file` param is a file; every other is text.
    pub fn render_parts(&self, scope: &Scope<'_>) -> Result<Vec<RenderedPart>, RenderError> {
        fields::render(&self.root, Context::request(scope, &Fuel::full()))
    }

    /// The `file` params that stand beside text or inside an expression, where
    /// their bytes have no room.
    pub fn files_in_text(&self) -> BTreeSet<String> {
        let mut files = BTreeSet::new();
        note_files(&self.root, &mut files);
        files
    }

    /// What it reads.
    pub fn uses(&self) -> &Uses {
        &self.uses
    }

    /// The tree as written, leaves not filled in; for showing what is sent.
    pub fn written(&self) -> &Value {
        &self.written
    }

    /// All of it, to be looked at.
    pub(crate) fn whole(&self) -> Branch<'_> {
        Branch(&self.root)
    }

    /// The fields of a mapping by name.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, Branch<'_>)> {
        let fields = match &self.root {
            Node::Map(fields) => fields.as_slice(),
            _ => &[],
        };
        fields.iter().map(|(name, node)| (name.as_str(), Branch(node)))
    }
}

/// A part of a compiled tree, as far as it is known before it is rendered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Branch<'a>(&'a Node);

impl Branch<'_> {
    /// Its value when nothing in it is a template.
    pub(crate) fn literal(self) -> Option<Value> {
        literal(self.0)
    }

    /// The fixed words of a text with slots in it, which is a text whatever
    /// the slots hold. None for anything else.
    pub(crate) fn text_around_slots(self) -> Option<String> {
        let Node::Leaf(parts) = self.0 else { return None };
        let words = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Slot(_) | Part::Secret(_) => String::new(),
        };
        let slots = parts.iter().any(|part| matches!(part, Part::Slot(_)));
        (slots && parts.len() > 1).then(|| parts.iter().map(words).collect())
    }

    /// Whether it is absent when what it reads is; `absent` adds names to
    /// those of which that is known.
    pub(crate) fn reads_absent(self, absent: &dyn Fn(&str) -> bool) -> bool {
        reads_absent(self.0, absent)
    }
}

fn literal(node: &Node) -> Option<Value> {
    match node {
        Node::Fixed(value) => Some(value.clone()),
        Node::Leaf(parts) => match &**parts {
            [] => Some(Value::String(String::new())),
            [Part::Text(text)] => Some(Value::String(text.clone())),
            [
                Part::Slot(Expr {
                    kind: Kind::Literal(value),
                    ..
                }),
            ] => Some(value.clone()),
            _ => None,
        },
        Node::List(items) => items.iter().map(literal).collect(),
        Node::Map(fields) => {
            let fields = fields
                .iter()
                .map(|(key, node)| Some((key.clone(), literal(node)?)));
            fields.collect::<Option<Map<_, _>>>().map(Value::Object)
        }
    }
}

fn reads_absent(node: &Node, absent: &dyn Fn(&str) -> bool) -> bool {
    match node {
        Node::Leaf(parts) => {
            matches!(&**parts, [Part::Slot(expr)] if super::absent::reads_absent(expr, absent))
        }
        Node::Fixed(_) => false,
        Node::List(items) => !items.is_empty() && items.iter().all(|node| reads_absent(node, absent)),
        Node::Map(fields) => !fields.is_empty() && fields.iter().all(|(_, node)| reads_absent(node, absent)),
    }
}

fn written(node: &JsonNode<'_>) -> Value {
    match node {
        JsonNode::Null => Value::Null,
        JsonNode::Bool(bool) => Value::Bool(*bool),
        JsonNode::Number(number) => Value::Number(number.clone()),
        JsonNode::Text { text, .. } => Value::String((*text).to_owned()),
        JsonNode::List(items) => items.iter().map(written).collect(),
        JsonNode::Map(fields) => fields
            .iter()
            .map(|(key, value)| ((*key).to_owned(), written(value)))
            .collect(),
    }
}

fn compile_node(node: &JsonNode<'_>, names: &Names<'_>, uses: &mut Uses, problems: &mut Problems) -> Node {
    match node {
        JsonNode::Null => Node::Fixed(Value::Null),
        JsonNode::Bool(bool) => Node::Fixed(Value::Bool(*bool)),
        JsonNode::Number(number) => Node::Fixed(Value::Number(number.clone())),
        JsonNode::Text { id, text } => match compile_whole(text, names) {
            Ok(parts) => {
                uses.join(&uses_of(&parts));
                Node::Leaf(parts)
            }
            Err(found) => {
                problems.extend(found.into_iter().map(|problem| (*id, problem)));
                Node::Fixed(Value::Null)
            }
        },
        JsonNode::List(items) => Node::List(
            items
                .iter()
                .map(|item| compile_node(item, names, uses, problems))
                .collect(),
        ),
        JsonNode::Map(fields) => Node::Map(
            fields
                .iter()
                .map(|(key, value)| ((*key).to_owned(), compile_node(value, names, uses, problems)))
                .collect(),
        ),
    }
}

fn render_node(node: &Node, context: Context<'_>) -> Result<Option<Value>, RenderError> {
    match node {
        Node::Fixed(value) => Ok(Some(value.clone())),
        Node::Leaf(parts) => match &**parts {
            [Part::Slot(expr)] => Ok(evaluate(expr, context)?.map(|value| value.into_owned())),
            _ => Ok(leaf_text(parts, context)?.map(Value::String)),
        },
        Node::List(items) => {
            let mut list = Vec::with_capacity(items.len());
            for item in items {
                list.extend(render_node(item, context)?);
            }
            Ok((items.is_empty() || !list.is_empty()).then_some(Value::Array(list)))
        }
        Node::Map(fields) => {
            let mut map = Map::new();
            for (key, node) in fields {
                if let Some(value) = render_node(node, context)? {
                    map.insert(key.clone(), value);
                }
            }
            Ok((fields.is_empty() || !map.is_empty()).then_some(Value::Object(map)))
        }
    }
}

/// A leaf that cannot be filled in stays as written, too.
fn render_known(
    node: &Node,
    written: &Value,
    context: Context<'_>,
    known: &dyn Fn(&str) -> bool,
) -> Option<Value> {
    match (node, written) {
        (Node::Leaf(parts), _) => {
            let uses = uses_of(parts.iter());
            match !uses.of_call && uses.params.iter().all(|name| known(name)) {
                true => render_node(node, context).unwrap_or_else(|_| Some(written.clone())),
                false => Some(written.clone()),
            }
        }
        (Node::List(items), Value::Array(texts)) => {
            let items = items.iter().zip(texts);
            let filled = items.filter_map(|(item, text)| render_known(item, text, context, known));
            Some(filled.collect())
        }
        (Node::Map(fields), Value::Object(texts)) => {
            let fields = fields.iter().filter_map(|(key, node)| {
                let text = texts.get(key)?;
                Some((key.clone(), render_known(node, text, context, known)?))
            });
            Some(Value::Object(fields.collect()))
        }
        _ => Some(written.clone()),
    }
}

fn note_files(node: &Node, files: &mut BTreeSet<String>) {
    match node {
        Node::Fixed(_) => {}
        Node::Leaf(parts) => files_in(parts, files),
        Node::List(items) => items.iter().for_each(|item| note_files(item, files)),
        Node::Map(fields) => fields.iter().for_each(|(_, node)| note_files(node, files)),
    }
}

/// A leaf that is more than one slot as text.
pub(super) fn leaf_text(parts: &[Part], context: Context<'_>) -> Result<Option<String>, RenderError> {
    let pieces = render_parts(parts, context)?;
    // Without secrets there is one piece of text.
    Ok(pieces.map(|pieces| {
        pieces
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(text) | Piece::Secret(text) => text,
            })
            .collect()
    }))
}
