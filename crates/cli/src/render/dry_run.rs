//! `toolrun run --dry-run`: model, tools and the first request, unsent.

use std::sync::{Mutex, PoisonError};

use futures_util::stream;
use serde_json::{Value, json};
use toolrun_model::{Delta, DeltaStream, Model, ModelRequest, Reply, StopReason, Usage};
use toolrun_runner::{Offered, Session};

use crate::console::Console;
use crate::exit::{Exit, Failure};
use crate::select_model::Selected;
use crate::visible::escaped_json;

/// The version of the object that `--json` prints.
const VERSION: u32 = 1;

/// Prints what the first turn would be.
pub(crate) async fn show(
    session: &mut Session,
    selected: &Selected,
    prompt: &str,
    as_json: bool,
    console: &Console,
) -> Result<Exit, Failure> {
    let offered = session.offered();
    let unsent = Unsent {
        stands_for: selected,
        asked: Mutex::default(),
    };
    session.run(&unsent, prompt).await?;
    let asked = unsent
        .asked
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .unwrap_or_default();
    let text = if as_json {
        object(&asked, &offered, selected)
    } else {
        words(&asked, &offered, selected)
    };
    console.out(&text)?;
    Ok(Exit::Done)
}

/// Takes the first request in the place of a model and says nothing.
struct Unsent<'a> {
    stands_for: &'a Selected,
    asked: Mutex<Option<ModelRequest>>,
}

impl Model for Unsent<'_> {
    fn id(&self) -> &str {
        self.stands_for.model.id()
    }

    fn stream(&self, request: ModelRequest) -> DeltaStream {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(request);
        let silence = Reply {
            parts: Vec::new(),
            stop: StopReason::EndTurn,
            usage: Usage::default(),
            confidence: None,
        };
        Box::pin(stream::iter([Ok(Delta::End(silence))]))
    }

    fn writes_prose(&self) -> bool {
        self.stands_for.model.writes_prose()
    }
}

fn object(asked: &ModelRequest, offered: &[Offered], selected: &Selected) -> String {
    let tools: Vec<Value> = asked
        .tools
        .iter()
        .map(|tool| json!({ "name": tool.name, "description": tool.description, "parameters": tool.parameters }))
        .collect();
    let object = json!({
        "version": VERSION,
        "model": selected.model.id(),
        "request": {
            "instructions": asked.instructions,
            "messages": serde_json::to_value(&asked.messages).unwrap_or(Value::Null),
            "tools": tools,
            "output": asked.output,
        },
        "tokens_of_tools": tokens(offered),
    });
    escaped_json(format!("{object:#}\n"))
}

fn words(asked: &ModelRequest, offered: &[Offered], selected: &Selected) -> String {
    let names: Vec<&str> = asked.tools.iter().map(|tool| tool.name.as_str()).collect();
    let mut text = format!("model: {}\n", selected.model.id());
    text.push_str(&format!(
        "tools: {} (about {} tokens)\n",
        names.join(", "),
        tokens(offered)
    ));
    if let Some(instructions) = &asked.instructions {
        text.push_str(&format!("instructions:\n{}\n", indented(instructions)));
    }
    for message in &asked.messages {
        for part in &message.parts {
            if let toolrun_model::Part::Text { text: said } = part {
                text.push_str(&format!("prompt:\n{}\n", indented(said)));
            }
        }
    }
    text
}

fn tokens(offered: &[Offered]) -> u64 {
    offered.iter().map(|tool| tool.tokens).sum()
}

fn indented(text: &str) -> String {
    text.trim_end()
        .lines()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}
