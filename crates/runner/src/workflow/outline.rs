//! What a workflow would do, without doing it: its steps in waves, and the
//! requests that are known before any answer has come.

use std::time::Duration;

use serde_json::{Map, Value};
use toolrun_manifest::{
    Action, Bound, Each, Effect, JsonTemplate, Manifest, OnError, Scope, Step, Uses, When, Workflow,
};
use toolrun_model::ToolCall;

use crate::engine::{Engine, Prepared};
use crate::error::RunError;
use crate::preview::Preview;

/// What a workflow would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// The workflow.
    pub workflow: String,
    /// Its strongest effect.
    pub effect: Effect,
    /// The most it can come to.
    pub bound: Bound,
    /// The run's limit of tokens, when steps ask a model: no turn begins after
    /// it. Answers of any length go into prompts, so that nothing less is sure.
    pub most_tokens: Option<u64>,
    /// The steps, those of one wave together.
    pub waves: Vec<Vec<OutlineStep>>,
}

/// A step as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub struct OutlineStep {
    /// Its id.
    pub id: String,
    /// The tool or workflow that it calls, or `ask`.
    pub does: String,
    /// What that does to the world.
    pub effect: Effect,
    /// The steps that it waits for.
    pub waits_for: Vec<String>,
    /// What it would send.
    pub sends: Sends,
    /// Whether it runs at all.
    pub runs: Runs,
    /// How many times it runs, when it goes over a list.
    pub each: Option<Items>,
    /// The most tries and the pause between them, when it is repeated.
    pub repeat: Option<(u32, Duration)>,
    /// What an error does, when it does not stop the workflow.
    pub on_error: Option<OnError>,
}

/// What a step would send.
#[derive(Debug, Clone, PartialEq)]
pub enum Sends {
    /// Exactly this request.
    Request(Box<Preview>),
    /// A request with values that are not known yet.
    Later {
        /// The method.
        method: String,
        /// The url as the manifest has it.
        url: String,
        /// The arguments as far as they are known; what is not stays as
        /// written.
        arguments: Value,
    },
    /// What this workflow's steps send.
    Workflow(Box<Outline>),
    /// A prompt to the model.
    Prompt {
        /// As the manifest has it.
        text: String,
        /// What the model may call.
        tools: Vec<String>,
    },
    /// Nothing: what it calls sends no request of its own.
    Nothing,
    /// Nothing: its arguments would be refused, for this reason.
    Refused(String),
}

/// Whether a step runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// It does.
    Always,
    /// Its condition is known not to hold.
    Never,
    /// Its condition reads what is not known yet.
    Perhaps,
}

/// How long a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Items {
    /// This many.
    Number(usize),
    /// It comes from a step.
    Unknown,
}

/// Draws up what a workflow would do with these arguments; inner workflows are
/// drawn up without any.
pub(crate) fn outline(
    engine: &Engine,
    manifest: &Manifest,
    workflow: &Workflow,
    arguments: Option<&Map<String, Value>>,
) -> Result<Outline, RunError> {
    let draft = Draft {
        engine,
        manifest,
        workflow,
        arguments,
    };
    let wave = |places: &Vec<usize>| -> Result<Vec<OutlineStep>, RunError> {
        let steps = places.iter().map(|place| &workflow.steps[*place]);
        steps.map(|step| draft.step(step)).collect()
    };
    Ok(Outline {
        workflow: workflow.name.clone(),
        effect: workflow.effect,
        bound: manifest.bound_knowing(workflow, &|step| draft.times(step)),
        most_tokens: None,
        waves: workflow.waves.iter().map(wave).collect::<Result<_, _>>()?,
    })
}

struct Draft<'a> {
    engine: &'a Engine,
    manifest: &'a Manifest,
    workflow: &'a Workflow,
    arguments: Option<&'a Map<String, Value>>,
}

impl Draft<'_> {
    fn step(&self, step: &Step) -> Result<OutlineStep, RunError> {
        let waits_for = step
            .needs
            .iter()
            .map(|place| self.workflow.steps[*place].id.clone());
        Ok(OutlineStep {
            id: step.id.clone(),
            does: step.callee().unwrap_or("ask").to_owned(),
            effect: step.effect,
            waits_for: waits_for.collect(),
            sends: self.sends(step)?,
            runs: self.runs(step),
            each: step.each.as_ref().map(|each| self.items(each)),
            repeat: step.repeat.as_ref().map(|repeat| (repeat.times, repeat.every)),
            on_error: Some(step.on_error.clone()).filter(|on_error| *on_error != OnError::Stop),
        })
    }

    /// The values of params, when these are all that is read: no step, and
    /// nothing that is made when the call begins.
    fn known(&self, uses: &Uses) -> Option<&Map<String, Value>> {
        let params = &self.workflow.params;
        let arguments = self.arguments?;
        let mut names = uses.params.iter();
        let known = !uses.of_call && names.all(|name| params.iter().any(|param| &param.name == name));
        known.then_some(arguments)
    }

    /// What is filled in from; only what reads neither `call.id` nor `now` is.
    fn scope<'s>(&'s self, arguments: &'s Map<String, Value>) -> Scope<'s> {
        Scope {
            params: arguments,
            vars: &self.engine.vars,
            call_id: "",
            now: jiff::Timestamp::now(),
        }
    }

    fn runs(&self, step: &Step) -> Runs {
        let Some(when) = &step.when else {
            return Runs::Always;
        };
        let (When::Step(condition) | When::Item(condition)) = when;
        let known = self.known(condition.uses());
        match known.map(|arguments| condition.is_met(&self.scope(arguments))) {
            Some(Ok(true)) => Runs::Always,
            Some(Ok(false)) => Runs::Never,
            Some(Err(_)) | None => Runs::Perhaps,
        }
    }

    fn arguments_known(&self, with: Option<&JsonTemplate>) -> Value {
        let (Some(with), Some(arguments)) = (with, self.arguments) else {
            return with.map(|with| with.written().clone()).unwrap_or_default();
        };
        let params = &self.workflow.params;
        with.render_known(&self.scope(arguments), &|name| {
            params.iter().any(|param| param.name == name)
        })
    }

    /// How many times a step runs, when that is known.
    fn times(&self, step: &Step) -> Option<usize> {
        match (self.runs(step), &step.each) {
            (Runs::Never, _) => Some(0),
            (_, None) => None,
            (_, Some(each)) => match self.items(each) {
                Items::Number(count) => Some(count),
                Items::Unknown => None,
            },
        }
    }

    fn items(&self, each: &Each) -> Items {
        let known = self.known(each.items.uses());
        let rendered = known.and_then(|arguments| each.items.render(&self.scope(arguments)).ok());
        match rendered.flatten() {
            Some(Value::Array(list)) => Items::Number(list.len()),
            _ => each.count.map_or(Items::Unknown, Items::Number),
        }
    }

    fn sends(&self, step: &Step) -> Result<Sends, RunError> {
        let (callee, with) = match &step.action {
            Action::Call { callee, with } => (callee, with),
            Action::Ask(ask) => {
                return Ok(Sends::Prompt {
                    text: ask.prompt.text().to_owned(),
                    tools: ask.tools.clone(),
                });
            }
        };
        if let Some(inner) = self.manifest.workflow(callee) {
            let outline = outline(self.engine, self.manifest, inner, None)?;
            return Ok(Sends::Workflow(Box::new(outline)));
        }
        let known = match with {
            None => Some("{}".to_owned()),
            Some(tree) => self
                .known(tree.uses())
                .and_then(|arguments| tree.render(&self.scope(arguments)).ok())
                .map(|value| value.unwrap_or_default().to_string()),
        };
        if let Some(arguments) = known {
            let call = ToolCall {
                id: step.id.clone(),
                name: callee.clone(),
                arguments,
            };
            return Ok(match self.engine.prepare(&call)? {
                Ok(Prepared::Send(ready)) => Sends::Request(Box::new(ready.preview)),
                Ok(_) => Sends::Nothing,
                Err(rejection) => {
                    let error = rejection.into_run_error(callee);
                    let cause = error.source.as_ref().map(ToString::to_string);
                    Sends::Refused(cause.unwrap_or(error.message))
                }
            });
        }
        let tool = self.engine.tools.get(callee).map(|ready| ready.endpoint());
        Ok(Sends::Later {
            method: tool
                .map(|endpoint| endpoint.method.as_str())
                .unwrap_or_default()
                .to_owned(),
            url: tool
                .map(|endpoint| endpoint.url.text())
                .unwrap_or_default()
                .to_owned(),
            arguments: self.arguments_known(with.as_deref()),
        })
    }
}
