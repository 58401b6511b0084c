//! How much work a template may do. What an answer of an API makes a
//! template do is bounded by this, not by the answer.

use std::cell::Cell;

use serde_json::Value;

/// Steps of evaluation; a small template over a thousand rows takes about
/// fifty thousand.
const STEPS: u64 = 1_000_000;

/// The work that is left.
#[derive(Debug)]
pub(super) struct Fuel(Cell<u64>);

impl Fuel {
    /// A full tank.
    pub(super) fn full() -> Self {
        Self(Cell::new(STEPS))
    }

    /// Pays for some steps.
    pub(super) fn spend(&self, steps: u64) -> Result<(), String> {
        match self.0.get().checked_sub(steps) {
            Some(left) => {
                self.0.set(left);
                Ok(())
            }
            None => Err("it takes too many steps".into()),
        }
    }

    /// Pays for reading or copying a value as a whole.
    pub(super) fn spend_on(&self, value: &Value) -> Result<(), String> {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => self.spend(1),
            Value::String(text) => self.spend(1 + text.len() as u64 / 32),
            Value::Array(items) => {
                self.spend(1)?;
                items.iter().try_for_each(|item| self.spend_on(item))
            }
            Value::Object(map) => {
                self.spend(1)?;
                map.values().try_for_each(|value| self.spend_on(value))
            }
        }
    }
}
