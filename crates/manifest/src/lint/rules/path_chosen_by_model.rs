//! Flags urls of which the model chooses the endpoint.

use crate::checked::ParamKind;
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "path-chosen-by-model",
    group: Group::Safety,
    level: Level::Warn,
    docs: r#"Flags a free text param such as `endpoint`, `path` or `resource` that is a whole segment of the path.

One tool then reaches everything that the API has on that level, with the same key: what the description promises is no longer what can happen, and no permission by name means anything. List the values in an `enum`, bound them by a `pattern`, or write a tool for each.

Bad:

```yaml
toolrun: 1
tools:
  read_shop:
    description: Reads a collection of the shop, newest entries first.
    params:
      resource: { type: string, description: Which collection }
    url: https://shop.example/v1/{{ resource }}
```

Good:

```yaml
toolrun: 1
tools:
  read_shop:
    description: Reads a collection of the shop, newest entries first.
    params:
      resource: { type: string, enum: [orders, articles], description: Which collection }
    url: https://shop.example/v1/{{ resource }}
```
"#,
    check,
};

/// Names of params that say where a request goes, sorted.
const NAMES: &[&str] = &[
    "action",
    "api_path",
    "endpoint",
    "method",
    "operation",
    "path",
    "resource",
    "route",
    "uri",
    "url",
];

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for written in checked.tools() {
        let Some(url) = written.decl.url else { continue };
        let path = url.as_str().split('?').next().unwrap_or_default();
        let mut at = 0;
        for segment in path.split('/') {
            let start = at;
            at += segment.len() + 1;
            let Some(name) = alone(segment).filter(|name| NAMES.contains(name)) else {
                continue;
            };
            let Some(param) = written.tool.params.iter().find(|param| param.name == name) else {
                continue;
            };
            let bounded = ["enum", "pattern", "const", "format"]
                .iter()
                .any(|keyword| param.schema.get(*keyword).is_some());
            if param.kind == ParamKind::String && !bounded && param.constant.is_none() {
                findings
                    .flag(
                        url.span_of(start..start + segment.len()),
                        format!("the model chooses which endpoint is asked: `{name}` is any text"),
                    )
                    .context(param.span, "the param stands here")
                    .help("add `enum: [ … ]` with the values that are meant, or a `pattern`");
            }
        }
    }
}

/// The name in a segment that is exactly `{{ name }}`.
fn alone(segment: &str) -> Option<&str> {
    let inner = segment.strip_prefix("{{")?.strip_suffix("}}")?.trim();
    inner
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        .then_some(inner)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_sorted() {
        assert!(super::NAMES.is_sorted());
    }
}
