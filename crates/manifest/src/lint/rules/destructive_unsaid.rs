//! Flags destructive tools whose description does not say so.

use crate::checked::Effect;
use crate::lint::subject::subjects;
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "destructive-unsaid",
    group: Group::Description,
    level: Level::Warn,
    docs: r#"Flags a tool with `effect: destructive` whose description says neither that it cannot be taken back nor when it may be used.

`effect` is for the runner: the model never sees it. It learns from the description alone that this call is not to be tried out.

Bad:

```yaml
toolrun: 1
agent: { limits: { calls: 10 } }
tools:
  delete_order:
    description: Deletes an order of the shop by its id.
    params:
      order_id: { type: string, description: The order's id }
    method: DELETE
    effect: destructive
    url: https://shop.example/orders/{{ order_id }}
```

Good:

```yaml
toolrun: 1
agent: { limits: { calls: 10 } }
tools:
  delete_order:
    description: Deletes an order of the shop for good. Use it only when the user named the order and asked for that.
    params:
      order_id: { type: string, description: The order's id }
    method: DELETE
    effect: destructive
    url: https://shop.example/orders/{{ order_id }}
```
"#,
    check,
};

/// Words by which a model learns that a call counts.
const SAID: &[&str] = &[
    "after",
    "ask",
    "at once",
    "before",
    "can't be",
    "cannot",
    "can not",
    "careful",
    "confirm",
    "destr",
    "final",
    "for ever",
    "for good",
    "forever",
    "immediately",
    "instantly",
    "irre",
    "lost",
    "never",
    "no way back",
    "not reversible",
    "only",
    "permanent",
    "real money",
    "recover",
    "restor",
    "revers",
    "take back",
    "taken back",
    "undo",
    "undone",
    "use it",
    "use this",
    "use when",
    "warning",
    "without",
];

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for subject in subjects(checked) {
        let Some(text) = subject.description else { continue };
        let said = subject.says();
        if subject.effect != Some(Effect::Destructive) || SAID.iter().any(|word| said.contains(word)) {
            continue;
        }
        let name = subject.name.as_str();
        findings
            .flag(
                text.span(),
                format!("nothing here tells the model that `{name}` is destructive"),
            )
            .help(
                "say what cannot be taken back and when it may be used: `effect` is never shown to a model",
            );
    }
}
