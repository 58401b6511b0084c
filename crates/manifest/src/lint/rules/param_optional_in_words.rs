//! Flags params whose words and keys disagree on whether they are required.

use crate::diagnostic::Safety;
use crate::lint::subject::subjects;
use crate::lint::{Checked, Findings, Group, Level, Rule, insert};

pub(crate) const RULE: Rule = Rule {
    name: "param-optional-in-words",
    group: Group::Params,
    level: Level::Warn,
    docs: r#"Flags a required param whose description begins with "Optional" or has it in brackets, and an optional one that says "required" there.

A param is required unless it has `optional: true` or a `default`. The model has to give what it was told to leave out, and so it invents a value.

Bad:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the shop's orders, newest first.
    params:
      label: { type: string, description: Label of the orders (optional) }
    url: https://shop.example/orders?label={{ label }}
```

Good:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the shop's orders, newest first.
    params:
      label: { type: string, optional: true, description: Only orders with this label }
    url: https://shop.example/orders?label={{ label }}
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for param in subjects(checked).flat_map(|subject| subject.asked()) {
        let Some(text) = param.description else { continue };
        let name = param.name.as_str();
        let says = text.as_str().to_ascii_lowercase();
        let optional = param.optional.is_some_and(|optional| optional.value);
        if param.is_required()
            && let Some(at) = said(&says, "optional")
        {
            let span = text.span_of(at..at + "optional".len());
            let message = format!("`{name}` is optional in words, and required");
            let diagnostic = findings.flag(span, message);
            diagnostic.help("add `optional: true`, or a `default`");
            if let Some(edit) = insert::keyword(param, "optional: true", checked.sources) {
                diagnostic.fixes("make it optional", Safety::Unsafe, vec![edit]);
            }
        } else if optional && let Some(at) = said(&says, "required") {
            let span = text.span_of(at..at + "required".len());
            findings
                .flag(span, format!("`{name}` is required in words, and optional"))
                .help("remove `optional: true`, or say when it is needed");
        }
    }
}

/// Where a text begins with a word, or has it alone in brackets.
fn said(says: &str, word: &str) -> Option<usize> {
    if !says.contains(word) {
        return None;
    }
    let whole = |at: usize| {
        let rest = &says[at + word.len()..];
        !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_')
    };
    let starts = says.starts_with(word)
        && whole(0)
        && ![
            "required by",
            "required for",
            "required if",
            "required when",
            "required to",
            "required only",
        ]
        .iter()
        .any(|more| says.starts_with(more));
    if starts {
        return Some(0);
    }
    ["(", "["].iter().find_map(|open| {
        let at = says.find(&format!("{open}{word}"))? + 1;
        says[at + word.len()..]
            .starts_with([')', ']', ',', '.', ';'])
            .then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn only_the_beginning_and_brackets_count() {
        for (says, expected) in [
            ("optional. the label", true),
            ("optional label", true),
            ("the label (optional)", true),
            ("the label [optional, since v2]", true),
            ("optionally the label", false),
            ("which optional features to list", false),
        ] {
            assert_eq!(said(says, "optional").is_some(), expected, "{says}");
        }
        assert_eq!(said("required when paid", "required"), None);
        assert_eq!(said("required. the label", "required"), Some(0));
    }
}
