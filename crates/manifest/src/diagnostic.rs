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

/// Where problems are gathered.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    diagnostics: Vec<Diagnostic>,
    errors: usize,
}

impl Sink {
    /// Adds an error.
    pub(crate) fn error(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.errors += 1;
        self.push(Diagnostic::new(code, Severity::Error, span, message.into()))
    }

    /// Adds a problem of a severity decided elsewhere.
    pub(crate) fn report(
        &mut self,
        code: &'static str,
        severity: Severity,
        span: Span,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.errors += usize::from(severity == Severity::Error);
        self.push(Diagnostic::new(code, severity, span, message.into()))
    }

    /// How many errors there are so far.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// All problems by file and place, each once.
    pub(crate) fn finish(self) -> Vec<Diagnostic> {
        let mut all = self.diagnostics;
        all.sort_by(|a, b| {
            let place = |d: &Diagnostic| (d.span(), d.code);
            place(a).cmp(&place(b)).then_with(|| a.message.cmp(&b.message))
        });
        all.dedup_by(|a, b| (a.span(), a.code, &a.message) == (b.span(), b.code, &b.message));
        all
    }

    fn push(&mut self, diagnostic: Diagnostic) -> &mut Diagnostic {
        self.diagnostics.push(diagnostic);
        self.diagnostics.last_mut().expect("just pushed")
    }
}
