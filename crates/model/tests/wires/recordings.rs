//! Recorded exchanges of the real services, read from the folder that
//! `TOOLRUN_RECORDINGS` names: YAML documents of `when:` (request) and
//! `then:` (response). Run with
//! `TOOLRUN_RECORDINGS=… cargo test -p toolrun-model --test wires -- --ignored --nocapture`.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use toolrun_model::{Message, ModelRequest, Opaque, Part, Reply, Role, ToolCall, ToolResult, ToolSpec};

use crate::exchange::{Answer, Ending, Outcome, turn};
use crate::reference::{self, Said, parse};

#[derive(Deserialize)]
struct Recorded {
    when: When,
    then: Then,
}

#[derive(Deserialize)]
struct When {
    path: String,
    #[serde(default)]
    body: Option<String>,
}

#[derive(Deserialize)]
struct Then {
    status: u16,
    #[serde(default)]
    header: Option<Vec<Header>>,
    #[serde(default)]
    body: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Api {
    Chat,
    Messages,
}

impl Recorded {
    fn api(&self) -> Option<Api> {
        match self.when.path.as_str() {
            path if path.ends_with("/chat/completions") => Some(Api::Chat),
            path if path.ends_with("/messages") => Some(Api::Messages),
            _ => None,
        }
    }

    fn streams(&self) -> bool {
        let header = self
            .then
            .header
            .iter()
            .flatten()
            .find(|header| header.name == "content-type");
        header.is_some_and(|header| header.value.starts_with("text/event-stream"))
    }

    fn body(&self) -> &str {
        self.then.body.as_deref().unwrap_or("")
    }

    fn request(&self) -> Value {
        serde_json::from_str(self.when.body.as_deref().unwrap_or("null")).unwrap()
    }
}

impl Api {
    fn provider(self) -> &'static str {
        match self {
            Self::Chat => "openai",
            Self::Messages => "anthropic",
        }
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
}

/// Every file with its exchanges of the two APIs.
fn recordings() -> Vec<(PathBuf, Vec<Recorded>)> {
    let folder = std::env::var("TOOLRUN_RECORDINGS").expect("TOOLRUN_RECORDINGS names the folder");
    let mut found = Vec::new();
    files(Path::new(&folder), &mut found);
    found.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let all: Vec<Recorded> =
            serde_saphyr::from_multiple(&text).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        (
            path,
            all.into_iter()
                .filter(|recorded| recorded.api().is_some())
                .collect(),
        )
    };
    found.into_iter().map(read).collect()
}

fn said(reply: &Reply) -> Said {
    let calls = reply
        .calls()
        .map(|call| (call.id.clone(), call.name.clone(), parse(&call.arguments)))
        .collect();
    Said {
        text: reply.text(),
        calls,
        stop: reply.stop.clone(),
        usage: reply.usage,
    }
}

async fn replay(api: Api, body: &[u8], pieces: usize, ending: Ending) -> Outcome {
    let answer = Answer {
        pieces,
        ending,
        ..Answer::stream(body)
    };
    turn(api.provider(), ModelRequest::default(), answer).await
}

#[tokio::test]
#[ignore = "needs a folder of recordings"]
async fn recorded_streams_decode_as_the_reference_reads_them() {
    let (mut all, mut streams, mut agreed, mut cuts, mut plain, mut errors) = (0, 0, 0, 0, 0, 0);
    for (path, exchanges) in recordings() {
        all += 1;
        for recorded in exchanges {
            let api = recorded.api().unwrap();
            if recorded.then.status >= 400 {
                errors += 1;
                check_error(api, &recorded).await;
                continue;
            }
            if !recorded.streams() {
                plain += 1;
                continue;
            }
            streams += 1;
            let body = recorded.body();
            let expected = match api {
                Api::Chat => reference::chat(body),
                Api::Messages => reference::messages(body),
            };
            for pieces in [usize::MAX, 7, 1] {
                let outcome = replay(api, body.as_bytes(), pieces, Ending::Clean).await;
                let reply = outcome.reply.unwrap_or_else(|e| panic!("{path:?}: {e}"));
                assert_eq!(said(&reply), expected, "{path:?} in pieces of {pieces}");
            }
            agreed += 1;
            cuts += check_cuts(api, body, &expected).await;
        }
    }
    println!(
        "{all} files; {streams} streams, {agreed} agree; {plain} answers that are no streams, skipped; {errors} errors read; {cuts} cuts tried"
    );
    assert!(streams > 0);
}

/// Cuts a stream at some forty places, cleanly and not: a turn comes only
/// from all of it, or from all but its last words.
async fn check_cuts(api: Api, body: &str, expected: &Said) -> usize {
    let step = (body.len() / 40).max(1);
    let mut tried = 0;
    for at in (0..body.len()).step_by(step) {
        for ending in [Ending::Clean, Ending::Cut] {
            tried += 1;
            if let Ok(reply) = replay(api, &body.as_bytes()[..at], usize::MAX, ending)
                .await
                .reply
            {
                let reply = said(&reply);
                assert_eq!(
                    (&reply.text, &reply.calls, &reply.stop),
                    (&expected.text, &expected.calls, &expected.stop)
                );
            }
        }
    }
    tried
}

async fn check_error(api: Api, recorded: &Recorded) {
    let body = recorded.body().as_bytes();
    let answer = Answer {
        status: recorded.then.status,
        headers: vec![("content-type", "application/json")],
        ..Answer::stream(body)
    };
    let error = turn(api.provider(), ModelRequest::default(), answer)
        .await
        .reply
        .unwrap_err();
    let parsed: Value = serde_json::from_slice(body).unwrap();
    let message = parsed["error"]["message"].as_str().unwrap();
    let start: String = message.trim_end_matches('.').chars().take(40).collect();
    assert!(error.message.contains(&start), "{error} does not say {message}");
}

#[tokio::test]
#[ignore = "needs a folder of recordings"]
async fn recorded_requests_are_encoded_alike() {
    let (mut compared, mut other) = (0, 0);
    for (path, exchanges) in recordings() {
        for recorded in exchanges.iter().filter(|recorded| recorded.then.status == 200) {
            let api = recorded.api().unwrap();
            let body = recorded.request();
            let Some(request) = neutral(api, &body) else {
                other += 1;
                continue;
            };
            let sent = turn(api.provider(), request, Answer::stream(b"")).await.body();
            assert_eq!(shape(api, &sent), shape(api, &body), "{path:?}");
            compared += 1;
        }
    }
    println!(
        "{compared} requests encoded alike; {other} hold what the neutral type has not (images, documents, server tools)"
    );
    assert!(compared > 0);
}

#[tokio::test]
#[ignore = "needs a folder of recordings"]
async fn recorded_loops_replay() {
    let (mut loops, mut turns, mut breaks) = (0, 0, Vec::new());
    for (path, exchanges) in recordings() {
        let mut in_file = 0;
        for pair in exchanges.windows(2) {
            let [first, next] = pair else { continue };
            let api = first.api().unwrap();
            let follows = next.api() == Some(api) && first.then.status == 200 && first.streams();
            let (before, after) = (first.request(), next.request());
            let prefix = before["messages"].as_array().unwrap().len();
            let goes_on = after["messages"]
                .as_array()
                .is_some_and(|messages| messages.len() > prefix);
            if !follows || !goes_on || !begins_with(api, &after, &before) {
                continue;
            }
            let (Some(mut request), Some(expected)) = (neutral(api, &before), neutral(api, &after)) else {
                continue;
            };
            let body = first.body().as_bytes();
            let reply = replay(api, body, usize::MAX, Ending::Clean).await.reply.unwrap();
            request.messages.push(Message {
                role: Role::Assistant,
                parts: reply.parts,
            });
            // What the tools and the person said next is the recording's.
            let answers = expected.messages.iter().skip(request.messages.len());
            request.messages.extend(answers.cloned());
            let sent = turn(api.provider(), request, Answer::stream(b"")).await.body();
            if shape(api, &sent)["messages"] == shape(api, &after)["messages"] {
                in_file += 1;
            } else {
                breaks.push(format!(
                    "{path:?}\n ours {}\n theirs {}",
                    shape(api, &sent)["messages"],
                    shape(api, &after)["messages"]
                ));
            }
        }
        turns += in_file;
        loops += usize::from(in_file > 0);
    }
    println!(
        "{loops} loops, {turns} turns continued as recorded; {} continued otherwise",
        breaks.len()
    );
    assert!(breaks.is_empty(), "{}", breaks.join("\n"));
    assert!(turns > 0);
}

fn begins_with(api: Api, after: &Value, before: &Value) -> bool {
    let (after, before) = (shape(api, after), shape(api, before));
    let (after, before) = (
        after["messages"].as_array().unwrap(),
        before["messages"].as_array().unwrap(),
    );
    after.starts_with(before)
}

/// A request in the neutral type; `None` when it holds what that has not.
fn neutral(api: Api, body: &Value) -> Option<ModelRequest> {
    let mut request = ModelRequest {
        instructions: system(body),
        ..ModelRequest::default()
    };
    for tool in body["tools"].as_array().into_iter().flatten() {
        let tool = if api == Api::Chat { &tool["function"] } else { tool };
        let parameters = if api == Api::Chat {
            &tool["parameters"]
        } else {
            &tool["input_schema"]
        };
        request.tools.push(ToolSpec {
            name: tool["name"].as_str()?.to_owned(),
            description: tool["description"].as_str()?.to_owned(),
            parameters: parameters.as_object()?.clone().into(),
            writes: false,
        });
    }
    for message in body["messages"].as_array()? {
        let role = message["role"].as_str()?;
        if role == "system" {
            if api == Api::Messages {
                return None;
            }
            continue;
        }
        let parts = match api {
            Api::Chat => chat_parts(message)?,
            Api::Messages => blocks(&message["content"])?
                .iter()
                .map(block_part)
                .collect::<Option<_>>()?,
        };
        let role = if role == "assistant" {
            Role::Assistant
        } else {
            Role::User
        };
        request.messages.push(Message { role, parts });
    }
    Some(request)
}

fn system(body: &Value) -> Option<String> {
    let of_chat = body["messages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|message| message["role"] == "system");
    let contents = of_chat
        .map(|message| &message["content"])
        .chain([&body["system"]]);
    let text: String = contents
        .filter_map(blocks)
        .flatten()
        .filter_map(|block| Some(block["text"].as_str()?.to_owned()))
        .collect();
    (!text.is_empty()).then_some(text)
}

/// A content as blocks.
fn blocks(content: &Value) -> Option<Vec<Value>> {
    match content {
        Value::String(text) => Some(vec![json!({"type": "text", "text": text})]),
        Value::Array(blocks) => Some(blocks.clone()),
        _ => None,
    }
}

fn chat_parts(message: &Value) -> Option<Vec<Part>> {
    if message["role"] == "tool" {
        let content = blocks(&message["content"])?
            .iter()
            .map(|block| block["text"].as_str().unwrap().to_owned())
            .collect();
        let call_id = message["tool_call_id"].as_str()?.to_owned();
        return Some(vec![Part::ToolResult(ToolResult {
            call_id,
            name: String::new(),
            content,
            is_error: false,
        })]);
    }
    let mut parts = Vec::new();
    for block in blocks(&message["content"]).unwrap_or_default() {
        parts.push(Part::Text {
            text: block["text"].as_str()?.to_owned(),
        });
    }
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        parts.push(Part::ToolCall(ToolCall {
            id: call["id"].as_str()?.to_owned(),
            name: call["function"]["name"].as_str()?.to_owned(),
            arguments: call["function"]["arguments"].as_str()?.to_owned(),
        }));
    }
    Some(parts)
}

fn block_part(block: &Value) -> Option<Part> {
    let text = |key: &str| block[key].as_str().map(str::to_owned);
    Some(match block["type"].as_str()? {
        "text" => Part::Text { text: text("text")? },
        "tool_use" => Part::ToolCall(ToolCall {
            id: text("id")?,
            name: text("name")?,
            arguments: block["input"].to_string(),
        }),
        "tool_result" => {
            let content = blocks(&block["content"])?;
            let content = content
                .iter()
                .map(|block| block["text"].as_str().map(str::to_owned))
                .collect::<Option<String>>()?;
            let is_error = block["is_error"] == true;
            Part::ToolResult(ToolResult {
                call_id: text("tool_use_id")?,
                name: String::new(),
                content,
                is_error,
            })
        }
        "thinking" | "redacted_thinking" => Part::Opaque(Opaque {
            wire: "anthropic".to_owned(),
            value: block.clone(),
        }),
        _ => return None,
    })
}

/// What matters of a request: system text, tools, and messages in one form
/// (texts as blocks, arguments parsed, cache marks and empty texts gone).
fn shape(api: Api, body: &Value) -> Value {
    let tools: Vec<Value> = body["tools"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|tool| {
            let tool = if api == Api::Chat { &tool["function"] } else { tool };
            let schema = if api == Api::Chat {
                &tool["parameters"]
            } else {
                &tool["input_schema"]
            };
            json!([tool["name"], tool["description"], schema])
        })
        .collect();
    let mut messages: Vec<(String, Vec<Value>)> = Vec::new();
    for message in body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["role"] != "system")
    {
        let role = message["role"].as_str().unwrap().to_owned();
        let mut parts: Vec<Value> = blocks(&message["content"])
            .unwrap_or_default()
            .iter()
            .filter_map(part_shape)
            .collect();
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let arguments = parse(call["function"]["arguments"].as_str().unwrap());
            parts.push(json!([
                "call",
                call["id"],
                call["function"]["name"],
                sorted(&arguments)
            ]));
        }
        if let Some(id) = message["tool_call_id"].as_str() {
            parts.insert(0, json!(["result of", id]));
        }
        match messages.last_mut() {
            Some((last, earlier)) if *last == role && api == Api::Messages => earlier.extend(parts),
            _ => messages.push((role, parts)),
        }
    }
    json!({"system": system(body), "tools": tools, "messages": messages})
}

fn part_shape(block: &Value) -> Option<Value> {
    match block["type"].as_str().unwrap_or("") {
        "text" if block["text"].as_str().is_some_and(|text| text.trim().is_empty()) => None,
        "text" => Some(json!(["text", block["text"]])),
        "tool_use" => Some(json!([
            "call",
            block["id"],
            block["name"],
            sorted(&block["input"])
        ])),
        "tool_result" => {
            let texts = blocks(&block["content"]).unwrap_or_default();
            let text: String = texts.iter().filter_map(|block| block["text"].as_str()).collect();
            Some(json!([
                "result",
                block["tool_use_id"],
                text,
                block["is_error"] == true
            ]))
        }
        _ => Some(sorted(block)),
    }
}

/// The value with its keys in order and whole floats as they are in JSON.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut pairs: Vec<_> = map.iter().filter(|(key, _)| *key != "cache_control").collect();
            pairs.sort_by_key(|(key, _)| key.as_str());
            Value::Object(
                pairs
                    .into_iter()
                    .map(|(key, value)| (key.clone(), sorted(value)))
                    .collect::<Map<_, _>>(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        value => value.clone(),
    }
}
