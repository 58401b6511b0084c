//! Flags tools that no test names.

use std::collections::HashSet;

use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "tool-untested",
    group: Group::Tests,
    level: Level::Allow,
    docs: r#"Flags a tool or workflow of the file that no case under `tests:` calls, mocks or expects. It is off unless `lints: { tool-untested: warn }` asks for it.

A case of five lines keeps the request as it was meant when somebody changes the manifest: no network and no key is needed.

Bad:

```yaml
toolrun: 1
lints: { tool-untested: warn }
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders
```

Good:

```yaml
toolrun: 1
lints: { tool-untested: warn }
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders
tests:
  - name: asks for the orders
    call: list_orders
    expect: { request: { method: GET, url: "https://shop.example/orders" } }
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    let main = &checked.world.files[0].decl;
    let named: HashSet<&str> = main
        .tests
        .iter()
        .flat_map(|case| &case.callees)
        .map(|name| name.as_str())
        .collect();
    let tools = main.tools.iter().map(|tool| tool.name);
    let workflows = main.workflows.iter().map(|workflow| workflow.name);
    for name in tools
        .chain(workflows)
        .filter(|name| !named.contains(name.as_str()))
    {
        let text = name.as_str();
        findings
            .flag(name.span(), format!("no test names `{text}`"))
            .help(format!(
                "add a case under `tests:`, as in `{{ name: sends what is meant, call: {text}, with: {{ … }}, expect: {{ request: {{ url: … }} }} }}`"
            ));
    }
}
