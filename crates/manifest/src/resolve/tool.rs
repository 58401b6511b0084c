//! Tools: the api's connection laid under, templates compiled, effects and
//! idempotence decided.

use std::borrow::Cow;

use super::world::World;
use super::{auth, body, description, file_place, param, policy, template};
use crate::checked::{
    Auth, Effect, Endpoint, Feature, HttpEndpoint, McpEndpoint, Method, Param, ResultSpec, StatusPattern,
    Tool,
};
use crate::decl::api::ApiDecl;
use crate::decl::body::BodyKind;
use crate::decl::tool::ToolDecl;
use crate::diagnostic::Sink;
use crate::read;
use crate::schema::tool_schema;
use crate::source::Span;
use crate::template::{Condition, Names, Pick, ResultTemplate, UrlPart, UrlTemplate};

/// How much of a result a model gets when nothing else is said.
const MAX_TOKENS: u32 = 8000;

/// Checks a tool. Reports every problem it finds; returns a tool only if none
/// was an error.
pub(crate) fn resolve(
    decl: &ToolDecl<'_>,
    world: &World<'_>,
    features: &mut Vec<Feature>,
    sink: &mut Sink,
) -> Option<Tool> {
    let before = sink.errors();
    let params = param::resolve_all(&decl.params, sink);
    let api = api(decl, world, sink);
    let shared = api.flatten();
    let visible = with_hidden(decl, &params, sink);
    let names = Names {
        params: &visible,
        vars: &world.var_names,
        call: true,
        ..Names::default()
    };
    let endpoint = match &decl.mcp {
        Some(_) => mcp(decl, world, sink),
        None => http(decl, api, &names, world, sink).map(|http| Endpoint::Http(Box::new(http))),
    };
    let answer = Names {
        response: true,
        ..names
    };
    let error_if = error_if(decl, shared, &answer, world, sink);
    let worded = Names {
        result: true,
        ..answer
    };
    let result = result(decl, &worded, world, sink);
    words(decl, &params, sink);
    if let Some(Endpoint::Http(endpoint)) = &endpoint {
        file_place::check(decl, endpoint, &params, sink);
    }
    later(decl, features);
    if decl.broken || sink.errors() > before {
        return None;
    }
    let endpoint = endpoint?;
    let (effect, idempotent) = effects(decl, &endpoint);
    Some(Tool {
        name: decl.name.as_str().to_owned(),
        span: decl.name.span(),
        description: decl.description?.as_str().to_owned(),
        schema: tool_schema(&params),
        params,
        endpoint,
        policy: policy::merge(&decl.policy, shared),
        effect,
        idempotent,
        result,
        error_if,
        errors: hints(decl, shared),
    })
}

/// Checks what a model reads: descriptions and hints.
fn words(decl: &ToolDecl<'_>, params: &[Param], sink: &mut Sink) {
    if let Some(text) = decl.description {
        description::check(text, sink);
    }
    for (_, _, hint) in &decl.policy.errors {
        description::invisible(hint, sink);
        description::literal_slots(hint, "a hint of `errors`", params, sink);
    }
    let descriptions = decl.params.iter().filter_map(|param| param.description);
    for text in decl.description.into_iter().chain(descriptions) {
        description::literal_slots(text, "a description", params, sink);
    }
}

/// The tool's or its api's condition, and those of `paginate`.
fn error_if(
    decl: &ToolDecl<'_>,
    api: Option<&ApiDecl<'_>>,
    names: &Names<'_>,
    world: &World<'_>,
    sink: &mut Sink,
) -> Option<Condition> {
    for expression in decl.paginate.iter().flat_map(|paginate| &paginate.expressions) {
        policy::condition(expression, names, world, sink);
    }
    let text = decl.policy.error_if.or(api.and_then(|api| api.policy.error_if))?;
    policy::condition(text, names, world, sink)
}

/// The tool's hints by status, or its api's.
fn hints(decl: &ToolDecl<'_>, api: Option<&ApiDecl<'_>>) -> Vec<(StatusPattern, String)> {
    let own = &decl.policy.errors;
    let hints = match api {
        Some(api) if own.is_empty() => &api.policy.errors,
        _ => own,
    };
    hints
        .iter()
        .map(|(pattern, _, hint)| (*pattern, hint.as_str().to_owned()))
        .collect()
}

/// The api that a tool names: `Some(None)` when it names none, `None` when
/// there is no such api.
fn api<'n>(decl: &ToolDecl<'n>, world: &World<'n>, sink: &mut Sink) -> Option<Option<&'n ApiDecl<'n>>> {
    let Some(name) = decl.api else { return Some(None) };
    if let Some(api) = world.apis.get(name.as_str()) {
        return Some(Some(api));
    }
    if world.complete {
        read::known(name, "api", world.apis.keys().copied(), sink);
    }
    None
}

/// The params, and the hidden ones that `paginate` adds.
fn with_hidden<'p>(decl: &ToolDecl<'_>, params: &'p [Param], sink: &mut Sink) -> Cow<'p, [Param]> {
    let mut all = Cow::Borrowed(params);
    for name in decl.paginate.iter().flat_map(|paginate| &paginate.names) {
        super::names::check_local(name, "a hidden param", sink);
        if let Some(param) = params.iter().find(|param| param.name == name.as_str()) {
            sink.error(
                "name-clash",
                name.span(),
                format!("the name `{}` is taken by a param", name.as_str()),
            )
            .context(param.span, "the param stands here")
            .help("rename one of them: what `next` names is hidden from the model");
            continue;
        }
        all.to_mut().push(param::placeholder(name, true));
    }
    all
}

fn http(
    decl: &ToolDecl<'_>,
    api: Option<Option<&ApiDecl<'_>>>,
    names: &Names<'_>,
    world: &World<'_>,
    sink: &mut Sink,
) -> Option<HttpEndpoint> {
    let shared = api.flatten();
    let secret = Names {
        secrets: Some(&world.secret_names),
        ..*names
    };
    let method = decl.method.map_or(Method::Get, |method| method.value);
    let none = Vec::new();
    let (api_headers, api_query) =
        shared.map_or((&none, &none), |api| (&api.policy.headers, &api.policy.query));
    let headers = policy::headers(api_headers, &decl.policy.headers, &secret, world, sink);
    let query = policy::query(api_query, &decl.policy.query, &secret, world, sink);
    let body = decl
        .body
        .as_ref()
        .map(|decl| body::resolve(decl, names, world, sink));
    body_of_get(decl, method, sink);
    multipart_type(decl, sink);
    let auth = match decl
        .policy
        .auth
        .as_ref()
        .or(shared.and_then(|api| api.policy.auth.as_ref()))
    {
        Some(auth) => auth::resolve(auth, world, sink),
        None => Some(Auth::None),
    };
    if let Some(auth) = &auth {
        two_credentials(decl, shared, auth, sink);
    }
    let url = url(decl, api, &secret, world, sink)?;
    Some(HttpEndpoint {
        method,
        url,
        query,
        headers,
        body: body.map_or(Some(None), |body| body.map(Some))?,
        auth: auth?,
    })
}

fn url(
    decl: &ToolDecl<'_>,
    api: Option<Option<&ApiDecl<'_>>>,
    names: &Names<'_>,
    world: &World<'_>,
    sink: &mut Sink,
) -> Option<UrlTemplate> {
    let url = decl.url?;
    policy::literal(url, world, sink);
    let base = match api? {
        Some(api) => Some(api.base_url?),
        None => None,
    };
    if base.is_none() && url.as_str().starts_with('/') {
        let diagnostic = sink.error(
            "bad-url",
            url.span(),
            format!("the url of tool `{}` has no host", decl.name.as_str()),
        );
        let names: Vec<_> = world.apis.keys().copied().collect();
        match names.as_slice() {
            [only] => diagnostic.help(format!("add `api: {only}`, or write the whole address")),
            _ => diagnostic
                .help("name an `api` whose `base_url` it is appended to, or write the whole address"),
        };
        return None;
    }
    match UrlTemplate::compile(base.map(crate::text::Text::as_str), url.as_str(), names) {
        Ok(url) => Some(url),
        Err(errors) => {
            for (part, error) in errors {
                let text = if part == UrlPart::Base {
                    base.unwrap_or(url)
                } else {
                    url
                };
                template::report(text, vec![error], world, sink);
            }
            None
        }
    }
}

fn body_of_get(decl: &ToolDecl<'_>, method: Method, sink: &mut Sink) {
    let Some(body) = &decl.body else { return };
    if matches!(method, Method::Get | Method::Head) {
        let name = method.as_str();
        let diagnostic = sink.error(
            "get-with-body",
            body.span,
            format!("a {name} request has no body"),
        );
        match decl.method {
            Some(method) => diagnostic
                .context(method.span, "the method stands here")
                .help("change the method, or send the values in the url"),
            None => diagnostic.help("add `method: POST`: without a method it is GET"),
        };
    }
}

/// A header that `auth` sets cannot be written as well.
fn two_credentials(decl: &ToolDecl<'_>, api: Option<&ApiDecl<'_>>, auth: &Auth, sink: &mut Sink) {
    let set = match auth {
        Auth::Bearer { .. } | Auth::Basic { .. } | Auth::OAuth2(_) => "authorization",
        Auth::Header { name, .. } => name,
        Auth::Token(login) => &login.send.header,
        Auth::None | Auth::Query { .. } => return,
    };
    let api_headers = api.iter().flat_map(|api| &api.policy.headers);
    for (name, _) in api_headers.chain(&decl.policy.headers) {
        if name.as_str().eq_ignore_ascii_case(set) {
            sink.error(
                "name-clash",
                name.span(),
                format!("`auth` sets the header `{}` already", name.as_str()),
            )
            .help("remove the header, or write `auth: none`");
        }
    }
}

fn mcp(decl: &ToolDecl<'_>, world: &World<'_>, sink: &mut Sink) -> Option<Endpoint> {
    let mcp = decl.mcp.as_ref()?;
    let others: [(&str, Option<Span>); 4] = [
        ("url", decl.url.map(crate::text::Text::span)),
        ("method", decl.method.map(|method| method.span)),
        ("body", decl.body.as_ref().map(|body| body.span)),
        ("api", decl.api.map(crate::text::Text::span)),
    ];
    for (name, span) in others {
        if let Some(span) = span {
            sink.error(
                "misplaced-key",
                span,
                format!("`{name}` has no place beside `mcp`"),
            )
            .context(mcp.span, "an MCP server's tool is called")
            .help("keep one of them");
        }
    }
    let server = mcp.server?;
    if world.complete {
        read::known(server, "MCP server", world.servers.keys().copied(), sink)?;
    }
    Some(Endpoint::Mcp(McpEndpoint {
        server: server.as_str().to_owned(),
        tool: mcp.tool?.as_str().to_owned(),
    }))
}

fn result(decl: &ToolDecl<'_>, names: &Names<'_>, world: &World<'_>, sink: &mut Sink) -> ResultSpec {
    let written = &decl.result;
    let pick = written.pick.and_then(|text| {
        Pick::compile(text.as_str())
            .map_err(|errors| template::report(text, errors, world, sink))
            .ok()
    });
    let template = written.template.and_then(|text| {
        description::invisible(text, sink);
        ResultTemplate::compile(text.as_str(), names)
            .map_err(|errors| template::report(text, errors, world, sink))
            .ok()
    });
    ResultSpec {
        pick,
        template,
        max_tokens: written.max_tokens.unwrap_or(MAX_TOKENS),
        format: written.format,
        output: written.output.and_then(|node| super::agent::schema(node, sink)),
        output_span: written.output.map(|node| node.span),
    }
}

fn effects(decl: &ToolDecl<'_>, endpoint: &Endpoint) -> (Effect, bool) {
    let (safe, keyed) = match endpoint {
        Endpoint::Mcp(_) => (false, false),
        Endpoint::Http(http) => {
            let keyed = http
                .headers
                .iter()
                .any(|(name, value)| name.eq_ignore_ascii_case("idempotency-key") && value.is_call_id());
            (
                matches!(http.method, Method::Get | Method::Head | Method::Options),
                keyed,
            )
        }
    };
    let inferred = if safe { Effect::Read } else { Effect::Write };
    (
        decl.effect.unwrap_or(inferred),
        decl.idempotent.unwrap_or(safe || keyed),
    )
}

/// The boundary stands in the `Content-Type`, and only toolrun knows it.
fn multipart_type(decl: &ToolDecl<'_>, sink: &mut Sink) {
    let multipart = decl
        .body
        .as_ref()
        .filter(|body| matches!(body.kind, BodyKind::Multipart(_)));
    let Some(body) = multipart else { return };
    for (name, _) in &decl.policy.headers {
        if name.as_str().eq_ignore_ascii_case("content-type") {
            sink.error(
                "reserved-header",
                name.span(),
                "a `multipart` body sets `Content-Type` itself: the boundary stands in it",
            )
            .context(body.span, "the body stands here")
            .help("remove the header");
        }
    }
}

/// Notes the parts of a tool that this build cannot run.
fn later(decl: &ToolDecl<'_>, features: &mut Vec<Feature>) {
    let tool = decl.name.as_str();
    let mut note = |key: String, span: Span| {
        features.push(Feature {
            key,
            tool: Some(tool.to_owned()),
            span,
        })
    };
    if let Some(paginate) = &decl.paginate {
        note(format!("tools.{tool}.paginate"), paginate.span);
    }
    if let Some(mcp) = &decl.mcp {
        note(format!("tools.{tool}.mcp"), mcp.span);
    }
    if let Some(defer) = decl.defer.filter(|defer| defer.value) {
        note(format!("tools.{tool}.defer"), defer.span);
    }
}
