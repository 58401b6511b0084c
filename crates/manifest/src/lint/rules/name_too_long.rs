//! Flags names that clients of MCP cut off.

use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "name-too-long",
    group: Group::Portability,
    level: Level::Warn,
    docs: r#"Flags a tool whose name is too long beside the name of its server: together more than 60 characters.

Clients of the Model Context Protocol put the server's name before each tool's. Cursor leaves out what is then longer than 60 characters, and the providers refuse more than 64. The server's name is the manifest's `name`, or `toolrun` where there is none.

Bad:

```yaml
toolrun: 1
name: shop
tools:
  list_all_orders_of_a_customer_that_were_refunded_last_month:
    description: Lists a customer's orders that were refunded last month.
    url: https://shop.example/refunds
```

Good:

```yaml
toolrun: 1
name: shop
tools:
  list_refunded_orders:
    description: Lists a customer's orders that were refunded last month.
    url: https://shop.example/refunds
```
"#,
    check,
};

/// What the strictest of the usual clients takes.
const MOST: usize = 60;

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    let server = checked.manifest.name.as_deref().unwrap_or("toolrun");
    let room = MOST.saturating_sub(server.chars().count() + 1);
    for tool in &checked.manifest.tools {
        let length = tool.name.len();
        // Of a name that no provider takes there is an error.
        if length > room && room > 0 && !findings.is_reported(tool.span) {
            findings
                .flag(
                    tool.span,
                    format!("clients that write `{server}` before the name leave this tool out"),
                )
                .says(format!("{length} characters"))
                .help(format!("shorten it to {room} characters or fewer"));
        }
    }
}
