//! `toolrun call WORKFLOW --dry-run`: the plan, wave by wave, with the requests
//! that are known before any answer has come.

use serde_json::{Value, json};
use toolrun_manifest::{Bound, Effect, Most, OnError};
use toolrun_runner::{Items, Outline, OutlineStep, Runs, Sends};

use crate::render::request;

/// The version of the object that `--json` prints.
const VERSION: u32 = 1;

/// The plan for people.
pub(crate) fn words(outline: &Outline) -> String {
    let mut text = format!(
        "{} ({}), {}\n",
        outline.workflow,
        word(outline.effect),
        most(outline.bound)
    );
    if let Some(tokens) = outline.most_tokens {
        text.push_str(&format!(
            "no turn begins after {tokens} tokens; --limit tokens=N changes that\n"
        ));
    }
    waves(outline, "", &mut text);
    text
}

/// The plan for programs.
pub(crate) fn object(outline: &Outline, arguments: &str) -> String {
    let mut object = plan(outline);
    object["version"] = VERSION.into();
    object["args"] = serde_json::from_str(arguments).unwrap_or(Value::Null);
    format!("{object:#}\n")
}

/// The first step that is sure to run and sure to end the workflow, since its
/// arguments would be refused.
pub(crate) fn refused(outline: &Outline) -> Option<&str> {
    let mut steps = outline.waves.iter().flatten();
    steps.find_map(|step| match &step.sends {
        _ if step.runs != Runs::Always || step.on_error.is_some() => None,
        Sends::Refused(_) => Some(step.id.as_str()),
        Sends::Workflow(inner) => refused(inner),
        _ => None,
    })
}

fn waves(outline: &Outline, indent: &str, text: &mut String) {
    for (wave, number) in outline.waves.iter().zip(1..) {
        let together = if wave.len() > 1 { ", side by side" } else { "" };
        text.push_str(&format!("{indent}wave {number}{together}\n"));
        for step in wave {
            of_step(step, &format!("{indent}  "), text);
        }
    }
}

fn of_step(step: &OutlineStep, indent: &str, text: &mut String) {
    let mut head = format!("{indent}{}: {}", step.id, step.does);
    if step.effect != Effect::Read {
        head.push_str(&format!(" ({})", word(step.effect)));
    }
    for note in notes(step) {
        head.push_str(&format!(", {note}"));
    }
    text.push_str(&format!("{head}\n"));
    let mut block = |lines: &str| {
        for line in lines.trim_end().lines() {
            text.push_str(&format!("{indent}  {line}\n"));
        }
    };
    match &step.sends {
        Sends::Request(preview) => block(&preview.to_string()),
        Sends::Later {
            method,
            url,
            arguments,
        } => {
            block(&format!("{method} {url}"));
            let fields = arguments.as_object().into_iter().flatten();
            for (name, value) in fields {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                block(&format!("{name}: {}", value.replace('\n', " ")));
            }
        }
        Sends::Refused(why) => block(&format!("would not be sent: {why}")),
        Sends::Prompt { text: prompt, tools } => {
            block(
                &prompt
                    .lines()
                    .map(|line| format!("> {line}\n"))
                    .collect::<String>(),
            );
            if !tools.is_empty() {
                block(&format!("may call {}", tools.join(", ")));
            }
        }
        Sends::Nothing => {}
        Sends::Workflow(inner) => waves(inner, &format!("{indent}  "), text),
    }
}

fn notes(step: &OutlineStep) -> Vec<String> {
    let mut notes = Vec::new();
    match step.runs {
        Runs::Always => {}
        Runs::Never => notes.push("skipped: its condition does not hold".to_owned()),
        Runs::Perhaps => notes.push("when its condition holds".to_owned()),
    }
    match step.each {
        None => {}
        Some(Items::Number(count)) => notes.push(format!("{count} times, once for each item")),
        Some(Items::Unknown) => notes.push("once for each item of a list that is not known yet".to_owned()),
    }
    if let Some((times, every)) = step.repeat {
        notes.push(format!("at most {times} times, every {every:?}"));
    }
    match &step.on_error {
        None | Some(OnError::Stop) => {}
        Some(OnError::Skip) => notes.push("skipped on error".to_owned()),
        Some(OnError::Value(value)) => notes.push(format!("{value} on error")),
    }
    if !step.waits_for.is_empty() {
        notes.push(format!("after {}", step.waits_for.join(", ")));
    }
    notes
}

/// `at most 3 calls`.
fn most(bound: Bound) -> String {
    let calls = match bound.calls {
        Most::Number(1) => "at most 1 call".to_owned(),
        Most::Number(count) => format!("at most {count} calls"),
        Most::Unknown => "as many calls as the limit allows".to_owned(),
    };
    match bound.turns {
        Most::Number(0) => calls,
        Most::Number(count) => format!("{calls}, at most {count} turns of the model"),
        Most::Unknown => format!("{calls}, as many turns of the model as the limit allows"),
    }
}

fn plan(outline: &Outline) -> Value {
    let waves: Vec<Value> = outline
        .waves
        .iter()
        .map(|wave| wave.iter().map(step).collect())
        .collect();
    json!({
        "workflow": outline.workflow,
        "effect": word(outline.effect),
        "most_calls": number(outline.bound.calls),
        "most_turns": number(outline.bound.turns),
        "most_tokens": outline.most_tokens,
        "waves": waves,
    })
}

fn step(step: &OutlineStep) -> Value {
    let mut object = json!({
        "id": step.id,
        "does": step.does,
        "effect": word(step.effect),
        "after": step.waits_for,
        "runs": match step.runs {
            Runs::Always => "always",
            Runs::Never => "never",
            Runs::Perhaps => "perhaps",
        },
    });
    match &step.sends {
        Sends::Request(preview) => object["request"] = request::object(preview),
        Sends::Later {
            method,
            url,
            arguments,
        } => object["template"] = json!({ "method": method, "url": url, "arguments": arguments }),
        Sends::Refused(why) => object["refused"] = why.as_str().into(),
        Sends::Workflow(inner) => object["steps"] = plan(inner),
        Sends::Prompt { text, tools } => object["ask"] = json!({ "prompt": text, "tools": tools }),
        Sends::Nothing => {}
    }
    match step.each {
        None => {}
        Some(Items::Number(count)) => object["items"] = count.into(),
        Some(Items::Unknown) => object["items"] = Value::Null,
    }
    if let Some((times, every)) = step.repeat {
        let every = u64::try_from(every.as_millis()).unwrap_or(u64::MAX);
        object["repeat"] = json!({ "times": times, "every_ms": every });
    }
    object
}

/// A number, or null when only a limit bounds it.
fn number(most: Most) -> Value {
    match most {
        Most::Number(count) => count.into(),
        Most::Unknown => Value::Null,
    }
}

fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Write => "write",
        Effect::Destructive => "destructive",
    }
}
