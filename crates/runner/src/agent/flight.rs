//! Calls under way side by side. Each has its own end; none hides or cancels
//! another. The steps of workflows fly with the other calls.

use std::collections::{BTreeMap, VecDeque};
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

use crate::agent::asks::{Asking, Turned, Turning};
use crate::agent::calls::{Batch, Begun, Called, reject};
use crate::conceal::{Hidden, hide_text, mask_value};
use crate::effect::Pause;
use crate::engine::{Engine, Finished, Prepared, Ready};
use crate::error::RunError;
use crate::event::{Event, RejectReason, ToolReturned, ToolStarted};
use crate::halt::{GRACE, Halt, Halted};
use crate::recorder::Recorder;
use crate::tools::fence::fence;
use crate::tools::read_result::{self, Store};
use crate::tools::shape::{self, Shaped};
use crate::tools::trim::{trim_text, trim_value};
use crate::writes::Change;

/// Tokens of what `read_result` gives at once.
const READ_TOKENS: u32 = 8000;

/// A call under way.
pub(super) type Flying<'a> = BoxFuture<'a, (Arc<Ready>, Landing)>;

/// How a call came to its end.
pub(super) enum Landing {
    /// With an answer, or an error that stops the run.
    Ended(Box<Result<Finished, RunError>>),
    /// It was cancelled because the run was halted.
    Cancelled,
}

/// A call that was started and has not ended.
pub(super) struct Open {
    pub(super) call: ToolCall,
    pub(super) effect: Effect,
    pub(super) began: Instant,
    /// What ends it, and whether its request has left; a workflow has neither.
    pub(super) held: Option<(AbortHandle, Sent)>,
}

/// The calls of a batch, and the steps of its workflows, while they are under
/// way.
pub(crate) struct Flight<'a, 'r> {
    pub(super) engine: &'a Engine,
    pub(super) recorder: &'a mut Recorder<'r>,
    store: &'a mut Store,
    pub(super) halt: &'a Halt,
    pub(super) confidence: Option<f32>,
    most: Option<u32>,
    pub(super) flying: FuturesUnordered<Flying<'a>>,
    /// Calls that came to their end while a person was asked.
    pub(super) landed: VecDeque<(Arc<Ready>, Landing)>,
    pub(super) open: Vec<Open>,
    /// The outermost calls of workflows, by their `call_id`.
    pub(super) calls_of: BTreeMap<String, ToolCall>,
    /// Who is asked by steps.
    pub(super) asking: Option<Asking<'a>>,
    /// Turns that steps ask for.
    pub(super) turning: FuturesUnordered<Turning<'a>>,
    /// Turns that came to their end while a person was asked.
    pub(super) turned: VecDeque<Turned>,
    grace: Option<Instant>,
    pub(super) called: Called,
    pub(super) fatal: Option<RunError>,
}

impl<'a, 'r> Flight<'a, 'r> {
    /// A flight of which nothing has begun.
    pub(crate) fn new(
        engine: &'a Engine,
        recorder: &'a mut Recorder<'r>,
        store: &'a mut Store,
        batch: &Batch<'a>,
    ) -> Self {
        Self {
            engine,
            recorder,
            store,
            halt: batch.halt,
            confidence: batch.confidence,
            most: batch.most,
            flying: FuturesUnordered::new(),
            landed: VecDeque::new(),
            open: Vec::new(),
            calls_of: BTreeMap::new(),
            asking: batch.asking,
            turning: FuturesUnordered::new(),
            turned: VecDeque::new(),
            grace: None,
            called: Called::default(),
            fatal: None,
        }
    }

    /// Runs the calls to their end.
    pub(crate) async fn run(mut self, mut queue: VecDeque<Prepared>) -> Result<Called, RunError> {
        loop {
            let pause = self.advance(&mut queue).await?;
            if let Some((ready, landing)) = self.landed.pop_front() {
                self.land(&ready, landing)?;
                continue;
            }
            if let Some(turned) = self.turned.pop_front() {
                self.turn_over(turned);
                continue;
            }
            if !self.goes_on() {
                // What nobody will read need not be answered.
                self.turning.clear();
            }
            if self.flying.is_empty() && self.turning.is_empty() && pause.is_none() {
                break;
            }
            let wake = pause.as_ref().map(|pause| Instant::now() + left(pause));
            tokio::select! {
                biased;
                halted = self.halt.wait(), if self.called.halted.is_none() => self.halted(halted),
                Some((ready, landing)) = self.flying.next() => self.land(&ready, landing)?,
                Some(turned) = self.turning.next() => self.turn_over(turned),
                () = until(wake) => self.take_step(pause.map(|pause| pause.call)).await?,
                () = until(self.grace) => break,
            }
        }
        self.close(queue);
        match self.fatal {
            Some(error) => Err(error),
            None => Ok(self.called),
        }
    }

    /// Begins what can begin. Says for which pause to wait, if for one.
    async fn advance(&mut self, queue: &mut VecDeque<Prepared>) -> Result<Option<Pause>, RunError> {
        while self.has_room() {
            let Some(next) = queue.pop_front() else { break };
            self.start(next)?;
        }
        self.advance_workflows().await
    }

    /// Whether the run goes on.
    pub(super) fn goes_on(&self) -> bool {
        self.called.halted.is_none() && self.fatal.is_none()
    }

    /// Whether another call may begin now.
    pub(super) fn has_room(&self) -> bool {
        self.goes_on() && self.flying.len() + self.turning.len() < self.engine.tools.at_once()
    }

    /// No new calls from here on; reads, and writes whose request has not left,
    /// are cancelled, the other writes get some time. No call is polled now, so
    /// none leaves between the question and the end.
    pub(super) fn halted(&mut self, halted: Halted) {
        self.called.halted = Some(halted);
        for open in &self.open {
            if let Some((handle, sent)) = &open.held
                && (open.effect == Effect::Read || !sent.may_have_left())
            {
                handle.abort();
            }
        }
        self.grace = Some(Instant::now() + GRACE);
    }

    /// Begins a call. The limit of calls is kept here, where all of them begin.
    pub(super) fn start(&mut self, prepared: Prepared) -> Result<(), RunError> {
        let ready = match prepared {
            Prepared::Workflow(ready) => {
                self.start_workflow(*ready);
                return Ok(());
            }
            _ if self.most.is_some_and(|most| self.recorder.used.calls >= most) => {
                let words = json!({ "error": "limit_reached", "message": "the run's limit of calls is reached; answer with what you have" });
                reject(
                    self.recorder,
                    prepared.call(),
                    RejectReason::Limit,
                    words.to_string(),
                );
                return Ok(());
            }
            Prepared::Read(call, args) => return self.read(&call, &args),
            Prepared::Send(ready) => Arc::new(*ready),
        };
        self.recorder.record(Event::ToolStarted(started(&ready)));
        self.called.begun = Begun::Something;
        let (engine, going) = (self.engine, Arc::clone(&ready));
        let (handle, registration) = AbortHandle::new_pair();
        let sent = Sent::default();
        self.open.push(Open {
            call: ready.call.clone(),
            effect: ready.tool.tool.effect,
            began: Instant::now(),
            held: Some((handle, sent.clone())),
        });
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
        if ready.within.is_empty() {
            self.called.results.push(finished);
        }
        Ok(())
    }

    pub(super) fn returned(
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
        let value = shaped.value.as_mut();
        let hidden = value.map_or(Hidden::Nothing, |value| mask_value(redactor, value));
        let is_step = self.recorder.is_step(&call.id);
        // What a step's model has called is read by it, not by other steps.
        let is_read = is_step && self.recorder.asked(&call.id).is_none();
        let readable = self.engine.is_reader(read_result::NAME) && !is_read;
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
            value: shaped.value.take_if(|_| is_read),
            masked: is_step && shaped.masked.and(hidden) == Hidden::Something,
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
            steps: None,
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
        if !self.recorder.is_step(&call.id) {
            self.called.results.push(finished);
        }
        Ok(())
    }

    /// Ends what has not ended: calls that never began, and writes that went
    /// on for longer than a halted run waits.
    fn close(&mut self, queue: VecDeque<Prepared>) {
        let open = std::mem::take(&mut self.open).into_iter();
        for open in open.filter(|open| open.held.is_some()) {
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
                value: None,
                masked: false,
            }));
        }
        self.close_workflows();
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

/// How long a pause still is.
fn left(pause: &Pause) -> Duration {
    let left = pause.until.duration_since(jiff::Timestamp::now());
    Duration::try_from(left).unwrap_or_default().min(pause.at_most)
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

/// An end without an answer.
pub(super) fn unanswered(words: String) -> Finished {
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

/// An effect as events have it.
pub(super) fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Write => "write",
        Effect::Destructive => "destructive",
    }
}

fn started(ready: &Ready) -> ToolStarted {
    ToolStarted {
        call: ready.call.id.clone(),
        call_id: ready.moment.call_id.clone(),
        tool: ready.call.name.clone(),
        effect: word(ready.tool.tool.effect).into(),
        arguments: ready.args.as_map().clone(),
        coerced: ready.coerced.iter().map(ToString::to_string).collect(),
        method: Some(ready.preview.method().as_str().into()),
        url: Some(ready.preview.url(|_| "***".into())),
        request_sha256: Some(ready.preview.sha256()),
        files: ready.preview.contents.files().into_iter().cloned().collect(),
        steps: None,
    }
}
