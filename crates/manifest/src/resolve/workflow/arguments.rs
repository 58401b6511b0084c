//! What a step gives its callee: names, literals and absence against the
//! callee's params. Values of templates are checked when the step runs.

use serde_json::Value;

use crate::checked::{Param, ParamKind};
use crate::decl::step::StepDecl;
use crate::diagnostic::Sink;
use crate::fields::{list, nearest, suggest};
use crate::node::{Entry, Kind};
use crate::resolve::fit;
use crate::template::{Branch, JsonTemplate};
use crate::text::Text;
use crate::workflow::Literal;

/// Checks the arguments of a call. Those that are written out come back, for
/// patterns and formats, which only a compiled schema knows.
pub(super) fn check(
    step: &StepDecl<'_>,
    callee: &Text,
    with: Option<&JsonTemplate>,
    params: &[Param],
    sink: &mut Sink,
) -> Vec<Literal> {
    let entries: &[Entry] = match step.with.map(|node| &node.kind) {
        Some(Kind::Map(entries)) => entries,
        _ => &[],
    };
    let given = with.into_iter().flat_map(JsonTemplate::fields);
    let mut literals = Vec::new();
    for (entry, (name, branch)) in entries.iter().zip(given) {
        match params.iter().find(|param| param.name == name) {
            Some(param) => literals.extend(argument(entry, param, branch, callee, sink)),
            None => unknown(&entry.key, callee, params, sink),
        }
    }
    missing(callee, entries, params, sink);
    literals
}

/// Reports required params that are not given, but for those that a misspelt
/// name stands for.
fn missing(callee: &Text, entries: &[Entry], params: &[Param], sink: &mut Sink) {
    let names = || params.iter().map(|param| param.name.as_str());
    let meant = |entry: &Entry| match entry.key.as_str() {
        name if names().any(|known| known == name) => name.to_owned(),
        name => nearest(name, names()).unwrap_or_default().to_owned(),
    };
    let given: Vec<String> = entries.iter().map(meant).collect();
    let missing: Vec<&str> = params
        .iter()
        .filter(|param| is_required(param) && !given.contains(&param.name))
        .map(|param| param.name.as_str())
        .collect();
    if missing.is_empty() {
        return;
    }
    let message = format!(
        "`{}` is called without {}",
        callee.as_str(),
        list(missing.iter().copied())
    );
    let pairs: Vec<String> = missing.iter().map(|name| format!("{name}: …")).collect();
    let pairs = pairs.join(", ");
    let diagnostic = sink.error("missing-argument", callee.span(), message);
    diagnostic.help(match entries {
        [] => format!("add `with: {{ {pairs} }}`"),
        _ => format!("add `{pairs}` to `with`"),
    });
}

fn argument(
    entry: &Entry,
    param: &Param,
    branch: Branch<'_>,
    callee: &Text,
    sink: &mut Sink,
) -> Option<Literal> {
    let name = &param.name;
    if param.constant.is_some() {
        let message = format!("`{name}` of `{}` is pinned by `const`", callee.as_str());
        sink.error("unknown-argument", entry.key.span(), message)
            .context(param.span, "the param stands here")
            .help("remove it: its value is always the same");
        return None;
    }
    if let Some(value) = branch.literal() {
        return literal(entry, param, value, callee, sink);
    }
    if let Some(words) = branch.text_around_slots() {
        text(entry, param, &words, callee, sink);
    } else if is_required(param) && branch.reads_absent(&|_| false) {
        let message = format!(
            "`{name}` of `{}` must have a value, and this can be absent",
            callee.as_str()
        );
        sink.error("absent-argument", entry.value.span, message)
            .context(param.span, "the param is required")
            .help(
                "give it a default, as in `{{ x | default('EUR') }}`, or run the step only `when: \"{{ x is defined }}\"`",
            );
    }
    None
}

/// A text with slots in it is a text: no boolean and no mapping ever, and no
/// number unless the words around the slots are digits too.
fn text(entry: &Entry, param: &Param, words: &str, callee: &Text, sink: &mut Sink) {
    let kind = match param.kind {
        ParamKind::Integer => "an integer",
        ParamKind::Number => "a number",
        ParamKind::Boolean => "a boolean",
        ParamKind::Map => "a mapping",
        ParamKind::String | ParamKind::File | ParamKind::Array | ParamKind::Schema => return,
    };
    let numeric = matches!(param.kind, ParamKind::Integer | ParamKind::Number);
    let digit = |char: char| char.is_ascii_digit() || "+-.eE".contains(char);
    if numeric && words.chars().all(digit) {
        return;
    }
    let message = format!(
        "the value for `{}` of `{}` is a text, and {kind} is expected",
        param.name,
        callee.as_str()
    );
    let diagnostic = sink.error("bad-argument", entry.value.span, message);
    diagnostic.context(param.span, "the param stands here");
    diagnostic.help(match words.trim() {
        "" if !words.is_empty() => "remove the spaces around `{{ … }}`: alone it keeps its type",
        _ => "words beside `{{ … }}` make it a text; alone, as in `\"{{ x }}\"`, it keeps its type",
    });
}

/// A value that is written out fits the callee's param. It comes back if it
/// does as far as this is known without compiling the schema.
fn literal(entry: &Entry, param: &Param, value: Value, callee: &Text, sink: &mut Sink) -> Option<Literal> {
    let name = &param.name;
    if value.is_null() && param.optional {
        return None;
    }
    let keywords = param.schema.as_object()?;
    if let Some(why) = fit::misfit(param.kind, keywords, &value) {
        let shown = crate::node::shorten(&fit::plain(&value));
        let message = format!("the value `{shown}` for `{name}` of `{}` {why}", callee.as_str());
        let diagnostic = sink.error("bad-argument", entry.value.span, message);
        diagnostic.context(param.span, "the param stands here");
        let text = matches!(param.kind, ParamKind::String | ParamKind::File);
        match (&value, text) {
            (Value::Number(_) | Value::Bool(_), true) => {
                diagnostic.help(format!("quote it to make it a text: \"{shown}\""));
            }
            (Value::String(word), false) if serde_json::from_str::<Value>(word).is_ok() => {
                diagnostic.help(format!("remove the quotes: {shown}"));
            }
            _ => {}
        }
        return None;
    }
    Some(Literal {
        name: name.clone(),
        value,
        span: entry.value.span,
    })
}

fn unknown(key: &Text, callee: &Text, params: &[Param], sink: &mut Sink) {
    let message = format!("`{}` has no param `{}`", callee.as_str(), key.as_str());
    let names = params.iter().filter(|param| param.constant.is_none());
    let names = names.map(|param| param.name.as_str());
    let help = match params.is_empty() {
        true => "it takes no arguments: leave `with` out".to_owned(),
        false => suggest(key.as_str(), names, "params"),
    };
    sink.error("unknown-argument", key.span(), message).help(help);
}

fn is_required(param: &Param) -> bool {
    !param.optional && param.default.is_none() && param.constant.is_none()
}
