//! The manifest as the rest of the program sees it: names resolved, defaults
//! merged, templates compiled. Only loading makes one.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::login::{OAuth2, TokenLogin};
use crate::source::Span;
use crate::workflow::Action;

/// A checked manifest.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// `name:`.
    pub name: Option<String>,
    /// `description:`.
    pub description: Option<String>,
    /// `agent:`, defaults filled in.
    pub agent: Agent,
    /// `secrets:`, includes joined.
    pub secrets: Vec<SecretDecl>,
    /// `vars:`, includes joined.
    pub vars: Vec<VarDecl>,
    /// `tools:`, in order of writing, includes after the file itself.
    pub tools: Vec<Tool>,
    /// `workflows:`, in order of writing, includes after the file itself.
    pub workflows: Vec<Workflow>,
    /// Parts of the language that this manifest uses and this build cannot
    /// run yet, such as `tests`; the caller says so.
    pub not_in_this_build: Vec<Feature>,
}

impl Manifest {
    /// The tool of that name.
    pub fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.name == name)
    }

    /// The workflow of that name.
    pub fn workflow(&self, name: &str) -> Option<&Workflow> {
        self.workflows.iter().find(|workflow| workflow.name == name)
    }

    /// The tools that a call of one of these names can come to: the tools
    /// themselves, and those of workflows through all that they call. Each
    /// once, in order of the manifest.
    pub fn tools_of<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Vec<&Tool> {
        let seen = self.reached(names);
        self.tools
            .iter()
            .filter(|tool| seen.contains(&tool.name))
            .collect()
    }

    /// The first step with `ask` that a call of that name can come to, and its
    /// workflow.
    pub fn first_ask(&self, name: &str) -> Option<(&Workflow, &Step)> {
        let reached = self.reached([name]);
        let workflows = self.workflows.iter();
        workflows
            .filter(|workflow| reached.contains(&workflow.name))
            .flat_map(|workflow| workflow.steps.iter().map(move |step| (workflow, step)))
            .find(|(_, step)| matches!(step.action, Action::Ask(_)))
    }

    /// These names and all that their steps can call.
    fn reached<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
        let mut open: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let mut seen = BTreeSet::new();
        while let Some(name) = open.pop() {
            let steps = self.workflow(&name).map(|workflow| &workflow.steps);
            let callees = steps.into_iter().flatten().flat_map(Step::callees);
            open.extend(
                callees
                    .filter(|callee| !seen.contains(*callee))
                    .map(str::to_owned),
            );
            seen.insert(name);
        }
        seen
    }
}

/// A key that is understood and checked but has no room in this build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// The key as a path, such as `tests` or `tools.find_orders.paginate`.
    pub key: String,
    /// The tool or workflow that cannot be offered because of it, if it is
    /// one's alone.
    pub tool: Option<String>,
    /// Where the key stands.
    pub span: Span,
}

/// `agent:`.
#[derive(Debug, Clone, Default)]
pub struct Agent {
    /// `provider/name`.
    pub model: Option<String>,
    /// The system text; sees `vars` and `now`.
    pub instructions: Option<TextTemplate>,
    /// The names that the model is offered; all when absent.
    pub tools: Option<Vec<String>>,
    /// What is written under `limits`; absent fields take the run's defaults.
    pub limits: Limits,
    /// JSON Schema of the final answer.
    pub output: Option<Value>,
    /// Where it stands.
    pub output_span: Option<Span>,
}

/// `limits:` as written; defaults are the runner's.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// Model replies.
    pub turns: Option<u32>,
    /// Executions of tools.
    pub calls: Option<u32>,
    /// Input and output tokens together.
    pub tokens: Option<u64>,
    /// Money.
    pub cost: Option<Cost>,
    /// Wall-clock time.
    pub time: Option<Duration>,
}

/// An amount of money, exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Millionths of one US dollar.
    pub micro_usd: u64,
}

/// A name under `secrets:` and where its value is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretDecl {
    /// The name.
    pub name: String,
    /// Where to look.
    pub origin: SecretOrigin,
    /// Where it is declared.
    pub span: Span,
}

/// Where a secret's value is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretOrigin {
    /// An environment variable.
    Env(String),
    /// A file, relative to the declaring manifest's folder.
    File {
        /// The path as written.
        path: String,
        /// Display name of the manifest that declares it.
        declared_in: String,
    },
    /// The output of a program, which runs in the declaring manifest's folder.
    Command {
        /// The program and its arguments as written; never empty.
        argv: Vec<String>,
        /// Display name of the manifest that declares it.
        declared_in: String,
    },
    /// The system's keyring.
    Keyring(String),
}

/// A name under `vars:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VarDecl {
    /// The name.
    pub name: String,
    /// The environment variable that may set it.
    pub env: Option<String>,
    /// The value when nothing sets it.
    pub default: Option<String>,
    /// The only values allowed, when given.
    pub allowed: Option<Vec<String>>,
    /// Where it is declared.
    pub span: Span,
}

/// A checked tool.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Its name, unique across includes.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// What the model decides by.
    pub description: String,
    /// The params in order of writing, `const` ones included.
    pub params: Vec<Param>,
    /// JSON Schema 2020-12 of the arguments a model may give:
    /// `additionalProperties: false`, params with `const` left out.
    pub schema: Value,
    /// What a call does.
    pub endpoint: Endpoint,
    /// How requests are sent.
    pub policy: Policy,
    /// What it does to the world.
    pub effect: Effect,
    /// Whether sending the same request twice does no more than once.
    pub idempotent: bool,
    /// How an answer is shaped.
    pub result: ResultSpec,
    /// True: a 2xx answer is an error all the same.
    pub error_if: Option<Condition>,
    /// Hints for the model by status; the most specific pattern wins.
    pub errors: Vec<(StatusPattern, String)>,
}

impl Tool {
    /// Whether every call sends a file.
    pub fn needs_files(&self) -> bool {
        let mut files = self.params.iter().filter(|param| param.kind == ParamKind::File);
        files.any(|param| !param.optional)
    }
}

/// One param of a tool.
#[derive(Debug, Clone)]
pub struct Param {
    /// The name.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// What a model may give.
    pub kind: ParamKind,
    /// What it is, for the model.
    pub description: Option<String>,
    /// Whether a call may leave it out *and* nothing fills it in.
    pub optional: bool,
    /// What fills it in.
    pub default: Option<Value>,
    /// The one value it always has; hidden from the model.
    pub constant: Option<Value>,
    /// How an array or a map stands in a query.
    pub style: ParamStyle,
    /// Its own JSON Schema (type, keywords, description, examples).
    pub schema: Value,
}

/// The shape of a param.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    /// A string.
    String,
    /// An integer.
    Integer,
    /// A number.
    Number,
    /// A boolean.
    Boolean,
    /// An array of scalars.
    Array,
    /// A map of strings.
    Map,
    /// A path of a file inside the folder of `--files`.
    File,
    /// Whatever `schema:` says.
    Schema,
}

/// `style:` of a param.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ParamStyle {
    /// `a=1&a=2`: the default of arrays.
    #[default]
    Repeat,
    /// `a=1,2`.
    Csv,
    /// `a=1|2`.
    Pipe,
    /// `a[]=1&a[]=2`.
    Brackets,
    /// `a[k]=v`: the default of maps.
    Deep,
}

/// What a call does.
#[derive(Debug, Clone)]
pub enum Endpoint {
    /// Sends an HTTP request.
    Http(Box<HttpEndpoint>),
    /// Asks an MCP server.
    Mcp(McpEndpoint),
}

/// `mcp:` of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpEndpoint {
    /// Name under the top-level `mcp:`.
    pub server: String,
    /// The server's tool.
    pub tool: String,
}

/// How a request is sent; api and tool merged, defaults filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The api's name; tools without one stand alone. Rate and concurrency
    /// are shared by all tools of an api that do not override them.
    pub api: Option<String>,
    /// Total time of a call, retries included. Default 30 s.
    pub timeout: Duration,
    /// Further attempts after the first. Default 2.
    pub retries: u32,
    /// Requests per unit of time.
    pub rate_limit: Option<Rate>,
    /// Requests at once. Default 4.
    pub concurrency: u32,
    /// Hosts that a redirect may lead to besides the own origin (credentials
    /// are dropped there).
    pub redirect_to: Vec<String>,
    /// Whether plain http to a host that is not loopback was allowed.
    pub allow_http: bool,
}

/// `5/s`, `100/m`, `1000/h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In which time.
    pub per: Duration,
}

/// `effect:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Changes nothing.
    Read,
    /// Changes something.
    Write,
    /// Cannot be taken back.
    Destructive,
}

/// The HTTP methods of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// HEAD.
    Head,
    /// OPTIONS.
    Options,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl Method {
    /// Whether it asks for nothing but an answer (RFC 9110 §9.2.1).
    pub(crate) fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options)
    }

    /// As it stands on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A request as templates.
#[derive(Debug, Clone)]
pub struct HttpEndpoint {
    /// The method.
    pub method: Method,
    /// `base_url` and `url` joined.
    pub url: UrlTemplate,
    /// The `query:` map: literal keys.
    pub query: Vec<(String, TextTemplate)>,
    /// The api's and the tool's headers, merged.
    pub headers: Vec<(String, TextTemplate)>,
    /// The body.
    pub body: Option<Body>,
    /// The credentials; added by `http`, never rendered here.
    pub auth: Auth,
}

/// `body:`.
#[derive(Debug, Clone)]
pub enum Body {
    /// A tree with template leaves.
    Json(JsonTemplate),
    /// `application/x-www-form-urlencoded`.
    Form(JsonTemplate),
    /// `multipart/form-data`.
    Multipart(JsonTemplate),
    /// Plain text.
    Text(TextTemplate),
}

/// `auth:`. Names are names of secrets.
#[derive(Debug, Clone)]
pub enum Auth {
    /// No credentials.
    None,
    /// `Authorization: Bearer …`.
    Bearer {
        /// The secret.
        secret: String,
    },
    /// A header of its own.
    Header {
        /// The header.
        name: String,
        /// The secret.
        secret: String,
    },
    /// A query pair.
    Query {
        /// The key.
        name: String,
        /// The secret.
        secret: String,
    },
    /// HTTP Basic (RFC 7617).
    Basic {
        /// The user, a text template (vars only).
        user: TextTemplate,
        /// The secret.
        password: String,
    },
    /// Client credentials (RFC 6749 §4.4).
    OAuth2(Box<OAuth2>),
    /// Any login that yields a token.
    Token(Box<TokenLogin>),
}

/// `result:`.
#[derive(Debug, Clone)]
pub struct ResultSpec {
    /// JMESPath over the body.
    pub pick: Option<Pick>,
    /// Words the result.
    pub template: Option<ResultTemplate>,
    /// How much of it the model gets. Default 8000.
    pub max_tokens: u32,
    /// Overrides the content type.
    pub format: Option<ResultFormat>,
    /// JSON Schema of the result.
    pub output: Option<Value>,
    /// Where it stands.
    pub output_span: Option<Span>,
}

/// `format:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultFormat {
    /// JSON.
    Json,
    /// CSV with a header line.
    Csv,
    /// Text as it is.
    Text,
}

/// A key of `errors:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusPattern {
    /// `404`.
    Exact(u16),
    /// `4xx`, by its first digit.
    Class(u16),
}

impl StatusPattern {
    /// Whether a status is meant.
    pub fn matches(self, status: u16) -> bool {
        match self {
            Self::Exact(exact) => status == exact,
            Self::Class(class) => status / 100 == class,
        }
    }
}

use crate::template::{Condition, JsonTemplate, Pick, ResultTemplate, TextTemplate, UrlTemplate};
use crate::workflow::{Step, Workflow};
