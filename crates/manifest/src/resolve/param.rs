//! Params: names, types, keywords, and the values written at them.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::keyword::{check_fit, keywords, type_name};
use super::{description, names};
use crate::checked::{Param, ParamKind, ParamStyle};
use crate::decl::param::ParamDecl;
use crate::diagnostic::Sink;
use crate::node::{Entry, Kind, Node};
use crate::schema::param_schema;
use crate::text::Text;

/// How many params a tool may have.
const MAX_PARAMS: usize = 500;

/// Checks params. One comes back for each, even a wrong one: templates that
/// use it are not to blame.
pub(crate) fn resolve_all(decls: &[ParamDecl<'_>], sink: &mut Sink) -> Vec<Param> {
    if let Some(first) = decls.get(MAX_PARAMS) {
        sink.error(
            "too-many-params",
            first.name.span(),
            format!(
                "a tool has at most {MAX_PARAMS} params, this one has {}",
                decls.len()
            ),
        )
        .help("leave out what no model needs, or make several tools of it");
        return decls[..MAX_PARAMS]
            .iter()
            .map(|decl| placeholder(decl.name, false))
            .collect();
    }
    let mut taken: HashMap<String, &Text> = HashMap::new();
    for decl in decls {
        names::check_local(decl.name, "a param", sink);
        let flat = decl.name.as_str().to_lowercase().replace(['-', '_'], "");
        if let Some(first) = taken.insert(flat, decl.name) {
            names::clash(decl.name, first, "param", sink);
        }
    }
    decls.iter().map(|decl| resolve(decl, sink)).collect()
}

/// A param of which only the name matters: what a template may read.
pub(crate) fn placeholder(name: &Text, optional: bool) -> Param {
    Param {
        name: name.as_str().to_owned(),
        span: name.span(),
        kind: ParamKind::Schema,
        description: None,
        optional,
        default: None,
        constant: None,
        style: ParamStyle::Repeat,
        schema: Value::Object(Map::new()),
    }
}

fn resolve(decl: &ParamDecl<'_>, sink: &mut Sink) -> Param {
    if let Some(text) = decl.description {
        description::check(text, sink);
    }
    for entry in [decl.allowed, decl.examples, decl.default, decl.constant]
        .into_iter()
        .flatten()
    {
        description::check_tree(&entry.value, sink);
    }
    let Some(kind) = kind(decl, sink) else {
        return placeholder(decl.name, false);
    };
    let keywords = keywords(decl, kind, sink);
    let value = |entry: Option<&Entry>, what: &str, sink: &mut Sink| {
        let entry = entry?;
        let value = entry.value.json(sink)?;
        check_fit(kind, &keywords, &value, &entry.value, what, sink);
        Some(value)
    };
    let default = value(decl.default, "default", sink);
    let constant = value(decl.constant, "const", sink);
    conflicts(decl, kind, sink);
    let description = decl.description.map(Text::as_str);
    let style = decl.style.map_or(default_style(kind), |style| style.value);
    Param {
        name: decl.name.as_str().to_owned(),
        span: decl.name.span(),
        kind,
        description: description.map(str::to_owned),
        optional: decl.optional.is_some_and(|optional| optional.value)
            && default.is_none()
            && constant.is_none(),
        schema: param_schema(kind, keywords, description, default.as_ref()),
        default,
        constant,
        style,
    }
}

fn default_style(kind: ParamKind) -> ParamStyle {
    if kind == ParamKind::Map {
        ParamStyle::Deep
    } else {
        ParamStyle::Repeat
    }
}

/// The type as written, or as the values of `const` or `enum` say.
fn kind(decl: &ParamDecl<'_>, sink: &mut Sink) -> Option<ParamKind> {
    if decl.kind_is_wrong {
        return None;
    }
    let name = decl.name.as_str();
    match (decl.kind, decl.schema) {
        (Some(kind), Some(schema)) => {
            sink.error(
                "misplaced-key",
                schema.key.span(),
                format!("param `{name}` has both `type` and `schema`"),
            )
            .context(kind.span, "the type stands here")
            .help("keep one of them: `schema` says the type itself");
            None
        }
        (None, Some(schema)) => schema_kind(decl, schema, sink),
        (Some(kind), None) => Some(kind.value),
        (None, None) => {
            if let Some(entry) = decl
                .allowed
                .filter(|entry| !matches!(entry.value.kind, Kind::List(_)))
            {
                super::keyword::values(entry, sink);
                return None;
            }
            let samples: Vec<&Node> = match (decl.constant, decl.allowed.map(|entry| &entry.value.kind)) {
                (Some(constant), _) => vec![&constant.value],
                (None, Some(Kind::List(items))) => items.iter().collect(),
                _ => Vec::new(),
            };
            let found = samples
                .iter()
                .map(|node| sample_kind(node))
                .reduce(join)
                .flatten();
            if found.is_none() {
                sink.error(
                    "missing-key",
                    decl.name.span(),
                    format!("param `{name}` has no `type`"),
                )
                .help("add `type: string`, or `integer`, `number`, `boolean`, `array`, `object`, `file`");
            }
            found
        }
    }
}

fn schema_kind(decl: &ParamDecl<'_>, schema: &Entry, sink: &mut Sink) -> Option<ParamKind> {
    if !matches!(schema.value.kind, Kind::Map(_)) {
        crate::read::expected(&schema.value, "a JSON Schema", sink);
        return None;
    }
    for (name, entry) in &decl.keywords {
        sink.error(
            "misplaced-key",
            entry.key.span(),
            format!("`{name}` has no place beside `schema`"),
        )
        .context(schema.key.span(), "the schema stands here")
        .help("write it inside the schema");
    }
    if let Some(entry) = decl.allowed {
        sink.error(
            "misplaced-key",
            entry.key.span(),
            "`enum` has no place beside `schema`",
        )
        .help("write it inside the schema");
    }
    foreign_refs(&schema.value, sink);
    description::check_tree(&schema.value, sink);
    Some(ParamKind::Schema)
}

/// Keywords that point at a schema.
const REFERENCES: &[&str] = &["$ref", "$dynamicRef", "$recursiveRef"];
/// Keywords that hold schemas under names of the author's.
const NAMED: &[&str] = &[
    "properties",
    "patternProperties",
    "$defs",
    "definitions",
    "dependentSchemas",
];
/// Keywords that hold values, whatever their keys are.
const VALUES: &[&str] = &["const", "enum", "default", "examples"];

/// `$ref` leaves the file never, and nothing else names an address.
pub(crate) fn foreign_refs(node: &Node, sink: &mut Sink) {
    let Kind::Map(entries) = &node.kind else {
        if let Kind::List(items) = &node.kind {
            items.iter().for_each(|item| foreign_refs(item, sink));
        }
        return;
    };
    for entry in entries {
        let key = entry.key.as_str();
        match (&entry.value.kind, key) {
            (_, key) if VALUES.contains(&key) => {}
            (Kind::Map(named), key) if NAMED.contains(&key) => {
                named.iter().for_each(|entry| foreign_refs(&entry.value, sink));
            }
            (Kind::Scalar(text), key) => foreign_name(key, &entry.key, text, sink),
            _ => foreign_refs(&entry.value, sink),
        }
    }
}

fn foreign_name(key: &str, at: &Text, text: &Text, sink: &mut Sink) {
    let value = text.as_str();
    if REFERENCES.contains(&key) && !value.starts_with('#') {
        let message = format!("`{key}` may not leave the file, found `{value}`");
        sink.error("foreign-ref", text.span(), message)
            .help("copy what it names into `$defs` and point at `#/$defs/…`");
    } else if matches!(key, "$id" | "id") && value.contains([':', '/']) {
        let message = format!("`{key}` gives this schema an address, and nothing is ever fetched");
        sink.error("foreign-ref", at.span(), message).help("remove it");
    } else if key == "$schema" && !value.contains("://json-schema.org/") {
        let message = format!("`$schema` names another language, found `{value}`");
        sink.error("foreign-ref", text.span(), message)
            .help("remove it: schemas are read as JSON Schema 2020-12");
    }
}

/// The type of a value.
pub(crate) fn sample_kind(node: &Node) -> Option<ParamKind> {
    let mut quiet = Sink::default();
    match node.json(&mut quiet)? {
        Value::String(_) => Some(ParamKind::String),
        Value::Bool(_) => Some(ParamKind::Boolean),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(ParamKind::Integer),
        Value::Number(_) => Some(ParamKind::Number),
        Value::Array(_) => Some(ParamKind::Array),
        Value::Object(_) => Some(ParamKind::Map),
        Value::Null => None,
    }
}

/// The type that two values share.
pub(crate) fn join(a: Option<ParamKind>, b: Option<ParamKind>) -> Option<ParamKind> {
    match (a?, b?) {
        (a, b) if a == b => Some(a),
        (ParamKind::Integer, ParamKind::Number) | (ParamKind::Number, ParamKind::Integer) => {
            Some(ParamKind::Number)
        }
        _ => None,
    }
}

/// Keys that do not go together.
fn conflicts(decl: &ParamDecl<'_>, kind: ParamKind, sink: &mut Sink) {
    if let Some(constant) = decl.constant {
        let others = [
            ("default", decl.default.map(|entry| entry.key.span())),
            ("optional", decl.optional.map(|value| value.span)),
        ];
        for (name, span) in others {
            if let Some(span) = span {
                sink.error(
                    "misplaced-key",
                    span,
                    format!("`{name}` has no place beside `const`"),
                )
                .context(constant.key.span(), "the value is pinned here")
                .help("remove one of them: a `const` is always sent and never asked for");
            }
        }
    }
    let Some(style) = decl.style else { return };
    let fits = match kind {
        ParamKind::Array => style.value != ParamStyle::Deep,
        ParamKind::Map => style.value == ParamStyle::Deep,
        ParamKind::Schema => true,
        _ => {
            sink.error(
                "misplaced-key",
                style.span,
                format!(
                    "`style` is for arrays and maps, and param `{}` is of type `{}`",
                    decl.name.as_str(),
                    type_name(kind)
                ),
            )
            .help("remove it");
            return;
        }
    };
    if !fits {
        let help = if kind == ParamKind::Map {
            "a map has the style `deep`"
        } else {
            "the styles of arrays are `repeat`, `csv`, `pipe` and `brackets`"
        };
        sink.error(
            "wrong-value",
            style.span,
            format!("this style does not fit the type `{}`", type_name(kind)),
        )
        .help(help);
    }
}
