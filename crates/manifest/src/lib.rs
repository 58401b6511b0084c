//! The manifest language: text in, checked manifest and diagnostics out.
//!
//! This crate has never heard of sockets, models or terminals. It reads no
//! file and no environment variable: included files come through
//! [`ReadInclude`], values of `vars` come with the [`Scope`] of a rendering.

mod checked;
mod decl;
mod diagnostic;
mod fields;
mod habits;
mod keys;
mod lint;
mod load;
mod login;
mod mapping;
mod node;
mod plan;
mod quantity;
mod read;
mod resolve;
mod schema;
mod source;
mod syntax;
mod template;
mod text;
mod workflow;
mod yaml;

pub use checked::{
    Agent, Auth, Body, Cost, Effect, Endpoint, Feature, HttpEndpoint, Limits, Manifest, McpEndpoint, Method,
    Param, ParamKind, ParamStyle, Policy, Rate, ResultFormat, ResultSpec, SecretDecl, SecretOrigin,
    StatusPattern, Tool, VarDecl,
};
pub use diagnostic::{Diagnostic, Edit, Fix, Label, LabelKind, Safety, Severity};
pub use lint::{Level, RULES, Rule};
pub use load::load;
pub use login::{ClientPlace, LoginBody, LoginRequest, OAuth2, TokenLogin, TokenPlace, TokenSend};
pub use plan::{Bound, Most};
pub use resolve::is_invisible;
pub use source::{Position, Source, SourceId, Sources, Span};
pub use template::{
    Condition, FileRef, JsonNode, JsonTemplate, Names, PartContent, Pick, Piece, RenderError, RenderedBody,
    RenderedLogin, RenderedLoginBody, RenderedPart, RenderedRequest, ResponseScope, ResultTemplate, Scope,
    Segment, TemplateError, TextTemplate, UrlPart, UrlTemplate, Uses,
};
pub use workflow::{Action, Ask, Each, OnError, Repeat, Step, When, Workflow};

/// What loading yields: it never "fails", it reports.
#[derive(Debug)]
pub struct Loaded {
    /// The checked manifest; absent when a diagnostic is an error.
    pub manifest: Option<Manifest>,
    /// Every problem of the file and its includes, in order of file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that the spans point into; the first is the file itself.
    pub sources: Sources,
}

/// Reads included files for [`load`], which itself touches no disk.
pub trait ReadInclude {
    /// Reads the file that `including` names as `path` (relative to it).
    /// Returns its display name, which is also its identity, and its text; or
    /// why it cannot be read, worded to follow "cannot include `path`: ".
    fn read(&self, including: &str, path: &str) -> Result<(String, String), String>;
}
