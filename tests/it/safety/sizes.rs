//! A13: arguments of any size end in an error that names the parameter and
//! the bound, at once and in little memory.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::http_server::{HttpServer, Reply};
use crate::support::llm::{Llm, Turn};
use crate::support::measure::MIB;
use crate::support::program::{Program, toolrun};

const MANIFEST: &str = r#"toolrun: 1
vars:
  base: { default: "http://127.0.0.1:9" }
apis:
  sink: { base_url: "{{ vars.base }}", retries: 0 }
tools:
  look_up:
    api: sink
    description: Looks up entries of the register by words and numbers.
    params:
      words: { type: string, optional: true, description: What to look for }
      long: { type: string, maxLength: 100000, optional: true, description: A long text to look for }
      list: { type: array, items: { type: integer }, optional: true, description: Numbers of entries }
      many: { type: array, items: { type: integer }, maxItems: 20000, optional: true, description: Numbers of many entries }
      rest: { schema: { type: array }, optional: true, description: Anything else }
    method: POST
    url: /entries?words={{ words }}&long={{ long }}
    effect: read
    body: { json: { list: "{{ list }}", many: "{{ many }}", rest: "{{ rest }}" } }
"#;

const LONGEST: Duration = Duration::from_secs(120);

fn sink() -> HttpServer {
    HttpServer::start(|_, _| Reply::json(200, "{}"))
}

fn numbers(count: usize) -> Value {
    vec![7; count].into()
}

fn nested(depth: usize) -> String {
    format!(r#"{{"rest": {}{}}}"#, "[".repeat(depth), "]".repeat(depth))
}

/// Arguments that are too large, and what must be said of each.
fn too_large() -> Vec<(&'static str, String, [&'static str; 2])> {
    vec![
        (
            "10 MiB in a string",
            json!({ "words": "x".repeat(10 << 20) }).to_string(),
            ["/words", "at most 8192 characters"],
        ),
        (
            "10 MiB in all",
            json!({ "long": "x".repeat(10 << 20), "words": "y" }).to_string(),
            ["/long", "at most 1048576 bytes"],
        ),
        (
            "9,000 characters",
            json!({ "words": "x".repeat(9000) }).to_string(),
            ["/words", "at most 8192 characters"],
        ),
        (
            "100,000 items",
            json!({ "list": numbers(100_000) }).to_string(),
            ["/list", "at most 10000 items"],
        ),
        (
            "20,001 items",
            json!({ "many": numbers(20_001) }).to_string(),
            ["/many", "at most 20000 items"],
        ),
        ("depth 1,000", nested(1000), ["/rest", "at most 64 levels"]),
        ("depth 500,000", nested(500_000), ["/rest", "at most 64 levels"]),
        (
            "64 KiB of URL",
            json!({ "long": "x".repeat(64 << 10) }).to_string(),
            ["long", "more than 64000 bytes"],
        ),
        (
            "64 KiB of URL, encoded",
            json!({ "long": "ü".repeat(12_000) }).to_string(),
            ["long", "more than 64000 bytes"],
        ),
        ("100,000 unknown names", unknown(100_000), ["", "parameters"]),
        (
            "a list of the wrong type",
            json!({ "list": vec!["x"; 10_000] }).to_string(),
            ["/list/0", "an integer"],
        ),
    ]
}

fn unknown(count: usize) -> String {
    let names: serde_json::Map<String, Value> = (0..count).map(|n| (format!("n{n}"), json!(0))).collect();
    Value::Object(names).to_string()
}

fn asked(provider: &str, llm: &Llm, server: &HttpServer) -> Program {
    toolrun("run m.yaml --no-detect --var")
        .arg(format!("base={}", server.url()))
        .file("m.yaml", MANIFEST)
        .arg("--model")
        .arg(format!("{provider}/scripted"))
        .arg("--base-url")
        .arg(llm.base_url())
        .arg("Look it up.")
        .env("OPENAI_API_KEY", "k")
        .env("ANTHROPIC_API_KEY", "k")
}

fn scripted(arguments: String) -> Llm {
    Llm::start(vec![
        Turn::Call("", vec![("look_up", arguments)]),
        Turn::Say("Done."),
    ])
}

/// What the model was told at last.
fn told(llm: &Llm) -> String {
    let asked = llm.asked().pop().expect("a second turn");
    let last = asked["messages"]
        .as_array()
        .and_then(|messages| messages.last())
        .expect("messages")
        .clone();
    match &last["content"] {
        Value::String(text) => text.clone(),
        blocks => blocks[0]["content"]
            .as_str()
            .map_or_else(|| blocks[0]["content"][0]["text"].to_string(), str::to_owned),
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are worth publishing")]
fn a13_a_models_large_arguments_are_refused_at_once() {
    for provider in ["openai", "anthropic"] {
        let server = sink();
        let llm = scripted(r#"{"words": 5.5}"#.to_owned());
        let (ended, baseline) = asked(provider, &llm, &server).measured(LONGEST);
        ended.exits(0);
        for (what, arguments, [name, bound]) in too_large() {
            let llm = scripted(arguments);
            let (ended, cost) = asked(provider, &llm, &server).measured(LONGEST);
            ended.exits(0);
            let told = told(&llm);
            assert!(
                told.contains(name) && told.contains(bound),
                "{provider}, {what}: {told}"
            );
            assert!(told.len() < 8192, "{provider}, {what}: {} bytes", told.len());
            println!("{provider}, {what}: {}", cost.over(&baseline));
            cost.within(&baseline, 16 * MIB, Duration::from_secs(1));
        }
        assert!(server.recorded().is_empty());
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are worth publishing")]
fn a13_a_persons_large_arguments_are_refused_at_once() {
    let server = sink();
    let call = |arguments: &str| {
        let program = toolrun("call m.yaml look_up --var").arg(format!("base={}", server.url()));
        program.file("m.yaml", MANIFEST).arg("--args").arg(arguments)
    };
    let (ended, baseline) = call(r#"{"words": 5.5}"#).measured(LONGEST);
    ended.exits(2);
    // One argument of a process has at most 128 KiB.
    let small = too_large()
        .into_iter()
        .filter(|(_, arguments, _)| arguments.len() < 128 << 10);
    let list = json!({ "list": numbers(60_000) }).to_string();
    let all: Vec<_> = small
        .chain([("60,000 items", list, ["/list", "at most 10000 items"])])
        .collect();
    assert!(all.len() >= 6, "{}", all.len());
    for (what, arguments, [name, bound]) in all {
        let (ended, cost) = call(&arguments).measured(LONGEST);
        ended.exits(2).says(name).says(bound);
        println!("{what}: {}", cost.over(&baseline));
        cost.within(&baseline, 16 * MIB, Duration::from_secs(1));
    }
    assert!(server.recorded().is_empty());
}

#[test]
fn a13_what_a_param_allows_is_sent() {
    let server = sink();
    for arguments in [
        json!({ "words": "x".repeat(8192) }),
        json!({ "long": "x".repeat(60_000) }),
        json!({ "list": numbers(10_000) }),
        json!({ "many": numbers(20_000) }),
    ] {
        toolrun("call m.yaml look_up --var")
            .arg(format!("base={}", server.url()))
            .file("m.yaml", MANIFEST)
            .arg("--args")
            .arg(arguments.to_string())
            .run()
            .exits(0);
    }
    assert_eq!(server.recorded().len(), 4);
}
