//! Every key of the language in words: what the pages of reference are made of. How a page looks is the
//! caller's business.

use crate::decl::SECTIONS;
use crate::fields::{Key, list};
use crate::shape::{Form, Names, Naming, Rule, Section, Shape, Unit};

/// A mapping with keys of the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySection {
    /// Its name, such as `auth.oauth2`: no two have the same.
    pub name: &'static str,
    /// Where it stands, such as `tools.TOOL.body`; words in capitals are the author's names. Empty for the whole manifest.
    pub place: &'static str,
    /// Its keys, in the order of the language.
    pub keys: Vec<KeyDoc>,
    /// Which keys go together, a sentence each.
    pub rules: Vec<String>,
}

/// A key of the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDoc {
    /// As written.
    pub name: &'static str,
    /// What it says, in one line.
    pub docs: &'static str,
    /// What may stand behind it, in words.
    pub shape: String,
    /// The names of the sections that its value may be or hold.
    pub sections: Vec<&'static str>,
    /// Whether its mapping is wrong without it.
    pub need: KeyNeed,
    /// What holds when it is not written.
    pub default: Option<&'static str>,
}

/// Whether a key must be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyNeed {
    /// It may be left out.
    Optional,
    /// It must be there.
    Required,
}

/// Every mapping of the language with its keys, the whole manifest first.
pub fn key_reference() -> Vec<KeySection> {
    let mut all: Vec<KeySection> = SECTIONS.iter().map(|section| described(section)).collect();
    all.sort_by_key(|section| !section.place.is_empty());
    all
}

fn described(section: &'static Section) -> KeySection {
    KeySection {
        name: section.name,
        place: section.place,
        keys: section.keys().map(documented).collect(),
        rules: section.rules.iter().map(|rule| worded(*rule)).collect(),
    }
}

fn documented(key: &Key) -> KeyDoc {
    let mut sections = Vec::new();
    gather(&key.shape, &mut sections);
    KeyDoc {
        name: key.name,
        docs: key.doc,
        shape: words(&key.shape),
        sections,
        need: key.need,
        default: key.absent,
    }
}

fn worded(rule: Rule) -> String {
    let names = |names: &'static [&'static str]| list(names.iter().copied());
    match rule {
        Rule::One(keys) => format!("exactly one of {}", names(keys)),
        Rule::Any(keys) => format!("at least one of {}", names(keys)),
        Rule::NotBoth(one, other) => format!("not both `{one}` and `{other}`"),
        Rule::Needs(key, beside) => format!("`{key}` only beside `{beside}`"),
    }
}

/// A shape in words that follow "expected".
pub(crate) fn words(shape: &Shape) -> String {
    match shape {
        Shape::Unsaid | Shape::Any => "any value".to_owned(),
        Shape::Tree(_) => "any value; texts in it may be templates".to_owned(),
        Shape::Data(_) => "a mapping of data; texts in it may be templates".to_owned(),
        Shape::Schema => "a JSON Schema".to_owned(),
        Shape::Text(form) | Shape::Written(form) => text(*form).to_owned(),
        Shape::Whole(from, to) if *to >= u64::from(u32::MAX) => format!("a whole number of at least {from}"),
        Shape::Whole(from, to) => format!("a whole number from {from} to {to}"),
        Shape::Number => "a number".to_owned(),
        Shape::Positive => "a number above 0".to_owned(),
        Shape::Boolean => "`true` or `false`".to_owned(),
        Shape::Quantity(unit) => quantity(*unit).to_owned(),
        Shape::Version => "`1`".to_owned(),
        Shape::Word(all) => match all().as_slice() {
            [only] => format!("`{only}`"),
            all => format!("one of {}", list(all.iter().copied())),
        },
        Shape::List(item) => format!("a list; each item {}", words(item)),
        Shape::Some(item) => format!("a list of at least one; each item {}", words(item)),
        Shape::Named(names, value) => format!("a mapping by {}; each value {}", naming(*names), words(value)),
        Shape::Single(names, value) => format!("a mapping of one {} to {}", naming(*names), words(value)),
        Shape::Keys(section) => format!("a mapping with the keys of `{}`", section().name),
        Shape::Either(forms) => forms.iter().map(words).collect::<Vec<_>>().join(", or "),
    }
}

fn text(form: Form) -> &'static str {
    match form {
        Form::Words => "a text",
        Form::Description => "a text that a model reads",
        Form::Url(_) => "a URL, a template",
        Form::Template(_) => "a template",
        Form::Expression(_) => "an expression in `{{ }}`",
        Form::Name(Names::Api) => "the name of an api",
        Form::Name(Names::Secret) => "the name of a secret",
        Form::Name(Names::Callable) => "the name of a tool or workflow",
        Form::Name(Names::Server) => "the name of an MCP server",
        Form::Name(Names::Foreign) => "the server's name for the tool",
        Form::Name(Names::Step) => "the id of a step",
        Form::NewName => "a new name: small letters, digits and `_`",
        Form::Model => "a model as `provider/name`, or `embedded`",
        Form::Path => "the path of a manifest, relative to this one",
        Form::File => "the path of a file",
        Form::Variable => "the name of an environment variable",
        Form::Pick => "a JMESPath expression",
        Form::Link => "`link`",
        Form::Regex => "a regular expression",
        Form::Format => "a format such as `email` or `date`",
        Form::Host => "a host such as `files.example`",
        Form::WireName => "a name",
        Form::Argument => "a program or an argument",
        Form::Service => "the name of a service",
    }
}

fn quantity(unit: Unit) -> &'static str {
    match unit {
        Unit::Duration => "a duration such as `500ms`, `30s`, `5m` or `1h`",
        Unit::Rate => "a rate such as `5/s` or `100/m`",
        Unit::Count => "a number such as `8000` or `200k`",
        Unit::Cost => "an amount such as `0.50 USD`",
    }
}

fn naming(names: Naming) -> &'static str {
    match names {
        Naming::Status => "status, such as `404` or `4xx`",
        Naming::Lint => "lint",
        Naming::Of(Names::Callable) => "tool",
        Naming::Var => "var",
        Naming::Data | Naming::Header | Naming::Small(_) | Naming::Word(_) | Naming::Of(_) => "name",
    }
}

/// The sections that a value may be or hold.
fn gather(shape: &Shape, found: &mut Vec<&'static str>) {
    match shape {
        Shape::Keys(section) => found.push(section().name),
        Shape::List(inner) | Shape::Some(inner) | Shape::Named(_, inner) | Shape::Single(_, inner) => {
            gather(inner, found);
        }
        Shape::Either(forms) => forms.iter().for_each(|form| gather(form, found)),
        _ => {}
    }
    found.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_worded_for_readers() {
        let all = key_reference();
        assert_eq!(all[0].name, "manifest");
        let shape = |section: &str, key: &str| {
            let section = all.iter().find(|found| found.name == section).expect("a section");
            let key = section
                .keys
                .iter()
                .find(|found| found.name == key)
                .expect("a key");
            key.shape.clone()
        };
        for (section, key, expected) in [
            ("agent.limits", "turns", "a whole number of at least 1"),
            (
                "api",
                "timeout",
                "a duration such as `500ms`, `30s`, `5m` or `1h`",
            ),
            ("api", "auth", "`none`, or a mapping with the keys of `auth`"),
            ("tool", "effect", "one of `read`, `write`, `destructive`"),
            (
                "tool",
                "params",
                "a mapping by name; each value a mapping with the keys of `param`",
            ),
            (
                "agent",
                "tools",
                "a list; each item the name of a tool or workflow",
            ),
        ] {
            assert_eq!(shape(section, key), expected);
        }
        let body = all.iter().find(|found| found.name == "body").expect("a section");
        assert_eq!(body.rules, ["exactly one of `json`, `form`, `multipart`, `text`"]);
        assert_eq!(body.place, "tools.TOOL.body");
    }

    #[test]
    fn every_section_but_the_manifest_is_reached_from_it() {
        let all = key_reference();
        let mut open = vec!["manifest"];
        let mut reached = Vec::new();
        while let Some(name) = open.pop() {
            if reached.contains(&name) {
                continue;
            }
            reached.push(name);
            let section = all.iter().find(|found| found.name == name).expect("a section");
            open.extend(section.keys.iter().flat_map(|key| &key.sections));
        }
        for section in &all {
            assert!(
                reached.contains(&section.name),
                "`{}` stands nowhere",
                section.name
            );
        }
    }
}
