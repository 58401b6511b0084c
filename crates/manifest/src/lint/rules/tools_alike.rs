//! Flags tools of the same purpose between which a model cannot choose.

use std::collections::HashMap;

use super::words::singular;
use crate::lint::subject::{Subject, subjects};
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "tools-alike",
    group: Group::Description,
    level: Level::Warn,
    docs: r#"Flags two tools whose names mean the same, such as `find_orders` and `search_orders`, when neither description says when to use which.

The model takes one of them by chance, and a failed call teaches it nothing. One sentence at one of the two is enough.

Bad:

```yaml
toolrun: 1
tools:
  find_orders:
    description: Lists orders of a customer by e-mail address.
    url: https://shop.example/orders
  search_orders:
    description: Looks for orders by words in their notes.
    url: https://shop.example/orders/search
```

Good:

```yaml
toolrun: 1
tools:
  find_orders:
    description: Lists orders of a customer by e-mail address.
    url: https://shop.example/orders
  search_orders:
    description: Looks for orders by words in their notes. Use it only when the customer is not known, else find_orders.
    url: https://shop.example/orders/search
```
"#,
    check,
};

/// Verbs that say the same.
const VERBS: &[&[&str]] = &[
    &["add", "create", "insert", "make", "new", "post"],
    &["cancel", "abort"],
    &["change", "edit", "modify", "patch", "update"],
    &["delete", "destroy", "erase", "remove"],
    &["fetch", "get", "load", "read", "retrieve", "show", "view"],
    &["find", "list", "lookup", "query", "search"],
    &["check", "validate", "verify"],
    &["send", "deliver"],
];

/// Words by which a description says when it is meant.
const WHEN: &[&str] = &[
    "use ", "when", "instead", "only", "if ", "prefer", "rather", "unless", "unlike",
];

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    let mut seen: HashMap<String, Subject<'_>> = HashMap::new();
    for subject in subjects(checked) {
        let Some(purpose) = purpose(subject.name.as_str()) else {
            continue;
        };
        let Some(first) = seen.get(&purpose) else {
            seen.insert(purpose, subject);
            continue;
        };
        let is_taken = findings.is_reported(subject.name.span());
        if is_taken || tells_apart(&subject, first) || tells_apart(first, &subject) {
            continue;
        }
        let (own, other) = (subject.name.as_str(), first.name.as_str());
        findings
            .flag(
                subject.name.span(),
                format!("a model cannot choose between `{own}` and `{other}`: their names mean the same"),
            )
            .context(first.name.span(), "the other stands here")
            .help(format!(
                "say at one of them when to use it, as in \"Use it only when …, else {other}\""
            ));
    }
}

fn tells_apart(subject: &Subject<'_>, other: &Subject<'_>) -> bool {
    let said = subject.says();
    said.contains(other.name.as_str()) || WHEN.iter().any(|word| said.contains(word))
}

/// A name with its verb replaced by the first that says the same. `None`
/// without such a verb: nouns alone name what they name.
fn purpose(name: &str) -> Option<String> {
    let mut words = name.split('_');
    let verb = words.next()?;
    let verbs = VERBS.iter().find(|verbs| verbs.contains(&verb))?;
    let rest: Vec<&str> = words
        .filter(|word| !["all", "the", "by", "for"].contains(word))
        .collect();
    // One thing and several of it are two purposes, if they are fetched.
    let rest: Vec<String> = match verbs[0] {
        "fetch" | "find" => rest.into_iter().map(str::to_owned).collect(),
        _ => rest.into_iter().map(|word| singular(word).to_owned()).collect(),
    };
    (!rest.is_empty()).then(|| format!("{} {}", verbs[0], rest.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::purpose;

    #[test]
    fn purposes_are_the_same_for_verbs_of_one_meaning() {
        for (one, other, same) in [
            ("find_orders", "search_orders", true),
            ("get_order", "fetch_order", true),
            ("get_order", "get_orders", false),
            ("add_user", "create_users", true),
            ("find_orders", "find_order_items", false),
            ("get_order", "list_order", false),
            ("delete_order", "cancel_order", false),
        ] {
            assert_eq!(purpose(one) == purpose(other), same, "{one} {other}");
        }
        assert_eq!(purpose("weather"), None);
        assert_eq!(purpose("search"), None);
    }
}
