//! OpenAI's Chat Completions, which many services and every local server
//! speak too. What they take differently stands in [`Dialect`]; what they
//! send differently is read by [`stream`] without knowing who sent it.

mod calls;
mod stream;

use serde_json::{Map, Value, json};

use crate::wire::{Weakened, Wire};
use crate::{Message, ModelRequest, Part, Role, ToolCall, ToolSpec, arguments, schema};

pub use stream::ChatDecoder;

/// The wire's name.
pub(crate) const NAME: &str = "openai-chat";

/// In which field the longest reply is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxTokens {
    /// `max_tokens`.
    Old,
    /// `max_completion_tokens`.
    New,
}

/// How a final answer of a given shape is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// By `response_format` with a JSON Schema, beside tools as well.
    Schema,
    /// By `response_format` where no tools are offered, else in words.
    SchemaWithoutTools,
    /// In words only.
    Words,
}

/// How a streamed turn's token counts come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamUsage {
    /// When `stream_options` asks for them.
    Asked,
    /// By themselves; `stream_options` is not taken.
    Always,
}

/// Whether `strict` tools are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strict {
    /// A schema that strict mode takes is marked `strict`.
    Marked,
    /// The mark is left out.
    Unmarked,
}

/// Whether reasoning must be switched off for tools to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reasoning {
    /// The service's default.
    Untouched,
    /// Off beside tools for `gpt-5.6` and later, which answer 400 otherwise.
    OffBesideTools,
}

/// What a service takes differently from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// The field of the longest reply.
    pub max_tokens: MaxTokens,
    /// How a shaped answer is asked for.
    pub output: Output,
    /// How token counts come.
    pub usage: StreamUsage,
    /// Whether `strict` tools are understood.
    pub strict: Strict,
    /// Whether reasoning must be switched off for tools.
    pub reasoning: Reasoning,
}

/// Chat Completions in one dialect.
#[derive(Debug, Clone, Copy)]
pub struct OpenAiChat {
    /// The dialect.
    pub dialect: Dialect,
}

impl Wire for OpenAiChat {
    type Decoder = ChatDecoder;

    fn name(&self) -> &'static str {
        NAME
    }

    fn path(&self) -> &'static str {
        "chat/completions"
    }

    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn encode(&self, request: &ModelRequest, model: &str) -> Value {
        let mut body = Map::new();
        body.insert("model".to_owned(), model.into());
        body.insert("messages".to_owned(), self.messages(request));
        if !request.tools.is_empty() {
            body.insert("tools".to_owned(), self.tools(&request.tools).0);
            if self.dialect.reasoning == Reasoning::OffBesideTools && reasons_by_default(model) {
                body.insert("reasoning_effort".to_owned(), "none".into());
            }
        }
        if let Some(output) = self.enforced_output(request) {
            body.insert("response_format".to_owned(), response_format(output));
        }
        if let Some(most) = request.max_tokens {
            let field = match self.dialect.max_tokens {
                MaxTokens::Old => "max_tokens",
                MaxTokens::New => "max_completion_tokens",
            };
            body.insert(field.to_owned(), most.into());
        }
        body.insert("stream".to_owned(), true.into());
        if self.dialect.usage == StreamUsage::Asked {
            body.insert("stream_options".to_owned(), json!({"include_usage": true}));
        }
        Value::Object(body)
    }

    fn tools(&self, tools: &[ToolSpec]) -> (Value, Vec<Weakened>) {
        let mut weakened = Vec::new();
        let list = tools.iter().map(|tool| {
            let (mut parameters, mut losses) = schema::tool_parameters(&tool.parameters);
            let strict = match self.dialect.strict {
                Strict::Marked => schema::strict(&parameters),
                Strict::Unmarked => None,
            };
            let is_strict = strict.is_some();
            if let Some((shorter, more)) = strict {
                parameters = shorter;
                losses.extend(more);
            }
            weakened.extend(losses.into_iter().map(|loss| loss.in_tool(&tool.name)));
            let mut function =
                json!({"name": tool.name, "description": tool.description, "parameters": parameters});
            if is_strict {
                function["strict"] = true.into();
            }
            json!({"type": "function", "function": function})
        });
        (Value::Array(list.collect()), weakened)
    }

    fn decoder(&self, request: &ModelRequest) -> ChatDecoder {
        ChatDecoder::new(crate::ids::Ids::after(request))
    }
}

impl OpenAiChat {
    /// The output schema, where the service holds the model to it.
    fn enforced_output<'a>(&self, request: &'a ModelRequest) -> Option<&'a Value> {
        let output = request.output.as_ref()?;
        let enforced = match self.dialect.output {
            Output::Schema => true,
            Output::SchemaWithoutTools => request.tools.is_empty(),
            Output::Words => false,
        };
        enforced.then_some(output)
    }

    fn messages(&self, request: &ModelRequest) -> Value {
        let mut messages = Vec::new();
        let mut system = request.instructions.clone().unwrap_or_default();
        if let Some(output) = &request.output
            && self.enforced_output(request).is_none()
        {
            if !system.is_empty() {
                system.push_str("\n\n");
            }
            system.push_str(&format!(
                "Your final answer is one JSON value that fits this JSON Schema, and nothing else: {output}"
            ));
        }
        if !system.is_empty() {
            messages.push(json!({"role": "system", "content": system}));
        }
        for message in &request.messages {
            match message.role {
                Role::User => user(message, &mut messages),
                Role::Assistant => messages.extend(assistant(message)),
            }
        }
        Value::Array(messages)
    }
}

/// Whether a model's name is `gpt-5.6` or of a later version.
fn reasons_by_default(model: &str) -> bool {
    let Some(version) = model.strip_prefix("gpt-") else {
        return false;
    };
    let version = version
        .split(|c: char| c != '.' && !c.is_ascii_digit())
        .next()
        .unwrap_or("");
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    match (major.parse::<u32>(), minor.parse::<u32>()) {
        (Ok(major), Ok(minor)) => (major, minor) >= (5, 6),
        _ => false,
    }
}

fn response_format(output: &Value) -> Value {
    let strict = schema::is_strict(output);
    json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": output, "strict": strict}})
}

/// Results first, each a message of its own, since they must follow the
/// calls; then what the person says.
fn user(message: &Message, messages: &mut Vec<Value>) {
    for part in &message.parts {
        if let Part::ToolResult(result) = part {
            messages.push(json!({"role": "tool", "tool_call_id": result.call_id, "content": result.content}));
        }
    }
    let text = text_of(message);
    if !text.is_empty() {
        messages.push(json!({"role": "user", "content": text}));
    }
}

fn text_of(message: &Message) -> String {
    let texts = message.parts.iter().filter_map(|part| match part {
        Part::Text { text } => Some(text.as_str()),
        _ => None,
    });
    match message.role {
        Role::Assistant => texts.collect(),
        Role::User => texts.collect::<Vec<_>>().join("\n\n"),
    }
}

fn assistant(message: &Message) -> Option<Value> {
    let text = text_of(message);
    let mut calls = Vec::new();
    let mut own = Map::new();
    let mut of_next_call = None;
    for part in &message.parts {
        match part {
            Part::ToolCall(call) => calls.push(encode_call(call, of_next_call.take())),
            Part::Opaque(opaque) if opaque.wire == NAME => match opaque.value.get("call") {
                Some(fields) => of_next_call = fields.as_object(),
                None => own.extend(
                    opaque
                        .value
                        .as_object()
                        .into_iter()
                        .flatten()
                        .map(|(k, v)| (k.clone(), v.clone())),
                ),
            },
            _ => {}
        }
    }
    if text.is_empty() && calls.is_empty() {
        return None;
    }
    let content = if text.is_empty() { Value::Null } else { text.into() };
    let mut encoded = json!({"role": "assistant", "content": content});
    for (key, value) in own {
        encoded[key] = value;
    }
    if !calls.is_empty() {
        encoded["tool_calls"] = Value::Array(calls);
    }
    Some(encoded)
}

fn encode_call(call: &ToolCall, fields: Option<&Map<String, Value>>) -> Value {
    let mut encoded = json!({
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": arguments::as_text(&call.arguments)},
    });
    for (key, value) in fields.into_iter().flatten() {
        encoded[key] = value.clone();
    }
    encoded
}

#[cfg(test)]
mod tests;
