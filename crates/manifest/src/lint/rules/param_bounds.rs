//! Flags bounds that are known and not written.

use crate::checked::ParamKind;
use crate::decl::param::ParamDecl;
use crate::diagnostic::Safety;
use crate::lint::subject::{scalar, subjects};
use crate::lint::{Checked, Findings, Group, Level, Rule, insert};
use crate::text::Text;

pub(crate) const RULE: Rule = Rule {
    name: "param-bounds",
    group: Group::Params,
    level: Level::Warn,
    docs: r#"Flags a number whose description says bounds, as in "1 to 100" or "at most 50", that `minimum` and `maximum` do not say, and a latitude, longitude, month or port without them.

Words are advice. With bounds a value outside of them is refused before anything is sent, and the model is told which are allowed.

Bad:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the shop's orders, newest first.
    params:
      limit: { type: integer, default: 20, description: "How many orders at most (1-100)" }
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

/// Bounds that hold for a name.
const KNOWN: &[(&[&str], i32, i32)] = &[
    (&["lat", "latitude"], -90, 90),
    (&["lon", "lng", "longitude"], -180, 180),
    (&["month"], 1, 12),
    (&["port"], 1, 65535),
];

const LOW: &[&str] = &["minimum", "exclusiveMinimum"];
const HIGH: &[&str] = &["maximum", "exclusiveMaximum"];

/// What is said of the least and the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Bounds {
    low: Option<i32>,
    high: Option<i32>,
}

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for param in subjects(checked).flat_map(|subject| subject.asked()) {
        if !(param.is(ParamKind::Integer) || param.is(ParamKind::Number)) || param.allowed.is_some() {
            continue;
        }
        let text = param.description.map_or("", Text::as_str);
        let told = told(text);
        let bounds = if told == Bounds::default() {
            known(param)
        } else {
            told
        };
        if !contradicts(param, told, findings) {
            missing(param, bounds, told != Bounds::default(), checked, findings);
        }
    }
}

/// Tells bounds of which no keyword says anything.
fn missing(
    param: &ParamDecl<'_>,
    bounds: Bounds,
    told: bool,
    checked: &Checked<'_>,
    findings: &mut Findings<'_>,
) {
    let lacks = |names: &[&str]| names.iter().all(|name| param.keyword(name).is_none());
    let low = bounds.low.filter(|_| lacks(LOW));
    let high = bounds.high.filter(|_| lacks(HIGH));
    let written: Vec<String> = [("minimum", low), ("maximum", high)]
        .into_iter()
        .filter_map(|(name, bound)| Some(format!("{name}: {}", bound?)))
        .collect();
    if written.is_empty() {
        return;
    }
    let written = written.join(", ");
    let name = param.name.as_str();
    let message = if told {
        format!("the bounds of `{name}` stand in words alone")
    } else {
        format!("`{name}` has bounds that are known, and takes any number")
    };
    let span = param
        .description
        .filter(|_| told)
        .map_or(param.name.span(), Text::span);
    let diagnostic = findings.flag(span, message);
    diagnostic.help(format!("add `{written}`"));
    let mut edits = Vec::new();
    for (name, bound) in [("minimum", low), ("maximum", high)] {
        if let Some(bound) = bound {
            edits.extend(insert::keyword(
                param,
                &format!("{name}: {bound}"),
                checked.sources,
            ));
        }
    }
    // Both stand at one place: they are one edit.
    if let Some((first, rest)) = edits.split_first().filter(|_| param.examples.is_none()) {
        let mut edit = first.clone();
        rest.iter().for_each(|more| edit.text.push_str(&more.text));
        diagnostic.fixes("write the bounds as keywords", Safety::Unsafe, vec![edit]);
    }
}

/// Tells a bound or default that is not the one in words.
fn contradicts(param: &ParamDecl<'_>, told: Bounds, findings: &mut Findings<'_>) -> bool {
    let number = |text: Option<&Text>| text.and_then(|text| text.as_str().parse::<i32>().ok());
    let name = param.name.as_str();
    for (keyword, said) in [("minimum", told.low), ("maximum", told.high)] {
        let Some(entry) = param.keyword(keyword) else {
            continue;
        };
        let written = number(scalar(&entry.value));
        if let (Some(said), Some(written)) = (said, written)
            && said != written
        {
            findings
                .flag(
                    entry.value.span,
                    format!("`{keyword}` of `{name}` is {written}, and {said} in words"),
                )
                .help("say it in the keyword alone: a model sees it");
            return true;
        }
    }
    let Some(entry) = param.default else { return false };
    let Some(default) = scalar(&entry.value).and_then(|text| text.as_str().parse::<f64>().ok()) else {
        return false;
    };
    let outside = told.low.is_some_and(|low| default < f64::from(low))
        || told.high.is_some_and(|high| default > f64::from(high));
    if outside {
        findings
            .flag(
                entry.value.span,
                format!("the default of `{name}` is outside of the bounds that its description says"),
            )
            .help("change the one or the other, and write the bounds as `minimum` and `maximum`");
    }
    outside
}

/// The bounds of a name.
fn known(param: &ParamDecl<'_>) -> Bounds {
    let tokens = param.tokens();
    let last = tokens.last().copied().unwrap_or_default();
    let found = KNOWN.iter().find(|(names, _, _)| names.contains(&last));
    let is_port = last == "port" && !param.is(ParamKind::Integer);
    found
        .filter(|_| !is_port)
        .map_or_else(Bounds::default, |(_, low, high)| Bounds {
            low: Some(*low),
            high: Some(*high),
        })
}

/// Words after a number that make it something else than a bound.
const OTHER: &[&str] = &[
    "character",
    "characters",
    "decimal",
    "decimals",
    "digit",
    "digits",
    "place",
    "places",
];

/// The bounds that a description says.
fn told(text: &str) -> Bounds {
    let lower = text.to_lowercase().replace(['–', '—'], "-");
    let words: Vec<&str> = lower
        .split_whitespace()
        .map(|word| {
            word.trim_matches(|c: char| matches!(c, '(' | ')' | '[' | ']' | ',' | ';' | '.' | ':' | '`'))
        })
        .filter(|word| !word.is_empty())
        .collect();
    let at = |index: usize| words.get(index).copied().unwrap_or_default();
    let number = |index: usize| {
        let other = OTHER.contains(&at(index + 1));
        whole(at(index)).filter(|_| !other)
    };
    let both = |low: i32, high: i32| {
        (low < high).then_some(Bounds {
            low: Some(low),
            high: Some(high),
        })
    };
    let mut bounds = Bounds::default();
    for (index, word) in words.iter().enumerate() {
        if let Some((low, high)) = word.split_once('-')
            && let (Some(low), Some(high)) = (whole(low), whole(high))
            && !OTHER.contains(&at(index + 1))
            && let Some(found) = both(low, high)
        {
            return found;
        }
        let range = match (*word, at(index + 1), at(index + 2)) {
            ("between", _, "and") | ("from", _, "to") => number(index + 1).zip(number(index + 3)),
            (_, "to", _) if index + 3 == words.len() => number(index).zip(number(index + 2)),
            _ => None,
        };
        if let Some(found) = range.and_then(|(low, high)| both(low, high)) {
            return found;
        }
        let pair = (*word, at(index + 1));
        let upper = match pair {
            ("at", "most") | ("up", "to") | ("maximum", "of" | "is") => number(index + 2),
            ("no" | "not", "more") if at(index + 2) == "than" => number(index + 3),
            ("max" | "maximum", _) => number(index + 1),
            _ => None,
        };
        let lower = match pair {
            ("at", "least") | ("minimum", "of" | "is") => number(index + 2),
            ("min" | "minimum", _) => number(index + 1),
            _ => None,
        };
        bounds.low = bounds.low.or(lower);
        bounds.high = bounds.high.or(upper);
    }
    bounds
}

/// A short whole number: a year or a date is none.
fn whole(word: &str) -> Option<i32> {
    let digits = word.len() <= 9 && !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let leading = word.len() > 1 && word.starts_with('0');
    word.parse().ok().filter(|_| digits && !leading)
}

#[cfg(test)]
mod tests {
    use super::{Bounds, told};

    #[test]
    fn bounds_are_read_from_words() {
        let case = |text: &str, low: Option<i32>, high: Option<i32>| {
            assert_eq!(told(text), Bounds { low, high }, "{text}");
        };
        case("How many (1-100)", Some(1), Some(100));
        case("How many, 1 – 100", None, None);
        case("A number between 1 and 5.", Some(1), Some(5));
        case("From 0 to 10, as stars", Some(0), Some(10));
        case("At most 50 orders", None, Some(50));
        case("How many, 1 to 9", Some(1), Some(9));
        case("Sent in 2 to 3 days", None, None);
        case("Max. 50", None, Some(50));
        case("How many, up to 20.", None, Some(20));
        case("No more than 5; at least 1", Some(1), Some(5));
        case("With at most 2 decimals", None, None);
        case("A day such as 2026-01", None, None);
        case("The year, as in 2019-2024", Some(2019), Some(2024));
        case("How many orders at most", None, None);
        case("ISO 8601", None, None);
    }
}
