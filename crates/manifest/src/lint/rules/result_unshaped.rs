//! Flags lists that reach the model as the server sends them.

use crate::checked::{Effect, Tool};
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "result-unshaped",
    group: Group::Cost,
    level: Level::Allow,
    docs: r#"Flags a tool whose name says that it lists (`list_…`, `find_…`, `search_…`) and that has no `result`. It is off unless `lints: { result-unshaped: warn }` asks for it.

A list as the server sends it is up to 8,000 tokens of mostly nulls, links and avatars, paid for again in every later turn. `pick` keeps the fields that an answer needs, `max_tokens` bounds the rest.

Bad:

```yaml
toolrun: 1
lints: { result-unshaped: warn }
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders
```

Good:

```yaml
toolrun: 1
lints: { result-unshaped: warn }
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders
    result:
      pick: "orders[].{id: id, total: total, placed: created_at}"
      max_tokens: 2000
```
"#,
    check,
};

/// First words of names of tools that list.
const VERBS: &[&str] = &["find", "list", "query", "search"];

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for written in checked.tools() {
        let result = &written.decl.result;
        let shaped = result.pick.is_some() || result.template.is_some() || result.max_tokens.is_some();
        if !shaped && lists(written.tool) {
            findings
                .flag(
                    written.tool.span,
                    format!(
                        "tool `{}` lists, and the model gets all that the server sends",
                        written.tool.name
                    ),
                )
                .help("add `result: { pick: \"…\" }` with the fields that an answer needs, or `max_tokens`");
        }
    }
}

fn lists(tool: &Tool) -> bool {
    let verb = tool.name.split('_').next().unwrap_or_default();
    tool.effect == Effect::Read && VERBS.contains(&verb)
}
