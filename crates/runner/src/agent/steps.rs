//! Steps of workflows in flight: what their machine asks for is begun beside
//! the other calls, under the same limits and the same permission.

use std::sync::Arc;

use futures_util::StreamExt;
use serde_json::json;
use tokio::time::Instant;
use toolrun_manifest::Effect as Does;
use toolrun_model::ToolCall;

use crate::agent::calls::{flow, permitted, reject};
use crate::agent::flight::{Flight, Open, unanswered, word};
use crate::agent::flow::IdeaOf;
use crate::effect::{Effect, Failed, FailedKind, Pause, Plan, Return};
use crate::engine::{Finished, Permission, Prepared, Ready, ReadyCall};
use crate::error::{RunError, RunErrorKind};
use crate::event::{Event, ToolReturned, ToolStarted};
use crate::workflow::machine::WorkflowRun;
use crate::workflow::result::shaped;
use crate::workflow::steps::since;

impl Flight<'_, '_> {
    /// Begins a workflow: from here on its machine says what comes next.
    pub(super) fn start_workflow(&mut self, ready: ReadyCall) {
        let ReadyCall {
            workflow,
            call,
            args,
            coerced,
            call_id,
        } = ready;
        if !self.recorder.is_step(&call.id) {
            let catalogue = Arc::clone(self.engine.tools.workflows());
            let limits = self.asking.map(|asking| asking.limits).unwrap_or_default();
            let run = WorkflowRun::new(catalogue, call_id.clone(), limits, self.recorder.used);
            self.recorder.workflows.insert(call_id.clone(), run);
            self.open.push(Open {
                call: call.clone(),
                effect: Does::Read,
                began: Instant::now(),
                held: None,
            });
            self.calls_of.insert(call_id.clone(), call.clone());
        }
        self.recorder.record(Event::ToolStarted(ToolStarted {
            call: call.id,
            call_id,
            tool: call.name,
            effect: word(workflow.workflow.effect).into(),
            arguments: args.as_map().clone(),
            coerced: coerced.iter().map(ToString::to_string).collect(),
            method: None,
            url: None,
            request_sha256: None,
            files: Vec::new(),
            steps: Some(u32::try_from(workflow.workflow.steps.len()).unwrap_or(u32::MAX)),
        }));
    }

    /// Does what the machines ask for. Says for which pause to wait, if for one.
    pub(super) async fn advance_workflows(&mut self) -> Result<Option<Pause>, RunError> {
        let under_way: Vec<String> = self.recorder.workflows.keys().cloned().collect();
        let mut first: Option<Pause> = None;
        for id in under_way {
            let pause = self.advance_one(&id).await?;
            first = match (first, pause) {
                (Some(one), Some(other)) if one.until <= other.until => Some(one),
                (one, other) => other.or(one),
            };
        }
        Ok(first.filter(|_| self.goes_on()))
    }

    async fn advance_one(&mut self, id: &str) -> Result<Option<Pause>, RunError> {
        while self.goes_on() {
            // Steps that are all skipped wait for nothing, however many.
            if let Some(halted) = self.halt.reached() {
                self.halted(halted);
                break;
            }
            let Some(run) = self.recorder.workflows.get(id) else {
                return Ok(None);
            };
            match run.next() {
                Effect::Note(event) => self.recorder.record(*event),
                Effect::Return(over) => self.workflow_over(over)?,
                Effect::CallTools(_) if !self.has_room() => return Ok(None),
                Effect::CallTools(planned) => {
                    for planned in planned {
                        match planned.plan {
                            Plan::Run => self.take_step(Some(planned.call)).await?,
                            Plan::Reject(reason, words) => {
                                reject(self.recorder, &planned.call, reason, words);
                            }
                        }
                    }
                }
                Effect::Prompt(prompt) => self.begin_ask(prompt)?,
                Effect::AskModel(_) if !self.has_room_to_ask() => return Ok(None),
                Effect::AskModel(turn) => self.take_turn(id, turn)?,
                Effect::Wait(pause) => return Ok(pause),
                Effect::Limit(_) | Effect::Done(_) => {
                    let message = "a workflow asked for what only a loop can do";
                    return Err(RunError::new(RunErrorKind::Internal, message));
                }
            }
        }
        Ok(None)
    }

    /// Checks the call of a step, asks about it where that is needed, begins it.
    pub(super) async fn take_step(&mut self, call: Option<ToolCall>) -> Result<(), RunError> {
        let Some(call) = call else { return Ok(()) };
        match self.engine.prepare(&call)? {
            Err(rejection) => {
                reject(self.recorder, &call, rejection.reason(), rejection.for_model());
                Ok(())
            }
            Ok(Prepared::Send(mut ready)) => {
                ready.within = self.recorder.around(&call.id);
                let Some(permission) = self.permission(&ready).await else {
                    return Ok(());
                };
                if let Permission::Refused(why) = permission {
                    self.called.declined = Some(why);
                }
                match permitted(self.recorder, &ready, permission) {
                    Ok(true) => self.start(Prepared::Send(ready)),
                    Ok(false) => Ok(()),
                    // What is under way still ends by itself.
                    Err(error) => {
                        self.fatal.get_or_insert(error);
                        Ok(())
                    }
                }
            }
            Ok(free) => self.start(free),
        }
    }

    /// Asks while the other calls go on; nothing when the run was halted
    /// meanwhile.
    async fn permission(&mut self, ready: &Ready) -> Option<Permission> {
        let engine = self.engine;
        // A step is its author's idea: no text that was read can have added
        // it. A call that a step's model makes is the model's.
        let (idea_of, confidence) = match self.recorder.asked(&ready.call.id) {
            Some(confidence) => (IdeaOf::Model, confidence),
            None => (IdeaOf::Person, self.confidence),
        };
        let flow = flow(engine, self.recorder, ready, idea_of, confidence);
        let asked = engine.permit(ready, confidence, flow);
        tokio::pin!(asked);
        loop {
            tokio::select! {
                biased;
                permission = &mut asked => return Some(permission),
                halted = self.halt.wait(), if self.called.halted.is_none() => {
                    self.halted(halted);
                    return None;
                }
                Some(landed) = self.flying.next() => self.landed.push_back(landed),
                Some(turned) = self.turning.next() => self.turned.push_back(turned),
            }
        }
    }

    /// Records the end of a workflow.
    fn workflow_over(&mut self, over: Return) -> Result<(), RunError> {
        let Some(run) = self.recorder.workflows.remove(&over.call) else {
            if self.recorder.asked(&over.call).is_some() {
                return self.told_workflow_over(over);
            }
            self.recorder.record(Event::ToolReturned(inner(over)));
            return Ok(());
        };
        let Some(call) = self.calls_of.remove(&over.call) else {
            return Ok(());
        };
        self.called.failed = over.result.as_ref().err().map(|failed| failed.kind);
        let finished = Finished {
            shaped: shaped(over.result),
            ..unanswered(String::new())
        };
        let finished = self.returned(&call, &run.hosts(), finished)?;
        self.called.results.push(finished);
        Ok(())
    }

    /// Records the end of a workflow that the model of a step has called.
    fn told_workflow_over(&mut self, over: Return) -> Result<(), RunError> {
        let call = ToolCall {
            id: over.call,
            name: over.workflow,
            arguments: String::new(),
        };
        let host = self.recorder.hosts_around(&call.id);
        let finished = Finished {
            shaped: shaped(over.result),
            ..unanswered(String::new())
        };
        self.returned(&call, &host, finished).map(drop)
    }

    /// Ends the workflows that a halt or an error left behind.
    pub(super) fn close_workflows(&mut self) {
        for (call_id, run) in std::mem::take(&mut self.recorder.workflows) {
            for (call, workflow, began) in run.unfinished() {
                let words = json!({ "error": "stopped", "message": "the run was stopped before the workflow was done" });
                let mut returned = inner(Return {
                    call: call.to_owned(),
                    workflow: workflow.to_owned(),
                    began,
                    result: Err(Failed {
                        words,
                        cause: None,
                        kind: FailedKind::Stopped,
                    }),
                });
                if let Some(call) = self.calls_of.get(&call_id).filter(|_| call == call_id) {
                    returned.call.clone_from(&call.id);
                }
                self.recorder.record(Event::ToolReturned(returned));
            }
        }
    }
}

/// The end of a workflow that a step called: no model reads it.
fn inner(over: Return) -> ToolReturned {
    let (content, value, is_error) = match over.result {
        Ok(value) => (String::new(), value, false),
        Err(failed) => (failed.content(), None, true),
    };
    ToolReturned {
        call: over.call,
        tool: over.workflow,
        status: None,
        is_error,
        told: content.clone(),
        content,
        bytes: 0,
        attempts: 1,
        took_ms: since(over.began, jiff::Timestamp::now()),
        hidden_removed: 0,
        handle: None,
        value,
        masked: false,
    }
}
