//! The manifest language: text in, checked manifest and diagnostics out.
//!
//! This crate has never heard of sockets, models or terminals. It reads no
//! file and no environment variable: included files come through
//! [`ReadInclude`], values of `vars` come with the [`Scope`] of a rendering.

mod checked;
mod codes;
mod decl;
mod diagnostic;
mod editor;
mod fields;
mod fix;
mod habits;
mod key_reference;
mod keys;
mod lint;
mod load;
mod login;
mod manifest_schema;
#[cfg(test)]
mod manifest_schema_tests;
mod mapping;
mod node;
mod phrases;
mod plan;
mod quantity;
mod read;
mod resolve;
mod schema;
mod shape;
mod source;
mod syntax;
mod template;
mod text;
pub mod tokens;
mod workflow;
mod yaml;

pub use checked::{
    Agent, Auth, Body, Cost, Effect, Endpoint, Feature, HttpEndpoint, Limits, Manifest, McpEndpoint, Method,
    Param, ParamKind, ParamStyle, Policy, Rate, ResultFormat, ResultSpec, SecretDecl, SecretOrigin,
    StatusPattern, Tool, VarDecl,
};
pub use codes::ERRORS;
pub use diagnostic::{Diagnostic, Edit, Fix, Label, LabelKind, Safety, Severity};
pub use editor::{Completion, CompletionKind, Described, Description, complete, declares_toolrun, describe};
pub use fix::{Fixed, Mended, applies, fix};
pub use key_reference::{KeyDoc, KeyNeed, KeySection, key_reference};
pub use lint::{Group, Level, RULES, Rule};
pub use load::load;
pub use login::{ClientPlace, LoginBody, LoginRequest, OAuth2, TokenLogin, TokenPlace, TokenSend};
pub use manifest_schema::manifest_schema;
pub use plan::{Bound, Most};
pub use resolve::is_invisible;
pub use source::{Position, Source, SourceId, Sources, Span};
pub use template::{
    Condition, FileRef, JsonNode, JsonTemplate, Names, PartContent, Pick, Piece, RenderError, RenderedBody,
    RenderedLogin, RenderedLoginBody, RenderedPart, RenderedRequest, ResponseScope, ResultTemplate, Scope,
    Segment, TemplateError, TextTemplate, UrlPart, UrlTemplate, Uses,
};
pub use workflow::{Action, Ask, Each, Literal, OnError, Repeat, Step, When, Workflow};

/// What loading yields: it never "fails", it reports.
#[derive(Debug)]
pub struct Loaded {
    /// The checked manifest; absent when a diagnostic is an error.
    pub manifest: Option<Manifest>,
    /// Every problem of the file and its includes, in order of file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that the spans point into; the first is the file itself.
    pub sources: Sources,
    /// How much was looked at: what is wrong earlier hides what is later.
    pub reach: Reach,
}

/// How much of a manifest was looked at, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// A text that could not be read as it was meant.
    Text,
    /// Its keys; a file is no mapping.
    Keys,
    /// Names, templates and lints as well.
    Names,
    /// Its JSON Schemas were compiled, too.
    Schemas,
}

/// Reads included files for [`load`], which itself touches no disk.
pub trait ReadInclude {
    /// Reads the file that `including` names as `path` (relative to it).
    /// Returns its display name, which is also its identity, and its text; or
    /// why it cannot be read, worded to follow "cannot include `path`: ".
    fn read(&self, including: &str, path: &str) -> Result<(String, String), String>;
}
