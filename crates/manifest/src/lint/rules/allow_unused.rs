//! Flags comments that allow what is not found.

use crate::diagnostic::{Edit, Safety};
use crate::lint::comments::{Comment, Name};
use crate::lint::{Checked, Findings, Group, Level, RULES, Rule};
use crate::source::Span;

pub(crate) const RULE: Rule = Rule {
    name: "allow-unused",
    group: Group::Comments,
    level: Level::Warn,
    docs: r#"Flags a comment `# toolrun: allow(…)` that silences nothing: the lint has nothing to say about its line, or the comment is not written as one.

What it was written for was mended or has moved to another line. The comment would hide the next finding, which nobody has looked at. It counts for its own line or, when it has a line for itself, for the line below.

Bad:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders  # toolrun: allow(plain-http)
```

Good:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders
```
"#,
    check,
};

/// Rules whose findings in a file can hang on the files that include it: what
/// allows them is not idle because this file alone gives no reason.
const BETWEEN_FILES: &[&str] = &["description-copied", "description-unknown-name", "tools-alike"];

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    if checked.has_errors {
        return;
    }
    for comment in checked.comments.iter() {
        let idle: Vec<&Name> = comment
            .names
            .iter()
            .filter(|name| is_idle(name, checked))
            .collect();
        if comment.names.is_empty() {
            findings
                .flag(comment.span, "this comment allows nothing")
                .help("write `# toolrun: allow(LINT)` with the name of a lint");
        } else if let [first, ..] = idle[..] {
            let names = crate::fields::list(idle.iter().map(|name| name.text.as_str()));
            let have = if idle.len() == 1 { "has" } else { "have" };
            findings
                .flag(first.span, format!("{names} {have} nothing to say here"))
                .help("remove it; it counts for its own line or, on a line for itself, for the line below")
                .fixes("remove it", Safety::Safe, vec![removal(comment, checked)]);
        }
    }
}

fn is_idle(name: &Name, checked: &Checked<'_>) -> bool {
    let Some(rule) = RULES.iter().find(|rule| rule.name == name.text) else {
        return false;
    };
    !name.is_used()
        && rule.name != RULE.name
        && checked.level(rule) != Level::Allow
        && !BETWEEN_FILES.contains(&rule.name)
}

/// The edit that leaves the names that are needed, or nothing of the comment.
fn removal(comment: &Comment, checked: &Checked<'_>) -> Edit {
    let needed = comment.names.iter().filter(|name| !is_idle(name, checked));
    let kept: Vec<&str> = needed.map(|name| name.text.as_str()).collect();
    if let ([first, ..], [.., last]) = (&comment.names[..], &comment.names[..])
        && !kept.is_empty()
    {
        return Edit {
            span: first.span.to(last.span),
            text: kept.join(", "),
        };
    }
    let text = &checked.sources.get(comment.span.source).text;
    let before = &text[..comment.span.start];
    let code = before.trim_end_matches([' ', '\t']);
    let own_line = code.is_empty() || code.ends_with('\n');
    // A comment with a line for itself takes the line along.
    let rest = &text[comment.span.end..];
    let newline = ["\r\n", "\n"].into_iter().find(|end| rest.starts_with(end));
    let after = if own_line { newline.map_or(0, str::len) } else { 0 };
    Edit {
        span: Span {
            start: code.len(),
            end: comment.span.end + after,
            ..comment.span
        },
        text: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::BETWEEN_FILES;
    use crate::lint::RULES;

    #[test]
    fn rules_between_files_exist() {
        for name in BETWEEN_FILES {
            assert!(RULES.iter().any(|rule| rule.name == *name), "{name}");
        }
    }
}
