//! Reads a Messages stream: blocks by index, each begun, added to and closed,
//! and a message that is whole at `message_stop`. Token counts are running
//! totals, so the last one of each kind counts.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;
use toolrun_http::SseEvent;

use super::NAME;
use crate::failure::{Failure, clean};
use crate::ids::Ids;
use crate::usage::count;
use crate::wire::{Decode, Kept, Progress, json};
use crate::{Delta, Opaque, Part, Reply, StopReason, ToolCall, Usage};

/// The state of one turn.
#[derive(Debug)]
pub struct MessagesDecoder {
    ids: Ids,
    blocks: BTreeMap<u64, Block>,
    stop: Option<String>,
    explanation: Option<String>,
    whole: bool,
    counts: Counts,
    kept: Kept,
}

#[derive(Debug)]
struct Block {
    open: bool,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Text(String),
    Call {
        id: String,
        name: String,
        input: Value,
        json: String,
    },
    /// Sent back as it came; `json` is the input of a call that the provider
    /// makes itself.
    Other {
        value: Value,
        json: String,
    },
}

/// The last count of each kind.
#[derive(Debug, Default)]
struct Counts {
    uncached: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    output: Option<u64>,
    reasoning: Option<u64>,
}

impl MessagesDecoder {
    pub(super) fn new(ids: Ids) -> Self {
        Self {
            ids,
            blocks: BTreeMap::new(),
            stop: None,
            explanation: None,
            whole: false,
            counts: Counts::default(),
            kept: Kept::default(),
        }
    }
}

impl Decode for MessagesDecoder {
    fn event(&mut self, event: &SseEvent, out: &mut Vec<Delta>) -> Result<Progress, Failure> {
        if event.data.trim().is_empty() {
            return Ok(Progress::More);
        }
        let data = json(event, &mut self.kept)?;
        let kind = data.get("type").and_then(Value::as_str).unwrap_or(&event.event);
        match kind {
            "message_start" => self.counts.read(&data["message"]["usage"]),
            "content_block_start" => self.start(&data, out)?,
            "content_block_delta" => self.delta(&data, out)?,
            "content_block_stop" => self.block(&data)?.open = false,
            "message_delta" => self.message_delta(&data),
            "message_stop" => {
                self.whole = true;
                self.explain(out);
                return Ok(Progress::Whole);
            }
            "error" => return Err(Failure::from_error_object(data.get("error").unwrap_or(&data))),
            // Pings, and whatever the API adds: new events are to be ignored.
            _ => {}
        }
        Ok(Progress::More)
    }

    fn end(&mut self) -> Result<Reply, Failure> {
        let stop = self.stop.take().filter(|_| self.whole);
        let Some(stop) = stop.as_deref().map(stop_reason) else {
            return Err(Failure::protocol("the stream ended before the turn did"));
        };
        let mut parts = Vec::new();
        let mut turn = HashSet::new();
        for (_, block) in std::mem::take(&mut self.blocks) {
            if block.open && stop != StopReason::MaxTokens {
                return Err(Failure::protocol("a block of the stream has no end"));
            }
            parts.extend(self.part(block.kind, &mut turn));
        }
        Ok(Reply {
            parts,
            stop,
            usage: self.counts.usage(),
            confidence: None,
        })
    }
}

/// Why the turn ended. A full context window truncates a turn just as the
/// length limit does.
fn stop_reason(reason: &str) -> StopReason {
    match reason {
        "end_turn" | "stop_sequence" => StopReason::EndTurn,
        "tool_use" => StopReason::ToolCalls,
        "max_tokens" | "model_context_window_exceeded" => StopReason::MaxTokens,
        "refusal" => StopReason::Refusal,
        "pause_turn" => StopReason::Paused,
        other => StopReason::Other(clean(other)),
    }
}

impl MessagesDecoder {
    fn start(&mut self, data: &Value, out: &mut Vec<Delta>) -> Result<(), Failure> {
        let block = &data["content_block"];
        self.kept.part()?;
        self.kept.value(block)?;
        let kind = match block["type"].as_str() {
            Some("text") => {
                let text = text(block, "text");
                if !text.is_empty() {
                    out.push(Delta::Text(text.to_owned()));
                }
                Kind::Text(text.to_owned())
            }
            Some("tool_use") => {
                let name = text(block, "name").to_owned();
                if !name.is_empty() {
                    out.push(Delta::CallStarted { name: name.clone() });
                }
                let input = block["input"].clone();
                Kind::Call {
                    id: text(block, "id").to_owned(),
                    name,
                    input,
                    json: String::new(),
                }
            }
            _ => Kind::Other {
                value: block.clone(),
                json: String::new(),
            },
        };
        self.blocks.insert(index(data), Block { open: true, kind });
        Ok(())
    }

    fn block(&mut self, data: &Value) -> Result<&mut Block, Failure> {
        let unknown = || Failure::protocol("the stream speaks of a block that it never began");
        self.blocks
            .get_mut(&index(data))
            .filter(|block| block.open)
            .ok_or_else(unknown)
    }

    fn delta(&mut self, data: &Value, out: &mut Vec<Delta>) -> Result<(), Failure> {
        let delta = &data["delta"];
        let kind = delta["type"].as_str().unwrap_or("");
        for key in ["text", "thinking", "signature"] {
            self.kept.bytes(text(delta, key).len())?;
        }
        match (&mut self.block(data)?.kind, kind) {
            (Kind::Text(so_far), "text_delta") => {
                let text = text(delta, "text");
                if !text.is_empty() {
                    so_far.push_str(text);
                    out.push(Delta::Text(text.to_owned()));
                }
            }
            (Kind::Call { json, .. } | Kind::Other { json, .. }, "input_json_delta") => {
                let added = crate::arguments::add(json, text(delta, "partial_json"));
                self.kept.bytes(added)?;
            }
            (Kind::Other { value, .. }, "thinking_delta") => {
                append(value, "thinking", text(delta, "thinking"))
            }
            (Kind::Other { value, .. }, "signature_delta") => {
                append(value, "signature", text(delta, "signature"))
            }
            // Citations, and deltas that are yet to be invented.
            _ => {}
        }
        Ok(())
    }

    fn message_delta(&mut self, data: &Value) {
        if let Some(stop) = data["delta"]["stop_reason"].as_str() {
            self.stop = Some(stop.to_owned());
        }
        if let Some(explanation) = data["delta"]["stop_details"]["explanation"].as_str() {
            self.explanation = Some(clean(explanation));
        }
        self.counts.read(&data["usage"]);
    }

    /// Gives a refusal that said nothing the provider's explanation as text,
    /// so that the person learns why.
    fn explain(&mut self, out: &mut Vec<Delta>) {
        let silent = self.blocks.is_empty() && self.stop.as_deref() == Some("refusal");
        if let Some(explanation) = self.explanation.take().filter(|it| silent && !it.is_empty()) {
            out.push(Delta::Text(explanation.clone()));
            self.blocks.insert(
                0,
                Block {
                    open: false,
                    kind: Kind::Text(explanation),
                },
            );
        }
    }

    fn part(&mut self, kind: Kind, turn: &mut HashSet<String>) -> Option<Part> {
        match kind {
            Kind::Text(text) => (!text.is_empty()).then_some(Part::Text { text }),
            Kind::Call {
                id,
                name,
                input,
                json,
            } => {
                let id = self.ids.settle(id, turn);
                Some(Part::ToolCall(ToolCall {
                    id,
                    name,
                    arguments: arguments(&input, json),
                }))
            }
            Kind::Other { mut value, json } => {
                if let (Value::Object(map), false) = (&mut value, json.is_empty()) {
                    let input = serde_json::from_str(&json).unwrap_or_else(|_| Value::from(json));
                    map.insert("input".to_owned(), input);
                }
                Some(Part::Opaque(Opaque {
                    wire: NAME.to_owned(),
                    value,
                }))
            }
        }
    }
}

/// A call's arguments: what was streamed, else what the block began with,
/// else none.
fn arguments(input: &Value, json: String) -> String {
    if !json.trim().is_empty() {
        return json;
    }
    if input.is_object() {
        input.to_string()
    } else {
        "{}".to_owned()
    }
}

fn append(value: &mut Value, key: &str, more: &str) {
    let Value::Object(map) = value else { return };
    match map.get_mut(key) {
        Some(Value::String(text)) => text.push_str(more),
        _ => {
            map.insert(key.to_owned(), more.into());
        }
    }
}

fn index(data: &Value) -> u64 {
    data["index"].as_u64().unwrap_or(0)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

impl Counts {
    fn read(&mut self, usage: &Value) {
        let at = |key: &str| usage.get(key).and_then(count);
        self.uncached = at("input_tokens").or(self.uncached);
        self.cache_read = at("cache_read_input_tokens").or(self.cache_read);
        self.cache_write = at("cache_creation_input_tokens").or(self.cache_write);
        self.output = at("output_tokens").or(self.output);
        let thinking = usage
            .pointer("/output_tokens_details/thinking_tokens")
            .and_then(count);
        self.reasoning = thinking.or(self.reasoning);
    }

    /// `input_tokens` leaves out what the cache gave or took; the neutral
    /// count is of all input.
    fn usage(&self) -> Usage {
        let cached = self
            .cache_read
            .unwrap_or(0)
            .saturating_add(self.cache_write.unwrap_or(0));
        Usage {
            input: self.uncached.map(|uncached| uncached.saturating_add(cached)),
            output: self.output,
            cache_read: self.cache_read,
            cache_write: self.cache_write,
            reasoning: self.reasoning,
        }
    }
}
