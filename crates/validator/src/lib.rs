//! Model arguments in, [`Args`] or explainable errors out.

use serde_json::{Map, Value};

/// Arguments that passed a tool's schema, defaults and constants filled in.
/// Only [`ArgValidator`] makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct Args(Map<String, Value>);

impl Args {
    /// The values by name.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }
}

// To come: ArgValidator::new(&Tool) -> ArgValidator; .check(arguments: &str) -> Result<Checked, ArgError>
// where Checked { args: Args, coerced: Vec<Coercion> }, ArgError { violations, valid params; wording for the model }.
