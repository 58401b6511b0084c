//! Flags what looks like a real key, token or password.

use crate::keys;
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "secret-in-file",
    group: Group::Request,
    level: Level::Deny,
    docs: r#"Flags values that look like keys: known shapes anywhere in the file, comments included, and random-looking texts in headers, query pairs and logins that carry credentials.

A key in a manifest is a key in the history of the repository. Names of secrets stand in manifests, values never.

Bad:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders
    headers: { X-Api-Key: 7f3k9q2mxv8r41tz0pwy }
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
    for span in keys::found(checked.world.files, checked.sources) {
        // Told already, with what to write in its place.
        if findings.is_reported_as("secret-value", span) {
            continue;
        }
        findings
            .flag(span, "this looks like a real key, token or password")
            .help("replace it at its provider; declare a name, as in `secrets: { SHOP_KEY: env }`, and use that: `auth: { bearer: SHOP_KEY }`, or `{{ secrets.SHOP_KEY }}` in a header or query value");
    }
}
