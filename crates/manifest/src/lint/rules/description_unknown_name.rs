//! Flags names of tools and params in descriptions that do not exist.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::words::singular;
use crate::diagnostic::Safety;
use crate::lint::subject::subjects;
use crate::lint::{Checked, Findings, Group, Level, Rule};
use crate::text::Text;

pub(crate) const RULE: Rule = Rule {
    name: "description-unknown-name",
    group: Group::Description,
    level: Level::Warn,
    docs: r#"Flags a name in a description that is one letter away from a tool or from a param of the same tool, and a call to a tool that there is not, as in "the id from find_order".

It was renamed, or misspelt. The model believes that there is such a tool and calls it.

Bad:

```yaml
toolrun: 1
tools:
  find_orders:
    description: Lists the orders of one customer, newest first.
    url: https://shop.example/orders
  get_order:
    description: Returns one order with its items.
    params:
      order_id: { type: string, description: The order's id from find_order }
    url: https://shop.example/orders/{{ order_id }}
```

Good:

```yaml
toolrun: 1
tools:
  find_orders:
    description: Lists the orders of one customer, newest first.
    url: https://shop.example/orders
  get_order:
    description: Returns one order with its items.
    params:
      order_id: { type: string, description: The order's id from find_orders }
    url: https://shop.example/orders/{{ order_id }}
```
"#,
    check,
};

/// Verbs with which names of tools begin.
const VERBS: &[&str] = &[
    "describe", "post", "run", "set", "add", "cancel", "create", "delete", "fetch", "find", "get", "list",
    "lookup", "query", "read", "remove", "search", "send", "show", "update",
];

/// Last words of names that are fields of an answer.
const FIELDS: &[&str] = &[
    "at", "by", "count", "date", "id", "ids", "key", "name", "only", "time", "type", "url",
];

/// Words that come before the name of a tool.
const CALLS: &[&str] = &["by", "call", "from", "run", "see", "use", "using", "via", "with"];

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    let tools: HashSet<&str> = checked.world.callable_names().chain(["read_result"]).collect();
    // Built when it is needed: most manifests are without mistakes.
    let mut near_tools = None;
    for subject in subjects(checked) {
        let own: HashSet<&str> = subject.params.iter().map(|param| param.name.as_str()).collect();
        let mut near_params = None;
        let of_params = subject.params.iter().filter_map(|param| param.description);
        for text in subject.description.into_iter().chain(of_params) {
            for name in names(text.as_str()) {
                let word = &text.as_str()[name.range.clone()];
                if tools.contains(word) || own.contains(word) {
                    continue;
                }
                let near_params = near_params.get_or_insert_with(|| Near::of(&own));
                let meant = near_params.find(word).or_else(|| {
                    let near_tools = near_tools.get_or_insert_with(|| Near::of(&tools));
                    near_tools.find(word).filter(|_| name.is_snake)
                });
                if meant.is_some() || is_call(word, &name) {
                    flag(text, name.range, meant, findings);
                }
            }
        }
    }
}

/// Whether a word can only be the name of a tool.
fn is_call(word: &str, name: &Name) -> bool {
    let verb = word.split('_').next().unwrap_or_default();
    let last = word.rsplit('_').next().unwrap_or_default();
    name.is_snake && name.is_called && VERBS.contains(&verb) && !FIELDS.contains(&last)
}

fn flag(text: &Text, range: Range<usize>, meant: Option<&str>, findings: &mut Findings<'_>) {
    let word = text.as_str()[range.clone()].to_owned();
    let span = text.span_of(range);
    let Some(meant) = meant else {
        findings
            .flag(span, format!("there is no tool `{word}`"))
            .help("name one that there is, or say in words where the value comes from");
        return;
    };
    findings
        .flag(span, format!("there is no `{word}` here"))
        .help(format!("did you mean `{meant}`?"))
        .fix(&format!("write `{meant}`"), Safety::Unsafe, span, meant);
}

/// A word that is a name.
struct Name {
    range: Range<usize>,
    /// Whether it has several words with `_` in between.
    is_snake: bool,
    /// Whether the word before it says that it is called.
    is_called: bool,
}

/// The names in a text: words with `_`, and words in backticks.
fn names(text: &str) -> Vec<Name> {
    let mut found = Vec::new();
    let mut before = "";
    let mut at = 0;
    for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
        let range = at..at + word.len();
        at = range.end + text[range.end..].chars().next().map_or(0, char::len_utf8);
        if word.is_empty() {
            continue;
        }
        let lower = word
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        // `order.created_at` and `/user_id/` are places in an answer or a path.
        let path = |c: char| matches!(c, '.' | '/' | '[' | '{' | '$' | '<' | '=');
        let inside = text[..range.start].ends_with(path)
            || text[range.end..].starts_with(['/', '[', '=', '>', '}'])
            || text[range.end..]
                .strip_prefix('.')
                .is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
        let is_snake = word.trim_matches('_').contains('_');
        let ticked = text[..range.start].ends_with('`') && text[range.end..].starts_with('`');
        if lower && !inside && word.len() <= 64 && (is_snake || ticked) {
            found.push(Name {
                range,
                is_snake,
                is_called: CALLS.contains(&before.to_ascii_lowercase().as_str()),
            });
        }
        before = word;
    }
    found
}

/// Names by what is left of them without one of their letters: what is one
/// mistake away is found without a look at all.
struct Near<'a> {
    by_rest: HashMap<String, &'a str>,
}

impl<'a> Near<'a> {
    fn of(names: &HashSet<&'a str>) -> Self {
        let mut by_rest = HashMap::new();
        // Short names are one letter away from many words.
        for name in names.iter().filter(|name| name.len() >= 5) {
            by_rest.insert((*name).to_owned(), *name);
            by_rest.extend(one_less(name).map(|rest| (rest, *name)));
        }
        Self { by_rest }
    }

    /// The name that is meant by a word with one mistake; the plural of a name
    /// is a word.
    fn find(&self, word: &str) -> Option<&'a str> {
        let found = std::iter::once(word.to_owned()).chain(one_less(word));
        let mut found = found.filter_map(|rest| self.by_rest.get(&rest).copied());
        found.find(|name| {
            strsim::osa_distance(word, name) == 1 && (word.contains('_') || singular(word) != singular(name))
        })
    }
}

fn one_less(word: &str) -> impl Iterator<Item = String> {
    word.char_indices()
        .map(move |(at, c)| format!("{}{}", &word[..at], &word[at + c.len_utf8()..]))
}

#[cfg(test)]
mod tests {
    use super::{Near, names};

    #[test]
    fn one_mistake_is_near() {
        let near = Near::of(&["find_orders", "status", "get"].into());
        for (word, expected) in [
            ("find_order", Some("find_orders")),
            ("fnid_orders", Some("find_orders")),
            ("find_ordres", Some("find_orders")),
            ("find_xrders", Some("find_orders")),
            ("find_orderss", Some("find_orders")),
            ("find_users", None),
            ("statu", Some("status")),
            ("stats", Some("status")),
            ("gets", None),
        ] {
            assert_eq!(near.find(word), expected, "{word}");
        }
    }

    #[test]
    fn names_are_words_with_underscores_or_in_backticks() {
        for (text, expected) in [
            ("The id from find_orders.", "find_orders"),
            ("Use `limit` and find_orders", "limit find_orders"),
            ("The field order.created_at", ""),
            ("As /repos/{owner_name}/x", ""),
            ("In MAX_SIZE or Snake_case", ""),
            ("The limit", ""),
        ] {
            let found: Vec<&str> = names(text).into_iter().map(|name| &text[name.range]).collect();
            assert_eq!(found.join(" "), expected, "{text}");
        }
    }
}
