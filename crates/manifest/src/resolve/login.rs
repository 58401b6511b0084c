//! `auth.oauth2` and `auth.token`: secrets looked up, templates compiled. A
//! login is the same for every call, so it reads `vars` and secrets and
//! nothing of the call that happens to need it.

use super::template::{TreeKind, login_tree, report};
use super::world::World;
use super::{auth, header, policy, template};
use crate::checked::Method;
use crate::decl::body::{BodyDecl, BodyKind};
use crate::decl::login::{OAuth2Decl, PlaceDecl, RequestDecl, TokenDecl};
use crate::diagnostic::Sink;
use crate::login::{LoginBody, LoginRequest, OAuth2, TokenLogin, TokenPlace, TokenSend};
use crate::template::{Names, Pick, TextTemplate, UrlTemplate, compile_send};
use crate::text::Text;

/// Fields of the token request that `oauth2` writes itself.
const OWN_FIELDS: &[&str] = &["client_id", "client_secret", "grant_type", "scope"];

/// What a login may name.
fn names<'w>(world: &'w World<'_>, secrets: Secrets) -> Names<'w> {
    Names {
        vars: &world.var_names,
        secrets: match secrets {
            Secrets::May => Some(&world.secret_names),
            Secrets::Never => None,
        },
        login: true,
        ..Names::default()
    }
}

/// Whether secrets may stand in a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secrets {
    May,
    Never,
}

/// Checks client credentials.
pub(crate) fn oauth2(decl: &OAuth2Decl<'_>, world: &World<'_>, sink: &mut Sink) -> Option<OAuth2> {
    let before = sink.errors();
    let names = names(world, Secrets::Never);
    let token_url = url(decl.token_url, &names, world, sink);
    let client_id = template::text(decl.client_id, &names, world, sink);
    let client_secret = auth::secret(decl.client_secret, world, sink);
    let mut text = |written: &Text| template::text(written, &names, world, sink);
    let scopes: Vec<TextTemplate> = decl.scopes.iter().filter_map(|scope| text(scope)).collect();
    let params: Vec<(String, TextTemplate)> = decl
        .params
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)))
        .collect();
    for (name, _) in &decl.params {
        own_field(name, sink);
    }
    let login = OAuth2 {
        token_url: token_url?,
        client_id: client_id?,
        client_secret: client_secret?,
        scopes,
        params,
        client: decl.client,
    };
    (sink.errors() == before).then_some(login)
}

fn own_field(name: &Text, sink: &mut Sink) {
    let field = name.as_str();
    if !OWN_FIELDS.contains(&field) {
        return;
    }
    let help = match field {
        "grant_type" => "remove it; for another grant, write the request yourself: `auth: { token: … }`",
        "scope" => "list them under `scopes`",
        "client_secret" => "name the secret at `oauth2.client_secret`; `client: body` sends it as a field",
        _ => "write it at `oauth2.client_id`; `client: body` sends it as a field",
    };
    sink.error(
        "name-clash",
        name.span(),
        format!("`oauth2` writes the field `{field}` itself"),
    )
    .help(help);
}

/// Checks a login of any other kind.
pub(crate) fn token(decl: &TokenDecl<'_>, world: &World<'_>, sink: &mut Sink) -> Option<TokenLogin> {
    let before = sink.errors();
    let request = request(&decl.request, world, sink);
    let (place, default) = match &decl.place {
        PlaceDecl::Pick(text) => {
            let pick = Pick::compile(text.as_str())
                .map_err(|errors| report(text, errors, world, sink))
                .ok();
            (
                pick.map(TokenPlace::Pick),
                ("Authorization", "Bearer ".to_owned()),
            )
        }
        PlaceDecl::Cookie(name) => {
            check_cookie(name, sink);
            let name = name.as_str().to_owned();
            let before = format!("{name}=");
            (Some(TokenPlace::Cookie(name)), ("Cookie", before))
        }
    };
    let send = match decl.send {
        Some((name, value)) => send(name, value, world, sink),
        None => {
            let plain = |text: &str| TextTemplate::compile(text, &Names::default()).ok();
            plain(&default.1).zip(plain("")).map(|(before, after)| TokenSend {
                header: default.0.to_owned(),
                before,
                after,
            })
        }
    };
    let login = TokenLogin {
        request: request?,
        place: place?,
        ttl: decl.ttl,
        send: send?,
    };
    (sink.errors() == before).then_some(login)
}

fn request(decl: &RequestDecl<'_>, world: &World<'_>, sink: &mut Sink) -> Option<LoginRequest> {
    let names = names(world, Secrets::May);
    let url = url(decl.url, &names, world, sink);
    let headers = policy::headers(&[], &decl.headers, &names, world, sink);
    let method = decl.method.map_or(Method::Post, |method| method.value);
    let body = decl.body.as_ref().map(|decl| body(decl, world, sink));
    if let (Some(body), Some(written)) = (&decl.body, decl.method)
        && matches!(method, Method::Get | Method::Head)
    {
        sink.error(
            "get-with-body",
            body.span,
            format!("a {} request has no body", method.as_str()),
        )
        .context(written.span, "the method stands here")
        .help("remove the method: a login is a POST without one");
    }
    Some(LoginRequest {
        method,
        url: url?,
        headers,
        body: body.map_or(Some(None), |body| body.map(Some))?,
    })
}

fn url(text: &Text, names: &Names<'_>, world: &World<'_>, sink: &mut Sink) -> Option<UrlTemplate> {
    policy::literal(text, world, sink);
    if text.as_str().starts_with('/') {
        sink.error("bad-url", text.span(), "the address of a login has no host")
            .help("write the whole address: `base_url` is not put before it");
        return None;
    }
    match UrlTemplate::compile(None, text.as_str(), names) {
        Ok(url) => Some(url),
        Err(errors) => {
            let errors = errors.into_iter().map(|(_, error)| error).collect();
            report(text, errors, world, sink);
            None
        }
    }
}

fn body(decl: &BodyDecl<'_>, world: &World<'_>, sink: &mut Sink) -> Option<LoginBody> {
    let open = names(world, Secrets::May);
    match &decl.kind {
        BodyKind::Json(node) => login_tree(node, TreeKind::Json, &open, world, sink).map(LoginBody::Json),
        BodyKind::Form(node) => login_tree(node, TreeKind::Form, &open, world, sink).map(LoginBody::Form),
        BodyKind::Text(written) => {
            let compiled = template::text(written, &open, world, sink)?;
            if compiled.uses().secrets.is_empty() {
                return Some(LoginBody::Text(compiled));
            }
            sink.error(
                "secret-place",
                written.span(),
                "a secret stands in a `text` body, where nothing says how it would have to be written",
            )
            .help("write the body as `json` or as `form`");
            None
        }
        BodyKind::Multipart(_) => {
            sink.error("wrong-value", decl.span, "a login has no `multipart` body")
                .help("write `json` or `form`");
            None
        }
    }
}

fn send(name: &Text, value: &Text, world: &World<'_>, sink: &mut Sink) -> Option<TokenSend> {
    let valid = header::check_name(name, sink);
    let compiled = compile_send(value.as_str(), &names(world, Secrets::Never))
        .map_err(|errors| report(value, errors, world, sink));
    let (before, after) = compiled.ok()?;
    valid.map(|()| TokenSend {
        header: name.as_str().to_owned(),
        before,
        after,
    })
}

fn check_cookie(name: &Text, sink: &mut Sink) {
    let text = name.as_str();
    if !header::is_token(text) {
        sink.error(
            "bad-name",
            name.span(),
            format!("`{}` cannot be the name of a cookie", crate::node::shorten(text)),
        )
        .help("the name alone, such as `session`");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_sorted() {
        assert!(super::OWN_FIELDS.is_sorted());
    }
}
