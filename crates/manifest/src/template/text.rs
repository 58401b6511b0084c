//! Texts with slots: headers, query values, text bodies, instructions.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

use super::absent::{Absence, absence};
use super::error::{RenderError, TemplateError};
use super::eval::{Context, Found, evaluate};
use super::expression::{Expr, Kind, Origin, Presence, Root, Shape};
use super::fuel::Fuel;
use super::names::listed;
use super::parts::{RawPart, cut};
use super::rendered::{FileRef, Piece, RenderedBody};
use super::scope::{Names, Scope};
use super::uses::Uses;
use super::value::{kind_name, scalar_text};
use super::{header, lower};

/// A compiled text with slots.
#[derive(Debug, Clone)]
pub struct TextTemplate {
    text: String,
    parts: Vec<Part>,
    uses: Uses,
}

/// A part of a compiled text.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Text(String),
    Slot(Expr),
    Secret(String),
}

/// A piece of a filled-in text, by where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// The author's words, a value of `vars`, a number or a boolean: nothing
    /// that could be read as an instruction of somebody else.
    Own(String),
    /// A value of a param, a step or an item.
    Value {
        /// The name that was read.
        of: String,
        /// The value as text.
        text: String,
    },
}

impl TextTemplate {
    /// Compiles the value of a `query:` key, a text body or `instructions`.
    pub fn compile(text: &str, names: &Names<'_>) -> Result<Self, Vec<TemplateError>> {
        Ok(Self::from_parts(text, compile_whole(text, names)?))
    }

    /// Compiles the value of a header, whose literal text HTTP must be able to
    /// carry. Blanks at the ends of the text are dropped.
    pub fn compile_header(text: &str, names: &Names<'_>) -> Result<Self, Vec<TemplateError>> {
        let trimmed = text.trim_matches(header::is_blank);
        let offset = text.find(trimmed).unwrap_or_default();
        let checked = Self::compile(trimmed, names).and_then(|template| {
            header::check_literals(trimmed)?;
            Ok(template)
        });
        checked.map_err(|problems| {
            problems
                .into_iter()
                .map(|problem| problem.shifted(offset))
                .collect()
        })
    }

    fn from_parts(text: &str, parts: Vec<Part>) -> Self {
        let uses = uses_of(&parts);
        Self {
            text: text.into(),
            parts,
            uses,
        }
    }

    /// Fills in the slots; `None` when it is absent.
    pub fn render(&self, scope: &Scope<'_>) -> Result<Option<Vec<Piece>>, RenderError> {
        render_parts(&self.parts, Context::request(scope, &Fuel::full()))
    }

    /// Fills in the slots and keeps what came from outside apart from what the
    /// author wrote; `None` when it is absent. A list or a map is JSON here.
    pub fn segments(&self, scope: &Scope<'_>) -> Result<Option<Vec<Segment>>, RenderError> {
        let fuel = Fuel::full();
        let context = Context::request(scope, &fuel);
        let mut segments = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let segment = match part {
                Part::Text(text) => Segment::Own(text.clone()),
                // No secret stands in a prompt: a checked manifest has none there.
                Part::Secret(_) => continue,
                Part::Slot(expr) => match segment(expr, evaluate(expr, context)?)? {
                    Some(segment) => segment,
                    None if self.parts.len() == 1 => return Ok(None),
                    None => return Err(no_text(expr)),
                },
            };
            segments.push(segment);
        }
        Ok(Some(segments))
    }

    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text when there is no slot in it.
    pub fn literal(&self) -> Option<&str> {
        self.parts
            .iter()
            .all(|part| matches!(part, Part::Text(_)))
            .then_some(&*self.text)
    }

    /// Whether it is exactly `{{ call.id }}`.
    pub fn is_call_id(&self) -> bool {
        matches!(
            &*self.parts,
            [Part::Slot(Expr {
                kind: Kind::Read(Root::CallId),
                ..
            })]
        )
    }

    /// The `file` params that stand beside text or inside an expression,
    /// where their bytes have no room.
    pub fn files_in_text(&self) -> BTreeSet<String> {
        let mut files = BTreeSet::new();
        files_in(&self.parts, &mut files);
        files
    }

    /// What it reads.
    pub fn uses(&self) -> &Uses {
        &self.uses
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }
}

/// Parts with their places, and the problems of slots. A slot with a problem
/// has an empty literal in its place, so that the others can be checked.
pub(super) struct CompiledParts {
    pub(super) parts: Vec<(Part, Range<usize>)>,
    pub(super) problems: Vec<TemplateError>,
}

/// Compiles a text into parts; the error is a slot without an end.
pub(super) fn compile_parts(text: &str, names: &Names<'_>) -> Result<CompiledParts, TemplateError> {
    let mut compiled = CompiledParts {
        parts: Vec::new(),
        problems: Vec::new(),
    };
    for raw in cut(text)? {
        match raw {
            RawPart::Text(range) => compiled
                .parts
                .push((Part::Text(text[range.clone()].into()), range)),
            RawPart::Slot { outer, inner } => {
                let part = lower::compile(text, inner, names)
                    .and_then(slot)
                    .unwrap_or_else(|problem| {
                        let range = problem.range.clone();
                        compiled.problems.push(problem);
                        Part::Slot(Expr {
                            kind: Kind::Literal(Value::String(String::new())),
                            range,
                        })
                    });
                compiled.parts.push((part, outer));
            }
        }
    }
    Ok(compiled)
}

/// Compiles a text that is a value of its own; every problem is reported.
pub(super) fn compile_whole(text: &str, names: &Names<'_>) -> Result<Vec<Part>, Vec<TemplateError>> {
    let CompiledParts { parts, mut problems } =
        compile_parts(text, names).map_err(|problem| vec![problem])?;
    problems.extend(beside_text(&parts));
    problems.sort_by_key(|problem| problem.range.start);
    if problems.is_empty() {
        Ok(parts.into_iter().map(|(part, _)| part).collect())
    } else {
        Err(problems)
    }
}

/// A slot; a secret is one only when it is the whole expression.
fn slot(expr: Expr) -> Result<Part, TemplateError> {
    if let Kind::Read(Root::Secret(name)) = expr.kind {
        return Ok(Part::Secret(name));
    }
    let mut uses = Uses::default();
    expr.note_uses(&mut uses);
    if uses.secrets.is_empty() {
        return Ok(Part::Slot(expr));
    }
    Err(TemplateError {
        code: "secret-place",
        range: expr.range,
        message: format!(
            "nothing is computed with a secret, here {}",
            listed(uses.secrets.iter().map(String::as_str))
        ),
        help: Some(
            "a slot with a secret is exactly `{{ secrets.NAME }}`; text may stand beside the slot".into(),
        ),
    })
}

/// Slots beside other text that could have no text.
fn beside_text(parts: &[(Part, Range<usize>)]) -> Vec<TemplateError> {
    if parts.len() < 2 {
        return Vec::new();
    }
    parts
        .iter()
        .filter_map(|(part, range)| must_have_text(part, range, "beside other text"))
        .collect()
}

/// The problem of a slot that stands where there must be text.
pub(super) fn must_have_text(part: &Part, range: &Range<usize>, place: &str) -> Option<TemplateError> {
    let Part::Slot(expr) = part else { return None };
    if let Some(param) = expr.as_param()
        && param.shape == Shape::Many
    {
        return Some(TemplateError {
            code: "slot-type",
            range: range.clone(),
            message: format!("`{}` is a list or a map and stands {place}", param.name),
            help: Some(format!(
                "join a list into text, as in `{{{{ {} | join(',') }}}}`",
                param.name
            )),
        });
    }
    let subject = || {
        expr.first_path()
            .map_or("this value".to_owned(), |path| format!("`{path}`"))
    };
    let (what, help) = match absence(expr) {
        Absence::Never => return None,
        Absence::Absent => (format!("{} can be absent", subject()), against_absence(expr)),
        Absence::Null => (
            format!("{} can be null", subject()),
            "leave null out of its type, or write a condition, as in `{{ x if x else '-' }}`".to_owned(),
        ),
        Absence::Written => (
            "`none` has no text".to_owned(),
            "write the text that is meant in place of `none`".to_owned(),
        ),
    };
    Some(TemplateError {
        code: "may-be-absent",
        range: range.clone(),
        message: format!("{what} and stands {place}"),
        help: Some(help),
    })
}

/// How an absent value gets a text: by what makes it absent.
fn against_absence(expr: &Expr) -> String {
    let (Some(param), Some(path)) = (expr.first_param(), expr.first_path()) else {
        return "add `| default(…)`".into();
    };
    let field = path != param.name;
    let why = match (param.origin, param.presence) {
        (Origin::Param, Presence::Optional) if !field => {
            return "add `| default(…)`, or make the param required".into();
        }
        (Origin::Param, _) if field => "the argument may lack this field",
        (Origin::Step, Presence::Optional) => "the step can be without a value",
        (Origin::Step, Presence::Always) if field => "an answer may lack this field",
        _ => "it may find nothing",
    };
    format!("{why}: give it a default, as in `{{{{ {path} | default('…') }}}}`")
}

/// Files that are read but are not the whole of the text.
pub(super) fn files_in(parts: &[Part], files: &mut BTreeSet<String>) {
    if matches!(parts, [Part::Slot(expr)] if expr.as_file().is_some()) {
        return;
    }
    for part in parts {
        if let Part::Slot(expr) = part {
            expr.note_files(files);
        }
    }
}

pub(super) fn uses_of<'a>(parts: impl IntoIterator<Item = &'a Part>) -> Uses {
    let mut uses = Uses::default();
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Slot(expr) => expr.note_uses(&mut uses),
            Part::Secret(name) => drop(uses.secrets.insert(name.clone())),
        }
    }
    uses
}

/// Renders parts; absent when the one slot that they are is.
pub(super) fn render_parts(parts: &[Part], context: Context<'_>) -> Result<Option<Vec<Piece>>, RenderError> {
    let mut pieces = Vec::with_capacity(parts.len().max(1));
    for part in parts {
        let text = match part {
            Part::Text(text) => Cow::Borrowed(text.as_str()),
            Part::Secret(name) => {
                pieces.push(Piece::Secret(name.clone()));
                continue;
            }
            Part::Slot(expr) => match slot_text(expr, evaluate(expr, context)?)? {
                Some(text) => Cow::Owned(text),
                None if parts.len() == 1 => return Ok(None),
                None => return Err(no_text(expr)),
            },
        };
        match pieces.last_mut() {
            Some(Piece::Text(before)) => before.push_str(&text),
            _ => pieces.push(Piece::Text(text.into_owned())),
        }
    }
    if pieces.is_empty() {
        pieces.push(Piece::Text(String::new()));
    }
    Ok(Some(pieces))
}

/// The text of a slot's value; null has none, like an absent value.
pub(super) fn slot_text(expr: &Expr, found: Found<'_>) -> Result<Option<String>, RenderError> {
    match found.as_deref() {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match scalar_text(value) {
            Some(text) => Ok(Some(text.into_owned())),
            None => Err(RenderError {
                rule: "slot-type",
                param: param_of(expr),
                message: format!(
                    "{} is {} where one value was expected; give text, a number or a boolean",
                    subject(expr),
                    kind_name(value)
                ),
            }),
        },
    }
}

/// The value of a slot with where it came from; null is absent.
fn segment(expr: &Expr, found: Found<'_>) -> Result<Option<Segment>, RenderError> {
    let mut uses = Uses::default();
    expr.note_uses(&mut uses);
    let value = match found.as_deref() {
        None | Some(Value::Null) => return Ok(None),
        Some(value @ (Value::Array(_) | Value::Object(_))) => Some((value.to_string(), true)),
        Some(value) => scalar_text(value).map(|text| (text.into_owned(), matches!(value, Value::String(_)))),
    };
    let Some((text, could_instruct)) = value else {
        return Err(no_text(expr));
    };
    Ok(Some(match uses.params.iter().next() {
        Some(name) if could_instruct => Segment::Value {
            of: name.clone(),
            text,
        },
        _ => Segment::Own(text),
    }))
}

/// A slot that must have a value has none.
pub(super) fn no_text(expr: &Expr) -> RenderError {
    RenderError {
        rule: "slot-without-value",
        param: param_of(expr),
        message: format!("{} has no value where one is needed; give one", subject(expr)),
    }
}

/// The param that a slot's value comes from, as the start of a sentence.
pub(super) fn subject(expr: &Expr) -> String {
    param_of(expr).map_or("a value of this template".into(), |name| format!("`{name}`"))
}

pub(super) fn param_of(expr: &Expr) -> Option<String> {
    expr.first_param().map(|param| param.name.clone())
}

/// Renders a text body: a text that is exactly one `file` param is the file.
pub(super) fn body(
    template: &TextTemplate,
    context: Context<'_>,
) -> Result<Option<RenderedBody>, RenderError> {
    let text = plain(template, context)?;
    Ok(text.map(|text| match &*template.parts {
        [Part::Slot(expr)] if let Some(param) = expr.as_file() => RenderedBody::File(FileRef {
            param: param.name.clone(),
            path: text,
        }),
        _ => RenderedBody::Text(text),
    }))
}

/// Renders a text that has no secrets in it.
pub(super) fn plain(template: &TextTemplate, context: Context<'_>) -> Result<Option<String>, RenderError> {
    let Some(pieces) = render_parts(&template.parts, context)? else {
        return Ok(None);
    };
    let texts = pieces.into_iter().map(|piece| match piece {
        Piece::Text(text) => Ok(text),
        Piece::Secret(_) => Err(RenderError {
            rule: "secret-place",
            param: None,
            message: "a secret stands in a text body, where none may be".into(),
        }),
    });
    texts.collect::<Result<String, _>>().map(Some)
}
