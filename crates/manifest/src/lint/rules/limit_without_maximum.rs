//! Flags params that ask for any number of items.

use crate::checked::ParamKind;
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "limit-without-maximum",
    group: Group::Safety,
    level: Level::Warn,
    docs: r#"Flags an integer param such as `limit`, `count` or `per_page` without a `maximum`.

A model that wants everything asks for a million. The API answers 400, or with all of it, which is paid for in tokens. Most APIs document the most that they give; with a `maximum` the model knows it too and is told before anything is sent.

Bad:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    params:
      limit: { type: integer, minimum: 1, default: 20, description: How many orders at most }
    url: https://shop.example/orders?limit={{ limit }}
```

Good:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    params:
      limit: { type: integer, minimum: 1, maximum: 100, default: 20, description: How many orders at most }
    url: https://shop.example/orders?limit={{ limit }}
```
"#,
    check,
};

/// Names of params that say how much comes back, sorted.
const NAMES: &[&str] = &[
    "batch_size",
    "count",
    "limit",
    "max_items",
    "max_results",
    "num_results",
    "page_limit",
    "page_size",
    "pagesize",
    "per_page",
    "perpage",
    "result_count",
    "rows",
    "top_k",
];

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for tool in &checked.manifest.tools {
        for param in &tool.params {
            let counts = matches!(param.kind, ParamKind::Integer | ParamKind::Number);
            let bounded = ["maximum", "exclusiveMaximum", "enum", "const"]
                .iter()
                .any(|keyword| param.schema.get(*keyword).is_some());
            // A bound in words is what another rule is about.
            let in_words = param
                .description
                .iter()
                .any(|text| text.contains(|c: char| c.is_ascii_digit()));
            let reads = tool.effect == crate::checked::Effect::Read;
            if counts
                && reads
                && !bounded
                && !in_words
                && param.constant.is_none()
                && NAMES.contains(&param.name.as_str())
            {
                findings
                    .flag(param.span, format!("param `{}` has no `maximum`", param.name))
                    .help("add `maximum:` with the most that the API gives, or the most that is of use");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_sorted() {
        assert!(super::NAMES.is_sorted());
    }
}
