//! Flags switches that are named by what they prevent.

use crate::checked::ParamKind;
use crate::lint::subject::subjects;
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "param-negative",
    group: Group::Params,
    level: Level::Warn,
    docs: r#"Flags a boolean that is named by a negation, such as `no_cache` or `disable_alerts`.

`no_cache: false` takes two steps to understand, and models get them wrong more often than others. Name what it does; the request can negate it.

Bad:

```yaml
toolrun: 1
tools:
  fetch_page:
    description: Returns the text of a page of the company's handbook.
    params:
      page: { type: string, description: Path of the page in the handbook }
      no_cache: { type: boolean, default: false, description: Whether to leave out the copy of today }
    url: https://handbook.example/text?page={{ page }}&no_cache={{ no_cache }}
```

Good:

```yaml
toolrun: 1
tools:
  fetch_page:
    description: Returns the text of a page of the company's handbook.
    params:
      page: { type: string, description: Path of the page in the handbook }
      cached: { type: boolean, default: true, description: Whether a copy of today will do }
    url: https://handbook.example/text?page={{ page }}&no_cache={{ not cached }}
```
"#,
    check,
};

const NEGATIONS: &[&str] = &["disable", "disallow", "dont", "no", "not"];

/// Words that only look like one: they name a thing.
const NAMES: &[&str] = &["no_reply", "no_show", "not_found"];

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for param in subjects(checked).flat_map(|subject| subject.asked()) {
        let name = param.name.as_str();
        let Some((first, rest)) = name.split_once('_') else {
            continue;
        };
        if param.is(ParamKind::Boolean) && NEGATIONS.contains(&first) && !NAMES.contains(&name) {
            findings
                .flag(
                    param.name.span(),
                    format!("the switch `{name}` is named by what it prevents"),
                )
                .help(format!(
                    "name it by what it does, such as `{rest}`, turn its default around, and send `{{{{ not {rest} }}}}`"
                ));
        }
    }
}
