//! `secrets:`: names and where their values are found.

use super::auth::is_name;
use super::top::Declared;
use super::vars::env_name;
use crate::diagnostic::Sink;
use crate::fields::{Fields, Key, key};
use crate::node::{Entry, Kind};
use crate::read;
use crate::resolve::holds_template;
use crate::shape::{Form, Rule, Section, Shape};
use crate::source::Span;
use crate::text::Text;

pub(crate) const KEYS: &[Key] = &[
    key("env", "The environment variable that holds the value.").is(Shape::Text(Form::Variable)),
    key("command", "A program and its arguments; its output is the value.")
        .is(Shape::Some(&Shape::Text(Form::Argument))),
    key(
        "file",
        "A file whose content is the value, relative to the manifest.",
    )
    .is(Shape::Text(Form::File)),
    key(
        "keyring",
        "The service under which the system's keyring has the value.",
    )
    .is(Shape::Text(Form::Service)),
];

/// Where a value is found.
pub(crate) const SHAPE: Shape = Shape::Either(&[Shape::Word(|| vec!["env"]), Shape::Keys(|| &SECTION)]);

/// An entry of `secrets`.
pub(crate) static SECTION: Section = Section {
    name: "secret",
    place: "secrets.SECRET",
    tables: &[KEYS],
    without: &[],
    rules: &[Rule::One(&["env", "command", "file", "keyring"])],
};

/// A name and its origin as written.
#[derive(Debug)]
pub(crate) struct SecretRaw<'n> {
    pub(crate) name: &'n Text,
    /// `None` when what is written is wrong.
    pub(crate) origin: Option<OriginDecl<'n>>,
}

/// Where a value is found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum OriginDecl<'n> {
    Env(&'n str),
    Command(Vec<&'n str>),
    File(&'n str),
    Keyring(&'n str),
}

impl<'n> Declared<'n> for SecretRaw<'n> {
    const WHAT: &'static str = "secrets by name";
    const EXAMPLE: &'static str = "env";

    fn named(name: &'n Text) -> Option<Self> {
        Some(Self { name, origin: None })
    }

    fn read(entry: &'n Entry, sink: &mut Sink) -> Option<Self> {
        Some(Self {
            name: &entry.key,
            origin: origin(entry, sink),
        })
    }
}

fn origin<'n>(entry: &'n Entry, sink: &mut Sink) -> Option<OriginDecl<'n>> {
    let name = entry.key.as_str();
    if let Kind::Scalar(text) = &entry.value.kind {
        return word(entry, text, sink);
    }
    let mut fields = Fields::open(
        &entry.value,
        format!("secret `{name}`"),
        entry.key.span(),
        &[KEYS],
        sink,
    )?;
    if let Kind::Map(entries) = &entry.value.kind {
        // `value: …`: the error about the key would show it.
        let unknown = |entry: &&Entry| KEYS.iter().all(|key| key.name != entry.key.as_str());
        entries
            .iter()
            .filter(unknown)
            .for_each(|entry| sink.hide(entry.value.span));
    }
    let mut found = written(&mut fields, sink);
    let before = sink.errors();
    fields.finish(sink);
    if found.len() == 1 {
        return found.pop().and_then(|(_, origin)| origin);
    }
    if sink.errors() == before {
        let message = format!("secret `{name}`: expected exactly one of `env`, `command`, `file`, `keyring`");
        match found.as_slice() {
            [(first, _), (second, _), ..] => sink
                .error("wrong-value", *second, message)
                .context(*first, "the first stands here")
                .help("keep one of them"),
            _ => sink.error("wrong-value", entry.key.span(), message).help(format!(
                "write `{name}: env` to read the environment variable `{name}`"
            )),
        };
    }
    None
}

/// Whether a text reads like the name of an environment variable and not like
/// a key: words of capitals, and digits at most at the end of one.
fn is_variable_like(text: &str) -> bool {
    let is_word = |word: &str| {
        let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
        !letters.is_empty()
            && letters.chars().all(|c| c.is_ascii_uppercase())
            && word.len() - letters.len() <= 2
    };
    text.len() <= 40 && text.contains('_') && text.split('_').all(is_word)
}

/// `env`, or a mistake: any other word may be the value itself.
fn word<'n>(entry: &'n Entry, text: &Text, sink: &mut Sink) -> Option<OriginDecl<'n>> {
    let name = entry.key.as_str();
    if text.as_str() == "env" {
        return env_name(&entry.key, sink).map(|()| OriginDecl::Env(name));
    }
    let message = if text.as_str().is_empty() {
        format!("secret `{name}`: expected where its value is found, found nothing")
    } else {
        format!("secret `{name}`: expected where its value is found, not the value itself")
    };
    if !is_reference(text.as_str()) && !text.as_str().is_empty() {
        sink.hide(entry.value.span);
    }
    let diagnostic = sink.error("secret-value", entry.value.span, message);
    if text.as_str().is_empty() {
        diagnostic.help(format!(
            "write `{name}: env` to read the environment variable `{name}`"
        ));
        return None;
    }
    let to_read = if is_variable_like(text.as_str()) {
        let variable = text.as_str();
        format!("write `{name}: {{ env: {variable} }}` to read the environment variable `{variable}`")
    } else {
        format!("write `{name}: env` to read the environment variable `{name}`")
    };
    diagnostic.help(format!(
        "{to_read}; if what stands here is a real key, replace it at its provider"
    ));
    None
}

/// Where a secret is found never depends on values of a run.
fn is_plain(text: &Text, sink: &mut Sink) -> bool {
    let plain = !holds_template(text.as_str());
    if !plain {
        let message = "no template stands where a secret is found";
        sink.error("template-place", text.span(), message)
            .help("write it out; for a value that differs from place to place, use `env: NAME`");
    }
    plain
}

/// Whether a text is more likely a way to name a secret than its value.
pub(crate) fn is_reference(text: &str) -> bool {
    is_name(text) || text.starts_with('$') || text.contains("{{")
}

/// Every origin that is written, each `None` when it is wrong.
fn written<'n>(fields: &mut Fields<'n>, sink: &mut Sink) -> Vec<(Span, Option<OriginDecl<'n>>)> {
    let mut found = Vec::new();
    if let Some(entry) = fields.optional("env") {
        let variable = read::text(&entry.value, "the name of an environment variable", sink);
        let variable = variable
            .filter(|text| env_name(text, sink).is_some())
            .map(|text| OriginDecl::Env(text.as_str()));
        found.push((entry.key.span(), variable));
    }
    if let Some(entry) = fields.optional("command") {
        let words = read::texts(
            &entry.value,
            "a program and its arguments as a list",
            "a text",
            sink,
        );
        let words = words.map(|words| words.into_iter().map(Text::as_str).collect::<Vec<_>>());
        if words.as_ref().is_some_and(Vec::is_empty) {
            sink.error(
                "wrong-value",
                entry.value.span,
                "expected a program and its arguments, found an empty list",
            );
        }
        found.push((entry.key.span(), words.map(OriginDecl::Command)));
    }
    if let Some(entry) = fields.optional("file") {
        let path = read::text(&entry.value, "the path of a file", sink).filter(|text| is_plain(text, sink));
        found.push((entry.key.span(), path.map(|text| OriginDecl::File(text.as_str()))));
    }
    if let Some(entry) = fields.optional("keyring") {
        let service =
            read::text(&entry.value, "the name of a service", sink).filter(|text| is_plain(text, sink));
        found.push((
            entry.key.span(),
            service.map(|text| OriginDecl::Keyring(text.as_str())),
        ));
    }
    found.sort_by_key(|(place, _)| *place);
    found
}
