//! Flags params that are a JSON Schema of their own.

use super::words::has_word;
use crate::lint::subject::{scalar, subjects};
use crate::lint::{Checked, Findings, Group, Level, Rule};
use crate::node::{Kind, Node};

pub(crate) const RULE: Rule = Rule {
    name: "param-nested",
    group: Group::Params,
    level: Level::Warn,
    docs: r#"Flags a param whose `schema:` holds an object, or says no more than the param itself could. Choices among plain values and lists of them are not flagged.

Models make most of their mistakes inside nested values, some providers drop keywords there, and a person who is asked for permission has to read JSON. Make each field a param, and put them together in the body.

Bad:

```yaml
toolrun: 1
tools:
  create_order:
    description: Places an order. It can be cancelled within an hour.
    params:
      item:
        description: What is ordered
        schema:
          type: object
          properties: { sku: { type: string }, quantity: { type: integer } }
          required: [sku, quantity]
          additionalProperties: false
    method: POST
    effect: write
    url: https://shop.example/orders
    body: { json: { item: "{{ item }}" } }
```

Good:

```yaml
toolrun: 1
tools:
  create_order:
    description: Places an order. It can be cancelled within an hour.
    params:
      sku: { type: string, description: The item's number in the catalogue }
      quantity: { type: integer, minimum: 1, description: How many pieces of it }
    method: POST
    effect: write
    url: https://shop.example/orders
    body: { json: { item: { sku: "{{ sku }}", quantity: "{{ quantity }}" } } }
```

Good:

```yaml
toolrun: 1
tools:
  find_orders:
    description: Lists the orders of the shop in one state, newest first.
    params:
      state: { description: State of the orders, schema: { anyOf: [ { const: open }, { const: paid } ] } }
    url: https://shop.example/orders?state={{ state }}
```
"#,
    check,
};

/// Types that need no schema of their own.
const FLAT: &[&str] = &["string", "integer", "number", "boolean"];

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for param in subjects(checked).flat_map(|subject| subject.params) {
        let Some(schema) = param.schema else { continue };
        if param
            .body
            .is_some_and(|body| findings.has_error_within(body.span))
        {
            continue;
        }
        let name = param.name.as_str();
        if let Some(kind) = flat_type(&schema.value) {
            findings
                .flag(schema.key.span(), format!("param `{name}` needs no `schema`"))
                .help(format!(
                    "write its keywords directly at the param, `type: {kind}` and the others"
                ));
        } else if holds_object(&schema.value) {
            findings
                .flag(schema.key.span(), format!("param `{name}` is nested"))
                .help("make each field a param of its own and put them together in the body; where that cannot be, allow it here");
        }
    }
}

/// Whether an object stands anywhere in a schema.
fn holds_object(schema: &Node) -> bool {
    match &schema.kind {
        Kind::List(items) => items.iter().any(holds_object),
        Kind::Map(entries) => entries.iter().any(|entry| match entry.key.as_str() {
            "properties" | "patternProperties" => true,
            "type" => names_object(&entry.value),
            // What stands there is a value, not a schema.
            "const" | "default" | "enum" | "example" | "examples" => false,
            _ => holds_object(&entry.value),
        }),
        Kind::Scalar(_) | Kind::Invalid => false,
    }
}

/// `object`, alone or in a list of types.
fn names_object(kind: &Node) -> bool {
    match &kind.kind {
        Kind::Scalar(text) => text.as_str() == "object",
        Kind::List(kinds) => kinds.iter().any(names_object),
        Kind::Map(_) | Kind::Invalid => false,
    }
}

/// The type of a schema that has only keywords of a flat param.
fn flat_type(schema: &Node) -> Option<&str> {
    const KEYWORDS: &str = "type description format pattern minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum multipleOf enum";
    let Kind::Map(entries) = &schema.kind else {
        return None;
    };
    let known = entries.iter().all(|entry| has_word(KEYWORDS, entry.key.as_str()));
    let kind = entries.iter().find(|entry| entry.key.as_str() == "type")?;
    let kind = scalar(&kind.value)?.as_str();
    (known && FLAT.contains(&kind)).then_some(kind)
}
