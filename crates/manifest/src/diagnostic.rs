//! Problems as data: what is wrong, where, and what would mend it. Drawing
//! them is the command line's business.

use crate::source::Span;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look; the manifest can run.
    Warning,
    /// The manifest cannot run.
    Error,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable kebab-case name: `unknown-key`, or a lint's name.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence about the text, names in backticks, no final period.
    pub message: String,
    /// Where; the first is the primary one.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
    /// An edit that mends it.
    pub fix: Option<Fix>,
}

/// A place and a few words about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// Whether the caret or a side note stands there.
    pub kind: LabelKind,
    /// What is said beside it; may be empty.
    pub text: String,
}

/// The weight of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelKind {
    /// The problem itself.
    Primary,
    /// Something that explains it, such as "first defined here".
    Context,
}

/// A mending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What applying it does, in the imperative.
    pub title: String,
    /// Whether it can change meaning.
    pub safety: Safety,
    /// Replacements; they do not overlap.
    pub edits: Vec<Edit>,
}

/// Whether a fix keeps the meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safety {
    /// Never changes what the manifest means.
    Safe,
    /// May change it: applied only when asked for.
    Unsafe,
}

/// A replacement of one span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub text: String,
}
