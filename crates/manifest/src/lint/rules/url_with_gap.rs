//! Flags empty pairs in the query of a URL.

use crate::diagnostic::Safety;
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "url-with-gap",
    group: Group::Request,
    level: Level::Warn,
    docs: r#"Flags a `?` or `&` in a url with no pair behind it.

It is left over from a pair that was removed or forgotten, and it is sent as it stands: some servers answer 400, and caches take the URL for another one.

Bad:

```yaml
toolrun: 1
tools:
  find_orders:
    description: Lists a customer's orders, newest first.
    params:
      email: { type: string, format: email, description: The customer's e-mail address }
    url: https://shop.example/orders?email={{ email }}&
```

Good:

```yaml
toolrun: 1
tools:
  find_orders:
    description: Lists a customer's orders, newest first.
    params:
      email: { type: string, format: email, description: The customer's e-mail address }
    url: https://shop.example/orders?email={{ email }}
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for tool in checked.world.files.iter().flat_map(|file| &file.decl.tools) {
        let Some(url) = tool.url else { continue };
        for (at, mark) in gaps(url.as_str()) {
            let span = url.span_of(at..at + 1);
            if findings.is_reported(span) {
                continue;
            }
            findings
                .flag(span, format!("no pair follows this `{mark}`"))
                .help("remove it, or write the pair that is missing")
                .fix("remove it", Safety::Unsafe, span, "");
        }
    }
}

/// The separators that could go, and where they stand.
fn gaps(url: &str) -> Vec<(usize, char)> {
    let bytes = url.as_bytes();
    let mut found = Vec::new();
    let (mut depth, mut in_query) = (0usize, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b'?' | b'&' if depth == 0 => {
                let separates = *byte == b'?' && !in_query || *byte == b'&' && in_query;
                in_query |= *byte == b'?';
                let next = bytes.get(at + 1).copied();
                // Of `?&` the second goes, so that the query keeps its `?`.
                let before = at.checked_sub(1).map(|at| bytes[at]);
                let repeated = *byte == b'&' && matches!(before, Some(b'?' | b'&'));
                if separates && (next.is_none() || repeated) {
                    found.push((at, char::from(*byte)));
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::gaps;

    #[test]
    fn a_separator_without_a_pair_is_a_gap() {
        for (url, expected) in [
            ("/a?", vec![2]),
            ("/a?b=1&", vec![6]),
            ("/a?&b=1", vec![3]),
            ("/a?b=1&&c=2", vec![7]),
            ("/a?b=1&c=2", vec![]),
            ("/a?flag&c={{ x }}", vec![]),
            ("/a?b={{ 'x&&' }}", vec![]),
            ("/a&&b", vec![]),
            ("&b=1", vec![]),
            ("?&", vec![1]),
        ] {
            let found: Vec<usize> = gaps(url).into_iter().map(|(at, _)| at).collect();
            assert_eq!(found, expected, "{url}");
        }
    }
}
