//! An entry of `tools:` as written.

use super::body::{self, BodyDecl};
use super::mcp::{self, ToolMcpDecl};
use super::paginate::{self, PaginateDecl};
use super::param::{self, ParamDecl};
use super::policy::{self, PolicyDecl};
use super::result::{self, ResultDecl};
use super::top::Declared;
use crate::checked::{Effect, Method};
use crate::diagnostic::Sink;
use crate::fields::{Fields, Key, key};
use crate::node::{Entry, Kind, Node};
use crate::read::{self, Spanned};
use crate::shape::{self, Form, Names, Place, Rule, Section, Shape};
use crate::text::Text;

pub(crate) const KEYS: &[Key] = &[
    key(
        "description",
        "What the tool does and when to use it; the model decides by it.",
    )
    .is(Shape::Written(Form::Description))
    .required(),
    key("params", "What the model may give.").is(param::ALL),
    key("api", "The api whose connection is used.").is(Shape::Text(Form::Name(Names::Api))),
    key("url", "The address; with an api, the path after its base_url.")
        .is(Shape::Text(Form::Url(Place::Url))),
    key("method", "The HTTP method; GET when absent.")
        .is(Shape::Word(|| shape::words(METHODS)))
        .absent("GET"),
    key("body", "What is sent.").is(Shape::Keys(|| &body::SECTION)),
    key(
        "effect",
        "read, write or destructive; inferred from the method when absent.",
    )
    .is(Shape::Word(|| shape::words(EFFECTS)))
    .absent("read for GET, HEAD and OPTIONS, write for the rest"),
    key(
        "idempotent",
        "Whether sending the same request twice does no more than once.",
    )
    .is(Shape::Boolean)
    .absent("true for GET, HEAD and OPTIONS, and where the Idempotency-Key header is {{ call.id }}"),
    key("result", "How an answer is shaped.").is(Shape::Keys(|| &result::SECTION)),
    key("paginate", "How further pages are asked for.").is(Shape::Keys(|| &paginate::SECTION)),
    key("mcp", "The MCP server and tool, in place of a url.").is(Shape::Keys(|| &mcp::TOOL)),
    key(
        "defer",
        "Whether the model sees the tool only after searching for it.",
    )
    .is(Shape::Boolean)
    .absent("false"),
];

/// The methods by name.
pub(crate) const METHODS: &[(&str, Method)] = &[
    ("GET", Method::Get),
    ("HEAD", Method::Head),
    ("OPTIONS", Method::Options),
    ("POST", Method::Post),
    ("PUT", Method::Put),
    ("PATCH", Method::Patch),
    ("DELETE", Method::Delete),
];

const EFFECTS: &[(&str, Effect)] = &[
    ("read", Effect::Read),
    ("write", Effect::Write),
    ("destructive", Effect::Destructive),
];

/// An entry of `tools`.
pub(crate) static SECTION: Section = Section {
    name: "tool",
    place: "tools.TOOL",
    tables: &[KEYS, policy::KEYS],
    without: &[],
    rules: &[Rule::One(&["url", "mcp"])],
};

/// A tool as written.
#[derive(Debug)]
pub(crate) struct ToolDecl<'n> {
    pub(crate) name: &'n Text,
    pub(crate) description: Option<&'n Text>,
    pub(crate) params: Vec<ParamDecl<'n>>,
    pub(crate) api: Option<&'n Text>,
    pub(crate) url: Option<&'n Text>,
    pub(crate) method: Option<Spanned<Method>>,
    pub(crate) body: Option<BodyDecl<'n>>,
    pub(crate) effect: Option<Effect>,
    pub(crate) idempotent: Option<bool>,
    pub(crate) result: ResultDecl<'n>,
    pub(crate) paginate: Option<PaginateDecl<'n>>,
    pub(crate) mcp: Option<ToolMcpDecl<'n>>,
    pub(crate) defer: Option<Spanned<bool>>,
    pub(crate) policy: PolicyDecl<'n>,
    /// Whether reading it reported an error.
    pub(crate) broken: bool,
}

impl<'n> Declared<'n> for ToolDecl<'n> {
    const WHAT: &'static str = "tools by name";
    const EXAMPLE: &'static str = "{ description: …, url: … }";

    fn named(name: &'n Text) -> Option<Self> {
        let mut decl = Self::empty(name);
        decl.broken = true;
        Some(decl)
    }

    fn read(entry: &'n Entry, sink: &mut Sink) -> Option<Self> {
        let before = sink.errors();
        let name = &entry.key;
        let mut decl = Self::empty(name);
        let what = format!("tool `{}`", name.as_str());
        let is_key = KEYS
            .iter()
            .chain(policy::KEYS)
            .any(|key| key.name == name.as_str());
        if is_key && !matches!(entry.value.kind, Kind::Map(_) | Kind::Invalid) {
            let message = format!("`{}` stands among the names of tools", name.as_str());
            sink.error("misplaced-key", name.span(), message)
                .help("indent it to the depth of the other keys of its tool");
            decl.broken = true;
            return Some(decl);
        }
        if let Some(mut fields) = Fields::open(&entry.value, what, name.span(), &[KEYS, policy::KEYS], sink) {
            decl.fill(&mut fields, sink);
            decl.wants(&mut fields);
            fields.finish(sink);
        }
        decl.broken = sink.errors() > before;
        Some(decl)
    }
}

impl<'n> ToolDecl<'n> {
    fn fill(&mut self, fields: &mut Fields<'n>, sink: &mut Sink) {
        self.description = fields
            .required("description")
            .and_then(|entry| read::written(&entry.value, "a description", sink));
        self.params = param::read_all(fields.optional("params"), sink);
        self.api = fields
            .optional("api")
            .and_then(|entry| read::text(&entry.value, "the name of an api", sink));
        self.url = fields
            .optional("url")
            .and_then(|entry| read::text(&entry.value, "a URL", sink));
        self.method = fields
            .optional("method")
            .and_then(|entry| method(&entry.value, sink));
        self.body = fields
            .optional("body")
            .and_then(|entry| BodyDecl::read(entry, sink));
        self.effect = fields
            .optional("effect")
            // A wrong one is reported; that none is written would be untrue.
            .map(|entry| read::word(&entry.value, "an effect", EFFECTS, sink).unwrap_or(Effect::Write));
        self.idempotent = fields
            .optional("idempotent")
            .and_then(|entry| read::boolean(&entry.value, "`idempotent`", sink));
        self.result = fields
            .optional("result")
            .and_then(|entry| ResultDecl::read(entry, sink))
            .unwrap_or_default();
        self.paginate = fields
            .optional("paginate")
            .and_then(|entry| PaginateDecl::read(entry, sink));
        self.mcp = fields
            .optional("mcp")
            .and_then(|entry| ToolMcpDecl::read(entry, sink));
        self.defer = fields.optional("defer").and_then(|entry| {
            let value = read::boolean(&entry.value, "`defer`", sink)?;
            Some(Spanned {
                value,
                span: entry.key.span(),
            })
        });
        self.policy = PolicyDecl::read(fields, sink);
    }

    /// A tool needs a `url`, unless it is an MCP server's.
    fn wants(&self, fields: &mut Fields<'n>) {
        if self.mcp.is_none() && fields.optional("mcp").is_none() {
            fields.required("url");
        }
    }

    fn empty(name: &'n Text) -> Self {
        Self {
            name,
            description: None,
            params: Vec::new(),
            api: None,
            url: None,
            method: None,
            body: None,
            effect: None,
            idempotent: None,
            result: ResultDecl::default(),
            paginate: None,
            mcp: None,
            defer: None,
            policy: PolicyDecl::default(),
            broken: false,
        }
    }
}

fn method(node: &Node, sink: &mut Sink) -> Option<Spanned<Method>> {
    if let Kind::Scalar(text) = &node.kind
        && let Some((upper, _)) = METHODS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text.as_str()))
        && *upper != text.as_str()
    {
        let message = format!(
            "methods are written in capitals: `{upper}`, found `{}`",
            text.as_str()
        );
        sink.error("wrong-value", node.span, message).fix(
            &format!("write `{upper}`"),
            crate::diagnostic::Safety::Safe,
            node.span,
            *upper,
        );
        return None;
    }
    let value = read::word(node, "a method", METHODS, sink)?;
    Some(Spanned {
        value,
        span: node.span,
    })
}
