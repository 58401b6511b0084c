//! Flags `default` for what always has a value.

use super::condition_constant::each_oddity;
use crate::diagnostic::Safety;
use crate::lint::{Checked, Findings, Group, Level, Rule};
use crate::template::OddityKind;

pub(crate) const RULE: Rule = Rule {
    name: "default-unneeded",
    group: Group::Request,
    level: Level::Warn,
    docs: r#"Flags `| default(…)` behind a param that is required or has a `default` of its own, and behind a var, `now` or `call.id`.

Such a value is always there, so the one in the template is never used. Where two defaults differ, the reader believes the wrong one.

Bad:

```yaml
toolrun: 1
tools:
  find_orders:
    description: Lists a customer's orders, newest first.
    params:
      email: { type: string, format: email, description: The customer's e-mail address }
      limit: { type: integer, minimum: 1, maximum: 100, default: 20, description: How many orders at most }
    url: https://shop.example/orders?email={{ email }}&limit={{ limit | default(50) }}
```

Good:

```yaml
toolrun: 1
tools:
  find_orders:
    description: Lists a customer's orders, newest first.
    params:
      email: { type: string, format: email, description: The customer's e-mail address }
      limit: { type: integer, minimum: 1, maximum: 100, default: 20, description: How many orders at most }
    url: https://shop.example/orders?email={{ email }}&limit={{ limit }}
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    each_oddity(checked, &mut |at, text, oddity| {
        let OddityKind::Default { surplus } = &oddity.kind else {
            return;
        };
        let param = oddity.param.as_ref().and_then(|name| at.param(name));
        let diagnostic = findings.flag(text.span_of(oddity.range.clone()), oddity.message.clone());
        // The template is another one then, if one of the same values.
        diagnostic.help(oddity.help.clone()).fix(
            "remove the `default`",
            Safety::Unsafe,
            text.span_of(surplus.clone()),
            "",
        );
        if let Some(param) = param {
            diagnostic.context(param.span, "the param stands here");
        }
    });
}
