//! Flags codes that nobody explains.

use super::words::has_word;
use crate::lint::subject::subjects;
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "param-codes",
    group: Group::Params,
    level: Level::Warn,
    docs: r#"Flags an `enum` of bare numbers or single letters whose description does not say what they stand for.

A model that reads `enum: [1, 2, 3]` guesses which of them is urgent. Name each value in the description, or offer words and let the service have its codes.

Bad:

```yaml
toolrun: 1
tools:
  list_tickets:
    description: Lists the open tickets of the help desk, oldest first.
    params:
      priority: { type: integer, enum: [1, 2, 3], description: Priority of the tickets }
    url: https://desk.example/tickets?priority={{ priority }}
```

Good:

```yaml
toolrun: 1
tools:
  list_tickets:
    description: Lists the open tickets of the help desk, oldest first.
    params:
      priority: { type: integer, enum: [1, 2, 3], description: "Only this priority: 1 is urgent, 2 is normal, 3 can wait" }
    url: https://desk.example/tickets?priority={{ priority }}
```
"#,
    check,
};

/// Names of which the numbers are amounts and no codes.
const AMOUNTS: &[&str] = &[
    "age",
    "amount",
    "attempts",
    "count",
    "days",
    "decimals",
    "depth",
    "digits",
    "height",
    "hour",
    "hours",
    "length",
    "level",
    "limit",
    "minutes",
    "month",
    "months",
    "page",
    "pages",
    "per",
    "precision",
    "quantity",
    "rating",
    "round",
    "rounds",
    "scale",
    "seconds",
    "size",
    "stars",
    "version",
    "weeks",
    "width",
    "year",
    "years",
    "zoom",
];

/// Letters that everybody reads in one way.
const KNOWN: &[&[&str]] = &[
    &["x", "y", "z"],
    &["n", "e", "s", "w"],
    &["s", "m", "l"],
    &["a", "b", "c", "d", "e", "f"],
];

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for param in subjects(checked).flat_map(|subject| subject.asked()) {
        let values: Vec<String> = param
            .values()
            .iter()
            .map(|value| value.as_str().to_lowercase())
            .collect();
        let said = param.says();
        if values.len() < 2 || said.is_empty() || !are_codes(&param.tokens(), &values) {
            continue;
        }
        let unsaid: Vec<&str> = values
            .iter()
            .map(String::as_str)
            .filter(|value| !explains(&said, value))
            .collect();
        // Codes of which most are named are explained in the author's way.
        let entry = param.allowed.map_or(param.name.span(), |entry| entry.value.span);
        if unsaid.len() * 2 > values.len() && !findings.has_error_within(entry) {
            let name = param.name.as_str();
            findings
                .flag(
                    entry,
                    format!("nothing says what the values of `{name}` stand for"),
                )
                .help("name each in the description, as in \"1 is urgent, 2 is normal\"");
        }
    }
}

fn are_codes(tokens: &[&str], values: &[String]) -> bool {
    let numbers: Option<Vec<i64>> = values.iter().map(|value| value.parse().ok()).collect();
    if let Some(mut numbers) = numbers {
        numbers.sort_unstable();
        // 10, 25, 50 are amounts; 0, 1, 2 are codes.
        let in_a_row = numbers.windows(2).all(|pair| pair[1] - pair[0] == 1);
        return in_a_row && numbers[0] <= 1 && !tokens.iter().any(|token| AMOUNTS.contains(token));
    }
    let letters = values.iter().all(|value| value.chars().count() == 1);
    let known = KNOWN
        .iter()
        .any(|known| values.iter().all(|value| known.contains(&value.as_str())));
    letters && !known
}

/// Whether a description names a value, or a word that starts with its letter.
fn explains(said: &str, value: &str) -> bool {
    let is_letter = value.starts_with(char::is_alphabetic);
    let mut words = said.split(|c: char| !c.is_alphanumeric());
    has_word(said, value) || (is_letter && words.any(|word| word.starts_with(value)))
}

#[cfg(test)]
mod tests {
    use super::{are_codes, explains};

    #[test]
    fn codes_are_told_from_amounts() {
        for (name, values, expected) in [
            ("priority", "1 2 3", true),
            ("kind", "0 1", true),
            ("kind", "A P X", true),
            ("page_size", "1 2 3", false),
            ("limit", "10 25 50", false),
            ("axis", "x y z", false),
            ("size", "S M L", false),
            ("lang", "de en", false),
        ] {
            let tokens: Vec<&str> = name.split('_').collect();
            let values: Vec<String> = values.split(' ').map(str::to_lowercase).collect();
            assert_eq!(are_codes(&tokens, &values), expected, "{name} {values:?}");
        }
    }

    #[test]
    fn an_explanation_names_the_value_or_its_word() {
        assert!(explains("1 is urgent", "1"));
        assert!(!explains("10 is urgent", "1"));
        assert!(explains("celsius or fahrenheit", "f"));
        assert!(!explains("the unit", "f"));
    }
}
