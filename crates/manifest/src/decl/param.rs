//! A param as written: its own keys and the JSON Schema keywords of its type.

use super::top::{Declared, each};
use crate::checked::{ParamKind, ParamStyle};
use crate::diagnostic::Sink;
use crate::fields::{Fields, Key, key};
use crate::node::{Entry, Kind, Node};
use crate::read::{self, Spanned};
use crate::shape::{self, Form, Naming, Rule, Section, Shape};
use crate::text::Text;

pub(crate) const KEYS: &[Key] = &[
    key("description", "What the value is, for the model.").is(Shape::Written(Form::Description)),
    key(
        "type",
        "string, integer, number, boolean, array, object (a map of strings) or file.",
    )
    .is(Shape::Word(|| shape::words(TYPES))),
    key("enum", "The only values allowed.").is(Shape::Some(&Shape::Any)),
    key("const", "The one value it always has; hidden from the model.").is(Shape::Any),
    key("default", "The value when the model gives none.").is(Shape::Any),
    key("optional", "Whether the model may leave it out.")
        .is(Shape::Boolean)
        .absent("false"),
    key("examples", "Values that show the form.").is(Shape::List(&Shape::Any)),
    key(
        "style",
        "How an array or a map stands in a query: repeat, csv, pipe, brackets, deep.",
    )
    .is(Shape::Word(|| shape::words(STYLES)))
    .absent("repeat, or deep for a map"),
    key("schema", "A JSON Schema, for the rare nested case.").is(Shape::Schema),
];

/// Keywords of JSON Schema that a param takes over.
pub(crate) const KEYWORD_KEYS: &[Key] = &[
    key("format", "A format of JSON Schema, such as email or date.").is(Shape::Text(Form::Format)),
    key("pattern", "A regular expression that a string matches.").is(Shape::Text(Form::Regex)),
    key("minLength", "The fewest characters of a string.").is(COUNT),
    key("maxLength", "The most characters of a string; 8192 when absent.")
        .is(COUNT)
        .absent("8192"),
    key("minimum", "The least number allowed.").is(Shape::Number),
    key("maximum", "The greatest number allowed.").is(Shape::Number),
    key("exclusiveMinimum", "A number that must be exceeded.").is(Shape::Number),
    key("exclusiveMaximum", "A number that must not be reached.").is(Shape::Number),
    key("multipleOf", "A number that must divide the value.").is(Shape::Positive),
    key("items", "The type and keywords of an array's items.").is(Shape::Keys(|| &ITEMS)),
    key("minItems", "The fewest items of an array.").is(COUNT),
    key("maxItems", "The most items of an array.").is(COUNT),
    key("uniqueItems", "Whether the items of an array must differ.")
        .is(Shape::Boolean)
        .absent("false"),
    key("minProperties", "The fewest keys of a map.").is(COUNT),
    key("maxProperties", "The most keys of a map.").is(COUNT),
];

/// Formats of JSON Schema that services ask for.
pub(crate) const FORMATS: &[&str] = &[
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "time",
    "uri",
    "uuid",
];

const TYPES: &[(&str, ParamKind)] = &[
    ("string", ParamKind::String),
    ("integer", ParamKind::Integer),
    ("number", ParamKind::Number),
    ("boolean", ParamKind::Boolean),
    ("array", ParamKind::Array),
    ("object", ParamKind::Map),
    ("map", ParamKind::Map),
    ("file", ParamKind::File),
];

const STYLES: &[(&str, ParamStyle)] = &[
    ("repeat", ParamStyle::Repeat),
    ("csv", ParamStyle::Csv),
    ("pipe", ParamStyle::Pipe),
    ("brackets", ParamStyle::Brackets),
    ("deep", ParamStyle::Deep),
];

/// Keywords of nested schemas, which get a message of their own.
const NESTED: &[&str] = &[
    "properties",
    "additionalProperties",
    "required",
    "$ref",
    "anyOf",
    "oneOf",
    "allOf",
];

/// A whole number that may be 0.
const COUNT: Shape = Shape::Whole(0, u64::MAX);

/// `params`.
pub(crate) const ALL: Shape = Shape::Named(Naming::Small("PARAM"), &Shape::Keys(|| &SECTION));

/// An entry of `params`.
pub(crate) static SECTION: Section = Section {
    name: "param",
    place: "params.PARAM",
    tables: &[KEYS, KEYWORD_KEYS],
    without: &[],
    rules: &[
        Rule::Any(&["type", "enum", "const", "schema"]),
        Rule::NotBoth("type", "schema"),
        Rule::NotBoth("enum", "schema"),
    ],
};

/// `items` of an array: a scalar.
pub(crate) static ITEMS: Section = Section {
    name: "param.items",
    place: "params.PARAM.items",
    tables: &[KEYS, KEYWORD_KEYS],
    without: &[
        "const",
        "default",
        "optional",
        "examples",
        "style",
        "schema",
        "items",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
    ],
    rules: &[Rule::Any(&["type", "enum"])],
};

/// A param as written.
#[derive(Debug)]
pub(crate) struct ParamDecl<'n> {
    pub(crate) name: &'n Text,
    /// All that is written at it.
    pub(crate) body: Option<&'n Node>,
    pub(crate) description: Option<&'n Text>,
    pub(crate) kind: Option<Spanned<ParamKind>>,
    /// Whether something is wrong with `type`, so that nothing hangs on it.
    pub(crate) kind_is_wrong: bool,
    pub(crate) allowed: Option<&'n Entry>,
    pub(crate) constant: Option<&'n Entry>,
    pub(crate) default: Option<&'n Entry>,
    pub(crate) optional: Option<Spanned<bool>>,
    pub(crate) examples: Option<&'n Entry>,
    pub(crate) style: Option<Spanned<ParamStyle>>,
    pub(crate) schema: Option<&'n Entry>,
    pub(crate) keywords: Vec<(&'static str, &'n Entry)>,
}

/// Reads `params:`. A JSON Schema of an object is not one, but its properties
/// are what is meant.
pub(crate) fn read_all<'n>(entry: Option<&'n Entry>, sink: &mut Sink) -> Vec<ParamDecl<'n>> {
    let written = entry.and_then(|entry| match &entry.value.kind {
        Kind::Map(entries) => Some(entries),
        _ => None,
    });
    let is = |name: &str, fits: fn(&Kind) -> bool| {
        let found = written?.iter().find(|entry| entry.key.as_str() == name)?;
        fits(&found.value.kind).then_some(found)
    };
    let object = is(
        "type",
        |kind| matches!(kind, Kind::Scalar(text) if text.as_str() == "object"),
    );
    let properties = is("properties", |kind| matches!(kind, Kind::Map(_)));
    let (Some(object), Some(properties)) = (object, properties) else {
        return each(entry, sink);
    };
    sink.error(
        "wrong-type",
        object.key.span().to(object.value.span),
        "`params` is not a JSON Schema: params stand in it by name",
    )
    .context(properties.key.span(), "these are the params")
    .help("write what stands under `properties` directly under `params`; all are required but those with `optional: true` or a `default`");
    each(Some(properties), sink)
}

impl<'n> Declared<'n> for ParamDecl<'n> {
    const WHAT: &'static str = "params by name";
    const EXAMPLE: &'static str = "{ type: string, description: … }";

    fn named(name: &'n Text) -> Option<Self> {
        Some(Self::only_named(name))
    }

    fn read(entry: &'n Entry, sink: &mut Sink) -> Option<Self> {
        let name = &entry.key;
        let what = format!("param `{}`", name.as_str());
        let mut decl = Self::only_named(name);
        if let Kind::Scalar(text) = &entry.value.kind
            && !text.as_str().is_empty()
        {
            let (found, written) = alone(text);
            let message = format!("expected a mapping for {what}, found {found}");
            sink.error("wrong-type", entry.value.span, message)
                .help(format!("write `{}: {written}`", name.as_str()));
            return Some(decl);
        }
        let Some(mut fields) = Fields::open(&entry.value, what, name.span(), &[KEYS, KEYWORD_KEYS], sink)
        else {
            return Some(decl);
        };
        decl.body = Some(&entry.value);
        decl.fill(&mut fields, sink);
        nested(&entry.value, sink);
        fields.finish_among(&decl.valid_keys(), NESTED, sink);
        Some(decl)
    }
}

/// The keywords of JSON Schema that a type has.
pub(crate) fn keywords_of(kind: ParamKind) -> impl Iterator<Item = &'static str> {
    KEYWORD_KEYS
        .iter()
        .map(|key| key.name)
        .filter(move |name| kinds_with(name).contains(&kind))
}

/// The types that have a keyword.
pub(crate) fn kinds_with(keyword: &str) -> &'static [ParamKind] {
    match keyword {
        "format" => &[ParamKind::String, ParamKind::Integer, ParamKind::Number],
        "pattern" | "minLength" | "maxLength" => &[ParamKind::String],
        "items" | "minItems" | "maxItems" | "uniqueItems" => &[ParamKind::Array],
        "minProperties" | "maxProperties" => &[ParamKind::Map],
        _ => &[ParamKind::Integer, ParamKind::Number],
    }
}

/// The keys of an array's `items` of a type.
pub(crate) fn item_keys(kind: ParamKind) -> Vec<&'static str> {
    let own = KEYS.iter().map(|key| key.name);
    own.filter(|name| !ITEMS.without.contains(name))
        .chain(keywords_of(kind))
        .collect()
}

/// What a text in place of a param is, and the param that is meant.
fn alone(text: &Text) -> (String, String) {
    let written = text.as_str();
    let kind = TYPES
        .iter()
        .map(|(word, _)| *word)
        .find(|word| *word == written)
        .or_else(|| foreign_type(written));
    match kind {
        Some(kind) => (
            "the type alone".to_owned(),
            format!("{{ type: {kind}, description: … }}"),
        ),
        None => {
            let quote = if written.contains([',', '{', '}', '[', ']', '"', '#']) || written.contains(": ") {
                "'"
            } else {
                ""
            };
            (
                format!("the text `{}`", crate::node::shorten(written)),
                format!(
                    "{{ type: string, description: {quote}{}{quote} }}",
                    crate::node::shorten(written)
                ),
            )
        }
    }
}

impl<'n> ParamDecl<'n> {
    fn fill(&mut self, fields: &mut Fields<'n>, sink: &mut Sink) {
        self.kind_is_wrong = false;
        self.description = fields
            .optional("description")
            .and_then(|entry| read::written(&entry.value, "a description", sink));
        if let Some(entry) = fields.optional("type") {
            self.kind = kind(&entry.value, sink).map(|value| Spanned {
                value,
                span: entry.value.span,
            });
            self.kind_is_wrong = self.kind.is_none();
        }
        self.allowed = fields.optional("enum");
        self.constant = fields.optional("const");
        self.default = fields.optional("default");
        self.examples = fields.optional("examples");
        self.schema = fields.optional("schema");
        self.optional = fields.optional("optional").and_then(|entry| {
            let value = read::boolean(&entry.value, "`optional`", sink)?;
            Some(Spanned {
                value,
                span: entry.key.span(),
            })
        });
        self.style = fields.optional("style").and_then(|entry| {
            let value = read::word(&entry.value, "a style", STYLES, sink)?;
            Some(Spanned {
                value,
                span: entry.key.span(),
            })
        });
        for keyword in KEYWORD_KEYS {
            self.keywords
                .extend(fields.optional(keyword.name).map(|entry| (keyword.name, entry)));
        }
    }

    /// The keys that it can have: with a type, those that fit the type.
    fn valid_keys(&self) -> Vec<&'static str> {
        let own = KEYS.iter().map(|key| key.name);
        match self.kind.as_ref().map(|kind| kind.value) {
            None => own.chain(KEYWORD_KEYS.iter().map(|key| key.name)).collect(),
            Some(kind) => own
                .filter(|name| match *name {
                    "schema" => false,
                    "style" => matches!(kind, ParamKind::Array | ParamKind::Map),
                    _ => true,
                })
                .chain(keywords_of(kind))
                .collect(),
        }
    }

    /// One of which only the name is known.
    pub(crate) fn only_named(name: &'n Text) -> Self {
        Self {
            name,
            body: None,
            description: None,
            kind: None,
            kind_is_wrong: true,
            allowed: None,
            constant: None,
            default: None,
            optional: None,
            examples: None,
            style: None,
            schema: None,
            keywords: Vec::new(),
        }
    }
}

/// The value of `type`.
pub(crate) fn kind(node: &Node, sink: &mut Sink) -> Option<ParamKind> {
    if let Kind::List(_) = &node.kind {
        sink.error("wrong-type", node.span, "expected one type, found a list")
            .help("write the one type and `optional: true`, or give a JSON Schema under `schema`");
        return None;
    }
    let visible = &TYPES[..6];
    match &node.kind {
        Kind::Scalar(text) => TYPES
            .iter()
            .find(|(word, _)| *word == text.as_str())
            .map(|(_, kind)| *kind),
        _ => None,
    }
    .or_else(|| {
        let written = if let Kind::Scalar(text) = &node.kind {
            text.as_str()
        } else {
            ""
        };
        if let Some(help) = written_otherwise(written) {
            let names =
                crate::fields::list(TYPES.iter().map(|(word, _)| *word).filter(|word| *word != "map"));
            let message = format!("expected a type, one of {names}, found the text `{written}`");
            sink.error("wrong-value", node.span, message).help(help);
            return None;
        }
        let mut words: Vec<_> = visible.to_vec();
        words.push(("file", ParamKind::File));
        read::word(node, "a type", &words, sink)
    })
}

/// Words of other languages for our types.
fn foreign_type(written: &str) -> Option<&'static str> {
    Some(match written.to_lowercase().as_str() {
        "str" | "text" | "string" | "char" | "varchar" => "string",
        "int" | "int32" | "int64" | "long" | "integer" => "integer",
        "float" | "double" | "decimal" | "real" | "number" => "number",
        "bool" | "boolean" => "boolean",
        "list" | "array" => "array",
        "dict" | "map" | "hash" | "object" => "object",
        _ => return None,
    })
}

/// What to write for a type that other languages have.
fn written_otherwise(written: &str) -> Option<String> {
    if let Some(inner) = written.strip_suffix('?') {
        let name = foreign_type(inner)?;
        return Some(format!("write `type: {name}, optional: true`"));
    }
    let inner = written.strip_suffix("[]").or_else(|| {
        let rest = written.strip_suffix(['>', ']'])?;
        rest.split_once(['<', '[']).map(|(_, inner)| inner)
    });
    if let Some(name) = inner.and_then(foreign_type) {
        return Some(format!("write `type: array, items: {{ type: {name} }}`"));
    }
    match written {
        "date" | "time" | "date-time" | "email" | "uri" | "uuid" | "ipv4" | "ipv6" => {
            Some(format!("write `type: string, format: {written}`"))
        }
        "datetime" | "timestamp" => Some("write `type: string, format: date-time`".to_owned()),
        "url" => Some("write `type: string, format: uri`".to_owned()),
        "enum" => Some("write `enum: [a, b]` alone: its values say the type".to_owned()),
        _ => foreign_type(written).map(|name| format!("did you mean `{name}`?")),
    }
}

/// Keywords of nested schemas, which params do not have.
fn nested(node: &Node, sink: &mut Sink) {
    let Kind::Map(entries) = &node.kind else { return };
    for entry in entries {
        if NESTED.contains(&entry.key.as_str()) {
            let name = entry.key.as_str();
            let is_false = matches!(&entry.value.kind, Kind::Scalar(text) if text.as_str() == "false");
            let help = if name == "required" && is_false {
                "write `optional: true` in its place"
            } else if name == "required" {
                "remove it: a param is required unless it has `optional: true` or a `default`"
            } else if name == "additionalProperties" {
                "remove it: `type: object` alone is a map of strings"
            } else {
                "make each field a param of its own, or give a JSON Schema under `schema`"
            };
            sink.error(
                "nested-param",
                entry.key.span(),
                format!("params are flat: `{name}` has no place here"),
            )
            .help(help);
        }
    }
}
