//! `agent:`: names and the instructions' template. Schemas of answers, which
//! steps have too.

use super::world::World;
use super::{description, template};
use crate::checked::{Agent, Limits};
use crate::decl::agent::AgentDecl;
use crate::diagnostic::Sink;
use crate::fields::suggest;
use crate::node::{Kind, Node};
use crate::read;
use crate::template::Names;
use crate::text::Text;

/// Checks the agent's defaults.
pub(crate) fn resolve(decl: &AgentDecl<'_>, world: &World<'_>, sink: &mut Sink) -> Agent {
    let names = Names {
        vars: &world.var_names,
        ..Names::default()
    };
    let instructions = decl.instructions.and_then(|text| {
        description::invisible(text, sink);
        template::text(text, &names, world, sink)
    });
    for tool in decl.tools.iter().flatten() {
        if world.complete {
            read::known(tool, "tool", world.callable_names(), sink);
        }
    }
    let limits = &decl.limits;
    Agent {
        model: decl.model.map(|model| model.as_str().to_owned()),
        instructions,
        tools: decl
            .tools
            .as_ref()
            .map(|tools| tools.iter().map(|tool| tool.as_str().to_owned()).collect()),
        limits: Limits {
            turns: limits.turns,
            calls: limits.calls,
            tokens: limits.tokens,
            cost: limits.cost,
            time: limits.time,
        },
        output: decl.output.and_then(|node| schema(node, sink)),
        output_span: decl.output.map(|node| node.span),
    }
}

/// A JSON Schema written in the manifest.
pub(crate) fn schema(node: &Node, sink: &mut Sink) -> Option<serde_json::Value> {
    super::param::foreign_refs(node, sink);
    description::check_tree(node, sink);
    read::data(node, "a JSON Schema", sink)?;
    node.json(sink)
}

/// The types of JSON Schema.
const TYPES: &[&str] = &[
    "string", "integer", "number", "boolean", "array", "object", "null",
];

/// Reports every `type` of a schema that is none, together with the other
/// problems of the file. Whatever else is wrong shows when it is compiled.
pub(crate) fn types(node: &Node, owner: &str, sink: &mut Sink) {
    let Kind::Map(entries) = &node.kind else { return };
    for entry in entries {
        match (entry.key.as_str(), &entry.value.kind) {
            ("type", Kind::Scalar(name)) => type_name(name, owner, sink),
            ("type", Kind::List(names)) => {
                for name in names {
                    if let Kind::Scalar(name) = &name.kind {
                        type_name(name, owner, sink);
                    }
                }
            }
            ("items" | "additionalProperties" | "contains" | "not", _) => types(&entry.value, owner, sink),
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Kind::List(inner)) => {
                inner.iter().for_each(|inner| types(inner, owner, sink));
            }
            ("properties" | "patternProperties" | "$defs", Kind::Map(inner)) => {
                inner.iter().for_each(|inner| types(&inner.value, owner, sink));
            }
            _ => {}
        }
    }
}

fn type_name(name: &Text, owner: &str, sink: &mut Sink) {
    if TYPES.contains(&name.as_str()) {
        return;
    }
    let message = format!("`{}` in {owner} is not a type of JSON Schema", name.as_str());
    sink.error("schema", name.span(), message)
        .help(suggest(name.as_str(), TYPES.iter().copied(), "types"));
}
