//! Flags apis that no tool names.

use std::collections::HashSet;

use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "api-unused",
    group: Group::Request,
    level: Level::Warn,
    docs: r#"Flags a name under `apis:` that no tool names, in the file that is checked.

Most often a tool lacks its line `api:` and is sent without the credentials and limits that stand here. A file without tools and workflows is there to be included and is left alone.

Bad:

```yaml
toolrun: 1
secrets: { SHOP_KEY: env }
apis:
  shop: { base_url: https://shop.example, auth: { bearer: SHOP_KEY } }
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders
```

Good:

```yaml
toolrun: 1
secrets: { SHOP_KEY: env }
apis:
  shop: { base_url: https://shop.example, auth: { bearer: SHOP_KEY } }
tools:
  list_orders:
    api: shop
    description: Lists the orders of the shop, newest first.
    url: /orders
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    if checked.has_errors || !checked.has_callables() {
        return;
    }
    let tools = || checked.world.files.iter().flat_map(|file| &file.decl.tools);
    let used: HashSet<&str> = tools().filter_map(|tool| Some(tool.api?.as_str())).collect();
    for api in &checked.world.files[0].decl.apis {
        let name = api.name.as_str();
        if used.contains(name) {
            continue;
        }
        let base = api.base_url.map(|base| base.as_str().trim_end_matches('/'));
        let meant = tools().find_map(|tool| {
            let url = tool.url?;
            let rest = url.as_str().strip_prefix(base?)?;
            rest.starts_with('/').then_some(url)
        });
        let diagnostic = findings.flag(api.name.span(), format!("no tool uses api `{name}`"));
        match meant {
            Some(url) => diagnostic
                .context(url.span(), "this tool has the same address")
                .help(format!(
                    "write `api: {name}` at the tool and only the path as its `url`, or remove the api"
                )),
            None => diagnostic.help(format!(
                "write `api: {name}` at the tools that belong to it, or remove it"
            )),
        };
    }
}
