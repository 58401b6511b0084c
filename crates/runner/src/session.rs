//! A manifest made ready to run: the two ways in, `run` and `call`.

use std::collections::BTreeSet;
use std::time::Instant;

use toolrun_manifest::{Manifest, Piece, Scope};
use toolrun_model::{Model, ToolCall, ToolSpec};
use toolrun_validator::{ArgValidator, nearest};

use crate::agent::ask::tool_tokens;
use crate::agent::asks::Asking;
use crate::agent::budget::Limits;
use crate::agent::calls::{Batch, call_all};
use crate::agent::drive::drive;
use crate::agent::flow::{AllowFlow, FlowPolicy, IdeaOf};
use crate::agent::frame::{Frame, Prose};
use crate::agent::machine::Run;
use crate::conceal::hide_error;
use crate::effect::{Plan, Planned};
use crate::engine::{Engine, Prepared};
use crate::error::{RunError, RunErrorKind};
use crate::event::{Event, RunStarted};
use crate::finish::{Ended, finish, finish_call, returned};
use crate::halt::Halt;
use crate::observer::Observer;
use crate::outcome::{Outcome, Returned};
use crate::preview::Preview;
use crate::recorder::Recorder;
use crate::setup::{Offered, Setup};
use crate::stop::Stop;
use crate::tools::fence::{EXPLANATION, draw};
use crate::tools::read_result::{self, Store};
use crate::tools::{ToolSet, needs_files, no_folder, unknown_tool};
use crate::workflow::outline::{Outline, outline};

/// A manifest made ready to run.
pub struct Session {
    engine: Engine,
    manifest: Manifest,
    /// Checks final answers, when the manifest asks for objects of a shape.
    answer: Option<ArgValidator>,
    limits: Limits,
    observers: Vec<Box<dyn Observer>>,
    stop: Stop,
}

impl Session {
    /// Makes ready: compiles validators, opens transports, checks the names of
    /// offered tools. Nothing is sent and no secret is read.
    pub fn new(setup: Setup) -> Result<Self, RunError> {
        let tools = ToolSet::new(
            &setup.manifest,
            setup.offered.as_deref(),
            &setup.vars,
            &*setup.connect,
            setup.files.as_deref(),
        )?;
        known_hosts(&setup.flows, &tools.hosts(&setup.vars))?;
        let engine = Engine {
            tools,
            vars: setup.vars,
            redactor: setup.redactor,
            approver: setup.approver,
            allow_writes: setup.allow_writes,
            flows: setup.flows,
            files: setup.files,
            reader: read_result::validator()?,
        };
        Ok(Self {
            engine,
            answer: answer_check(&setup.manifest)?,
            manifest: setup.manifest,
            limits: setup.limits,
            observers: setup.observers,
            stop: setup.stop,
        })
    }

    /// The manifest that was made ready.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The tools on offer, in order of the manifest. `read_result` joins them
    /// once a result was cut.
    pub fn offered(&self) -> Vec<Offered> {
        let specs = self.engine.tools.offered().iter();
        specs
            .map(|spec| Offered {
                tokens: tool_tokens(spec),
                spec: spec.clone(),
            })
            .collect()
    }

    /// Runs the agent loop until it ends by itself, by a limit or by a stop.
    pub async fn run(&mut self, model: &dyn Model, prompt: &str) -> Result<Outcome, RunError> {
        self.no_limit_of_cost(model)?;
        let began = Instant::now();
        let halt = Halt::new(self.stop.clone(), Some(self.limits.time));
        let started = self.started(Some(model), prompt)?;
        let id = started.run.clone();
        let instructions = started.instructions.clone();
        let run = Run::new(self.frame(model, instructions.clone()));
        let mut recorder = Recorder::new(&mut self.observers, self.engine.redactor.clone(), Some(run));
        recorder.record(Event::RunStarted(started));
        let asking = Asking {
            model,
            instructions: instructions.as_deref(),
            limits: self.limits,
        };
        let driven = drive(&self.engine, &mut recorder, asking, &halt).await;
        let driven = driven.map_err(|error| hide_error(&self.engine.redactor, error));
        let time = self.limits.time;
        finish(
            &mut recorder,
            driven,
            Ended {
                run: id,
                took: began.elapsed(),
                time,
            },
        )
    }

    /// Runs one tool or workflow without a model, on the same path: check, ask,
    /// render, send, shape. `arguments` is a JSON object as text. Limits of
    /// calls and time hold for a workflow; a single call has its timeout.
    pub async fn call(&mut self, tool: &str, arguments: &str) -> Result<Returned, RunError> {
        self.call_with(None, tool, arguments).await
    }

    /// The same with a model for the steps of a workflow that ask one; it
    /// must word answers.
    pub async fn call_with(
        &mut self,
        model: Option<&dyn Model>,
        tool: &str,
        arguments: &str,
    ) -> Result<Returned, RunError> {
        let began = Instant::now();
        let call = self.person_calls(tool, arguments)?;
        let model = self.model_of(model, tool)?;
        let started = self.started(model, "")?;
        let instructions = started.instructions.clone();
        let limits = self.engine.tools.workflows().get(tool).map(|_| self.limits);
        let halt = Halt::new(self.stop.clone(), limits.map(|limits| limits.time));
        let mut recorder = Recorder::new(&mut self.observers, self.engine.redactor.clone(), None);
        recorder.record(Event::RunStarted(started));
        let batch = Batch {
            planned: vec![Planned {
                call,
                plan: Plan::Run,
            }],
            confidence: None,
            idea_of: IdeaOf::Person,
            most: limits.map(|limits| limits.calls),
            asking: model.map(|model| Asking {
                model,
                instructions: instructions.as_deref(),
                limits: self.limits,
            }),
            halt: &halt,
        };
        let mut store = Store::default();
        let called = call_all(&self.engine, &mut recorder, &mut store, batch).await;
        let returned = called
            .and_then(|called| returned(tool, called, began.elapsed()))
            .map_err(|error| hide_error(&self.engine.redactor, error));
        finish_call(&mut recorder, returned, limits, began.elapsed())
    }

    /// The model of a call: needed when a step of it asks, and of no use else.
    fn model_of<'m>(
        &self,
        model: Option<&'m dyn Model>,
        name: &str,
    ) -> Result<Option<&'m dyn Model>, RunError> {
        let Some((workflow, step)) = self.manifest.first_ask(name) else {
            return Ok(None);
        };
        let asks = format!("step `{}` of `{}` asks a model", step.id, workflow.name);
        let (message, hint) = match model {
            Some(model) if model.writes_prose() => {
                self.no_limit_of_cost(model)?;
                return Ok(Some(model));
            }
            Some(model) => (
                format!(
                    "{asks} to write, and {} only routes requests to tools; nothing was sent",
                    model.id()
                ),
                "--model provider/name names one that writes, such as a local server's or a provider's with a key",
            ),
            None => (
                format!("{asks}, and none was chosen; nothing was sent"),
                "name one",
            ),
        };
        Err(RunError::new(RunErrorKind::Usage, message).hint(hint))
    }

    fn no_limit_of_cost(&self, model: &dyn Model) -> Result<(), RunError> {
        if self.manifest.agent.limits.cost.is_none() {
            return Ok(());
        }
        let message = format!(
            "the price of `{}` is not known, so a limit of cost cannot be kept",
            model.id()
        );
        Err(RunError::new(RunErrorKind::Usage, message).hint("limit `tokens` instead of `cost`"))
    }

    /// What that model is offered: a workflow that asks in words needs one that
    /// writes.
    fn offered_to(&self, model: &dyn Model) -> Vec<ToolSpec> {
        let offered = self.engine.tools.offered().iter();
        let usable = |spec: &&ToolSpec| model.writes_prose() || self.manifest.first_ask(&spec.name).is_none();
        offered.filter(usable).cloned().collect()
    }

    /// The exact request of a call, unsent.
    pub fn preview(&self, tool: &str, arguments: &str) -> Result<Preview, RunError> {
        let call = self.person_calls(tool, arguments)?;
        match self
            .engine
            .prepare(&call)?
            .map_err(|rejection| rejection.into_run_error(tool))?
        {
            Prepared::Send(ready) => Ok(ready.preview),
            Prepared::Workflow(_) => {
                let message = format!("`{tool}` is a workflow: it sends the requests of its steps");
                Err(RunError::new(RunErrorKind::Usage, message))
            }
            Prepared::Read(..) => Err(self.unknown(tool)),
        }
    }

    /// What a workflow would do with these arguments, nothing of it done.
    pub fn outline(&self, workflow: &str, arguments: &str) -> Result<Outline, RunError> {
        let call = self.person_calls(workflow, arguments)?;
        let checked = self.engine.prepare(&call)?;
        let prepared = checked.map_err(|rejection| rejection.into_run_error(workflow))?;
        match prepared {
            Prepared::Workflow(ready) => {
                let arguments = Some(ready.args.as_map());
                let drawn = outline(&self.engine, &self.manifest, &ready.workflow.workflow, arguments)?;
                let asks = self.manifest.first_ask(workflow);
                Ok(Outline {
                    most_tokens: asks.map(|_| self.limits.tokens),
                    ..drawn
                })
            }
            _ => {
                let message = format!("`{workflow}` is a tool: it has no steps");
                Err(RunError::new(RunErrorKind::Usage, message))
            }
        }
    }

    /// A call by a person: what is wrong with it is told to the person.
    fn person_calls(&self, tool: &str, arguments: &str) -> Result<ToolCall, RunError> {
        let tools = &self.engine.tools;
        if tools.get(tool).is_none() && tools.workflows().get(tool).is_none() {
            return Err(self.unknown(tool));
        }
        // Its first steps must not be done before a later one lacks the folder.
        let is_workflow = tools.workflows().get(tool).is_some();
        if is_workflow && self.engine.files.is_none() && needs_files(&self.manifest, tool) {
            return Err(no_folder(tool));
        }
        let call = ToolCall {
            id: "call".into(),
            name: tool.into(),
            arguments: arguments.into(),
        };
        self.engine
            .prepare(&call)?
            .map_err(|rejection| rejection.into_run_error(tool))?;
        Ok(call)
    }

    fn unknown(&self, tool: &str) -> RunError {
        unknown_tool(&self.manifest, tool)
    }

    fn started(&self, model: Option<&dyn Model>, prompt: &str) -> Result<RunStarted, RunError> {
        let words = model.is_some_and(Model::writes_prose);
        let own = self.instructions()?;
        let fence = words.then(|| EXPLANATION.to_owned());
        let parts: Vec<String> = own.into_iter().chain(fence).collect();
        Ok(RunStarted {
            run: format!("run_{}", draw()?),
            manifest: self.manifest.name.clone(),
            model: model.map(|model| model.id().to_owned()),
            prompt: prompt.to_owned(),
            instructions: (!parts.is_empty()).then(|| parts.join("\n\n")),
            tools: match model {
                Some(model) => names(&self.offered_to(model)),
                None => names(self.engine.tools.offered()),
            },
            limits: self.limits,
        })
    }

    /// The manifest's own system text.
    fn instructions(&self) -> Result<Option<String>, RunError> {
        let Some(template) = &self.manifest.agent.instructions else {
            return Ok(None);
        };
        let params = serde_json::Map::new();
        let scope = Scope {
            params: &params,
            vars: &self.engine.vars,
            call_id: "",
            now: jiff::Timestamp::now(),
        };
        let rendered = template.render(&scope).map_err(|error| {
            RunError::new(RunErrorKind::Usage, "`instructions` cannot be filled in").caused_by(error)
        })?;
        let pieces = rendered.unwrap_or_default();
        let text: String = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.as_str(),
                Piece::Secret(_) => "",
            })
            .collect();
        Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
    }

    fn frame(&self, model: &dyn Model, instructions: Option<String>) -> Frame {
        Frame {
            instructions,
            tools: self.offered_to(model),
            output: self.manifest.agent.output.clone(),
            answer: self.answer.clone(),
            limits: self.limits,
            prose: if model.writes_prose() {
                Prose::Model
            } else {
                Prose::Results
            },
            ask: None,
        }
    }
}

fn names(specs: &[ToolSpec]) -> Vec<String> {
    specs.iter().map(|spec| spec.name.clone()).collect()
}

/// Complains about an allowed flow from or to a host that no tool goes to.
fn known_hosts(flows: &FlowPolicy, hosts: &BTreeSet<String>) -> Result<(), RunError> {
    let named = flows.allowed.iter().flat_map(AllowFlow::hosts);
    let Some(unknown) = named.into_iter().find(|host| !hosts.contains(*host)) else {
        return Ok(());
    };
    let list = hosts.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let hint = match nearest(unknown, hosts.iter().map(String::as_str)) {
        _ if hosts.is_empty() => "it has no tools at all".to_owned(),
        Some(near) => format!("did you mean `{near}`? Its hosts: {list}"),
        None => format!("its hosts: {list}"),
    };
    let message = format!("no tool of the manifest goes to `{unknown}`, so nothing flows from or to it");
    Err(RunError::new(RunErrorKind::Usage, message).hint(hint))
}

/// The check of final answers. Only objects are checked: an answer of another
/// shape is words to most providers.
fn answer_check(manifest: &Manifest) -> Result<Option<ArgValidator>, RunError> {
    let schema = manifest.agent.output.as_ref();
    let Some(schema) = schema.filter(|schema| schema["type"] == "object") else {
        return Ok(None);
    };
    let validator = ArgValidator::of_schema("answer", schema.clone()).map_err(|error| {
        RunError::new(RunErrorKind::Usage, "`agent.output` cannot be used").caused_by(error)
    })?;
    Ok(Some(validator))
}
