//! The file itself: its keys and the declarations under them.

use super::{agent, api, case, lints, mcp, secrets, tool, vars, workflow};
use crate::diagnostic::Sink;
use crate::fields::{Fields, Key, key};
use crate::node::{Entry, Kind, Node, Scalar};
use crate::read;
use crate::source::Span;
use crate::text::Text;

pub(crate) const KEYS: &[Key] = &[
    key("toolrun", "The version of the language: 1."),
    key("name", "A short name for the manifest."),
    key("description", "What the manifest is for."),
    key(
        "include",
        "Other manifests whose apis, tools and workflows belong to this one.",
    ),
    key("agent", "Defaults of `toolrun run`: model, instructions, limits."),
    key(
        "secrets",
        "Names of secrets and where their values are found; never values.",
    ),
    key("vars", "Values from outside that are not secret."),
    key("apis", "Connections that several tools share."),
    key("mcp", "Servers of the Model Context Protocol."),
    key("tools", "What the model may call."),
    key("workflows", "Fixed chains of calls."),
    key("tests", "Cases for `toolrun test`."),
    key("lints", "Levels of lints: allow, warn or deny."),
];

/// A file's declarations.
#[derive(Debug, Default)]
pub(crate) struct ManifestDecl<'n> {
    pub(crate) name: Option<&'n Text>,
    pub(crate) description: Option<&'n Text>,
    pub(crate) agent: Option<agent::AgentDecl<'n>>,
    pub(crate) secrets: Vec<secrets::SecretRaw<'n>>,
    pub(crate) vars: Vec<vars::VarRaw<'n>>,
    pub(crate) apis: Vec<api::ApiDecl<'n>>,
    pub(crate) mcp: Vec<mcp::ServerDecl<'n>>,
    pub(crate) tools: Vec<tool::ToolDecl<'n>>,
    pub(crate) workflows: Vec<workflow::WorkflowDecl<'n>>,
    pub(crate) tests: Vec<case::CaseDecl<'n>>,
    pub(crate) lints: Vec<lints::LevelDecl>,
    /// Where `tests`, `workflows` and `mcp` stand.
    pub(crate) keys: Vec<(&'static str, Span)>,
}

/// The texts under `include`, before anything else is read.
pub(crate) fn includes<'n>(root: &'n Node, sink: &mut Sink) -> Vec<&'n Text> {
    let Kind::Map(entries) = &root.kind else {
        return Vec::new();
    };
    let Some(entry) = entries.iter().find(|entry| entry.key.as_str() == "include") else {
        return Vec::new();
    };
    let what = "the path of a manifest";
    match &entry.value.kind {
        Kind::Scalar(_) => read::text(&entry.value, what, sink).into_iter().collect(),
        _ => read::items(&entry.value, "a list of paths of manifests", sink)
            .unwrap_or_default()
            .iter()
            .filter_map(|item| read::text(item, what, sink))
            .collect(),
    }
}

impl<'n> ManifestDecl<'n> {
    /// Reads a whole file. `None` when it is no mapping.
    pub(crate) fn read(root: &'n Node, sink: &mut Sink) -> Option<Self> {
        let head = match &root.kind {
            Kind::Map(entries) => entries.first().map_or(root.span, |entry| entry.key.span()),
            _ => root.span,
        };
        if !matches!(root.kind, Kind::Map(_) | Kind::Invalid) {
            sink.error(
                "wrong-type",
                root.span,
                format!("a manifest is a mapping, found {}", root.found()),
            )
            .help("start with `toolrun: 1`, then `tools:`");
            return None;
        }
        let mut fields = Fields::open(root, "the manifest", head, &[KEYS], sink)?;
        let mut decl = Self::default();
        if let Some(entry) = fields.required("toolrun") {
            version(&entry.value, sink);
        }
        fields.optional("include");
        decl.name = fields
            .optional("name")
            .and_then(|entry| read::text(&entry.value, "a name", sink));
        decl.description = fields
            .optional("description")
            .and_then(|entry| read::written(&entry.value, "a description", sink));
        decl.agent = fields
            .optional("agent")
            .and_then(|entry| agent::AgentDecl::read(entry, sink));
        decl.sections(&mut fields, sink);
        fields.finish(sink);
        Some(decl)
    }

    /// The mappings of declarations.
    fn sections(&mut self, fields: &mut Fields<'n>, sink: &mut Sink) {
        self.secrets = each(
            fields.optional("secrets"),
            "secrets by name",
            sink,
            secrets::SecretRaw::read,
        );
        self.vars = each(fields.optional("vars"), "vars by name", sink, vars::VarRaw::read);
        self.apis = each(fields.optional("apis"), "apis by name", sink, api::ApiDecl::read);
        self.tools = each(
            fields.optional("tools"),
            "tools by name",
            sink,
            tool::ToolDecl::read,
        );
        for name in ["mcp", "workflows", "tests"] {
            self.keys
                .extend(fields.optional(name).map(|entry| (name, entry.key.span())));
        }
        self.mcp = each(
            fields.optional("mcp"),
            "MCP servers by name",
            sink,
            mcp::ServerDecl::read,
        );
        self.workflows = each(
            fields.optional("workflows"),
            "workflows by name",
            sink,
            workflow::WorkflowDecl::read,
        );
        self.tests = case::read_all(fields.optional("tests"), sink);
        self.lints = each(
            fields.optional("lints"),
            "levels by lint",
            sink,
            lints::LevelDecl::read,
        );
    }
}

/// Reads every entry of a mapping of declarations.
pub(crate) fn each<'n, T>(
    entry: Option<&'n Entry>,
    what: &str,
    sink: &mut Sink,
    read_one: impl Fn(&'n Entry, &mut Sink) -> Option<T>,
) -> Vec<T> {
    let Some(entry) = entry else { return Vec::new() };
    if let Kind::List(items) = &entry.value.kind {
        let span = items.first().map_or(entry.value.span, |item| item.span);
        sink.error(
            "wrong-type",
            span,
            format!("expected a mapping of {what}, found a list"),
        )
        .help("write each name as a key with a colon, without `-`, and what belongs to it below");
        return Vec::new();
    }
    let Some(entries) = read::map(&entry.value, &format!("a mapping of {what}"), sink) else {
        return Vec::new();
    };
    entries.filter_map(|entry| read_one(entry, sink)).collect()
}

fn version(node: &Node, sink: &mut Sink) {
    let one = matches!(&node.kind, Kind::Scalar(text) if text.scalar() == Scalar::Number(1.into()));
    if !one && !matches!(node.kind, Kind::Invalid) {
        sink.error(
            "version",
            node.span,
            format!("expected version `1` of the language, found {}", node.found()),
        )
        .help("write `toolrun: 1`");
    }
}
