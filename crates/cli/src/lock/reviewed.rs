//! What a lock holds of a manifest: everything that a model reads, and
//! everything that decides where something is sent and what is asked before.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value, json};
use toolrun_manifest::{
    Action, Agent, Auth, Body, ClientPlace, Effect, Endpoint, HttpEndpoint, LoginBody, Manifest, OAuth2,
    OnError, Param, ParamKind, ParamStyle, ResultFormat, ResultSpec, SecretOrigin, StatusPattern, Step,
    TextTemplate, TokenLogin, TokenPlace, Tool, UrlTemplate, VarDecl, When, Workflow,
};

use super::VERSION;
use crate::content::Content;

/// A manifest in the form of its lock. Names are sorted, and what is not
/// written is left out, so that two locks differ where a reviewer would look.
pub(super) fn of(manifest: &Manifest, content: &Content) -> Value {
    let folder = Path::new(&content.named).parent().unwrap_or(Path::new(""));
    let files = content.files.iter();
    let files = sorted(files.map(|(name, hash)| (from_folder(folder, name), hash.as_str().into())));
    let secrets = manifest.secrets.iter();
    let secrets =
        sorted(secrets.map(|secret| (secret.name.clone(), source(&secret.origin, folder, content))));
    let vars = sorted(manifest.vars.iter().map(|one| (one.name.clone(), var(one))));
    let defaults: BTreeMap<String, String> = manifest
        .vars
        .iter()
        .filter_map(|var| Some((var.name.clone(), var.default.clone()?)))
        .collect();
    let tools = manifest.tools.iter();
    let tools = sorted(tools.map(|one| (one.name.clone(), tool(one, &defaults))));
    let workflows = manifest.workflows.iter();
    let workflows = sorted(workflows.map(|one| (one.name.clone(), workflow(one))));
    written([
        ("version", VERSION.into()),
        ("files", files),
        ("agent", agent(&manifest.agent)),
        ("secrets", secrets),
        ("vars", vars),
        ("tools", tools),
        ("workflows", workflows),
    ])
}

fn agent(agent: &Agent) -> Value {
    let limits = &agent.limits;
    let seconds = limits.time.map(|time| time.as_secs_f64());
    written([
        ("model", agent.model.clone().into()),
        ("instructions", text(agent.instructions.as_ref())),
        ("tools", agent.tools.clone().into()),
        (
            "limits",
            written([
                ("turns", limits.turns.into()),
                ("calls", limits.calls.into()),
                ("tokens", limits.tokens.into()),
                ("cost_micro_usd", limits.cost.map(|cost| cost.micro_usd).into()),
                ("seconds", seconds.into()),
            ]),
        ),
        ("output", agent.output.clone().into()),
    ])
}

/// Where a secret comes from. A path means what it means to the file that
/// declares it.
fn source(origin: &SecretOrigin, folder: &Path, content: &Content) -> Value {
    let seen_from = |declared_in: &String| match *declared_in == content.named {
        true => Value::Null,
        false => from_folder(folder, declared_in).into(),
    };
    match origin {
        SecretOrigin::Env(variable) => json!({ "env": variable }),
        SecretOrigin::File { path, declared_in } => written([
            ("file", path.as_str().into()),
            ("declared_in", seen_from(declared_in)),
        ]),
        SecretOrigin::Command { argv, declared_in } => written([
            ("command", argv.clone().into()),
            ("declared_in", seen_from(declared_in)),
        ]),
        SecretOrigin::Keyring(service) => json!({ "keyring": service }),
    }
}

fn var(var: &VarDecl) -> Value {
    written([
        ("env", var.env.clone().into()),
        ("default", var.default.clone().into()),
        ("enum", var.allowed.clone().into()),
    ])
}

fn tool(tool: &Tool, defaults: &BTreeMap<String, String>) -> Value {
    let request = match &tool.endpoint {
        Endpoint::Http(endpoint) => request(endpoint, tool, defaults),
        Endpoint::Mcp(endpoint) => json!({ "mcp": { "server": endpoint.server, "tool": endpoint.tool } }),
    };
    let pinned = tool.params.iter();
    let pinned = pinned.filter_map(|param| Some((param.name.clone(), param.constant.clone()?)));
    let errors = tool.errors.iter();
    written([
        ("description", tool.description.as_str().into()),
        ("effect", effect(tool.effect).into()),
        ("idempotent", tool.idempotent.into()),
        ("request", request),
        ("params", params(&tool.schema)),
        ("written", sorted(tool.params.iter().filter_map(how_written))),
        ("pinned", sorted(pinned)),
        ("result", result(&tool.result)),
        ("error_if", tool.error_if.as_ref().map(|one| one.text()).into()),
        (
            "errors",
            sorted(errors.map(|(pattern, hint)| (status(*pattern), hint.as_str().into()))),
        ),
    ])
}

/// What a param is where its schema does not say it: a file, and how a list
/// or a map stands in a query.
fn how_written(param: &Param) -> Option<(String, Value)> {
    let kind = (param.kind == ParamKind::File).then_some("file");
    let style = match param.style {
        ParamStyle::Repeat => None,
        ParamStyle::Csv => Some("csv"),
        ParamStyle::Pipe => Some("pipe"),
        ParamStyle::Brackets => Some("brackets"),
        ParamStyle::Deep => Some("deep"),
    };
    Some((param.name.clone(), kind.or(style)?.into()))
}

/// The steps in order of writing: without a `return`, the last one's value is
/// the workflow's.
fn workflow(workflow: &Workflow) -> Value {
    let pinned = workflow.params.iter();
    let pinned = pinned.filter_map(|param| Some((param.name.clone(), param.constant.clone()?)));
    let steps = workflow.steps.iter();
    let last = workflow.steps.last().filter(|_| workflow.returns.is_none());
    written([
        ("description", workflow.description.as_str().into()),
        ("effect", effect(workflow.effect).into()),
        ("params", params(&workflow.schema)),
        ("written", sorted(workflow.params.iter().filter_map(how_written))),
        ("pinned", sorted(pinned)),
        (
            "steps",
            sorted(steps.map(|one| (one.id.clone(), step(one, workflow)))),
        ),
        (
            "return",
            workflow
                .returns
                .as_ref()
                .map(|tree| tree.written().clone())
                .into(),
        ),
        ("value_of", last.map(|step| step.id.as_str()).into()),
    ])
}

fn step(step: &Step, workflow: &Workflow) -> Value {
    let (call, with, ask) = match &step.action {
        Action::Call { callee, with } => (Some(callee.as_str()), with.as_deref(), None),
        Action::Ask(ask) => (None, None, Some(ask)),
    };
    let (each, repeat) = (step.each.as_ref(), step.repeat.as_ref());
    let when = match &step.when {
        Some(When::Step(condition) | When::Item(condition)) => Some(condition.text()),
        None => None,
    };
    let mut needs: Vec<&str> = step
        .needs
        .iter()
        .map(|at| workflow.steps[*at].id.as_str())
        .collect();
    needs.sort_unstable();
    let on_error = match &step.on_error {
        OnError::Stop => Value::Null,
        OnError::Skip => "skip".into(),
        OnError::Value(value) => json!({ "value": value }),
    };
    written([
        ("call", call.into()),
        ("with", with.map(|tree| tree.written().clone()).into()),
        ("ask", ask.map(|ask| ask.prompt.text()).into()),
        ("output", ask.and_then(|ask| ask.output.clone()).into()),
        ("tools", ask.map(|ask| ask.tools.clone()).into()),
        ("when", when.into()),
        ("for_each", each.map(|each| each.items.written().clone()).into()),
        ("as", each.map(|each| each.name.as_str()).into()),
        ("concurrency", each.map(|each| each.concurrency).into()),
        ("needs", needs.into()),
        ("until", repeat.map(|repeat| repeat.until.text()).into()),
        (
            "every_seconds",
            repeat.map(|repeat| repeat.every.as_secs_f64()).into(),
        ),
        ("times", repeat.map(|repeat| repeat.times).into()),
        ("on_error", on_error),
    ])
}

/// The schema that a model reads; the order of its params counts for nothing.
fn params(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.sort_by_key(|name| name.as_str().map(str::to_owned));
    }
    schema
}

fn request(endpoint: &HttpEndpoint, tool: &Tool, defaults: &BTreeMap<String, String>) -> Value {
    written([
        ("method", endpoint.method.as_str().into()),
        ("origin", origin(&endpoint.url, defaults)),
        ("url", endpoint.url.text().into()),
        ("query", texts(&endpoint.query)),
        ("headers", texts(&endpoint.headers)),
        ("auth", auth(&endpoint.auth, defaults)),
        ("body", body(endpoint.body.as_ref())),
        ("redirects_to", tool.policy.redirect_to.clone().into()),
        ("allow_http", tool.policy.allow_http.then_some(true).into()),
    ])
}

fn auth(auth: &Auth, defaults: &BTreeMap<String, String>) -> Value {
    match auth {
        Auth::None => Value::Null,
        Auth::Bearer { secret } => json!({ "bearer": secret }),
        Auth::Header { name, secret } => json!({ "header": { "name": name, "secret": secret } }),
        Auth::Query { name, secret } => json!({ "query": { "name": name, "secret": secret } }),
        Auth::Basic { user, password } => json!({ "basic": { "user": user.text(), "password": password } }),
        Auth::OAuth2(login) => json!({ "oauth2": oauth2(login, defaults) }),
        Auth::Token(login) => json!({ "token": token(login, defaults) }),
    }
}

fn oauth2(login: &OAuth2, defaults: &BTreeMap<String, String>) -> Value {
    let scopes: Vec<&str> = login.scopes.iter().map(TextTemplate::text).collect();
    let client = match login.client {
        ClientPlace::Basic => "basic",
        ClientPlace::Body => "body",
    };
    written([
        ("origin", origin(&login.token_url, defaults)),
        ("token_url", login.token_url.text().into()),
        ("client_id", login.client_id.text().into()),
        ("client_secret", login.client_secret.as_str().into()),
        ("scopes", scopes.into()),
        ("params", texts(&login.params)),
        ("client", client.into()),
    ])
}

fn token(login: &TokenLogin, defaults: &BTreeMap<String, String>) -> Value {
    let request = &login.request;
    let body = match &request.body {
        None => Value::Null,
        Some(LoginBody::Json(tree)) => json!({ "json": tree.written() }),
        Some(LoginBody::Form(tree)) => json!({ "form": tree.written() }),
        Some(LoginBody::Text(words)) => json!({ "text": words.text() }),
    };
    let (pick, cookie) = match &login.place {
        TokenPlace::Pick(pick) => (Some(pick.text()), None),
        TokenPlace::Cookie(name) => (None, Some(name.as_str())),
    };
    let send = &login.send;
    written([
        ("method", request.method.as_str().into()),
        ("origin", origin(&request.url, defaults)),
        ("url", request.url.text().into()),
        ("headers", texts(&request.headers)),
        ("body", body),
        ("pick", pick.into()),
        ("cookie", cookie.into()),
        ("header", send.header.as_str().into()),
        ("before", send.before.text().into()),
        ("after", send.after.text().into()),
    ])
}

/// Where a url leads when nobody sets a var.
fn origin(url: &UrlTemplate, defaults: &BTreeMap<String, String>) -> Value {
    let literal = url.origin_literal().map(str::to_owned);
    literal.or_else(|| url.origin(defaults).ok()).into()
}

fn texts(pairs: &[(String, TextTemplate)]) -> Value {
    sorted(
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), value.text().into())),
    )
}

fn body(body: Option<&Body>) -> Value {
    match body {
        None => Value::Null,
        Some(Body::Json(tree)) => json!({ "json": tree.written() }),
        Some(Body::Form(tree)) => json!({ "form": tree.written() }),
        Some(Body::Multipart(tree)) => json!({ "multipart": tree.written() }),
        Some(Body::Text(words)) => json!({ "text": words.text() }),
    }
}

fn result(result: &ResultSpec) -> Value {
    let format = result.format.map(|format| match format {
        ResultFormat::Json => "json",
        ResultFormat::Csv => "csv",
        ResultFormat::Text => "text",
    });
    written([
        ("pick", result.pick.as_ref().map(|pick| pick.text()).into()),
        ("template", result.template.as_ref().map(|one| one.text()).into()),
        ("format", format.into()),
        ("max_tokens", result.max_tokens.into()),
        ("output", result.output.clone().into()),
    ])
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Write => "write",
        Effect::Destructive => "destructive",
    }
}

fn status(pattern: StatusPattern) -> String {
    match pattern {
        StatusPattern::Exact(status) => status.to_string(),
        StatusPattern::Class(class) => format!("{class}xx"),
    }
}

fn text(template: Option<&TextTemplate>) -> Value {
    template.map(TextTemplate::text).into()
}

/// An object of those fields that say something.
fn written<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let says = |value: &Value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    };
    let fields = fields.into_iter().filter(|(_, value)| says(value));
    fields.map(|(name, value)| (name.to_owned(), value)).collect()
}

fn sorted(entries: impl Iterator<Item = (String, Value)>) -> Value {
    let sorted: BTreeMap<String, Value> = entries.collect();
    Value::Object(sorted.into_iter().collect::<Map<_, _>>())
}

/// A file's name as seen from the manifest's folder, wherever we were started.
fn from_folder(folder: &Path, name: &str) -> String {
    let whole = |path: &Path| -> Vec<String> {
        let path = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
        let mut parts: Vec<String> = Vec::new();
        for part in path.components() {
            match part {
                Component::ParentDir => drop(parts.pop()),
                Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
                _ => {}
            }
        }
        parts
    };
    let here = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let (from, to) = (whole(here), whole(Path::new(name)));
    let shared = from
        .iter()
        .zip(&to)
        .take_while(|(one, other)| one == other)
        .count();
    let up = vec!["..".to_owned(); from.len() - shared];
    up.into_iter()
        .chain(to[shared..].iter().cloned())
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_from_the_manifests_folder() {
        for (folder, name, expected) in [
            ("", "shop.yaml", "shop.yaml"),
            ("a/b", "a/b/shop.yaml", "shop.yaml"),
            ("a/b", "a/currency.yaml", "../currency.yaml"),
            ("a", "c/x.yaml", "../c/x.yaml"),
            ("/x", "/x/y/z.yaml", "y/z.yaml"),
        ] {
            assert_eq!(from_folder(Path::new(folder), name), expected, "{folder} {name}");
        }
    }
}
