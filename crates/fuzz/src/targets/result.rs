//! Answers of tools: whatever a server says, what a model reads of it has no
//! hidden or control character, is no longer than was asked for, stays JSON
//! where it was JSON, and is not changed by being cleaned again.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream;
use serde_json::Value;
use toolrun_http::{HttpError, Redactor, Request, Response, Transport};
use toolrun_manifest::{Policy, ReadInclude, load};
use toolrun_runner::{AllowWrites, FlowPolicy, Limits, NobodyToAsk, Returned, Session, Setup, Stop};

use super::{first_line, outcome, text, waiting};

pub(super) const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ",",
    ":",
    "{\"items\":[",
    "null",
    "1e400",
    "123456789012345678901234567890",
    "\\u001b[31m",
    "\\u202e",
    "\\ud800",
    "<p>",
    "</p>",
    "<script>",
    "<!--",
    "&lt;",
    "&#0;",
    "&#x1b;",
    "a,b\n",
    "\"\"",
    "\r\n",
    "\n",
    "\u{feff}",
    "\u{1b}]8;;x\u{7}",
    "\u{9b}",
    "\u{200b}",
    "\u{e0041}",
    "é",
    "日本語",
    "0 200 text/plain",
    "1 200 application/json",
    "2 200 text/csv",
    "3 200 text/html",
    "4 200 application/json",
    "5 404 text/plain",
    "application/x-ndjson",
    "charset=iso-8859-1",
];

pub(super) const HIDDEN: &[&str] = &[
    "\u{1b}[2J",
    "\u{1b}]52;c;",
    "\u{9b}",
    "\u{8}",
    "\r",
    "\r\n",
    "\u{85}",
    "\u{2028}",
    "\u{200b}",
    "\u{200c}",
    "\u{200d}",
    "\u{200e}",
    "\u{200f}",
    "\u{61c}",
    "\u{202a}",
    "\u{202e}",
    "\u{2066}",
    "\u{2069}",
    "\u{2060}",
    "\u{feff}",
    "\u{ad}",
    "\u{e0001}",
    "\u{e0041}",
    "\u{e007f}",
    "\u{fe0e}",
    "\u{fe0f}",
    "\u{fe00}",
    "\u{e0100}",
    "\u{180b}",
    "\u{1f3f4}",
    "\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "👩",
    "❤",
    "1",
    "#",
    "क",
    "م",
    "א",
    "葛",
    "ᠠ",
    "a",
    " ",
    "\n",
];

const MANIFEST: &str = r#"
toolrun: 1
tools:
  t0:
    description: Stands for a tool whose answer is read as it is.
    url: http://127.0.0.1:9/a
    retries: 0
    result: { max_tokens: 20000 }
  t1:
    description: Stands for a tool of which a part is picked.
    url: http://127.0.0.1:9/a
    retries: 0
    result: { pick: "items[].{id: id, name: name}", max_tokens: 60 }
  t2:
    description: Stands for a tool that answers with a table.
    url: http://127.0.0.1:9/a
    retries: 0
    result: { format: csv, max_tokens: 60 }
  t3:
    description: Stands for a tool that answers with a page.
    url: http://127.0.0.1:9/a
    retries: 0
    result: { max_tokens: 60 }
  t4:
    description: Stands for a tool whose answer is worded by a template.
    url: http://127.0.0.1:9/a
    retries: 0
    result:
      template: "{% for item in result.items %}{{ item }};{% endfor %}{{ response.status }}"
      max_tokens: 60
  t5:
    description: Stands for a tool that says what its errors mean.
    url: http://127.0.0.1:9/a
    retries: 0
    error_if: "{{ response.body.error is defined }}"
    errors: { 404: There is none., 5xx: Try again later. }
"#;

/// Tools above.
const TOOLS: usize = 6;
/// Tokens of most of them, in bytes of ASCII, and what toolrun may add.
const MOST: usize = 60 * 4 + 64;

struct Nothing;

impl ReadInclude for Nothing {
    fn read(&self, _: &str, _: &str) -> Result<(String, String), String> {
        Err("nothing is included here".to_owned())
    }
}

/// What the server says next.
#[derive(Default)]
struct Server(Mutex<(u16, String, Vec<u8>)>);

impl Transport for Server {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        let (status, media, body) = self.0.lock().expect("no panic").clone();
        Box::pin(async move {
            Ok(Response {
                status,
                headers: vec![("content-type".to_owned(), media)],
                url: request.url,
                attempts: 1,
                body: Box::pin(stream::iter([Ok(Bytes::from(body))])),
            })
        })
    }
}

struct Stage {
    server: Arc<Server>,
    session: Session,
}

thread_local! {
    static STAGE: RefCell<Stage> = RefCell::new(stage());
}

fn stage() -> Stage {
    let loaded = load("tools.yaml", MANIFEST.to_owned(), &Nothing);
    let server = Arc::new(Server::default());
    let base: Arc<dyn Transport> = Arc::<Server>::clone(&server);
    let connect = move |_: &Policy| -> Result<Arc<dyn Transport>, HttpError> { Ok(Arc::clone(&base)) };
    let session = Session::new(Setup {
        manifest: loaded
            .manifest
            .unwrap_or_else(|| panic!("{:?}", loaded.diagnostics)),
        vars: BTreeMap::new(),
        connect: Arc::new(connect),
        redactor: Redactor::default(),
        approver: Arc::new(NobodyToAsk),
        allow_writes: AllowWrites::None,
        flows: FlowPolicy::default(),
        limits: Limits::default(),
        offered: None,
        files: None,
        observers: Vec::new(),
        stop: Stop::default(),
    });
    Stage {
        server,
        session: session.expect("a session"),
    }
}

fn call(tool: usize, status: u16, media: &str, body: &[u8]) -> Returned {
    STAGE.with_borrow_mut(|stage| {
        *stage.server.0.lock().expect("no panic") = (status, media.to_owned(), body.to_vec());
        waiting(stage.session.call(&format!("t{tool}"), "{}")).expect("a result, of whatever kind")
    })
}

pub(super) fn clean(input: &[u8]) -> u64 {
    let once = call(0, 200, "text/plain", input).payload.unwrap_or_default();
    assert_shown(&once);
    let twice = call(0, 200, "text/plain", once.as_bytes())
        .payload
        .unwrap_or_default();
    assert_eq!(once, twice, "cleaning twice changes more");
    outcome((once.is_empty(), once.as_bytes() == input))
}

pub(super) fn shape(input: &[u8]) -> u64 {
    let end = input
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(input.len());
    let line = text(&input[..end]);
    let body = input.get(end + 1..).unwrap_or_default();
    let (line, _) = first_line(&line);
    let mut words = line.splitn(3, ' ');
    let tool = words
        .next()
        .and_then(|word| word.parse::<usize>().ok())
        .unwrap_or_default()
        % TOOLS;
    let status = words
        .next()
        .and_then(|word| word.parse::<u16>().ok())
        .filter(|status| (200..600).contains(status))
        .unwrap_or(200);
    let media = words.next().unwrap_or("application/json");
    let returned = call(tool, status, media, body);
    for words in [&returned.head, &returned.payload, &Some(returned.content.clone())]
        .into_iter()
        .flatten()
    {
        assert_shown(words);
    }
    let payload = returned.payload.as_deref().unwrap_or_default();
    if (1..=4).contains(&tool) && status < 300 {
        assert!(
            payload.len() <= MOST,
            "{} bytes for 60 tokens: {payload:?}",
            payload.len()
        );
        let structured = matches!(returned.value, Some(Value::Array(_) | Value::Object(_)));
        if structured && tool != 4 {
            assert!(
                serde_json::from_str::<Value>(payload).is_ok(),
                "no longer JSON: {payload:?}"
            );
        }
    }
    outcome((
        tool,
        returned.is_error,
        returned.status,
        returned.left_out.len().min(3),
        payload.is_empty(),
        returned.head.is_some(),
    ))
}

/// Nothing in it acts on a terminal or hides from a reader.
#[track_caller]
fn assert_shown(words: &str) {
    let wrong = words.chars().find(|character| match character {
        '\n' | '\t' => false,
        '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{ad}' | '\u{2028}' | '\u{2029}' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        other => other.is_control(),
    });
    assert_eq!(wrong, None, "{words:?}");
}
