//! One turn of the model: streams it, shows it, records it whole.

use std::time::Duration;

use futures_util::StreamExt;
use toolrun_http::{LONGEST_WISH, jittered};
use toolrun_manifest::tokens::{self, estimate};
use toolrun_model::{self as model, Message, Model, ModelError, ModelErrorKind, ModelRequest, Part, Reply};

use crate::agent::machine::Run;
use crate::error::{RunError, RunErrorKind};
use crate::event::{Delta, Event, ModelReplied};
use crate::halt::{Halt, Halted};
use crate::recorder::Recorder;
use crate::tools::clean::clean;

/// How often a turn is asked for as long as nothing of it was shown. Wires
/// send once, so these are all the attempts there are; only here is it known
/// whether something was shown.
const ATTEMPTS: u32 = 3;
/// More tokens than any turn can have: what a provider says beyond is wrong.
const ABSURD: u64 = 10_000_000;

/// Asks for one turn. Gives the model's confidence, or why the run halts.
pub(crate) async fn ask(
    recorder: &mut Recorder<'_>,
    model: &dyn Model,
    request: ModelRequest,
    halt: &Halt,
) -> Result<Result<Option<f32>, Halted>, RunError> {
    let turn = recorder.run.as_ref().map_or(0, Run::turns) + 1;
    let mut attempt = 1;
    loop {
        recorder.delta(&Delta::TurnStarted { turn });
        let streamed = tokio::select! {
            biased;
            halted = halt.wait() => return Ok(Err(halted)),
            streamed = stream(recorder, model, request.clone()) => streamed,
        };
        match streamed {
            Ok(reply) => {
                let confidence = reply.confidence;
                recorder.record(Event::ModelReplied(counted(turn, &request, reply)));
                return Ok(Ok(confidence));
            }
            Err(failed) => {
                let Some(wait) = failed.wait(attempt).filter(|_| attempt < ATTEMPTS) else {
                    return Err(told(failed.error));
                };
                attempt += 1;
                tokio::select! {
                    biased;
                    halted = halt.wait() => return Ok(Err(halted)),
                    () = tokio::time::sleep(wait) => {}
                }
            }
        }
    }
}

/// Asks for one turn of which nothing is shown, so that it can be asked for
/// again whatever came of it. Its number is not known yet.
pub(crate) async fn ask_quietly(model: &dyn Model, request: ModelRequest) -> Result<ModelReplied, RunError> {
    let mut attempt = 1;
    loop {
        match whole(model, request.clone()).await {
            Ok(reply) => return Ok(counted(0, &request, reply)),
            Err(failed) => {
                let Some(wait) = failed.wait(attempt).filter(|_| attempt < ATTEMPTS) else {
                    return Err(told(failed.error));
                };
                attempt += 1;
                tokio::time::sleep(wait).await;
            }
        }
    }
}

async fn whole(model: &dyn Model, request: ModelRequest) -> Result<Reply, Failed> {
    let shown = Shown::Nothing;
    let mut deltas = model.stream(request);
    while let Some(delta) = deltas.next().await {
        match delta {
            Ok(model::Delta::End(reply)) => return Ok(cleaned(reply)),
            Ok(_) => {}
            Err(error) => return Err(Failed { error, shown }),
        }
    }
    let error = broken_off(model);
    Err(Failed { error, shown })
}

fn broken_off(model: &dyn Model) -> ModelError {
    ModelError {
        model: model.id().to_owned(),
        message: "the reply broke off before its end".into(),
        kind: ModelErrorKind::Network,
    }
}

/// A turn that did not become whole.
struct Failed {
    error: ModelError,
    /// Whether something of it was shown already.
    shown: Shown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    Something,
}

impl Failed {
    /// How long to wait before asking again; nothing when that makes no sense.
    /// What the provider asks to wait is kept to, and the time of the run goes
    /// on meanwhile.
    fn wait(&self, attempt: u32) -> Option<Duration> {
        if self.shown == Shown::Something {
            return None;
        }
        match &self.error.kind {
            ModelErrorKind::RateLimited { retry_after } => {
                let wish = retry_after.unwrap_or_default();
                (wish <= LONGEST_WISH).then(|| wish + jittered(attempt - 1))
            }
            ModelErrorKind::Network | ModelErrorKind::Server => Some(jittered(attempt - 1)),
            _ => None,
        }
    }
}

async fn stream(
    recorder: &mut Recorder<'_>,
    model: &dyn Model,
    request: ModelRequest,
) -> Result<Reply, Failed> {
    let mut text = recorder.stream();
    let mut deltas = model.stream(request);
    let mut shown = Shown::Nothing;
    while let Some(delta) = deltas.next().await {
        match delta {
            Ok(model::Delta::Text(piece)) => {
                shown = Shown::Something;
                show(recorder, &text.push(&piece));
            }
            Ok(model::Delta::CallStarted { name }) => {
                recorder.call_begins(&name);
            }
            Ok(model::Delta::End(reply)) => {
                show(recorder, &text.finish());
                return Ok(cleaned(reply));
            }
            Ok(_) => {}
            Err(error) => return Err(Failed { error, shown }),
        }
    }
    let error = broken_off(model);
    Err(Failed { error, shown })
}

fn show(recorder: &mut Recorder<'_>, text: &str) {
    if !text.is_empty() {
        recorder.delta(&Delta::Text(text.to_owned()));
    }
}

/// The reply without characters that a terminal would obey.
fn cleaned(mut reply: Reply) -> Reply {
    for part in &mut reply.parts {
        if let Part::Text { text } = part {
            *text = clean(text).text;
        }
    }
    reply
}

/// A reply with the tokens that count: the provider's numbers where they can
/// be true, estimates elsewhere.
fn counted(turn: u32, request: &ModelRequest, reply: Reply) -> ModelReplied {
    let usable = |count: Option<u64>| count.filter(|count| *count <= ABSURD);
    let input = usable(reply.usage.input).filter(|count| *count > 0);
    let output = usable(reply.usage.output);
    let tokens = input
        .unwrap_or_else(|| request_tokens(request))
        .saturating_add(output.unwrap_or_else(|| reply.parts.iter().map(part_tokens).sum()));
    ModelReplied {
        turn,
        ask: None,
        reply,
        tokens,
        estimated: input.is_none() || output.is_none(),
        masked: Vec::new(),
    }
}

fn request_tokens(request: &ModelRequest) -> u64 {
    let messages: u64 = request.messages.iter().map(message_tokens).sum();
    let tools: u64 = request.tools.iter().map(tool_tokens).sum();
    estimate(request.instructions.as_deref().unwrap_or_default()) + messages + tools
}

/// An estimate of what offering a tool costs.
pub(crate) fn tool_tokens(tool: &model::ToolSpec) -> u64 {
    tokens::of_tool(&tool.name, &tool.description, &tool.parameters)
}

fn message_tokens(message: &Message) -> u64 {
    message.parts.iter().map(part_tokens).sum()
}

fn part_tokens(part: &Part) -> u64 {
    match part {
        Part::Text { text } => estimate(text),
        Part::ToolCall(call) => estimate(&call.name) + estimate(&call.arguments),
        Part::ToolResult(result) => estimate(&result.content),
        Part::Opaque(opaque) => estimate(&opaque.value.to_string()),
    }
}

/// The failure as the person is told. Its kind says what can be done about it.
fn told(error: ModelError) -> RunError {
    RunError::new(RunErrorKind::Model, "the model could not be asked").caused_by(error)
}

#[cfg(test)]
mod tests {
    use toolrun_model::{Role, StopReason, Usage};

    use super::*;

    #[test]
    fn tokens_are_estimated_where_the_provider_is_of_no_help() {
        let request = ModelRequest {
            messages: vec![Message {
                role: Role::User,
                parts: vec![Part::Text { text: "x".repeat(40) }],
            }],
            ..ModelRequest::default()
        };
        let cases = [
            (Some(3), Some(4), 7, false),
            (None, None, 12, true),
            (Some(0), Some(0), 10, true),
            (Some(u64::MAX), Some(1), 11, true),
            (Some(5), Some(1 << 63), 7, true),
        ];
        for (input, output, tokens, estimated) in cases {
            let reply = Reply {
                parts: vec![Part::Text {
                    text: "12345678".into(),
                }],
                stop: StopReason::EndTurn,
                usage: Usage {
                    input,
                    output,
                    ..Usage::default()
                },
                confidence: None,
            };
            let counted = counted(1, &request, reply);
            assert_eq!(
                (counted.tokens, counted.estimated),
                (tokens, estimated),
                "{input:?} {output:?}"
            );
        }
    }
}
