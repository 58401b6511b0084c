//! An answer becomes what a model reads: `error_if`, `pick`, `template`,
//! `max_tokens`; other statuses become errors with the author's hint.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use serde_json::{Map, Value, json};
use toolrun_http::{HttpError, Redactor, Response};
use toolrun_manifest::{RenderError, ResponseScope, Scope, Tool};

use crate::conceal::Hidden;
use crate::tools::body::{self, Content};
use crate::tools::clean::{clean, clean_value};
use crate::tools::failure::{self, Retry};
use crate::tools::trim::{Trimmed, trim_text, trim_value};

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
    /// The cap that the body passed: it is only a beginning then.
    pub(crate) cap: Option<usize>,
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
    /// What can be read on, when something of it was left out.
    pub(crate) full: Option<Full>,
    /// Whether it is an error.
    pub(crate) is_error: bool,
    /// Hidden characters that were removed.
    pub(crate) hidden: u64,
    /// Whether a secret was hidden in the answer.
    pub(crate) masked: Hidden,
}

/// What can be read on of an answer of which only a part was shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Full {
    /// The result as picked: it is the whole.
    Value,
    /// The body, of which a part was picked.
    Body(Value),
}

impl Shaped {
    /// What can be read on, if anything.
    pub(crate) fn readable(&self) -> Option<&Value> {
        match self.full.as_ref()? {
            Full::Value => self.value.as_ref(),
            Full::Body(body) => Some(body),
        }
    }

    /// An error in toolrun's own words.
    pub(crate) fn error(head: String) -> Self {
        Self {
            head: Some(head),
            is_error: true,
            ..Self::default()
        }
    }
}

/// Reads a response to its end, or to the cap.
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
        match chunk {
            Ok(bytes) => received.body.extend_from_slice(&bytes),
            Err(HttpError::TooLarge { limit, .. }) => {
                received.cap = Some(limit);
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(received)
}

/// Shapes an answer as the tool asks.
pub(crate) fn shape(tool: &Tool, scope: &Scope<'_>, received: &Received, redactor: &Redactor) -> Shaped {
    let content_type = received.headers.get("content-type").map(String::as_str);
    let (content, mut masked) = match received.cap {
        Some(_) => {
            let beginning = body::beginning(&received.body, content_type, tool.result.format, redactor);
            let content = beginning.map_or(Content::Empty, Content::TooMany);
            // What was cut is no value.
            (content, Hidden::Nothing)
        }
        None => body::read(&received.body, content_type, tool.result.format, redactor),
    };
    let (mut content, hidden) = without_hidden(content);
    if hidden > 0 {
        // A secret with hidden characters in it is whole only now.
        masked = masked.and(content.hide(redactor));
    }
    let mut shaped = match (received.status, &content) {
        (200..300, Content::TooMany(_)) => too_large(tool, received, content),
        (200..300, _) if received.cap.is_some() => too_large(tool, received, content),
        (200..300, _) => success(tool, scope, received, content),
        (status, _) => refusal(failure::status(tool, status), words(content)),
    };
    shaped.hidden += hidden;
    shaped.masked = masked;
    shaped
}

fn without_hidden(content: Content) -> (Content, u64) {
    match content {
        Content::Text(text) => {
            let cleaned = clean(&text);
            (Content::Text(cleaned.text), cleaned.removed)
        }
        Content::TooMany(text) => {
            let cleaned = clean(&text);
            (Content::TooMany(cleaned.text), cleaned.removed)
        }
        Content::Data(mut value) => {
            let removed = clean_value(&mut value);
            (Content::Data(value), removed)
        }
        // The server chose the words of its content type.
        Content::Binary(mut value) => {
            let removed = clean_value(&mut value);
            (Content::Binary(value), removed)
        }
        Content::Empty => (Content::Empty, 0),
    }
}

fn success(tool: &Tool, scope: &Scope<'_>, received: &Received, content: Content) -> Shaped {
    let empty = content == Content::Empty;
    let is_text = matches!(content, Content::Text(_));
    let full = content.into_value();
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
            let words = match full {
                Value::Null if empty => None,
                Value::String(text) if is_text => Some(text),
                value => Some(value.to_string()),
            };
            return api_error(tool, received, words);
        }
        Some(Err(problem)) => return unshaped("error_if", &problem, tool, full),
        Some(Ok(false)) | None => {}
    }
    // A second copy of a large answer is made only when it has to be.
    let picked = match (&tool.result.pick, empty) {
        (Some(pick), false) => match pick.apply(&full) {
            Ok(picked) => Some(picked),
            Err(problem) => return unshaped("pick", &problem, tool, full),
        },
        _ => None,
    };
    if let Some(template) = &tool.result.template {
        let response = ResponseScope {
            result: Some(picked.as_ref().unwrap_or(&full)),
            ..response
        };
        return match template.render(scope, &response) {
            Ok(text) => templated(&text, tool, picked, full),
            Err(problem) => unshaped("template", &problem, tool, full),
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
    let nothing = picked.as_ref().is_some_and(Value::is_null) && !full.is_null();
    let head = json!({ "note": "`pick` of the manifest found nothing in this answer" });
    Shaped {
        head: nothing.then(|| head.to_string()),
        ..cut(tool, picked, full)
    }
}

/// A success by its status that the manifest calls an error.
fn api_error(tool: &Tool, received: &Received, words: Option<String>) -> Shaped {
    let mut fields = Map::new();
    fields.insert("status".into(), json!(received.status));
    let hint = failure::hint(tool, received.status);
    refusal(failure::told("api_error", fields, hint, Retry::Useless), words)
}

fn templated(text: &str, tool: &Tool, picked: Option<Value>, full: Value) -> Shaped {
    let cleaned = clean(text);
    let trimmed = trim_text(&cleaned.text, tool.result.max_tokens);
    Shaped {
        hidden: cleaned.removed,
        ..shaped(trimmed, picked, full)
    }
}

/// The result as far as it fits.
fn cut(tool: &Tool, picked: Option<Value>, full: Value) -> Shaped {
    let most = tool.result.max_tokens;
    let trimmed = match picked.as_ref().unwrap_or(&full) {
        Value::String(text) => trim_text(text, most),
        value => {
            let trimmed = trim_value(value, most);
            Trimmed {
                kept: trimmed.kept.to_string(),
                left_out: trimmed.left_out,
            }
        }
    };
    shaped(trimmed, picked, full)
}

fn shaped(trimmed: Trimmed<String>, picked: Option<Value>, full: Value) -> Shaped {
    let (value, full) = match picked {
        Some(picked) => (picked, Full::Body(full)),
        None => (full, Full::Value),
    };
    Shaped {
        payload: Some(trimmed.kept),
        full: (!trimmed.left_out.is_empty()).then_some(full),
        left_out: trimmed.left_out,
        value: Some(value),
        ..Shaped::default()
    }
}

/// A success that the manifest's own shaping could not handle: the model gets
/// the whole answer and is told.
fn unshaped(step: &str, problem: &RenderError, tool: &Tool, full: Value) -> Shaped {
    let head =
        json!({ "note": format!("`{step}` of the manifest failed on this answer: {}", problem.message) });
    Shaped {
        head: Some(head.to_string()),
        ..cut(tool, None, full)
    }
}

/// A success that is larger than what is read: its beginning, as text.
fn too_large(tool: &Tool, received: &Received, content: Content) -> Shaped {
    let beginning = content != Content::Empty;
    let what = match received.cap {
        Some(cap) => format!("the answer is larger than {cap} bytes"),
        None => "the answer holds more values than can be read at once".to_owned(),
    };
    let rest = match beginning {
        true => "only its beginning follows, as text; ask for less, or for a part",
        false => "it is no text; ask for less, or for a part",
    };
    let mut fields = Map::new();
    fields.insert("status".into(), json!(received.status));
    fields.insert("message".into(), json!(format!("{what}; {rest}")));
    let hint = failure::hint(tool, received.status);
    let head = failure::told("response_too_large", fields, hint, Retry::Useless);
    let cut = match beginning {
        true => cut(tool, None, content.into_value()),
        false => Shaped::default(),
    };
    Shaped {
        value: None,
        full: cut.full.is_some().then_some(cut.value).flatten().map(Full::Body),
        payload: cut.payload,
        left_out: cut.left_out,
        ..Shaped::error(head)
    }
}

/// What a server said with an error.
fn words(content: Content) -> Option<String> {
    match content {
        Content::Empty => None,
        Content::Text(text) | Content::TooMany(text) => Some(text),
        Content::Data(value) | Content::Binary(value) => Some(value.to_string()),
    }
}

/// An error with the first words of what the server said.
fn refusal(head: String, words: Option<String>) -> Shaped {
    let payload = words.map(|text| match text.char_indices().nth(MESSAGE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    });
    Shaped {
        payload,
        ..Shaped::error(head)
    }
}

/// What is said below a payload of which something was left out or removed.
pub(crate) fn note(shaped: &Shaped, handle: Option<&str>) -> Option<String> {
    let mut notes = Vec::new();
    if !shaped.left_out.is_empty() {
        let what = format!("Left out: {}.", shaped.left_out.join(", "));
        let whole = if shaped.is_error {
            "What came of the answer"
        } else {
            "The whole answer"
        };
        notes.push(match handle {
            Some(handle) => format!("{what} {whole} can be read with read_result, handle {handle}."),
            None => format!("{what} Ask for less, or for a part."),
        });
    }
    match shaped.hidden {
        0 => {}
        1 => notes.push("1 hidden or control character was removed.".to_owned()),
        count => notes.push(format!("{count} hidden or control characters were removed.")),
    }
    (!notes.is_empty()).then(|| notes.join(" "))
}
