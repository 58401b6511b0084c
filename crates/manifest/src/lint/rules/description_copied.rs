//! Flags descriptions that two tools share.

use std::collections::HashMap;

use super::words::content;
use crate::lint::subject::subjects;
use crate::lint::{Checked, Findings, Group, Level, Rule};
use crate::text::Text;

pub(crate) const RULE: Rule = Rule {
    name: "description-copied",
    group: Group::Description,
    level: Level::Warn,
    docs: r#"Flags a tool or workflow whose description has the same words as that of another.

A model chooses between tools by their descriptions. Two that say the same leave it to chance, and nearly always one was copied and not rewritten. Order, small words and endings make no difference.

Bad:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the customer's orders, newest first.
    url: https://shop.example/orders
  list_invoices:
    description: List a customer's orders (newest first)
    url: https://shop.example/invoices
```

Good:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the customer's orders, newest first.
    url: https://shop.example/orders
  list_invoices:
    description: Lists the invoices that were sent to the customer, newest first.
    url: https://shop.example/invoices
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    let mut seen: HashMap<Vec<String>, (&Text, &Text)> = HashMap::new();
    for subject in subjects(checked) {
        let Some(text) = subject.description else { continue };
        let words = content(text.as_str());
        // What says that little is told to be vague.
        if words.len() < 3 {
            continue;
        }
        if let Some((name, first)) = seen.get(&words) {
            if findings.is_reported(subject.name.span()) {
                continue;
            }
            let (own, other) = (subject.name.as_str(), name.as_str());
            findings
                .flag(text.span(), format!("`{own}` has the description of `{other}`"))
                .context(first.span(), "the same words stand here")
                .help("say what this one does that the other does not, and when to use which");
        } else {
            seen.insert(words, (subject.name, text));
        }
    }
}
