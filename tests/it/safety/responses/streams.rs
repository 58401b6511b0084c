//! B06: streams of a model that never become a turn, and lists of models
//! without an end.

use std::time::Duration;

use super::size::endless;
use super::*;
use crate::support::fault_server::head;

/// What the model's server does, and what the person is told.
type Case = (&'static str, Vec<Part>, &'static str);

/// Runs the loop against each; no tool is called and nothing is left open.
#[track_caller]
fn measured(provider: &str, cases: Vec<Case>) {
    let baseline = run_baseline();
    let api = FaultServer::always(json_answer("{}"));
    for (what, parts, message) in cases {
        let model = FaultServer::always(parts);
        let program = run_with(&format!("{provider}/m"), &model.url(), &api);
        let (ended, cost) = program.measured(LONGEST);
        figure(&format!("{provider}: {what}"), &cost, &baseline);
        sound(what, &ended);
        assert_eq!(ended.code, Some(3), "{what}: {}", ended.stderr);
        assert!(ended.stderr.contains(message), "{what}: {}", ended.stderr);
        cost.within(&baseline, ANSWER, STREAM_CPU);
        model.is_left_alone();
    }
    assert_eq!(api.requests().len(), 0);
}

fn forever(bytes: &str) -> Vec<Part> {
    let more = Part::Forever(bytes.as_bytes().to_vec(), Duration::ZERO);
    vec![text(STREAM_HEAD), more]
}

fn values(count: usize) -> String {
    format!("data: {{\"choices\":[{}1]}}\n\n", "1,".repeat(count))
}

#[test]
fn b06_streams_of_chat_completions_without_an_end() {
    let call = |index: usize, arguments: &str| {
        let function = json!({ "name": "get", "arguments": arguments });
        delta(
            &json!({ "tool_calls": [{ "index": index, "function": function }] }),
            None,
        )
    };
    let calls: String = (0..2000).map(|index| call(index, "{}")).collect();
    let pieces: Vec<Value> = (0..10_000).map(|index| json!({ "index": index })).collect();
    let at_once = delta(&json!({ "tool_calls": pieces }), None);
    let thoughts = delta(&json!({ "reasoning_content": "so ".repeat(999) }), None);
    let details = delta(
        &json!({ "reasoning_details": [{ "type": "x", "n": [1, 2, 3] }] }),
        None,
    );
    let error = format!("{}\r\n{}", head("400 No", &[]), "x".repeat(1 << 20));
    measured(
        "openai",
        vec![
            (
                "endless text",
                forever(&said(&"Much to say. ".repeat(300))),
                "longer than",
            ),
            (
                "endless calls",
                vec![text(STREAM_HEAD), text(calls), Part::Hold],
                "more than 1000 parts",
            ),
            (
                "calls in one event",
                vec![text(STREAM_HEAD), text(at_once), Part::Hold],
                "more than 1000 parts",
            ),
            (
                "endless arguments",
                forever(&call(0, &"}".repeat(4000))),
                "larger than",
            ),
            ("endless reasoning", forever(&thoughts), "longer than"),
            ("endless details of reasoning", forever(&details), "longer than"),
            (
                "endless pings",
                forever(&": ping\n\n".repeat(1000)),
                "larger than",
            ),
            (
                "endless empty events",
                forever(&"data: {}\n\n".repeat(1000)),
                "more than 300000 events",
            ),
            (
                "endless letters",
                forever(&said("x").repeat(1000)),
                "more than 300000 events",
            ),
            (
                "endless line",
                forever(&format!("data: {}", "x".repeat(2 << 20))),
                "larger than 1048576 bytes",
            ),
            (
                "endless names",
                forever(&format!("event{}", "x".repeat(2 << 20))),
                "larger than 1048576 bytes",
            ),
            (
                "an event of many values",
                forever(&values(400_000)),
                "too many values",
            ),
            (
                "events of many values",
                forever(&values(50_000)),
                "too many values",
            ),
            ("a long error", vec![text(error), Part::Hold], "status 400"),
            (
                "endless JSON in place of events",
                endless(&["Content-Type: application/json"], &[b' '; 65_536]),
                "expected a stream",
            ),
        ],
    );
}

#[test]
fn b06_streams_of_messages_without_an_end() {
    let event = |value: &Value| format!("data: {value}\n\n");
    let start = |index: usize, block: &Value| {
        event(&json!({ "type": "content_block_start", "index": index, "content_block": block }))
    };
    let added = |delta: &Value| event(&json!({ "type": "content_block_delta", "index": 0, "delta": delta }));
    let words = json!({ "type": "text", "text": "" });
    let begun = |block: &Value, more: String| {
        let more = Part::Forever(more.into_bytes(), Duration::ZERO);
        vec![text(STREAM_HEAD), text(start(0, block)), more]
    };
    let blocks: String = (0..2000).map(|index| start(index, &words)).collect();
    let same: String = start(0, &json!({ "type": "x", "of": "much ".repeat(999) }));
    let much = "and on ".repeat(500);
    let call = json!({ "type": "tool_use", "id": "t", "name": "get", "input": {} });
    measured(
        "anthropic",
        vec![
            (
                "endless text",
                begun(&words, added(&json!({ "type": "text_delta", "text": much }))),
                "longer than",
            ),
            (
                "endless input",
                begun(
                    &call,
                    added(&json!({ "type": "input_json_delta", "partial_json": much })),
                ),
                "larger than",
            ),
            (
                "endless thinking",
                begun(
                    &json!({ "type": "thinking" }),
                    added(&json!({ "type": "thinking_delta", "thinking": much })),
                ),
                "longer than",
            ),
            (
                "endless blocks",
                vec![text(STREAM_HEAD), text(blocks), Part::Hold],
                "more than 1000 parts",
            ),
            ("one block again and again", forever(&same), "longer than"),
            (
                "endless pings",
                forever(&event(&json!({ "type": "ping" })).repeat(1000)),
                "more than 300000 events",
            ),
        ],
    );
}

/// The list of models of a server that was named.
#[test]
fn b06_a_list_of_models_without_an_end() {
    let entry = r#"{"id":"m","object":"model"},"#.repeat(1000);
    let start = head("200 OK", &["Content-Type: application/json"]);
    let list = vec![
        text(format!("{start}\r\n{{\"data\":[")),
        Part::Forever(entry.into_bytes(), Duration::ZERO),
    ];
    let server = FaultServer::always(list);
    let (ended, cost) = toolrun("run m.yaml Go --base-url")
        .arg(format!("{}/v1", server.url()))
        .file("m.yaml", &manifest("20s", ""))
        .env("API_URL", "http://127.0.0.1:9")
        .measured(LONGEST);
    figure("endless list of models", &cost, &run_baseline());
    assert!(
        ended.stderr.contains("the model list is too long"),
        "{}",
        ended.stderr
    );
    sound("a list of models", &ended);
    cost.within(&run_baseline(), ANSWER, CPU);
}
