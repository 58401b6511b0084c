//! `paginate:`: how further pages are asked for.

use crate::diagnostic::Sink;
use crate::fields::{Fields, Key, key};
use crate::node::{Entry, Kind};
use crate::read;
use crate::shape::{Form, Naming, Place, Section, Shape};
use crate::source::Span;
use crate::text::Text;

pub(crate) const KEYS: &[Key] = &[
    key(
        "next",
        "link, an expression that yields the next URL, or names with expressions.",
    )
    .is(NEXT)
    .required(),
    key("pages", "The most pages asked for.").is(MANY),
    key("items", "The most items gathered.").is(MANY),
];

/// How many of something there may be.
const MANY: Shape = Shape::Whole(1, u32::MAX as u64);

/// `link`, an expression, or expressions by name.
const NEXT: Shape = Shape::Either(&[
    Shape::Text(Form::Link),
    Shape::Text(Form::Expression(Place::Answer)),
    Shape::Named(Naming::Data, &Shape::Text(Form::Template(Place::Answer))),
]);

/// `paginate`.
pub(crate) static SECTION: Section = Section {
    name: "paginate",
    place: "tools.TOOL.paginate",
    tables: &[KEYS],
    without: &[],
    rules: &[],
};

/// `paginate:` as written.
#[derive(Debug)]
pub(crate) struct PaginateDecl<'n> {
    pub(crate) span: Span,
    /// Expressions that see the response.
    pub(crate) expressions: Vec<&'n Text>,
    /// Hidden params: absent on the first page.
    pub(crate) names: Vec<&'n Text>,
    /// Whether `pages` or `items` ends it.
    pub(crate) is_bounded: bool,
}

impl<'n> PaginateDecl<'n> {
    pub(crate) fn read(entry: &'n Entry, sink: &mut Sink) -> Option<Self> {
        let span = entry.key.span();
        let mut fields = Fields::open(&entry.value, "`paginate`", span, &[KEYS], sink)?;
        let mut decl = Self {
            span,
            expressions: Vec::new(),
            names: Vec::new(),
            is_bounded: false,
        };
        if let Some(entry) = fields.required("next") {
            decl.next(entry, sink);
        }
        for name in ["pages", "items"] {
            if let Some(entry) = fields.optional(name) {
                decl.is_bounded = true;
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
