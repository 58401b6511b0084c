//! The end of a workflow as a model reads it: its value trimmed like any
//! result, or the step that failed with what its call said.

use serde_json::{Value, json};

use crate::effect::Failed;
use crate::tools::clean::clean_value;
use crate::tools::shape::{Full, Shaped};
use crate::tools::trim::{trim_text, trim_value};

/// Tokens of a workflow's value that a model gets.
const MAX_TOKENS: u32 = 8000;

/// Shapes the end of a workflow.
pub(crate) fn shaped(result: Result<Option<Value>, Failed>) -> Shaped {
    match result {
        Ok(Some(value)) => of_value(value),
        Ok(None) => Shaped {
            head: Some(
                json!({ "note": "the workflow is done and has no value: the steps it returns were skipped" })
                    .to_string(),
            ),
            ..Shaped::default()
        },
        Err(failed) => Shaped {
            payload: failed.cause,
            ..Shaped::error(failed.words.to_string())
        },
    }
}

fn of_value(mut value: Value) -> Shaped {
    let hidden = clean_value(&mut value);
    let (payload, left_out) = match &value {
        Value::String(text) => {
            let trimmed = trim_text(text, MAX_TOKENS);
            (trimmed.kept, trimmed.left_out)
        }
        other => {
            let trimmed = trim_value(other, MAX_TOKENS);
            (trimmed.kept.to_string(), trimmed.left_out)
        }
    };
    Shaped {
        payload: Some(payload),
        full: (!left_out.is_empty()).then_some(Full::Value),
        left_out,
        value: Some(value),
        hidden,
        ..Shaped::default()
    }
}
