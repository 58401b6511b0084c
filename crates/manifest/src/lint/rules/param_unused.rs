//! Flags params that no template of their tool or workflow reads.

use std::collections::BTreeSet;

use crate::checked::{Endpoint, Param};
use crate::lint::chains::reads;
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "param-unused",
    group: Group::Params,
    level: Level::Warn,
    docs: r#"Flags a param that the request never uses, and one of a workflow that none of its steps reads.

The model is asked for a value that is then dropped: nearly always a slot was forgotten.

Bad:

```yaml
toolrun: 1
tools:
  find_orders:
    description: Lists the orders of one customer, newest first.
    params:
      email: { type: string, format: email, description: The customer's e-mail address }
      limit: { type: integer, minimum: 1, maximum: 100, description: How many orders at most }
    url: https://shop.example/orders?email={{ email }}
```

Good:

```yaml
toolrun: 1
tools:
  find_orders:
    description: Lists the orders of one customer, newest first.
    params:
      email: { type: string, format: email, description: The customer's e-mail address }
      limit: { type: integer, minimum: 1, maximum: 100, description: How many orders at most }
    url: https://shop.example/orders?email={{ email }}&limit={{ limit }}
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for tool in &checked.manifest.tools {
        // An MCP server's tool gets all of them as its arguments.
        let Endpoint::Http(http) = &tool.endpoint else {
            continue;
        };
        let mut used = http.uses().params;
        used.extend(
            tool.error_if
                .iter()
                .flat_map(|condition| condition.uses().params.iter().cloned()),
        );
        used.extend(
            tool.result
                .template
                .iter()
                .flat_map(|template| template.uses().params.iter().cloned()),
        );
        flag(&tool.params, &used, findings);
    }
    for workflow in &checked.manifest.workflows {
        flag(&workflow.params, &reads(workflow), findings);
    }
}

fn flag(params: &[Param], used: &BTreeSet<String>, findings: &mut Findings<'_>) {
    for param in params.iter().filter(|param| !used.contains(&param.name)) {
        findings
            .flag(param.span, format!("param `{}` is never used", param.name))
            .help(format!(
                "put `{{{{ {} }}}}` where its value belongs, or remove it",
                param.name
            ));
    }
}
