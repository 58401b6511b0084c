//! Flags example values in descriptions.

use super::words::descriptions;
use crate::lint::{Checked, Findings, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "description-example",
    level: Level::Warn,
    docs: r#"Flags an example value in a description: a number, an address or a quoted text after words such as `e.g.`.

Small models copy such values into calls when the user named none. Say what form a value has, or list `examples`, which only show the form to models that ask for a schema.

Bad:

```yaml
toolrun: 1
tools:
  find_orders:
    description: Lists the orders of one customer, newest first.
    params:
      email: { type: string, description: "The customer's address, e.g. ann@example.com" }
    url: https://shop.example/orders?email={{ email }}
```

Good:

```yaml
toolrun: 1
tools:
  find_orders:
    description: Lists the orders of one customer, newest first.
    params:
      email: { type: string, format: email, description: The customer's e-mail address }
    url: https://shop.example/orders?email={{ email }}
```
"#,
    check,
};

/// Words that announce an example.
const MARKS: &[&str] = &[
    "e.g.",
    "eg.",
    "for example",
    "for instance",
    "such as",
    "example:",
    "examples:",
];

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for (_, _, text) in descriptions(checked) {
        if let Some(range) = example(text.as_str()) {
            let value = text.as_str()[range.clone()].to_owned();
            findings
                .flag(
                    text.span_of(range),
                    format!("a model will copy the example `{value}`"),
                )
                .help("describe the form of the value instead, or use `format`, `pattern` or `enum`");
        }
    }
}

/// The first value that an announcing word introduces.
fn example(text: &str) -> Option<std::ops::Range<usize>> {
    let lower = text.to_ascii_lowercase();
    MARKS
        .iter()
        .filter_map(|mark| after(text, &lower, mark))
        .min_by_key(|range| range.start)
}

fn after(text: &str, lower: &str, mark: &str) -> Option<std::ops::Range<usize>> {
    lower.match_indices(mark).find_map(|(at, _)| {
        if text[..at].ends_with(char::is_alphanumeric) {
            return None;
        }
        let from = at + mark.len();
        let rest = &text[from..];
        let start = from + (rest.len() - rest.trim_start_matches([' ', ',', ':', '\n', '(']).len());
        let rest = &text[start..];
        let open = rest.chars().next()?;
        let close = match open {
            '"' | '\'' | '`' => Some(open),
            '“' => Some('”'),
            '‘' => Some('’'),
            _ => None,
        };
        if let Some(close) = close {
            let inner = &rest[open.len_utf8()..];
            let end = inner
                .find(close)
                .map_or(rest.len(), |end| end + open.len_utf8() + close.len_utf8());
            return Some(start..start + end);
        }
        let word = rest
            .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ')'))
            .next()?;
        let word = word.trim_end_matches(['.', ':', '!']);
        (word.contains('@') || word.contains(|c: char| c.is_ascii_digit())).then(|| start..start + word.len())
    })
}

#[cfg(test)]
mod tests {
    use super::example;

    #[test]
    fn values_are_flagged_and_honest_words_are_not() {
        for (text, expected) in [
            ("The id, e.g. 12345.", Some("12345")),
            ("An address such as ann@example.com", Some("ann@example.com")),
            ("A colour (for example \"dark blue\")", Some("\"dark blue\"")),
            ("A day such as a Monday", None),
            ("A currency by its three letters", None),
            ("At most 100 orders", None),
            ("Use it before refunding, e.g. to get the id", None),
            ("The model 3 of the series", None),
        ] {
            assert_eq!(example(text).map(|range| &text[range]), expected, "{text}");
        }
    }
}
