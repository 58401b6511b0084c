//! A model that says what it was told to say, turn by turn, and remembers
//! what it was asked. For tests of what drives a model; it stands in no table
//! of providers, so no `--model` reaches it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use futures_util::{StreamExt, stream};
use serde_json::Value;

use crate::{Delta, DeltaStream, Model, ModelError, ModelErrorKind, ModelRequest};
use crate::{Part, Reply, StopReason, ToolCall, Usage};

/// What a scripted model does in one turn.
#[derive(Debug, Clone)]
pub enum Turn {
    /// Streams the reply's text and calls, then ends with it.
    Reply(Reply),
    /// Fails before anything came.
    Fail(ModelErrorKind, String),
    /// Streams exactly these items; without an `End` it is a cut turn.
    Items(Vec<Result<Delta, ModelError>>),
    /// Streams these items and then stays silent for ever.
    Hang(Vec<Delta>),
}

impl Turn {
    /// A turn that says a text and ends.
    pub fn text(text: &str) -> Self {
        let parts = if text.is_empty() {
            Vec::new()
        } else {
            vec![Part::Text {
                text: text.to_owned(),
            }]
        };
        Self::Reply(reply(parts, StopReason::EndTurn))
    }

    /// A turn that calls one tool.
    pub fn call(id: &str, name: &str, arguments: &Value) -> Self {
        Self::calls(&[(id, name, &arguments.to_string())])
    }

    /// A turn of several calls: id, name and the arguments' text as written.
    pub fn calls(calls: &[(&str, &str, &str)]) -> Self {
        let parts = calls
            .iter()
            .map(|(id, name, arguments)| {
                Part::ToolCall(ToolCall {
                    id: (*id).to_owned(),
                    name: (*name).to_owned(),
                    arguments: (*arguments).to_owned(),
                })
            })
            .collect();
        Self::Reply(reply(parts, StopReason::ToolCalls))
    }

    /// The same reply with another reason for its end.
    #[must_use]
    pub fn stopped(mut self, reason: StopReason) -> Self {
        if let Self::Reply(reply) = &mut self {
            reply.stop = reason;
        }
        self
    }

    /// The same reply with these token counts.
    #[must_use]
    pub fn using(mut self, input: u64, output: u64) -> Self {
        if let Self::Reply(reply) = &mut self {
            reply.usage.input = Some(input);
            reply.usage.output = Some(output);
        }
        self
    }
}

fn reply(parts: Vec<Part>, stop: StopReason) -> Reply {
    Reply {
        parts,
        stop,
        usage: Usage::default(),
        confidence: None,
    }
}

type Answer = dyn Fn(&ModelRequest, usize) -> Turn + Send + Sync;

enum Script {
    List(Mutex<VecDeque<Turn>>),
    Function(Box<Answer>),
}

/// A model that follows a script.
pub struct Scripted {
    id: String,
    script: Script,
    requests: Mutex<Vec<ModelRequest>>,
}

impl Scripted {
    /// A model that gives these turns in order. A request beyond the last one
    /// is a protocol error.
    pub fn new(turns: impl IntoIterator<Item = Turn>) -> Self {
        Self::with(Script::List(Mutex::new(turns.into_iter().collect())))
    }

    /// A model that makes each turn from the request and its number, counted
    /// from 0.
    pub fn from_fn(answer: impl Fn(&ModelRequest, usize) -> Turn + Send + Sync + 'static) -> Self {
        Self::with(Script::Function(Box::new(answer)))
    }

    fn with(script: Script) -> Self {
        Self {
            id: "scripted/script".to_owned(),
            script,
            requests: Mutex::new(Vec::new()),
        }
    }

    /// The requests so far, in order.
    pub fn requests(&self) -> Vec<ModelRequest> {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn next(&self, request: ModelRequest) -> Turn {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let number = requests.len();
        let turn = match &self.script {
            Script::Function(answer) => answer(&request, number),
            Script::List(turns) => {
                let mut turns = turns.lock().unwrap_or_else(PoisonError::into_inner);
                turns.pop_front().unwrap_or_else(|| {
                    Turn::Fail(
                        ModelErrorKind::Protocol,
                        format!("the script has no turn {}", number + 1),
                    )
                })
            }
        };
        requests.push(request);
        turn
    }
}

impl Model for Scripted {
    fn id(&self) -> &str {
        &self.id
    }

    fn stream(&self, request: ModelRequest) -> DeltaStream {
        match self.next(request) {
            Turn::Reply(reply) => Box::pin(stream::iter(deltas(reply).into_iter().map(Ok))),
            Turn::Fail(kind, message) => {
                let error = ModelError {
                    model: self.id.clone(),
                    message,
                    kind,
                };
                Box::pin(stream::iter([Err(error)]))
            }
            Turn::Items(items) => Box::pin(stream::iter(items)),
            Turn::Hang(items) => Box::pin(stream::iter(items.into_iter().map(Ok)).chain(stream::pending())),
        }
    }
}

/// A reply as it would have streamed: texts in two pieces, so that readers
/// meet more than one.
fn deltas(reply: Reply) -> Vec<Delta> {
    let mut deltas = Vec::new();
    for part in &reply.parts {
        match part {
            Part::Text { text } => {
                let middle = text
                    .char_indices()
                    .nth(text.chars().count() / 2)
                    .map_or(0, |(at, _)| at);
                let (start, end) = text.split_at(middle);
                let pieces = [start, end].into_iter().filter(|piece| !piece.is_empty());
                deltas.extend(pieces.map(|piece| Delta::Text(piece.to_owned())));
            }
            Part::ToolCall(call) => deltas.push(Delta::CallStarted {
                name: call.name.clone(),
            }),
            Part::ToolResult(_) | Part::Opaque(_) => {}
        }
    }
    deltas.push(Delta::End(reply));
    deltas
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use serde_json::json;

    use super::*;

    fn collect(model: &Scripted, request: ModelRequest) -> Vec<Result<Delta, ModelError>> {
        model
            .stream(request)
            .collect()
            .now_or_never()
            .expect("a scripted turn never waits")
    }

    #[test]
    fn a_turn_streams_its_text_in_pieces_and_ends_once() {
        let model = Scripted::new([Turn::text("häuser"), Turn::text("")]);
        let items: Vec<_> = collect(&model, ModelRequest::default())
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert_eq!(items[0], Delta::Text("häu".to_owned()));
        assert_eq!(items[1], Delta::Text("ser".to_owned()));
        assert!(matches!(&items[2], Delta::End(reply) if reply.text() == "häuser"));
        assert_eq!(items.len(), 3);
        assert_eq!(
            collect(&model, ModelRequest::default()).len(),
            1,
            "an empty answer is only an end"
        );
    }

    #[test]
    fn requests_are_remembered_and_the_script_ends() {
        let model = Scripted::new([Turn::call("c1", "find", &json!({"a": 1})).using(3, 4)]);
        let first = ModelRequest {
            instructions: Some("one".to_owned()),
            ..ModelRequest::default()
        };
        let items = collect(&model, first.clone());
        let Some(Ok(Delta::End(reply))) = items.last() else {
            panic!("no end: {items:?}")
        };
        assert_eq!(reply.calls().next().unwrap().arguments, r#"{"a":1}"#);
        assert_eq!(reply.usage.output, Some(4));
        let after = collect(&model, ModelRequest::default());
        assert_eq!(after[0].as_ref().unwrap_err().message, "the script has no turn 2");
        assert_eq!(model.requests().len(), 2);
        assert_eq!(model.requests()[0], first);
    }

    #[test]
    fn a_function_sees_the_request_and_its_number() {
        let model = Scripted::from_fn(|request, number| {
            Turn::text(&format!(
                "{}{number}",
                request.instructions.as_deref().unwrap_or("")
            ))
        });
        for expected in ["0", "1"] {
            let items = collect(&model, ModelRequest::default());
            assert!(matches!(items.last(), Some(Ok(Delta::End(reply))) if reply.text() == expected));
        }
    }

    #[test]
    fn a_hanging_turn_never_ends() {
        let model = Scripted::new([Turn::Hang(vec![Delta::Text("wait".to_owned())])]);
        let mut stream = model.stream(ModelRequest::default());
        assert!(stream.next().now_or_never().is_some());
        assert!(stream.next().now_or_never().is_none());
    }
}
