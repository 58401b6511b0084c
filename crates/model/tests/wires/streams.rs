//! Small streams of every shape that is known to occur, in `tests/streams`:
//! what each says, that the size of its pieces does not matter, and that no
//! turn comes of a part of one.

use std::path::{Path, PathBuf};

use serde_json::json;
use toolrun_model::{ModelErrorKind, ModelRequest, Opaque, Part, Reply, StopReason};

use crate::exchange::{Answer, Ending, turn};

/// A stream's end: its reply as one line, or the kind and text of its error.
enum End {
    Says(&'static str),
    Fails(ModelErrorKind, &'static str),
}
use End::{Fails, Says};

const LIMITED: ModelErrorKind = ModelErrorKind::RateLimited { retry_after: None };
const CUT: &str = "the stream ended before the turn did";

/// Text, calls as `id name arguments`, the reason, and input, output, cache
/// read, cache write and reasoning tokens.
const STREAMS: &[(&str, End)] = &[
    ("chat_done_only", Fails(ModelErrorKind::Protocol, CUT)),
    ("chat_error", Fails(LIMITED, "Rate limit reached. Try later")),
    ("chat_error_event", Fails(ModelErrorKind::Server, "engine died")),
    ("chat_filter", Says("Well|ContentFilter|- - - - -")),
    (
        "chat_in_one_piece",
        Says("Done.|EndTurn|- 9223372036854775808 - - -"),
    ),
    (
        "chat_index_zero",
        Says(r#"|call00001 f {"a":1}|call00002 f {"a":2}|ToolCalls|- - - - -"#),
    ),
    (
        "chat_legacy",
        Says(r#"|call00001 get_rate {"from":"EUR"}|ToolCalls|- - - - -"#),
    ),
    (
        "chat_length",
        Says(r#"Let me look|call_a find_orders {"email":"ann|MaxTokens|9 4 - - -"#),
    ),
    (
        "chat_not_json",
        Fails(ModelErrorKind::Protocol, "an event of the stream is not JSON"),
    ),
    (
        "chat_parallel",
        Says(
            r#"|call_a find_orders {"limit":18446744073709551617}|call_b get_rate {"from":"EUR"}|ToolCalls|50 20 - - -"#,
        ),
    ),
    ("chat_reasoning", Says("|call_a get_rate {}|ToolCalls|- - - - -")),
    ("chat_refusal", Says("I cannot do that.|Refusal|- - - - -")),
    ("chat_text", Says("Zwölf Grad 🌤 in Köln.|EndTurn|31 9 16 - 2")),
    (
        "chat_whole_calls",
        Says(
            r#"On it.|call00001 find_orders {"limit":1.1}|call00002 find_orders {"limit":2}|call00003 ping {}|ToolCalls|5 6 - - -"#,
        ),
    ),
    ("messages_context", Says("And so|MaxTokens|10 7 - - -")),
    ("messages_error", Fails(LIMITED, "Overloaded")),
    ("messages_no_stop", Fails(ModelErrorKind::Protocol, CUT)),
    (
        "messages_open_block",
        Fails(ModelErrorKind::Protocol, "a block of the stream has no end"),
    ),
    ("messages_paused", Says("|Paused|10 7 - - -")),
    (
        "messages_refusal",
        Says("This looks like an attack|Refusal|10 0 - - -"),
    ),
    (
        "messages_text",
        Says("Zwölf Grad 🌤 in Köln.|EndTurn|151 12 40 100 -"),
    ),
    (
        "messages_thinking",
        Says(r#"|toolu_a get_rate {"from":"EUR"}|ToolCalls|10 25 - - -"#),
    ),
    (
        "messages_tools",
        Says(
            r#"I look.|toolu_a find_orders {"limit": 18446744073709551617}|toolu_b ping {}|ToolCalls|10 30 - - -"#,
        ),
    ),
    (
        "messages_truncated",
        Says(r#"|toolu_a find_orders {"email":"ann|MaxTokens|10 7 - - -"#),
    ),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/streams")
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("{name}.sse"))).unwrap()
}

fn provider_of(name: &str) -> &'static str {
    if name.starts_with("chat") {
        "openai"
    } else {
        "anthropic"
    }
}

fn line(reply: &Reply) -> String {
    let mut line = reply.text();
    for call in reply.calls() {
        line += &format!("|{} {} {}", call.id, call.name, call.arguments);
    }
    let usage = reply.usage;
    let counts = [
        usage.input,
        usage.output,
        usage.cache_read,
        usage.cache_write,
        usage.reasoning,
    ];
    let counts = counts.map(|count| count.map_or_else(|| "-".to_owned(), |count| count.to_string()));
    format!("{line}|{:?}|{}", reply.stop, counts.join(" "))
}

async fn reply(
    name: &str,
    body: &[u8],
    pieces: usize,
    ending: Ending,
) -> Result<Reply, (ModelErrorKind, String)> {
    let answer = Answer {
        pieces,
        ending,
        ..Answer::stream(body)
    };
    let outcome = turn(provider_of(name), ModelRequest::default(), answer).await;
    outcome.reply.map_err(|error| (error.kind, error.message))
}

#[tokio::test]
async fn each_stream_says_the_same_in_pieces_of_any_size() {
    for (name, end) in STREAMS {
        for pieces in [usize::MAX, 7, 1] {
            let found = reply(name, &read(name), pieces, Ending::Clean).await;
            match end {
                Says(expected) => {
                    assert_eq!(line(&found.unwrap()), *expected, "{name} in pieces of {pieces}")
                }
                Fails(kind, message) => {
                    assert_eq!(
                        found.unwrap_err(),
                        (kind.clone(), (*message).to_owned()),
                        "{name}"
                    );
                }
            }
        }
    }
}

/// The first byte after which a turn is whole.
fn whole_from(name: &str, body: &[u8]) -> usize {
    let text = std::str::from_utf8(body).unwrap();
    let mark = if name.starts_with("chat") {
        "\"finish_reason\":\""
    } else {
        "{\"type\":\"message_stop\"}"
    };
    let at = text.rfind(mark).unwrap();
    at + text[at..].find(['\r', '\n']).unwrap()
}

#[tokio::test]
async fn no_turn_comes_of_a_part_of_a_stream() {
    for (name, end) in STREAMS {
        let body = read(name);
        let from = if let Says(_) = end {
            whole_from(name, &body)
        } else {
            usize::MAX
        };
        for at in 0..body.len() {
            let cleanly = reply(name, &body[..at], usize::MAX, Ending::Clean).await;
            let cut = reply(name, &body[..at], usize::MAX, Ending::Cut).await;
            assert!(
                at >= from || (cleanly.is_err() && cut.is_err()),
                "{name} was whole at byte {at} of {from}"
            );
            if let (Says(_), Err((kind, _))) = (end, cut) {
                assert_eq!(kind, ModelErrorKind::Network, "{name} at {at}");
            }
        }
    }
}

#[test]
fn every_stream_of_the_folder_is_in_the_table() {
    let mut found: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    found.sort();
    let listed: Vec<&str> = STREAMS.iter().map(|(name, _)| *name).collect();
    assert_eq!(found, listed, "one row for each file of tests/streams, sorted");
}

fn opaque(reply: &Reply) -> Vec<&Opaque> {
    let parts = reply.parts.iter().filter_map(|part| match part {
        Part::Opaque(opaque) => Some(opaque),
        _ => None,
    });
    parts.collect()
}

#[tokio::test]
async fn what_only_the_provider_understands_is_kept_in_place() {
    let thinking = reply("messages_thinking", &read("messages_thinking"), 7, Ending::Clean)
        .await
        .unwrap();
    let blocks: Vec<_> = opaque(&thinking)
        .into_iter()
        .map(|opaque| opaque.value.clone())
        .collect();
    assert_eq!(
        blocks,
        [
            json!({"type": "thinking", "thinking": "They want a rate.", "signature": "c2ln"}),
            json!({"type": "redacted_thinking", "data": "b3BhcXVl"}),
        ]
    );
    assert!(
        matches!(thinking.parts.last(), Some(Part::ToolCall(_))),
        "reasoning stands before the call"
    );

    let paused = reply("messages_paused", &read("messages_paused"), 7, Ending::Clean)
        .await
        .unwrap();
    let call = json!({"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "rates"}});
    assert_eq!(opaque(&paused)[0].value, call);
    assert_eq!(paused.stop, StopReason::Paused);

    let chat = reply("chat_reasoning", &read("chat_reasoning"), 7, Ending::Clean)
        .await
        .unwrap();
    let own: Vec<_> = opaque(&chat)
        .into_iter()
        .map(|opaque| opaque.value.to_string())
        .collect();
    assert_eq!(
        own,
        [
            r#"{"reasoning_content":"They want a rate."}"#,
            r#"{"call":{"extra_content":{"google":{"thought_signature":"c2ln"}}}}"#,
        ]
    );
}

const JSON: &str = "application/json; charset=utf-8";

/// Status, content type, body; kind and message of the error.
const ANSWERS: &[(u16, &str, &str, ModelErrorKind, &str)] = &[
    (
        200,
        JSON,
        r#"{"error":{"message":"No such model","type":"not_found_error"}}"#,
        ModelErrorKind::NotFound,
        "No such model",
    ),
    (
        200,
        JSON,
        r#"{"choices":[]}"#,
        ModelErrorKind::Protocol,
        "expected a stream of events, found a JSON answer",
    ),
    (
        200,
        "text/html",
        "<html>a login page</html>",
        ModelErrorKind::Protocol,
        CUT,
    ),
    (200, "text/event-stream", "", ModelErrorKind::Protocol, CUT),
    (
        401,
        JSON,
        r#"{"error":{"message":"no key"}}"#,
        ModelErrorKind::Auth,
        "status 401: no key",
    ),
    (
        500,
        "text/plain",
        "boom",
        ModelErrorKind::Server,
        "status 500: boom",
    ),
    (204, "", "", ModelErrorKind::Protocol, CUT),
];

#[tokio::test]
async fn answers_that_are_no_streams_fail_with_their_kind() {
    for provider in ["anthropic", "openai"] {
        for (status, content_type, body, kind, message) in ANSWERS {
            let headers = vec![("content-type", *content_type)];
            let answer = Answer {
                status: *status,
                headers,
                ..Answer::stream(body.as_bytes())
            };
            let error = turn(provider, ModelRequest::default(), answer)
                .await
                .reply
                .unwrap_err();
            assert_eq!(
                (&error.kind, error.message.as_str()),
                (kind, *message),
                "{provider} {status} {body}"
            );
            assert_eq!(error.model, format!("{provider}/m"));
        }
    }
}

#[tokio::test]
async fn the_wait_that_a_provider_asks_for_is_read() {
    let cases = [
        (vec![("retry-after", "7")], Some(7_000)),
        (vec![("retry-after", "60"), ("retry-after-ms", "250")], Some(250)),
        (vec![("retry-after", "0.5")], Some(500)),
        (vec![("retry-after", "-1")], None),
        (vec![("retry-after", "NaN")], None),
        (vec![("retry-after", "1e99")], None),
        (vec![("retry-after", "soon")], None),
        (vec![], None),
    ];
    for (headers, millis) in cases {
        let answer = Answer {
            status: 429,
            headers: headers.clone(),
            ..Answer::stream(b"{}")
        };
        let error = turn("openai", ModelRequest::default(), answer)
            .await
            .reply
            .unwrap_err();
        let retry_after = millis.map(std::time::Duration::from_millis);
        assert_eq!(
            error.kind,
            ModelErrorKind::RateLimited { retry_after },
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn a_503_that_says_for_how_long_is_waited_for_like_a_429() {
    let seconds = std::time::Duration::from_secs;
    let limited = |wait| ModelErrorKind::RateLimited { retry_after: wait };
    for (status, headers, kind) in [
        (503, vec![("retry-after", "7")], limited(Some(seconds(7)))),
        (503, vec![("retry-after", "soon")], ModelErrorKind::Server),
        (503, vec![], ModelErrorKind::Server),
        (500, vec![("retry-after", "7")], ModelErrorKind::Server),
        (529, vec![], LIMITED),
    ] {
        let answer = Answer {
            status,
            headers,
            ..Answer::stream(b"{}")
        };
        let reply = turn("openai", ModelRequest::default(), answer).await.reply;
        assert_eq!(reply.unwrap_err().kind, kind, "{status}");
    }
}

#[tokio::test]
async fn endless_error_bodies_are_cut() {
    let body = vec![b'x'; 4 * 1024 * 1024];
    let answer = Answer {
        status: 500,
        pieces: 8192,
        ..Answer::stream(&body)
    };
    let error = turn("openai", ModelRequest::default(), answer)
        .await
        .reply
        .unwrap_err();
    assert!(error.message.len() < 400);
}
