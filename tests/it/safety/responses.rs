//! B03–B12: hostile responses, and hostile streams of a model. Each ends with
//! a typed error or a documented result, in time, in little memory, with no
//! byte of ours or theirs where it must not be.

mod bombs;
mod logins;
mod redirects;
mod size;
mod slow;
mod streams;
mod terminal;
mod types;
mod unicode;

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::fault_server::{FaultServer, Part, answer, text};
use crate::support::llm::{Llm, Turn, call as turn};
use crate::support::measure::{Cost, MIB, figure};
use crate::support::program::{Ended, Program, toolrun};

/// The api's key, to be looked for where it must not be.
const KEY: &str = "canary-api-91e6c0d4";
/// After so long a child is killed and its test fails.
const LONGEST: Duration = Duration::from_secs(60);
/// The processor time that is given over the baseline. The figure published is
/// that of a release build; this one runs without optimisation.
const CPU: Duration = Duration::from_secs(2);
/// The same for a model's stream of hundreds of thousands of events, each of
/// which takes a tenth of the time where the code is optimised.
const STREAM_CPU: Duration = Duration::from_secs(if cfg!(debug_assertions) { 8 } else { 2 });
/// What one answer of a server may cost in memory over the baseline.
const ANSWER: u64 = 32 * MIB;
/// What anything may.
const ANYTHING: u64 = 64 * MIB;

const MANIFEST: &str = r#"toolrun: 1
name: hostile
secrets:
  KEY: env
vars:
  api_url: { env: API_URL, default: "http://127.0.0.1:9" }
apis:
  api:
    base_url: "{{ vars.api_url }}"
    auth: { bearer: KEY }
    timeout: TIMEOUT
    retries: 0
    MORE
tools:
  get:
    api: api
    description: Gets the thing that the server has, whatever it is.
    url: /get
  put:
    api: api
    description: Puts a text where the server keeps its texts.
    params:
      text: { type: string, description: The text }
    method: POST
    url: /put
    body: { json: { text: "{{ text }}" } }
"#;

/// The manifest with that deadline and those further lines of the api.
fn manifest(timeout: &str, more: &str) -> String {
    MANIFEST.replace("TIMEOUT", timeout).replace("MORE", more)
}

/// `toolrun call m.yaml get` against that server.
fn call(server: &FaultServer) -> Program {
    call_of(server, "get", &manifest("20s", ""))
}

fn call_of(server: &FaultServer, words: &str, manifest: &str) -> Program {
    toolrun(&format!("call m.yaml {words}"))
        .file("m.yaml", manifest)
        .env("API_URL", &server.url())
        .env("KEY", KEY)
}

/// `toolrun run m.yaml Go` with that model's server and that api's.
fn run(model: &str, api: &FaultServer) -> Program {
    run_with("openai/m", model, api)
}

fn run_with(name: &str, model: &str, api: &FaultServer) -> Program {
    toolrun("run m.yaml Go --model")
        .arg(name)
        .arg("--base-url")
        .arg(format!("{model}/v1"))
        .file("m.yaml", &manifest("20s", ""))
        .env("API_URL", &api.url())
        .env("KEY", KEY)
        .env("OPENAI_API_KEY", "canary-model-5b0a")
        .env("ANTHROPIC_API_KEY", "canary-model-5b0a")
}

/// What a model is told of the one answer of that server.
fn told(api: &FaultServer) -> String {
    let llm = Llm::start(vec![turn("get", &json!({})), Turn::Say("Done.")]);
    run(&llm.server.url(), api).run().exits(0);
    let messages = llm.asked()[1]["messages"].clone();
    let messages = messages.as_array().expect("messages");
    let last = messages.last().expect("the result");
    last["content"].as_str().expect("a text").to_owned()
}

/// What a model is told of an answer of 200.
fn told_of(headers: &[&str], body: &[u8]) -> String {
    told(&FaultServer::always(answer("200 OK", headers, body)))
}

/// The cost of a call that is answered well.
fn call_baseline() -> Cost {
    static COST: OnceLock<Cost> = OnceLock::new();
    *COST.get_or_init(|| {
        let (ended, cost) = call(&FaultServer::always(json_answer("{}"))).measured(LONGEST);
        ended.exits(0);
        cost
    })
}

/// The cost of a run that is answered well.
fn run_baseline() -> Cost {
    static COST: OnceLock<Cost> = OnceLock::new();
    *COST.get_or_init(|| {
        let api = FaultServer::always(json_answer("{}"));
        let model = FaultServer::always(stream(&[&said("Hello."), &finish()]));
        let (ended, cost) = run(&model.url(), &api).measured(LONGEST);
        ended.exits(0);
        cost
    })
}

fn json_answer(body: &str) -> Vec<Part> {
    answer("200 OK", &["Content-Type: application/json"], body.as_bytes())
}

/// A model's stream of these events, closed at its end.
fn stream(events: &[&str]) -> Vec<Part> {
    let mut parts = vec![text(STREAM_HEAD)];
    parts.extend(events.iter().map(|event| text(*event)));
    parts
}

const STREAM_HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

/// A piece of an answer's text.
fn said(words: &str) -> String {
    delta(&json!({ "content": words }), None)
}

/// The end of a turn.
fn finish() -> String {
    format!("{}data: [DONE]\n\n", delta(&json!({}), Some("stop")))
}

fn delta(delta: &Value, finish: Option<&str>) -> String {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
    format!(
        "data: {}\n\n",
        json!({ "object": "chat.completion.chunk", "choices": [choice] })
    )
}

/// Asserts that it did not end by a signal or a panic; an abort has no code.
#[track_caller]
fn sound(what: &str, ended: &Ended) {
    let (code, stderr) = (ended.code, &ended.stderr);
    assert!(
        matches!(code, Some(0..=6)) && !stderr.contains("panicked"),
        "{what}: {code:?}\n{stderr}"
    );
    assert!(
        !stderr.contains(KEY) && !ended.stdout.contains(KEY),
        "{what}: the key is shown"
    );
}
