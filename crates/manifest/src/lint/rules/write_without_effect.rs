//! Flags writing methods whose effect is not said.

use crate::checked::Method;
use crate::diagnostic::{Edit, Safety};
use crate::lint::calls::{Deed, deed};
use crate::lint::{Checked, Findings, Group, Level, Rule};
use crate::source::Span;

pub(crate) const RULE: Rule = Rule {
    name: "write-without-effect",
    group: Group::Safety,
    level: Level::Warn,
    docs: r#"Flags a POST, PUT, PATCH or DELETE without `effect`.

Without it the tool counts as `write` and asks each time, also when it is a search by POST; and what cannot be taken back is not marked `destructive`.

Bad:

```yaml
toolrun: 1
tools:
  search_orders:
    description: Searches the shop's orders by any of their fields.
    params:
      words: { type: string, description: What to search for }
    method: POST
    url: https://shop.example/orders/search
    body: { json: { q: "{{ words }}" } }
```

Good:

```yaml
toolrun: 1
tools:
  search_orders:
    description: Searches the shop's orders by any of their fields.
    params:
      words: { type: string, description: What to search for }
    method: POST
    effect: read
    url: https://shop.example/orders/search
    body: { json: { q: "{{ words }}" } }
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for tool in checked.world.files.iter().flat_map(|file| &file.decl.tools) {
        let Some(method) = tool.method else { continue };
        if tool.effect.is_some() || matches!(method.value, Method::Get | Method::Head | Method::Options) {
            continue;
        }
        let name = method.value.as_str();
        let message = format!(
            "tool `{}` is a {name} and does not say its effect",
            tool.name.as_str()
        );
        let diagnostic = findings.flag(method.span, message);
        diagnostic.help("add `effect: write`, `effect: destructive` if it cannot be taken back, or `effect: read` for a search");
        let text = &checked.sources.get(method.span.source).text;
        if let Some(indent) = block_indent(text, method.span.start) {
            let at = Span {
                start: method.span.end,
                ..method.span
            };
            let (effect, title) = match deed(tool.name.as_str()) {
                Some((_, Deed::Final)) => ("destructive", "say that it cannot be taken back"),
                _ => ("write", "say that it writes"),
            };
            let edits = vec![Edit {
                span: at,
                text: format!("\n{indent}effect: {effect}"),
            }];
            diagnostic.fixes(title, Safety::Unsafe, edits);
        }
    }
}

/// The indentation of a `method:` that has its line for itself.
pub(super) fn block_indent(text: &str, value: usize) -> Option<&str> {
    let start = text[..value].rfind('\n').map_or(0, |newline| newline + 1);
    let line = &text[start..value];
    let indent = &line[..line.len() - line.trim_start().len()];
    line.trim().eq("method:").then_some(indent)
}
