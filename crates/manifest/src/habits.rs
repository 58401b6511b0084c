//! What people write who know other tools, and what to write instead. Data
//! for messages: nothing here is accepted as it stands.

use crate::fields::Key;

/// A key of ours by its place, and the words that others have for it.
type Meant = (&'static str, &'static str, &'static [&'static str]);

const PARAMS: &[&str] = &[
    "parameters",
    "args",
    "arguments",
    "inputs",
    "input",
    "input_schema",
];
const DESCRIPTION: &[&str] = &["desc", "summary", "help", "doc"];

/// Places as messages name them ("tool `x`"), by their first word.
const MEANT: &[Meant] = &[
    (
        "api",
        "base_url",
        &["url", "host", "server", "endpoint", "address", "uri"],
    ),
    ("a mock", "body", &["json", "response", "result"]),
    ("`agent`", "instructions", &["system", "system_prompt", "prompt"]),
    ("param", "description", DESCRIPTION),
    ("param", "enum", &["choices", "values", "options", "allowed"]),
    ("param", "maximum", &["max"]),
    ("param", "minimum", &["min"]),
    ("param", "pattern", &["regex", "regexp"]),
    ("the manifest", "toolrun", &["version"]),
    ("the manifest", "tools", &["functions", "endpoints", "actions"]),
    ("the manifest", "vars", &["variables"]),
    ("this step", "after", &["needs", "depends_on", "depends"]),
    ("this step", "call", &["tool", "uses", "run"]),
    ("this step", "id", &["name"]),
    (
        "this step",
        "with",
        &["args", "arguments", "params", "input", "inputs"],
    ),
    ("this step", "when", &["if", "condition"]),
    (
        "tool",
        "auth",
        &["security", "authentication", "authorization", "credentials"],
    ),
    ("this test", "call", &["tool"]),
    ("this test", "with", &["args", "arguments", "params", "input"]),
    ("var", "default", &["value"]),
    ("tool", "body", &["payload", "data", "request_body"]),
    ("tool", "description", DESCRIPTION),
    ("tool", "method", &["verb", "http_method"]),
    ("tool", "params", PARAMS),
    (
        "tool",
        "url",
        &["endpoint", "uri", "path", "route", "href", "address"],
    ),
    ("workflow", "description", DESCRIPTION),
    ("workflow", "params", PARAMS),
    ("workflow", "return", &["returns", "output", "outputs", "result"]),
];

/// Keys that have no counterpart: a place, the keys, what to do.
const ADVICE: &[Meant] = &[
    (
        "`agent`",
        "the provider is the first part of `model`, as in `anthropic/claude-sonnet-4-6`",
        &["provider"],
    ),
    (
        "`agent`",
        "limits have a mapping of their own: `limits: { turns: 12, tokens: 200k }`",
        &[
            "max_turns",
            "max_steps",
            "max_tokens",
            "turns",
            "tokens",
            "timeout",
        ],
    ),
    (
        "MCP server",
        "`command` holds the arguments too: `command: [program, argument]`",
        &["args", "arguments"],
    ),
    (
        "secret",
        "values never stand in a manifest: write `env` and the name of an environment variable",
        &["value"],
    ),
    (
        "the manifest",
        "the provider is the first part of the model: `agent: { model: anthropic/claude-sonnet-4-6 }`",
        &["provider"],
    ),
    (
        "`auth`",
        "write `auth: { header: { name: X-Api-Key, secret: NAME } }`, or `query` in place of `header`",
        &["api_key", "key"],
    ),
    (
        "param",
        "remove it: where `{{ … }}` stands says where the value goes",
        &["in"],
    ),
    ("param", "remove it: the key above is the name", &["name"]),
    (
        "param",
        "make each field a param of its own, or give a JSON Schema under `schema`",
        &[
            "properties",
            "additionalProperties",
            "required",
            "$ref",
            "anyOf",
            "oneOf",
            "allOf",
        ],
    ),
    (
        "param",
        "write `optional: true` if the model may leave it out",
        &["nullable"],
    ),
    (
        "the manifest",
        "what comes from outside is declared by name: `secrets: { SHOP_KEY: env }` for a key, `vars: { shop_url: { env: SHOP_URL } }` for the rest",
        &["env", "environment"],
    ),
    (
        "tool",
        "it belongs to an api, under `apis:`; without an api, `url` holds the whole address",
        &["base_url"],
    ),
    (
        "this step",
        "what is called retries by itself (`retries` of its api); `on_error` says what an error does, `repeat` waits for a state",
        &["retry", "retries"],
    ),
    ("tool", "remove it: the key above is the name", &["name", "id"]),
    (
        "tool",
        "remove it: a param is required unless it has `optional: true` or a `default`",
        &["required"],
    ),
    (
        "tool",
        "write each property under `params:`, by its name",
        &["properties"],
    ),
];

/// Keys that are written one level too high: a place, the key they belong
/// under, and themselves.
const HOMES: &[Meant] = &[
    ("api", "auth", &["bearer", "basic", "oauth2"]),
    (
        "the manifest",
        "agent",
        &["model", "instructions", "limits", "output"],
    ),
    ("tool", "auth", &["bearer", "basic", "oauth2"]),
    ("tool", "body", &["json", "form", "multipart", "text"]),
    ("tool", "paginate", &["next", "pages"]),
    (
        "tool",
        "result",
        &["pick", "template", "max_tokens", "format", "output"],
    ),
];

/// How a missing key is written: a place, the key, an example.
const EXAMPLES: &[(&str, &str, &str)] = &[
    ("", "as", "as: item"),
    ("", "base_url", "base_url: https://api.example.com"),
    ("", "every", "every: 2s"),
    ("", "id", "id: first"),
    ("", "next", "next: link"),
    ("", "password", "password: NAME"),
    ("", "secret", "secret: NAME"),
    ("", "steps", "steps: [ { id: first, call: TOOL, with: { … } } ]"),
    ("", "times", "times: 30"),
    ("", "toolrun", "toolrun: 1"),
    ("", "until", "until: \"{{ STEP.done }}\""),
    ("`auth.header`", "name", "name: X-Api-Key"),
    ("`auth.query`", "name", "name: api_key"),
    ("tool", "description", "description: Returns …"),
    ("tool", "url", "url: https://api.example.com/…"),
    ("workflow", "description", "description: Returns …"),
];

/// What to write where a mapping was expected.
const SHAPES: &[(&str, &str)] = &[
    (
        "MCP server",
        "write `{ command: [program, argument] }`, or `{ url: https://… }`",
    ),
    ("api", "write below it, indented: `base_url: https://…`"),
    ("`auth.basic`", "write `basic: { user: …, password: NAME }`"),
    ("`items`", "write `items: { type: string }`"),
    ("`redirects`", "write `redirects: { to: [files.example] }`"),
    (
        "`repeat`",
        "write `repeat: { until: \"{{ STEP.done }}\", every: 2s, times: 60 }`",
    ),
    (
        "`body`",
        "write `body: { json: { … } }`, or `body: { text: … }` for plain text",
    ),
    ("`paginate`", "write `paginate: { next: link }`"),
    (
        "param",
        "write a type and what the value is: `{ type: string, description: … }`",
    ),
    ("`result`", "write `result: { pick: … }`"),
    ("the manifest", "start with `toolrun: 1`, then `tools:`"),
    ("tool", "write below it, indented: `description: …` and `url: …`"),
    (
        "workflow",
        "write below it, indented: `description: …` and `steps: …`",
    ),
];

/// A name without what beginners get wrong about it: case, `-`, `_`, quotes
/// of a word processor.
pub(crate) fn flat(name: &str) -> String {
    name.to_lowercase()
        .replace(['-', '_', ' ', '“', '”', '‘', '’'], "")
}

/// The key of ours that a foreign one most likely stands for.
pub(crate) fn meant(place: &str, written: &str) -> Option<&'static str> {
    find(MEANT, place, written).map(|(_, key, _)| *key)
}

/// What to do about a key that has no place where it stands.
pub(crate) fn advice(place: &str, written: &str, tool_keys: &[&[Key]]) -> Option<String> {
    if let Some((_, help, _)) = find(ADVICE, place, written) {
        return Some((*help).to_owned());
    }
    if let Some((_, home, _)) = find(HOMES, place, written) {
        return Some(format!("it belongs under `{home}`: `{home}: {{ {written}: … }}`"));
    }
    let of_tool = tool_keys
        .iter()
        .flat_map(|table| *table)
        .any(|key| key.name == written);
    if place == "the manifest" && of_tool {
        return Some(format!(
            "it belongs to a tool: write `tools:`, the tool's name below it, and `{written}:` below that"
        ));
    }
    // A text over several lines whose later line has a colon.
    written
        .trim()
        .contains(' ')
        .then(|| "if it continues the text above, quote that text as a whole, or write it after `|` and indent all its lines".to_owned())
}

/// How a missing key is written.
pub(crate) fn example(place: &str, key: &str) -> Option<&'static str> {
    EXAMPLES
        .iter()
        .find(|(of, name, _)| *name == key && is_at(of, place))
        .map(|(_, _, example)| *example)
}

/// How a mapping is written, where the list of its keys would say less.
pub(crate) fn shape(place: &str) -> Option<&'static str> {
    SHAPES
        .iter()
        .find(|(of, _)| is_at(of, place))
        .map(|(_, shape)| *shape)
}

fn find(table: &'static [Meant], place: &str, written: &str) -> Option<&'static Meant> {
    let wanted = flat(written);
    table
        .iter()
        .find(|(of, _, words)| is_at(of, place) && words.iter().any(|word| flat(word) == wanted))
}

/// Whether a place ("tool `x`") is of a kind ("tool").
fn is_at(kind: &str, place: &str) -> bool {
    kind.is_empty()
        || place
            .strip_prefix(kind)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_keys_lead_to_ours() {
        for (place, written, expected) in [
            ("tool `a`", "parameters", Some("params")),
            ("tool `a`", "inputSchema", Some("params")),
            ("api `a`", "url", Some("base_url")),
            ("the manifest", "version", Some("toolrun")),
            ("tool `a`", "colour", None),
            ("toolbox", "parameters", None),
        ] {
            assert_eq!(meant(place, written), expected, "{written}");
        }
    }

    #[test]
    fn what_others_write_is_no_key_of_ours_at_that_place() {
        for (place, key, words) in MEANT.iter().chain(HOMES) {
            let section = crate::decl::SECTIONS
                .iter()
                .find(|section| section.name == *place);
            for word in *words {
                assert!(
                    section.is_none_or(|section| section.key(word).is_none()),
                    "{place}.{word}"
                );
                assert_ne!(word, key, "{place}");
            }
        }
    }
}
