//! Flags secrets in the query of a URL.

use crate::decl::auth::AuthKind;
use crate::decl::policy::PolicyDecl;
use crate::lint::{Checked, Findings, Group, Level, Rule};
use crate::source::Span;
use crate::text::Text;

pub(crate) const RULE: Rule = Rule {
    name: "secret-in-query",
    group: Group::Request,
    level: Level::Warn,
    docs: r#"Flags `auth: { query: … }` and `{{ secrets.NAME }}` in the query of a `url`, under `query:`, and in the URL of a login.

toolrun hides the value in all that it writes, but the server, its proxies and its statistics keep URLs, and a redirect hands them on; headers they do not keep (RFC 9110 §17.9, RFC 6750 §2.3). Nearly every API takes the key in a header as well. For one that does not, say so: `# toolrun: allow(secret-in-query)`.

Bad:

```yaml
toolrun: 1
secrets: { SHOP_KEY: env }
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders
    auth: { query: { name: api_key, secret: SHOP_KEY } }
```

Good:

```yaml
toolrun: 1
secrets: { SHOP_KEY: env }
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders
    auth: { header: { name: X-Api-Key, secret: SHOP_KEY } }
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for file in checked.world.files {
        for api in &file.decl.apis {
            policy(&api.policy, findings);
        }
        for tool in &file.decl.tools {
            policy(&tool.policy, findings);
            tool.url.into_iter().for_each(|url| in_url(url, findings));
        }
    }
}

fn policy(policy: &PolicyDecl<'_>, findings: &mut Findings<'_>) {
    match policy.auth.as_ref().map(|auth| &auth.kind) {
        Some(AuthKind::Query { name, secret }) => {
            flag(name.span(), secret.as_str(), findings);
        }
        Some(AuthKind::Token(login)) => in_url(login.request.url, findings),
        _ => {}
    }
    for (_, value) in &policy.query {
        for (name, at) in secrets(value.as_str()) {
            flag(value.span_of(at), name, findings);
        }
    }
}

fn in_url(url: &Text, findings: &mut Findings<'_>) {
    let text = url.as_str();
    let Some(query) = text.find('?') else { return };
    for (name, at) in secrets(text) {
        if at.start > query {
            flag(url.span_of(at), name, findings);
        }
    }
}

/// The secrets that a text names, and where.
fn secrets(text: &str) -> Vec<(&str, std::ops::Range<usize>)> {
    let named = text.match_indices("secrets.").filter_map(|(at, mark)| {
        let rest = &text[at + mark.len()..];
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let in_slot = text[..at].rfind("{{") > text[..at].rfind("}}");
        (end > 0 && in_slot).then(|| (&rest[..end], at..at + mark.len() + end))
    });
    named.collect()
}

fn flag(span: Span, secret: &str, findings: &mut Findings<'_>) {
    findings
        .flag(span, format!("the secret `{secret}` is sent in the query, and URLs are kept in logs"))
        .help(format!(
            "if the API takes it in a header, write `auth: {{ bearer: {secret} }}` or `auth: {{ header: {{ name: X-Api-Key, secret: {secret} }} }}`; if not, `# toolrun: allow(secret-in-query)` beside it"
        ));
}
