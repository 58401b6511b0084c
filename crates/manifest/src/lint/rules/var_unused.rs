//! Flags vars that no template reads.

use crate::lint::mentions::members;
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "var-unused",
    group: Group::Request,
    level: Level::Warn,
    docs: r#"Flags a name under `vars:` that no template reads, in the file that is checked.

Whoever sets it believes that it does something. Without a `default` a run does not even start before it has a value.

Bad:

```yaml
toolrun: 1
vars: { region: { env: SHOP_REGION, default: eu } }
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://eu.shop.example/orders
```

Good:

```yaml
toolrun: 1
vars: { region: { env: SHOP_REGION, default: eu } }
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://{{ vars.region }}.shop.example/orders
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    let vars = &checked.world.files[0].decl.vars;
    if vars.is_empty() || checked.has_errors || !checked.has_callables() {
        return;
    }
    let used = members("vars", checked.sources);
    for var in vars {
        let name = var.name.as_str();
        if !used.contains(name) {
            findings
                .flag(var.name.span(), format!("var `{name}` is never read"))
                .help(format!(
                    "write `{{{{ vars.{name} }}}}` where its value belongs, or remove it"
                ));
        }
    }
}
