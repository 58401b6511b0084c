//! The lines of `--events`, from their schema.

use serde_json::Value;

use super::markdown::{anchor, link, sentence, table};
use crate::commands::schema;

pub(super) fn page() -> String {
    let schema = schema::events();
    let events = schema["oneOf"].as_array().cloned().unwrap_or_default();
    let mut text = "# Events\n\n\
        `toolrun run --events FILE` and `toolrun call --events FILE` write one JSON object a line while a run goes on; `-` is stdout. \
        Each names itself under `event`. Fields may be added to an event, and events to this list: a reader passes over what it \
        does not know. `toolrun schema events` prints the JSON Schema.\n\n"
        .to_owned();
    text.push_str(&table(
        ["event", "what happened"],
        events.iter().map(|event| [link(name(event)), words(event)]),
    ));
    text.push_str("## Every line\n\n");
    text.push_str(&fields(&schema));
    for event in &events {
        text.push_str(&format!("## {}\n\n{}\n\n", name(event), words(event)));
        if let Some(body) = event["$ref"].as_str().and_then(|target| resolve(&schema, target)) {
            text.push_str(&fields(body));
        }
    }
    text.push_str("## Values\n\n");
    for (name, value) in values(&schema, &events) {
        text.push_str(&format!("### {name}\n\n{}\n\n", words(value)));
        text.push_str(&of_value(value));
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

fn name(event: &Value) -> &str {
    event["properties"]["event"]["const"].as_str().unwrap_or_default()
}

fn words(schema: &Value) -> String {
    sentence(schema["description"].as_str().unwrap_or_default())
}

fn resolve<'s>(schema: &'s Value, target: &str) -> Option<&'s Value> {
    schema.pointer(target.trim_start_matches('#'))
}

/// The definitions that are no event's own.
fn values<'s>(schema: &'s Value, events: &[Value]) -> Vec<(&'s str, &'s Value)> {
    let own = |name: &str| {
        events
            .iter()
            .any(|event| event["$ref"] == format!("#/$defs/{name}"))
    };
    let all = schema["$defs"].as_object().into_iter().flatten();
    all.map(|(name, value)| (name.as_str(), value))
        .filter(|(name, _)| !own(name))
        .collect()
}

/// A value is an object with fields, or one of several words or objects.
fn of_value(value: &Value) -> String {
    let Some(forms) = value["oneOf"].as_array() else {
        return match value.get("enum").and_then(Value::as_array) {
            Some(words) => format!("One of {}.\n\n", listed(words)),
            None => fields(value),
        };
    };
    let row = |form: &Value| {
        let kind = form["properties"]["kind"]["const"].as_str();
        let word = kind.or_else(|| form["const"].as_str());
        let listed = form["enum"].as_array().map(|words| listed(words));
        let shown = match kind {
            Some(kind) => format!("`{{\"kind\": \"{kind}\"{}}}`", more(form)),
            None => listed.unwrap_or_else(|| format!("`{}`", word.unwrap_or_default())),
        };
        [shown, words(form)]
    };
    table(["value", "meaning"], forms.iter().map(row))
}

/// The further fields of a form with a kind.
fn more(form: &Value) -> String {
    let fields = form["properties"].as_object().into_iter().flatten();
    let others = fields.filter(|(name, _)| *name != "kind");
    others.map(|(name, _)| format!(", \"{name}\": …")).collect()
}

fn listed(words: &[Value]) -> String {
    let words: Vec<String> = words
        .iter()
        .filter_map(Value::as_str)
        .map(|word| format!("`{word}`"))
        .collect();
    words.join(", ")
}

fn fields(schema: &Value) -> String {
    let required = |name: &str| {
        let names = schema["required"].as_array().into_iter().flatten();
        names.into_iter().any(|required| required == name)
    };
    let Some(properties) = schema["properties"].as_object() else {
        return String::new();
    };
    let row = |(name, field): (&String, &Value)| {
        let need = if required(name) {
            "always"
        } else {
            "when it holds something"
        };
        [format!("`{name}`"), kind(field), need.to_owned(), words(field)]
    };
    table(
        ["field", "type", "there", "what it says"],
        properties.iter().map(row),
    )
}

/// The type of a field in words; what has a name links to it.
fn kind(field: &Value) -> String {
    if let Some(target) = field["$ref"].as_str() {
        let name = target.rsplit('/').next().unwrap_or_default();
        return format!("[{name}](#{})", anchor(name));
    }
    if let Some(forms) = field["anyOf"].as_array() {
        return forms.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    match &field["type"] {
        Value::String(name) if name == "array" => format!("list of {}", kind(&field["items"])),
        Value::String(name) => name.clone(),
        Value::Array(names) => {
            let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            names.join(" or ")
        }
        _ => "any value".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_and_field_is_documented() {
        let text = page();
        for event in schema::events()["oneOf"].as_array().expect("events") {
            assert!(text.contains(&format!("\n## {}\n", name(event))), "{event}");
        }
        for line in text.lines().filter(|line| line.starts_with("| ")) {
            assert!(!line.ends_with("|  |"), "no words: {line}");
        }
    }
}
