//! Resolves the names of an expression and says which ones there would have
//! been.

use std::ops::Range;

use serde_json::Value;

use super::error::TemplateError;
use super::expression::{NullMeans, Origin, ParamRef, Presence, Root, Shape};
use super::scope::{Names, StepValue};
use crate::checked::{Param, ParamKind, ParamStyle};

/// The groups whose members are read with a dot.
const GROUPS: [&str; 4] = ["call", "response", "secrets", "vars"];

/// Names that a message lists.
const MOST_LISTED: usize = 30;
/// Where the secrets of a login stand.
const NO_SECRET: &str = "of a login, the url's query, the headers and the body of `token.request` may hold a secret; `oauth2` names its secret at `client_secret`";
/// Why a login has no time.
const NO_TIME: &str = "a login is kept for many calls, so no call's time goes into it";
/// Why a login has no params.
const LOGIN: &str = "a login is the same for every call, so no param stands in it; ";

/// Resolves a name that stands alone.
pub(super) fn resolve(id: &str, range: Range<usize>, names: &Names<'_>) -> Result<Root, TemplateError> {
    if let Some(param) = names.params.iter().find(|param| param.name == id) {
        return Ok(Root::Param(param_ref(param)));
    }
    if let Some(value) = names.step(id) {
        return Ok(Root::Param(step_ref(id, value)));
    }
    match id {
        "now" if names.login => Err(out_of_place("now", range, NO_TIME)),
        "now" => Ok(Root::Now),
        "result" if names.result => Ok(Root::Result),
        "result" => Err(out_of_place(id, range, "only `result.template` reads `result`")),
        _ if GROUPS.contains(&id) => Err(TemplateError {
            code: "unknown-name",
            range,
            message: format!("`{id}` is a group of names, not a value"),
            help: Some(if has_members(id, names) {
                format!("name a member: {}", members(id, names))
            } else {
                declare(id, "name")
            }),
        }),
        _ => Err(unknown(id, range, names)),
    }
}

/// Resolves `group.member`; `None` when `group` is no group.
pub(super) fn resolve_member(
    group: &str,
    member: &str,
    range: Range<usize>,
    names: &Names<'_>,
) -> Option<Result<Root, TemplateError>> {
    if names.params.iter().any(|param| param.name == group) || names.step(group).is_some() {
        return None;
    }
    let found = match (group, member) {
        ("call", _) if !names.call => Err(out_of_place(
            "call",
            range,
            "there is no call here that could have an id",
        )),
        ("call", "id") => Ok(Root::CallId),
        ("response", _) if !names.response => Err(out_of_place(
            "response",
            range,
            "only `error_if`, `next` and `template` read the response",
        )),
        ("response", "status") => Ok(Root::Status),
        ("response", "headers") => Ok(Root::Headers),
        ("response", "body") => Ok(Root::Body),
        ("vars", _) if names.vars.iter().any(|name| name == member) => Ok(Root::Var(member.into())),
        ("secrets", _) => match names.secrets {
            None if names.login => Err(out_of_place("secrets", range, NO_SECRET)),
            None => Err(out_of_place(
                "secrets",
                range,
                "in `auth` a secret is named alone, as in `bearer: NAME`; else it stands as `{{ secrets.NAME }}` in a header or a query value",
            )),
            Some(secrets) if secrets.iter().any(|name| name == member) => Ok(Root::Secret(member.into())),
            Some(_) => Err(unknown_member(group, member, range, names)),
        },
        ("call" | "response" | "vars", _) => Err(unknown_member(group, member, range, names)),
        _ => Err(foreign_group(group, member, range, names)?),
    };
    Some(found)
}

/// The candidate that a mistyped name most likely meant.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "did you mean `a`? " when something is near, else nothing.
pub(super) fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, candidates).map_or(String::new(), |near| format!("did you mean `{near}`? "))
}

/// Names in backticks with commas.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names
        .into_iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn known(names: &Names<'_>) -> Vec<String> {
    let mut known: Vec<String> = names.params.iter().map(|param| param.name.clone()).collect();
    known.extend(
        names
            .steps
            .iter()
            .flat_map(|steps| steps.ids())
            .map(str::to_owned),
    );
    known.extend(names.vars.iter().map(|name| format!("vars.{name}")));
    known.extend(
        names
            .secrets
            .unwrap_or_default()
            .iter()
            .map(|name| format!("secrets.{name}")),
    );
    if names.call {
        known.push("call.id".into());
    }
    if names.response {
        known.extend(["response.status", "response.headers", "response.body"].map(String::from));
    }
    if names.result {
        known.push("result".into());
    }
    if !names.login {
        known.push("now".into());
    }
    known
}

fn members(group: &str, names: &Names<'_>) -> String {
    let prefix = format!("{group}.");
    let members: Vec<String> = known(names)
        .into_iter()
        .filter(|name| name.starts_with(&prefix))
        .collect();
    listed(members.iter().map(String::as_str))
}

/// Whether a group has members here.
fn has_members(group: &str, names: &Names<'_>) -> bool {
    let prefix = format!("{group}.");
    known(names).iter().any(|name| name.starts_with(&prefix))
}

/// How a member of an empty group is declared.
fn declare(group: &str, member: &str) -> String {
    match group {
        "vars" => format!("this manifest declares no `vars`: add `vars: {{ {member}: {{ default: … }} }}`"),
        "secrets" => format!("this manifest declares no `secrets`: add `secrets: {{ {member}: env }}`"),
        _ => format!("`{group}` has no place here"),
    }
}

/// `params.id` and `env.KEY`, as other formats have them.
fn foreign_group(group: &str, member: &str, range: Range<usize>, names: &Names<'_>) -> Option<TemplateError> {
    let help = match group {
        "params" | "param" | "args" | "arguments" | "input" | "inputs" | "parameters" => {
            if names.params.iter().any(|param| param.name == member) {
                format!("a param stands alone: write `{{{{ {member} }}}}`")
            } else {
                format!("a param stands alone, as in `{{{{ {member} }}}}`, and is declared under `params`")
            }
        }
        "env" | "ENV" | "environment" => format!(
            "write `secrets: {{ {member}: env }}` and `{{{{ secrets.{member} }}}}` for a key, `vars: {{ name: {{ env: {member} }} }}` and `{{{{ vars.name }}}}` for the rest"
        ),
        "steps" | "step" if names.steps.is_some() => {
            format!(
                "a step's value stands alone: write `{{{{ {member} }}}}`, or `{{{{ {member}.FIELD }}}}` for a part of it"
            )
        }
        "secret" => format!("write `{{{{ secrets.{member} }}}}`"),
        "var" => format!("write `{{{{ vars.{member} }}}}`"),
        "body" | "headers" if names.response => format!("write `{{{{ response.{group}.{member} }}}}`"),
        _ => return None,
    };
    Some(TemplateError {
        code: "unknown-name",
        range,
        message: format!("unknown name `{group}.{member}`"),
        help: Some(help),
    })
}

fn unknown(name: &str, range: Range<usize>, names: &Names<'_>) -> TemplateError {
    let known = known(names);
    // `shop_url` for `vars.shop_url` is as likely a slip as a typing error.
    let with_group = known
        .iter()
        .filter(|candidate| *candidate != "call.id")
        .find(|candidate| candidate.split_once('.').is_some_and(|(_, last)| last == name));
    let near = match with_group {
        Some(candidate) => format!("did you mean `{candidate}`? "),
        None => did_you_mean(
            name,
            known
                .iter()
                .map(String::as_str)
                .filter(|candidate| *candidate != "call.id"),
        ),
    };
    // Where a call is, there are params.
    let near = match (near.is_empty(), names.call) {
        (false, _) => near,
        (true, true) => "declare it under `params`; ".to_owned(),
        (true, false) if names.login => LOGIN.to_owned(),
        (true, false) => "only `vars` and `now` can stand here; ".to_owned(),
    };
    TemplateError {
        code: "unknown-name",
        range,
        message: format!("unknown name `{name}`"),
        help: Some(format!("{near}known here: {}", some_of(&known))),
    }
}

/// Names in backticks, of very many only the first.
fn some_of(known: &[String]) -> String {
    let shown = listed(known.iter().take(MOST_LISTED).map(String::as_str));
    match known.len().saturating_sub(MOST_LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn unknown_member(group: &str, member: &str, range: Range<usize>, names: &Names<'_>) -> TemplateError {
    let prefix = format!("{group}.");
    let known: Vec<String> = known(names)
        .into_iter()
        .filter(|name| name.starts_with(&prefix))
        .collect();
    let near = did_you_mean(member, known.iter().map(|name| &name[prefix.len()..]));
    let help = match known.is_empty() {
        true => declare(group, member),
        false => format!("{near}known: {}", members(group, names)),
    };
    TemplateError {
        code: "unknown-name",
        range,
        message: format!("unknown name `{group}.{member}`"),
        help: Some(help),
    }
}

fn out_of_place(name: &str, range: Range<usize>, rule: &str) -> TemplateError {
    TemplateError {
        code: if name == "secrets" {
            "secret-place"
        } else {
            "unknown-name"
        },
        range,
        message: format!("`{name}` has no place here"),
        help: Some(rule.into()),
    }
}

fn param_ref(param: &Param) -> ParamRef {
    ParamRef {
        name: param.name.clone(),
        origin: Origin::Param,
        null: null_means(&param.schema),
        presence: if param.optional && param.default.is_none() && param.constant.is_none() {
            Presence::Optional
        } else {
            Presence::Always
        },
        shape: match param.kind {
            ParamKind::Array | ParamKind::Map => Shape::Many,
            ParamKind::File => Shape::File,
            _ => Shape::One,
        },
        style: param.style,
    }
}

/// The value of a step, of whose type nothing is known.
fn step_ref(id: &str, value: StepValue) -> ParamRef {
    ParamRef {
        name: id.to_owned(),
        origin: Origin::Step,
        null: NullMeans::Unsaid,
        presence: match value {
            StepValue::Always => Presence::Always,
            StepValue::MayBeAbsent => Presence::Optional,
        },
        shape: Shape::One,
        style: ParamStyle::default(),
    }
}

/// What a param's own schema says of null.
fn null_means(schema: &Value) -> NullMeans {
    let of = |lists_null| {
        if lists_null {
            NullMeans::Itself
        } else {
            NullMeans::Absent
        }
    };
    let values = |key: &str| schema.get(key).and_then(Value::as_array);
    if let Some(constant) = schema.get("const") {
        return of(constant.is_null());
    }
    if let Some(allowed) = values("enum") {
        return of(allowed.contains(&Value::Null));
    }
    if let Some(branches) = values("anyOf").or_else(|| values("oneOf")) {
        return of(branches
            .iter()
            .any(|branch| null_means(branch) != NullMeans::Absent));
    }
    match schema.get("type") {
        Some(Value::String(name)) => of(name == "null"),
        Some(Value::Array(names)) => of(names.iter().any(|name| name == "null")),
        _ => NullMeans::Unsaid,
    }
}
