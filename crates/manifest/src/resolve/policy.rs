//! The keys that apis and tools share: merged, and checked for each api even
//! when no tool uses it.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use super::world::World;
use super::{auth, header, names, template};
use crate::checked::Policy;
use crate::decl::api::ApiDecl;
use crate::decl::policy::{Pair, PolicyDecl};
use crate::diagnostic::{Severity, Sink};
use crate::template::{Condition, Names, TextTemplate, UrlPart, UrlTemplate};
use crate::text::Text;

/// Checks what an api says about itself.
pub(crate) fn check_api(api: &ApiDecl<'_>, world: &World<'_>, sink: &mut Sink) {
    let names = Names {
        vars: &world.var_names,
        secrets: Some(&world.secret_names),
        call: true,
        ..Names::default()
    };
    let used =
        world.files.iter().flat_map(|file| &file.decl.tools).any(|tool| {
            tool.api.is_some_and(|name| name.as_str() == api.name.as_str()) && tool.url.is_some()
        });
    // With a tool its params are known, and the messages are better.
    if !used {
        check_alone(api, &names, world, sink);
    }
    if let Some(auth) = &api.policy.auth {
        auth::resolve(auth, world, sink);
    }
    duplicate_headers(&api.policy.headers, sink);
    for (name, _) in &api.policy.headers {
        header::check_name(name, sink);
    }
    for (_, hint) in api.policy.errors.iter().map(|(pattern, _, hint)| (pattern, hint)) {
        super::description::invisible(hint, sink);
    }
}

/// Compiles the templates of an api that no tool uses.
fn check_alone(api: &ApiDecl<'_>, names: &Names<'_>, world: &World<'_>, sink: &mut Sink) {
    if let Some(base) = api.base_url
        && let Err(errors) = UrlTemplate::compile(Some(base.as_str()), "/", names)
    {
        let errors = errors.into_iter().filter(|(part, _)| *part == UrlPart::Base);
        template::report(base, errors.map(|(_, error)| error).collect(), world, sink);
    }
    headers(&api.policy.headers, &[], names, world, sink);
    query(&api.policy.query, &[], names, world, sink);
    if let Some(text) = api.policy.error_if {
        let names = Names {
            secrets: None,
            response: true,
            ..*names
        };
        condition(text, &names, world, sink);
    }
}

/// Both policies as one; the tool's keys win.
pub(crate) fn merge(tool: &PolicyDecl<'_>, api: Option<&ApiDecl<'_>>) -> Policy {
    let shared = api.map(|api| &api.policy);
    let redirects = tool
        .redirects
        .as_ref()
        .or(shared.and_then(|api| api.redirects.as_ref()));
    let allow_http = tool.allow_http.or(shared.and_then(|api| api.allow_http));
    Policy {
        api: api.map(|api| api.name.as_str().to_owned()),
        timeout: tool
            .timeout
            .or(shared.and_then(|api| api.timeout))
            .map_or(Duration::from_secs(30), |timeout| timeout.value),
        retries: tool.retries.or(shared.and_then(|api| api.retries)).unwrap_or(2),
        rate_limit: tool.rate_limit.or(shared.and_then(|api| api.rate_limit)),
        concurrency: tool
            .concurrency
            .or(shared.and_then(|api| api.concurrency))
            .unwrap_or(4),
        redirect_to: redirects
            .map(|hosts| hosts.iter().map(|host| host.as_str().to_owned()).collect())
            .unwrap_or_default(),
        allow_http: allow_http.is_some_and(|allowed| allowed.value),
    }
}

/// The api's headers with the tool's laid over them, compiled.
pub(crate) fn headers(
    api: &[Pair<'_>],
    tool: &[Pair<'_>],
    names: &Names<'_>,
    world: &World<'_>,
    sink: &mut Sink,
) -> Vec<(String, TextTemplate)> {
    duplicate_headers(tool, sink);
    let overridden = |name: &Text| {
        tool.iter()
            .any(|(own, _)| own.as_str().eq_ignore_ascii_case(name.as_str()))
    };
    let inherited = api.iter().filter(|(name, _)| !overridden(name));
    let mut all = Vec::new();
    for (name, value) in inherited.chain(tool) {
        literal(value, world, sink);
        if header::check_name(name, sink).is_some()
            && let Some(value) = template::header(value, names, world, sink)
        {
            all.push((name.as_str().to_owned(), value));
        }
    }
    all
}

/// The api's query pairs with the tool's laid over them, compiled.
pub(crate) fn query(
    api: &[Pair<'_>],
    tool: &[Pair<'_>],
    names: &Names<'_>,
    world: &World<'_>,
    sink: &mut Sink,
) -> Vec<(String, TextTemplate)> {
    for (name, _) in api.iter().chain(tool) {
        if name.as_str().contains("{{") {
            sink.error("query-key", name.span(), "the keys of `query` are literal text")
                .help("write the name that the API knows; values may be templates");
        }
    }
    let overridden = |name: &Text| tool.iter().any(|(own, _)| own.as_str() == name.as_str());
    let inherited = api.iter().filter(|(name, _)| !overridden(name));
    let compile = |(name, value): &Pair<'_>| {
        literal(value, world, sink);
        let value = template::text(value, names, world, sink)?;
        Some((name.as_str().to_owned(), value))
    };
    inherited.chain(tool).filter_map(compile).collect()
}

/// Compiles `error_if`.
pub(crate) fn condition(
    text: &Text,
    names: &Names<'_>,
    world: &World<'_>,
    sink: &mut Sink,
) -> Option<Condition> {
    Condition::compile(text.as_str(), names)
        .map_err(|errors| template::report(text, errors, world, sink))
        .ok()
}

/// Warns of what other languages replace and we send as it stands: `$NAME`
/// and statements. `${NAME}` is an error anywhere, by the lint `env-syntax`.
pub(crate) fn literal(text: &Text, world: &World<'_>, sink: &mut Sink) {
    let written = text.as_str();
    if let Some(start) = written.find("{%") {
        sink.report(
            "literal-slot",
            Severity::Warning,
            text.span_of(start..start + 2),
            "`{%` is plain text here: only `result.template` has statements",
        )
        .help(
            "as in `{{ 'a' if condition else 'b' }}`; a value that is absent takes its header or pair away",
        );
    }
    let Some((range, name)) = variable(written) else {
        return;
    };
    let (slot, declare) = if world.secret_names.iter().any(|known| known == name) {
        (format!("secrets.{name}"), String::new())
    } else if names::looks_secret(name) {
        let declare = format!(", and declare it: `secrets: {{ {name}: env }}`");
        (format!("secrets.{name}"), declare)
    } else {
        let var = name.to_lowercase();
        let declare = format!(", and declare it: `vars: {{ {var}: {{ env: {name} }} }}`");
        (format!("vars.{var}"), declare)
    };
    let (before, after) = (&written[..range.start], &written[range.end..]);
    let found = &written[range.clone()];
    sink.report(
        "literal-slot",
        Severity::Warning,
        text.span_of(range.clone()),
        format!("`{found}` is plain text here: the environment is read by declared names only"),
    )
    .help(format!("write `\"{before}{{{{ {slot} }}}}{after}\"`{declare}"));
}

/// The first `$NAME` of a text.
fn variable(text: &str) -> Option<(Range<usize>, &str)> {
    text.match_indices('$').find_map(|(start, _)| {
        let name = &text[start + 1..];
        let end = name
            .find(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_')
            .unwrap_or(name.len());
        let named = end >= 3 && name.starts_with(|c: char| c.is_ascii_uppercase());
        named.then_some((start..start + 1 + end, &name[..end]))
    })
}

fn duplicate_headers(pairs: &[Pair<'_>], sink: &mut Sink) {
    let mut seen: HashMap<String, &Text> = HashMap::new();
    for (name, _) in pairs {
        let Some(first) = seen.get(&name.as_str().to_ascii_lowercase()) else {
            seen.insert(name.as_str().to_ascii_lowercase(), name);
            continue;
        };
        sink.error(
            "duplicate-key",
            name.span(),
            format!(
                "the header `{}` stands here twice: case makes no difference",
                name.as_str()
            ),
        )
        .context(first.span(), "first written here")
        .help("remove one of them");
    }
}
