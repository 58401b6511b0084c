//! `vars:`: values from outside that are not secret.

use super::top::Declared;
use crate::diagnostic::Sink;
use crate::fields::{Fields, Key, key};
use crate::node::{Entry, Kind};
use crate::read;
use crate::shape::{Form, Section, Shape};
use crate::text::Text;

pub(crate) const KEYS: &[Key] = &[
    key("env", "The environment variable that may set the value.").is(Shape::Text(Form::Variable)),
    key("default", "The value when nothing sets it.").is(Shape::Written(Form::Words)),
    key("enum", "The only values allowed.").is(Shape::Some(&Shape::Written(Form::Words))),
];

/// Where a value comes from.
pub(crate) const SHAPE: Shape = Shape::Either(&[Shape::Word(|| vec!["env"]), Shape::Keys(|| &SECTION)]);

/// An entry of `vars`.
pub(crate) static SECTION: Section = Section {
    name: "var",
    place: "vars.VAR",
    tables: &[KEYS],
    without: &[],
    rules: &[],
};

/// A var as written.
#[derive(Debug)]
pub(crate) struct VarRaw<'n> {
    pub(crate) name: &'n Text,
    pub(crate) env: Option<&'n Text>,
    pub(crate) default: Option<&'n Text>,
    pub(crate) allowed: Option<Vec<&'n Text>>,
}

impl<'n> Declared<'n> for VarRaw<'n> {
    const WHAT: &'static str = "vars by name";
    const EXAMPLE: &'static str = "{ default: … }";

    fn named(name: &'n Text) -> Option<Self> {
        Some(Self {
            name,
            env: None,
            default: None,
            allowed: None,
        })
    }

    fn read(entry: &'n Entry, sink: &mut Sink) -> Option<Self> {
        let name = &entry.key;
        let mut var = Self::named(name)?;
        if let Kind::Scalar(text) = &entry.value.kind
            && !text.as_str().is_empty()
        {
            if text.as_str() == "env" && env_name(name, sink).is_some() {
                var.env = Some(name);
            } else if text.as_str() != "env" {
                sink.error(
                    "wrong-type",
                    entry.value.span,
                    format!(
                        "var `{}`: expected a mapping, found {}",
                        name.as_str(),
                        entry.value.found()
                    ),
                )
                .help(match variable(text.as_str()) {
                    Some(variable) => format!("write `{}: {{ env: {variable} }}`", name.as_str()),
                    None => format!("write `{}: {{ default: \"{}\" }}`", name.as_str(), text.as_str()),
                });
            }
            return Some(var);
        }
        let what = format!("var `{}`", name.as_str());
        let Some(mut fields) = Fields::open(&entry.value, what, name.span(), &[KEYS], sink) else {
            return Some(var);
        };
        var.env = fields
            .optional("env")
            .and_then(|entry| read::text(&entry.value, "the name of an environment variable", sink))
            .filter(|text| env_name(text, sink).is_some());
        var.default = fields
            .optional("default")
            .and_then(|entry| read::written(&entry.value, "a value", sink));
        var.allowed = fields.optional("enum").and_then(|entry| {
            let items = read::items(&entry.value, "a list of values", sink)?;
            let values: Vec<_> = items
                .iter()
                .map(|item| read::written(item, "a value", sink))
                .collect();
            if values.is_empty() {
                sink.error(
                    "wrong-value",
                    entry.value.span,
                    "expected at least one value, found an empty list",
                )
                .help("list the values, or remove `enum`");
            }
            values.into_iter().collect()
        });
        fields.finish(sink);
        Some(var)
    }
}

/// The variable in `$NAME`, `${NAME}` or `NAME_TWO`.
fn variable(text: &str) -> Option<&str> {
    let name = text.trim_matches(['$', '{', '}']);
    let valid = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.contains('_')
        && name
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    valid.then_some(name)
}

/// Reports a text that cannot name an environment variable.
pub(crate) fn env_name(text: &Text, sink: &mut Sink) -> Option<()> {
    let name = text.as_str();
    let valid = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !valid {
        sink.error(
            "bad-name",
            text.span(),
            format!("`{name}` cannot be the name of an environment variable"),
        )
        .help(match variable(&name.replace([' ', '-'], "_")) {
            Some(meant) => format!("write `{meant}`: letters, digits and `_`"),
            None => "letters, digits and `_`, such as `SHOP_KEY`".to_owned(),
        });
    }
    valid.then_some(())
}
