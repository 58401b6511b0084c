//! Takes the text of a URL apart, character by character, and says which
//! slots stand where they may not.

use std::ops::Range;

use url::Url;

use super::host;
use super::{Origin, QueryPair, UrlPart, UrlTemplate};
use crate::syntax::TYPOGRAPHIC;
use crate::template::encode;
use crate::template::error::TemplateError;
use crate::template::parts::{RawPart, cut};
use crate::template::scope::Names;
use crate::template::segment;
use crate::template::text::{Part, compile_parts, must_have_text, uses_of};

type Problem = (UrlPart, TemplateError);

/// A part and the text and place it comes from.
struct Placed {
    part: Part,
    range: Range<usize>,
    of: UrlPart,
}

/// Said of `GET https://…`.
const METHOD: &str = "the method has a key of its own";

/// The longest URL template, in bytes.
const MAX_TEMPLATE: usize = 16_384;

/// Stands for a slot in the text of the origin.
const SLOT: char = '\0';

pub(super) fn compile(base: Option<&str>, url: &str, names: &Names<'_>) -> Result<UrlTemplate, Vec<Problem>> {
    let (pieces, problems) = read(base, url, names)?;
    let mut layout = Layout {
        problems,
        ..Layout::default()
    };
    let text: String = [base.unwrap_or_default().trim_end_matches('/'), url].concat();
    for piece in pieces {
        layout.take(piece);
    }
    let first = (base.map_or(UrlPart::Url, |_| UrlPart::Base), base.unwrap_or(url));
    let origin = layout.origin(first, base.is_some());
    layout.check_query();
    let uses = uses_of(layout.all_parts());
    let path = layout
        .path
        .iter()
        .map(|segment| segment_parts(segment, &mut layout.problems))
        .collect();
    let query = layout.query.into_iter().map(Pair::finish).collect();
    let mut problems = layout.problems;
    problems.sort_by_key(|(of, problem)| (*of, problem.range.start));
    match origin {
        Some(origin) if problems.is_empty() => Ok(UrlTemplate {
            text,
            origin,
            path,
            query,
            uses,
        }),
        _ => Err(problems),
    }
}

/// Compiles the slots of both texts and checks how they meet; the error is a
/// slot without an end.
fn read(
    base: Option<&str>,
    url: &str,
    names: &Names<'_>,
) -> Result<(Vec<Placed>, Vec<Problem>), Vec<Problem>> {
    let mut problems: Vec<Problem> = Vec::new();
    let mut pieces: Vec<Placed> = Vec::new();
    for (of, text) in [(UrlPart::Base, base.unwrap_or_default()), (UrlPart::Url, url)] {
        if text.len() > MAX_TEMPLATE {
            let message = format!("a URL template is at most {MAX_TEMPLATE} bytes long");
            let help = "a long text goes into the body, or comes from a param";
            return Err(vec![(of, shape(0..0, &message, help))]);
        }
    }
    for (of, text) in [(UrlPart::Base, base), (UrlPart::Url, Some(url))] {
        let Some(text) = text else { continue };
        let compiled = compile_parts(text, names).map_err(|problem| vec![(of, problem)])?;
        pieces.extend(
            compiled
                .parts
                .into_iter()
                .map(|(part, range)| Placed { part, range, of }),
        );
        problems.extend(compiled.problems.into_iter().map(|problem| (of, problem)));
        if of == UrlPart::Base
            && let Some(Placed {
                part: Part::Text(last),
                ..
            }) = pieces.last_mut()
        {
            last.truncate(last.trim_end_matches('/').len());
        }
    }
    for (of, text) in [(UrlPart::Base, base), (UrlPart::Url, Some(url))] {
        let of_text = text.into_iter().flat_map(|text| odd_literals(text, names));
        problems.extend(of_text.map(|problem| (of, problem)));
    }
    if base.is_some() && !url.starts_with('/') {
        let help = "write the path that is appended to `base_url`, as in `/orders`; or remove `api`";
        problems.push((
            UrlPart::Url,
            shape(0..url.len(), "with an api, `url` starts with `/`", help),
        ));
    }
    Ok((pieces, problems))
}

/// Literal text that was hardly meant: blanks, and a param in single braces.
fn odd_literals(text: &str, names: &Names<'_>) -> Vec<TemplateError> {
    let mut found = Vec::new();
    for raw in cut(text).unwrap_or_default() {
        let RawPart::Text(range) = raw else { continue };
        let literal = &text[range.clone()];
        let at = |start: usize, length: usize| range.start + start..range.start + start + length;
        if let Some((start, blank)) = literal
            .char_indices()
            .find(|(_, character)| character.is_whitespace())
        {
            if literal[..start].chars().all(|c| c.is_ascii_uppercase()) && start > 0 && range.start == 0 {
                let method = &literal[..start];
                let help = format!("write `method: {method}` beside it, and the URL alone here");
                found.push(TemplateError {
                    help: Some(help),
                    ..shape(at(0, start), METHOD, "")
                });
                continue;
            }
            let help = "write `%20` for a blank; a long URL can have its pairs under `query:`";
            found.push(shape(
                at(start, blank.len_utf8()),
                "a URL holds no blanks or line breaks",
                help,
            ));
        }
        for param in names.params {
            let name = &param.name;
            if !literal.contains(name.as_str()) {
                continue;
            }
            let forms = [
                (format!("${{{name}}}"), 0, "`%24%7B`, `%7D` for the characters"),
                (format!("{{{name}}}"), 0, "`%7B`, `%7D` for the braces"),
                (format!("/:{name}"), 1, "`%3A` for the colon"),
            ];
            let written = forms.iter().find_map(|(form, skip, otherwise)| {
                let start = literal.find(form)?;
                let after = literal[start + form.len()..].chars().next();
                let whole = !after.is_some_and(|c| c.is_alphanumeric() || c == '_') || form.ends_with('}');
                whole.then_some((start + skip, &form[*skip..], otherwise))
            });
            found.extend(written.map(|(start, form, otherwise)| TemplateError {
                message: format!("`{form}` is literal text, not the param"),
                help: Some(format!("write `{{{{ {name} }}}}`, or {otherwise}")),
                ..shape(at(start, form.len()), "", "")
            }));
        }
    }
    found
}

#[derive(Default)]
struct Layout {
    place: Place,
    origin_text: String,
    origin: Vec<Placed>,
    path: Vec<Vec<Placed>>,
    query: Vec<Pair>,
    problems: Vec<Problem>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Origin,
    Path,
    Query,
    Fragment,
}

#[derive(Default)]
struct Pair {
    key: String,
    value: Option<Vec<Placed>>,
}

impl Layout {
    fn take(&mut self, piece: Placed) {
        match piece.part {
            Part::Text(text) => {
                for (offset, character) in text.char_indices() {
                    let start = piece.range.start + offset;
                    self.literal(character, start..start + character.len_utf8(), piece.of);
                }
            }
            part => self.slot(Placed { part, ..piece }),
        }
    }

    fn literal(&mut self, character: char, range: Range<usize>, of: UrlPart) {
        match (self.place, character) {
            (Place::Fragment, _) => {}
            (_, '#') => {
                let help = "servers never see what follows `#`; write `%23` for the character";
                self.problem(of, shape(range, "a URL template has no fragment", help));
                self.place = Place::Fragment;
            }
            (Place::Query, '&') => self.query.push(Pair::default()),
            (Place::Query, _) => {
                let Some(pair) = self.query.last_mut() else { return };
                match (&mut pair.value, character) {
                    (value @ None, '=') => *value = Some(Vec::new()),
                    (None, character) => pair.key.push(character),
                    (Some(value), character) => push(value, character, range, of),
                }
            }
            (_, '?') => {
                if of == UrlPart::Base {
                    let help = "write pairs that every request has under the api's `query:`";
                    self.problem(of, shape(range, "`base_url` has no query", help));
                }
                self.place = Place::Query;
                self.query.push(Pair::default());
            }
            (Place::Origin, '/') if self.origin_text.ends_with(':') || self.origin_text.ends_with(":/") => {
                self.origin_text.push('/');
                push(&mut self.origin, '/', range, of);
            }
            (_, '/') => {
                self.place = Place::Path;
                self.path.push(Vec::new());
            }
            (Place::Origin, character) => {
                self.origin_text.push(character);
                push(&mut self.origin, character, range, of);
            }
            (Place::Path, character) => {
                if let Some(segment) = self.path.last_mut() {
                    push(segment, character, range, of);
                }
            }
        }
    }

    fn slot(&mut self, slot: Placed) {
        let place = self.place;
        if let Some(problem) = self.misplaced(&slot) {
            self.problem(slot.of, problem);
            if place != Place::Origin {
                return;
            }
        }
        match place {
            Place::Fragment => {}
            Place::Origin => {
                self.origin_text.push(SLOT);
                self.origin.push(slot);
            }
            Place::Path => self
                .path
                .last_mut()
                .expect("a path begins with a segment")
                .push(slot),
            Place::Query => {
                let pair = self.query.last_mut().expect("a query begins with a pair");
                pair.value
                    .as_mut()
                    .expect("checked: the slot is no key")
                    .push(slot);
            }
        }
    }

    /// Why a slot may not stand where it does.
    fn misplaced(&self, slot: &Placed) -> Option<TemplateError> {
        let range = slot.range.clone();
        if self.place == Place::Query {
            let is_key = self.query.last().is_none_or(|pair| pair.value.is_none());
            return is_key.then(|| {
                shape(
                    range,
                    "the key of a query pair is literal",
                    "as in `?key={{ value }}`",
                )
            });
        }
        let expr = match &slot.part {
            Part::Slot(expr) => expr,
            Part::Secret(name) => {
                return Some(TemplateError {
                    code: "secret-place",
                    message: format!("the secret `{name}` stands in the path or host of a URL"),
                    ..shape(
                        range,
                        "",
                        "a secret stands only in `auth`, or in a header or a query value",
                    )
                });
            }
            Part::Text(_) => return None,
        };
        let fixed = match (self.place, slot.of) {
            (Place::Origin, _) => Some("scheme, host and port"),
            (_, UrlPart::Base) => Some("`base_url`"),
            _ => None,
        };
        if let Some(fixed) = fixed {
            if expr.reads_only_vars() {
                return None;
            }
            let name = expr
                .first_param()
                .map_or("this value".to_owned(), |param| format!("`{}`", param.name));
            return Some(TemplateError {
                code: "param-in-origin",
                message: format!("{name} may not stand in {fixed}, which hold only literal text and `vars`"),
                ..shape(
                    range,
                    "",
                    "a model never chooses where a request goes: declare a var, as in `vars: { host: { default: api.example.com } }`, and write `{{ vars.host }}`",
                )
            });
        }
        must_have_text(&slot.part, &slot.range, "in a path")
    }

    /// Refuses absent values beside other text in a query value.
    fn check_query(&mut self) {
        let mixed = self
            .query
            .iter()
            .filter_map(|pair| pair.value.as_ref())
            .filter(|value| value.len() > 1);
        let found: Vec<Problem> = mixed
            .flatten()
            .filter_map(|slot| {
                Some((
                    slot.of,
                    must_have_text(&slot.part, &slot.range, "beside other text")?,
                ))
            })
            .collect();
        self.problems.extend(found);
    }

    /// Checks the origin once all of it is known.
    fn origin(&mut self, (of, text): (UrlPart, &str), has_base: bool) -> Option<Origin> {
        if self.origin.is_empty() && !self.problems.is_empty() {
            return None;
        }
        let whole = 0..text.len();
        let parts = || {
            self.origin
                .iter()
                .map(|placed| placed.part.clone())
                .collect::<Vec<_>>()
        };
        let found = match (&*parts(), self.origin_text.split_once("://")) {
            ([Part::Slot(expr)], None) => Ok(Origin::Whole(expr.clone())),
            (_, None) if self.origin_text.is_empty() && !has_base => Err((
                "`url` is not absolute, and the tool has no api".to_owned(),
                "write it in full, as in `https://api.example/orders`, or name an `api`",
            )),
            // The text before it is the problem, and is reported.
            (_, None | Some(_)) if self.problems.iter().any(|(_, problem)| problem.message == METHOD) => {
                return None;
            }
            (_, _) if self.origin_text.starts_with(TYPOGRAPHIC) => Err((
                "a URL cannot start with a typographic quote".into(),
                "write it without quotes, or in `\"…\"`",
            )),
            (_, None) => Err((
                "expected a URL such as `https://api.example/v1`".into(),
                "begin it with `https://`",
            )),
            (_, Some((scheme, _)))
                if !["http", "https", "\0"].contains(&scheme.to_ascii_lowercase().as_str()) =>
            {
                Err((
                    "only `http` and `https` URLs can be requested".into(),
                    "begin it with `https://`",
                ))
            }
            (_, Some((_, ""))) => Err(("this URL has no host".into(), "as in `https://api.example/v1`")),
            (_, Some((_, host))) if host.contains('@') => Err((
                "a URL holds no user name or password".into(),
                "declare them with `auth: { basic: … }` and `secrets`",
            )),
            (_, Some(_)) if self.origin_text.contains(SLOT) => Ok(Origin::Parts(parts())),
            (_, Some(_)) => literal_origin(&self.origin_text),
        };
        match found {
            Ok(origin) => Some(origin),
            Err((message, help)) => {
                self.problem(
                    of,
                    TemplateError {
                        message,
                        ..shape(whole, "", help)
                    },
                );
                None
            }
        }
    }

    fn all_parts(&self) -> impl Iterator<Item = &Part> {
        let query = self.query.iter().flat_map(|pair| pair.value.iter().flatten());
        self.origin
            .iter()
            .chain(self.path.iter().flatten())
            .chain(query)
            .map(|placed| &placed.part)
    }

    fn problem(&mut self, of: UrlPart, problem: TemplateError) {
        self.problems.push((of, problem));
    }
}

impl Pair {
    fn finish(self) -> QueryPair {
        let value = self.value.map(|value| {
            value
                .into_iter()
                .map(|placed| match placed.part {
                    Part::Text(text) => Part::Text(encode::query_literal(&text)),
                    part => part,
                })
                .collect()
        });
        QueryPair {
            key: encode::query_literal(&self.key),
            value,
        }
    }
}

/// Encodes the literal text of a segment and refuses literal dot segments.
fn segment_parts(segment: &[Placed], problems: &mut Vec<Problem>) -> Vec<Part> {
    let parts: Vec<Part> = segment
        .iter()
        .map(|placed| match &placed.part {
            Part::Text(text) => Part::Text(encode::path_literal(text)),
            part => part.clone(),
        })
        .collect();
    if let ([Part::Text(literal)], [placed]) = (&*parts, segment)
        && segment::check(literal) == Err(segment::SegmentFault::Dots)
    {
        let help = "write the path that is meant";
        problems.push((
            placed.of,
            shape(placed.range.clone(), "a path has no `.` or `..` segments", help),
        ));
    }
    parts
}

fn push(parts: &mut Vec<Placed>, character: char, range: Range<usize>, of: UrlPart) {
    match parts.last_mut() {
        Some(Placed {
            part: Part::Text(text),
            range: before,
            of: same,
        }) if *same == of => {
            text.push(character);
            before.end = range.end;
        }
        _ => parts.push(Placed {
            part: Part::Text(character.into()),
            range,
            of,
        }),
    }
}

fn shape(range: Range<usize>, message: &str, help: &str) -> TemplateError {
    TemplateError {
        code: "url-shape",
        range,
        message: message.into(),
        help: Some(help.into()),
    }
}

/// An origin without slots, as the URL standard reads it; or what is wrong
/// with it and what to write.
fn literal_origin(text: &str) -> Result<Origin, (String, &'static str)> {
    const LIKE: &str = "as in `https://api.example/v1`";
    match Url::parse(text) {
        Ok(url) if let Some(plain) = host::disguised(text, &url) => Err((
            format!("an address is written plainly, and this one is `{plain}`"),
            "write it so: four numbers with dots between them, or the name of the host",
        )),
        Ok(url) if let Some(odd) = host::odd_character(&url) => {
            Err((format!("no host has `{odd}` in its name"), LIKE))
        }
        Ok(url) if url.has_host() => Ok(Origin::Literal(url[..url::Position::BeforePath].into())),
        Ok(_) => Err(("this URL has no host".into(), LIKE)),
        Err(cause) => Err((format!("this URL cannot be read: {cause}"), LIKE)),
    }
}
