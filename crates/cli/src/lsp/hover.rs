//! What the word under the pointer means.

use lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind, Position};
use serde_json::Value;
use toolrun_manifest::{
    Described, Effect, Endpoint, Manifest, Param, Tool, declares_toolrun, describe, tokens,
};

use super::check::Checked;
use super::position::{Encoding, Lines};

/// The words at a position, if there is something to say.
pub(super) fn at(text: &str, position: Position, around: &[&Checked], encoding: Encoding) -> Option<Hover> {
    if !declares_toolrun(text) {
        return None;
    }
    let lines = Lines::new(text, encoding);
    let found = describe(text, lines.byte(position))?;
    let manifests = || {
        around
            .iter()
            .filter_map(|checked| checked.loaded.manifest.as_ref())
    };
    let tool = |name: &str| manifests().find_map(|manifest: &Manifest| manifest.tool(name));
    let words = match &found.what {
        Described::Key { name, docs } => format!("**{name}**\n\n{docs}"),
        Described::Lint(docs) => docs.trim().to_owned(),
        Described::Callable(name) => summary(tool(name)?),
        Described::Param { owner, name } => {
            let tool = tool(owner)?;
            of_param(tool.params.iter().find(|param| param.name == *name)?)
        }
    };
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent {
            kind: MarkupKind::Markdown,
            value: words,
        }),
        range: Some(lines.range(&found.range)),
    })
}

/// A tool as the model sees it, what it does and what it costs.
fn summary(tool: &Tool) -> String {
    let effect = match tool.effect {
        Effect::Read => "reads",
        Effect::Write => "writes",
        Effect::Destructive => "destructive",
    };
    let target = match &tool.endpoint {
        Endpoint::Http(request) => request.method.as_str().to_owned(),
        Endpoint::Mcp(server) => format!("MCP server `{}`", server.server),
    };
    let params = tool
        .params
        .iter()
        .filter(|param| param.constant.is_none())
        .map(listed);
    let params: String = params.collect();
    let tokens = tokens::of_tool(&tool.name, &tool.description, &tool.schema);
    format!(
        "**{}** ({target}, {effect}, about {tokens} tokens a turn)\n\n{}\n\n{params}\n```json\n{:#}\n```",
        tool.name, tool.description, tool.schema
    )
}

/// A param in one line.
fn listed(param: &Param) -> String {
    let need = if param.optional || param.default.is_some() {
        ", optional"
    } else {
        ""
    };
    let docs = param.description.as_deref().unwrap_or_default();
    format!("- `{}`: {}{need}. {docs}\n", param.name, kind(&param.schema))
}

fn of_param(param: &Param) -> String {
    format!("{}\n```json\n{:#}\n```", listed(param), param.schema)
}

fn kind(schema: &Value) -> String {
    match (&schema["enum"], &schema["type"]) {
        (Value::Array(values), _) => values
            .iter()
            .map(Value::to_string)
            .collect::<Vec<_>>()
            .join(" or "),
        (_, Value::String(kind)) => kind.clone(),
        _ => "any".to_owned(),
    }
}
