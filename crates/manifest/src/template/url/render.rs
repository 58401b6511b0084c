//! Fills in a URL and makes sure that the parser reads back what was built.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};
use url::Url;

use super::{Origin, QueryPair, UrlTemplate, host};
use crate::template::encode;
use crate::template::error::RenderError;
use crate::template::eval::{Context, evaluate};
use crate::template::expression::Expr;
use crate::template::fuel::Fuel;
use crate::template::pairs::{Key, pairs};
use crate::template::rendered::Piece;
use crate::template::scope::Scope;
use crate::template::segment::{self, SegmentFault};
use crate::template::text::{Part, TextTemplate, no_text, param_of, render_parts, slot_text, subject};

/// The longest URL, in bytes; many servers take no more than 8 KiB.
const MAX_URL: usize = 64_000;

/// A URL and the query pairs that wait for secrets.
pub(in crate::template) struct RenderedUrl {
    pub(in crate::template) url: Url,
    pub(in crate::template) secret_query: Vec<(String, Vec<Piece>)>,
}

impl UrlTemplate {
    /// Fills in the URL; the pairs of the `query:` map follow its own.
    pub(in crate::template) fn render(
        &self,
        more: &[(String, TextTemplate)],
        context: Context<'_>,
    ) -> Result<RenderedUrl, RenderError> {
        let mut built = self.base(context)?;
        for parts in &self.path {
            built.push('/');
            built.push_str(&render_segment(parts, context)?);
        }
        if Url::parse(&built).is_ok_and(|url| url.path() == "/") && !built.ends_with('/') {
            built.push('/');
        }
        let Query { written, secret } = self.query(more, context)?;
        let query = written.join("&");
        if !query.is_empty() {
            built.push('?');
            built.push_str(&query);
        }
        if built.len() > MAX_URL {
            let param = self.longest(more, context);
            let which = param
                .as_ref()
                .map_or_else(String::new, |name| format!(" for `{name}`"));
            return Err(RenderError {
                rule: "url-too-long",
                message: format!(
                    "the URL would have more than {MAX_URL} bytes, encoded; give a shorter value{which}"
                ),
                param,
            });
        }
        // Every part was encoded so that the parser leaves it alone; if it
        // reads anything else, the request would not be the one declared.
        match Url::parse(&built) {
            Ok(url) if url.as_str() == built => Ok(RenderedUrl {
                url,
                secret_query: secret,
            }),
            _ => Err(RenderError {
                rule: "url-changed",
                param: None,
                message: "the arguments do not make a URL of the declared shape; give plainer values".into(),
            }),
        }
    }

    /// The param with the longest value of those that the URL reads.
    fn longest(&self, more: &[(String, TextTemplate)], context: Context<'_>) -> Option<String> {
        let mut uses = self.uses().clone();
        more.iter().for_each(|(_, template)| uses.join(template.uses()));
        let length = |name: &String| {
            context
                .scope
                .params
                .get(name)
                .map(|value| value.to_string().len())
        };
        uses.params.into_iter().max_by_key(length)
    }

    /// Scheme, host and port with the values of `vars` filled in, such as
    /// `https://api.example`; for showing where a secret goes before anything
    /// is sent.
    pub fn origin(&self, vars: &BTreeMap<String, String>) -> Result<String, RenderError> {
        let scope = Scope {
            params: &Map::new(),
            vars,
            call_id: "",
            now: Timestamp::UNIX_EPOCH,
        };
        let fuel = Fuel::full();
        let base = self.base(Context::request(&scope, &fuel))?;
        let end = base
            .find("://")
            .and_then(|scheme| Some(scheme + 3 + base[scheme + 3..].find('/')?));
        Ok(base[..end.unwrap_or(base.len())].to_owned())
    }

    /// The origin, and the path of a var that is a whole base URL.
    fn base(&self, context: Context<'_>) -> Result<String, RenderError> {
        match &self.origin {
            Origin::Literal(origin) => Ok(origin.clone()),
            Origin::Whole(expr) => whole(&text_of(expr, context)?, expr),
            Origin::Parts(parts) => {
                let mut text = String::new();
                for part in parts {
                    match part {
                        Part::Text(literal) | Part::Secret(literal) => text.push_str(literal),
                        Part::Slot(expr) => text.push_str(&authority(text_of(expr, context)?, expr)?),
                    }
                }
                let url = Url::parse(&text).ok().filter(is_plain_origin).filter(|url| {
                    url.path() == "/"
                        && host::disguised(&text, url).is_none()
                        && host::odd_character(url).is_none()
                });
                url.map(|url| url[..url::Position::BeforePath].to_owned())
                    .ok_or_else(|| {
                        bad_origin(parts.iter().find_map(|part| match part {
                            Part::Slot(expr) => Some(expr),
                            _ => None,
                        }))
                    })
            }
        }
    }

    fn query(&self, more: &[(String, TextTemplate)], context: Context<'_>) -> Result<Query, RenderError> {
        let mut query = Query::default();
        for QueryPair { key, value } in &self.query {
            match value {
                None => query.written.push(key.clone()),
                Some(parts) => query.add(key, parts, LiteralText::Encoded, context)?,
            }
        }
        for (key, template) in more {
            query.add(&encode::value(key), template.parts(), LiteralText::Plain, context)?;
        }
        Ok(query)
    }
}

/// How the literal text of a query value is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LiteralText {
    /// As part of a URL: encoded.
    Encoded,
    /// As text.
    Plain,
}

/// Pairs as they are sent, and pairs that wait for secrets.
#[derive(Default)]
struct Query {
    written: Vec<String>,
    secret: Vec<(String, Vec<Piece>)>,
}

impl Query {
    /// Adds the pairs of one key, which is percent-encoded.
    fn add(
        &mut self,
        key: &str,
        parts: &[Part],
        literals: LiteralText,
        context: Context<'_>,
    ) -> Result<(), RenderError> {
        if let [Part::Slot(expr)] = parts {
            let Some(value) = evaluate(expr, context)? else {
                return Ok(());
            };
            self.add_slot(key, expr, &value)?;
        } else if parts.iter().any(|part| matches!(part, Part::Secret(_))) {
            self.secret.extend(secret_pair(key, parts, literals, context)?);
        } else {
            let mut value = String::new();
            for part in parts {
                match part {
                    Part::Text(text) | Part::Secret(text) if literals == LiteralText::Encoded => {
                        value.push_str(text)
                    }
                    Part::Text(text) | Part::Secret(text) => value.push_str(&encode::value(text)),
                    Part::Slot(expr) => value.push_str(&encode::value(&text_of(expr, context)?)),
                }
            }
            self.written.push(format!("{key}={value}"));
        }
        Ok(())
    }

    fn add_slot(&mut self, key: &str, expr: &Expr, value: &Value) -> Result<(), RenderError> {
        for pair in pairs(expr, value)? {
            let values: Vec<String> = pair.values.iter().map(|value| encode::value(value)).collect();
            let values = values.join(pair.separator);
            self.written.push(match pair.key {
                Key::Plain => format!("{key}={values}"),
                Key::Brackets => format!("{key}[]={values}"),
                Key::Member(member) => format!("{key}[{}]={values}", encode::value(&member)),
            });
        }
        Ok(())
    }
}

/// A pair with a secret: decoded, since another hand encodes it.
fn secret_pair(
    key: &str,
    parts: &[Part],
    literals: LiteralText,
    context: Context<'_>,
) -> Result<Option<(String, Vec<Piece>)>, RenderError> {
    let decoded: Vec<Part> = parts
        .iter()
        .map(|part| match part {
            Part::Text(text) if literals == LiteralText::Encoded => Part::Text(decode(text)),
            part => part.clone(),
        })
        .collect();
    Ok(render_parts(&decoded, context)?.map(|pieces| (decode(key), pieces)))
}

fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

fn text_of(expr: &Expr, context: Context<'_>) -> Result<String, RenderError> {
    slot_text(expr, evaluate(expr, context)?)?.ok_or_else(|| no_text(expr))
}

fn render_segment(parts: &[Part], context: Context<'_>) -> Result<String, RenderError> {
    let mut segment = String::new();
    let mut slot = None;
    for part in parts {
        match part {
            Part::Text(literal) | Part::Secret(literal) => segment.push_str(literal),
            Part::Slot(expr) => {
                slot = slot.or(Some(expr));
                segment.push_str(&encode::value(&text_of(expr, context)?));
            }
        }
    }
    // Literal segments were checked at load.
    let Some(expr) = slot else { return Ok(segment) };
    let (rule, message) = match segment::check(&segment) {
        Ok(()) => return Ok(segment),
        Err(SegmentFault::Empty) => (
            "path-empty-segment",
            format!(
                "{} is empty or blank, perhaps encoded, which would name another resource; give the id or name itself",
                subject(expr)
            ),
        ),
        Err(SegmentFault::Dots) => (
            "path-dot-segment",
            format!(
                "{} holds `.` or `..` as a path component, perhaps encoded, which would lead to another resource; \
                 give the id or name itself (dots inside a name are fine)",
                subject(expr)
            ),
        ),
    };
    Err(RenderError {
        rule,
        param: param_of(expr),
        message,
    })
}

/// The value of a var that is a whole base URL.
fn whole(value: &str, expr: &Expr) -> Result<String, RenderError> {
    let clean =
        !value.contains(|character: char| character.is_control() || character == ' ' || character == '\\');
    let url = Url::parse(value)
        .ok()
        .filter(|url| clean && host::disguised(value, url).is_none() && host::odd_character(url).is_none())
        .filter(is_plain_origin)
        .ok_or_else(|| bad_origin(Some(expr)))?;
    let path = value
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('/'))
        .map_or("", |(_, path)| path);
    if path
        .split('/')
        .any(|part| segment::check(part) == Err(SegmentFault::Dots))
    {
        return Err(bad_origin(Some(expr)));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// The value of a var inside scheme, host or port.
fn authority(value: String, expr: &Expr) -> Result<String, RenderError> {
    let plain = |character: char| {
        character.is_alphanumeric() || matches!(character, '-' | '.' | '_' | ':' | '[' | ']')
    };
    if !value.is_empty() && value.chars().all(plain) {
        Ok(value)
    } else {
        Err(bad_origin(Some(expr)))
    }
}

fn is_plain_origin(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
}

fn bad_origin(expr: Option<&Expr>) -> RenderError {
    let mut uses = crate::template::uses::Uses::default();
    if let Some(expr) = expr {
        expr.note_uses(&mut uses);
    }
    let name = uses
        .vars
        .first()
        .map_or("a value".to_owned(), |name| format!("`vars.{name}`"));
    RenderError {
        rule: "base-url",
        param: None,
        message: format!(
            "{name} does not make a plain http or https URL (no user name, query, fragment or dot segments; an address as four numbers, such as `127.0.0.1`); \
             only the person who runs this can change it"
        ),
    }
}
