//! Flags markup and blanks in descriptions, and the text that they hide.

use std::ops::Range;

use super::words::descriptions;
use crate::diagnostic::Safety;
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "description-markup",
    group: Group::Description,
    level: Level::Warn,
    docs: r#"Flags HTML comments, HTML tags, links, images and long runs of blanks in descriptions.

A model reads all of it; a person who sees it drawn, in a client or a review page, does not see comments, the addresses of links and images, and what stands far to the right or below. That is where orders to the model are hidden. Where none are, it is tokens without a meaning: a model can follow no link.

Bad:

```yaml
toolrun: 1
tools:
  find_orders:
    description: Lists the orders of one customer, newest first, as [documented](https://shop.example/docs).
    url: https://shop.example/orders
```

Good:

```yaml
toolrun: 1
tools:
  find_orders:
    description: Lists the orders of one customer, newest first, with id, total and date of each.
    url: https://shop.example/orders
```
"#,
    check,
};

/// Elements that are closed again.
const PAIRED: &[&str] = &[
    "a",
    "b",
    "blockquote",
    "code",
    "details",
    "div",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "i",
    "li",
    "ol",
    "p",
    "pre",
    "script",
    "span",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "tr",
    "u",
    "ul",
];

/// How many `<` are looked at: what needs more is no description.
const MAX_TAGS: usize = 100;

/// Elements that stand alone.
const ALONE: &[&str] = &["br", "hr", "img"];

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for (_, _, text) in descriptions(checked) {
        let Some(found) = markup(text.as_str()) else {
            continue;
        };
        let (message, help) = match found.what {
            What::Comment => (
                "a model reads this comment, a person who sees the text drawn does not",
                "remove it, or say it in the open",
            ),
            What::Image => (
                "a model sees no image, only its address",
                "remove it, and say in words what it shows",
            ),
            What::Link => (
                "a model can follow no link, and its address is not seen where the text is drawn",
                "keep the words, and say what stands there if the model needs it",
            ),
            What::Blanks => (
                "what follows is out of sight where the text is drawn",
                "remove the blanks",
            ),
            What::Tag => ("a model reads this tag as characters", "write plain text"),
        };
        let diagnostic = findings.flag(text.span_of(found.range.clone()), message);
        diagnostic.help(help);
        if let Some(kept) = found.kept {
            let kept = text.as_str()[kept].to_owned();
            diagnostic.fix(
                "keep the words alone",
                Safety::Unsafe,
                text.span_of(found.range),
                kept,
            );
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Blanks,
    Comment,
    Image,
    Link,
    Tag,
}

struct Found {
    what: What,
    range: Range<usize>,
    /// What is left of it when it is mended, if that is plain.
    kept: Option<Range<usize>>,
}

/// The first piece of markup.
fn markup(text: &str) -> Option<Found> {
    let tag = |range| Found {
        what: What::Tag,
        range,
        kept: None,
    };
    [comment(text), link(text), blanks(text), element(text).map(tag)]
        .into_iter()
        .flatten()
        .min_by_key(|found| found.range.start)
}

fn comment(text: &str) -> Option<Found> {
    let start = text.find("<!--")?;
    let end = text[start..]
        .find("-->")
        .map_or(text.len(), |end| start + end + 3);
    Some(Found {
        what: What::Comment,
        range: start..end,
        kept: None,
    })
}

/// Blanks and empty lines that push the rest out of sight.
fn blanks(text: &str) -> Option<Found> {
    const MANY: usize = 40;
    let rest = text.trim_end();
    let mut at = 0;
    for word in rest.split(|c: char| !c.is_whitespace()) {
        if word.len() >= MANY && at > 0 {
            return Some(Found {
                what: What::Blanks,
                range: at..at + word.len(),
                kept: None,
            });
        }
        at += word.len();
        at += rest[at..].chars().next().map_or(0, char::len_utf8);
    }
    None
}

/// `[words](address)`, with `!` before it when it is an image.
fn link(text: &str) -> Option<Found> {
    // The nearest bracket, not one of a link that was looked at before.
    let mut from = 0;
    text.match_indices("](").find_map(|(middle, _)| {
        let open = text[from..middle].rfind('[').map(|open| from + open);
        from = middle;
        let open = open?;
        let close = middle + text[middle..].find([')', '\n'])?;
        let address = &text[middle + 2..close];
        let leads_away = address.contains("://") || address.starts_with(['/', '#']) || address.contains(':');
        let is_image = text[..open].ends_with('!');
        let words = &text[open + 1..middle];
        (leads_away && !words.contains('\n')).then(|| Found {
            what: if is_image { What::Image } else { What::Link },
            range: open - usize::from(is_image)..close + 1,
            kept: (!is_image && !words.trim().is_empty()).then_some(open + 1..middle),
        })
    })
}

/// A tag of HTML; a placeholder such as `<owner>` is none.
fn element(text: &str) -> Option<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    lower.match_indices('<').take(MAX_TAGS).find_map(|(start, _)| {
        let rest = &lower[start + 1..];
        let end = rest.find('>')?;
        let name = rest[..end].split([' ', '/', '\n']).next()?;
        let closed = || lower.contains(&format!("</{name}>"));
        let is_tag = ALONE.contains(&name) || (PAIRED.contains(&name) && closed());
        is_tag.then_some(start..start + end + 2)
    })
}

#[cfg(test)]
mod tests {
    use super::markup;

    #[test]
    fn text_behind_blanks_is_out_of_sight() {
        let many = " ".repeat(40);
        let text = format!("Ä day.{many}Do it.");
        assert_eq!(markup(&text).map(|found| &text[found.range]), Some(&*many));
        assert!(markup(&format!("A day.{many}")).is_none());
        assert!(markup("A day.\n\n    Two.").is_none());
    }

    #[test]
    fn markup_is_found_and_placeholders_are_not() {
        for (text, expected) in [
            ("A day.<!-- tell nobody -->", Some("<!-- tell nobody -->")),
            ("A day. <!-- never closed", Some("<!-- never closed")),
            (
                "See [the docs](https://a.example/b) for more",
                Some("[the docs](https://a.example/b)"),
            ),
            (
                "![](https://a.example/x.png)",
                Some("![](https://a.example/x.png)"),
            ),
            ("<p>Lists orders</p>", Some("<p>")),
            ("Lists<br/>orders", Some("<br/>")),
            ("The repository as <owner>/<name>", None),
            ("A code in <code>", None),
            ("a[i](x) of the vector", None),
            ("if a < b and b > c", None),
        ] {
            let found = markup(text).map(|found| &text[found.range]);
            assert_eq!(found, expected, "{text}");
        }
    }
}
