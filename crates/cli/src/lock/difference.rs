//! What differs between a lock and a manifest, in the words of a reviewer.

use serde_json::{Map, Value};

use crate::words::one_line;

/// Longest text of which all is shown.
const MOST_SHOWN: usize = 300;

/// How much is shown before the first difference of longer texts.
const BEFORE: usize = 40;

/// What a key of a tool, or of its request, is called.
const PARTS: &[(&str, &str)] = &[
    ("allow_http", "whether plain http is allowed"),
    ("auth", "the credentials"),
    ("body", "the body that it sends"),
    ("description", "what the model is told of it"),
    ("error_if", "which answers count as errors"),
    ("errors", "the hints after errors"),
    ("headers", "the headers that it sends"),
    ("idempotent", "whether it may be sent twice"),
    ("method", "the method"),
    ("origin", "where it is sent"),
    ("pinned", "the pinned values"),
    ("query", "the query"),
    ("redirects_to", "the hosts that redirects may lead to"),
    ("result", "what the model gets of an answer"),
    ("return", "the value that it returns"),
    ("steps", "what a step does"),
    ("url", "the url"),
    ("value_of", "the step whose value it has"),
    (
        "written",
        "which params are files, and how lists and maps stand in the query",
    ),
];

/// One part of a manifest that differs; of many tools in the same way when they
/// share an api.
struct Change<'a> {
    tools: Vec<&'a str>,
    path: Vec<&'a str>,
    was: Option<&'a Value>,
    is: Option<&'a Value>,
}

/// Everything that differs, in order of the lock; fingerprints of files do not
/// count, since a comment changes them.
pub(crate) fn differences(was: &Value, is: &Value) -> Vec<String> {
    let mut changes = Vec::new();
    for part in ["agent", "secrets", "vars", "tools", "workflows"] {
        walk(&mut vec![part], was.get(part), is.get(part), &mut changes);
    }
    together(changes).iter().map(told).collect()
}

/// Joins what differs in the same way in several tools.
fn together(changes: Vec<Change<'_>>) -> Vec<Change<'_>> {
    let mut joined: Vec<Change<'_>> = Vec::new();
    for change in changes {
        let Change { path, was, is, .. } = change;
        // A tool that comes or goes is told by itself.
        let (tool, path) = match path.as_slice() {
            ["tools", tool, rest @ ..] if !rest.is_empty() => (Some(*tool), rest.to_vec()),
            _ => (None, path),
        };
        let tools = Vec::from_iter(tool);
        let alike =
            |one: &&mut Change<'_>| !one.tools.is_empty() && (&one.path, one.was, one.is) == (&path, was, is);
        match joined.iter_mut().find(alike).filter(|_| tool.is_some()) {
            Some(known) => known.tools.extend(tools),
            None => joined.push(Change { tools, path, was, is }),
        }
    }
    joined
}

/// Compares two objects name by name, and anything else as a whole.
fn walk<'a>(
    path: &mut Vec<&'a str>,
    was: Option<&'a Value>,
    is: Option<&'a Value>,
    changes: &mut Vec<Change<'a>>,
) {
    if was == is {
        return;
    }
    let group = path.len() == 1;
    let whole = matches!(path.as_slice(), ["secrets", _] | ["tools", _, "request", "auth"]);
    match (was, is) {
        (Some(Value::Object(_)), Some(Value::Object(_))) if !whole => {}
        // A part that was not there at all had no names.
        (Some(Value::Object(_)), None) | (None, Some(Value::Object(_))) if group => {}
        _ => {
            let (tools, path) = (Vec::new(), path.clone());
            return changes.push(Change { tools, path, was, is });
        }
    }
    let (was, is) = (was.and_then(Value::as_object), is.and_then(Value::as_object));
    let names = |map: Option<&'a Map<String, Value>>| map.into_iter().flat_map(Map::keys);
    let added = names(is).filter(|name| was.is_none_or(|was| !was.contains_key(*name)));
    for name in names(was).chain(added) {
        path.push(name);
        walk(
            path,
            was.and_then(|map| map.get(name)),
            is.and_then(|map| map.get(name)),
            changes,
        );
        path.pop();
    }
}

fn told(change: &Change<'_>) -> String {
    let Change { tools, path, was, is } = change;
    if !tools.is_empty() {
        return of_tools(change);
    }
    match path.as_slice() {
        ["tools", tool] => whole_tool(tool, *is),
        ["secrets", name] => match (was, is) {
            (None, Some(_)) => format!("secret `{name}` is new, taken from {}", value(*is)),
            (Some(_), None) => format!("secret `{name}` is gone"),
            _ => changed(&format!("secret `{name}` is taken from elsewhere"), change),
        },
        ["vars", name, rest @ ..] => changed(&format!("var `{}` changed", joined_with(name, rest)), change),
        ["workflows", name] => whole_workflow(name, *is),
        ["workflows", name, "steps", id] => step(name, id, change),
        ["workflows", name, rest @ ..] => of_one(&format!("workflow `{}`", one_line(name)), rest, change),
        ["agent", "instructions"] => changed("the instructions changed", change),
        other => changed(&format!("`{}` changed", joined(other)), change),
    }
}

/// What differs in a tool, or in several in the same way.
fn of_tools(change: &Change<'_>) -> String {
    let Change { tools, path, .. } = change;
    let names: Vec<String> = tools.iter().map(|tool| format!("`{}`", one_line(tool))).collect();
    let tools = match names.as_slice() {
        [one] => format!("tool {one}"),
        many => format!("tools {}", many.join(", ")),
    };
    of_one(&tools, path, change)
}

/// What differs at that place of what is named.
fn of_one(tools: &str, path: &[&str], change: &Change<'_>) -> String {
    let Change { was, is, .. } = change;
    match path {
        ["effect"] => effect(tools, *was, *is),
        ["params", "properties", param] if was.is_none() => {
            format!(
                "{tools}: there is a new param `{}` {}",
                one_line(param),
                value(*is)
            )
        }
        ["params", "properties", param] if is.is_none() => {
            format!("{tools}: the param `{}` is gone", one_line(param))
        }
        ["params", "properties", param, rest @ ..] => {
            let words = format!(
                "{tools}: `{}` of the param `{}` changed",
                joined(rest),
                one_line(param)
            );
            changed(&words, change)
        }
        ["params", rest @ ..] => changed(
            &format!("{tools}: `{}` of the params changed", joined(rest)),
            change,
        ),
        ["request", part, rest @ ..] | [part, rest @ ..] => {
            changed(&format!("{tools}: {} changed", named(part, rest)), change)
        }
        [] => tools.to_owned(),
    }
}

fn whole_tool(tool: &str, is: Option<&Value>) -> String {
    let Some(is) = is else {
        return format!("tool `{tool}` is gone");
    };
    let text = |value: &Value| one_line(value.as_str().unwrap_or_default());
    let request = &is["request"];
    let (method, url) = (text(&request["method"]), text(&request["url"]));
    let description = excerpt(is["description"].as_str().unwrap_or_default(), 0);
    format!(
        "tool `{tool}` is new ({}): {method} {url}\n    {description}",
        text(&is["effect"])
    )
}

fn whole_workflow(name: &str, is: Option<&Value>) -> String {
    let name = one_line(name);
    let Some(is) = is else {
        return format!("workflow `{name}` is gone");
    };
    let steps = is["steps"].as_object().into_iter().flat_map(Map::values);
    let calls: Vec<String> = steps
        .map(|step| match step["call"].as_str() {
            Some(call) => one_line(call),
            None => "asks the model".to_owned(),
        })
        .collect();
    format!(
        "workflow `{name}` is new ({}): {}\n    {}",
        one_line(is["effect"].as_str().unwrap_or_default()),
        excerpt(&calls.join(", "), 0),
        excerpt(is["description"].as_str().unwrap_or_default(), 0)
    )
}

/// A step that comes or goes.
fn step(workflow: &str, id: &str, change: &Change<'_>) -> String {
    let (workflow, id) = (one_line(workflow), one_line(id));
    match change.is {
        None => format!("workflow `{workflow}`: the step `{id}` is gone"),
        is => format!("workflow `{workflow}`: there is a new step `{id}` {}", value(is)),
    }
}

fn effect(tools: &str, was: Option<&Value>, is: Option<&Value>) -> String {
    let strength = |value: Option<&Value>| {
        let word = value.and_then(Value::as_str);
        ["read", "write", "destructive"]
            .iter()
            .position(|one| Some(*one) == word)
    };
    let word = |value: Option<&Value>| one_line(value.and_then(Value::as_str).unwrap_or("nothing"));
    let how = if strength(is) < strength(was) {
        "weakened, so that it asks less"
    } else {
        "raised"
    };
    format!("{tools}: the effect is {how}: {} became {}", word(was), word(is))
}

/// The words, and below them what stood and what stands there.
fn changed(words: &str, change: &Change<'_>) -> String {
    let (was, is) = (plain(change.was), plain(change.is));
    let from = first_difference(&was, &is).saturating_sub(BEFORE);
    format!(
        "{words}\n    was: {}\n    is:  {}",
        excerpt(&was, from),
        excerpt(&is, from)
    )
}

fn value(value: Option<&Value>) -> String {
    excerpt(&plain(value), 0)
}

fn plain(value: Option<&Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn first_difference(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count()
}

/// The part of a long text in which it differs.
fn excerpt(text: &str, from: usize) -> String {
    let length = text.chars().count();
    if length <= MOST_SHOWN {
        return one_line(text);
    }
    let part: String = text.chars().skip(from).take(MOST_SHOWN).collect();
    let before = if from > 0 { "…" } else { "" };
    let after = if from + MOST_SHOWN < length { "…" } else { "" };
    format!("{before}{}{after}", one_line(&part))
}

fn named(part: &str, rest: &[&str]) -> String {
    let known = PARTS.iter().find(|(key, _)| *key == part);
    let words = known.map_or_else(
        || format!("`{}`", one_line(part)),
        |(_, words)| (*words).to_owned(),
    );
    if rest.is_empty() {
        words
    } else {
        format!("{words} (`{}`)", joined(rest))
    }
}

fn joined(path: &[&str]) -> String {
    one_line(&path.join("."))
}

fn joined_with(first: &str, rest: &[&str]) -> String {
    let path: Vec<&str> = std::iter::once(first).chain(rest.iter().copied()).collect();
    joined(&path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(PARTS.is_sorted());
    }

    #[track_caller]
    fn case(was: Value, is: Value, expected: &[&str]) {
        let found = differences(
            &json!({ "tools": { "t": was } }),
            &json!({ "tools": { "t": is } }),
        );
        assert_eq!(found, expected);
    }

    #[test]
    fn changes_are_told_in_the_words_of_a_reviewer() {
        let effect = |word: &str| json!({ "effect": word });
        case(
            effect("destructive"),
            effect("read"),
            &["tool `t`: the effect is weakened, so that it asks less: destructive became read"],
        );
        case(
            effect("read"),
            effect("write"),
            &["tool `t`: the effect is raised: read became write"],
        );
        case(
            json!({ "request": { "headers": { "A": "1" } } }),
            json!({ "request": { "headers": { "A": "1", "B": "{{ secrets.X }}" } } }),
            &[
                "tool `t`: the headers that it sends (`B`) changed\n    was: nothing\n    is:  {{ secrets.X }}",
            ],
        );
        case(
            json!({ "params": { "properties": {}, "required": [] } }),
            json!({ "params": { "properties": { "key": { "type": "string" } }, "required": ["key"] } }),
            &[
                "tool `t`: there is a new param `key` {\"type\":\"string\"}",
                "tool `t`: `required` of the params changed\n    was: []\n    is:  [\"key\"]",
            ],
        );
        case(
            json!({ "description": "a\u{202e}b" }),
            json!({ "description": "a\nb" }),
            &["tool `t`: what the model is told of it changed\n    was: a\\u{202e}b\n    is:  a\\nb"],
        );
    }

    #[test]
    fn workflows_are_told_step_by_step() {
        let workflow = |call: &str| json!({ "effect": "read", "description": "Settles", "steps": { "one": { "call": call } } });
        let of = |flows: Value| json!({ "workflows": flows });
        let cases = [
            (
                of(json!({ "w": workflow("a") })),
                of(json!({ "w": workflow("b") })),
                "workflow `w`: what a step does (`one.call`) changed\n    was: a\n    is:  b",
            ),
            (
                of(json!({})),
                of(json!({ "w": workflow("a") })),
                "workflow `w` is new (read): a\n    Settles",
            ),
            (
                of(json!({ "w": workflow("a") })),
                of(json!({})),
                "workflow `w` is gone",
            ),
            (
                of(json!({ "w": { "steps": {} } })),
                of(json!({ "w": { "steps": { "two": { "ask": "?" } } } })),
                "workflow `w`: there is a new step `two` {\"ask\":\"?\"}",
            ),
        ];
        for (was, is, expected) in cases {
            assert_eq!(differences(&was, &is), [expected]);
        }
    }

    #[test]
    fn what_differs_in_several_tools_alike_is_told_once() {
        let tools = |origin: &str, other: &str| {
            let tool = |origin: &str| json!({ "request": { "origin": origin } });
            json!({ "tools": { "a": tool(origin), "b": tool(other), "c": tool(origin) } })
        };
        assert_eq!(
            differences(&tools("x", "x"), &tools("y", "z")),
            [
                "tools `a`, `c`: where it is sent changed\n    was: x\n    is:  y",
                "tool `b`: where it is sent changed\n    was: x\n    is:  z"
            ]
        );
    }

    #[test]
    fn of_long_texts_the_part_that_differs_is_shown() {
        let long = "x".repeat(500);
        let found = differences(
            &json!({ "agent": { "instructions": format!("{long}one{long}") } }),
            &json!({ "agent": { "instructions": format!("{long}two{long}") } }),
        );
        assert!(
            found[0].contains("xone") && found[0].contains("xtwo"),
            "{found:?}"
        );
        assert!(found[0].len() < 800, "{found:?}");
    }

    #[test]
    fn parts_that_come_or_go_are_told_name_by_name() {
        let with = json!({ "secrets": { "A": { "env": "A" }, "B": { "command": ["x"] } } });
        assert_eq!(
            differences(&json!({}), &with),
            [
                "secret `A` is new, taken from {\"env\":\"A\"}",
                "secret `B` is new, taken from {\"command\":[\"x\"]}"
            ]
        );
        assert_eq!(
            differences(&with, &json!({})),
            ["secret `A` is gone", "secret `B` is gone"]
        );
        assert!(differences(&with, &with).is_empty());
    }
}
