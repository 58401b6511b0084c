//! Flags params of one tool that a model mixes up.

use std::collections::HashMap;

use super::words::singular;
use crate::checked::ParamKind;
use crate::decl::param::ParamDecl;
use crate::lint::subject::{Subject, subjects};
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "param-ambiguous",
    group: Group::Params,
    level: Level::Warn,
    docs: r#"Flags two params of a tool that a model mixes up: `id` beside `order_id`, `user` beside `user_id`, `order` beside `orders`, two words for the same such as `limit` and `page_size`; and names of one letter, coordinates, `n` and `q` aside.

Models fill params by their names first. Names are the author's: the request may call them otherwise.

Bad:

```yaml
toolrun: 1
tools:
  get_item:
    description: Returns one item of an order with its price and state.
    params:
      id: { type: string, description: The item's id }
      order_id: { type: string, description: The order's id }
    url: https://shop.example/orders/{{ order_id }}/items/{{ id }}
```

Good:

```yaml
toolrun: 1
tools:
  get_item:
    description: Returns one item of an order with its price and state.
    params:
      item_id: { type: string, description: The item's id }
      order_id: { type: string, description: The order's id }
    url: https://shop.example/orders/{{ order_id }}/items/{{ item_id }}
```
"#,
    check,
};

/// Words that say the same of a whole number.
const COUNTS: &[&str] = &[
    "count",
    "limit",
    "max",
    "max_results",
    "page_size",
    "pagesize",
    "per_page",
    "size",
    "top",
];

/// Words that say where a time begins, and where it ends.
const STARTS: &[&str] = &[
    "after",
    "begin",
    "date_from",
    "from",
    "from_date",
    "since",
    "start",
    "start_date",
];
const ENDS: &[&str] = &["before", "date_to", "end", "end_date", "to", "to_date", "until"];

/// Letters that are names.
const LETTERS: &[&str] = &["n", "q", "x", "y", "z"];

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for subject in subjects(checked) {
        let asked: Vec<&ParamDecl<'_>> = subject.asked().collect();
        for param in &asked {
            letter(param, findings);
        }
        let pairs = [
            bare_id(&asked),
            without_id(&asked),
            same_but_number(&asked),
            synonyms(&asked, COUNTS, |param| param.is(ParamKind::Integer)),
            synonyms(&asked, STARTS, is_time),
            synonyms(&asked, ENDS, is_time),
        ];
        for (one, other, help) in pairs.into_iter().flatten() {
            flag(&subject, one, other, help, findings);
        }
    }
}

type Pair<'a> = (&'a ParamDecl<'a>, &'a ParamDecl<'a>, &'static str);

fn flag(
    subject: &Subject<'_>,
    one: &ParamDecl<'_>,
    other: &ParamDecl<'_>,
    help: &str,
    findings: &mut Findings<'_>,
) {
    let (tool, one_name, other_name) = (subject.name.as_str(), one.name.as_str(), other.name.as_str());
    findings
        .flag(
            one.name.span(),
            format!("a model mixes up `{one_name}` and `{other_name}` of `{tool}`"),
        )
        .context(other.name.span(), "the other stands here")
        .help(help);
}

fn letter(param: &ParamDecl<'_>, findings: &mut Findings<'_>) {
    let name = param.name.as_str();
    if name.len() == 1 && !LETTERS.contains(&name) {
        findings
            .flag(param.name.span(), format!("`{name}` says nothing of its value"))
            .help("give it a name that does; the request may go on calling it by its letter");
    }
}

/// `id` beside the id of something else.
fn bare_id<'a>(params: &[&'a ParamDecl<'a>]) -> Option<Pair<'a>> {
    let bare = params.iter().find(|param| param.name.as_str() == "id")?;
    let named = params.iter().find(|param| param.name.as_str().ends_with("_id"))?;
    Some((
        bare,
        named,
        "say in the name of what it is the id, as in `item_id`",
    ))
}

/// `user` beside `user_id`.
fn without_id<'a>(params: &[&'a ParamDecl<'a>]) -> Option<Pair<'a>> {
    let names: HashMap<&str, &'a ParamDecl<'a>> =
        params.iter().map(|param| (param.name.as_str(), *param)).collect();
    params.iter().find_map(|param| {
        let stem = param.name.as_str().strip_suffix("_id")?;
        let other = names.get(stem)?;
        let is_text = other.is_free_text() || other.is(ParamKind::Integer);
        is_text.then_some((
            *other,
            *param,
            "say in both names what they hold, as in `user_name` and `user_id`, or keep one of them",
        ))
    })
}

/// `order` beside `orders`, `color` beside `colour`.
fn same_but_number<'a>(params: &[&'a ParamDecl<'a>]) -> Option<Pair<'a>> {
    let mut seen: HashMap<String, &'a ParamDecl<'a>> = HashMap::new();
    params.iter().find_map(|param| {
        let words: Vec<String> = param
            .tokens()
            .iter()
            .map(|word| singular(word).replace("our", "or"))
            .collect();
        let first = seen.insert(words.join(" "), param)?;
        Some((
            *param,
            first,
            "give them names that differ in what they mean, or keep one of them",
        ))
    })
}

/// Two words for the same.
fn synonyms<'a>(
    params: &[&'a ParamDecl<'a>],
    names: &[&str],
    fits: fn(&ParamDecl<'_>) -> bool,
) -> Option<Pair<'a>> {
    let mut found = params
        .iter()
        .filter(|param| names.contains(&param.name.as_str()) && fits(param));
    let (first, second) = (found.next()?, found.next()?);
    Some((
        *second,
        *first,
        "keep one of them, or say in both names of what, as in `placed_since` and `paid_since`",
    ))
}

/// Whether a text is a day or a point in time.
fn is_time(param: &ParamDecl<'_>) -> bool {
    let format = param
        .keyword("format")
        .and_then(|entry| crate::lint::subject::scalar(&entry.value));
    format.is_some_and(|format| ["date", "date-time"].contains(&format.as_str()))
}

#[cfg(test)]
mod tests {
    use crate::{ReadInclude, load};

    struct NoFiles;
    impl ReadInclude for NoFiles {
        fn read(&self, _: &str, _: &str) -> Result<(String, String), String> {
            Err("no files here".to_owned())
        }
    }

    #[test]
    fn pairs_are_told_from_names_that_belong_together() {
        for (params, expected) in [
            ("id order_id", 1),
            ("user user_id", 1),
            ("order orders", 1),
            ("color colour", 1),
            ("count=integer limit=integer", 1),
            ("from=date since=date", 1),
            ("from since", 0),
            ("from to", 0),
            ("order_id item_id", 0),
            ("width height", 0),
            ("address1 address2", 0),
            ("user_name user_id", 0),
            ("k", 1),
            ("x y q", 0),
        ] {
            let mut declared = String::new();
            let mut query = String::new();
            for param in params.split(' ') {
                let (name, kind) = param.split_once('=').unwrap_or((param, "string"));
                let kind = if kind == "date" {
                    "string, format: date"
                } else {
                    kind
                };
                declared += &format!("      {name}: {{ type: {kind}, description: What is wanted there }}\n");
                query += &format!("&{name}={{{{ {name} }}}}");
            }
            let text = format!(
                "toolrun: 1\ntools:\n  a_tool:\n    description: Returns what is wanted there.\n    params:\n{declared}    url: https://a.example/?b=c{query}\n"
            );
            let found = load("test.yaml", text.clone(), &NoFiles).diagnostics;
            let count = found
                .iter()
                .filter(|found| found.code == super::RULE.name)
                .count();
            assert_eq!(count, expected, "{text}{found:?}");
        }
    }
}
