//! What happened, as facts: one enum between the engine and every output.
//!
//! [`Event`]s are durable and written as one JSON object a line; [`Delta`]s
//! are live only. How to show either is the reader's business.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use toolrun_model::Reply;

use crate::agent::approval::Why;
use crate::agent::budget::{LimitKind, Limits};
use crate::files::SentFile;
use crate::outcome::Ending;

/// A fact about a run. On the wire each has its name under `event`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "event")]
#[non_exhaustive]
pub enum Event {
    /// A run has begun.
    #[serde(rename = "run.started")]
    RunStarted(RunStarted),
    /// The model has answered one turn.
    #[serde(rename = "model.replied")]
    ModelReplied(ModelReplied),
    /// A call is about to be sent: from here on, a crash means that its
    /// outcome is unknown.
    #[serde(rename = "tool.started")]
    ToolStarted(ToolStarted),
    /// A call was not sent; the model was told why.
    #[serde(rename = "tool.rejected")]
    ToolRejected(ToolRejected),
    /// A call has ended, well or badly.
    #[serde(rename = "tool.returned")]
    ToolReturned(ToolReturned),
    /// A call was allowed by a person.
    #[serde(rename = "approval.given")]
    ApprovalGiven(ApprovalGiven),
    /// A call was not allowed.
    #[serde(rename = "approval.refused")]
    ApprovalRefused(ApprovalRefused),
    /// A call goes to another host than the one whose content the model has
    /// read.
    #[serde(rename = "flow.warned")]
    FlowWarned(FlowWarned),
    /// A step of a workflow asks the model.
    #[serde(rename = "ask.started")]
    AskStarted(AskStarted),
    /// A step of a workflow has begun.
    #[serde(rename = "step.started")]
    StepStarted(StepStarted),
    /// A step of a workflow, or an item of its list, has no value and stops
    /// nothing.
    #[serde(rename = "step.skipped")]
    StepSkipped(StepSkipped),
    /// A step of a workflow is over, well or badly.
    #[serde(rename = "step.finished")]
    StepFinished(StepFinished),
    /// A limit stopped the run.
    #[serde(rename = "limit.reached")]
    LimitReached(LimitReached),
    /// The run is over.
    #[serde(rename = "run.finished")]
    RunFinished(RunFinished),
}

/// `run.started`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunStarted {
    /// The run's id.
    pub run: String,
    /// The manifest's name, if it has one.
    pub manifest: Option<String>,
    /// `provider/name`; absent for a single call without a model.
    pub model: Option<String>,
    /// What was asked.
    pub prompt: String,
    /// The system text.
    pub instructions: Option<String>,
    /// The tools on offer.
    pub tools: Vec<String>,
    /// How far the run may go.
    pub limits: Limits,
}

/// `model.replied`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelReplied {
    /// Which turn of the whole run, from 1.
    pub turn: u32,
    /// The step of a workflow that asked, as its `ask.started` has it; absent
    /// when it was the run itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<String>,
    /// The whole turn: `parts`, `stop`, `usage`, `confidence`.
    #[schemars(with = "Value")]
    pub reply: Reply,
    /// Tokens of the turn that count against the limit: what the provider
    /// said, or an estimate where it said nothing usable.
    pub tokens: u64,
    /// Whether `tokens` is an estimate.
    pub estimated: bool,
    /// Ids of calls in whose arguments a secret stood and was hidden: what is
    /// left is not what the model asked for, so they are not made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masked: Vec<String>,
}

/// `tool.started`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolStarted {
    /// The model's id of the call.
    pub call: String,
    /// toolrun's own id: `call.id` of templates.
    pub call_id: String,
    /// The tool.
    pub tool: String,
    /// `read`, `write` or `destructive`.
    pub effect: String,
    /// The checked arguments, defaults filled in.
    pub arguments: Map<String, Value>,
    /// Values that were converted: the JSON pointer and from which type to which.
    pub coerced: Vec<String>,
    /// The HTTP method, if it is an HTTP request.
    pub method: Option<String>,
    /// The url, secrets as `***`, if it is an HTTP request.
    pub url: Option<String>,
    /// SHA-256 of the request as rendered, in hex.
    pub request_sha256: Option<String>,
    /// How many steps it has, if it is a workflow. A workflow is no call
    /// itself and does not count against the limit; its steps do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    /// The files that it sends, without their content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<SentFile>,
}

/// Why a call was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// No tool of that name is on offer.
    UnknownTool,
    /// The arguments are not JSON, or do not fit the schema.
    Arguments,
    /// A value cannot stand where the request needs it.
    Request,
    /// The person said no.
    Approval,
    /// A limit of the run was reached; `content` says which.
    Limit,
    /// The run was stopped before the call began.
    Stopped,
    /// The reply was truncated, so none of its calls is run.
    Truncated,
}

/// `tool.rejected`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolRejected {
    /// The model's id of the call.
    pub call: String,
    /// The tool as the model named it.
    pub tool: String,
    /// Why.
    pub reason: RejectReason,
    /// What the model was told.
    pub content: String,
}

/// `tool.returned`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolReturned {
    /// The model's id of the call.
    pub call: String,
    /// The tool.
    pub tool: String,
    /// The HTTP status, if a response came.
    pub status: Option<u16>,
    /// Whether it is an error to the model.
    pub is_error: bool,
    /// The result as shaped, cleaned and trimmed, without the fence.
    pub content: String,
    /// What the model reads: `content` in its fence.
    pub told: String,
    /// Decoded bytes of the body.
    pub bytes: u64,
    /// How many times the request was sent.
    pub attempts: u32,
    /// Milliseconds from start to end.
    pub took_ms: u64,
    /// Hidden characters that were removed.
    pub hidden_removed: u64,
    /// The handle under which the full body stays readable, when it was cut.
    pub handle: Option<String>,
    /// The picked result, untrimmed: only of a step, since other steps read it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "there")]
    pub value: Option<Value>,
    /// Whether a secret stood in what a step's call answered and was hidden:
    /// what is left is not what was answered, so no further call is made with
    /// it.
    #[serde(default, skip_serializing_if = "is_not")]
    pub masked: bool,
}

fn is_not(masked: &bool) -> bool {
    !masked
}

/// A value that is there, also when it is null.
fn there<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// `ask.started`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AskStarted {
    /// The execution of the step, named like a call. The calls that the model
    /// makes are named after it: `CALL/STEP/TURN.N`.
    pub call: String,
    /// What the model is asked, values from outside in their fences.
    pub prompt: String,
    /// The system text.
    pub instructions: Option<String>,
    /// What the model may call.
    pub tools: Vec<String>,
}

/// `step.started`. The calls of a step are named after it: `CALL/STEP`, with
/// `[N]` for an item of its list and `#N` for a further try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepStarted {
    /// The call of the workflow: its `call_id`, or the name of the step's call
    /// when it was called by another workflow.
    pub call: String,
    /// The step's id.
    pub step: String,
    /// The tool or workflow that it calls, or `ask`.
    pub does: String,
    /// How many items its list has, when it goes over one.
    pub items: Option<u64>,
}

/// `step.skipped`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepSkipped {
    /// The call of the workflow.
    pub call: String,
    /// The step's id.
    pub step: String,
    /// The place of the item in its list, from 0, when only that was skipped.
    pub item: Option<u64>,
    /// Why.
    pub why: SkipReason,
    /// What the error said, when it was skipped because of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Why a step was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// `when` did not hold.
    Condition,
    /// The list of `for_each` is absent.
    NoList,
    /// It failed, and `on_error` is `skip`.
    Error,
    /// It ended without a value.
    NoValue,
}

/// `step.finished`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepFinished {
    /// The call of the workflow.
    pub call: String,
    /// The step's id.
    pub step: String,
    /// Whether it failed, which stops the workflow.
    pub is_error: bool,
    /// What was wrong, when something failed, also when `on_error` gave it a
    /// value all the same.
    pub error: Option<String>,
    /// How many values it has, when it went over a list.
    pub items: Option<u64>,
    /// Milliseconds since it began.
    pub took_ms: u64,
}

/// `approval.given`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalGiven {
    /// The model's id of the call.
    pub call: String,
    /// The tool.
    pub tool: String,
    /// Why it was asked about.
    pub why: Why,
    /// SHA-256 of the request for which the yes holds, in hex.
    pub request_sha256: String,
}

/// `approval.refused`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalRefused {
    /// The model's id of the call.
    pub call: String,
    /// The tool.
    pub tool: String,
    /// Why it was asked about.
    pub why: Why,
    /// SHA-256 of the request that was refused, in hex.
    pub request_sha256: String,
    /// Whether a person said no; otherwise there was nobody to ask and the
    /// run stops.
    pub asked: bool,
}

/// `flow.warned`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FlowWarned {
    /// The model's id of the call.
    pub call: String,
    /// The tool.
    pub tool: String,
    /// The other hosts whose content the model has read, each with its port
    /// where that is not the scheme's own.
    pub from: Vec<String>,
    /// The host that the call goes to.
    pub to: String,
    /// Whether the call has to be asked about, so that the warning stands in
    /// the question.
    pub asks: bool,
}

/// `limit.reached`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LimitReached {
    /// Which limit.
    pub limit: LimitKind,
    /// Its value: turns, calls, tokens, milliseconds or identical results.
    pub allowed: u64,
    /// What was used.
    pub used: u64,
}

/// `run.finished`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunFinished {
    /// How it ended.
    pub ending: Ending,
    /// The answer, whole or partial.
    pub answer: String,
    /// Replies of the model.
    pub turns: u32,
    /// Executions of tools.
    pub calls: u32,
    /// Tokens.
    pub tokens: u64,
    /// Milliseconds since the start.
    pub took_ms: u64,
    /// What was wrong, when it failed.
    pub error: Option<String>,
}

/// An event with its place in the run.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Stamped<E> {
    /// Counts from 0 within a run.
    pub seq: u64,
    /// When, RFC 3339 in UTC.
    #[schemars(with = "String")]
    pub at: jiff::Timestamp,
    /// The event.
    #[serde(flatten)]
    pub event: E,
}

impl<'de> Deserialize<'de> for Stamped<Event> {
    /// Reads what serialising writes. By hand, because tagged enums pass
    /// through a buffer that does not keep numbers whole.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut fields = Map::deserialize(from)?;
        let mut take = |name: &'static str| fields.remove(name).ok_or_else(|| D::Error::missing_field(name));
        let seq = serde_json::from_value(take("seq")?).map_err(D::Error::custom)?;
        let at = serde_json::from_value(take("at")?).map_err(D::Error::custom)?;
        let name = take("event")?;
        let event = Event::read(name.as_str().unwrap_or_default(), Value::Object(fields))
            .map_err(D::Error::custom)?;
        Ok(Self { seq, at, event })
    }
}

impl Event {
    /// The name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::RunStarted(_) => "run.started",
            Self::ModelReplied(_) => "model.replied",
            Self::ToolStarted(_) => "tool.started",
            Self::ToolRejected(_) => "tool.rejected",
            Self::ToolReturned(_) => "tool.returned",
            Self::ApprovalGiven(_) => "approval.given",
            Self::ApprovalRefused(_) => "approval.refused",
            Self::FlowWarned(_) => "flow.warned",
            Self::AskStarted(_) => "ask.started",
            Self::StepStarted(_) => "step.started",
            Self::StepSkipped(_) => "step.skipped",
            Self::StepFinished(_) => "step.finished",
            Self::LimitReached(_) => "limit.reached",
            Self::RunFinished(_) => "run.finished",
        }
    }

    fn read(name: &str, fields: Value) -> Result<Self, serde_json::Error> {
        use serde_json::from_value;
        match name {
            "run.started" => from_value(fields).map(Self::RunStarted),
            "model.replied" => from_value(fields).map(Self::ModelReplied),
            "tool.started" => from_value(fields).map(Self::ToolStarted),
            "tool.rejected" => from_value(fields).map(Self::ToolRejected),
            "tool.returned" => from_value(fields).map(Self::ToolReturned),
            "approval.given" => from_value(fields).map(Self::ApprovalGiven),
            "approval.refused" => from_value(fields).map(Self::ApprovalRefused),
            "flow.warned" => from_value(fields).map(Self::FlowWarned),
            "ask.started" => from_value(fields).map(Self::AskStarted),
            "step.started" => from_value(fields).map(Self::StepStarted),
            "step.skipped" => from_value(fields).map(Self::StepSkipped),
            "step.finished" => from_value(fields).map(Self::StepFinished),
            "limit.reached" => from_value(fields).map(Self::LimitReached),
            "run.finished" => from_value(fields).map(Self::RunFinished),
            other => Err(serde_json::Error::custom(format!("unknown event `{other}`"))),
        }
    }
}

/// What is worth showing while it happens and is not kept.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Delta {
    /// The model is asked.
    TurnStarted {
        /// Which turn, from 1.
        turn: u32,
    },
    /// A piece of the model's text. Only the turn's end shows whether it was
    /// the answer or talk before calls.
    Text(String),
    /// The model has begun to write a call.
    CallStarted {
        /// The tool's name.
        name: String,
    },
    /// Tokens so far.
    Tokens {
        /// Used.
        used: u64,
        /// The limit.
        limit: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_names_and_documents_every_event() {
        let schema = schemars::schema_for!(Stamped<Event>).to_value().to_string();
        for name in [
            "run.started",
            "model.replied",
            "tool.started",
            "tool.rejected",
            "tool.returned",
            "approval.given",
            "approval.refused",
            "flow.warned",
            "ask.started",
            "step.started",
            "step.skipped",
            "step.finished",
            "limit.reached",
            "run.finished",
        ] {
            assert!(schema.contains(&format!("\"{name}\"")), "{name}: {schema}");
        }
        assert!(
            schema.contains("Which turn of the whole run, from 1."),
            "{schema}"
        );
    }

    #[test]
    fn an_unknown_event_is_an_error_that_names_it() {
        let line = r#"{"seq":0,"at":"2026-01-01T00:00:00Z","event":"step.dreamt"}"#;
        let error = serde_json::from_str::<Stamped<Event>>(line).unwrap_err();
        assert!(error.to_string().contains("`step.dreamt`"), "{error}");
    }
}
