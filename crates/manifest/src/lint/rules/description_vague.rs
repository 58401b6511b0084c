//! Flags descriptions by which no model can decide.

use super::words::{Of, descriptions, repeats};
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "description-vague",
    group: Group::Description,
    level: Level::Warn,
    docs: r#"Flags the description of a tool or workflow that is shorter than four words or says nothing definite, and placeholders such as `TODO`.

The model chooses between tools by their descriptions alone.

Bad:

```yaml
toolrun: 1
tools:
  fetch_rates:
    description: Calls the API.
    url: https://api.example.com/rates
```

Good:

```yaml
toolrun: 1
tools:
  fetch_rates:
    description: Returns the European Central Bank's reference rates of the last working day.
    url: https://api.example.com/rates
```
"#,
    check,
};

/// Beginnings that could stand before any tool.
const VAGUE: &[&str] = &[
    "calls the api",
    "call the api",
    "calls an api",
    "does stuff",
    "does things",
    "helper",
    "makes a request",
    "makes an api call",
    "performs an operation",
    "sends a request",
    "this tool is a tool",
    "useful tool",
    "utility",
];

/// Texts that wait to be written.
const PLACEHOLDERS: &[&str] = &[
    "...",
    "tbd",
    "tba",
    "todo",
    "fixme",
    "xxx",
    "description",
    "no description",
    "n/a",
    "none",
];

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for (of, name, text) in descriptions(checked) {
        let said = text.as_str().trim().to_lowercase();
        let bare = said.trim_end_matches(['.', ':', '!']);
        if said.is_empty() || repeats(name.as_str(), &said) {
            continue;
        }
        let words = said.split_whitespace().count();
        let message = if PLACEHOLDERS.contains(&bare) || said.starts_with("todo") {
            "this description is a placeholder"
        } else if of == Of::Callable && words < 4 {
            "this description is too short to decide by"
        } else if of == Of::Callable && words < 12 && VAGUE.iter().any(|vague| said.starts_with(vague)) {
            "this description could stand at any tool"
        } else {
            continue;
        };
        findings
            .flag(text.span(), message)
            .help("say what it does or returns, from where, and when to use it");
    }
}
