//! Flags secrets that nothing sends.

use crate::lint::mentions::secrets;
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "secret-unused",
    group: Group::Request,
    level: Level::Warn,
    docs: r#"Flags a name under `secrets:` that no `auth` and no template names, in the file that is checked.

Either the `auth` was forgotten, and every call will answer 401, or the line is left over, and whoever sets the tool up looks for a key that nothing needs. A file without tools and workflows is there to be included and is left alone.

Bad:

```yaml
toolrun: 1
secrets: { SHOP_KEY: env }
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders
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
    if checked.has_errors || !checked.has_callables() {
        return;
    }
    let used = secrets(checked);
    for secret in &checked.world.files[0].decl.secrets {
        let name = secret.name.as_str();
        if !used.contains(name) {
            findings
                .flag(secret.name.span(), format!("secret `{name}` is never used"))
                .help(format!(
                    "name it where it belongs, as in `auth: {{ bearer: {name} }}`, or remove it"
                ));
        }
    }
}
