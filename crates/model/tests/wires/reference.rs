//! A slow and obvious reader of whole streams, to compare with: all events
//! first, then one pass for each thing that is wanted.

use std::collections::BTreeMap;

use serde_json::Value;
use toolrun_model::{StopReason, Usage};

/// What a stream said.
#[derive(Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) text: String,
    /// Id, name and parsed arguments.
    pub(crate) calls: Vec<(String, String, Value)>,
    pub(crate) stop: StopReason,
    pub(crate) usage: Usage,
}

/// The JSON of every `data:` line but `[DONE]`.
pub(crate) fn events(body: &str) -> Vec<Value> {
    body.lines()
        .filter_map(|line| line.strip_prefix("data:"))
        .map(str::trim)
        .filter(|data| *data != "[DONE]")
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

fn number(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer).and_then(Value::as_u64)
}

/// Reads a Chat Completions stream.
pub(crate) fn chat(body: &str) -> Said {
    let chunks = events(body);
    // A request for several answers (`n`) gets them side by side; the first counts.
    let choices = chunks.iter().filter_map(|chunk| chunk.pointer("/choices/0"));
    let choices: Vec<&Value> = choices.filter(|choice| choice["index"] == 0).collect();
    let deltas: Vec<&Value> = choices.iter().map(|choice| &choice["delta"]).collect();
    let strings = |key: &str| {
        deltas
            .iter()
            .filter_map(|delta| delta[key].as_str())
            .collect::<String>()
    };
    let refusal = strings("refusal");
    let mut calls: BTreeMap<u64, (String, String, String)> = BTreeMap::new();
    for piece in deltas
        .iter()
        .filter_map(|delta| delta["tool_calls"].as_array())
        .flatten()
    {
        let call = calls.entry(piece["index"].as_u64().unwrap()).or_default();
        call.0 += piece["id"].as_str().unwrap_or("");
        call.1 += piece["function"]["name"].as_str().unwrap_or("");
        call.2 += piece["function"]["arguments"].as_str().unwrap_or("");
    }
    let reason = choices
        .iter()
        .filter_map(|choice| choice["finish_reason"].as_str())
        .next_back();
    let stop = match (reason, refusal.is_empty()) {
        (Some("length"), _) => StopReason::MaxTokens,
        (_, false) => StopReason::Refusal,
        (Some("stop"), _) => StopReason::EndTurn,
        (Some("tool_calls"), _) => StopReason::ToolCalls,
        other => panic!("reason {other:?}"),
    };
    let usage = chunks
        .iter()
        .map(|chunk| &chunk["usage"])
        .rfind(|usage| usage.is_object());
    let usage = usage.map_or_else(Usage::default, |usage| Usage {
        input: number(usage, "/prompt_tokens"),
        output: number(usage, "/completion_tokens"),
        cache_read: number(usage, "/prompt_tokens_details/cached_tokens"),
        cache_write: number(usage, "/prompt_tokens_details/cache_write_tokens"),
        reasoning: number(usage, "/completion_tokens_details/reasoning_tokens"),
    });
    let calls = calls
        .into_values()
        .map(|(id, name, arguments)| (id, name, parse(&arguments)))
        .collect();
    Said {
        text: strings("content") + &refusal,
        calls,
        stop,
        usage,
    }
}

/// Arguments; a truncated text stays one.
pub(crate) fn parse(arguments: &str) -> Value {
    match arguments {
        "" => Value::Object(serde_json::Map::new()),
        text => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
    }
}

/// Reads a Messages stream.
pub(crate) fn messages(body: &str) -> Said {
    let events = events(body);
    let of = |kind: &'static str| events.iter().filter(move |event| event["type"] == kind);
    let text = of("content_block_delta")
        .filter(|event| event["delta"]["type"] == "text_delta")
        .map(|event| event["delta"]["text"].as_str().unwrap())
        .collect();
    let calls = of("content_block_start")
        .filter(|event| event["content_block"]["type"] == "tool_use")
        .map(|start| {
            let pieces = of("content_block_delta").filter(|event| event["index"] == start["index"]);
            let json: String = pieces
                .filter_map(|event| event["delta"]["partial_json"].as_str())
                .collect();
            let block = &start["content_block"];
            (
                block["id"].as_str().unwrap().to_owned(),
                block["name"].as_str().unwrap().to_owned(),
                parse(&json),
            )
        })
        .collect();
    let last = of("message_delta").next_back().unwrap();
    let stop = match last["delta"]["stop_reason"].as_str().unwrap() {
        "end_turn" | "stop_sequence" => StopReason::EndTurn,
        "tool_use" => StopReason::ToolCalls,
        "max_tokens" => StopReason::MaxTokens,
        other => panic!("reason {other}"),
    };
    let first = of("message_start").next().unwrap();
    let count = |key: &str| {
        let later = number(&last["usage"], &format!("/{key}"));
        later.or_else(|| number(&first["message"]["usage"], &format!("/{key}")))
    };
    let (read, write) = (
        count("cache_read_input_tokens"),
        count("cache_creation_input_tokens"),
    );
    let usage = Usage {
        input: count("input_tokens").map(|input| input + read.unwrap_or(0) + write.unwrap_or(0)),
        output: count("output_tokens"),
        cache_read: read,
        cache_write: write,
        reasoning: number(&last["usage"], "/output_tokens_details/thinking_tokens"),
    };
    Said {
        text,
        calls,
        stop,
        usage,
    }
}
