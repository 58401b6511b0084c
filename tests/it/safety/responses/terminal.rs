//! B03: whatever a server or a model sends, a terminal gets no control byte but
//! line feeds, tabs and our own; programs get them escaped.

use super::*;
use crate::support::terminal::{AtTerminal, Reading};

/// CSI, OSC 8 and 52, DCS, APC, C1 in place of them, a carriage return and
/// backspaces over what stands there, marks that turn a line round.
const HOSTILE: &str = "one\u{1b}[31m\u{1b}[2Jtwo\u{1b}]8;;http://evil.example\u{1b}\\link\u{1b}]8;;\u{1b}\\\
three\u{1b}]52;c;ZXZpbA==\u{7}four\u{1b}P+q544e\u{1b}\\five\u{1b}_app\u{1b}\\six\u{9b}31m\u{9d}0;t\u{9c}\u{90}q\
seven\rover\u{8}\u{8}\u{8}eight\u{b}\u{c}\u{7f}\u{85}nine\u{202e}ten\u{2066}\u{2028}end";

/// Sequences of our own: colours, and those of the moving line.
const OWN: &[&str] = &[
    "\u{1b}[1;31m",
    "\u{1b}[1;33m",
    "\u{1b}[32m",
    "\u{1b}[1m",
    "\u{1b}[2m",
    "\u{1b}[33m",
    "\u{1b}[91m",
    "\u{1b}[92m",
    "\u{1b}[93m",
    "\u{1b}[94m",
    "\u{1b}[96m",
    "\u{1b}[0m",
    "\r\u{1b}[2K",
    "\r\u{1b}[K",
    "\u{1b}[1A",
    "\u{1b}[1B",
    "\r\n",
];

/// Asserts that nothing on a screen moves, colours or hides, but our own.
#[track_caller]
fn inert(what: &str, screen: &str, own: &[&str]) {
    let left = own
        .iter()
        .fold(screen.to_owned(), |left, own| left.replace(own, "\n"));
    let foreign = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!left.contains(foreign), "{what}: {:?}", left);
}

/// Runs it on a terminal, once without anything of our own on the screen and
/// once with colours and the moving line.
#[track_caller]
fn on_a_terminal(what: &str, part: &str, program: impl Fn() -> Program) {
    let plain = program().arg("--quiet").env("NO_COLOR", "1");
    let (_, screen) = AtTerminal::start(plain, "", Reading::Eager).ends();
    inert(what, &screen, &["\r\n"]);
    assert!(screen.contains(part), "{what}: {screen}");
    let (_, screen) = AtTerminal::start(program().arg("-vv"), "", Reading::Eager).ends();
    inert(what, &screen, OWN);
    assert!(screen.contains(part), "{what}: {screen}");
}

fn plain(status: &str) -> FaultServer {
    FaultServer::always(answer(status, &["Content-Type: text/plain"], HOSTILE.as_bytes()))
}

#[test]
fn b03_results_and_errors_of_a_call() {
    let json = json!({ HOSTILE: [HOSTILE] }).to_string();
    let header = |line: &str| {
        answer(
            "200 OK",
            &[&format!(
                "{line}{}",
                HOSTILE.replace(|c: char| c.is_ascii_control(), "")
            )],
            b"x\0",
        )
    };
    let cases: Vec<(&str, &str, FaultServer)> = vec![
        ("a text", "eight", plain("200 OK")),
        ("an error's body", "eight", plain("404 Not Found")),
        ("JSON", "eight", FaultServer::always(json_answer(&json))),
        (
            "a coding",
            "encoding",
            FaultServer::always(header("Content-Encoding: ")),
        ),
        (
            "a type",
            "octet-stream",
            FaultServer::always(header("Content-Type: ")),
        ),
        (
            "a target",
            "redirect",
            FaultServer::always(answer(
                "302 Found",
                &["Location: x\u{9b}31m://\u{202e}\u{9d}0;/"],
                b"",
            )),
        ),
        (
            "a status",
            "eight",
            FaultServer::always(answer("500 \u{9b}31m\u{202e}no", &[], HOSTILE.as_bytes())),
        ),
    ];
    for (what, part, server) in cases {
        on_a_terminal(what, part, || call(&server));
    }
}

#[test]
fn b03_what_a_model_says() {
    let api = plain("200 OK");
    let split: Vec<String> = HOSTILE.chars().map(|c| said(&c.to_string())).collect();
    let mut split: Vec<&str> = split.iter().map(String::as_str).collect();
    let end = finish();
    split.push(&end);
    let unknown = json!({ "index": 0, "id": HOSTILE, "function": { "name": HOSTILE, "arguments": json!({ HOSTILE: HOSTILE }).to_string() } });
    let unknown = delta(&json!({ "tool_calls": [unknown] }), None);
    let last = delta(&json!({}), Some("tool_calls"));
    let failed = json!({ "error": { "message": HOSTILE } }).to_string();
    let models: Vec<(&str, &str, Vec<Part>)> = vec![
        ("an answer", "eight", stream(&[&said(HOSTILE), &end])),
        ("an answer in pieces", "eight", stream(&split)),
        (
            "an error in the stream",
            "eight",
            stream(&[&format!("data: {failed}\n\n")]),
        ),
        (
            "an error",
            "eight",
            answer("400 No", &["Content-Type: application/json"], failed.as_bytes()),
        ),
        (
            "an error in words",
            "eight",
            answer("400 No", &[], HOSTILE.as_bytes()),
        ),
        ("a tool that is not there", "limit", stream(&[&unknown, &last])),
    ];
    for (what, part, parts) in models {
        let model = FaultServer::always(parts);
        on_a_terminal(what, part, || {
            run(&model.url(), &api).arg("--limit").arg("turns=2")
        });
        on_a_terminal(what, part, || {
            run(&model.url(), &api)
                .arg("--no-stream")
                .arg("--limit")
                .arg("turns=2")
        });
    }
    let llm = Llm::start(vec![turn("get", &json!({})), Turn::Say("Done.")]);
    on_a_terminal("a result in a run", "Done.", || run(&llm.server.url(), &api));
}

#[test]
fn b03_the_question_shows_what_hides() {
    let api = plain("200 OK");
    let write = || Llm::start(vec![turn("put", &json!({ "text": HOSTILE })), Turn::Say("Done.")]);
    let llm = write();
    let program = run(&llm.server.url(), &api).env("NO_COLOR", "1");
    let terminal = AtTerminal::start(program, "", Reading::Eager);
    terminal.sees("anything else is no:").types("\n");
    let (_, screen) = terminal.ends();
    inert("a question", &screen, OWN);
    assert!(
        screen.contains(r"\u001b[31m") && screen.contains(r"\u{9b}") && screen.contains(r"\u{202e}"),
        "{screen}"
    );
}

#[test]
fn b03_a_manifest_is_shown_inert() {
    let escaped = HOSTILE.chars().map(|c| match c {
        ' '..='~' if c != '\\' => c.to_string(),
        _ => format!("\\u{:04x}", u32::from(c)),
    });
    let hostile: String = escaped.collect();
    let manifest = manifest("20s", "").replace(
        "Gets the thing that the server has, whatever it is.",
        &format!("\"{hostile}\""),
    );
    for words in ["tools m.yaml", "check m.yaml", "call m.yaml get --dry-run"] {
        on_a_terminal(words, "", || toolrun(words).file("m.yaml", &manifest));
    }
}

#[test]
fn b03_programs_get_controls_escaped() {
    let api = plain("200 OK");
    let llm = Llm::start(vec![
        turn("put", &json!({ "text": HOSTILE })),
        turn("get", &json!({})),
        Turn::Say(HOSTILE),
    ]);
    let ended = run(&llm.server.url(), &api)
        .arg("--allow-writes")
        .arg("--json")
        .arg("--events")
        .arg("events.jsonl")
        .run()
        .exits(0);
    let events = ended.read("events.jsonl");
    inert("the result", &ended.stdout, &[]);
    inert("the events", &events, &[]);
    assert!(ended.json()["answer"].as_str().expect("a text").contains("eight"));
    let arguments = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .find(|event| event["event"] == "tool.started" || event["arguments"].is_object())
        .expect("a call");
    let shown = arguments.to_string();
    assert!(shown.contains("eight"), "{shown}");
    let ended = call(&api).arg("--json").run().exits(0);
    inert("a call's result", &ended.stdout, &[]);
}
