//! Flags parts of an answer's schema that providers do not hold a model to.

use crate::lint::{Checked, Findings, Group, Level, Rule};
use crate::node::{Entry, Kind, Node};

pub(crate) const RULE: Rule = Rule {
    name: "output-weakened",
    group: Group::Portability,
    level: Level::Allow,
    docs: r#"Flags keywords under `agent: { output: … }` and `output` of a step that Anthropic's structured output leaves out, or that keep OpenAI's strict mode from being used. It is off unless `lints: { output-weakened: warn }` asks for it.

toolrun checks every answer against the whole schema, so nothing wrong gets through. But where the provider does not hold the model to it, an answer that does not fit costs a further turn. Say such a bound in the `description` as well. When `agent: { model: … }` names one of the two, only that one is spoken of.

Bad:

```yaml
toolrun: 1
lints: { output-weakened: warn }
agent:
  model: anthropic/claude-sonnet-4-6
  output:
    type: object
    properties: { total: { type: number }, lines: { type: array, items: { type: string }, uniqueItems: true } }
    required: [total, lines]
    additionalProperties: false
```

Good:

```yaml
toolrun: 1
lints: { output-weakened: warn }
agent:
  model: anthropic/claude-sonnet-4-6
  output:
    type: object
    properties: { total: { type: number }, lines: { type: array, items: { type: string } } }
    required: [total, lines]
    additionalProperties: false
```
"#,
    check,
};

/// A provider that holds an answer to a schema.
struct Provider {
    /// As in `agent: { model: … }`.
    name: &'static str,
    /// The keywords that it takes, sorted.
    keywords: &'static [&'static str],
    /// The formats that it takes besides those of [`FORMATS`].
    formats: &'static [&'static str],
    /// Keywords that it leaves out and that bind nothing, sorted.
    notes: &'static [&'static str],
    /// What becomes of another keyword.
    said: fn(&str) -> String,
}

const PROVIDERS: &[Provider] = &[
    Provider {
        name: "anthropic",
        keywords: &[
            "$defs",
            "$ref",
            "additionalProperties",
            "anyOf",
            "const",
            "default",
            "definitions",
            "description",
            "enum",
            "format",
            "items",
            "properties",
            "required",
            "title",
            "type",
        ],
        formats: &["uri"],
        notes: &["$comment", "$id", "$schema", "deprecated", "examples"],
        said: |keyword| format!("Anthropic does not hold an answer to `{keyword}`"),
    },
    Provider {
        name: "openai",
        keywords: &[
            "additionalProperties",
            "anyOf",
            "const",
            "description",
            "enum",
            "exclusiveMaximum",
            "exclusiveMinimum",
            "format",
            "items",
            "maxItems",
            "maximum",
            "minItems",
            "minimum",
            "multipleOf",
            "pattern",
            "properties",
            "required",
            "title",
            "type",
        ],
        formats: &[],
        notes: &[],
        said: |keyword| format!("with `{keyword}` OpenAI holds an answer to nothing of this schema"),
    },
];

/// Formats that all of them take.
const FORMATS: &[&str] = &[
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "time",
    "uuid",
];

/// Keywords that hold a schema, several by name, or several in a list.
const INNER: &[&str] = &[
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
];
const NAMED: &[&str] = &[
    "$defs",
    "definitions",
    "dependentSchemas",
    "patternProperties",
    "properties",
];
const LISTED: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    let model = checked.manifest.agent.model.as_deref();
    let named = model.and_then(|model| model.split('/').next());
    // Of a provider that is not in the table nothing is known.
    let providers = || {
        PROVIDERS
            .iter()
            .filter(|provider| named.is_none_or(|named| named == provider.name))
    };
    let agent = checked.world.files[0].decl.agent.as_ref();
    let answer = agent.and_then(|agent| agent.output);
    let workflows = checked.world.files.iter().flat_map(|file| &file.decl.workflows);
    let steps = workflows
        .flat_map(|workflow| &workflow.steps)
        .filter_map(|step| step.output);
    for schema in answer.into_iter().chain(steps) {
        each_keyword(schema, &mut |entry| {
            for provider in providers().filter(|provider| !provider.takes(entry)) {
                findings
                    .flag(entry.key.span(), (provider.said)(entry.key.as_str()))
                    .help("say it in the `description` instead, or as well: an answer that does not fit costs a further turn");
            }
        });
    }
}

impl Provider {
    fn takes(&self, entry: &Entry) -> bool {
        let key = entry.key.as_str();
        let format = match &entry.value.kind {
            Kind::Scalar(text) if key == "format" => Some(text.as_str()),
            _ => None,
        };
        let fits = format.is_none_or(|format| FORMATS.contains(&format) || self.formats.contains(&format));
        self.notes.contains(&key) || (self.keywords.contains(&key) && fits)
    }
}

/// Hands over every keyword of a schema and of those inside it. What stands
/// below one that was handed over is looked at all the same.
fn each_keyword<'n>(schema: &'n Node, found: &mut dyn FnMut(&'n Entry)) {
    let Kind::Map(entries) = &schema.kind else { return };
    for entry in entries {
        let key = entry.key.as_str();
        found(entry);
        match &entry.value.kind {
            Kind::Map(inner) if NAMED.contains(&key) => {
                inner.iter().for_each(|entry| each_keyword(&entry.value, found));
            }
            Kind::List(list) if LISTED.contains(&key) => {
                list.iter().for_each(|schema| each_keyword(schema, found));
            }
            _ if INNER.contains(&key) => each_keyword(&entry.value, found),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted() {
        assert!(PROVIDERS.is_sorted_by_key(|provider| provider.name));
        for provider in PROVIDERS {
            assert!(provider.keywords.is_sorted() && provider.notes.is_sorted());
        }
        for table in [FORMATS, INNER, NAMED, LISTED] {
            assert!(table.is_sorted());
        }
    }
}
