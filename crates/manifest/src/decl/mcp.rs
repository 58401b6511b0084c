//! `mcp:` at the top (servers) and at a tool (which server's tool it is).

use super::auth::{self, AuthDecl};
use super::top::Declared;
use crate::diagnostic::Sink;
use crate::fields::{Fields, Key, key};
use crate::node::Entry;
use crate::read;
use crate::shape::{Form, Names, Place, Rule, Section, Shape};
use crate::source::Span;
use crate::text::Text;

pub(crate) const SERVER_KEYS: &[Key] = &[
    key(
        "command",
        "The program and its arguments; spoken to over its standard input and output.",
    )
    .is(Shape::Some(&Shape::Text(Form::Argument))),
    key("url", "The address of a server that speaks HTTP.").is(Shape::Text(Form::Template(Place::Origin))),
    key("auth", "The credentials for the address.").is(auth::SHAPE),
];

pub(crate) const TOOL_KEYS: &[Key] = &[
    key("server", "A name under the top-level mcp.")
        .is(Shape::Text(Form::Name(Names::Server)))
        .required(),
    key("tool", "The server's name for the tool.")
        .is(Shape::Text(Form::Name(Names::Foreign)))
        .required(),
];

/// An entry of `mcp`.
pub(crate) static SERVER: Section = Section {
    name: "mcp.server",
    place: "mcp.SERVER",
    tables: &[SERVER_KEYS],
    without: &[],
    rules: &[Rule::One(&["command", "url"])],
};

/// `mcp` of a tool.
pub(crate) static TOOL: Section = Section {
    name: "tool.mcp",
    place: "tools.TOOL.mcp",
    tables: &[TOOL_KEYS],
    without: &[],
    rules: &[],
};

/// A server as written.
#[derive(Debug)]
pub(crate) struct ServerDecl<'n> {
    pub(crate) name: &'n Text,
    pub(crate) url: Option<&'n Text>,
    pub(crate) auth: Option<AuthDecl<'n>>,
}

impl<'n> Declared<'n> for ServerDecl<'n> {
    const WHAT: &'static str = "MCP servers by name";
    const EXAMPLE: &'static str = "{ command: [program] }";

    fn named(name: &'n Text) -> Option<Self> {
        Some(Self {
            name,
            url: None,
            auth: None,
        })
    }

    fn read(entry: &'n Entry, sink: &mut Sink) -> Option<Self> {
        let name = &entry.key;
        let before = sink.errors();
        let what = format!("MCP server `{}`", name.as_str());
        let Some(mut fields) = Fields::open(&entry.value, what.clone(), name.span(), &[SERVER_KEYS], sink)
        else {
            return Self::named(name);
        };
        let command = fields.optional("command");
        if let Some(entry) = command
            && read::texts(
                &entry.value,
                "a program and its arguments as a list",
                "a text",
                sink,
            )
            .is_some_and(|words| words.is_empty())
        {
            sink.error(
                "wrong-value",
                entry.value.span,
                "expected a program and its arguments, found an empty list",
            );
        }
        let address = fields.optional("url");
        let url = address.and_then(|entry| read::text(&entry.value, "a URL", sink));
        let auth = fields
            .optional("auth")
            .and_then(|entry| AuthDecl::read(&entry.value, entry.key.span(), sink));
        fields.finish(sink);
        if command.is_some() == address.is_some() && sink.errors() == before {
            sink.error(
                "wrong-value",
                name.span(),
                format!("{what} has exactly one of `command` and `url`"),
            )
            .help("write `{ command: [program, argument] }`, or `{ url: https://… }`");
        }
        Some(Self { name, url, auth })
    }
}

/// `mcp:` of a tool as written.
#[derive(Debug)]
pub(crate) struct ToolMcpDecl<'n> {
    pub(crate) span: Span,
    pub(crate) server: Option<&'n Text>,
    pub(crate) tool: Option<&'n Text>,
}

impl<'n> ToolMcpDecl<'n> {
    pub(crate) fn read(entry: &'n Entry, sink: &mut Sink) -> Option<Self> {
        let span = entry.key.span();
        let mut fields = Fields::open(&entry.value, "`mcp`", span, &[TOOL_KEYS], sink)?;
        let server = fields
            .required("server")
            .and_then(|entry| read::text(&entry.value, "the name of an MCP server", sink));
        let tool = fields
            .required("tool")
            .and_then(|entry| read::text(&entry.value, "the name of the server's tool", sink));
        fields.finish(sink);
        Some(Self { span, server, tool })
    }
}
