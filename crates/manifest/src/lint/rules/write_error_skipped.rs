//! Flags steps that may fail to write without anybody being told.

use crate::checked::Effect;
use crate::lint::chains::reads;
use crate::lint::{Checked, Findings, Group, Level, Rule};
use crate::workflow::OnError;

pub(crate) const RULE: Rule = Rule {
    name: "write-error-skipped",
    group: Group::Workflows,
    level: Level::Warn,
    docs: r#"Flags a writing step with `on_error: skip` or `on_error: { value: … }` that nothing reads.

When it fails, the workflow ends well and says nothing of it: the model tells the user that the message was sent. Let the error stop the workflow, or return what became of the step.

Bad:

```yaml
toolrun: 1
tools:
  place_order:
    description: Orders one article, to be paid later, and returns the order's id.
    params: { article: { type: string, pattern: "^a_[0-9]+$", description: The id of the article } }
    method: POST
    url: https://shop.example/orders/{{ article }}
    effect: write
  tell_store:
    description: Tells the store that an order has come in.
    params: { order: { type: string, pattern: "^o_[0-9]+$", description: The id of the order } }
    method: POST
    url: https://shop.example/notes/{{ order }}
    effect: write
workflows:
  order_and_tell:
    description: Orders one article and tells the store about it.
    params: { article: { type: string, pattern: "^a_[0-9]+$", description: The id of the article } }
    steps:
      - { id: order, call: place_order, with: { article: "{{ article }}" } }
      - { id: told, call: tell_store, with: { order: "{{ order.id }}" }, on_error: skip }
    return: { order: "{{ order.id }}" }
```

Good:

```yaml
toolrun: 1
tools:
  place_order:
    description: Orders one article, to be paid later, and returns the order's id.
    params: { article: { type: string, pattern: "^a_[0-9]+$", description: The id of the article } }
    method: POST
    url: https://shop.example/orders/{{ article }}
    effect: write
  tell_store:
    description: Tells the store that an order has come in.
    params: { order: { type: string, pattern: "^o_[0-9]+$", description: The id of the order } }
    method: POST
    url: https://shop.example/notes/{{ order }}
    effect: write
workflows:
  order_and_tell:
    description: Orders one article and tells the store about it.
    params: { article: { type: string, pattern: "^a_[0-9]+$", description: The id of the article } }
    steps:
      - { id: order, call: place_order, with: { article: "{{ article }}" } }
      - { id: told, call: tell_store, with: { order: "{{ order.id }}" }, on_error: skip }
    return: { order: "{{ order.id }}", store_knows: "{{ told is defined }}" }
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for workflow in &checked.manifest.workflows {
        let mut names = None;
        for step in &workflow.steps {
            if step.effect == Effect::Read || step.on_error == OnError::Stop {
                continue;
            }
            let id = &step.id;
            if names.get_or_insert_with(|| reads(workflow)).contains(id) {
                continue;
            }
            findings
                .flag(step.span, format!("step `{id}` writes, and nobody is told when it fails"))
                .help(format!(
                    "remove `on_error`, so that the error stops the workflow; or return it: `{id}: \"{{{{ {id} is defined }}}}\"`"
                ));
        }
    }
}
