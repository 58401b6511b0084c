//! The keywords of JSON Schema at a param: which type has which, what their
//! values are, and whether the values written at the param fit them.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::description;
use super::fit::{self, misfit};
use super::param::{join, sample_kind};
use crate::checked::ParamKind;
use crate::decl::param::{
    KEYS, KEYWORD_KEYS, ParamDecl, item_keys, keywords_of, kind as read_kind, kinds_with,
};
use crate::diagnostic::Sink;
use crate::fields::Fields;
use crate::node::{Entry, Kind, Node};

/// What the value of a keyword is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wants {
    Text,
    Number,
    Count,
    Boolean,
    Items,
}

fn wants(name: &str) -> Wants {
    match name {
        "format" | "pattern" => Wants::Text,
        "items" => Wants::Items,
        "uniqueItems" => Wants::Boolean,
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => {
            Wants::Count
        }
        _ => Wants::Number,
    }
}

/// The keywords of a param as JSON Schema.
pub(crate) fn keywords(decl: &ParamDecl<'_>, kind: ParamKind, sink: &mut Sink) -> Map<String, Value> {
    if let Some(schema) = decl.schema {
        let value = schema.value.json(sink);
        return value
            .and_then(|value| value.as_object().cloned())
            .unwrap_or_default();
    }
    let mut map = Map::new();
    map.insert("type".to_owned(), type_name(kind).into());
    if kind == ParamKind::Array && !decl.keywords.iter().any(|(name, _)| *name == "items") {
        sink.error(
            "missing-key",
            decl.name.span(),
            format!("param `{}` is an array without `items`", decl.name.as_str()),
        )
        .help("say what is in it, such as `items: { type: string }`");
    }
    for (name, entry) in &decl.keywords {
        keyword(&mut map, decl, kind, name, entry, sink);
    }
    bounds_in_order(&map, decl, sink);
    if let Some(entry) = decl.allowed
        && let Some(values) = allowed(kind, &map, entry, sink)
    {
        map.insert("enum".to_owned(), values);
    }
    if let Some(entry) = decl.examples {
        let values = entry.value.json(sink);
        match values {
            Some(Value::Array(values)) => {
                for (value, node) in values.iter().zip(items(&entry.value)) {
                    check_fit(kind, &map, value, node, "example", sink);
                }
                map.insert("examples".to_owned(), values.into());
            }
            Some(_) => drop(crate::read::items(&entry.value, "a list of examples", sink)),
            None => {}
        }
    }
    map
}

fn items(node: &Node) -> &[Node] {
    if let Kind::List(items) = &node.kind {
        items
    } else {
        &[]
    }
}

fn keyword(
    map: &mut Map<String, Value>,
    decl: &ParamDecl<'_>,
    kind: ParamKind,
    name: &'static str,
    entry: &Entry,
    sink: &mut Sink,
) {
    if !kinds_with(name).contains(&kind) {
        let message = format!(
            "`{name}` has no meaning for the type `{}` of param `{}`",
            type_name(kind),
            decl.name.as_str()
        );
        let diagnostic = sink.error("misplaced-key", entry.key.span(), message);
        let fitting: Vec<_> = keywords_of(kind).collect();
        if fitting.is_empty() {
            diagnostic.help("remove it");
        } else {
            diagnostic.help(format!(
                "the keywords of `{}` are {}",
                type_name(kind),
                crate::fields::list(fitting.into_iter())
            ));
        }
        return;
    }
    let Some(value) = entry.value.json(sink) else {
        return;
    };
    let (fits, what) = match wants(name) {
        Wants::Text => (value.is_string(), "a text"),
        Wants::Number => (value.is_number(), "a number"),
        Wants::Count => (value.as_u64().is_some(), "a whole number of at least 0"),
        Wants::Boolean => (value.is_boolean(), "`true` or `false`"),
        Wants::Items => {
            if let Some(value) = items_schema(entry, sink) {
                map.insert(name.to_owned(), value);
            }
            return;
        }
    };
    if !fits {
        crate::read::expected(&entry.value, &format!("{what} for `{name}`"), sink);
    } else if name == "multipleOf" && fit::number(&value).is_some_and(|value| value <= 0.0) {
        sink.error(
            "wrong-value",
            entry.value.span,
            "expected a number above 0 for `multipleOf`",
        )
        .help("as in `multipleOf: 5`");
    } else {
        map.insert(name.to_owned(), value);
    }
}

/// `items` of an array: a scalar type with its keywords.
fn items_schema(entry: &Entry, sink: &mut Sink) -> Option<Value> {
    let mut fields = Fields::open(
        &entry.value,
        "`items`",
        entry.key.span(),
        &[KEYS, KEYWORD_KEYS],
        sink,
    )?;
    let allowed_entry = fields.optional("enum");
    let kind = items_kind(&mut fields, allowed_entry, entry, sink)?;
    let mut map = Map::new();
    map.insert("type".to_owned(), type_name(kind).into());
    if let Some(text) = fields
        .optional("description")
        .and_then(|entry| crate::read::written(&entry.value, "a description", sink))
    {
        description::check(text, sink);
        map.insert("description".to_owned(), text.as_str().into());
    }
    let mut decl = None;
    for key in KEYWORD_KEYS {
        if let Some(inner) = fields.optional(key.name) {
            let decl = decl.get_or_insert_with(|| ParamDecl::only_named(&entry.key));
            keyword(&mut map, decl, kind, key.name, inner, sink);
        }
    }
    if let Some(entry) = allowed_entry
        && let Some(values) = allowed(kind, &map, entry, sink)
    {
        description::check_tree(&entry.value, sink);
        map.insert("enum".to_owned(), values);
    }
    fields.finish_among(&item_keys(kind), &[], sink);
    Some(map.into())
}

/// The type of an array's items: a scalar.
fn items_kind(
    fields: &mut Fields<'_>,
    allowed: Option<&Entry>,
    owner: &Entry,
    sink: &mut Sink,
) -> Option<ParamKind> {
    let Some(entry) = fields.optional("type") else {
        let samples = allowed.map_or(&[][..], |entry| items(&entry.value)).iter();
        let kind = samples.map(sample_kind).reduce(join).flatten();
        if kind.is_none() {
            sink.error("missing-key", owner.key.span(), "`items` has no `type`")
                .help("add `type: string`, or `integer`, `number`, `boolean`");
        }
        return kind;
    };
    let kind = read_kind(&entry.value, sink)?;
    if matches!(kind, ParamKind::Array | ParamKind::Map | ParamKind::File) {
        let message = "params are flat: the items of an array are strings, integers, numbers or booleans";
        sink.error("nested-param", entry.value.span, message)
            .help("give a JSON Schema under `schema` if the API needs a nested value");
        return None;
    }
    Some(kind)
}

fn allowed(kind: ParamKind, map: &Map<String, Value>, entry: &Entry, sink: &mut Sink) -> Option<Value> {
    let nodes = values(entry, sink)?;
    if nodes.is_empty() {
        sink.error(
            "wrong-value",
            entry.value.span,
            "expected at least one value, found an empty list",
        )
        .help("list the values, or remove `enum`");
        return None;
    }
    let values = entry.value.json(sink)?;
    let list = values.as_array()?;
    let mut seen = HashSet::new();
    for (value, node) in list.iter().zip(nodes) {
        check_fit(kind, map, value, node, "value", sink);
        if !seen.insert(value.to_string()) {
            sink.error(
                "duplicate-value",
                node.span,
                format!("the value `{}` stands here twice", fit::plain(value)),
            )
            .help("remove one of them");
        }
    }
    Some(values)
}

/// The values of an `enum`.
pub(crate) fn values<'n>(entry: &'n Entry, sink: &mut Sink) -> Option<&'n [Node]> {
    if let Kind::Scalar(text) = &entry.value.kind {
        let values: Vec<_> = text.as_str().split([',', '|', '/']).map(str::trim).collect();
        let message = format!("expected a list of values, found {}", entry.value.found());
        sink.error("wrong-type", entry.value.span, message)
            .help(format!("write `enum: [{}]`", values.join(", ")));
        return None;
    }
    crate::read::items(&entry.value, "a list of values", sink)
}

pub(crate) fn check_fit(
    kind: ParamKind,
    map: &Map<String, Value>,
    value: &Value,
    node: &Node,
    what: &str,
    sink: &mut Sink,
) {
    let Some(why) = misfit(kind, map, value) else {
        return;
    };
    let shown = crate::node::shorten(&fit::plain(value));
    let diagnostic = sink.error("bad-value", node.span, format!("the {what} `{shown}` {why}"));
    let plain_text = matches!(&node.kind, Kind::Scalar(text) if text.style() == crate::text::Style::Plain);
    if kind == ParamKind::String && !value.is_string() && plain_text {
        diagnostic.help(format!("quote it to make it a text: \"{shown}\""));
    } else if kind != ParamKind::String
        && value.is_string()
        && !plain_text
        && matches!(kind, ParamKind::Integer | ParamKind::Number | ParamKind::Boolean)
    {
        diagnostic.help("remove the quotes");
    } else if kind == ParamKind::Boolean {
        diagnostic.help("write `true` or `false`");
    } else {
        diagnostic.help(format!("change the {what}, or what the param allows"));
    }
}

fn bounds_in_order(map: &Map<String, Value>, decl: &ParamDecl<'_>, sink: &mut Sink) {
    for (low, high) in [
        ("minimum", "maximum"),
        ("exclusiveMinimum", "exclusiveMaximum"),
        ("minLength", "maxLength"),
        ("minItems", "maxItems"),
        ("minProperties", "maxProperties"),
    ] {
        let bound = |name: &str| map.get(name).and_then(fit::number);
        let entry = |name: &str| {
            decl.keywords
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, entry)| *entry)
        };
        if let (Some(least), Some(most), Some(low_entry), Some(high_entry)) =
            (bound(low), bound(high), entry(low), entry(high))
            && least > most
        {
            sink.error(
                "wrong-value",
                low_entry.value.span,
                format!("`{low}` is greater than `{high}`: no value fits"),
            )
            .context(high_entry.value.span, format!("`{high}` stands here"))
            .help("exchange the two numbers, or change one");
        }
    }
}

/// The type as it is written.
pub(crate) fn type_name(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::String => "string",
        ParamKind::Integer => "integer",
        ParamKind::Number => "number",
        ParamKind::Boolean => "boolean",
        ParamKind::Array => "array",
        ParamKind::Map => "object",
        ParamKind::File => "file",
        ParamKind::Schema => "schema",
    }
}
