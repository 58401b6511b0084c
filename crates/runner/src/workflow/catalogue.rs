//! The workflows of a manifest made ready: what depends on each step, and the
//! check of the arguments.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;
use toolrun_manifest::{Action, Effect, Manifest, Step, Workflow};
use toolrun_model::ToolSpec;
use toolrun_validator::ArgValidator;

use crate::error::{RunError, RunErrorKind};
use crate::tools::tool_spec;

/// A workflow made ready.
#[derive(Debug)]
pub(crate) struct ReadyWorkflow {
    /// As the manifest has it.
    pub(crate) workflow: Workflow,
    /// For each step the steps that wait for it.
    pub(crate) needed_by: Vec<Vec<usize>>,
    /// Checks its arguments.
    pub(crate) validator: ArgValidator,
    /// For each step what its model must answer, when it asks and says so.
    pub(crate) answers: Vec<Option<Answer>>,
}

/// What the model of a step must answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// As it is asked for.
    pub(crate) schema: Value,
    /// Checks it.
    pub(crate) validator: ArgValidator,
    /// The field in which an answer that is no map stands.
    pub(crate) wrapped: Option<&'static str>,
}

/// The workflows that this build can run, and the values of `vars`.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    order: Vec<Arc<ReadyWorkflow>>,
    by_name: HashMap<String, usize>,
    /// Values of `vars`.
    pub(crate) vars: BTreeMap<String, String>,
    /// What a model that a step asks can be offered.
    pub(crate) specs: BTreeMap<String, ToolSpec>,
}

impl ReadyWorkflow {
    /// Makes one ready.
    pub(crate) fn new(workflow: &Workflow) -> Result<Self, RunError> {
        let validator = ArgValidator::of_params(&workflow.name, workflow.schema.clone(), &workflow.params);
        let validator = validator.map_err(|error| {
            let message = format!("the params of `{}` cannot be checked", workflow.name);
            RunError::new(RunErrorKind::Usage, message).caused_by(error)
        })?;
        let mut needed_by = vec![Vec::new(); workflow.steps.len()];
        for (place, step) in workflow.steps.iter().enumerate() {
            for other in &step.needs {
                needed_by[*other].push(place);
            }
        }
        Ok(Self {
            workflow: workflow.clone(),
            needed_by,
            validator,
            answers: workflow.steps.iter().map(answer).collect::<Result<_, _>>()?,
        })
    }

    /// As a model sees it.
    pub(crate) fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: self.workflow.name.clone(),
            description: self.workflow.description.clone(),
            parameters: self.workflow.schema.clone(),
            writes: self.workflow.effect != Effect::Read,
        }
    }
}

fn answer(step: &Step) -> Result<Option<Answer>, RunError> {
    let Action::Ask(ask) = &step.action else {
        return Ok(None);
    };
    let Some(schema) = &ask.output else {
        return Ok(None);
    };
    let (schema, wrapped) = Answer::wrapped(schema);
    let validator = ArgValidator::of_schema(&step.id, schema.clone()).map_err(|error| {
        let message = format!("the `output` of step `{}` cannot be used", step.id);
        RunError::new(RunErrorKind::Usage, message).caused_by(error)
    })?;
    Ok(Some(Answer {
        schema,
        validator,
        wrapped,
    }))
}

impl Catalogue {
    /// Makes those workflows ready whose every callee can be called.
    pub(crate) fn new(
        manifest: &Manifest,
        vars: &BTreeMap<String, String>,
        lacks: impl Fn(&str) -> bool,
    ) -> Result<Self, RunError> {
        let mut catalogue = Self {
            vars: vars.clone(),
            ..Self::default()
        };
        for workflow in manifest
            .workflows
            .iter()
            .filter(|workflow| !lacks(&workflow.name))
        {
            let place = catalogue.order.len();
            catalogue.by_name.insert(workflow.name.clone(), place);
            catalogue.order.push(Arc::new(ReadyWorkflow::new(workflow)?));
        }
        let tools = manifest
            .tools
            .iter()
            .filter(|tool| !lacks(&tool.name))
            .map(tool_spec);
        let workflows = catalogue.order.iter().map(|ready| ready.spec());
        catalogue.specs = tools
            .chain(workflows)
            .map(|spec| (spec.name.clone(), spec))
            .collect();
        Ok(catalogue)
    }

    /// The workflow of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Arc<ReadyWorkflow>> {
        self.by_name.get(name).map(|place| &self.order[*place])
    }

    /// All of them, in order of the manifest.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<ReadyWorkflow>> {
        self.order.iter()
    }
}
