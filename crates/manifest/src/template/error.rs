//! What can be wrong with a template, told to its author, and with a value,
//! told to the model. Wording stays where the rule is.

use std::ops::Range;

/// What is wrong with a template, as a byte range of its own text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// Stable code of the diagnostic, such as `unknown-name`.
    pub code: &'static str,
    /// Where in the template's text.
    pub range: Range<usize>,
    /// About the text, as diagnostics are.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Why a value cannot stand where it was to go. Told to the model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RenderError {
    /// Stable rule name, such as `path-dot-segment`.
    pub rule: &'static str,
    /// The param whose value it is, if it is one param's.
    pub param: Option<String>,
    /// About the value, without echoing it.
    pub message: String,
}

impl TemplateError {
    /// The same error in a text that begins earlier.
    pub(super) fn shifted(self, offset: usize) -> Self {
        Self {
            range: self.range.start + offset..self.range.end + offset,
            ..self
        }
    }
}
