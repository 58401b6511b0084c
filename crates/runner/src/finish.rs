//! The ends of runs and single calls: what is recorded and what is returned.

use std::time::Duration;

use serde_json::json;

use crate::agent::approval::Why;
use crate::agent::budget::{LimitKind, Limits};
use crate::agent::calls::{Begun, Called};
use crate::agent::drive::Driven;
use crate::agent::machine::Run;
use crate::agent::repeats::MOST_REPEATS;
use crate::effect::FailedKind;
use crate::error::{RunError, RunErrorKind};
use crate::event::{Event, LimitReached, RunFinished};
use crate::halt::Halted;
use crate::outcome::{Ending, Outcome, Returned};
use crate::recorder::Recorder;

/// What is known of a run at its end besides what the machine knows.
pub(crate) struct Ended {
    /// The run's id.
    pub(crate) run: String,
    /// From start to end.
    pub(crate) took: Duration,
    /// The limit of time.
    pub(crate) time: Duration,
}

/// Records the end of a run and makes its outcome.
pub(crate) fn finish(
    recorder: &mut Recorder<'_>,
    mut driven: Result<Driven, RunError>,
    ended: Ended,
) -> Result<Outcome, RunError> {
    if let Ok(Driven::Halted(Halted::Time)) = driven {
        let (allowed, used) = (millis(ended.time), millis(ended.took));
        recorder.record(Event::LimitReached(LimitReached {
            limit: LimitKind::Time,
            allowed,
            used,
        }));
    }
    if let (Ok(Driven::Done(done)), Some(error)) = (&driven, declined(recorder))
        && done.ending == Ending::NoAnswer
    {
        driven = Err(error);
    }
    let writes = recorder.writes.told();
    if let Err(error) = &mut driven {
        error.note.clone_from(&writes);
    }
    let run = recorder.run.as_ref();
    let text = || run.map(|run| run.text().to_owned()).unwrap_or_default();
    let (ending, answer) = match &driven {
        Ok(Driven::Done(done)) => (done.ending, done.answer.clone()),
        Ok(Driven::Halted(Halted::Time)) => (Ending::Limit(LimitKind::Time), text()),
        Ok(Driven::Halted(Halted::Person)) => (Ending::Interrupted, text()),
        Err(_) => (Ending::Failed, text()),
    };
    let outcome = Outcome {
        run: ended.run,
        ending,
        answer,
        note: both(
            run.and_then(Run::note).or_else(|| note(ending)),
            writes.filter(|_| ending != Ending::Answered),
        ),
        flows: recorder.warned.clone(),
        turns: run.map_or(0, Run::turns),
        calls: run.map_or(0, Run::calls),
        tokens: run.map_or(0, Run::tokens),
        took: ended.took,
    };
    recorder.record(Event::RunFinished(RunFinished {
        ending,
        answer: outcome.answer.clone(),
        turns: outcome.turns,
        calls: outcome.calls,
        tokens: outcome.tokens,
        took_ms: millis(outcome.took),
        error: driven.as_ref().err().map(explained),
    }));
    driven.map(|_| outcome)
}

/// The end of a run of a router whose calls were not allowed: nothing was
/// sent, and such a model has nothing to say about it.
fn declined(recorder: &Recorder<'_>) -> Option<RunError> {
    let router = recorder.run.as_ref().is_some_and(Run::is_of_router);
    if !router || recorder.used.calls > 0 {
        return None;
    }
    recorder.declined.first().map(|tool| not_allowed(tool))
}

fn not_allowed(tool: &str) -> RunError {
    let message = format!("`{tool}` was not allowed; nothing was sent");
    RunError::new(RunErrorKind::Declined, message)
}

/// What a person should know about an ending.
fn note(ending: Ending) -> Option<&'static str> {
    Some(match ending {
        Ending::Limit(LimitKind::Turns) => "the limit of turns was reached; raise it with --limit turns=N",
        Ending::Limit(LimitKind::Calls) => "the limit of calls was reached; raise it with --limit calls=N",
        Ending::Limit(LimitKind::Tokens) => "the limit of tokens was reached; raise it with --limit tokens=N",
        Ending::Limit(LimitKind::Time) => "the time was over; raise it with --limit time=DURATION",
        Ending::Limit(LimitKind::Repeats) => {
            "the model got the same result of the same call three times; say more exactly what is wanted, \
             or name another model with --model"
        }
        // The ending itself says it all.
        Ending::Answered | Ending::Refused | Ending::NoAnswer | Ending::Interrupted | Ending::Failed => {
            return None;
        }
    })
}

fn both(ending: Option<&str>, writes: Option<String>) -> Option<String> {
    match (ending, writes) {
        (Some(ending), Some(writes)) => Some(format!("{ending}; {writes}")),
        (Some(ending), None) => Some(ending.to_owned()),
        (None, writes) => writes,
    }
}

/// An error with its causes, for the record.
fn explained(error: &RunError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}

/// The one result of a single call, or why there is none. A result that came
/// after a stop is a result.
pub(crate) fn returned(tool: &str, mut called: Called, took: Duration) -> Result<Returned, RunError> {
    if called.failed == Some(FailedKind::Refused) {
        let message = format!("a step of `{tool}` was not allowed; nothing was sent for it");
        return Err(RunError {
            rule: called.declined.map(Why::rule),
            ..RunError::new(RunErrorKind::Declined, message)
        });
    }
    let ending = match (called.halted, called.failed) {
        (Some(Halted::Time), _) => Ending::Limit(LimitKind::Time),
        (Some(Halted::Person), _) => Ending::Interrupted,
        (None, Some(FailedKind::Limit(limit))) => Ending::Limit(limit),
        (None, Some(FailedKind::NoAnswer)) => Ending::NoAnswer,
        (None, _) => Ending::Answered,
    };
    let Some(finished) = std::mem::take(&mut called.results).into_iter().next() else {
        if ending == Ending::Limit(LimitKind::Time) {
            return Ok(out_of_time(tool, took));
        }
        return Err(nothing_came(tool, &called));
    };
    let shaped = finished.shaped;
    Ok(Returned {
        tool: tool.to_owned(),
        ending,
        content: finished.content,
        head: shaped.head,
        payload: shaped.payload,
        left_out: shaped.left_out,
        value: shaped.value,
        is_error: shaped.is_error,
        status: finished.status,
        attempts: finished.attempts,
        turns: 0,
        calls: 0,
        tokens: 0,
        note: None,
        took: finished.took,
    })
}

/// A workflow whose time was over before its end.
fn out_of_time(tool: &str, took: Duration) -> Returned {
    let words =
        json!({ "error": "limit_reached", "message": "the time was over before the workflow was done" });
    Returned {
        tool: tool.to_owned(),
        ending: Ending::Limit(LimitKind::Time),
        content: words.to_string(),
        head: Some(words.to_string()),
        payload: None,
        left_out: Vec::new(),
        value: None,
        is_error: true,
        status: None,
        attempts: 1,
        turns: 0,
        calls: 0,
        tokens: 0,
        note: None,
        took,
    }
}

fn nothing_came(tool: &str, called: &Called) -> RunError {
    let stopped = |message| RunError::new(RunErrorKind::Interrupted, message);
    match (called.halted, called.begun) {
        (None, _) => RunError {
            rule: called.declined.map(Why::rule),
            ..not_allowed(tool)
        },
        (Some(_), Begun::Nothing) => stopped(format!("`{tool}` was stopped before it was sent")),
        (Some(_), Begun::Something) => stopped(format!("`{tool}` was stopped")),
        (Some(_), Begun::AbandonedWrite) => stopped(format!(
            "`{tool}` was sent and no answer came; the change may have been made"
        ))
        .hint("find out before trying again"),
    }
}

/// Records the end of a single call. Of a workflow, which has limits, it says
/// which changes were made when it did not end well.
pub(crate) fn finish_call(
    recorder: &mut Recorder<'_>,
    mut returned: Result<Returned, RunError>,
    limits: Option<Limits>,
    took: Duration,
) -> Result<Returned, RunError> {
    let ending = match &returned {
        Ok(returned) => returned.ending,
        Err(error) if error.kind == RunErrorKind::Interrupted => Ending::Interrupted,
        Err(_) => Ending::Failed,
    };
    if let (Some(limits), Ending::Limit(limit)) = (limits, ending) {
        let (allowed, used) = match limit {
            LimitKind::Time => (millis(limits.time), millis(took)),
            LimitKind::Turns => (limits.turns.into(), recorder.used.turns.into()),
            LimitKind::Tokens => (limits.tokens, recorder.used.tokens),
            LimitKind::Calls => (limits.calls.into(), recorder.used.calls.into()),
            LimitKind::Repeats => (MOST_REPEATS.into(), MOST_REPEATS.into()),
        };
        recorder.record(Event::LimitReached(LimitReached { limit, allowed, used }));
    }
    let writes = recorder.writes.told().filter(|_| limits.is_some());
    if let Ok(returned) = &mut returned {
        let used = recorder.used;
        (returned.turns, returned.calls, returned.tokens) = (used.turns, used.calls, used.tokens);
    }
    match &mut returned {
        Ok(returned) if returned.is_error => returned.note = both(note(ending), writes),
        Ok(_) => {}
        Err(error) => error.note = writes,
    }
    recorder.record(Event::RunFinished(RunFinished {
        ending,
        answer: returned
            .as_ref()
            .map(|returned| returned.content.clone())
            .unwrap_or_default(),
        turns: recorder.used.turns,
        calls: recorder.used.calls,
        tokens: recorder.used.tokens,
        took_ms: millis(took),
        error: returned.as_ref().err().map(explained),
    }));
    returned
}

fn millis(time: Duration) -> u64 {
    time.as_millis().try_into().unwrap_or(u64::MAX)
}
