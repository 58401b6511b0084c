//! The [`Model`] that the rest of the program sees.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::stream;
use tokio::sync::mpsc;

use super::decode::{Completion, Ended, MOST_TOKENS, Thinking, complete};
use super::engine::Engine;
use super::evidence::{Verdict, judge, missing};
use super::grammar::{Detail, reply_schema};
use super::kind;
use super::net::Session;
use super::prefix::Prefixes;
use super::prompt::{open_request, question};
use super::request::Request;
use crate::error::{ModelError, ModelErrorKind};
use crate::message::{Part, ToolCall, ToolSpec};
use crate::reply::{Delta, ModelRequest, Reply, StopReason, Usage};
use crate::{DeltaStream, Model};

/// Confidence from which a call that only reads may run unasked.
///
/// The head's figure is no probability. On 60 prompts of `tests/needle` that
/// tools can answer, 44 right and 1 wrong replies reached it, 5 right and 9
/// wrong ones did not; of 28 that they cannot, 5 did, each of them a read close
/// to what was asked. On 120 simple cases of the Berkeley leaderboard it was
/// reached by 76 right and 16 wrong replies, and by 6 of 60 requests that the
/// tool on offer cannot answer. The example `needle_eval` counts again.
pub const CONFIDENCE_TO_RUN: f32 = 0.3;

/// How often a turn is tried while the model takes the wrong tool.
const MOST_ATTEMPTS: usize = 3;

const ID: &str = "embedded/needle-3";

/// How the embedded model runs.
#[derive(Debug, Clone, Default)]
pub struct NeedleOptions {
    /// A folder of this user in which what the model made of a set of tools is
    /// kept, so that the next process need not read them again. It holds the
    /// tools' texts in the model's form, never a request.
    pub cache_dir: Option<PathBuf>,
}

/// Needle 3. Cheap to make: the weights are read at the first turn.
#[derive(Debug)]
pub struct NeedleModel {
    prefixes: Arc<Prefixes>,
}

impl NeedleModel {
    /// A model that is loaded when first asked.
    pub fn new(options: NeedleOptions) -> Self {
        Self {
            prefixes: Arc::new(Prefixes::new(options.cache_dir)),
        }
    }
}

impl Model for NeedleModel {
    fn id(&self) -> &str {
        ID
    }

    fn stream(&self, request: ModelRequest) -> DeltaStream {
        let (sender, receiver) = mpsc::unbounded_channel();
        let prefixes = Arc::clone(&self.prefixes);
        // Whoever drops the stream closes the channel, which ends the loop.
        tokio::task::spawn_blocking(move || {
            let turn = answer(&prefixes, &request, || sender.is_closed());
            let deltas = match turn {
                Ok(reply) => deltas(reply).into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            };
            for delta in deltas {
                if sender.send(delta).is_err() {
                    break;
                }
            }
        });
        Box::pin(stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|delta| (delta, receiver))
        }))
    }

    fn writes_prose(&self) -> bool {
        false
    }
}

fn deltas(reply: Reply) -> Vec<Delta> {
    let mut deltas: Vec<Delta> = reply
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Text { text } => Some(Delta::Text(text.clone())),
            Part::ToolCall(call) => Some(Delta::CallStarted {
                name: call.name.clone(),
            }),
            _ => None,
        })
        .collect();
    deltas.push(Delta::End(reply));
    deltas
}

/// One turn, on the thread of the caller.
fn answer(
    prefixes: &Prefixes,
    request: &ModelRequest,
    mut cancelled: impl FnMut() -> bool,
) -> Result<Reply, ModelError> {
    let Some(asked) = open_request(&request.messages) else {
        return Ok(reply(Vec::new(), StopReason::EndTurn));
    };
    let evidence = Request::new(&asked);
    let mut tools = Vec::new();
    let mut unmet = Vec::new();
    for tool in &request.tools {
        match kind::unmet(tool, &evidence) {
            Some(param) => unmet.push((tool, param)),
            None => tools.push(tool),
        }
    }
    if tools.is_empty() {
        return Ok(reply(
            text(what_is_missing(&unmet, &evidence)),
            StopReason::EndTurn,
        ));
    }
    let engine = Engine::shared().map_err(|message| error(message, ModelErrorKind::Protocol))?;
    let (session, state, cached) = read_prompt(engine, prefixes, &request.tools, &asked)
        .map_err(|message| error(message, ModelErrorKind::Rejected))?;
    let limit = request.max_tokens.map_or(MOST_TOKENS, |limit| limit as usize);
    let mut turn = Turn {
        engine,
        request,
        evidence: &evidence,
        usage: Usage {
            input: Some(session.len() as u64),
            output: Some(0),
            cache_read: Some(cached as u64),
            ..Usage::default()
        },
    };
    let mut attempt = |tools: &[&ToolSpec], thinking| {
        let (mut session, state) = (session.clone(), state.clone());
        turn.attempt(&mut session, state, tools, (thinking, limit), &mut cancelled)
    };
    let mut judged = attempt(&tools, Thinking::Free)?;
    // The model took the wrong tool: again, without it.
    for _ in 1..MOST_ATTEMPTS {
        tools.retain(|tool| !judged.misplaced.contains(&tool.name));
        if judged.misplaced.is_empty() || tools.is_empty() {
            break;
        }
        judged = attempt(&tools, Thinking::None)?;
    }
    let mut reply = judged.into_reply();
    if reply.parts.is_empty() {
        reply.parts = text(what_is_missing(&unmet, &evidence));
    }
    reply.usage = turn.usage;
    Ok(reply)
}

/// A session that has read tools and request, the state of its last token, and
/// how many tokens were kept from before.
fn read_prompt(
    engine: &'static Engine,
    prefixes: &Prefixes,
    tools: &[ToolSpec],
    asked: &str,
) -> Result<(Session<'static>, Vec<f32>, usize), String> {
    let (mut session, cached) = prefixes.session(engine, tools)?;
    let question = engine.tokenizer.encode(&question(asked));
    if session.len() + question.len() + MOST_TOKENS > engine.network.context() {
        return Err(too_long(engine, session.len(), question.len()));
    }
    let state = session.read(&question);
    Ok((session, state, cached))
}

/// What the attempts of one turn share.
struct Turn<'t> {
    engine: &'static Engine,
    request: &'t ModelRequest,
    evidence: &'t Request,
    usage: Usage,
}

impl Turn<'_> {
    /// Lets the model answer with some of the tools, and judges what it says.
    fn attempt(
        &mut self,
        session: &mut Session<'_>,
        state: Vec<f32>,
        tools: &[&ToolSpec],
        bounds: (Thinking, usize),
        cancelled: impl FnMut() -> bool,
    ) -> Result<Judged, ModelError> {
        // Without thoughts the model has to call: it meant to, but wrongly.
        let least = usize::from(bounds.0 == Thinking::None);
        let schema = |detail| self.engine.matcher(reply_schema(tools, least, detail));
        let grammar = schema(Detail::Full)
            .or_else(|_| schema(Detail::Plain))
            .map_err(|message| error(message, ModelErrorKind::Rejected))?;
        let completion = complete(self.engine, session, state, grammar, bounds, cancelled)
            .map_err(|message| error(message, ModelErrorKind::Protocol))?;
        let written = self.usage.output.unwrap_or_default() + completion.tokens as u64;
        self.usage.output = Some(written);
        Ok(self.judge(completion, tools))
    }

    /// Passes a completion through the evidence guard.
    fn judge(&self, completion: Completion, tools: &[&ToolSpec]) -> Judged {
        let mut judged = Judged {
            calls: Vec::new(),
            misplaced: Vec::new(),
            said: Vec::new(),
            confidence: completion.confidence,
            ended: completion.ended,
        };
        for call in &completion.calls {
            match judge(call, tools, self.evidence) {
                Some(Verdict::Call { name, arguments }) => {
                    let same = |c: &ToolCall| c.name == name && c.arguments == arguments;
                    if !judged.calls.iter().any(same) {
                        let turn = self.request.messages.len();
                        let id = format!("needle_{turn}_{}", judged.calls.len() + 1);
                        judged.calls.push(ToolCall { id, name, arguments });
                    }
                }
                Some(Verdict::Withheld { reason }) => judged.said.push(reason),
                Some(Verdict::Misplaced { name }) => judged.misplaced.push(name),
                None => {}
            }
        }
        if completion.calls.is_empty() && !completion.text.is_empty() {
            judged.said.push(completion.text);
        }
        judged
    }
}

/// A completion after the evidence guard.
struct Judged {
    calls: Vec<ToolCall>,
    /// Tools that were given what belongs to another.
    misplaced: Vec<String>,
    /// What the model said, or why calls were withheld.
    said: Vec<String>,
    confidence: f32,
    ended: Ended,
}

impl Judged {
    fn into_reply(self) -> Reply {
        let mut parts = text(self.said.join("\n"));
        if matches!(self.ended, Ended::Limit | Ended::Cancelled) {
            return reply(parts, StopReason::MaxTokens);
        }
        let has_calls = !self.calls.is_empty();
        parts.extend(self.calls.into_iter().map(Part::ToolCall));
        let stop = if has_calls {
            StopReason::ToolCalls
        } else {
            StopReason::EndTurn
        };
        Reply {
            confidence: has_calls.then_some(self.confidence),
            ..reply(parts, stop)
        }
    }
}

/// Names the tools that the request speaks of but gives too little for.
fn what_is_missing(unmet: &[(&ToolSpec, &str)], request: &Request) -> String {
    let lines: Vec<String> = unmet
        .iter()
        .filter(|(tool, _)| {
            tool.name
                .split('_')
                .any(|word| word.len() > 3 && request.has_word_like(word))
        })
        .map(|(tool, param)| missing(&tool.name, param))
        .collect();
    lines.join("\n")
}

fn text(text: String) -> Vec<Part> {
    if text.is_empty() {
        Vec::new()
    } else {
        vec![Part::Text { text }]
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

fn too_long(engine: &Engine, tools: usize, request: usize) -> String {
    format!(
        "the tools take {tools} tokens and the request {request}, but the embedded model reads at most {}; offer it fewer tools",
        engine.network.context() - MOST_TOKENS
    )
}

fn error(message: String, kind: ModelErrorKind) -> ModelError {
    ModelError {
        model: ID.to_owned(),
        message,
        kind,
    }
}
