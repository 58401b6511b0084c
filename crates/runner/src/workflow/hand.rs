//! A workflow that is driven by hand: calls out, answers in, in any order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::{Timestamp, ToSpan};
use serde_json::Value;
use toolrun_manifest::{ReadInclude, Segment};
use toolrun_model::{Part, Reply, StopReason, ToolCall, Usage};

use crate::agent::budget::{Limits, Used};
use crate::effect::{Effect, Failed, Plan, Return, Turn};
use crate::event::{
    AskStarted, Event, ModelReplied, RejectReason, Stamped, ToolRejected, ToolReturned, ToolStarted,
};
use crate::workflow::catalogue::Catalogue;
use crate::workflow::machine::WorkflowRun;

struct NoIncludes;

impl ReadInclude for NoIncludes {
    fn read(&self, _: &str, _: &str) -> Result<(String, String), String> {
        Err("nothing is included here".into())
    }
}

const TOOLS: &str = r#"toolrun: 1
tools:
  get:
    description: Returns one of the rows of the table by its number.
    params: { a: { schema: {}, optional: true, description: The number of the row } }
    url: https://table.example/rows?a={{ a }}
  put:
    description: Writes one of the rows of the table by its number.
    params: { a: { schema: {}, optional: true, description: The number of the row } }
    method: PUT
    effect: write
    url: https://table.example/rows?a={{ a }}
workflows:
"#;

/// The workflows of a manifest whose tools are `get` and `put`.
pub(super) fn catalogue(workflows: &str) -> Arc<Catalogue> {
    let text = format!("{TOOLS}{workflows}");
    let loaded = toolrun_manifest::load("test.yaml", text, &NoIncludes);
    let told: Vec<&str> = loaded
        .diagnostics
        .iter()
        .map(|found| found.message.as_str())
        .collect();
    let manifest = loaded.manifest.unwrap_or_else(|| panic!("{told:#?}"));
    Arc::new(Catalogue::new(&manifest, &BTreeMap::new(), |_| false).unwrap())
}

/// A workflow `name` with the params `p` and the optional `o`, and these steps,
/// a line each.
pub(super) fn workflow<S: AsRef<str>>(name: &str, steps: &[S], returns: &str) -> String {
    let mut text = format!("  {name}:\n    description: Reads the rows of the table, one after another.\n");
    text.push_str("    params:\n      p: { schema: {}, optional: true, description: Some value }\n");
    text.push_str("      o: { schema: {}, optional: true, description: Some more }\n    steps:\n");
    for step in steps {
        text.push_str(&format!("      - {{ {} }}\n", step.as_ref()));
    }
    if !returns.is_empty() {
        text.push_str(&format!("    return: {returns}\n"));
    }
    text
}

/// What the world answers to a call.
#[derive(Debug, Clone)]
pub(super) enum Says {
    /// With a value.
    Value(Value),
    /// With an error.
    Error(&'static str),
    /// It is not made.
    Rejected(RejectReason),
}

/// The world as a function of name and arguments.
pub(super) type World<'w> = &'w dyn Fn(&ToolCall) -> Says;

/// Chooses which of so many calls ends next.
pub(super) type Chooser<'c> = &'c mut dyn FnMut(usize) -> usize;

/// A workflow under way.
pub(super) struct Hand {
    pub(super) run: WorkflowRun,
    pub(super) events: Vec<Stamped<Event>>,
    /// Calls in the air.
    pub(super) flying: Vec<ToolCall>,
    /// Turns of the model in the air.
    turning: Vec<Turn>,
    /// The most that were in the air at once.
    pub(super) most: usize,
    catalogue: Arc<Catalogue>,
    now: Timestamp,
}

/// `call_id` of the outermost call.
const CALL: &str = "call_1";

impl Hand {
    /// Calls the workflow `w`.
    pub(super) fn new(catalogue: &Arc<Catalogue>, arguments: &Value) -> Self {
        Self::limited(catalogue, arguments, 1_000_000)
    }

    /// The same in a run of so many turns.
    pub(super) fn limited(catalogue: &Arc<Catalogue>, arguments: &Value, turns: u32) -> Self {
        let mut hand = Self::before(catalogue);
        let limits = Limits {
            turns,
            calls: 1_000_000,
            tokens: u64::MAX,
            ..Limits::default()
        };
        hand.run = WorkflowRun::new(Arc::clone(catalogue), CALL.into(), limits, Used::default());
        hand.tell(started("c1", CALL, "w", arguments, catalogue));
        hand
    }

    fn before(catalogue: &Arc<Catalogue>) -> Self {
        Self {
            run: WorkflowRun::new(
                Arc::clone(catalogue),
                CALL.into(),
                Limits {
                    turns: 1_000_000,
                    calls: 1_000_000,
                    tokens: u64::MAX,
                    ..Limits::default()
                },
                Used::default(),
            ),
            events: Vec::new(),
            flying: Vec::new(),
            turning: Vec::new(),
            most: 0,
            catalogue: Arc::clone(catalogue),
            now: Timestamp::UNIX_EPOCH,
        }
    }

    /// The same state from these events alone.
    pub(super) fn again(catalogue: &Arc<Catalogue>, events: &[Stamped<Event>], tools: &[ToolCall]) -> Self {
        let mut hand = Self::before(catalogue);
        for event in events {
            // As they would come back from a file.
            let line = serde_json::to_string(event).unwrap();
            let event: Stamped<Event> = serde_json::from_str(&line).unwrap();
            hand.run.apply(&event);
            hand.now = event.at;
            match &event.event {
                Event::ToolStarted(started) if started.steps.is_none() => hand
                    .flying
                    .extend(tools.iter().find(|call| call.id == started.call).cloned()),
                Event::ToolReturned(returned) => hand.flying.retain(|call| call.id != returned.call),
                _ => {}
            }
            hand.events.push(event);
        }
        hand
    }

    fn tell(&mut self, event: Event) {
        self.now = self.now.checked_add(1.millisecond()).unwrap();
        let event = Stamped {
            seq: self.events.len() as u64,
            at: self.now,
            event,
        };
        self.run.apply(&event);
        self.events.push(event);
    }

    /// Goes on to the end of the outermost workflow.
    pub(super) fn ends(&mut self, world: World<'_>, choose: Chooser<'_>) -> Result<Option<Value>, Failed> {
        for _ in 0..1_000_000 {
            match self.run.next() {
                Effect::Note(event) => self.tell(*event),
                Effect::Return(over) if over.call == CALL => return over.result,
                Effect::Return(over) => self.tell(Event::ToolReturned(inner(over))),
                Effect::CallTools(planned) => {
                    for planned in planned {
                        match planned.plan {
                            Plan::Run => self.call(planned.call, world),
                            Plan::Reject(reason, content) => self.tell(Event::ToolRejected(ToolRejected {
                                call: planned.call.id,
                                tool: planned.call.name,
                                reason,
                                content,
                            })),
                        }
                    }
                }
                Effect::Prompt(prompt) => self.tell(Event::AskStarted(AskStarted {
                    call: prompt.call,
                    prompt: prompt.segments.into_iter().map(shown).collect(),
                    instructions: None,
                    tools: prompt.tools,
                })),
                Effect::AskModel(turn) => {
                    self.run.turn_begins(turn.ask.as_deref().unwrap());
                    self.turning.push(turn);
                }
                Effect::Wait(_) if self.flying.is_empty() && !self.turning.is_empty() => {
                    let turn = self.turning.remove(choose(self.turning.len()));
                    self.reply(turn, world);
                }
                Effect::Wait(Some(pause)) if self.flying.is_empty() => {
                    self.now = self.now.max(pause.until);
                    self.call(pause.call, world);
                }
                Effect::Wait(_) if !self.flying.is_empty() => {
                    let call = self.flying.remove(choose(self.flying.len()));
                    self.land(&call, world);
                }
                other => panic!("stuck: {other:?}"),
            }
        }
        panic!("it does not end")
    }

    /// Goes on with every call answered in order of its start.
    pub(super) fn in_order(&mut self, world: World<'_>) -> Result<Option<Value>, Failed> {
        self.ends(world, &mut |_| 0)
    }

    fn call(&mut self, call: ToolCall, world: World<'_>) {
        let arguments: Value = serde_json::from_str(&call.arguments).unwrap();
        if let (None, Says::Rejected(reason)) = (self.catalogue.get(&call.name), world(&call)) {
            return self.tell(Event::ToolRejected(ToolRejected {
                call: call.id,
                tool: call.name,
                reason,
                content: "no".into(),
            }));
        }
        let id = format!("id of {}", call.id);
        self.tell(started(&call.id, &id, &call.name, &arguments, &self.catalogue));
        if self.catalogue.get(&call.name).is_none() {
            self.flying.push(call);
            self.most = self.most.max(self.flying.len());
        }
    }

    fn reply(&mut self, turn: Turn, world: World<'_>) {
        let text = |part: &Part| match part {
            Part::Text { text } => text.clone(),
            Part::ToolResult(result) => format!("{};", result.content),
            other => format!("{other:?}"),
        };
        let messages = turn.request.messages.iter();
        let texts = messages.map(|message| message.parts.iter().map(text).collect::<String>());
        let call = ToolCall {
            id: turn.ask.clone().unwrap(),
            name: "ask".into(),
            arguments: Value::from(texts.collect::<Vec<_>>()).to_string(),
        };
        let parts = match world(&call) {
            Says::Value(Value::Array(calls)) => calls
                .iter()
                .map(|call| {
                    let name = call["name"].as_str().unwrap().to_owned();
                    let arguments = match call["a"].as_str() {
                        Some("") | None => "{}".to_owned(),
                        Some(a) => serde_json::json!({ "a": a }).to_string(),
                    };
                    // Models may give every call the same id.
                    let id = "same".to_owned();
                    Part::ToolCall(ToolCall { id, name, arguments })
                })
                .collect(),
            Says::Value(Value::String(text)) => vec![Part::Text { text }],
            other => panic!("no reply: {other:?}"),
        };
        self.tell(Event::ModelReplied(ModelReplied {
            turn: 0,
            ask: turn.ask,
            reply: Reply {
                parts,
                stop: StopReason::EndTurn,
                usage: Usage::default(),
                confidence: None,
            },
            tokens: 1,
            estimated: false,
            masked: Vec::new(),
        }));
    }

    /// Every call of a tool that was begun.
    pub(super) fn calls(&self) -> Vec<ToolCall> {
        let started = self.events.iter().filter_map(|event| match &event.event {
            Event::ToolStarted(started) => Some(started),
            _ => None,
        });
        started
            .map(|started| ToolCall {
                id: started.call.clone(),
                name: started.tool.clone(),
                arguments: Value::Object(started.arguments.clone()).to_string(),
            })
            .collect()
    }

    fn land(&mut self, call: &ToolCall, world: World<'_>) {
        let (value, content, is_error) = match world(call) {
            Says::Value(value) => (Some(value), String::new(), false),
            Says::Error(content) => (None, content.to_owned(), true),
            Says::Rejected(reason) => panic!("begun and then rejected: {reason:?}"),
        };
        let content = match &value {
            Some(value) if self.run.asked(&call.id).is_some() => value.to_string(),
            _ => content,
        };
        self.tell(Event::ToolReturned(ToolReturned {
            is_error,
            value,
            ..returned(&call.id, &call.name, content)
        }));
    }

    /// What was recorded, in short: `+step`, `-step`, `!step` and the calls.
    pub(super) fn story(&self) -> String {
        let words: VecDeque<String> = self
            .events
            .iter()
            .skip(1)
            .filter_map(|event| match &event.event {
                Event::StepStarted(step) => Some(format!("+{}", step.step)),
                Event::StepSkipped(step) => {
                    let item = step.item.map(|item| format!("[{item}]")).unwrap_or_default();
                    Some(format!("-{}{item}", step.step))
                }
                Event::StepFinished(step) if step.is_error => Some(format!("!{}", step.step)),
                Event::StepFinished(step) => Some(format!("={}", step.step)),
                Event::AskStarted(ask) => Some(format!("?{}", &ask.call[CALL.len() + 1..])),
                Event::ModelReplied(reply) => reply
                    .ask
                    .as_ref()
                    .map(|ask| format!("*{}", &ask[CALL.len() + 1..])),
                Event::ToolStarted(tool) => tool.call.strip_prefix(CALL).map(|call| call[1..].to_owned()),
                _ => None,
            })
            .collect();
        Vec::from(words).join(" ")
    }
}

/// A piece of a prompt, values marked.
fn shown(segment: Segment) -> String {
    match segment {
        Segment::Own(text) => text,
        Segment::Value { of, text } => format!("[{of}:{text}]"),
    }
}

fn started(call: &str, call_id: &str, tool: &str, arguments: &Value, catalogue: &Catalogue) -> Event {
    Event::ToolStarted(ToolStarted {
        call: call.into(),
        call_id: call_id.into(),
        tool: tool.into(),
        effect: "read".into(),
        arguments: arguments.as_object().cloned().unwrap_or_default(),
        coerced: vec![],
        method: None,
        url: None,
        request_sha256: None,
        files: Vec::new(),
        steps: catalogue.get(tool).map(|_| 1),
    })
}

fn returned(call: &str, tool: &str, content: String) -> ToolReturned {
    ToolReturned {
        call: call.into(),
        tool: tool.into(),
        status: None,
        is_error: false,
        told: content.clone(),
        content,
        bytes: 0,
        attempts: 1,
        took_ms: 0,
        hidden_removed: 0,
        handle: None,
        value: None,
        masked: false,
    }
}

fn inner(over: Return) -> ToolReturned {
    let (call, tool) = (over.call, over.workflow);
    match over.result {
        Ok(value) => ToolReturned {
            content: value.as_ref().map(ToString::to_string).unwrap_or_default(),
            told: value.as_ref().map(ToString::to_string).unwrap_or_default(),
            value,
            ..returned(&call, &tool, String::new())
        },
        Err(failed) => ToolReturned {
            is_error: true,
            ..returned(&call, &tool, failed.content())
        },
    }
}
