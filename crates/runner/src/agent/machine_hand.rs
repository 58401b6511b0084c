//! A run that is driven by hand: replies and results in, effects out.

use serde_json::json;
use toolrun_model::{Message, ModelRequest, Part, Reply, StopReason, ToolCall, ToolSpec, Usage};

use crate::agent::budget::Limits;
use crate::agent::frame::Frame;
use crate::agent::machine::Run;
use crate::effect::{Done, Effect, Plan, Planned};
use crate::event::{
    Event, ModelReplied, RejectReason, RunStarted, Stamped, ToolRejected, ToolReturned, ToolStarted,
};

/// A run that is driven by hand.
pub(super) struct Hand {
    pub(super) run: Run,
    pub(super) seq: u64,
    pub(super) executed: u32,
}

pub(super) fn tool(name: &str) -> ToolSpec {
    ToolSpec {
        name: name.into(),
        description: String::new(),
        parameters: json!({}),
        writes: false,
    }
}

pub(super) fn limits(turns: u32, calls: u32) -> Limits {
    Limits {
        turns,
        calls,
        ..Limits::default()
    }
}

pub(super) fn reply(text: &str, calls: &[(&str, &str)], stop: StopReason) -> Reply {
    let mut parts = Vec::new();
    if !text.is_empty() {
        parts.push(Part::Text { text: text.into() });
    }
    for (index, (name, arguments)) in calls.iter().enumerate() {
        let (id, name, arguments) = (format!("c{index}"), (*name).into(), (*arguments).into());
        parts.push(Part::ToolCall(ToolCall { id, name, arguments }));
    }
    Reply {
        parts,
        stop,
        usage: Usage::default(),
        confidence: None,
    }
}

impl Hand {
    pub(super) fn new(frame: Frame) -> Self {
        let mut hand = Self {
            run: Run::new(frame),
            seq: 0,
            executed: 0,
        };
        hand.event(Event::RunStarted(RunStarted {
            run: "run_1".into(),
            manifest: None,
            model: None,
            prompt: "go".into(),
            instructions: None,
            tools: vec![],
            limits: Limits::default(),
        }));
        hand
    }

    pub(super) fn with(limits: Limits) -> Self {
        Self::new(Frame {
            tools: vec![tool("find"), tool("refund")],
            limits,
            ..Frame::default()
        })
    }

    pub(super) fn event(&mut self, event: Event) {
        self.run.apply(&Stamped {
            seq: self.seq,
            at: jiff::Timestamp::UNIX_EPOCH,
            event,
        });
        self.seq += 1;
    }

    pub(super) fn says(&mut self, reply: Reply) {
        let turn = self.run.turns() + 1;
        self.event(Event::ModelReplied(ModelReplied {
            turn,
            ask: None,
            reply,
            tokens: 100,
            estimated: false,
            masked: Vec::new(),
        }));
    }

    pub(super) fn returns(&mut self, call: &str, tool: &str, content: &str) {
        self.ended(call, tool, content, None);
    }

    /// The same with a result that was cut and can be read on.
    pub(super) fn returns_cut(&mut self, call: &str, tool: &str, content: &str) {
        self.ended(call, tool, content, Some("r1".into()));
    }

    fn ended(&mut self, call: &str, tool: &str, content: &str, handle: Option<String>) {
        self.executed += 1;
        let (call, tool, content) = (call.to_owned(), tool.to_owned(), content.to_owned());
        self.event(Event::ToolStarted(ToolStarted {
            call: call.clone(),
            call_id: String::new(),
            tool: tool.clone(),
            effect: "read".into(),
            arguments: serde_json::Map::new(),
            coerced: vec![],
            method: None,
            url: None,
            request_sha256: None,
            files: Vec::new(),
            steps: None,
        }));
        self.event(Event::ToolReturned(ToolReturned {
            call,
            tool,
            status: Some(200),
            is_error: false,
            told: format!("<{content}>"),
            content,
            bytes: 0,
            attempts: 1,
            took_ms: 0,
            hidden_removed: 0,
            handle,
            value: None,
            masked: false,
        }));
    }

    /// Answers every call that is to run with `content` and refuses the rest.
    pub(super) fn settles(&mut self, content: impl Fn(usize) -> String) {
        let Effect::CallTools(planned) = self.run.next() else {
            panic!("no calls: {:?}", self.run.next())
        };
        for (index, planned) in planned.into_iter().enumerate() {
            match planned.plan {
                Plan::Run => self.returns(&planned.call.id, &planned.call.name, &content(index)),
                Plan::Reject(reason, content) => self.event(Event::ToolRejected(ToolRejected {
                    call: planned.call.id,
                    tool: planned.call.name,
                    reason,
                    content,
                })),
            }
        }
    }

    pub(super) fn asks(&self) -> ModelRequest {
        match self.run.next() {
            Effect::AskModel(turn) => turn.request,
            other => panic!("not asking: {other:?}"),
        }
    }

    pub(super) fn reasons(&self) -> Vec<Option<RejectReason>> {
        let Effect::CallTools(planned) = self.run.next() else {
            panic!("no calls: {:?}", self.run.next())
        };
        let reason = |planned: Planned| match planned.plan {
            Plan::Run => None,
            Plan::Reject(reason, _) => Some(reason),
        };
        planned.into_iter().map(reason).collect()
    }

    /// Follows limits to the end.
    pub(super) fn ends(&mut self) -> Done {
        match self.run.next() {
            Effect::Limit(limit) => {
                self.event(Event::LimitReached(limit));
                self.ends()
            }
            Effect::Done(done) => done,
            other => panic!("not over: {other:?}"),
        }
    }
}

pub(super) fn text(message: &Message) -> String {
    message
        .parts
        .iter()
        .map(|part| match part {
            Part::Text { text } => text.clone(),
            Part::ToolCall(call) => format!("[{}]", call.name),
            Part::ToolResult(result) => {
                format!("({}{})", if result.is_error { "!" } else { "" }, result.content)
            }
            Part::Opaque(_) => "?".into(),
        })
        .collect()
}
