//! Notices a model that goes round in circles: identical results of identical
//! calls.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;
use toolrun_model::ToolCall;

/// Identical results of an identical call that stop a run.
pub(crate) const MOST_REPEATS: u32 = 3;

/// A call and its result: name, arguments in one spelling, content.
type Repetition = (String, String, String);

/// How often each result came.
#[derive(Debug, Default)]
pub(crate) struct Repeats(HashMap<Repetition, u32>);

impl Repeats {
    /// Counts the results of one reply; whether one came as often as a run may
    /// see it. A model that asks for the same thing several times at once has
    /// not seen the result yet: it counts once. Every result is counted, also
    /// after one that came too often.
    pub(crate) fn come_too_often<'a>(
        &mut self,
        results: impl Iterator<Item = (&'a ToolCall, &'a str)>,
    ) -> bool {
        let keys: BTreeSet<Repetition> = results
            .map(|(call, content)| (call.name.clone(), canonical(&call.arguments), content.to_owned()))
            .collect();
        keys.into_iter().filter(|key| self.count(key)).count() > 0
    }

    fn count(&mut self, key: &Repetition) -> bool {
        let count = self.0.entry(key.clone()).or_insert(0);
        *count += 1;
        *count >= MOST_REPEATS
    }
}

/// Arguments that are brought into one spelling have at most so many bytes.
const MOST_SPELT: usize = 16 << 10;

/// Arguments in one spelling: blanks and the order of keys do not matter.
fn canonical(arguments: &str) -> String {
    fn sorted(value: Value) -> Value {
        match value {
            Value::Object(fields) => {
                let mut fields: Vec<_> = fields
                    .into_iter()
                    .map(|(key, field)| (key, sorted(field)))
                    .collect();
                fields.sort_by(|(a, _), (b, _)| a.cmp(b));
                Value::Object(fields.into_iter().collect())
            }
            Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
            scalar => scalar,
        }
    }
    // So large, nobody spells the same in two ways.
    if arguments.len() > MOST_SPELT {
        return arguments.to_owned();
    }
    match serde_json::from_str(arguments) {
        Ok(value) => sorted(value).to_string(),
        Err(_) if arguments.trim().is_empty() => "{}".into(),
        Err(_) => arguments.to_owned(),
    }
}
