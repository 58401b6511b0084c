//! Drives a run to an outcome, emitting events.
//!
//! The only crate in which what the author wrote (`toolrun-manifest`) meets
//! what touches the world (`toolrun-http`, `toolrun-model`). It reads no
//! environment, no file and no terminal: values of `vars`, transports,
//! permissions and observers come with the [`Setup`].

mod agent;
mod conceal;
mod contents;
mod effect;
mod engine;
mod error;
mod event;
mod files;
mod finish;
mod halt;
mod observer;
mod outcome;
mod preview;
mod recorder;
mod session;
mod setup;
mod stop;
mod tools;
mod workflow;
mod writes;

pub use agent::approval::{AllowWrites, Answer, Approver, NobodyToAsk, Proposal, Why};
pub use agent::budget::{LimitKind, Limits};
pub use agent::flow::{AllowFlow, Flow, FlowPolicy, FlowRule};
pub use contents::{Contents, Part, PartBody};
pub use error::{RunError, RunErrorKind};
pub use event::{
    ApprovalGiven, ApprovalRefused, AskStarted, Delta, Event, FlowWarned, LimitReached, ModelReplied,
    RejectReason, RunFinished, RunStarted, SkipReason, Stamped, StepFinished, StepSkipped, StepStarted,
    ToolRejected, ToolReturned, ToolStarted,
};
pub use files::{FileError, FilePath, Files, MOST_FILE_BYTES, SentFile};
pub use observer::Observer;
pub use outcome::{Ending, Outcome, Returned};
pub use preview::Preview;
pub use session::Session;
pub use setup::{Connect, Offered, Setup};
pub use stop::Stop;
pub use tools::clean::joiners;
pub use tools::mcp_entry::{MCP_REVISION, McpFacts, mcp_entry};
pub use tools::{needs_files, unknown_tool};
pub use workflow::outline::{Items, Outline, OutlineStep, Runs, Sends};
