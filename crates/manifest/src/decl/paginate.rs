//! `paginate:`: how further pages are asked for.

use crate::diagnostic::Sink;
use crate::fields::{Fields, Key, key};
use crate::node::{Entry, Kind};
use crate::read;
use crate::source::Span;
use crate::text::Text;

pub(crate) const KEYS: &[Key] = &[
    key(
        "next",
        "link, an expression that yields the next URL, or names with expressions.",
    ),
    key("pages", "The most pages asked for."),
    key("items", "The most items gathered."),
];

/// `paginate:` as written.
#[derive(Debug)]
pub(crate) struct PaginateDecl<'n> {
    pub(crate) span: Span,
    /// Expressions that see the response.
    pub(crate) expressions: Vec<&'n Text>,
    /// Hidden params: absent on the first page.
    pub(crate) names: Vec<&'n Text>,
}

impl<'n> PaginateDecl<'n> {
    pub(crate) fn read(entry: &'n Entry, sink: &mut Sink) -> Option<Self> {
        let span = entry.key.span();
        let mut fields = Fields::open(&entry.value, "`paginate`", span, &[KEYS], sink)?;
        let mut decl = Self {
            span,
            expressions: Vec::new(),
            names: Vec::new(),
        };
        if let Some(entry) = fields.required("next") {
            decl.next(entry, sink);
        }
        for name in ["pages", "items"] {
            if let Some(entry) = fields.optional(name) {
                read::whole(&entry.value, &format!("`{name}`"), 1..=u64::from(u32::MAX), sink);
            }
        }
        fields.finish(sink);
        Some(decl)
    }

    fn next(&mut self, entry: &'n Entry, sink: &mut Sink) {
        if let Kind::Map(entries) = &entry.value.kind {
            for entry in entries {
                self.names.push(&entry.key);
                self.expressions.extend(read::text(
                    &entry.value,
                    "an expression such as `\"{{ response.body.next }}\"`",
                    sink,
                ));
            }
            return;
        }
        let what = "`link`, an expression that yields the next URL, or a mapping of names to expressions";
        let Some(text) = read::text(&entry.value, what, sink) else {
            return;
        };
        if text.as_str().contains("{{") {
            self.expressions.push(text);
        } else if text.as_str() != "link" {
            sink.error(
                "wrong-value",
                text.span(),
                format!("expected {what}, found the text `{}`", text.as_str()),
            )
            .help("as in `next: link`, `next: \"{{ response.body.next }}\"` or `next: { page: \"{{ page | default(1) + 1 }}\" }`");
        }
    }
}
