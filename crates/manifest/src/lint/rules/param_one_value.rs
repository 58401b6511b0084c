//! Flags choices between one value.

use crate::diagnostic::Safety;
use crate::lint::subject::subjects;
use crate::lint::{Checked, Findings, Group, Level, Rule};
use crate::node::Kind;

pub(crate) const RULE: Rule = Rule {
    name: "param-one-value",
    group: Group::Params,
    level: Level::Warn,
    docs: r#"Flags a required param whose `enum` has one value.

There is nothing to choose, and the model pays for it in every turn. `const` sends the value and hides the param.

Bad:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the shop's orders, newest first.
    params:
      version: { type: string, enum: [v2], description: Version of the interface }
    url: https://shop.example/orders?version={{ version }}
```

Good:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the shop's orders, newest first.
    params:
      version: { type: string, const: v2, description: Version of the interface }
    url: https://shop.example/orders?version={{ version }}
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for param in subjects(checked).flat_map(|subject| subject.asked()) {
        let Some(entry) = param.allowed else { continue };
        let Kind::List(items) = &entry.value.kind else {
            continue;
        };
        // A model may leave an optional one out: that is a choice.
        let optional = param.optional.is_some_and(|optional| optional.value);
        if items.len() != 1 || optional {
            continue;
        }
        let value = checked.sources.slice(items[0].span).to_owned();
        let name = param.name.as_str();
        let diagnostic = findings.flag(
            entry.key.span(),
            format!("param `{name}` leaves the choice between one value"),
        );
        diagnostic.help(format!(
            "write `const: {value}`: it is always sent, and the model is not asked"
        ));
        if param.default.is_none() && !value.contains('\n') {
            let span = entry.key.span().to(entry.value.span);
            diagnostic.fix("pin it", Safety::Unsafe, span, format!("const: {value}"));
        }
    }
}
