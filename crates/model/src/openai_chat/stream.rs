//! Reads a Chat Completions stream.
//!
//! A turn is whole once a finish reason was seen and the stream ended, with
//! `[DONE]` or without; token counts may come after the reason. `[DONE]`
//! alone ends nothing, since gateways write it after a cut as well.

use std::collections::HashSet;

use serde_json::{Map, Value};
use toolrun_http::SseEvent;

use super::NAME;
use super::calls::Calls;
use crate::failure::{Failure, clean};
use crate::ids::Ids;
use crate::usage::count;
use crate::wire::{Decode, Kept, Progress, json};
use crate::{Delta, Opaque, Part, Reply, StopReason, ToolCall, Usage};

/// The state of one turn.
#[derive(Debug)]
pub struct ChatDecoder {
    ids: Ids,
    text: String,
    refused: bool,
    reasoning: String,
    details: Vec<Value>,
    calls: Calls,
    finish: Option<String>,
    usage: Usage,
    kept: Kept,
}

impl ChatDecoder {
    pub(super) fn new(ids: Ids) -> Self {
        Self {
            ids,
            text: String::new(),
            refused: false,
            reasoning: String::new(),
            details: Vec::new(),
            calls: Calls::default(),
            finish: None,
            usage: Usage::default(),
            kept: Kept::default(),
        }
    }
}

impl Decode for ChatDecoder {
    fn event(&mut self, event: &SseEvent, out: &mut Vec<Delta>) -> Result<Progress, Failure> {
        let data = event.data.trim();
        if data == "[DONE]" {
            return Ok(Progress::Whole);
        }
        if data.is_empty() {
            return Ok(Progress::More);
        }
        let chunk = json(event, &mut self.kept)?;
        if let Some(failure) = error_in(&chunk, &event.event) {
            return Err(failure);
        }
        self.read_usage(&chunk);
        let choices = chunk
            .get("choices")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        for choice in choices.filter(|choice| choice.get("index").and_then(Value::as_u64).unwrap_or(0) == 0) {
            self.choice(choice, out)?;
        }
        Ok(Progress::More)
    }

    fn end(&mut self) -> Result<Reply, Failure> {
        let Some(finish) = self.finish.take() else {
            return Err(Failure::protocol("the stream ended before the turn did"));
        };
        let stop = self.stop(&finish)?;
        let mut parts = Vec::new();
        let own = self.own_fields();
        if !own.is_empty() {
            parts.push(opaque(own));
        }
        if !self.text.is_empty() {
            parts.push(Part::Text {
                text: std::mem::take(&mut self.text),
            });
        }
        let mut turn = HashSet::new();
        for call in self.calls.take() {
            if !call.fields.is_empty() {
                parts.push(opaque(Map::from_iter([(
                    "call".to_owned(),
                    Value::Object(call.fields),
                )])));
            }
            let id = self.ids.settle(call.id, &mut turn);
            parts.push(Part::ToolCall(ToolCall {
                id,
                name: call.name,
                arguments: call.arguments,
            }));
        }
        Ok(Reply {
            parts,
            stop,
            usage: self.usage,
            confidence: None,
        })
    }
}

fn opaque(fields: Map<String, Value>) -> Part {
    Part::Opaque(Opaque {
        wire: NAME.to_owned(),
        value: Value::Object(fields),
    })
}

/// An error object in the place of a chunk, in the shapes that are in use.
fn error_in(chunk: &Value, event: &str) -> Option<Failure> {
    if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
        return Some(Failure::from_error_object(error));
    }
    let is_error = event == "error" || chunk.get("object").is_some_and(|object| object == "error");
    is_error.then(|| Failure::from_error_object(chunk))
}

impl ChatDecoder {
    fn choice(&mut self, choice: &Value, out: &mut Vec<Delta>) -> Result<(), Failure> {
        if let Some(delta) = choice.get("delta").filter(|delta| delta.is_object()) {
            self.delta(delta, out)?;
        } else if let Some(message) = choice.get("message").filter(|_| self.is_blank()) {
            // Some servers put a turn that came in one piece under this name.
            self.delta(message, out)?;
        }
        if let Some(finish) = choice
            .get("finish_reason")
            .and_then(Value::as_str)
            .filter(|it| !it.is_empty())
        {
            self.finish = Some(finish.to_owned());
        }
        Ok(())
    }

    fn is_blank(&self) -> bool {
        self.text.is_empty() && self.calls.is_empty()
    }

    fn delta(&mut self, delta: &Value, out: &mut Vec<Delta>) -> Result<(), Failure> {
        if let Some(reasoning) = delta.get("reasoning_content").and_then(Value::as_str) {
            self.kept.bytes(reasoning.len())?;
            self.reasoning.push_str(reasoning);
        }
        if let Some(details) = delta.get("reasoning_details").and_then(Value::as_array) {
            for detail in details {
                self.detail(detail)?;
            }
        }
        match delta.get("content") {
            Some(Value::String(text)) => self.say(text, out)?,
            Some(Value::Array(parts)) => {
                for text in parts
                    .iter()
                    .filter_map(|part| part.get("text").and_then(Value::as_str))
                {
                    self.say(text, out)?;
                }
            }
            _ => {}
        }
        if let Some(refusal) = delta
            .get("refusal")
            .and_then(Value::as_str)
            .filter(|it| !it.is_empty())
        {
            self.refused = true;
            self.say(refusal, out)?;
        }
        let mut begun = Vec::new();
        if let Some(pieces) = delta.get("tool_calls").and_then(Value::as_array) {
            begun = self.calls.chunk(pieces, &mut self.kept)?;
        } else if let Some(function) = delta.get("function_call").filter(|it| it.is_object()) {
            begun = self.calls.legacy(function, &mut self.kept)?;
        }
        out.extend(begun.into_iter().map(|name| Delta::CallStarted { name }));
        Ok(())
    }

    /// Adds to the reasoning that goes back. A text in pieces becomes one:
    /// each piece for itself would take a hundred times its length.
    fn detail(&mut self, detail: &Value) -> Result<(), Failure> {
        let text = |value: &Value| value.get("text").and_then(Value::as_str).map(str::to_owned);
        let same = |last: &Value| {
            let of = |key: &str| last.get(key) == detail.get(key);
            text(last).is_some() && of("type") && of("index") && of("id") && of("format")
        };
        let fields = detail.as_object().into_iter().flatten();
        let others = fields.filter(|(key, value)| !value.is_null() && *key != "text");
        match (self.details.last_mut().filter(|last| same(last)), text(detail)) {
            (Some(last), Some(more)) => {
                self.kept.bytes(more.len())?;
                for (key, value) in others {
                    if last.get(key) != Some(value) {
                        self.kept.value(value)?;
                        last[key.as_str()] = value.clone();
                    }
                }
                if let Some(Value::String(so_far)) = last.get_mut("text") {
                    so_far.push_str(&more);
                }
            }
            _ => {
                self.kept.value(detail)?;
                self.details.push(detail.clone());
            }
        }
        Ok(())
    }

    fn say(&mut self, text: &str, out: &mut Vec<Delta>) -> Result<(), Failure> {
        if !text.is_empty() {
            self.kept.bytes(text.len())?;
            self.text.push_str(text);
            out.push(Delta::Text(text.to_owned()));
        }
        Ok(())
    }

    /// Why the turn ended. `stop` beside calls is what several servers say
    /// when they mean calls.
    fn stop(&self, finish: &str) -> Result<StopReason, Failure> {
        Ok(match finish.to_ascii_lowercase().as_str() {
            "length" | "max_tokens" | "model_length" => StopReason::MaxTokens,
            "content_filter" => StopReason::ContentFilter,
            "error" | "insufficient_system_resource" => {
                let message = format!("the provider ended the turn with `{}`", clean(finish));
                return Err(Failure {
                    kind: crate::ModelErrorKind::Server,
                    message,
                });
            }
            _ if self.refused => StopReason::Refusal,
            "stop" | "tool_calls" | "function_call" | "eos" | "end_turn" if !self.calls.is_empty() => {
                StopReason::ToolCalls
            }
            "stop" | "tool_calls" | "function_call" | "eos" | "end_turn" => StopReason::EndTurn,
            other => StopReason::Other(clean(other)),
        })
    }

    /// Reasoning that its maker wants back with the message.
    fn own_fields(&mut self) -> Map<String, Value> {
        let mut own = Map::new();
        if !self.reasoning.is_empty() {
            own.insert(
                "reasoning_content".to_owned(),
                std::mem::take(&mut self.reasoning).into(),
            );
        }
        if !self.details.is_empty() {
            own.insert(
                "reasoning_details".to_owned(),
                Value::Array(std::mem::take(&mut self.details)),
            );
        }
        own
    }

    fn read_usage(&mut self, chunk: &Value) {
        let found = chunk.get("usage").filter(|usage| usage.is_object());
        let Some(found) = found.or_else(|| chunk.pointer("/x_groq/usage")) else {
            return;
        };
        let at = |pointer: &str| found.pointer(pointer).and_then(count);
        let usage = &mut self.usage;
        usage.input = at("/prompt_tokens").or(usage.input);
        usage.output = at("/completion_tokens").or(usage.output);
        usage.cache_read = at("/prompt_tokens_details/cached_tokens")
            .or_else(|| at("/prompt_cache_hit_tokens"))
            .or(usage.cache_read);
        usage.cache_write = at("/prompt_tokens_details/cache_write_tokens").or(usage.cache_write);
        usage.reasoning = at("/completion_tokens_details/reasoning_tokens").or(usage.reasoning);
    }
}
