//! Flags descriptions that cost more than they tell.

use super::words::{Of, descriptions};
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "description-long",
    group: Group::Description,
    level: Level::Warn,
    docs: r#"Flags a description of more than 700 characters at a tool or workflow, and of more than 350 at a param.

It is sent with every turn of every run, and what matters in it is harder to find. Say what comes back, when to use it, and what is surprising; leave the rest to the provider's documentation.

Bad:

```yaml
toolrun: 1
tools:
  find_orders:
    description: Lists the orders of one customer, newest first.
    params:
      status:
        type: string
        optional: true
        description: >
          Only orders in this state. An order is open from the moment at which it was placed until the moment
          at which the bank confirms the payment. From then on it is paid, and the warehouse is told to pack
          it. Orders that were packed and handed over are shipped. Orders that came back in full are refunded,
          and orders that were cancelled by the customer or by us before they were packed are cancelled. This
          was decided in 2019 and applies to all shops but the two in Graz.
    url: https://shop.example/orders?status={{ status }}
```

Good:

```yaml
toolrun: 1
tools:
  find_orders:
    description: Lists the orders of one customer, newest first.
    params:
      status:
        type: string
        enum: [open, paid, shipped, refunded, cancelled]
        optional: true
        description: Only orders in this state
    url: https://shop.example/orders?status={{ status }}
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for (of, _, text) in descriptions(checked) {
        let count = text.as_str().trim().chars().count();
        let limit = match of {
            Of::Callable => 700,
            Of::Param => 350,
        };
        if count > limit && !findings.is_reported(text.span()) {
            let tokens = count / 4;
            findings
                .flag(
                    text.span(),
                    format!("this description has {count} characters, about {tokens} tokens in every turn"),
                )
                .help(match of {
                    Of::Callable => "say what it returns, when to use it and what is surprising; hints about errors stand in `errors`",
                    Of::Param => "say what the value is; its form belongs into `format`, `pattern`, `enum`, `minimum` and `maximum`",
                });
        }
    }
}
