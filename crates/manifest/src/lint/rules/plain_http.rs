//! Flags plain http to a host that is not this machine.

use crate::decl::auth::AuthKind;
use crate::decl::policy::PolicyDecl;
use crate::diagnostic::Safety;
use crate::lint::{Checked, Findings, Group, Level, Rule};
use crate::text::Text;

pub(crate) const RULE: Rule = Rule {
    name: "plain-http",
    group: Group::Request,
    level: Level::Warn,
    docs: r#"Flags `http://` to a host that is not loopback.

Whoever is on the way reads the key and changes the answer. A run refuses it too, unless `allow_http: true` stands at the api or tool.

Bad:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: http://shop.example/orders
```

Good:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for file in checked.world.files {
        for api in &file.decl.apis {
            if !api.policy.allow_http.is_some_and(|allowed| allowed.value) {
                flag(api.base_url, findings);
                flag(login(&api.policy), findings);
            }
        }
        for tool in &file.decl.tools {
            if !tool.policy.allow_http.is_some_and(|allowed| allowed.value) {
                flag(tool.url, findings);
                flag(login(&tool.policy), findings);
            }
        }
        for server in &file.decl.mcp {
            flag(server.url, findings);
        }
        for var in &file.decl.vars {
            flag(var.default, findings);
        }
    }
}

/// Where a login sends credentials.
fn login<'n>(policy: &PolicyDecl<'n>) -> Option<&'n Text> {
    match &policy.auth.as_ref()?.kind {
        AuthKind::OAuth2(login) => Some(login.token_url),
        AuthKind::Token(login) => Some(login.request.url),
        _ => None,
    }
}

fn flag(text: Option<&Text>, findings: &mut Findings<'_>) {
    let Some(text) = text else { return };
    let Some((host, end)) = unencrypted(text.as_str()) else {
        return;
    };
    findings
        .flag(
            text.span_of(0..end),
            format!("`{host}` is asked without encryption"),
        )
        .help("write `https://`, or `allow_http: true` if the host has no encryption")
        .fix("use https", Safety::Unsafe, text.span_of(0..4), "https");
}

/// The host that a URL asks by plain http, unless it is this machine, and
/// where it ends.
pub(super) fn unencrypted(url: &str) -> Option<(&str, usize)> {
    let rest = url.strip_prefix("http://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let host = host.map_or(authority, |(host, _)| host);
    let is_known = !host.is_empty() && !host.contains("{{");
    (is_known && !is_loopback(host)).then_some((host, 7 + authority.len()))
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
