//! Flags query pairs that are sent twice.

use std::collections::HashMap;

use crate::lint::{Checked, Findings, Group, Level, Rule};
use crate::source::Span;
use crate::text::Text;

pub(crate) const RULE: Rule = Rule {
    name: "query-repeated",
    group: Group::Request,
    level: Level::Warn,
    docs: r#"Flags a query key that stands in the `url` and also under `query:` of the tool or its api.

`query:` adds to the pairs of the url and replaces none, so the key is sent twice, and which of the two counts is up to the server. An array param repeats its key by itself.

Bad:

```yaml
toolrun: 1
apis:
  shop: { base_url: https://shop.example, query: { limit: "100" } }
tools:
  list_orders:
    api: shop
    description: Lists the newest orders of the shop.
    url: /orders?limit=20
```

Good:

```yaml
toolrun: 1
apis:
  shop: { base_url: https://shop.example }
tools:
  list_orders:
    api: shop
    description: Lists the newest orders of the shop.
    url: /orders?limit=20
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for tool in checked.world.files.iter().flat_map(|file| &file.decl.tools) {
        let Some(url) = tool.url else { continue };
        let api = tool.api.and_then(|name| checked.world.apis.get(name.as_str()));
        let own = &tool.policy.query;
        let inherited = api.iter().flat_map(|api| &api.policy.query);
        let added: HashMap<&str, Span> = inherited
            .chain(own)
            .map(|(name, _)| (name.as_str(), name.span()))
            .collect();
        if added.is_empty() {
            continue;
        }
        for (key, at) in keys(url) {
            let Some(other) = added.get(key) else { continue };
            findings
                .flag(at, format!("the query key `{key}` is sent twice"))
                .context(*other, "it is added here as well")
                .help("remove one of them: `query:` adds pairs to those of the url");
        }
    }
}

/// The keys of a url's query and their places.
fn keys(url: &Text) -> Vec<(&str, Span)> {
    let text = url.as_str();
    let Some(query) = text.find('?') else {
        return Vec::new();
    };
    let mut at = query + 1;
    let mut found = Vec::new();
    for pair in text[at..].split('&') {
        if let Some((key, _)) = pair.split_once('=')
            && !key.is_empty()
            && !key.contains(['{', '}'])
        {
            found.push((key, url.span_of(at..at + key.len())));
        }
        at += pair.len() + 1;
    }
    found
}
