//! Many calls in one process: a scripted model asks for all of them in one
//! turn, and each is matched with the one request that it became, or with the
//! words in which it was refused.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::wire::{self, WORD, Wire};
use crate::support::http_server::{HttpServer, Reply};
use crate::support::llm::{Llm, Turn};
use crate::support::program::toolrun;

/// A slot of every kind in places of every kind. Each request carries the
/// number of its call in `X-Case`.
pub(super) const MANIFEST: &str = r#"toolrun: 1
name: slots
vars: { base: { env: BASE, default: "http://127.0.0.1:9" } }
apis:
  s:
    base_url: "{{ vars.base }}"
    headers: { X-Case: "{{ n }}" }
    retries: 0
    concurrency: 16
tools:
"#;

/// A tool's name and its own lines of the manifest.
const TOOLS: &[(&str, &str)] = &[
    ("last", "url: '/v1/{{ s }}'"),
    ("middle", "url: '/v1/{{ s }}/items?fixed=1'"),
    ("root", "url: '/{{ s }}'"),
    ("beside", "url: '/v1/pre-{{ s }}'"),
    ("twice", "url: '/v1/{{ s }}/{{ s }}/end'"),
    ("remove", "method: DELETE\n    url: '/v1/{{ s }}'"),
    ("remove_part", "method: DELETE\n    url: '/v1/{{ s }}/part'"),
    (
        "search",
        "url: '/v1/search?fixed=1&q={{ s }}&mixed=<{{ s }}>'\n    query: { more: '{{ s }}' }",
    ),
    ("header", "url: /v1/h\n    headers: { X-Slot: '{{ s }}' }"),
    (
        "mixed_header",
        "url: /v1/h\n    headers: { X-Slot: 'v={{ s }};' }",
    ),
    ("cookie", "url: /v1/h\n    headers: { Cookie: 'a={{ s }}; b=1' }"),
    (
        "json",
        "method: POST\n    effect: read\n    url: /v1/j\n    body: { json: { s: '{{ s }}', fixed: [1] } }",
    ),
];

/// One call that the model asks for.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    tool: &'static str,
    /// The fields of the arguments, as text between the braces.
    fields: String,
}

impl Ask {
    /// A call with `s` as its argument.
    pub(super) fn with(tool: &'static str, value: &str) -> Self {
        Self::of(tool, format!("\"s\":{}", json!(value)))
    }

    /// A call with fields as they stand between the braces.
    pub(super) fn of(tool: &'static str, fields: impl Into<String>) -> Self {
        let fields = fields.into();
        Self { tool, fields }
    }
}

/// What became of a call.
#[derive(Debug, Clone)]
pub(super) enum Became {
    /// Exactly one request.
    Sent(Wire),
    /// No request: what the model was told.
    Refused(Value),
}

impl Became {
    /// The rule that refused it.
    pub(super) fn rule(&self) -> Option<&str> {
        match self {
            Self::Sent(_) => None,
            Self::Refused(words) => words["rule"].as_str().or(words["error"].as_str()),
        }
    }
}

/// The manifest with the tools above.
pub(super) fn slots() -> String {
    let tool = |(name, lines): &(&str, &str)| {
        format!(
            "  {name}:\n    api: s\n    description: Stands for a tool whose request has slots of one kind.\n    \
             params:\n      n: {{ type: integer, description: The number of the case }}\n      \
             s: {{ type: string, maxLength: 200000, description: The value of the slot }}\n    {lines}\n"
        )
    };
    let tools: String = TOOLS.iter().map(tool).collect();
    format!("{MANIFEST}{tools}")
}

/// Calls of one turn, and of one process.
const AT_ONCE: usize = 1_000;

/// Lets a model ask for every call; what became of each, in order.
pub(super) fn fire(manifest: &str, asks: &[Ask]) -> Vec<Became> {
    let server = HttpServer::start(|_, _| Reply::json(200, "{}"));
    let mut became: Vec<Option<Became>> = vec![None; asks.len()];
    let mut first = 0;
    for asks in asks.chunks(AT_ONCE) {
        for (number, words) in turn(manifest, &server, asks) {
            became[first + number] = Some(Became::Refused(words));
        }
        let sent = server.recorded();
        for recorded in &sent[became[..first].iter().filter(|became| is_sent(became)).count()..] {
            let wire = wire::read(recorded).unwrap_or_else(|fault| panic!("{fault}: {recorded:?}"));
            let number = case_of(&wire);
            let before = became[first + number].replace(Became::Sent(wire));
            assert!(before.is_none(), "{:?} was sent and {before:?}", asks[number]);
        }
        first += asks.len();
    }
    let known = became.into_iter().zip(asks);
    known
        .map(|(became, ask)| became.unwrap_or_else(|| panic!("nothing became of {ask:?}")))
        .collect()
}

fn is_sent(became: &Option<Became>) -> bool {
    matches!(became, Some(Became::Sent(_)))
}

/// Asks for some calls in one turn: the refused ones by number, and what the
/// model was told.
fn turn(manifest: &str, server: &HttpServer, asks: &[Ask]) -> BTreeMap<usize, Value> {
    let calls = asks.iter().enumerate().map(|(number, ask)| {
        let fields = Some(&ask.fields).filter(|fields| !fields.is_empty());
        let fields = fields.map_or(String::new(), |fields| format!(",{fields}"));
        (ask.tool, format!("{{\"n\":{number}{fields}}}"))
    });
    let llm = Llm::start(vec![Turn::Call("", calls.collect()), Turn::Say("done")]);
    let writes = match manifest.contains("  remove:") {
        true => "--allow-writes=remove,remove_part",
        false => "",
    };
    let ended = toolrun(&format!(
        "run m.yaml go --model openai/scripted --events e.jsonl {writes}"
    ))
    .arg("--limit=calls=1000000")
    .arg("--limit=tokens=1000M")
    .arg("--base-url")
    .arg(llm.base_url())
    .file("m.yaml", manifest)
    .env("OPENAI_API_KEY", "k")
    .env("BASE", &server.url())
    .run()
    .exits(0)
    .prints("done\n");
    refused(&ended.read("e.jsonl"))
}

/// The one number in the one header that carries it.
fn case_of(wire: &Wire) -> usize {
    let of_case: Vec<_> = wire.headers.iter().filter(|(name, _)| name == "x-case").collect();
    let [(_, digits)] = of_case.as_slice() else {
        panic!("{} numbers in {wire:?}", of_case.len());
    };
    String::from_utf8_lossy(digits).parse().expect("a number")
}

/// The rejected calls by number, and what the model was told.
fn refused(events: &str) -> BTreeMap<usize, Value> {
    let read = |line: &str| -> Value { serde_json::from_str(line).expect("an event") };
    let rejected = events
        .lines()
        .map(read)
        .filter(|event| event["event"] == "tool.rejected");
    let entry = |event: Value| {
        let (_, number) = event["call"]
            .as_str()
            .and_then(|id| id.rsplit_once('_'))
            .expect("an id");
        let words = event["content"].as_str().expect("words");
        let words = serde_json::from_str(words).unwrap_or_else(|error| panic!("{error}: {words}"));
        (number.parse().expect("a number"), words)
    };
    rejected.map(entry).collect()
}

/// Puts every value into the slot of every tool: each call is refused with
/// the param's name, or is the tool's harmless request with the value in its
/// place. What became of them, by tool and value.
#[track_caller]
pub(super) fn hold<'v>(tools: &[&'static str], values: &[&'v str]) -> Vec<(&'static str, &'v str, Became)> {
    let mut asks: Vec<Ask> = tools.iter().map(|tool| Ask::with(tool, WORD)).collect();
    let pairs = || {
        tools
            .iter()
            .flat_map(|tool| values.iter().map(move |value| (*tool, *value)))
    };
    asks.extend(pairs().map(|(tool, value)| Ask::with(tool, value)));
    let mut became = fire(&slots(), &asks);
    let shots = became.split_off(tools.len());
    let harmless: BTreeMap<&str, Wire> = tools
        .iter()
        .zip(became)
        .map(|(tool, became)| match became {
            Became::Sent(wire) => (*tool, wire),
            Became::Refused(words) => panic!("{tool} refuses a word: {words}"),
        })
        .collect();
    let mut faults = Vec::new();
    let mut outcomes = Vec::new();
    for ((tool, value), became) in pairs().zip(shots) {
        let fault = match &became {
            Became::Sent(wire) => wire.is(&harmless[tool], value).err(),
            Became::Refused(words) => (!names_the_param(words)).then(|| words.to_string()),
        };
        faults.extend(fault.map(|fault| format!("{tool} {value:?}: {fault}")));
        outcomes.push((tool, value, became));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    outcomes
}

fn names_the_param(words: &Value) -> bool {
    let problems = words["problems"].as_array();
    let places = problems.into_iter().flatten().map(|problem| &problem["at"]);
    words["parameter"] == "s"
        || places
            .clone()
            .any(|at| at.as_str().is_some_and(|at| at.starts_with("/s")))
}

/// Every one of these outcomes is a refusal, or none is.
#[track_caller]
pub(super) fn all<'a>(
    outcomes: impl IntoIterator<Item = &'a (&'static str, &'a str, Became)>,
    rule: Option<&str>,
) {
    let other: Vec<String> = outcomes
        .into_iter()
        .filter(|(_, _, became)| became.rule() != rule)
        .map(|(tool, value, became)| format!("{tool} {value:?}: {:?}", became.rule()))
        .collect();
    assert!(other.is_empty(), "expected {rule:?}:\n{}", other.join("\n"));
}
