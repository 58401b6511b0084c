//! The file itself: its keys and the declarations under them.

use super::{agent, api, case, lints, mcp, secrets, tool, vars, workflow};
use crate::diagnostic::{Safety, Sink};
use crate::fields::{Fields, Key, key};
use crate::node::{Entry, Kind, Node, Scalar};
use crate::read;
use crate::shape::{self, Form, Naming, Section, Shape};
use crate::source::Span;
use crate::text::Text;

pub(crate) const KEYS: &[Key] = &[
    key("toolrun", "The version of the language; there is one so far.")
        .is(Shape::Version)
        .required(),
    key("name", "A short name for the manifest.").is(Shape::Text(Form::Words)),
    key("description", "What the manifest is for.").is(Shape::Written(Form::Words)),
    key(
        "include",
        "Other manifests whose apis, tools and workflows belong to this one.",
    )
    .is(PATHS),
    key("agent", "Defaults of `toolrun run`: model, instructions, limits.")
        .is(Shape::Keys(|| &agent::SECTION)),
    key(
        "secrets",
        "Names of secrets and where their values are found; never values.",
    )
    .is(Shape::Named(Naming::Word("SECRET"), &secrets::SHAPE)),
    key("vars", "Values from outside that are not secret.")
        .is(Shape::Named(Naming::Word("VAR"), &vars::SHAPE)),
    key("apis", "Connections that several tools share.").is(APIS),
    key("mcp", "Servers of the Model Context Protocol.").is(SERVERS),
    key("tools", "What the model may call.").is(TOOLS),
    key("workflows", "Fixed chains of calls.").is(WORKFLOWS),
    key("tests", "Cases for `toolrun test`.").is(CASES),
    key("lints", "Levels of lints: allow, warn or deny.").is(LEVELS),
];

/// The path of a manifest.
const PATH: Shape = Shape::Text(Form::Path);
/// One path or several.
const PATHS: Shape = Shape::Either(&[PATH, Shape::List(&PATH)]);
/// Declarations by name.
const APIS: Shape = Shape::Named(Naming::Word("API"), &Shape::Keys(|| &api::SECTION));
const SERVERS: Shape = Shape::Named(Naming::Word("SERVER"), &Shape::Keys(|| &mcp::SERVER));
const TOOLS: Shape = Shape::Named(Naming::Small("TOOL"), &Shape::Keys(|| &tool::SECTION));
const WORKFLOWS: Shape = Shape::Named(Naming::Small("WORKFLOW"), &Shape::Keys(|| &workflow::SECTION));
/// The cases of tests.
const CASES: Shape = Shape::List(&Shape::Keys(|| &case::SECTION));
/// Levels by the name of a lint.
const LEVELS: Shape = Shape::Named(Naming::Lint, &Shape::Word(|| shape::words(lints::LEVELS)));

/// A whole manifest.
pub(crate) static SECTION: Section = Section {
    name: "manifest",
    place: "",
    tables: &[KEYS],
    without: &[],
    rules: &[],
};

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
    /// Where `tests` and `mcp` stand.
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
            .help("start with the lines `toolrun: 1` and `tools:`, without `-`");
            return None;
        }
        let mut fields = Fields::open(root, "the manifest", head, &[KEYS], sink)?;
        let mut decl = Self::default();
        match fields.optional("toolrun") {
            Some(entry) => version(&entry.value, sink),
            None => no_version(root, head, sink),
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
        self.secrets = each(fields.optional("secrets"), sink);
        self.vars = each(fields.optional("vars"), sink);
        self.apis = each(fields.optional("apis"), sink);
        self.tools = each(fields.optional("tools"), sink);
        for name in ["mcp", "tests"] {
            self.keys
                .extend(fields.optional(name).map(|entry| (name, entry.key.span())));
        }
        self.mcp = each(fields.optional("mcp"), sink);
        self.workflows = each(fields.optional("workflows"), sink);
        self.tests = case::read_all(fields.optional("tests"), sink);
        self.lints = each(fields.optional("lints"), sink);
    }
}

/// An entry of a mapping of declarations.
pub(crate) trait Declared<'n>: Sized {
    /// What stands in the mapping, such as "secrets by name".
    const WHAT: &'static str;
    /// What stands behind a name, as an example.
    const EXAMPLE: &'static str;

    /// Reads one.
    fn read(entry: &'n Entry, sink: &mut Sink) -> Option<Self>;

    /// What is left of one whose name alone is known: whatever uses the name
    /// is not to blame.
    fn named(name: &'n Text) -> Option<Self>;
}

/// Reads every entry of a mapping of declarations.
pub(crate) fn each<'n, T: Declared<'n>>(entry: Option<&'n Entry>, sink: &mut Sink) -> Vec<T> {
    let Some(entry) = entry else { return Vec::new() };
    let what = T::WHAT;
    if let Kind::List(items) = &entry.value.kind {
        let span = items.first().map_or(entry.value.span, |item| item.span);
        let names: Vec<&'n Text> = items.iter().filter_map(name_in).collect();
        let diagnostic = sink.error(
            "wrong-type",
            span,
            format!("expected a mapping of {what}, found a list"),
        );
        let name = names.first().map_or("name", |name| name.as_str());
        diagnostic.help(format!(
            "write each name as a key, without `-` and `name:`: `{}: {{ {name}: {} }}`",
            entry.key.as_str(),
            T::EXAMPLE
        ));
        return names.into_iter().filter_map(T::named).collect();
    }
    if let Kind::Scalar(_) = &entry.value.kind {
        let key = entry.key.as_str();
        let message = format!("expected a mapping of {what}, found {}", entry.value.found());
        sink.error("wrong-type", entry.value.span, message).help(format!(
            "write `{key}: {{ name: {} }}`, or remove `{key}`",
            T::EXAMPLE
        ));
        return Vec::new();
    }
    let Some(entries) = read::map(&entry.value, &format!("a mapping of {what}"), sink) else {
        return Vec::new();
    };
    // Grown step by step, a list of many would stand in memory twice.
    let mut found = Vec::with_capacity(entries.size_hint().1.unwrap_or_default());
    found.extend(entries.filter_map(|entry| T::read(entry, sink)));
    found
}

/// The name of an item of a list where a mapping was expected.
fn name_in(item: &Node) -> Option<&Text> {
    match &item.kind {
        Kind::Scalar(text) => Some(text),
        Kind::Map(entries) => {
            let named = entries.iter().find(|entry| entry.key.as_str() == "name");
            match (named, entries.as_slice()) {
                (Some(Entry { value, .. }), _) => match &value.kind {
                    Kind::Scalar(text) => Some(text),
                    _ => None,
                },
                (None, [only]) => Some(&only.key),
                _ => None,
            }
        }
        _ => None,
    }
}

/// There is but one version, so the one that is meant is certain.
fn no_version(root: &Node, head: Span, sink: &mut Sink) {
    let diagnostic = sink.error("missing-key", head, "the manifest has no `toolrun`");
    diagnostic.help("add `toolrun: 1`: the version of the language; there is one so far");
    let in_braces = root.span.start < head.start;
    let line = if in_braces { "toolrun: 1, " } else { "toolrun: 1\n" };
    diagnostic.fix("say the version", Safety::Safe, head.head(), line);
}

fn version(node: &Node, sink: &mut Sink) {
    let one = matches!(&node.kind, Kind::Scalar(text) if text.scalar() == Scalar::Number(1.into()));
    if !one && !matches!(node.kind, Kind::Invalid) {
        let diagnostic = sink.error(
            "version",
            node.span,
            format!("expected version `1` of the language, found {}", node.found()),
        );
        diagnostic.help("write `toolrun: 1`");
        let written = match &node.kind {
            Kind::Scalar(text) => text.as_str(),
            _ => "",
        };
        if ["1", "1.0", "v1"].contains(&written) {
            diagnostic.fix("write `1`", Safety::Safe, node.span, "1");
        }
    }
}
