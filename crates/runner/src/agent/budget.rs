//! How far a run may go, as plain data. Counting is the machine's.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::Event;

/// The limits of a run, defaults filled in. Turns and calls are exact; tokens
/// may be passed by the turn in flight, time by the 5 s of a write in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// Replies of the model.
    pub turns: u32,
    /// Executions of tools.
    pub calls: u32,
    /// Input and output tokens together.
    pub tokens: u64,
    /// Wall-clock time in milliseconds.
    #[serde(rename = "time_ms", with = "millis")]
    #[schemars(with = "u64")]
    pub time: Duration,
}

/// What a whole run has used so far: a fold over its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Used {
    /// Replies of the model.
    pub(crate) turns: u32,
    /// Calls that were begun.
    pub(crate) calls: u32,
    /// Tokens that counted.
    pub(crate) tokens: u64,
}

impl Used {
    /// Counts what an event adds. A workflow is no call itself; its steps are.
    pub(crate) fn count(&mut self, event: &Event) {
        match event {
            Event::ModelReplied(replied) => {
                self.turns += 1;
                self.tokens = self.tokens.saturating_add(replied.tokens);
            }
            Event::ToolStarted(started) => self.calls += u32::from(started.steps.is_none()),
            _ => {}
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            turns: 20,
            calls: 50,
            tokens: 200_000,
            time: Duration::from_secs(600),
        }
    }
}

impl Limits {
    /// A manifest's `limits:` over the defaults. `cost` is not looked at:
    /// [`Session::new`](crate::Session::new) refuses it, prices being unknown.
    pub fn of(declared: &toolrun_manifest::Limits) -> Self {
        let default = Self::default();
        Self {
            turns: declared.turns.unwrap_or(default.turns),
            calls: declared.calls.unwrap_or(default.calls),
            tokens: declared.tokens.unwrap_or(default.tokens),
            time: declared.time.unwrap_or(default.time),
        }
    }
}

/// Which limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// `turns`.
    Turns,
    /// `calls`.
    Calls,
    /// `tokens`.
    Tokens,
    /// `time`.
    Time,
    /// The same call gave the same result three times.
    Repeats,
}

mod millis {
    //! Durations as whole milliseconds.

    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(value.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}
