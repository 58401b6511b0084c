//! The calls of one reply: checked and asked about in order, then run side by
//! side. Each has its own end; none hides or cancels another.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable, BoxFuture, FutureExt};
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};
use tokio::time::Instant;
use toolrun_http::Sent;
use toolrun_manifest::Effect;
use toolrun_model::ToolCall;
use toolrun_validator::Args;

use crate::agent::approval::Why;
use crate::agent::flow::{Flow, IdeaOf};
use crate::agent::machine::{Plan, Planned};
use crate::conceal::{hide_text, hide_value};
use crate::engine::{Engine, Finished, Permission, Prepared, Ready, needs_approval};
use crate::error::RunError;
use crate::event::{
    ApprovalGiven, ApprovalRefused, Event, FlowWarned, RejectReason, ToolRejected, ToolReturned, ToolStarted,
};
use crate::halt::{GRACE, Halt, Halted};
use crate::recorder::Recorder;
use crate::tools::fence::fence;
use crate::tools::read_result::{self, Store};
use crate::tools::shape::{self, Shaped};
use crate::tools::trim::{trim_text, trim_value};
use crate::writes::Change;

/// Tokens of what `read_result` gives at once.
const READ_TOKENS: u32 = 8000;

/// The calls of one reply.
pub(crate) struct Batch<'a> {
    /// The calls, in order.
    pub(crate) planned: Vec<Planned>,
    /// How sure the model is of them.
    pub(crate) confidence: Option<f32>,
    /// Whose idea they are.
    pub(crate) idea_of: IdeaOf,
    /// What ends the run from outside.
    pub(crate) halt: &'a Halt,
}

/// What came of a batch besides its events.
#[derive(Default)]
pub(crate) struct Called {
    /// Why it was not finished.
    pub(crate) halted: Option<Halted>,
    /// The results of calls that ended by themselves, in order of their end.
    pub(crate) results: Vec<Finished>,
    /// Whether a call was begun.
    pub(crate) begun: Begun,
    /// Why the last call was asked about that a person did not allow.
    pub(crate) declined: Option<Why>,
}

/// How far the calls of a batch got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Begun {
    /// None was begun.
    #[default]
    Nothing,
    /// One was begun, and none that changes something was left behind.
    Something,
    /// A write was left behind: nobody knows what became of it.
    AbandonedWrite,
}

/// Deals with the calls of one reply.
pub(crate) async fn call_all(
    engine: &Engine,
    recorder: &mut Recorder<'_>,
    store: &mut Store,
    batch: Batch<'_>,
) -> Result<Called, RunError> {
    let admitted = tokio::select! {
        biased;
        halted = batch.halt.wait() => Err(halted),
        admitted = admit(engine, recorder, &batch) => Ok(admitted?),
    };
    match admitted {
        Ok((queue, declined)) => {
            let called = Flight::new(engine, recorder, store)
                .run(queue, batch.halt)
                .await?;
            Ok(Called { declined, ..called })
        }
        Err(halted) => Ok(Called {
            halted: Some(halted),
            ..Called::default()
        }),
    }
}

/// Checks every call and asks about those that need it, one after the other.
/// Tells what may run, and why the last was asked about that may not.
async fn admit(
    engine: &Engine,
    recorder: &mut Recorder<'_>,
    batch: &Batch<'_>,
) -> Result<(VecDeque<Prepared>, Option<Why>), RunError> {
    let (mut queue, mut declined) = (VecDeque::new(), None);
    for planned in &batch.planned {
        let call = &planned.call;
        if let Plan::Reject(reason, words) = &planned.plan {
            reject(recorder, call, *reason, words.clone());
            continue;
        }
        match engine.prepare(call)? {
            Err(rejection) => reject(recorder, call, rejection.reason(), rejection.for_model()),
            Ok(Prepared::Read(call, args)) => queue.push_back(Prepared::Read(call, args)),
            Ok(Prepared::Send(ready)) => {
                let flow = flow(engine, recorder, &ready, batch);
                let permission = engine.permit(&ready, batch.confidence, flow).await;
                if let Permission::Refused(why) = permission {
                    declined = Some(why);
                }
                if permitted(recorder, &ready, permission)? {
                    queue.push_back(Prepared::Send(ready));
                }
            }
        }
    }
    Ok((queue, declined))
}

/// Whether a call goes to another host than the one whose content the model
/// has read, which is made known first.
fn flow(engine: &Engine, recorder: &mut Recorder<'_>, ready: &Ready, batch: &Batch<'_>) -> Option<Flow> {
    if batch.idea_of == IdeaOf::Person {
        return None;
    }
    let (to, effect) = (&ready.preview.request.url, ready.tool.tool.effect);
    let flow = recorder.read.flow(to, effect, &engine.flows)?;
    let asks = engine.why_ask(ready, batch.confidence, Some(&flow)).is_some();
    recorder.record(Event::FlowWarned(FlowWarned {
        call: ready.call.id.clone(),
        tool: ready.call.name.clone(),
        from: flow.from.clone(),
        to: flow.to.clone(),
        asks,
    }));
    Some(flow)
}

fn reject(recorder: &mut Recorder<'_>, call: &ToolCall, reason: RejectReason, content: String) {
    let (call, tool) = (call.id.clone(), call.name.clone());
    recorder.record(Event::ToolRejected(ToolRejected {
        call,
        tool,
        reason,
        content,
    }));
}

/// Records what came of asking; whether the call may run.
fn permitted(recorder: &mut Recorder<'_>, ready: &Ready, permission: Permission) -> Result<bool, RunError> {
    let (call, tool) = (ready.call.id.clone(), ready.call.name.clone());
    let request_sha256 = ready.preview.sha256();
    match permission {
        Permission::Free => Ok(true),
        Permission::Given(why) => {
            recorder.record(Event::ApprovalGiven(ApprovalGiven {
                call,
                tool,
                why,
                request_sha256,
            }));
            Ok(true)
        }
        Permission::Refused(why) => {
            let refused = ApprovalRefused {
                call,
                tool,
                why,
                request_sha256,
                asked: true,
            };
            recorder.record(Event::ApprovalRefused(refused));
            let words = json!({
                "error": "not_allowed",
                "rule": why.rule(),
                "message": "the person did not allow this call; nothing was sent. Do not repeat it; ask or answer instead.",
            });
            reject(recorder, &ready.call, RejectReason::Approval, words.to_string());
            Ok(false)
        }
        Permission::Nobody(proposal) => {
            let why = proposal.why;
            let refused = ApprovalRefused {
                call,
                tool,
                why,
                request_sha256,
                asked: false,
            };
            recorder.record(Event::ApprovalRefused(refused));
            Err(needs_approval(proposal))
        }
    }
}

/// A call under way.
type Flying<'a> = BoxFuture<'a, (Arc<Ready>, Landing)>;

/// How a call came to its end.
enum Landing {
    /// With an answer, or an error that stops the run.
    Ended(Box<Result<Finished, RunError>>),
    /// It was cancelled because the run was halted.
    Cancelled,
}

/// A call that was started and has not ended.
struct Open {
    call: ToolCall,
    effect: Effect,
    began: Instant,
}

/// The calls of a batch while they are under way.
struct Flight<'a, 'r> {
    engine: &'a Engine,
    recorder: &'a mut Recorder<'r>,
    store: &'a mut Store,
    flying: FuturesUnordered<Flying<'a>>,
    open: Vec<Open>,
    /// What a halt gives up: reads, and writes whose request has not left.
    handles: Vec<(AbortHandle, Effect, Sent)>,
    called: Called,
    fatal: Option<RunError>,
}

impl<'a, 'r> Flight<'a, 'r> {
    fn new(engine: &'a Engine, recorder: &'a mut Recorder<'r>, store: &'a mut Store) -> Self {
        let (flying, open, handles) = (FuturesUnordered::new(), Vec::new(), Vec::new());
        Self {
            engine,
            recorder,
            store,
            flying,
            open,
            handles,
            called: Called::default(),
            fatal: None,
        }
    }

    async fn run(mut self, mut queue: VecDeque<Prepared>, halt: &Halt) -> Result<Called, RunError> {
        let mut grace = None;
        loop {
            while self.called.halted.is_none()
                && self.fatal.is_none()
                && self.flying.len() < self.engine.tools.at_once()
            {
                let Some(next) = queue.pop_front() else { break };
                self.start(next)?;
            }
            if self.flying.is_empty() {
                break;
            }
            tokio::select! {
                biased;
                halted = halt.wait(), if self.called.halted.is_none() => {
                    self.called.halted = Some(halted);
                    self.give_up();
                    grace = Some(Instant::now() + GRACE);
                }
                Some((ready, landing)) = self.flying.next() => self.land(&ready, landing)?,
                () = until(grace) => break,
            }
        }
        self.close(queue);
        match self.fatal {
            Some(error) => Err(error),
            None => Ok(self.called),
        }
    }

    /// Cancels what a halt cancels. No call is polled now, so none leaves
    /// between the question and the end.
    fn give_up(&self) {
        for (handle, effect, sent) in &self.handles {
            if *effect == Effect::Read || !sent.may_have_left() {
                handle.abort();
            }
        }
    }

    fn start(&mut self, prepared: Prepared) -> Result<(), RunError> {
        let ready = match prepared {
            Prepared::Read(call, args) => return self.read(&call, &args),
            Prepared::Send(ready) => Arc::new(*ready),
        };
        self.recorder.record(Event::ToolStarted(started(&ready)));
        self.called.begun = Begun::Something;
        self.open.push(Open {
            call: ready.call.clone(),
            effect: ready.tool.tool.effect,
            began: Instant::now(),
        });
        let (engine, going) = (self.engine, Arc::clone(&ready));
        let (handle, registration) = AbortHandle::new_pair();
        let sent = Sent::default();
        self.handles.push((handle, ready.tool.tool.effect, sent.clone()));
        let task = Abortable::new(async move { engine.send(&going, &sent).await }, registration);
        let flying = async move {
            let landing = task
                .await
                .map_or(Landing::Cancelled, |ended| Landing::Ended(Box::new(ended)));
            (ready, landing)
        };
        self.flying.push(flying.boxed());
        Ok(())
    }

    /// Records the end of a call.
    fn land(&mut self, ready: &Ready, landing: Landing) -> Result<(), RunError> {
        let finished = match landing {
            Landing::Ended(ended) => (*ended).unwrap_or_else(|error| {
                let words =
                    json!({ "error": "stopped", "message": "the run was stopped by an error of this call" });
                // The first error is told; the calls beside it still end by themselves.
                self.fatal.get_or_insert(error);
                unanswered(words.to_string())
            }),
            Landing::Cancelled => {
                let words = match ready.tool.tool.effect {
                    Effect::Read => json!({ "error": "cancelled", "message": "the run was stopped" }),
                    Effect::Write | Effect::Destructive => unsent(),
                };
                let finished = unanswered(words.to_string());
                return self
                    .returned(&ready.call, &ready.preview.host(), finished)
                    .map(drop);
            }
        };
        if ready.tool.tool.effect != Effect::Read {
            self.recorder.writes.add(&ready.call.name, finished.change);
        }
        let host = finished.from.clone().unwrap_or_else(|| ready.preview.host());
        let finished = self.returned(&ready.call, &host, finished)?;
        self.called.results.push(finished);
        Ok(())
    }

    fn returned(
        &mut self,
        call: &ToolCall,
        host: &str,
        mut finished: Finished,
    ) -> Result<Finished, RunError> {
        let began = self.open.iter().position(|open| open.call.id == call.id);
        let took = began
            .map(|index| self.open.swap_remove(index).began.elapsed())
            .unwrap_or_default();
        let shaped = &mut finished.shaped;
        let redactor = &self.engine.redactor;
        for words in [&mut shaped.head, &mut shaped.payload].into_iter().flatten() {
            hide_text(redactor, words);
        }
        shaped
            .value
            .iter_mut()
            .for_each(|value| hide_value(redactor, value));
        let readable = self.engine.is_reader(read_result::NAME);
        let handle = shaped
            .readable()
            .filter(|_| readable)
            .map(|full| self.store.keep(&call.name, host, full));
        shaped.full = None;
        let mut note = shape::note(shaped, handle.as_deref());
        note.iter_mut().for_each(|note| hide_text(redactor, note));
        let fenced = shaped
            .payload
            .as_deref()
            .map(|payload| fence(&call.name, host, payload))
            .transpose()?;
        let head = shaped.head.clone();
        finished.content = joined([head.clone(), shaped.payload.clone(), note.clone()]);
        self.recorder.record(Event::ToolReturned(ToolReturned {
            call: call.id.clone(),
            tool: call.name.clone(),
            status: finished.status,
            is_error: shaped.is_error,
            content: finished.content.clone(),
            told: joined([head, fenced, note]),
            bytes: finished.bytes,
            attempts: finished.attempts,
            took_ms: took.as_millis().try_into().unwrap_or(u64::MAX),
            hidden_removed: shaped.hidden,
            handle,
        }));
        finished.took = took;
        Ok(finished)
    }

    /// Reads a kept result; nothing is sent.
    fn read(&mut self, call: &ToolCall, args: &Args) -> Result<(), RunError> {
        self.recorder.record(Event::ToolStarted(ToolStarted {
            call: call.id.clone(),
            call_id: call.id.clone(),
            tool: call.name.clone(),
            effect: "read".into(),
            arguments: args.as_map().clone(),
            coerced: Vec::new(),
            method: None,
            url: None,
            request_sha256: None,
            files: Vec::new(),
        }));
        let (host, shaped) = match self.store.read(args) {
            Ok(read) => (read.host.clone(), part_of(read)),
            Err(words) => (String::new(), Shaped::error(words)),
        };
        let finished = Finished {
            shaped,
            ..unanswered(String::new())
        };
        let finished = self.returned(call, &host, finished)?;
        self.called.results.push(finished);
        Ok(())
    }

    /// Ends what has not ended: calls that never began, and writes that went
    /// on for longer than a halted run waits.
    fn close(&mut self, queue: VecDeque<Prepared>) {
        for open in std::mem::take(&mut self.open) {
            let words = json!({
                "error": "outcome_unknown",
                "message": "the run was stopped before the answer came; the change may have been made",
            });
            let content = words.to_string();
            if open.effect != Effect::Read {
                self.called.begun = Begun::AbandonedWrite;
                self.recorder.writes.add(&open.call.name, Change::Unknown);
            }
            self.recorder.record(Event::ToolReturned(ToolReturned {
                call: open.call.id,
                tool: open.call.name,
                status: None,
                is_error: true,
                told: content.clone(),
                content,
                bytes: 0,
                attempts: 1,
                took_ms: open.began.elapsed().as_millis().try_into().unwrap_or(u64::MAX),
                hidden_removed: 0,
                handle: None,
            }));
        }
        for waiting in queue {
            let words = unsent().to_string();
            reject(self.recorder, waiting.call(), RejectReason::Stopped, words);
        }
    }
}

/// What is said of a call that a stop kept from being sent.
fn unsent() -> Value {
    json!({ "error": "stopped", "message": "the run was stopped before this call was sent" })
}

async fn until(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}

fn joined(parts: [Option<String>; 3]) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn unanswered(words: String) -> Finished {
    Finished {
        shaped: Shaped::error(words),
        from: None,
        status: None,
        bytes: 0,
        attempts: 1,
        took: Duration::ZERO,
        content: String::new(),
        change: Change::NotMade,
    }
}

fn part_of(read: read_result::Read) -> Shaped {
    let (payload, left_out) = match &read.value {
        Value::String(text) => {
            let trimmed = trim_text(text, READ_TOKENS);
            (trimmed.kept, trimmed.left_out)
        }
        value => {
            let trimmed = trim_value(value, READ_TOKENS);
            (trimmed.kept.to_string(), trimmed.left_out)
        }
    };
    let head = json!({ "of": read.tool, "part": read.place }).to_string();
    Shaped {
        head: Some(head),
        payload: Some(payload),
        left_out,
        value: Some(read.value),
        ..Shaped::default()
    }
}

fn started(ready: &Ready) -> ToolStarted {
    let effect = match ready.tool.tool.effect {
        Effect::Read => "read",
        Effect::Write => "write",
        Effect::Destructive => "destructive",
    };
    ToolStarted {
        call: ready.call.id.clone(),
        call_id: ready.moment.call_id.clone(),
        tool: ready.call.name.clone(),
        effect: effect.into(),
        arguments: ready.args.as_map().clone(),
        coerced: ready.coerced.iter().map(ToString::to_string).collect(),
        method: Some(ready.preview.method().as_str().into()),
        url: Some(ready.preview.url(|_| "***".into())),
        request_sha256: Some(ready.preview.sha256()),
        files: ready.preview.contents.files().into_iter().cloned().collect(),
    }
}
