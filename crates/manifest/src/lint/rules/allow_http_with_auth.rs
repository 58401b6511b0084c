//! Flags secrets that are sent without encryption.

use std::collections::BTreeSet;

use crate::lint::{Checked, Findings, Group, Level, Rule};
use crate::source::Span;
use crate::text::Text;

pub(crate) const RULE: Rule = Rule {
    name: "allow-http-with-auth",
    group: Group::Safety,
    level: Level::Warn,
    docs: r#"Flags `allow_http: true` where requests carry a secret to an `http://` host that is not this machine.

Whoever is on the way reads the key and may use it from then on. `allow_http` is for data that anybody may see.

Bad:

```yaml
toolrun: 1
secrets: { SHOP_KEY: env }
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: http://shop.example/orders
    allow_http: true
    auth: { bearer: SHOP_KEY }
```

Good:

```yaml
toolrun: 1
secrets: { SHOP_KEY: env }
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders
    auth: { bearer: SHOP_KEY }
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    let mut told: BTreeSet<Span> = BTreeSet::new();
    for written in checked.tools() {
        let own = written.decl.policy.allow_http;
        let Some(allowed) = own.or(written.api.and_then(|api| api.policy.allow_http)) else {
            continue;
        };
        let Some(origin) = written.origin().filter(|_| allowed.value && written.has_secret()) else {
            continue;
        };
        let Some(host) = plain_host(origin, checked) else {
            continue;
        };
        if told.insert(allowed.span) {
            findings
                .flag(
                    allowed.span,
                    format!("a secret goes to `{host}` without encryption"),
                )
                .context(origin.span(), "the address stands here")
                .help("write `https://` and remove `allow_http`; or remove the secret");
        }
    }
}

/// The host that is asked by plain http, also when a var's default says so.
fn plain_host<'a>(origin: &'a Text, checked: &Checked<'a>) -> Option<&'a str> {
    let text = origin.as_str();
    let text = match text.strip_prefix("{{").and_then(|rest| rest.split_once("}}")) {
        Some((inner, _)) => {
            let name = inner.trim().strip_prefix("vars.")?;
            let var = checked.world.vars.iter().find(|var| var.name.as_str() == name)?;
            var.default?.as_str()
        }
        None => text,
    };
    let (host, _) = super::plain_http::unencrypted(text)?;
    Some(host)
}
