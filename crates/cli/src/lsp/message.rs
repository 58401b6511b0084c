//! JSON-RPC 2.0: what a message is, and what an answer looks like.

use serde_json::{Value, json};

/// A message of the editor.
#[derive(Debug)]
pub(super) enum Message {
    /// It wants an answer.
    Request {
        /// Given back with the answer.
        id: Value,
        /// What it wants.
        method: String,
        /// With what.
        params: Value,
    },
    /// It only tells.
    Notification {
        /// What happened.
        method: String,
        /// With what.
        params: Value,
    },
    /// An answer to something that this server never asked.
    Response,
    /// None of these.
    Invalid {
        /// As far as it is known.
        id: Value,
    },
}

impl Message {
    /// What a value is.
    pub(super) fn of(value: Value) -> Self {
        let Value::Object(mut fields) = value else {
            return Self::Invalid { id: Value::Null };
        };
        let id = fields.remove("id");
        let params = fields.remove("params").unwrap_or_default();
        match (fields.remove("method"), id) {
            (Some(Value::String(method)), Some(id)) if id.is_string() || id.is_number() => {
                Self::Request { id, method, params }
            }
            (Some(Value::String(method)), None) => Self::Notification { method, params },
            (None, Some(_)) if fields.contains_key("result") || fields.contains_key("error") => {
                Self::Response
            }
            (_, id) => Self::Invalid {
                id: id.unwrap_or_default(),
            },
        }
    }
}

/// Why a request has no result.
#[derive(Debug)]
pub(super) struct Refusal {
    code: Code,
    message: String,
}

/// The kinds of refusals, with the numbers of the protocol.
#[derive(Debug, Clone, Copy)]
pub(super) enum Code {
    /// It is no JSON.
    Parse = -32700,
    /// It is no message, or comes at the wrong time.
    InvalidRequest = -32600,
    /// Nobody here knows the method.
    MethodNotFound = -32601,
    /// What it comes with does not fit.
    InvalidParams = -32602,
    /// `initialize` has not come.
    NotInitialized = -32002,
}

impl Refusal {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// The answer to a request.
pub(super) fn response(id: Value, result: Result<Value, Refusal>) -> Value {
    match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(refusal) => json!({
            "jsonrpc": "2.0",
            "id": id,
            "error": { "code": refusal.code as i32, "message": refusal.message },
        }),
    }
}

/// Something that the editor is told.
pub(super) fn notification(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}
