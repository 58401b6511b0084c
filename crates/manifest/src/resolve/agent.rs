//! `agent:`: names and the instructions' template.

use super::world::World;
use super::{description, template};
use crate::checked::{Agent, Limits};
use crate::decl::agent::AgentDecl;
use crate::diagnostic::Sink;
use crate::read;
use crate::template::Names;

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
pub(crate) fn schema(node: &crate::node::Node, sink: &mut Sink) -> Option<serde_json::Value> {
    super::param::foreign_refs(node, sink);
    description::check_tree(node, sink);
    read::data(node, "a JSON Schema", sink)?;
    node.json(sink)
}
