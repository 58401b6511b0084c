//! Anthropic's Messages API.
//!
//! Marks the tools, the system text and the end of the conversation for the
//! provider's prompt cache, since a loop sends all of them again with every
//! turn. Reasoning blocks go back verbatim and in place.

mod stream;

use serde_json::{Map, Value, json};

use crate::wire::{Weakened, Wire};
use crate::{Message, ModelRequest, Part, Role, ToolCall, ToolResult, ToolSpec, arguments, schema};

pub use stream::MessagesDecoder;

/// The wire's name.
pub(crate) const NAME: &str = "anthropic";

/// The longest reply unless the request says otherwise; the API wants one
/// named, and every model that calls tools well can write this much.
const MAX_TOKENS: u32 = 8192;

/// The Messages API.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anthropic;

impl Wire for Anthropic {
    type Decoder = MessagesDecoder;

    fn name(&self) -> &'static str {
        NAME
    }

    fn path(&self) -> &'static str {
        "messages"
    }

    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[("anthropic-version", "2023-06-01")]
    }

    fn encode(&self, request: &ModelRequest, model: &str) -> Value {
        let mut body = Map::new();
        body.insert("model".to_owned(), model.into());
        body.insert(
            "max_tokens".to_owned(),
            request.max_tokens.unwrap_or(MAX_TOKENS).into(),
        );
        let system = request
            .instructions
            .as_deref()
            .filter(|text| !text.trim().is_empty());
        if let Some(system) = system {
            let block = json!({"type": "text", "text": system, "cache_control": cached()});
            body.insert("system".to_owned(), json!([block]));
        }
        if !request.tools.is_empty() {
            body.insert("tools".to_owned(), self.tools(&request.tools).0);
        }
        let mut messages = messages(&request.messages);
        if !request.tools.is_empty() {
            mark_conversation(&mut messages);
        }
        body.insert("messages".to_owned(), Value::Array(messages));
        if let Some(output) = &request.output {
            let format = json!({"type": "json_schema", "schema": schema::structured_output(output)});
            body.insert("output_config".to_owned(), json!({"format": format}));
        }
        body.insert("stream".to_owned(), true.into());
        Value::Object(body)
    }

    fn tools(&self, tools: &[ToolSpec]) -> (Value, Vec<Weakened>) {
        let mut weakened = Vec::new();
        let list = tools.iter().map(|tool| {
            let (parameters, losses) = schema::tool_parameters(&tool.parameters);
            weakened.extend(losses.into_iter().map(|loss| loss.in_tool(&tool.name)));
            json!({"name": tool.name, "description": tool.description, "input_schema": parameters})
        });
        let mut tools = Value::Array(list.collect());
        mark_last(&mut tools);
        (tools, weakened)
    }

    fn decoder(&self, request: &ModelRequest) -> MessagesDecoder {
        MessagesDecoder::new(crate::ids::Ids::after(request))
    }
}

fn cached() -> Value {
    json!({"type": "ephemeral"})
}

fn mark_last(list: &mut Value) {
    if let Some(Value::Object(last)) = list.as_array_mut().and_then(|list| list.last_mut()) {
        last.insert("cache_control".to_owned(), cached());
    }
}

/// Marks the last block that the person or a tool said.
fn mark_conversation(messages: &mut [Value]) {
    if let Some(last) = messages.last_mut().filter(|message| message["role"] == "user") {
        mark_last(&mut last["content"]);
    }
}

/// The messages, neighbours of one role as one: the results of a turn's calls
/// must all stand in the message that follows it, before anything else.
fn messages(messages: &[Message]) -> Vec<Value> {
    let mut encoded: Vec<(Role, Vec<Value>)> = Vec::new();
    for message in messages {
        let blocks: Vec<Value> = message
            .parts
            .iter()
            .filter_map(|part| block(message.role, part))
            .collect();
        match encoded.last_mut() {
            _ if blocks.is_empty() => {}
            Some((role, earlier)) if *role == message.role => earlier.extend(blocks),
            _ => encoded.push((message.role, blocks)),
        }
    }
    let message = |(role, mut blocks): (Role, Vec<Value>)| {
        let name = match role {
            Role::User => {
                blocks.sort_by_key(|block| block["type"] != "tool_result");
                "user"
            }
            Role::Assistant => "assistant",
        };
        // Moved, not copied by `json!`: arguments may be large.
        let mut message = json!({"role": name});
        message["content"] = blocks.into();
        message
    };
    encoded.into_iter().map(message).collect()
}

/// A part as a block; empty texts are refused by the API and left out.
fn block(role: Role, part: &Part) -> Option<Value> {
    match (role, part) {
        (_, Part::Text { text }) => (!text.trim().is_empty()).then(|| json!({"type": "text", "text": text})),
        (Role::Assistant, Part::ToolCall(call)) => Some(tool_use(call)),
        (Role::User, Part::ToolResult(result)) => Some(tool_result(result)),
        (Role::Assistant, Part::Opaque(opaque)) if opaque.wire == NAME => Some(opaque.value.clone()),
        _ => None,
    }
}

fn tool_use(call: &ToolCall) -> Value {
    let mut block = json!({"type": "tool_use", "id": id(&call.id), "name": call.name});
    block["input"] = arguments::as_object(&call.arguments).into();
    block
}

fn tool_result(result: &ToolResult) -> Value {
    let mut block =
        json!({"type": "tool_result", "tool_use_id": id(&result.call_id), "content": result.content});
    if result.is_error {
        block["is_error"] = true.into();
    }
    block
}

/// An id in the letters that the API takes; its own always are.
fn id(id: &str) -> String {
    id.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') {
                c
            } else {
                '_'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
