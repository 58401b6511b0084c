//! Bodies as trees with template leaves: JSON, where a leaf that is exactly
//! one expression keeps its type, and forms, where every leaf becomes text.

use serde_json::{Map, Value};

use super::error::{RenderError, TemplateError};
use super::eval::{Context, evaluate};
use super::fuel::Fuel;
use super::pairs::{Key, pairs};
use super::rendered::Piece;
use super::scope::{Names, Scope};
use super::text::{Part, compile_whole, render_parts, uses_of};
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
    root: Node,
    uses: Uses,
}

#[derive(Debug, Clone)]
enum Node {
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
        let mut problems = Problems::new();
        let mut uses = Uses::default();
        let root = compile_node(node, &names, &mut uses, &mut problems);
        if problems.is_empty() {
            Ok(Self { root, uses })
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

    /// Fills in the leaves of a form as decoded pairs.
    pub fn render_form(&self, scope: &Scope<'_>) -> Result<Vec<(String, String)>, RenderError> {
        let fuel = Fuel::full();
        let mut form = Vec::new();
        if let Node::Map(fields) = &self.root {
            for (key, node) in fields {
                form_pairs(key, node, Context::request(scope, &fuel), &mut form)?;
            }
        }
        Ok(form)
    }

    /// What it reads.
    pub fn uses(&self) -> &Uses {
        &self.uses
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

fn leaf_text(parts: &[Part], context: Context<'_>) -> Result<Option<String>, RenderError> {
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

fn form_pairs(
    key: &str,
    node: &Node,
    context: Context<'_>,
    form: &mut Vec<(String, String)>,
) -> Result<(), RenderError> {
    match node {
        Node::Fixed(Value::Null) => form.push((key.into(), String::new())),
        Node::Fixed(value) => form.push((key.into(), value.to_string())),
        Node::Leaf(parts) => match &**parts {
            [Part::Slot(expr)] => {
                let Some(value) = evaluate(expr, context)? else {
                    return Ok(());
                };
                for pair in pairs(expr, &value)? {
                    let key = match pair.key {
                        Key::Plain => key.to_owned(),
                        Key::Brackets => format!("{key}[]"),
                        Key::Member(member) => format!("{key}[{member}]"),
                    };
                    form.push((key, pair.values.join(pair.separator)));
                }
            }
            _ => form.extend(leaf_text(parts, context)?.map(|text| (key.to_owned(), text))),
        },
        Node::List(items) => {
            for (place, item) in items.iter().enumerate() {
                let indexed = matches!(item, Node::List(_) | Node::Map(_)).then(|| format!("{key}[{place}]"));
                form_pairs(indexed.as_deref().unwrap_or(key), item, context, form)?;
            }
        }
        Node::Map(fields) => {
            for (member, node) in fields {
                form_pairs(&format!("{key}[{member}]"), node, context, form)?;
            }
        }
    }
    Ok(())
}
