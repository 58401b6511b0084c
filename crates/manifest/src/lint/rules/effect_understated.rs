//! Flags tools that do more than their effect says.

use crate::checked::Effect;
use crate::lint::calls::{Deed, deed, says_final, says_mended};
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "effect-understated",
    group: Group::Safety,
    level: Level::Warn,
    docs: r#"Flags a tool whose name or description says that it does more than its effect: `delete_order` that is a `read`, `refund_order` that is a `write`, "cannot be undone" without `destructive`.

The effect decides who is asked. A read runs freely, a write asks once, and only what is `destructive` must be named to be allowed without a terminal. A GET counts as a read, also when the server deletes by it.

Bad:

```yaml
toolrun: 1
tools:
  delete_order:
    description: Deletes an order and everything that belongs to it.
    params:
      order_id: { type: string, pattern: "^o_[0-9]+$", description: Which order }
    url: https://shop.example/orders/{{ order_id }}/delete
```

Good:

```yaml
toolrun: 1
agent: { limits: { calls: 10 } }
tools:
  delete_order:
    description: Deletes an order for good, with everything that belongs to it.
    params:
      order_id: { type: string, pattern: "^o_[0-9]+$", description: Which order }
    url: https://shop.example/orders/{{ order_id }}/delete
    effect: destructive
```

Bad:

```yaml
toolrun: 1
tools:
  close_account:
    description: Closes a customer's account. This cannot be undone.
    params:
      account_id: { type: string, pattern: "^a_[0-9]+$", description: Which account }
    method: POST
    url: https://shop.example/accounts/{{ account_id }}/close
    effect: write
```

Good:

```yaml
toolrun: 1
agent: { limits: { calls: 10 } }
tools:
  close_account:
    description: Closes a customer's account. This cannot be undone.
    params:
      account_id: { type: string, pattern: "^a_[0-9]+$", description: Which account }
    method: POST
    url: https://shop.example/accounts/{{ account_id }}/close
    headers: { Idempotency-Key: "{{ call.id }}" }
    effect: destructive
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for written in checked.tools() {
        let tool = written.tool;
        let is_get = written.http().is_some_and(|http| http.method.is_safe());
        // Of a writing method without `effect` another rule speaks.
        if tool.effect == Effect::Destructive || (written.decl.effect.is_none() && !is_get) {
            continue;
        }
        let effect = if tool.effect == Effect::Read {
            "read"
        } else {
            "write"
        };
        let stated = written.decl.description.and_then(|text| {
            let range = says_final(text.as_str())?;
            Some((text.span_of(range.clone()), text.as_str()[range].to_owned()))
        });
        if let (Some((span, words)), Effect::Write) = (stated, tool.effect) {
            findings
                .flag(
                    span,
                    format!(
                        "tool `{}` is a `write`, and its description says `{words}`",
                        tool.name
                    ),
                )
                .context(tool.span, "the tool stands here")
                .help("write `effect: destructive`: it must then be named to be allowed");
            continue;
        }
        let Some((verb, deed)) = deed(&tool.name) else {
            continue;
        };
        // An author who writes `effect: read` has thought of it: `remove_accents`.
        let says_more = match (tool.effect, written.decl.effect) {
            (Effect::Read, None) => true,
            (Effect::Read, Some(_)) => deed == Deed::Final,
            _ => deed == Deed::Final && !says_mended(&tool.description),
        };
        if !says_more {
            continue;
        }
        let diagnostic = findings.flag(
            tool.span,
            format!("tool `{}` is a `{effect}`, and its name says `{verb}`", tool.name),
        );
        diagnostic.help(match (deed, tool.effect) {
            (Deed::Final, Effect::Read) => {
                "write `effect: destructive`, or `effect: write` if it can be taken back"
            }
            (Deed::Final, _) => {
                "write `effect: destructive` if it cannot be taken back, or say in the description how it can, as in \"It can be restored from the trash\" or \"It can be reopened\""
            }
            _ => "write `effect: write`: a read runs without asking anybody",
        });
    }
}
