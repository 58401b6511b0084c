//! URL templates: compiled into origin, segments and query pairs, so that a
//! value can only ever fill the place it was written for.

mod host;
mod layout;
mod render;

use super::error::TemplateError;
use super::expression::Expr;
use super::scope::Names;
use super::text::Part;
use super::uses::Uses;

/// Which of the two texts of a URL template an error points into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UrlPart {
    /// `base_url`.
    Base,
    /// `url`.
    Url,
}

/// A compiled `url:`.
#[derive(Debug, Clone)]
pub struct UrlTemplate {
    text: String,
    origin: Origin,
    /// Segments after the origin; literal text is percent-encoded.
    path: Vec<Vec<Part>>,
    query: Vec<QueryPair>,
    uses: Uses,
}

/// Scheme, host and port.
#[derive(Debug, Clone)]
enum Origin {
    /// Literal, as the URL parser writes it, without a slash at the end.
    Literal(String),
    /// `vars` inside scheme, host or port.
    Parts(Vec<Part>),
    /// One expression that yields origin and perhaps a path.
    Whole(Expr),
}

/// A pair of the query; the key is literal and percent-encoded.
#[derive(Debug, Clone)]
struct QueryPair {
    key: String,
    /// Absent for a key without `=`.
    value: Option<Vec<Part>>,
}

impl UrlTemplate {
    /// Compiles `base_url` and `url` into one template. Without a base, `url`
    /// is absolute; with one it starts with `/` and is appended.
    pub fn compile(
        base: Option<&str>,
        url: &str,
        names: &Names<'_>,
    ) -> Result<Self, Vec<(UrlPart, TemplateError)>> {
        layout::compile(base, url, names)
    }

    /// Scheme, host and port when they are literal, such as
    /// `https://api.example`; for lints and for showing where a secret goes.
    pub fn origin_literal(&self) -> Option<&str> {
        match &self.origin {
            Origin::Literal(origin) => Some(origin),
            Origin::Parts(_) | Origin::Whole(_) => None,
        }
    }

    /// The vars that decide scheme, host and port.
    pub fn origin_vars(&self) -> impl Iterator<Item = String> {
        let mut uses = Uses::default();
        match &self.origin {
            Origin::Literal(_) => {}
            Origin::Whole(expr) => expr.note_uses(&mut uses),
            Origin::Parts(parts) => {
                for part in parts {
                    if let Part::Slot(expr) = part {
                        expr.note_uses(&mut uses);
                    }
                }
            }
        }
        uses.vars.into_iter()
    }

    /// Both texts as written, joined.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it reads.
    pub fn uses(&self) -> &Uses {
        &self.uses
    }

    /// The literal keys of the query, percent-encoded as written.
    pub fn query_keys(&self) -> impl Iterator<Item = &str> {
        self.query.iter().map(|pair| pair.key.as_str())
    }
}
