//! Flags example values in descriptions.

use std::sync::LazyLock;

use super::words::{Of, descriptions};
use crate::lint::{Checked, Findings, Group, Level, Rule};
use crate::phrases::Phrases;

pub(crate) const RULE: Rule = Rule {
    name: "description-example",
    group: Group::Description,
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
      email: { type: string, format: email, description: "The customer's address, e.g. ann@example.com" }
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
static ANY_MARK: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(MARKS.iter().copied()));

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for (of, _, text) in descriptions(checked) {
        if let Some(range) = example(text.as_str(), of == Of::Param) {
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

/// Words in capitals that are no values.
const ACRONYMS: &[&str] = &[
    "AND", "API", "CSV", "DNS", "GMT", "HTML", "HTTP", "HTTPS", "IANA", "ID", "IDS", "IP", "ISO", "JSON",
    "NOT", "OR", "PDF", "PNG", "RFC", "SKU", "SQL", "URI", "URL", "UTC", "UUID", "VAT", "XML",
];

/// The first value that an announcing word introduces; a code in capitals is
/// one where a param is described.
fn example(text: &str, codes: bool) -> Option<std::ops::Range<usize>> {
    let lower = text.to_ascii_lowercase();
    if !ANY_MARK.occur_in(&lower) {
        return None;
    }
    MARKS
        .iter()
        .filter_map(|mark| after(text, &lower, mark, codes))
        .min_by_key(|range| range.start)
}

fn after(text: &str, lower: &str, mark: &str, codes: bool) -> Option<std::ops::Range<usize>> {
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
        let is_value =
            word.contains('@') || word.contains("://") || word.contains(|c: char| c.is_ascii_digit());
        (is_value || (codes && is_code(word, &rest[word.len()..]))).then(|| start..start + word.len())
    })
}

/// Whether a word in capitals is a value, and not the beginning of more.
fn is_code(word: &str, rest: &str) -> bool {
    let capitals = (2..=6).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase());
    let alone = rest.is_empty() || rest.starts_with([',', '.', ')', ';', '\n']) || rest.starts_with(" or ");
    capitals && alone && !ACRONYMS.contains(&word)
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
            ("A currency, e.g. USD", Some("USD")),
            ("A currency (e.g. USD, EUR)", Some("USD")),
            ("A form such as PDF", None),
            ("A code, e.g. ISO 4217", None),
            ("A page, e.g. https://a.example/b", Some("https://a.example/b")),
        ] {
            assert_eq!(example(text, true).map(|range| &text[range]), expected, "{text}");
        }
    }
}
