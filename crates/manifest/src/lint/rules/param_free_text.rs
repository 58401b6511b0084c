//! Flags free texts of which everybody knows the form.

use crate::diagnostic::Safety;
use crate::lint::forms::{Form, form};
use crate::lint::subject::subjects;
use crate::lint::{Checked, Findings, Group, Level, Rule, insert};

pub(crate) const RULE: Rule = Rule {
    name: "param-free-text",
    group: Group::Params,
    level: Level::Warn,
    docs: r#"Flags a string that is by its name and words a date, an e-mail address, a URL, a UUID, an IP address, an IBAN, a phone number, a time zone or the code of a currency, country or language, and that takes any text.

Without `format` or `pattern` a model may write "next Friday", "Euro" or a name, the call is sent, and the service answers with an error or, worse, with something else. With it the model is told before anything is sent. The description alone is no check.

Bad:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the shop's orders of one day, newest first.
    params:
      date: { type: string, description: The day on which they were placed }
    url: https://shop.example/orders?date={{ date }}
```

Good:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the shop's orders of one day, newest first.
    params:
      date: { type: string, format: date, description: The day on which they were placed }
    url: https://shop.example/orders?date={{ date }}
```
"#,
    check,
};

/// Words in names of tools that look at a value because it may be wrong.
const LOOKS: &[&str] = &[
    "check",
    "clean",
    "detect",
    "normalize",
    "parse",
    "valid",
    "validate",
    "verify",
];

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for subject in subjects(checked) {
        if subject.name.as_str().split('_').any(|word| LOOKS.contains(&word)) {
            continue;
        }
        for param in subject.asked().filter(|param| param.is_free_text()) {
            let Some(Form {
                what,
                remedy,
                written,
            }) = form(&param.tokens(), &param.says())
            else {
                continue;
            };
            let name = param.name.as_str();
            let message = format!("param `{name}` is {what} and takes any text");
            let diagnostic = findings.flag(param.name.span(), message);
            diagnostic.help(remedy);
            // What is written at it may not have that form.
            let written = written.filter(|_| param.default.is_none() && param.examples.is_none());
            if let Some(edit) = written.and_then(|written| insert::keyword(param, written, checked.sources)) {
                diagnostic.fixes("let only this form pass", Safety::Unsafe, vec![edit]);
            }
        }
    }
}
