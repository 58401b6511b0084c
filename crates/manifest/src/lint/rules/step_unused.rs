//! Flags steps that change nothing and that nothing reads.

use crate::checked::Effect;
use crate::lint::chains::idle;
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "step-unused",
    group: Group::Workflows,
    level: Level::Warn,
    docs: r#"Flags a step of a workflow that only reads and whose value no other step, no `after` and no `return` names.

It costs a request, or a turn of a model, and its error ends the workflow, all for nothing. Without `return` the value of a workflow is that of its last step: a step before it that was meant to be in the answer is not.

Bad:

```yaml
toolrun: 1
tools:
  get_order:
    description: Shows one order with its customer, its items and its total.
    params: { id: &id { type: string, pattern: "^[a-z]_[0-9]+$", description: Its id } }
    url: https://shop.example/orders/{{ id }}
  get_customer:
    description: Shows one customer with name, address and language.
    params: { id: *id }
    url: https://shop.example/customers/{{ id }}
workflows:
  whose_order:
    description: Shows an order and the customer who placed it.
    params: { order_id: { type: string, description: Which order; it starts with o_ } }
    steps:
      - { id: order, call: get_order, with: { id: "{{ order_id }}" } }
      - { id: customer, call: get_customer, with: { id: "{{ order.customer }}" } }
    return: { order: "{{ order }}" }
```

Good:

```yaml
toolrun: 1
tools:
  get_order:
    description: Shows one order with its customer, its items and its total.
    params: { id: &id { type: string, pattern: "^[a-z]_[0-9]+$", description: Its id } }
    url: https://shop.example/orders/{{ id }}
  get_customer:
    description: Shows one customer with name, address and language.
    params: { id: *id }
    url: https://shop.example/customers/{{ id }}
workflows:
  whose_order:
    description: Shows an order and the customer who placed it.
    params: { order_id: { type: string, description: Which order; it starts with o_ } }
    steps:
      - { id: order, call: get_order, with: { id: "{{ order_id }}" } }
      - { id: customer, call: get_customer, with: { id: "{{ order.customer }}" } }
    return: { order: "{{ order }}", customer: "{{ customer }}" }
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for workflow in &checked.manifest.workflows {
        // A step that waits for something is done when that has come.
        let unused = idle(workflow)
            .into_iter()
            .filter(|step| step.effect == Effect::Read && step.repeat.is_none());
        for step in unused {
            let id = &step.id;
            let diagnostic = findings.flag(
                step.span,
                format!("nothing reads step `{id}`, and it changes nothing"),
            );
            diagnostic.help(match workflow.returns {
                Some(_) => format!("add `{id}: \"{{{{ {id} }}}}\"` to `return`, or remove the step"),
                None => format!(
                    "only the last step is the answer: add `return: {{ {id}: \"{{{{ {id} }}}}\", … }}`, or remove the step"
                ),
            });
        }
    }
}
