//! Flags texts that are booleans.

use crate::checked::ParamKind;
use crate::lint::subject::subjects;
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "param-text-boolean",
    group: Group::Params,
    level: Level::Warn,
    docs: r#"Flags a string whose `enum` is `["true", "false"]`.

Models give `true`, not `"true"`, and each such call is refused first. A boolean is sent as the same word.

Bad:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the shop's orders, newest first.
    params:
      archived: { type: string, enum: ["true", "false"], description: Whether to list the archived ones too }
    url: https://shop.example/orders?archived={{ archived }}
```

Good:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the shop's orders, newest first.
    params:
      archived: { type: boolean, description: Whether to list the archived ones too }
    url: https://shop.example/orders?archived={{ archived }}
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for param in subjects(checked).flat_map(|subject| subject.asked()) {
        let mut values: Vec<_> = param.values().iter().map(|value| value.as_str()).collect();
        values.sort_unstable();
        if let Some(entry) = param.allowed.filter(|_| values == ["false", "true"])
            && param.is(ParamKind::String)
        {
            let name = param.name.as_str();
            findings
                .flag(
                    entry.value.span,
                    format!("param `{name}` is a boolean written as text"),
                )
                .help("write `type: boolean` and remove the `enum`: in a url it is sent as the same word");
        }
    }
}
