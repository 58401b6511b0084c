//! Flags what looks like a real key, token or password.

use crate::decl::policy::PolicyDecl;
use crate::lint::{Checked, Findings, Level, Rule};
use crate::source::Span;
use crate::text::Text;

pub(crate) const RULE: Rule = Rule {
    name: "secret-in-file",
    level: Level::Deny,
    docs: r#"Flags values that look like keys: known shapes anywhere in the file, comments included, and random-looking texts in headers and query pairs that carry credentials.

A key in a manifest is a key in the history of the repository. Names of secrets stand in manifests, values never.

Bad:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders
    headers: { X-Api-Key: 7f3k9q2mxv8r41tz0pwy }
```

Good:

```yaml
toolrun: 1
secrets: { SHOP_KEY: env }
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders
    auth: { header: { name: X-Api-Key, secret: SHOP_KEY } }
```
"#,
    check,
};

/// Beginnings of keys, and how many characters follow at least.
const SHAPES: &[(&str, usize)] = &[
    ("AIza", 30),
    ("AKIA", 16),
    ("ASIA", 16),
    ("eyJhbGciOi", 20),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghs_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("gsk_", 20),
    ("hf_", 20),
    ("npm_", 30),
    ("pk_live_", 16),
    ("rk_live_", 16),
    ("sk-", 20),
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("xoxa-", 16),
    ("xoxb-", 16),
    ("xoxp-", 16),
    ("Bearer ", 16),
    ("Basic ", 16),
];

/// Parts of names of headers and query pairs that carry credentials.
const CARRIERS: &[&str] = &[
    "apikey",
    "accesskey",
    "accesstoken",
    "appid",
    "auth",
    "authorization",
    "key",
    "password",
    "secret",
    "token",
];

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    let mut found: Vec<Span> = Vec::new();
    for (source, text) in checked.sources.iter() {
        for (start, end) in known_shapes(&text.text) {
            found.push(Span { source, start, end });
        }
    }
    for file in checked.world.files {
        for api in &file.decl.apis {
            found.extend(carried(&api.policy));
        }
        for tool in &file.decl.tools {
            found.extend(carried(&tool.policy));
            found.extend(tool.url.into_iter().flat_map(in_query));
        }
    }
    found.sort();
    let mut end = None;
    for span in found {
        if end.is_some_and(|(source, end)| source == span.source && span.start < end) {
            continue;
        }
        end = Some((span.source, span.end));
        findings
            .flag(span, "this looks like a real key, token or password")
            .help("replace it at its provider; declare a name, as in `secrets: { SHOP_KEY: env }`, and use that: `auth: { bearer: SHOP_KEY }`, or `{{ secrets.SHOP_KEY }}` in a header or query value");
    }
}

/// Known shapes of keys anywhere in a text.
fn known_shapes(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (prefix, least) in SHAPES {
        for (at, _) in text.match_indices(prefix) {
            if text[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/')) {
                continue;
            }
            let rest = &text[at + prefix.len()..];
            let body = rest
                .split(|c: char| !(c.is_ascii_alphanumeric() || "-_.=+/~".contains(c)))
                .next()
                .unwrap_or_default();
            if body.len() >= *least && looks_random(body) {
                found.push((at, at + prefix.len() + body.len()));
            }
        }
    }
    found.extend(text.match_indices("-----BEGIN ").filter_map(|(at, _)| {
        let line = text[at..].lines().next()?;
        line.contains("PRIVATE KEY")
            .then(|| (at, at + line.trim_end().len()))
    }));
    found
}

/// Random-looking literals in headers and query pairs of credentials.
fn carried(policy: &PolicyDecl<'_>) -> Vec<Span> {
    let pairs = policy.headers.iter().chain(&policy.query);
    pairs
        .filter(|(name, value)| is_carrier(name.as_str()) && !value.as_str().contains("{{"))
        .filter(|(_, value)| {
            let last = value.as_str().rsplit(' ').next().unwrap_or_default();
            last.len() >= 12 && looks_random(last)
        })
        .map(|(_, value)| value.span())
        .collect()
}

/// `?api_key=…` written out in a url.
fn in_query(url: &Text) -> Vec<Span> {
    let text = url.as_str();
    let Some(query) = text.find('?') else {
        return Vec::new();
    };
    let mut at = query + 1;
    let mut found = Vec::new();
    for pair in text[query + 1..].split('&') {
        if let Some((name, value)) = pair.split_once('=')
            && is_carrier(name)
            && !value.contains("{{")
            && value.len() >= 12
            && looks_random(value)
        {
            let start = at + name.len() + 1;
            found.push(url.span_of(start..start + value.len()));
        }
        at += pair.len() + 1;
    }
    found
}

fn is_carrier(name: &str) -> bool {
    let flat: String = name
        .to_lowercase()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .collect();
    CARRIERS.iter().any(|carrier| flat.ends_with(carrier))
}

/// Letters and digits mixed, many different ones: no words, no placeholder.
fn looks_random(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let mut seen: Vec<u8> = text.bytes().collect();
    seen.sort_unstable();
    seen.dedup();
    digits >= 2 && letters >= 2 && seen.len() >= 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_of_keys_are_found_and_placeholders_are_not() {
        for (text, expected) in [
            ("key: sk-proj-a8Kd92LmQ0xZ7vB3nR5t", true),
            ("# old: ghp_1a2B3c4D5e6F7g8H9i0JkLmNoP", true),
            ("id: AKIA5QX7T2M9KZ4W8RBD", true),
            ("Authorization: Bearer 8f14e45fceea167a5a36", true),
            ("-----BEGIN RSA PRIVATE KEY-----", true),
            ("key: sk-YOUR-API-KEY-GOES-HERE-PLEASE", false),
            ("a task-management-system-of-2026-and-later", false),
            ("auth: { bearer: SHOP_KEY }", false),
            ("Authorization: \"Bearer {{ secrets.SHOP_KEY }}\"", false),
            ("Bearer token authentication is used here", false),
        ] {
            assert_eq!(!known_shapes(text).is_empty(), expected, "{text}");
        }
    }
}
