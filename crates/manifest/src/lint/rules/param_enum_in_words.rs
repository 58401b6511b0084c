//! Flags choices that stand in words and not in `enum`.

use std::ops::Range;
use std::sync::LazyLock;

use crate::decl::param::ParamDecl;
use crate::diagnostic::Safety;
use crate::lint::subject::{scalar, subjects};
use crate::lint::{Checked, Findings, Group, Level, Rule, insert};
use crate::phrases::Phrases;
use crate::text::Text;

pub(crate) const RULE: Rule = Rule {
    name: "param-enum-in-words",
    group: Group::Params,
    level: Level::Warn,
    docs: r#"Flags a string that takes any text while its description lists the values, as in "one of open, paid, refunded".

With `enum` providers keep a model to these values, and any other is refused before it is sent.

Bad:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the shop's orders, newest first.
    params:
      status: { type: string, description: "Only orders in this state, one of open, paid or refunded" }
    url: https://shop.example/orders?status={{ status }}
```

Good:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the shop's orders, newest first.
    params:
      status: { type: string, enum: [open, paid, refunded], description: Only orders in this state }
    url: https://shop.example/orders?status={{ status }}
```
"#,
    check,
};

/// What announces a list of values, and whether each has to be in quotes to
/// be one.
const MARKS: &[(&str, Words)] = &[
    ("accepted values", Words::Plain),
    ("allowed values", Words::Plain),
    ("one of", Words::Plain),
    ("possible values", Words::Plain),
    ("supported values", Words::Plain),
    ("valid options", Words::Plain),
    ("valid values", Words::Plain),
    ("can be", Words::Quoted),
    ("either", Words::Quoted),
    ("must be", Words::Quoted),
    ("options", Words::Quoted),
    ("values", Words::Quoted),
    (":", Words::Quoted),
    ("(", Words::Quoted),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Words {
    Plain,
    Quoted,
}

/// Words by which a list is not the whole list.
static OPEN: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::of([
        "comma",
        "custom",
        "etc",
        "example",
        "examples",
        "include",
        "including",
        "like",
        "several",
        "such",
    ])
});

/// Marks of a list that goes on.
static UNFINISHED: LazyLock<Phrases> =
    LazyLock::new(|| Phrases::of(["e.g", "...", "…", "or more", "and more"]));

/// What is in [`MARKS`].
static ANY_MARK: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(MARKS.iter().map(|(mark, _)| *mark)));

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for subject in subjects(checked) {
        for param in subject.asked().filter(|param| param.is_free_text()) {
            let Some(text) = param.description else { continue };
            let Some((range, values)) = listed(text.as_str()) else {
                continue;
            };
            let names = subject.params.iter().map(|param| param.name.as_str());
            if names
                .into_iter()
                .any(|name| values.iter().any(|value| value == name))
            {
                continue;
            }
            flag(param, text.span_of(range), &values, checked, findings);
        }
    }
}

fn flag(
    param: &ParamDecl<'_>,
    span: crate::source::Span,
    values: &[String],
    checked: &Checked<'_>,
    findings: &mut Findings<'_>,
) {
    let name = param.name.as_str();
    let default = param.default.map(|entry| scalar(&entry.value).map(Text::as_str));
    let has_default =
        default.is_none_or(|written| values.iter().any(|value| Some(value.as_str()) == written));
    let values: Vec<String> = values.iter().map(|value| insert::quoted(value)).collect();
    let written = format!("enum: [{}]", values.join(", "));
    let diagnostic = findings.flag(span, format!("the values of `{name}` stand in words alone"));
    diagnostic.help(format!("add `{written}`"));
    let fits = has_default && param.examples.is_none();
    if let Some(edit) = insert::keyword(param, &written, checked.sources).filter(|_| fits) {
        diagnostic.fixes("offer the values as a choice", Safety::Unsafe, vec![edit]);
    }
}

/// The values that a description lists, and where.
fn listed(text: &str) -> Option<(Range<usize>, Vec<String>)> {
    let lower = text.to_ascii_lowercase();
    if !ANY_MARK.occur_in(&lower) || UNFINISHED.occur_in(&lower) || OPEN.are_words_of(&lower) {
        return None;
    }
    MARKS.iter().find_map(|(mark, words)| {
        let at = lower.find(mark)?;
        let is_word = mark.starts_with(char::is_alphabetic);
        let border = !is_word || !lower[..at].ends_with(char::is_alphanumeric);
        let from = at + mark.len();
        let rest = text[from..].trim_start_matches([' ', ':', '=', '\n']);
        let rest = rest.strip_prefix("are ").unwrap_or(rest);
        let rest = rest.strip_prefix("is ").unwrap_or(rest);
        let rest = rest.trim_start_matches([':', ' ']);
        let start = text.len() - rest.len();
        let end = start + rest.find(['.', ';', ')', '\n']).unwrap_or(rest.len());
        let values = values(&text[start..end], *words)?;
        border.then_some((start..end, values))
    })
}

/// The values of a list, if every piece of it is one.
fn values(list: &str, words: Words) -> Option<Vec<String>> {
    let list = list
        .replace(" or ", ",")
        .replace(" and ", ",")
        .replace(['|', '/'], ",");
    let mut values: Vec<String> = Vec::new();
    for piece in list.split(',').map(str::trim).filter(|piece| !piece.is_empty()) {
        let bare = piece.trim_matches(['"', '\'', '`', '“', '”']);
        let quoted = bare.len() < piece.len();
        let is_value = !bare.is_empty()
            && bare
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+'));
        if !is_value || (words == Words::Quoted && !quoted) || values.iter().any(|value| value == bare) {
            return None;
        }
        values.push(bare.to_owned());
    }
    (2..=20).contains(&values.len()).then_some(values)
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn lists_of_values_are_told_from_sentences() {
        for (text, expected) in [
            ("One of open, paid or refunded", "open paid refunded"),
            ("The state. Possible values: `open`, `paid`.", "open paid"),
            ("Sort order (one of: asc|desc)", "asc desc"),
            ("Must be \"asc\" or \"desc\"", "asc desc"),
            ("Allowed values are open and paid", "open paid"),
            ("One of the customer's orders", ""),
            ("One of red, green etc", ""),
            ("Must be positive and whole", ""),
            ("Can be empty or a name", ""),
            ("Values in euro, cents or dollars", ""),
            ("One of a kind", ""),
            ("Why. Options: 'twice', 'by_customer'", "twice by_customer"),
            ("The system: `metric` or `imperial`.", "metric imperial"),
            ("Either 'more' or 'less'", "more less"),
            ("One or more of: a, b", ""),
            ("The mode (walking, driving)", ""),
            ("A path, like `a` or `b`: `c`, `d`", ""),
        ] {
            let found = listed(text).map(|(_, values)| values.join(" "));
            assert_eq!(found.unwrap_or_default(), expected, "{text}");
        }
    }
}
