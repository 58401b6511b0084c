//! Calls in whose arguments the value of a secret stood. What is kept of them
//! has `***` in its place, which is not what the model asked for, so they are
//! not made: a value of three asterisks must not reach a server unnoticed.

use serde_json::json;
use toolrun_model::ToolCall;

use crate::effect::Plan;
use crate::event::RejectReason;

/// What the model is told.
const WORDS: &str = "an argument holds what is also the value of a secret, so it is hidden; nothing was sent. Say it in other words.";

/// What the model is told, as JSON.
pub(crate) fn words() -> String {
    json!({ "error": "secret_in_arguments", "message": WORDS }).to_string()
}

/// The refusal of a call, if it is one of those.
pub(super) fn refuse(masked: &[String], call: &ToolCall) -> Option<Plan> {
    let refused = || Plan::Reject(RejectReason::Request, words());
    masked.contains(&call.id).then(refused)
}
