//! The neutral chat type.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The person, and the results of tools.
    User,
    /// The model.
    Assistant,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part>,
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// The model wants a tool called.
    ToolCall(ToolCall),
    /// What came of a call.
    ToolResult(ToolResult),
    /// Something only its provider understands (reasoning, signatures): sent
    /// back verbatim and in place.
    Opaque(Opaque),
}

/// A call as the model wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's id, or one made by the wire where a provider has none.
    pub id: String,
    /// The tool's name as written.
    pub name: String,
    /// The arguments' JSON text as written: checked by the validator, digits
    /// and all. An empty text stands for `{}`.
    pub arguments: String,
}

/// What a call gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The call's id.
    pub call_id: String,
    /// The tool's name.
    pub name: String,
    /// What the model reads.
    pub content: String,
    /// Whether it is an error.
    pub is_error: bool,
}

/// A provider's own block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opaque {
    /// The wire that made it; others leave it out.
    pub wire: String,
    /// The block.
    pub value: Value,
}

/// A tool as it is offered.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    /// The name.
    pub name: String,
    /// The description.
    pub description: String,
    /// JSON Schema of the arguments.
    pub parameters: Value,
    /// Whether calling it changes something (the embedded model's gate).
    pub writes: bool,
}
