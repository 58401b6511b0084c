//! A provider on loopback that answers from a script, in the form of the path
//! that is asked: OpenAI Chat Completions or Anthropic Messages, streamed.

use std::time::Duration;

use serde_json::{Value, json};

use super::http_server::{HttpServer, Recorded, Reply};

/// The longest piece of a text, in bytes.
const LONGEST_PIECE: usize = 64 << 10;

/// One scripted turn.
#[derive(Debug, Clone)]
pub(crate) enum Turn {
    /// Says something and is done.
    Say(&'static str),
    /// Calls tools, each by name and arguments as text, after saying something.
    Call(&'static str, Vec<(&'static str, String)>),
    /// Refuses.
    Refuse(&'static str),
    /// Is cut off by the length limit, in a call.
    Truncated(&'static str, (&'static str, String)),
    /// Says nothing at all.
    Empty,
    /// Answers with a status and a header.
    Status(u16, Option<(&'static str, &'static str)>),
    /// The stream ends in the middle.
    Cut(&'static str),
    /// Answers only after so long.
    Late(Duration, &'static str),
}

/// One call.
pub(crate) fn call(name: &'static str, arguments: &Value) -> Turn {
    Turn::Call("", vec![(name, arguments.to_string())])
}

/// Several calls at once.
pub(crate) fn calls(list: &[(&'static str, Value)]) -> Turn {
    Turn::Call(
        "",
        list.iter()
            .map(|(name, arguments)| (*name, arguments.to_string()))
            .collect(),
    )
}

/// A running provider.
pub(crate) struct Llm {
    /// The server with everything that came.
    pub(crate) server: HttpServer,
}

impl Llm {
    /// Answers turn after turn; the last one repeats.
    pub(crate) fn start(script: Vec<Turn>) -> Self {
        let server = HttpServer::start(move |request, before| {
            let Some(turn) = script.get(before).or(script.last()) else {
                return Reply::json(500, "{}");
            };
            reply(&request.target, turn)
        });
        Self { server }
    }

    /// What `--base-url` is for the provider.
    pub(crate) fn base_url(&self) -> String {
        format!("{}/v1", self.server.url())
    }

    /// The requests as JSON.
    pub(crate) fn asked(&self) -> Vec<Value> {
        self.server.recorded().iter().map(Recorded::json).collect()
    }
}

/// A turn in the form of the path that was asked.
pub(crate) fn reply(target: &str, turn: &Turn) -> Reply {
    match target {
        "/v1/chat/completions" => openai(turn),
        "/v1/messages" => anthropic(turn),
        _ => Reply::json(404, r#"{"error":{"message":"no such path"}}"#),
    }
}

fn openai(turn: &Turn) -> Reply {
    let finish = |reason: &str| chunk(&json!({}), Some(reason));
    let text = |text: &str| chunk(&json!({ "content": text }), None);
    let mut pieces = vec![chunk(&json!({ "role": "assistant", "content": "" }), None)];
    match turn {
        Turn::Status(status, header) => {
            return failed(*status, *header, r#"{"error":{"message":"scripted"}}"#);
        }
        Turn::Cut(said) => {
            pieces.push(text(said));
            return Reply::events(pieces);
        }
        Turn::Say(said) | Turn::Late(_, said) => {
            pieces.extend(halves(said).map(text));
            pieces.push(finish("stop"));
        }
        Turn::Call(said, list) => {
            pieces.extend(halves(said).map(text));
            for (index, (name, arguments)) in list.iter().enumerate() {
                pieces.push(openai_call(index, name, ""));
                pieces.extend(halves(arguments).map(|part| openai_arguments(index, part)));
            }
            pieces.push(finish("tool_calls"));
        }
        Turn::Refuse(said) => {
            pieces.push(chunk(&json!({ "refusal": said }), None));
            pieces.push(finish("stop"));
        }
        Turn::Truncated(said, (name, arguments)) => {
            pieces.push(text(said));
            pieces.push(openai_call(0, name, arguments));
            pieces.push(finish("length"));
        }
        Turn::Empty => pieces.push(finish("stop")),
    }
    let usage = json!({ "prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110 });
    pieces.push(data(
        &json!({ "id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [], "usage": usage }),
    ));
    pieces.push("data: [DONE]\n\n".to_owned());
    late(turn, Reply::events(pieces))
}

fn openai_call(index: usize, name: &str, arguments: &str) -> String {
    let function = json!({ "name": name, "arguments": arguments });
    let id = format!("call_{name}_{index}");
    chunk(
        &json!({ "tool_calls": [{ "index": index, "id": id, "type": "function", "function": function }] }),
        None,
    )
}

fn openai_arguments(index: usize, part: &str) -> String {
    chunk(
        &json!({ "tool_calls": [{ "index": index, "function": { "arguments": part } }] }),
        None,
    )
}

fn chunk(delta: &Value, finish: Option<&str>) -> String {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
    data(
        &json!({ "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice] }),
    )
}

fn data(value: &Value) -> String {
    format!("data: {value}\n\n")
}

fn anthropic(turn: &Turn) -> Reply {
    if let Turn::Status(status, header) = turn {
        return failed(
            *status,
            *header,
            r#"{"type":"error","error":{"type":"scripted","message":"scripted"}}"#,
        );
    }
    let usage = json!({ "input_tokens": 100, "output_tokens": 1 });
    let message = json!({
        "id": "msg", "type": "message", "role": "assistant", "model": "m",
        "content": [], "stop_reason": null, "usage": usage,
    });
    let mut pieces = vec![event(&json!({ "type": "message_start", "message": message }))];
    let (blocks, reason) = anthropic_blocks(turn);
    for (index, (start, deltas)) in blocks.into_iter().enumerate() {
        pieces.push(event(
            &json!({ "type": "content_block_start", "index": index, "content_block": start }),
        ));
        for delta in deltas {
            pieces.push(event(
                &json!({ "type": "content_block_delta", "index": index, "delta": delta }),
            ));
        }
        pieces.push(event(&json!({ "type": "content_block_stop", "index": index })));
    }
    if let Some(reason) = reason {
        let delta = json!({ "stop_reason": reason, "stop_sequence": null });
        let usage = json!({ "output_tokens": 10 });
        pieces.push(event(
            &json!({ "type": "message_delta", "delta": delta, "usage": usage }),
        ));
        pieces.push(event(&json!({ "type": "message_stop" })));
    }
    late(turn, Reply::events(pieces))
}

/// A block's start and its deltas.
type Block = (Value, Vec<Value>);

/// The blocks of a turn and why it ended, unless it is cut off before.
fn anthropic_blocks(turn: &Turn) -> (Vec<Block>, Option<&'static str>) {
    let text = |said: &str| -> Block {
        let deltas = halves(said).map(|part| json!({ "type": "text_delta", "text": part }));
        (json!({ "type": "text", "text": "" }), deltas.collect())
    };
    match turn {
        Turn::Cut(said) => (vec![text(said)], None),
        Turn::Say(said) | Turn::Late(_, said) => (vec![text(said)], Some("end_turn")),
        Turn::Refuse(said) => (vec![text(said)], Some("refusal")),
        Turn::Truncated(said, (name, arguments)) => (
            vec![text(said), anthropic_call(0, name, arguments)],
            Some("max_tokens"),
        ),
        Turn::Call(said, list) => {
            let said = Some(*said).filter(|said| !said.is_empty()).map(text);
            let calls = (0..)
                .zip(list)
                .map(|(number, (name, arguments))| anthropic_call(number, name, arguments));
            (said.into_iter().chain(calls).collect(), Some("tool_use"))
        }
        Turn::Empty | Turn::Status(..) => (Vec::new(), Some("end_turn")),
    }
}

fn anthropic_call(number: usize, name: &str, arguments: &str) -> Block {
    let start =
        json!({ "type": "tool_use", "id": format!("toolu_{name}_{number}"), "name": name, "input": {} });
    let deltas = halves(arguments).map(|part| json!({ "type": "input_json_delta", "partial_json": part }));
    (start, deltas.collect())
}

fn event(value: &Value) -> String {
    format!(
        "event: {}\ndata: {value}\n\n",
        value["type"].as_str().unwrap_or_default()
    )
}

fn failed(status: u16, header: Option<(&str, &str)>, body: &str) -> Reply {
    let reply = Reply::json(status, body);
    match header {
        Some((name, value)) => reply.header(name, value),
        None => reply,
    }
}

fn late(turn: &Turn, reply: Reply) -> Reply {
    match turn {
        Turn::Late(wait, _) => reply.after(*wait),
        _ => reply,
    }
}

/// A text in two parts or more, none empty: providers never send all at once,
/// and a long text in many pieces.
fn halves(text: &str) -> impl Iterator<Item = &str> {
    let most = text.len().div_ceil(2).min(LONGEST_PIECE);
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest.ceil_char_boundary(most.min(rest.len()));
        let (first, second) = rest.split_at(end);
        rest = second;
        Some(first).filter(|first| !first.is_empty())
    })
}
