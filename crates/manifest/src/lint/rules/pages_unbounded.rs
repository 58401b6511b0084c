//! Flags paging that only the server ends.

use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "pages-unbounded",
    group: Group::Safety,
    level: Level::Warn,
    docs: r#"Flags `paginate` without `pages` and `items`.

One call then asks for page after page until the server has no more: a customer with a hundred thousand orders is a hundred thousand orders. A page is a request, not a call, so no limit of a run counts them.

Bad:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders
    paginate: { next: link }
```

Good:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders
    paginate: { next: link, pages: 5 }
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for tool in checked.world.files.iter().flat_map(|file| &file.decl.tools) {
        let Some(paginate) = tool.paginate.as_ref().filter(|paginate| !paginate.is_bounded) else {
            continue;
        };
        let name = tool.name.as_str();
        findings
            .flag(
                paginate.span,
                format!("tool `{name}` asks for page after page without end"),
            )
            .help("add `pages: 5`, or `items: 500`, with as much as an answer needs");
    }
}
