//! The [`Model`] that the rest of the program sees.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::stream;
use tokio::sync::mpsc;

use super::decode::MOST_TOKENS;
use super::engine::Engine;
use super::evidence::missing;
use super::kind;
use super::net::Session;
use super::prefix::Prefixes;
use super::prompt::{open_request, question};
use super::request::Request;
use super::turn::Turn;
use crate::error::{ModelError, ModelErrorKind};
use crate::message::{Part, ToolSpec};
use crate::reply::{Delta, ModelRequest, Reply, StopReason, Usage};
use crate::{DeltaStream, Model};

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
    // What is said beside calls is no answer, and the reply holds it.
    let calls = reply.calls().next().is_some();
    let mut deltas: Vec<Delta> = reply
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Text { text } if !calls => Some(Delta::Text(text.clone())),
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
    cancelled: impl FnMut() -> bool,
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
            None => tools.push(kind::narrowed(tool, &evidence)),
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
    let input = session.len() as u64;
    let mut turn = Turn {
        engine,
        evidence: &evidence,
        read: (session, state, limit),
        written: 0,
    };
    let judged = turn
        .run(tools.iter().collect(), cancelled)
        .map_err(|message| error(message, ModelErrorKind::Protocol))?;
    let mut reply = judged.into_reply(request.messages.len());
    if reply.parts.is_empty() {
        reply.parts = text(what_is_missing(&unmet, &evidence));
    }
    reply.usage = Usage {
        input: Some(input),
        output: Some(turn.written),
        cache_read: Some(cached as u64),
        ..Usage::default()
    };
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
