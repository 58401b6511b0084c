//! The decoders of model providers: a turn ends with one reply or one error,
//! the pieces of text add up to the reply, every call was announced, and no
//! reply comes of a stream that did not say that the turn is over.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use serde_json::Value;
use toolrun_http::{BodyStream, HttpError, Request, Response, Transport, sse};
use toolrun_model::{Delta, ModelRequest, Reply, connect, provider};

use super::{chunks, outcome};

pub(super) const TOKENS: &[&str] = &[
    "data: ",
    "\n\n",
    "event: message_stop\n",
    "data: [DONE]\n\n",
    "\"finish_reason\":\"stop\"",
    "\"finish_reason\":\"tool_calls\"",
    "\"finish_reason\":\"length\"",
    "\"tool_calls\":[",
    "\"index\":",
    "\"function\":{",
    "\"name\":",
    "\"arguments\":",
    "\"delta\":",
    "\"content\":",
    "\"stop_reason\":\"tool_use\"",
    "\"type\":\"message_delta\"",
    "\"type\":\"message_stop\"",
    "\"type\":\"content_block_start\"",
    "\"type\":\"content_block_stop\"",
    "\"type\":\"input_json_delta\"",
    "\"partial_json\":",
    "\"type\":\"error\"",
    "\"error\":{",
    "\"usage\":{",
    "null",
    "[]",
    "{}",
    "-1",
    "\"\"",
    "\\u0000",
];

/// Gives the one answer that it holds.
struct Known(Mutex<Option<Response>>);

impl Transport for Known {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        let answer = self.0.lock().expect("no panic").take();
        Box::pin(async move { Ok(answer.expect("a turn sends one request")) })
    }
}

pub(super) fn openai(input: &[u8]) -> u64 {
    let ended = |event: &Value| has(event, &|key, value| key == "finish_reason" && value.is_string());
    turn("openai", input, &ended)
}

pub(super) fn anthropic(input: &[u8]) -> u64 {
    let ended = |event: &Value| {
        has(event, &|key, value| {
            (key == "stop_reason" && value.is_string()) || (key == "type" && value == "message_stop")
        })
    };
    turn("anthropic", input, &ended)
}

fn turn(name: &str, input: &[u8], ended: &dyn Fn(&Value) -> bool) -> u64 {
    let whole = read(name, vec![input.to_vec()]);
    let cut = read(name, chunks(input));
    assert_eq!(whole, cut, "cutting changes the turn");
    if let Ok(reply) = &whole {
        assert!(
            is_over(input, ended),
            "a reply of a turn that is not over: {reply:?}"
        );
        return outcome((
            format!("{:?}", reply.stop),
            reply.parts.len().min(9),
            reply.calls().count().min(9),
        ));
    }
    outcome(
        whole
            .map_err(|error| {
                error
                    .chars()
                    .filter(|c| !c.is_ascii_digit())
                    .take(60)
                    .collect::<String>()
            })
            .err(),
    )
}

fn read(name: &str, chunks: Vec<Vec<u8>>) -> Result<Reply, String> {
    let row = provider(name).expect("a provider");
    let response = Response {
        status: 200,
        headers: vec![("content-type".to_owned(), "text/event-stream".to_owned())],
        url: "http://127.0.0.1:9/v1/".parse().expect("a URL"),
        attempts: 1,
        body: body(chunks),
    };
    let transport = Arc::new(Known(Mutex::new(Some(response))));
    let model = connect(row, "m", Some("http://127.0.0.1:9/v1/"), row.key, transport).expect("a model");
    let mut items: Vec<_> = super::waiting(model.stream(ModelRequest::default()).collect());
    let last = items.pop().expect("a turn gives something");
    let deltas: Vec<Delta> = items
        .into_iter()
        .map(|item| item.expect("an error is last"))
        .collect();
    match last {
        Ok(Delta::End(reply)) => {
            adds_up(&reply, &deltas);
            Ok(reply)
        }
        Ok(other) => panic!("the last item is {other:?}"),
        Err(error) => Err(error.message),
    }
}

fn body(chunks: Vec<Vec<u8>>) -> BodyStream {
    Box::pin(stream::iter(
        chunks.into_iter().map(|chunk| Ok(Bytes::from(chunk))),
    ))
}

fn adds_up(reply: &Reply, deltas: &[Delta]) {
    let (mut said, mut announced) = (String::new(), 0);
    for delta in deltas {
        match delta {
            Delta::Text(text) => said.push_str(text),
            Delta::CallStarted { .. } => announced += 1,
            other => panic!("{other:?} before the end"),
        }
    }
    assert_eq!(said, reply.text());
    assert_eq!(
        announced,
        reply.calls().filter(|call| !call.name.is_empty()).count()
    );
}

/// Whether an event of the stream says that the turn is over.
fn is_over(input: &[u8], ended: &dyn Fn(&Value) -> bool) -> bool {
    let closed = [input, b"\n\n"].concat();
    let events: Vec<_> = sse(body(vec![closed]))
        .collect()
        .now_or_never()
        .expect("nothing waits");
    let says_so =
        |data: &str| data.trim() == "[DONE]" || serde_json::from_str(data).is_ok_and(|event| ended(&event));
    events.into_iter().flatten().any(|event| says_so(&event.data))
}

fn has(value: &Value, test: &dyn Fn(&str, &Value) -> bool) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| has(item, test)),
        Value::Object(map) => map
            .iter()
            .any(|(key, value)| test(key, value) || has(value, test)),
        _ => false,
    }
}
