//! Flags enums that are longer than a model reads.

use serde_json::Value;

use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "enum-too-long",
    group: Group::Cost,
    level: Level::Warn,
    docs: r#"Flags an `enum` of more than 100 values.

The list is sent with every turn, and providers that hold a model to a schema refuse long ones or become slow (OpenAI's strict mode takes 1,000 values in all of a schema, and 15,000 characters in one list of more than 250). For codes that a model knows, a `pattern` and the name of the standard say the same; for others, a tool that looks the value up.

Bad:

```yaml
toolrun: 1
lints: { tool-tokens: allow, param-codes: allow }
tools:
  get_day:
    description: Returns the sales of one day of the year, by the number of the day.
    params:
      day: { type: integer, enum: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101], description: The number of the day in its year }
    url: https://shop.example/sales/{{ day }}
```

Good:

```yaml
toolrun: 1
tools:
  get_day:
    description: Returns the sales of one day of the year, by the number of the day.
    params:
      day: { type: integer, minimum: 1, maximum: 366, description: The number of the day in its year }
    url: https://shop.example/sales/{{ day }}
```
"#,
    check,
};

/// How many values are read with ease.
const MOST: usize = 100;

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for tool in &checked.manifest.tools {
        for param in tool.params.iter().filter(|param| param.constant.is_none()) {
            let items = param.schema.get("items").unwrap_or(&Value::Null);
            let listed = [&param.schema, items]
                .into_iter()
                .find_map(|schema| schema.get("enum")?.as_array());
            let Some(count) = listed.map(Vec::len).filter(|count| *count > MOST) else {
                continue;
            };
            findings
                .flag(
                    param.span,
                    format!("param `{}` lists {count} values, which every turn pays for", param.name),
                )
                .help("write a `pattern`, bounds, or the name of the standard in the description; or offer a tool that looks the value up");
        }
    }
}
