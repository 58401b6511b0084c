//! Flags what cannot be taken back and may be done as often as a model likes.

use crate::checked::{Effect, Tool};
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "destructive-without-limit",
    group: Group::Safety,
    level: Level::Warn,
    docs: r#"Flags a `destructive` tool that has no `rate_limit`, neither its own nor its api's, in a manifest without `agent: { limits: { calls: … } }`.

A permission given by name holds for the whole run: a model that loops may then refund, delete or send as often as the default limit of calls allows, which is 50. A limit that fits the task costs one line.

Bad:

```yaml
toolrun: 1
tools:
  refund_order:
    description: Pays back a whole order. The money moves at once and cannot be taken back.
    params:
      order_id: { type: string, pattern: "^o_[0-9]+$", description: Which order }
    method: POST
    url: https://shop.example/orders/{{ order_id }}/refunds
    headers: { Idempotency-Key: "{{ call.id }}" }
    effect: destructive
```

Good:

```yaml
toolrun: 1
agent: { limits: { calls: 10 } }
tools:
  refund_order:
    description: Pays back a whole order. The money moves at once and cannot be taken back.
    params:
      order_id: { type: string, pattern: "^o_[0-9]+$", description: Which order }
    method: POST
    url: https://shop.example/orders/{{ order_id }}/refunds
    headers: { Idempotency-Key: "{{ call.id }}" }
    effect: destructive
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    if checked.manifest.agent.limits.calls.is_some() {
        return;
    }
    let destructive = |tool: &&Tool| tool.effect == Effect::Destructive && tool.policy.rate_limit.is_none();
    let manifest = checked.manifest;
    let offered: Vec<&Tool> = match &manifest.agent.tools {
        Some(names) if manifest.tools.iter().any(|tool| destructive(&tool)) => {
            manifest.tools_of(names.iter().map(String::as_str))
        }
        Some(_) => Vec::new(),
        None => manifest.tools.iter().collect(),
    };
    for tool in offered.into_iter().filter(destructive) {
        findings
            .flag(
                tool.span,
                format!("tool `{}` cannot be taken back, and nothing limits how often a run does it", tool.name),
            )
            .help("add `agent: { limits: { calls: 10 } }` with what a run needs, or `rate_limit: 1/m` at the tool");
    }
}
