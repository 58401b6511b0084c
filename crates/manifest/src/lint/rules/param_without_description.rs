//! Flags params that the model has to guess.

use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "param-without-description",
    group: Group::Params,
    level: Level::Warn,
    docs: r#"Flags a param that the model fills in and that has no description.

The name alone does not say the unit, the form or where the value comes from.

Bad:

```yaml
toolrun: 1
tools:
  find_orders:
    description: Lists the orders of one customer, newest first.
    params:
      since: { type: string }
    url: https://shop.example/orders?since={{ since }}
```

Good:

```yaml
toolrun: 1
tools:
  find_orders:
    description: Lists the orders of one customer, newest first.
    params:
      since: { type: string, format: date, description: The first day that is of interest }
    url: https://shop.example/orders?since={{ since }}
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for file in checked.world.files {
        let tools = file.decl.tools.iter().map(|tool| &tool.params);
        let workflows = file.decl.workflows.iter().map(|workflow| &workflow.params);
        for param in tools.chain(workflows).flatten() {
            let inside = param.schema.is_some_and(|schema| has_description(&schema.value));
            // What was not read at all has other problems.
            if !param.kind_is_wrong && param.description.is_none() && param.constant.is_none() && !inside {
                findings
                    .flag(
                        param.name.span(),
                        format!("param `{}` has no description", param.name.as_str()),
                    )
                    .help("add `description:` with what the value is, its unit and where it comes from");
            }
        }
    }
}

fn has_description(node: &crate::node::Node) -> bool {
    matches!(&node.kind, crate::node::Kind::Map(entries) if entries.iter().any(|entry| entry.key.as_str() == "description"))
}
