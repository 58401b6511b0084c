//! Flags tests that cannot fail.

use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "test-without-expectation",
    group: Group::Tests,
    level: Level::Warn,
    docs: r#"Flags a test whose `expect` is empty.

It shows that nothing crashed, and is counted among those that show more.

Bad:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders
tests:
  - name: asks for the orders
    call: list_orders
    mocks: { list_orders: { body: [] } }
    expect: {}
```

Good:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders
tests:
  - name: asks for the orders
    call: list_orders
    mocks: { list_orders: { body: [] } }
    expect: { request: { method: GET, url: "https://shop.example/orders" } }
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for span in checked.world.files[0]
        .decl
        .tests
        .iter()
        .filter_map(|case| case.idle)
    {
        findings
            .flag(span, "this test expects nothing, so it cannot fail")
            .help("say what must have happened: `calls`, `request`, `result`, `answer` or `error`");
    }
}
