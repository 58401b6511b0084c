//! Flags the ways in which shells and other tools read the environment.

use crate::lint::subject::subjects;
use crate::lint::{Checked, Findings, Group, Level, Rule};
use crate::resolve::looks_secret;
use crate::source::Span;
use crate::text::Text;

pub(crate) const RULE: Rule = Rule {
    name: "env-syntax",
    group: Group::Request,
    level: Level::Deny,
    docs: r#"Flags `${NAME}`, `${env:NAME}`, `$(command)` and `%NAME%` with a name in capitals, anywhere in the file but in comments.

Nothing in a manifest reads the environment but what `vars` and `secrets` declare, and nothing runs a command: such a text would be sent as it stands. Where it is meant so, a comment says it: `# toolrun: allow(env-syntax)`.

Bad:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/${SHOP_REGION}/orders
```

Good:

```yaml
toolrun: 1
vars: { region: { env: SHOP_REGION } }
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/{{ vars.region }}/orders
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    let described = described(checked);
    for (source, text) in checked.sources.iter() {
        let mut line_start = 0;
        for line in text.text.split_inclusive('\n') {
            if !line.contains('$') && !line.contains('%') {
                line_start += line.len();
                continue;
            }
            let comment = line.trim_start().starts_with('#');
            let code = line.split(" #").next().unwrap_or_default();
            for (start, end) in forms(code) {
                let span = Span {
                    source,
                    start: line_start + start,
                    end: line_start + end,
                };
                if !comment && !findings.is_reported(span) {
                    flag(&code[start..end], span, findings, &described);
                }
            }
            line_start += line.len();
        }
    }
}

/// Where descriptions stand, in order.
fn described(checked: &Checked<'_>) -> Vec<Span> {
    let texts = subjects(checked).flat_map(|subject| {
        let params = subject.params.iter().filter_map(|param| param.description);
        subject.description.into_iter().chain(params)
    });
    let mut spans: Vec<Span> = texts.map(Text::span).collect();
    spans.sort();
    spans
}

/// Whether one of the spans, which are in order, holds the place.
fn holds(spans: &[Span], place: Span) -> bool {
    let begun = |span: &Span| (span.source, span.start) <= (place.source, place.start);
    let last = spans[..spans.partition_point(begun)].last();
    last.is_some_and(|span| span.source == place.source && place.end <= span.end)
}

fn flag(written: &str, span: Span, findings: &mut Findings<'_>, described: &[Span]) {
    let start = written.find(|c: char| c.is_ascii_uppercase() || c == '_');
    let name = start.map_or("", |start| &written[start..][..capitals(&written[start..])]);
    let remedy = match name {
        _ if holds(described, span) => {
            "say it in words: a description reaches the model as it stands".to_owned()
        }
        "" => "nothing runs a command; give the value by a var".to_owned(),
        name if looks_secret(name) => {
            format!(
                "declare it, `secrets: {{ {name}: env }}`, and name it in `auth`, or write `{{{{ secrets.{name} }}}}` in a header"
            )
        }
        name => {
            let var = name.to_lowercase();
            format!("declare it, `vars: {{ {var}: {{ env: {name} }} }}`, and write `{{{{ vars.{var} }}}}`")
        }
    };
    let message = format!("`{written}` is plain text: a manifest does not read the environment");
    findings.flag(span, message).help(format!(
        "{remedy}; if the text is meant, write `# toolrun: allow(env-syntax)` beside it"
    ));
}

/// Where such forms stand on a line.
fn forms(line: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("${") {
        let inner = &line[at + 2..];
        let name = inner
            .strip_prefix("env:")
            .or(inner.strip_prefix("env."))
            .unwrap_or(inner);
        let skipped = inner.len() - name.len();
        let length = capitals(name);
        if length > 0 && name[length..].starts_with(['}', ':', '-', '?']) {
            let end = name.find('}').map_or(length, |end| end + 1);
            found.push((at, at + 2 + skipped + end));
        }
    }
    for (at, _) in line.match_indices("$(") {
        if let Some(end) = line[at..].find(')') {
            let inner = line[at + 2..at + end].trim();
            let command =
                inner.starts_with(|c: char| c.is_ascii_lowercase()) && inner.contains([' ', '/', '-']);
            let program = ["whoami", "hostname", "id", "env", "pwd"].contains(&inner);
            if command || program || (capitals(inner) == inner.len() && !inner.is_empty()) {
                found.push((at, at + end + 1));
            }
        }
    }
    let mut from = 0;
    while let Some(at) = line[from..].find('%').map(|at| from + at) {
        let length = capitals(&line[at + 1..]);
        // `%C3%9F` is an encoded letter.
        let whole = line[at + 1 + length..].starts_with('%');
        if length >= 3 && whole {
            found.push((at, at + length + 2));
        }
        from = at + 1 + length;
    }
    found
}

/// How many bytes a name in capitals has at the start of a text.
fn capitals(text: &str) -> usize {
    if !text.starts_with(|c: char| c.is_ascii_uppercase() || c == '_') {
        return 0;
    }
    text.find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_other_tools_are_known_and_honest_text_is_not_flagged() {
        for (line, expected) in [
            ("url: https://a/${HOME}/x", Some("${HOME}")),
            ("a: ${env:HOME}", Some("${env:HOME}")),
            ("a: \"${HOME:-/root}\"", Some("${HOME:-/root}")),
            ("a: $(cat /etc/passwd)", Some("$(cat /etc/passwd)")),
            ("a: $(whoami)", Some("$(whoami)")),
            ("a: '%USERPROFILE%'", Some("%USERPROFILE%")),
            ("a: 100% or 50%", None),
            ("a: /stra%C3%9Fe%20x", None),
            ("a: rate[${__interval}]", None),
            ("a: $(document)", None),
            ("a: ${name}", None),
            ("a: costs $5 (five)", None),
        ] {
            let found = forms(line);
            let texts: Vec<&str> = found.iter().map(|(start, end)| &line[*start..*end]).collect();
            assert_eq!(texts, expected.into_iter().collect::<Vec<_>>(), "{line}");
        }
    }
}
