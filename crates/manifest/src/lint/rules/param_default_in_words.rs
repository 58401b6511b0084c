//! Flags defaults that stand in words and not in `default`.

use std::ops::Range;

use crate::checked::ParamKind;
use crate::decl::param::ParamDecl;
use crate::diagnostic::Safety;
use crate::lint::subject::{scalar, subjects};
use crate::lint::{Checked, Findings, Group, Level, Rule, insert};

pub(crate) const RULE: Rule = Rule {
    name: "param-default-in-words",
    group: Group::Params,
    level: Level::Warn,
    docs: r#"Flags a param whose description names a default that is not the one in `default`, or that has none and is required.

The model believes the words, the request follows the keys. A param without `default` and without `optional: true` has to be given in every call.

Bad:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the shop's orders, newest first.
    params:
      limit: { type: integer, minimum: 1, maximum: 100, default: 50, description: "How many orders at most (default: 20)" }
    url: https://shop.example/orders?limit={{ limit }}
```

Good:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the shop's orders, newest first.
    params:
      limit: { type: integer, minimum: 1, maximum: 100, default: 20, description: How many orders at most }
    url: https://shop.example/orders?limit={{ limit }}
```
"#,
    check,
};

/// What stands before the value.
const MARKS: &[&str] = &[
    "defaults to ",
    "default value is ",
    "default value: ",
    "default is ",
    "default: ",
    "default = ",
    "default=",
    "default ",
];
/// With what each of them begins.
const MARK: &str = "default";

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for param in subjects(checked).flat_map(|subject| subject.asked()) {
        let Some(text) = param.description else { continue };
        let Some(range) = told(text.as_str()) else {
            continue;
        };
        let value = bare(&text.as_str()[range.clone()]).to_owned();
        let name = param.name.as_str();
        if !fits(param, &value) {
            continue;
        }
        if let Some(default) = param.default {
            let Some(written) = scalar(&default.value) else {
                continue;
            };
            if !same(written.as_str(), &value) {
                let shown = written.as_str();
                findings
                    .flag(
                        text.span_of(range),
                        format!("`{name}` has the default `{value}` in words, and `{shown}` in truth"),
                    )
                    .context(default.value.span, "this is sent")
                    .help("remove it from the description: a model sees `default`");
            }
        } else if param.is_required() {
            let message = format!("`{name}` has the default `{value}` in words alone, and is required");
            let diagnostic = findings.flag(text.span_of(range), message);
            diagnostic.help(format!(
                "add `default: {value}`, or `optional: true` if the service fills it in"
            ));
            let written = if param.is(ParamKind::String) {
                insert::quoted(&value)
            } else {
                value
            };
            let added = format!("default: {written}");
            if let Some(edit) = insert::keyword(param, &added, checked.sources) {
                diagnostic.fixes("add the default", Safety::Unsafe, vec![edit]);
            }
        }
    }
}

/// Where the default that a description names stands.
fn told(text: &str) -> Option<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    if !lower.contains(MARK) {
        return None;
    }
    MARKS.iter().find_map(|mark| {
        let at = lower.find(mark)?;
        if lower[..at].ends_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_') {
            return None;
        }
        let from = at + mark.len();
        let rest = &text[from..];
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ')' | ']'))
            .unwrap_or(rest.len());
        let end = rest[..end].trim_end_matches(['.', ':', '!']).len();
        (end > 0).then_some(from..from + end)
    })
}

fn bare(value: &str) -> &str {
    value.trim_matches(['"', '\'', '`', '“', '”'])
}

/// Whether it can be a value of the param: numbers, switches and the values
/// of an `enum` are known for sure, other words may be part of a sentence.
fn fits(param: &ParamDecl<'_>, value: &str) -> bool {
    if param.allowed.is_some() {
        return param.values().iter().any(|allowed| allowed.as_str() == value);
    }
    match param.kind.map(|kind| kind.value) {
        Some(ParamKind::Integer) => value.parse::<i64>().is_ok(),
        Some(ParamKind::Number) => is_decimal(value),
        Some(ParamKind::Boolean) => ["true", "false"].contains(&value),
        _ => false,
    }
}

fn is_decimal(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && value.parse::<f64>().is_ok()
}

fn same(written: &str, told: &str) -> bool {
    written == told
        || matches!((written.parse::<f64>(), told.parse::<f64>()), (Ok(a), Ok(b)) if a.total_cmp(&b).is_eq())
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn defaults_are_found_in_words() {
        for (text, expected) in [
            ("How many (default: 20)", Some("20")),
            ("How many. Defaults to 20.", Some("20")),
            ("Whether to, default `true`", Some("`true`")),
            ("The default currency", Some("currency")),
            ("Non-default 5", None),
            ("How many", None),
        ] {
            assert_eq!(told(text).map(|range| &text[range]), expected, "{text}");
        }
    }
}
