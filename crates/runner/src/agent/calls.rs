//! The calls of one reply: checked and asked about in order, then run side by
//! side. How they run is not decided here.

use std::collections::VecDeque;

use serde_json::json;
use toolrun_model::ToolCall;

use crate::agent::approval::Why;
use crate::agent::asks::Asking;
use crate::agent::flight::Flight;
use crate::agent::flow::{Flow, IdeaOf};
use crate::effect::{FailedKind, Plan, Planned};
use crate::engine::{Engine, Finished, Permission, Prepared, Ready, needs_approval};
use crate::error::RunError;
use crate::event::{ApprovalGiven, ApprovalRefused, Event, FlowWarned, RejectReason, ToolRejected};
use crate::halt::{Halt, Halted};
use crate::recorder::Recorder;
use crate::tools::read_result::Store;

/// The calls of one reply.
pub(crate) struct Batch<'a> {
    /// The calls, in order.
    pub(crate) planned: Vec<Planned>,
    /// How sure the model is of them.
    pub(crate) confidence: Option<f32>,
    /// Whose idea they are.
    pub(crate) idea_of: IdeaOf,
    /// How many calls the whole run may come to.
    pub(crate) most: Option<u32>,
    /// Who is asked by steps, when somebody can be.
    pub(crate) asking: Option<Asking<'a>>,
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
    /// Why a workflow failed, when one did.
    pub(crate) failed: Option<FailedKind>,
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
            let flight = Flight::new(engine, recorder, store, &batch);
            let called = flight.run(queue).await?;
            Ok(Called {
                declined: called.declined.or(declined),
                ..called
            })
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
            // Steps are asked about one by one, when their turn comes.
            Ok(free @ (Prepared::Read(..) | Prepared::Workflow(_))) => queue.push_back(free),
            Ok(Prepared::Send(ready)) => {
                let flow = flow(engine, recorder, &ready, batch.idea_of, batch.confidence);
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
pub(crate) fn flow(
    engine: &Engine,
    recorder: &mut Recorder<'_>,
    ready: &Ready,
    idea_of: IdeaOf,
    confidence: Option<f32>,
) -> Option<Flow> {
    if idea_of != IdeaOf::Model {
        return None;
    }
    let (to, effect) = (&ready.preview.request.url, ready.tool.tool.effect);
    let flow = recorder.read.flow(to, effect, &engine.flows)?;
    let asks = engine.why_ask(ready, confidence, Some(&flow)).is_some();
    recorder.record(Event::FlowWarned(FlowWarned {
        call: ready.call.id.clone(),
        tool: ready.call.name.clone(),
        from: flow.from.clone(),
        to: flow.to.clone(),
        asks,
    }));
    Some(flow)
}

/// Records that a call is not made.
pub(crate) fn reject(recorder: &mut Recorder<'_>, call: &ToolCall, reason: RejectReason, content: String) {
    let (call, tool) = (call.id.clone(), call.name.clone());
    recorder.record(Event::ToolRejected(ToolRejected {
        call,
        tool,
        reason,
        content,
    }));
}

/// Records what came of asking; whether the call may run.
pub(crate) fn permitted(
    recorder: &mut Recorder<'_>,
    ready: &Ready,
    permission: Permission,
) -> Result<bool, RunError> {
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
