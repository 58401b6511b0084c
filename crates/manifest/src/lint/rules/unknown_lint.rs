//! Flags comments that allow a lint which does not exist.

use crate::diagnostic::Safety;
use crate::fields::nearest;
use crate::lint::{Checked, Findings, Group, Level, RULES, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "unknown-lint",
    group: Group::Comments,
    level: Level::Warn,
    docs: r#"Flags a comment `# toolrun: allow(…)` that names no lint.

It allows nothing, and whoever reads it believes that something was looked at and found to be in order. Only lints can be allowed: an error has to be mended.

Bad:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    # toolrun: allow(param-unsued)
    url: https://shop.example/orders
```

Good:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    params:
      # toolrun: allow(param-unused)
      limit: { type: integer, maximum: 100, description: "Reserved, not sent yet" }
    url: https://shop.example/orders
```
"#,
    check,
};

/// How many are told: for each the nearest name is searched.
const MANY: usize = 100;

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    let names = checked.comments.iter().flat_map(|comment| &comment.names);
    let unknown = names.filter(|name| RULES.iter().all(|rule| rule.name != name.text));
    for name in unknown.take(MANY) {
        let written = name.text.as_str();
        let diagnostic = findings.flag(name.span, format!("there is no lint `{written}`"));
        if let Some(near) = nearest(written, RULES.iter().map(|rule| rule.name)) {
            diagnostic.help(format!("did you mean `{near}`?")).fix(
                &format!("write `{near}`"),
                Safety::Unsafe,
                name.span,
                near,
            );
        } else {
            diagnostic.help(
                "use the name in brackets after `warning`; an error cannot be allowed, it has to be mended",
            );
        }
    }
}
