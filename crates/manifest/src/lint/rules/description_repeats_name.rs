//! Flags descriptions that say nothing but the name.

use super::words::{Of, descriptions, repeats};
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "description-repeats-name",
    group: Group::Description,
    level: Level::Warn,
    docs: r#"Flags a description that has no word besides those of the name.

The model sees the name anyway. A description that repeats it costs tokens and tells nothing.

Bad:

```yaml
toolrun: 1
tools:
  get_weather:
    description: Gets the weather.
    url: https://api.example.com/weather
```

Good:

```yaml
toolrun: 1
tools:
  get_weather:
    description: Returns the current temperature and wind at the airport of Vienna.
    url: https://api.example.com/weather
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for (of, name, text) in descriptions(checked) {
        if repeats(name.as_str(), text.as_str()) {
            findings
                .flag(
                    text.span(),
                    format!("this description only repeats the name `{}`", name.as_str()),
                )
                .help(match of {
                    Of::Callable => "say what comes back, from where, and when to use it",
                    Of::Param => "say what the value is, its unit and where it comes from",
                });
        }
    }
}
