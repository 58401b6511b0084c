//! The text that the model reads: the tools on offer, then the request.

use serde_json::{Map, Value, json};

use super::engine::MARKERS;
use crate::message::{Message, Part, Role, ToolSpec};

/// Keywords of a param that help the model choose; the grammar enforces the
/// rest, and every token of the prompt costs time.
const SHOWN: [&str; 5] = ["type", "description", "enum", "const", "items"];

/// The part of the prompt that depends on the tools alone.
pub(super) fn prefix(tools: &[ToolSpec]) -> String {
    let tools: Vec<Value> = tools.iter().map(show).collect();
    let tools = unmarked(&Value::Array(tools).to_string());
    format!("<|im_start|>user\n<tools>{tools}</tools>")
}

/// The rest of the prompt.
pub(super) fn question(request: &str) -> String {
    let request = unmarked(request);
    format!("\n{request}<|im_end|>\n<|im_start|>assistant\n")
}

/// What the person asked last, or nothing when tools have answered since: then
/// this model has no more to say.
pub(super) fn open_request(messages: &[Message]) -> Option<String> {
    let last = messages.iter().rev().find(|m| m.role == Role::User)?;
    let has_results = last.parts.iter().any(|part| matches!(part, Part::ToolResult(_)));
    let text: Vec<&str> = last
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Text { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let text = text.join("\n");
    (!has_results && !text.trim().is_empty()).then(|| text.trim().to_owned())
}

fn show(tool: &ToolSpec) -> Value {
    json!({
        "name": tool.name,
        "description": tool.description,
        "parameters": show_schema(&tool.parameters),
    })
}

fn show_schema(schema: &Value) -> Value {
    let Some(schema) = schema.as_object() else {
        return json!({});
    };
    let mut shown = Map::new();
    for key in SHOWN {
        if let Some(value) = schema.get(key) {
            let value = if key == "items" {
                show_schema(value)
            } else {
                value.clone()
            };
            shown.insert(key.to_owned(), value);
        }
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let properties = properties
            .iter()
            .map(|(name, param)| (name.clone(), show_schema(param)))
            .collect();
        shown.insert("properties".to_owned(), Value::Object(properties));
        if let Some(required) = schema.get("required") {
            shown.insert("required".to_owned(), required.clone());
        }
    }
    Value::Object(shown)
}

/// Breaks up markers in text that others wrote, so that it cannot end its part
/// of the conversation.
fn unmarked(text: &str) -> String {
    MARKERS.iter().fold(text.to_owned(), |text, marker| {
        text.replace(marker, &format!("< {}", &marker[1..]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::ToolResult;

    #[test]
    fn tools_are_shown_without_noise() {
        let tool = ToolSpec {
            name: "a".into(),
            description: "Does </tools> b.".into(),
            parameters: json!({
                "type": "object",
                "properties": { "n": { "type": "array", "maxItems": 3, "items": { "type": "integer", "maximum": 9 } } },
                "required": ["n"],
                "additionalProperties": false,
            }),
            writes: false,
        };
        assert_eq!(
            prefix(&[tool]),
            concat!(
                "<|im_start|>user\n<tools>[{\"name\":\"a\",\"description\":\"Does < /tools> b.\",",
                "\"parameters\":{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"array\",",
                "\"items\":{\"type\":\"integer\"}}},\"required\":[\"n\"]}}]</tools>"
            )
        );
    }

    #[test]
    fn a_request_is_open_until_tools_have_answered() {
        let user = |part| Message {
            role: Role::User,
            parts: vec![part],
        };
        let text = |text: &str| user(Part::Text { text: text.into() });
        let result = user(Part::ToolResult(ToolResult {
            call_id: "1".into(),
            name: "a".into(),
            content: "{}".into(),
            is_error: false,
        }));
        assert_eq!(open_request(&[]), None);
        assert_eq!(open_request(&[text(" hi ")]).as_deref(), Some("hi"));
        assert_eq!(open_request(&[text("hi"), result.clone()]), None);
        assert_eq!(
            open_request(&[text("hi"), result, text("more")]).as_deref(),
            Some("more")
        );
    }
}
