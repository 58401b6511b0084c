//! What texts declare, as far as it can be read: names for completion, of the file itself and of those it
//! includes.

use super::outline::{self, Entry, Value};

/// What is declared.
#[derive(Debug, Default)]
pub(super) struct Declared {
    pub(super) apis: Vec<String>,
    pub(super) secrets: Vec<String>,
    pub(super) vars: Vec<String>,
    pub(super) servers: Vec<String>,
    /// Tools and workflows.
    pub(super) callables: Vec<Callable>,
}

/// A tool or a workflow.
#[derive(Debug)]
pub(super) struct Callable {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) params: Vec<Param>,
}

/// A param of one.
#[derive(Debug, Clone)]
pub(super) struct Param {
    pub(super) name: String,
    pub(super) description: String,
}

impl Declared {
    /// Adds what a text declares.
    pub(super) fn gather(&mut self, text: &str, root: Option<&Value>) {
        let Some(Value::Map(_, entries)) = root else {
            return;
        };
        for (section, names) in [
            ("apis", &mut self.apis),
            ("secrets", &mut self.secrets),
            ("vars", &mut self.vars),
            ("mcp", &mut self.servers),
        ] {
            names.extend(keys(text, entries, section));
        }
        for section in ["tools", "workflows"] {
            for entry in map(text, entries, section) {
                let name = text[entry.key.clone()].to_owned();
                let fields = inner(entry);
                self.callables.push(Callable {
                    description: scalar(text, fields, "description"),
                    params: params(text, fields),
                    name,
                });
            }
        }
    }

    /// Everything that the text and those it includes declare.
    pub(super) fn of(text: &str, root: Option<&Value>, included: &[&str]) -> Self {
        let mut declared = Self::default();
        declared.gather(text, root);
        for other in included {
            declared.gather(other, outline::read(other).as_ref());
        }
        declared
    }

    /// The tool or workflow of a name.
    pub(super) fn callable(&self, name: &str) -> Option<&Callable> {
        self.callables.iter().find(|callable| callable.name == name)
    }
}

/// The params of a tool or workflow, and those that its pages add.
pub(super) fn params(text: &str, fields: &[Entry]) -> Vec<Param> {
    let mut params: Vec<Param> = map(text, fields, "params")
        .iter()
        .map(|entry| Param {
            name: text[entry.key.clone()].to_owned(),
            description: scalar(text, inner(entry), "description"),
        })
        .collect();
    if let Some(Value::Map(_, paginate)) = get(text, fields, "paginate") {
        params.extend(keys(text, paginate, "next").map(|name| Param {
            name,
            description: "Set for each further page.".to_owned(),
        }));
    }
    params
}

/// The value of a key.
pub(super) fn get<'v>(text: &str, entries: &'v [Entry], key: &str) -> Option<&'v Value> {
    entries
        .iter()
        .find(|entry| &text[entry.key.clone()] == key)
        .and_then(|entry| entry.value.as_ref())
}

/// The entries of the mapping behind a key.
pub(super) fn map<'v>(text: &str, entries: &'v [Entry], key: &str) -> &'v [Entry] {
    match get(text, entries, key) {
        Some(Value::Map(_, entries)) => entries,
        _ => &[],
    }
}

/// The names in the mapping behind a key.
pub(super) fn keys<'v>(
    text: &'v str,
    entries: &'v [Entry],
    key: &str,
) -> impl Iterator<Item = String> + use<'v> {
    map(text, entries, key)
        .iter()
        .map(|entry| text[entry.key.clone()].to_owned())
        .filter(|name| !name.contains(super::MARK) && !name.starts_with("x-"))
}

/// The text behind a key, without its quotes.
pub(super) fn scalar(text: &str, entries: &[Entry], key: &str) -> String {
    match get(text, entries, key) {
        Some(Value::Scalar(range)) => {
            let bare = &text[outline::bare(text, range.clone())];
            let header = |line: &str| line.trim_start_matches(['|', '>', '-', '+']).is_empty();
            let body = match bare.split_once('\n') {
                Some((first, rest)) if header(first.trim()) => rest,
                _ => bare,
            };
            body.lines().map(str::trim).collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

fn inner(entry: &Entry) -> &[Entry] {
    match &entry.value {
        Some(Value::Map(_, entries)) => entries,
        _ => &[],
    }
}

/// Whether a text is meant as a manifest: it has a key `toolrun` at the top, however broken the rest is.
pub fn declares_toolrun(text: &str) -> bool {
    crate::load::is_manifest(text)
}
