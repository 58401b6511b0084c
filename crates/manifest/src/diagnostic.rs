//! Problems as data: what is wrong, where, and what would mend it. Drawing
//! them is the command line's business.

use crate::codes;
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

impl Diagnostic {
    fn new(code: &'static str, severity: Severity, span: Span, message: String) -> Self {
        let primary = Label {
            span,
            kind: LabelKind::Primary,
            text: String::new(),
        };
        Self {
            code,
            severity,
            message,
            labels: vec![primary],
            help: None,
            fix: None,
        }
    }

    /// The place of the problem itself.
    pub fn span(&self) -> Span {
        self.labels[0].span
    }

    fn is_error_about(&self, span: Span) -> bool {
        let other = self.span();
        let inside = other.start <= span.start && span.end <= other.end;
        self.severity == Severity::Error && other.source == span.source && inside
    }

    /// Puts its words through that. A fix that it would change is dropped: one
    /// that writes something else would be none.
    pub(crate) fn reword(&mut self, reword: impl Fn(&str) -> String) {
        self.message = reword(&self.message);
        self.help = self.help.as_deref().map(&reword);
        for label in &mut self.labels {
            label.text = reword(&label.text);
        }
        let changes = |edit: &Edit| reword(&edit.text) != edit.text;
        self.fix = self.fix.take().filter(|fix| !fix.edits.iter().any(changes));
    }

    /// Words beside the caret.
    pub(crate) fn says(&mut self, text: impl Into<String>) -> &mut Self {
        self.labels[0].text = text.into();
        self
    }

    /// A side note at another place.
    pub(crate) fn context(&mut self, span: Span, text: impl Into<String>) -> &mut Self {
        self.labels.push(Label {
            span,
            kind: LabelKind::Context,
            text: text.into(),
        });
        self
    }

    /// What to do about it.
    pub(crate) fn help(&mut self, text: impl Into<String>) -> &mut Self {
        // What it quotes may be written over several lines.
        self.help = Some(text.into().replace(['\n', '\r', '\t'], " "));
        self
    }

    /// An edit of one span that mends it.
    pub(crate) fn fix(
        &mut self,
        title: &str,
        safety: Safety,
        span: Span,
        text: impl Into<String>,
    ) -> &mut Self {
        self.fixes(
            title,
            safety,
            vec![Edit {
                span,
                text: text.into(),
            }],
        )
    }

    /// Edits that together mend it.
    pub(crate) fn fixes(&mut self, title: &str, safety: Safety, edits: Vec<Edit>) -> &mut Self {
        self.fix = Some(Fix {
            title: title.to_owned(),
            safety,
            edits,
        });
        self
    }
}

/// Errors that are kept, and as many warnings: nobody reads more, and a file
/// of many megabytes could fill the memory with them.
const MAX_KEPT: usize = 500;

/// Where problems are gathered.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    diagnostics: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
    /// Places whose text is never shown.
    hidden: Vec<Span>,
    /// One that was too many: whoever reported it may still word it.
    surplus: Option<Diagnostic>,
}

impl Sink {
    /// Adds an error.
    pub(crate) fn error(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.report(code, Severity::Error, span, message)
    }

    /// Adds a problem of a severity decided elsewhere.
    pub(crate) fn report(
        &mut self,
        code: &'static str,
        severity: Severity,
        span: Span,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        debug_assert!(codes::is_known(code), "add `{code}` to `ERRORS` in codes.rs");
        let count = match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        *count += 1;
        let kept = *count <= MAX_KEPT;
        let found = Diagnostic::new(code, severity, span, message.into());
        if kept {
            self.diagnostics.push(found);
            self.diagnostics.last_mut().expect("just pushed")
        } else {
            self.surplus.insert(found)
        }
    }

    /// Whether a place, or what it is part of, has an error already.
    pub(crate) fn has_error(&self, span: Span) -> bool {
        self.diagnostics.iter().any(|found| found.is_error_about(span))
    }

    /// Whether a place has an error in any part of it.
    pub(crate) fn has_error_within(&self, span: Span) -> bool {
        self.diagnostics.iter().any(|found| {
            let other = found.span();
            let touches = other.start < span.end && span.start < other.end;
            found.severity == Severity::Error && other.source == span.source && touches
        })
    }

    /// Whether it has one of that code.
    pub(crate) fn has_error_of(&self, code: &str, span: Span) -> bool {
        self.diagnostics
            .iter()
            .any(|found| found.code == code && found.is_error_about(span))
    }

    /// Notes a place whose text may be a secret: it is never shown.
    pub(crate) fn hide(&mut self, span: Span) {
        self.hidden.push(span);
    }

    /// The places that are never shown.
    pub(crate) fn hidden(&mut self) -> Vec<Span> {
        std::mem::take(&mut self.hidden)
    }

    /// How many errors there are so far.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// All problems by file and place, each once; at the end, how many more
    /// there are.
    pub(crate) fn finish(self) -> Vec<Diagnostic> {
        let mut all = self.diagnostics;
        all.sort_by(|a, b| {
            let place = |d: &Diagnostic| (d.span(), d.code);
            place(a).cmp(&place(b)).then_with(|| a.message.cmp(&b.message))
        });
        all.dedup_by(|a, b| (a.span(), a.code, &a.message) == (b.span(), b.code, &b.message));
        if let Some(surplus) = self.surplus {
            let more = self.errors.saturating_sub(MAX_KEPT) + self.warnings.saturating_sub(MAX_KEPT);
            let severity = if self.errors > MAX_KEPT {
                Severity::Error
            } else {
                Severity::Warning
            };
            let message = format!("there are more problems than are listed: {more} are left out");
            let mut last = Diagnostic::new("too-many-problems", severity, surplus.span(), message);
            last.help("mend those above first; many of them may have one cause");
            all.push(last);
        }
        all
    }
}
