//! From declarations to the checked manifest: names are looked up across all
//! files, defaults filled in, templates compiled. Every problem is reported;
//! what was wrong once is not complained about again where it is used.

mod agent;
mod auth;
mod body;
mod case;
mod description;
mod file_place;
mod fit;
mod header;
mod keyword;
mod login;
mod names;
mod param;
mod policy;
mod template;
mod tool;
mod workflow;
mod world;

pub(crate) use description::MAX as MAX_DESCRIPTION;
pub use description::is_invisible;
pub(crate) use names::{BUILT_IN, RESERVED, looks_secret};
pub(crate) use template::holds_template;
pub(crate) use world::{File, World};

use crate::checked::{Agent, Feature, Manifest, SecretDecl, SecretOrigin, Tool, VarDecl};
use crate::decl::secrets::{OriginDecl, SecretRaw};
use crate::decl::vars::VarRaw;
use crate::diagnostic::Sink;

/// Checks all files together. The manifest is whole only when the sink has no
/// error afterwards; until then it holds what could be made sense of.
pub(crate) fn manifest(world: &World<'_>, sink: &mut Sink) -> Manifest {
    let main = &world.files[0].decl;
    for name in [main.name, main.description].into_iter().flatten() {
        description::check(name, sink);
    }
    let mut features = Vec::new();
    for (index, file) in world.files.iter().enumerate() {
        for (key, span) in &file.decl.keys {
            if *key == "tests" && index > 0 {
                continue;
            }
            features.push(Feature {
                key: (*key).to_owned(),
                tool: None,
                span: *span,
            });
        }
        for api in &file.decl.apis {
            policy::check_api(api, world, sink);
        }
        for server in &file.decl.mcp {
            auth::check_server(server, world, sink);
        }
    }
    case::check_all(&main.tests, world, sink);
    let tools: Vec<Tool> = world
        .files
        .iter()
        .flat_map(|file| &file.decl.tools)
        .filter_map(|decl| tool::resolve(decl, world, &mut features, sink))
        .collect();
    let workflows = workflow::resolve_all(world, &tools, sink);
    Manifest {
        name: main.name.map(|name| name.as_str().to_owned()),
        description: main.description.map(|text| text.as_str().to_owned()),
        agent: main
            .agent
            .as_ref()
            .map_or_else(Agent::default, |decl| agent::resolve(decl, world, sink)),
        secrets: world
            .secrets
            .iter()
            .filter_map(|(file, decl)| secret(decl, file))
            .collect(),
        vars: world.vars.iter().map(|decl| var(decl, sink)).collect(),
        tools,
        workflows,
        not_in_this_build: features,
    }
}

fn secret(decl: &SecretRaw<'_>, declared_in: &str) -> Option<SecretDecl> {
    let origin = match decl.origin.as_ref()? {
        OriginDecl::Env(name) => SecretOrigin::Env((*name).to_owned()),
        OriginDecl::Command(words) => SecretOrigin::Command {
            argv: words.iter().map(|word| (*word).to_owned()).collect(),
            declared_in: declared_in.to_owned(),
        },
        OriginDecl::Keyring(service) => SecretOrigin::Keyring((*service).to_owned()),
        OriginDecl::File(path) => SecretOrigin::File {
            path: (*path).to_owned(),
            declared_in: declared_in.to_owned(),
        },
    };
    Some(SecretDecl {
        name: decl.name.as_str().to_owned(),
        origin,
        span: decl.name.span(),
    })
}

fn var(decl: &VarRaw<'_>, sink: &mut Sink) -> VarDecl {
    if let Some(env) = decl.env
        && names::looks_secret(env.as_str())
    {
        sink.error(
            "secret-var",
            env.span(),
            format!(
                "`{}` looks like a secret, and `vars` are shown and logged",
                env.as_str()
            ),
        )
        .help(format!(
            "declare it under `secrets` as `{}: env`, or rename the variable",
            env.as_str()
        ));
    }
    let allowed = decl.allowed.as_ref();
    if let (Some(default), Some(allowed)) = (decl.default, allowed)
        && !allowed.iter().any(|value| value.as_str() == default.as_str())
    {
        let names = crate::fields::list(allowed.iter().map(|value| value.as_str()));
        sink.error(
            "bad-default",
            default.span(),
            format!("the default `{}` is not in `enum`", default.as_str()),
        )
        .help(format!("the values allowed are {names}"));
    }
    let owned = |text: &crate::text::Text| text.as_str().to_owned();
    VarDecl {
        name: owned(decl.name),
        env: decl.env.map(owned),
        default: decl.default.map(owned),
        allowed: allowed.map(|values| values.iter().map(|value| owned(value)).collect()),
        span: decl.name.span(),
    }
}
