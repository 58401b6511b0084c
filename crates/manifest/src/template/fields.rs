//! A tree as named fields: the pairs of a form and the parts of a multipart
//! body. Encoding them is not done here.

use serde_json::Value;

use super::error::RenderError;
use super::eval::{Context, evaluate};
use super::expression::Expr;
use super::json::{Node, leaf_text};
use super::pairs::{Key, pairs};
use super::rendered::{FileRef, PartContent, RenderedPart};
use super::text::Part;

/// The fields of a mapping, in order of writing. A mapping inside one is
/// written `a[k]`, and so is one inside a list, by the item's place.
pub(super) fn render(root: &Node, context: Context<'_>) -> Result<Vec<RenderedPart>, RenderError> {
    let mut fields = Vec::new();
    if let Node::Map(entries) = root {
        for (name, node) in entries {
            add(name, node, context, &mut fields)?;
        }
    }
    Ok(fields)
}

/// The fields of one entry.
pub(super) fn of(name: &str, node: &Node, context: Context<'_>) -> Result<Vec<RenderedPart>, RenderError> {
    let mut fields = Vec::new();
    add(name, node, context, &mut fields)?;
    Ok(fields)
}

fn add(
    name: &str,
    node: &Node,
    context: Context<'_>,
    fields: &mut Vec<RenderedPart>,
) -> Result<(), RenderError> {
    match node {
        Node::Fixed(Value::Null) => fields.push(text(name, String::new())),
        Node::Fixed(value) => fields.push(text(name, value.to_string())),
        Node::Leaf(parts) => match &**parts {
            [Part::Slot(expr)] => slot(name, expr, context, fields)?,
            _ => fields.extend(leaf_text(parts, context)?.map(|value| text(name, value))),
        },
        Node::List(items) => {
            for (place, item) in items.iter().enumerate() {
                let indexed =
                    matches!(item, Node::List(_) | Node::Map(_)).then(|| format!("{name}[{place}]"));
                add(indexed.as_deref().unwrap_or(name), item, context, fields)?;
            }
        }
        Node::Map(entries) => {
            for (member, node) in entries {
                add(&format!("{name}[{member}]"), node, context, fields)?;
            }
        }
    }
    Ok(())
}

fn slot(
    name: &str,
    expr: &Expr,
    context: Context<'_>,
    fields: &mut Vec<RenderedPart>,
) -> Result<(), RenderError> {
    let Some(value) = evaluate(expr, context)? else {
        return Ok(());
    };
    if let (Some(param), Value::String(path)) = (expr.as_file(), &*value) {
        fields.push(RenderedPart {
            name: name.to_owned(),
            content: PartContent::File(FileRef {
                param: param.name.clone(),
                path: path.clone(),
            }),
        });
        return Ok(());
    }
    for pair in pairs(expr, &value)? {
        let name = match pair.key {
            Key::Plain => name.to_owned(),
            Key::Brackets => format!("{name}[]"),
            Key::Member(member) => format!("{name}[{member}]"),
        };
        fields.push(RenderedPart {
            name,
            content: PartContent::Text(pair.values.join(pair.separator)),
        });
    }
    Ok(())
}

fn text(name: &str, value: String) -> RenderedPart {
    RenderedPart {
        name: name.to_owned(),
        content: PartContent::Text(value),
    }
}
