//! `auth:`: secrets looked up by name, the user compiled.

use super::world::World;
use super::{header, login, policy, template};
use crate::checked::Auth;
use crate::decl::auth::{AuthDecl, AuthKind, is_name};
use crate::decl::mcp::ServerDecl;
use crate::decl::secrets::is_reference;
use crate::diagnostic::Sink;
use crate::fields::{nearest, suggest};
use crate::keys;
use crate::template::{Names, UrlTemplate};
use crate::text::Text;

/// Checks credentials; `None` when something is wrong with them.
pub(crate) fn resolve(decl: &AuthDecl<'_>, world: &World<'_>, sink: &mut Sink) -> Option<Auth> {
    let names = Names {
        vars: &world.var_names,
        ..Names::default()
    };
    match &decl.kind {
        AuthKind::Invalid => None,
        AuthKind::None => Some(Auth::None),
        AuthKind::Bearer(name) => secret(name, world, sink).map(|secret| Auth::Bearer { secret }),
        AuthKind::Header { name, secret: value } => {
            let valid = header::check_name(name, sink);
            let secret = secret(value, world, sink)?;
            valid.map(|()| Auth::Header {
                name: name.as_str().to_owned(),
                secret,
            })
        }
        AuthKind::Query { name, secret: value } => {
            if name.as_str().is_empty() {
                sink.error("bad-name", name.span(), "the name of a query pair is empty");
            }
            secret(value, world, sink).map(|secret| Auth::Query {
                name: name.as_str().to_owned(),
                secret,
            })
        }
        AuthKind::Basic { user, password } => {
            let user = template::text(user, &names, world, sink);
            let password = secret(password, world, sink)?;
            user.map(|user| Auth::Basic { user, password })
        }
        AuthKind::OAuth2(decl) => login::oauth2(decl, world, sink).map(|login| Auth::OAuth2(Box::new(login))),
        AuthKind::Token(decl) => login::token(decl, world, sink).map(|login| Auth::Token(Box::new(login))),
    }
}

/// Checks what an MCP server names.
pub(crate) fn check_server(server: &ServerDecl<'_>, world: &World<'_>, sink: &mut Sink) {
    let names = Names {
        vars: &world.var_names,
        ..Names::default()
    };
    if let Some(url) = server.url {
        server_url(url, &names, world, sink);
    }
    if let Some(auth) = &server.auth {
        resolve(auth, world, sink);
    }
}

/// The address of a server, which is whole: nothing is put before it.
fn server_url(url: &Text, names: &Names<'_>, world: &World<'_>, sink: &mut Sink) {
    policy::literal(url, world, sink);
    if url.as_str().trim().is_empty() || url.as_str().starts_with('/') {
        sink.error("bad-url", url.span(), "the address of an MCP server has no host")
            .help("write the whole address, as in `https://mcp.example.com/mcp`");
        return;
    }
    if let Err(errors) = UrlTemplate::compile(None, url.as_str(), names) {
        let errors = errors.into_iter().map(|(_, error)| error).collect();
        template::report(url, errors, world, sink);
    }
}

/// The name of a declared secret.
pub(crate) fn secret(name: &Text, world: &World<'_>, sink: &mut Sink) -> Option<String> {
    let text = name.as_str();
    if world.secret_names.iter().any(|known| known == text) {
        return Some(text.to_owned());
    }
    if !world.complete {
        return None;
    }
    let is_name = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && text.len() <= 64
        && !keys::is_key(text);
    let known = world.secret_names.iter().map(String::as_str);
    if is_name {
        let help = if world.secret_names.is_empty() {
            format!("declare it: `secrets: {{ {text}: env }}`")
        } else {
            match nearest(text, known.clone()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "{}; or declare it under `secrets`: `{text}: env`",
                    suggest(text, known, "secrets")
                ),
            }
        };
        sink.error(
            "unknown-name",
            name.span(),
            format!("there is no secret `{text}`"),
        )
        .help(help);
    } else {
        if !is_reference(text) {
            sink.hide(name.span());
        }
        let message = "expected the name of a secret, found something else";
        sink.error("secret-value", name.span(), message)
            .help(match reference(text) {
                Some(meant) if world.secret_names.iter().any(|known| known == meant) => {
                    format!("write the name alone: `{meant}`")
                }
                Some(meant) => {
                    format!("write the name alone, `{meant}`, and declare it: `secrets: {{ {meant}: env }}`")
                }
                None => "declare a name, as in `secrets: { SHOP_KEY: env }`, and write `SHOP_KEY` here: values never stand in a manifest".to_owned(),
            });
    }
    None
}

/// The name in `$NAME`, `${NAME}`, `{{ secrets.NAME }}` and the like, as other
/// formats refer to a secret. Whatever else stands there may be the secret
/// itself and is not shown.
fn reference(text: &str) -> Option<&str> {
    let bare = text.trim_matches(['$', '{', '}', '%', ' ']);
    let bare = ["secrets.", "secret.", "env.", "env:"]
        .iter()
        .find_map(|prefix| bare.strip_prefix(prefix))
        .unwrap_or(bare);
    (bare.len() < text.len() && is_name(bare)).then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::reference;

    #[test]
    fn only_what_is_written_as_a_reference_is_shown() {
        for (text, expected) in [
            ("$SHOP_KEY", Some("SHOP_KEY")),
            ("${SHOP_KEY}", Some("SHOP_KEY")),
            ("{{ secrets.SHOP_KEY }}", Some("SHOP_KEY")),
            ("env:SHOP_KEY", Some("SHOP_KEY")),
            ("$k3y-value", None),
            ("Bearer ABC", None),
        ] {
            assert_eq!(reference(text), expected, "{text}");
        }
    }
}
