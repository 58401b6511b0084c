//! Model arguments in, [`Args`] or explainable errors out.
//!
//! Reads the JSON text that a model wrote, converts the few things whose
//! meaning is beyond doubt, checks the rest against the tool's JSON Schema and
//! fills in defaults and constants. Knows nothing of requests or providers.

mod coerce;
mod error;
mod json;
mod number;
mod plain;
mod pointer;
mod size;
mod words;
mod work;

use std::sync::Arc;

use jsonschema::{PatternOptions, Validator};
use serde_json::{Map, Value};
use toolrun_manifest::{Param, Tool};

pub use coerce::{Coercion, CoercionKind};
pub use error::{ArgError, SchemaError, Violation};
pub use plain::is_plain;
pub use words::nearest;

use crate::size::Bounds;
use crate::work::Work;

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

/// What a successful check yields.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The arguments.
    pub args: Args,
    /// What was converted on the way, in order of the text.
    pub coerced: Vec<Coercion>,
}

/// Checks the arguments of one tool; compiled once, used for every call.
#[derive(Debug, Clone)]
pub struct ArgValidator {
    tool: String,
    schema: Value,
    compiled: Arc<Validator>,
    bounds: Bounds,
    work: Work,
    /// Every param of the tool in order of writing, with what fills it in.
    filled: Vec<(String, Option<Filling>)>,
}

/// What stands in for a param that the model does not give.
#[derive(Debug, Clone)]
enum Filling {
    Default(Value),
    Constant(Value),
}

/// Largest compiled size of a `pattern`; a larger one is an error of the schema.
const PATTERN_BYTES: usize = 1 << 20;

impl ArgValidator {
    /// Compiles the schema of a tool.
    pub fn new(tool: &Tool) -> Result<Self, SchemaError> {
        Self::of_params(&tool.name, tool.schema.clone(), &tool.params)
    }

    /// Compiles the schema of anything that has params, such as a workflow.
    pub fn of_params(name: &str, schema: Value, params: &[Param]) -> Result<Self, SchemaError> {
        let mut validator = Self::of_schema(name, schema)?;
        validator.filled = params
            .iter()
            .map(|param| {
                let constant = param.constant.clone().map(Filling::Constant);
                (
                    param.name.clone(),
                    constant.or_else(|| param.default.clone().map(Filling::Default)),
                )
            })
            .collect();
        Ok(validator)
    }

    /// Compiles a bare schema: nothing is filled in.
    pub fn of_schema(tool: &str, schema: Value) -> Result<Self, SchemaError> {
        let work = Work::of(&schema).map_err(|(at, reason)| SchemaError {
            tool: tool.to_owned(),
            at,
            reason: reason.to_owned(),
        })?;
        let compiled = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES))
            .should_validate_formats(true)
            .offline()
            .build(&schema)
            .map_err(|error| SchemaError {
                tool: tool.to_owned(),
                at: error.instance_path().to_string(),
                reason: error.masked().to_string(),
            })?;
        Ok(Self {
            tool: tool.to_owned(),
            bounds: Bounds::new(&schema),
            schema,
            compiled: Arc::new(compiled),
            work,
            filled: Vec::new(),
        })
    }

    /// Checks arguments as a model wrote them. An empty text stands for `{}`.
    pub fn check(&self, arguments: &str) -> Result<Checked, ArgError> {
        if let Some(violation) = size::too_long(arguments, &self.schema) {
            return Err(self.refuse(vec![violation]));
        }
        let mut value = json::parse(arguments, &self.bounds).map_err(|flaws| self.refuse(flaws))?;
        if !value.is_object() {
            return Err(self.refuse(vec![Violation::of_type(
                "",
                "an object with the parameters by name",
                &value,
            )]));
        }
        if !self.work.allows(&value) {
            return Err(self.refuse(vec![Violation::of_type(
                "",
                "a flatter value: this one is nested too deep for the tool's schema",
                &value,
            )]));
        }
        let (coerced, unsafe_numbers) = coerce::coerce(&mut value, &self.schema);
        let violations = words::violations(&self.schema, &self.compiled, &value, unsafe_numbers);
        if !violations.is_empty() {
            return Err(self.refuse(violations));
        }
        let Value::Object(given) = value else {
            unreachable!("checked above and never replaced")
        };
        Ok(Checked {
            args: Args(self.fill(given)),
            coerced,
        })
    }

    /// Puts the arguments in the order of the manifest and fills in the rest.
    fn fill(&self, mut given: Map<String, Value>) -> Map<String, Value> {
        let mut args = Map::new();
        for (name, filling) in &self.filled {
            let value = match (filling, given.shift_remove(name)) {
                (Some(Filling::Constant(constant)), _) => Some(constant.clone()),
                (_, Some(value)) => Some(value),
                (Some(Filling::Default(default)), None) => Some(default.clone()),
                (None, None) => None,
            };
            if let Some(value) = value {
                args.insert(name.clone(), value);
            }
        }
        args.extend(given);
        args
    }

    fn refuse(&self, violations: Vec<Violation>) -> ArgError {
        let required = words::names(self.schema.get("required"));
        let optional = words::properties(&self.schema).filter(|name| !required.iter().any(|r| r == name));
        ArgError {
            tool: self.tool.clone(),
            optional: optional.map(str::to_owned).collect(),
            required,
            violations,
        }
    }
}

#[cfg(test)]
mod tests;
