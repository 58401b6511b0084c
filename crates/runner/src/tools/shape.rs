//! An answer becomes what a model reads: `error_if`, `pick`, `template`,
//! `max_tokens`; other statuses become errors with the author's hint.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use serde_json::{Map, Value, json};
use toolrun_http::{HttpError, Redactor, Response};
use toolrun_manifest::{RenderError, ResponseScope, Scope, Tool};

use crate::tools::body::{self, Content};
use crate::tools::clean::{clean, clean_value};
use crate::tools::failure::{self, Retry};
use crate::tools::trim::{trim_text, trim_value};

/// Characters of a server's error message that a model gets to read.
const MESSAGE_CHARS: usize = 512;

/// A whole answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Received {
    /// The status.
    pub(crate) status: u16,
    /// Headers, names in lower case; of several with one name the first.
    pub(crate) headers: BTreeMap<String, String>,
    /// The body.
    pub(crate) body: Vec<u8>,
    /// How many times the request was sent.
    pub(crate) attempts: u32,
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Shaped {
    /// toolrun's own words about it, which stand outside the fence.
    pub(crate) head: Option<String>,
    /// What came from outside: cleaned, trimmed, without secrets.
    pub(crate) payload: Option<String>,
    /// What was left out of the payload.
    pub(crate) left_out: Vec<String>,
    /// The picked result, untrimmed.
    pub(crate) value: Option<Value>,
    /// The whole body, when something of it was left out.
    pub(crate) full: Option<Value>,
    /// Whether it is an error.
    pub(crate) is_error: bool,
    /// Hidden characters that were removed.
    pub(crate) hidden: u64,
}

impl Shaped {
    /// An error in toolrun's own words.
    pub(crate) fn error(head: String) -> Self {
        Self {
            head: Some(head),
            is_error: true,
            ..Self::default()
        }
    }
}

/// Reads a response to its end.
pub(crate) async fn receive(mut response: Response, redactor: &Redactor) -> Result<Received, HttpError> {
    let mut received = Received {
        status: response.status,
        attempts: response.attempts,
        ..Received::default()
    };
    for (name, value) in &response.headers {
        received
            .headers
            .entry(name.clone())
            .or_insert_with(|| redactor.redact(value).into_owned());
    }
    while let Some(chunk) = response.body.next().await {
        received.body.extend_from_slice(&chunk?);
    }
    Ok(received)
}

/// Shapes a whole answer as the tool asks.
pub(crate) fn shape(tool: &Tool, scope: &Scope<'_>, received: &Received, redactor: &Redactor) -> Shaped {
    let content_type = received.headers.get("content-type").map(String::as_str);
    let content = body::read(&received.body, content_type, tool.result.format, redactor);
    let (mut content, hidden) = without_hidden(content);
    if hidden > 0 {
        // A secret with hidden characters in it is whole only now.
        content.hide(redactor);
    }
    let mut shaped = if (200..300).contains(&received.status) {
        success(tool, scope, received, content)
    } else {
        refusal(failure::status(tool, received.status), &content)
    };
    shaped.hidden = hidden;
    shaped
}

fn without_hidden(content: Content) -> (Content, u64) {
    match content {
        Content::Text(text) => {
            let cleaned = clean(&text);
            (Content::Text(cleaned.text), cleaned.removed)
        }
        Content::Data(mut value) => {
            let removed = clean_value(&mut value);
            (Content::Data(value), removed)
        }
        other => (other, 0),
    }
}

fn success(tool: &Tool, scope: &Scope<'_>, received: &Received, content: Content) -> Shaped {
    let empty = content == Content::Empty;
    let full = content.clone().into_value();
    let response = ResponseScope {
        status: received.status,
        headers: &received.headers,
        body: &full,
        result: None,
    };
    match tool
        .error_if
        .as_ref()
        .map(|condition| condition.holds(scope, &response))
    {
        Some(Ok(true)) => {
            let mut fields = Map::new();
            fields.insert("status".into(), json!(received.status));
            let hint = failure::hint(tool, received.status);
            return refusal(failure::told("api_error", fields, hint, Retry::Useless), &content);
        }
        Some(Err(problem)) => return unshaped("error_if", &problem, tool, content),
        Some(Ok(false)) | None => {}
    }
    let picked = match (&tool.result.pick, empty) {
        (Some(pick), false) => pick.apply(&full),
        _ => Ok(full.clone()),
    };
    let picked = match picked {
        Ok(picked) => picked,
        Err(problem) => return unshaped("pick", &problem, tool, content),
    };
    if let Some(template) = &tool.result.template {
        let response = ResponseScope {
            result: Some(&picked),
            ..response
        };
        return match template.render(scope, &response) {
            Ok(text) => cut_text(&clean(&text).text, tool, picked, full),
            Err(problem) => unshaped("template", &problem, tool, content),
        };
    }
    if empty {
        let head = json!({ "status": received.status, "body": "empty" }).to_string();
        return Shaped {
            head: Some(head),
            value: Some(Value::Null),
            ..Shaped::default()
        };
    }
    match picked {
        Value::String(text) => cut_text(&text.clone(), tool, Value::String(text), full),
        Value::Null if !full.is_null() => Shaped {
            head: Some(json!({ "note": "`pick` of the manifest found nothing in this answer" }).to_string()),
            ..cut_value(tool, Value::Null, full)
        },
        picked => cut_value(tool, picked, full),
    }
}

fn cut_value(tool: &Tool, picked: Value, full: Value) -> Shaped {
    let trimmed = trim_value(picked.clone(), tool.result.max_tokens);
    Shaped {
        payload: Some(trimmed.kept.to_string()),
        full: (!trimmed.left_out.is_empty()).then_some(full),
        left_out: trimmed.left_out,
        value: Some(picked),
        ..Shaped::default()
    }
}

fn cut_text(text: &str, tool: &Tool, picked: Value, full: Value) -> Shaped {
    let trimmed = trim_text(text, tool.result.max_tokens);
    Shaped {
        payload: Some(trimmed.kept),
        full: (!trimmed.left_out.is_empty()).then_some(full),
        left_out: trimmed.left_out,
        value: Some(picked),
        ..Shaped::default()
    }
}

/// A success that the manifest's own shaping could not handle: the model gets
/// the whole answer and is told.
fn unshaped(step: &str, problem: &RenderError, tool: &Tool, content: Content) -> Shaped {
    let head =
        json!({ "note": format!("`{step}` of the manifest failed on this answer: {}", problem.message) });
    let full = content.into_value();
    let shaped = match &full {
        Value::String(text) => cut_text(text, tool, full.clone(), full.clone()),
        _ => cut_value(tool, full.clone(), full),
    };
    Shaped {
        head: Some(head.to_string()),
        ..shaped
    }
}

/// An error with the first words of what the server said.
fn refusal(head: String, content: &Content) -> Shaped {
    let message = match content {
        Content::Empty => None,
        Content::Text(text) => Some(text.clone()),
        Content::Data(value) | Content::Binary(value) => Some(value.to_string()),
    };
    let payload = message.map(|text| match text.char_indices().nth(MESSAGE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    });
    Shaped {
        payload,
        ..Shaped::error(head)
    }
}

/// What is said below a payload of which something was left out.
pub(crate) fn note(left_out: &[String], handle: Option<&str>) -> String {
    let what = format!("Left out: {}.", left_out.join(", "));
    match handle {
        Some(handle) => format!("{what} The whole answer can be read with read_result, handle {handle}."),
        None => format!("{what} Ask for less, or for a part."),
    }
}
