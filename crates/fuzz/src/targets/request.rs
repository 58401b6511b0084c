//! The renderer: a value fills its slot and nothing else, in paths, queries,
//! headers and bodies, or is refused by a rule of its slot with the param's
//! name; a URL template of any text makes requests of one shape.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use toolrun_manifest::{
    Endpoint, HttpEndpoint, Manifest, Piece, ReadInclude, RenderError, RenderedBody, RenderedRequest, Scope,
    load,
};

use super::{arguments, first_line, outcome, text};
use crate::oracle::{Parts, assert_reads, assert_stays, parts};

pub(super) const TOKENS: &[&str] = &[
    ".",
    "..",
    "/",
    "\\",
    ";",
    "?",
    "#",
    "&",
    "=",
    "@",
    ":",
    "%",
    "%2e",
    "%2f",
    "%252e",
    "%5c",
    "%u002e",
    "%c0%ae",
    "\r\n",
    "\t",
    "\0",
    "\u{ff0e}",
    "\u{2024}",
    "\u{2025}",
    "\u{200b}",
    "\u{feff}",
    "{{ s }}",
    "[]",
    "]",
    "é",
    "日本",
    "👩‍🚀",
    "\u{10ffff}",
];

pub(super) const TEMPLATE_TOKENS: &[&str] = &[
    "http://",
    "https://",
    "{{ s }}",
    "{{ s | default('x') }}",
    "{{ s | upper }}",
    "{{ s | join('/') }}",
    "{{ s ~ '/..' }}",
    "{{ 'a' if s else 'b' }}",
    "{{ call.id }}",
    "{{ now }}",
    "{{",
    "}}",
    "/",
    "//",
    "?",
    "&",
    "=",
    "#",
    "@",
    ":",
    "..",
    ".",
    "%2e",
    "%",
    "\\",
    "[::1]",
    "127.0.0.1",
    "h.example",
    "\n",
    "é",
    " ",
    "\t",
];

/// The word in whose place a value stands.
const WORD: &str = "plainword";

const MANIFEST: &str = r#"
toolrun: 1
tools:
  middle:
    description: Stands for a tool with values in the middle of a path.
    params: { s: { type: string, description: The value } }
    url: https://h.example:8443/v1/{{ s }}/x/pre-{{ s }}/end?fixed=1
  last:
    description: Stands for a tool with a value at the end of a path.
    params: { s: { type: string, description: The value } }
    url: https://h.example/{{ s }}
  query:
    description: Stands for a tool with values in a query.
    params: { s: { type: string, description: The value } }
    url: https://h.example/q?a={{ s }}&fixed=1&m=z:{{ s }}
    query: { more: "{{ s }}" }
  header:
    description: Stands for a tool with a value as a header.
    params: { s: { type: string, description: The value } }
    url: https://h.example/h
    headers: { X-Slot: "{{ s }}" }
  mixed:
    description: Stands for a tool with a value inside of a header.
    params: { s: { type: string, description: The value } }
    url: https://h.example/h
    headers: { X-Slot: "v={{ s }};" }
  json:
    description: Stands for a tool with a body in JSON.
    params: &params
      s: { type: string, optional: true, description: Some text }
      i: { type: integer, optional: true, description: A count }
      x: { type: number, optional: true, description: An amount }
      b: { type: boolean, optional: true, description: A choice }
      l: { type: array, items: { type: integer }, optional: true, description: Counts }
      m: { type: map, optional: true, description: By name }
    method: POST
    url: https://h.example/j
    body: { json: { s: "{{ s }}", i: "{{ i }}", x: "{{ x }}", b: "{{ b }}", l: "{{ l }}", m: "{{ m }}", fixed: [1] } }
  form:
    description: Stands for a tool with a form as its body.
    params: *params
    method: POST
    url: https://h.example/f
    body: { form: { s: "{{ s }}", i: "{{ i }}", x: "{{ x }}", b: "{{ b }}", l: "{{ l }}", m: "{{ m }}", fixed: "1" } }
"#;

struct Nothing;

impl ReadInclude for Nothing {
    fn read(&self, _: &str, _: &str) -> Result<(String, String), String> {
        Err("nothing is included here".to_owned())
    }
}

static TOOLS: LazyLock<Manifest> = LazyLock::new(|| {
    let loaded = load("slots.yaml", MANIFEST.to_owned(), &Nothing);
    loaded
        .manifest
        .unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
});

/// The request of each tool with the word in its slots.
static HARMLESS: LazyLock<BTreeMap<&'static str, Parts>> = LazyLock::new(|| {
    let tools = ["middle", "last", "query"];
    tools
        .map(|tool| {
            (
                tool,
                parts(render(tool, &one(WORD)).expect("a word").url.as_str()),
            )
        })
        .into()
});

/// What became of a value in each kind of slot.
#[cfg(test)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    /// Whether it was sent in the middle of a path, and at its end.
    pub(crate) paths: [bool; 2],
    /// Whether it was sent as a header.
    pub(crate) header: bool,
}

/// Puts a value into every slot; panics when a server would read anything but
/// the value in its place, or when an honest value is refused.
#[cfg(test)]
pub(crate) fn every_slot(value: &str) -> Sent {
    in_query(value);
    in_bodies(value);
    Sent {
        paths: ["middle", "last"].map(|tool| in_path(tool, value)),
        header: in_header("header", value),
    }
}

pub(super) fn url(input: &[u8]) -> u64 {
    let value = text(input);
    in_query(&value);
    outcome(["middle", "last"].map(|tool| in_path(tool, &value)))
}

pub(super) fn header(input: &[u8]) -> u64 {
    let value = text(input);
    outcome(["header", "mixed"].map(|tool| in_header(tool, &value)))
}

pub(super) fn body(input: &[u8]) -> u64 {
    let written = text(input);
    let Some(args) = arguments::checked(&written) else {
        in_bodies(&written);
        return outcome("a text");
    };
    let mut args = args.as_map().clone();
    args.retain(|name, _| !["e", "o"].contains(&name.as_str()));
    in_json(&args);
    in_form(&args);
    outcome(args.keys().collect::<Vec<_>>())
}

pub(super) fn template(input: &[u8]) -> u64 {
    let whole = text(input);
    let (url, value) = first_line(&whole);
    let manifest = format!(
        "toolrun: 1\ntools:\n  t:\n    description: Stands for a tool with a URL of any text.\n    \
         params: {{ s: {{ type: string, description: The value }} }}\n    url: {}\n",
        json!(url)
    );
    let loaded = load("any.yaml", manifest, &Nothing);
    let Some(manifest) = loaded.manifest else {
        return outcome(
            loaded
                .diagnostics
                .iter()
                .map(|diagnostic| diagnostic.code)
                .collect::<Vec<_>>(),
        );
    };
    let endpoint = endpoint(&manifest, "t");
    let (harmless, own) = (filled(endpoint, &one(WORD)), filled(endpoint, &one(value)));
    let (Ok(harmless), Ok(own)) = (harmless, own) else {
        return outcome("refused");
    };
    assert_eq!(
        (own.url.username(), own.url.password(), own.url.fragment()),
        ("", None, None),
        "{url:?}"
    );
    let (harmless, own) = (parts(harmless.url.as_str()), parts(own.url.as_str()));
    let declared = endpoint.url.origin_literal().expect("only vars make an origin");
    assert_eq!(
        (own.origin.as_str(), harmless.origin.as_str()),
        (declared, declared),
        "{url:?}"
    );
    assert_eq!(own.segments.len(), harmless.segments.len(), "{url:?} {value:?}");
    for ((key, _), literal) in own.pairs.iter().zip(endpoint.url.query_keys()) {
        assert_eq!(key, literal, "{url:?} {value:?}");
    }
    outcome((own.segments.len().min(9), own.pairs.len().min(9)))
}

fn one(value: &str) -> Map<String, Value> {
    Map::from_iter([("s".to_owned(), value.into())])
}

fn endpoint<'m>(manifest: &'m Manifest, tool: &str) -> &'m HttpEndpoint {
    let tool = manifest
        .tools
        .iter()
        .find(|candidate| candidate.name == tool)
        .expect("the tool");
    match &tool.endpoint {
        Endpoint::Http(endpoint) => endpoint,
        Endpoint::Mcp(_) => panic!("a tool with a request"),
    }
}

fn render(tool: &str, args: &Map<String, Value>) -> Result<RenderedRequest, RenderError> {
    filled(endpoint(&TOOLS, tool), args)
}

fn filled(endpoint: &HttpEndpoint, args: &Map<String, Value>) -> Result<RenderedRequest, RenderError> {
    endpoint.render(&Scope {
        params: args,
        vars: &BTreeMap::new(),
        call_id: "call-1",
        now: Timestamp::UNIX_EPOCH,
    })
}

/// So long that the URL as a whole may be refused.
fn is_long(value: &str) -> bool {
    value.len() > 7_000
}

fn in_path(tool: &str, value: &str) -> bool {
    let request = match render(tool, &one(value)) {
        Ok(request) => request,
        Err(problem) if problem.rule == "url-too-long" && is_long(value) => return false,
        Err(problem) => {
            assert_eq!(problem.param.as_deref(), Some("s"), "{problem:?} {value:?}");
            assert!(
                ["path-dot-segment", "path-empty-segment"].contains(&problem.rule),
                "{problem:?} {value:?}"
            );
            assert!(may_lead_elsewhere(value), "{value:?} is honest: {problem:?}");
            return false;
        }
    };
    same_shape(&request, &HARMLESS[tool], value);
    true
}

/// Only what has a dot, an escape or an end of text in it, or nothing at all.
fn may_lead_elsewhere(value: &str) -> bool {
    let dots = ".%\0\u{2024}\u{2025}\u{fe52}\u{3002}\u{ff61}\u{ff0e}\u{ff05}\u{fe6a}";
    value.chars().any(|character| dots.contains(character)) || value.trim().is_empty()
}

fn in_query(value: &str) {
    match render("query", &one(value)) {
        Ok(request) => same_shape(&request, &HARMLESS["query"], value),
        Err(problem) => assert!(
            problem.rule == "url-too-long" && is_long(value),
            "{problem:?} {value:?}"
        ),
    }
}

#[track_caller]
fn same_shape(request: &RenderedRequest, declared: &Parts, value: &str) {
    let own = parts(request.url.as_str());
    assert!(request.headers.is_empty() && request.secret_query.is_empty() && request.body.is_none());
    assert_eq!(own.origin, declared.origin);
    assert_eq!(own.segments.len(), declared.segments.len(), "{value:?}");
    for (own, declared) in own.segments.iter().zip(&declared.segments) {
        if declared.contains(WORD) {
            assert_reads(own, declared, WORD, value);
            assert_stays(own);
        } else {
            assert_eq!(own, declared, "{value:?}");
        }
    }
    assert_eq!(own.pairs.len(), declared.pairs.len(), "{value:?}");
    for ((key, own), (declared_key, declared)) in own.pairs.iter().zip(&declared.pairs) {
        assert_eq!(key, declared_key);
        assert_reads(own, declared, WORD, value);
    }
}

fn in_header(tool: &str, value: &str) -> bool {
    let control = value
        .chars()
        .any(|character| character != '\t' && character.is_control());
    let edges = tool == "header" && (value.starts_with([' ', '\t']) || value.ends_with([' ', '\t']));
    match render(tool, &one(value)) {
        Ok(request) => {
            assert!(!control && !edges, "{value:?} was sent");
            let text = if tool == "header" {
                value.to_owned()
            } else {
                format!("v={value};")
            };
            assert_eq!(request.headers, [("X-Slot".to_owned(), vec![Piece::Text(text)])]);
            assert_eq!(request.url.as_str(), "https://h.example/h");
            true
        }
        Err(problem) => {
            assert!(control || edges, "{value:?} is honest: {problem:?}");
            assert_eq!(problem.param.as_deref(), Some("s"));
            false
        }
    }
}

fn in_bodies(value: &str) {
    let args = one(value);
    in_json(&args);
    in_form(&args);
}

fn in_json(args: &Map<String, Value>) {
    let request = render("json", args).expect("any value stands in JSON");
    let Some(RenderedBody::Json(body)) = request.body else {
        panic!("a JSON body")
    };
    let read: Value = serde_json::from_str(&body.to_string()).expect("JSON");
    let mut expected = args.clone();
    expected.insert("fixed".to_owned(), json!([1]));
    assert_eq!(read, Value::Object(expected));
}

fn in_form(args: &Map<String, Value>) {
    let request = render("form", args).expect("any value stands in a form");
    let Some(RenderedBody::Form(pairs)) = request.body else {
        panic!("a form")
    };
    let encoded = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&pairs)
        .finish();
    let read: Vec<(String, String)> = url::form_urlencoded::parse(encoded.as_bytes())
        .into_owned()
        .collect();
    assert_eq!(read, pairs);
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut expected = Vec::new();
    for name in ["s", "i", "x", "b", "l", "m"] {
        match args.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::Array(items)) => {
                expected.extend(items.iter().map(|item| (name.to_owned(), plain(item))))
            }
            Some(Value::Object(map)) => expected.extend(
                map.iter()
                    .map(|(key, value)| (format!("{name}[{key}]"), plain(value))),
            ),
            Some(value) => expected.push((name.to_owned(), plain(value))),
        }
    }
    expected.push(("fixed".to_owned(), "1".to_owned()));
    assert_eq!(read, expected);
}
