//! Flags writes that would be done twice by trying again.

use std::collections::HashMap;

use super::write_without_effect::block_indent;
use crate::checked::{Effect, HttpEndpoint, Method};
use crate::decl::body::BodyKind;
use crate::diagnostic::{Diagnostic, Edit, Safety};
use crate::lint::written::Written;
use crate::lint::{Checked, Findings, Group, Level, Rule};
use crate::node::{Kind, Node};
use crate::source::Span;

pub(crate) const RULE: Rule = Rule {
    name: "write-without-idempotency-key",
    group: Group::Safety,
    level: Level::Warn,
    docs: r#"Flags a POST or PATCH without `Idempotency-Key: "{{ call.id }}"` where it is missed: at a `destructive` tool, at one that asks for `retries`, and beside tools of the same api that send one; and a key that is the same for every call.

When the answer is lost, nobody knows whether the money moved. With a key that belongs to the call the request is sent again and done once. Without one toolrun sends a write only once, whatever `retries` says. If the API has no such header and doing it twice does no harm, write `idempotent: true`; if it does, `idempotent: false`.

Bad:

```yaml
toolrun: 1
tools:
  refund_order:
    description: Pays back a whole order. The money moves at once and cannot be taken back.
    params:
      order_id: { type: string, pattern: "^o_[0-9]+$", description: Which order }
    method: POST
    url: https://shop.example/orders/{{ order_id }}/refunds
    effect: destructive
    rate_limit: 1/m
```

Good:

```yaml
toolrun: 1
tools:
  refund_order:
    description: Pays back a whole order. The money moves at once and cannot be taken back.
    params:
      order_id: { type: string, pattern: "^o_[0-9]+$", description: Which order }
    method: POST
    url: https://shop.example/orders/{{ order_id }}/refunds
    headers: { Idempotency-Key: "{{ call.id }}" }
    effect: destructive
    rate_limit: 1/m
```

Bad:

```yaml
toolrun: 1
tools:
  create_order:
    description: Orders one article for a customer, to be paid later.
    params:
      article: { type: string, pattern: "^a_[0-9]+$", description: Which article }
    method: POST
    url: https://shop.example/orders
    headers: { Idempotency-Key: order }
    body: { json: { article: "{{ article }}" } }
    effect: write
```

Good:

```yaml
toolrun: 1
tools:
  create_order:
    description: Orders one article for a customer, to be paid later.
    params:
      article: { type: string, pattern: "^a_[0-9]+$", description: Which article }
    method: POST
    url: https://shop.example/orders
    headers: { Idempotency-Key: "{{ call.id }}" }
    body: { json: { article: "{{ article }}" } }
    effect: write
```
"#,
    check,
};

const HEADER: &str = "idempotency-key";

const KEY: &str = "\"{{ call.id }}\"";

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    let tools = checked.tools();
    let keyed: HashMap<&str, Span> = tools
        .iter()
        .filter(|written| written.http().is_some_and(is_keyed))
        .filter_map(|written| Some((written.tool.policy.api.as_deref()?, written.tool.span)))
        .collect();
    for written in &tools {
        let Some(http) = written.http() else { continue };
        constant_key(written, findings);
        let writes =
            matches!(http.method, Method::Post | Method::Patch) && written.tool.effect != Effect::Read;
        let has_key = http
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(HEADER));
        if !writes || has_key || written.decl.idempotent.is_some() || names_the_call(written) {
            continue;
        }
        let Some(method) = written.decl.method else {
            continue;
        };
        let name = &written.tool.name;
        let api = written.tool.policy.api.as_deref().unwrap_or_default();
        let diagnostic = if written.tool.effect == Effect::Destructive {
            let message = format!(
                "tool `{name}` cannot be taken back, and a lost answer leaves open whether it was done"
            );
            findings.flag(method.span, message)
        } else if written.decl.policy.retries.is_some_and(|retries| retries > 0) {
            let message = format!(
                "`retries` does nothing at tool `{name}`: a write that could be done twice is sent once"
            );
            findings.flag(method.span, message)
        } else if let Some(other) = keyed.get(api) {
            let message =
                format!("tool `{name}` sends no `Idempotency-Key`, though its api knows that header");
            findings
                .flag(method.span, message)
                .context(*other, "this one sends it")
        } else {
            continue;
        };
        diagnostic.help("if the API knows the header, add `headers: { Idempotency-Key: \"{{ call.id }}\" }`; if not, say `idempotent: true` or `idempotent: false`");
        add_key(checked, written, method.span, diagnostic);
    }
}

/// A key that does not change makes every call but the first a repetition.
fn constant_key(written: &Written<'_>, findings: &mut Findings<'_>) {
    let api = written.api.iter().flat_map(|api| &api.policy.headers);
    for (name, value) in written.decl.policy.headers.iter().chain(api) {
        let is_key = name.as_str().eq_ignore_ascii_case(HEADER);
        if is_key && !value.as_str().contains("{{") && !value.as_str().is_empty() {
            findings
                .flag(value.span(), "every call has the same `Idempotency-Key`")
                .help("write `\"{{ call.id }}\"`: with a key that does not change, the server takes every call for the first one")
                .fix("use the call's id", Safety::Unsafe, value.span(), KEY);
        }
    }
}

fn is_keyed(http: &HttpEndpoint) -> bool {
    let mut headers = http.headers.iter();
    headers.any(|(name, value)| name.eq_ignore_ascii_case(HEADER) && value.is_call_id())
}

/// Whether the id of the call goes another way, such as a field of the body.
fn names_the_call(written: &Written<'_>) -> bool {
    let api = written.api.iter().flat_map(|api| &api.policy.headers);
    let in_headers = written.decl.policy.headers.iter().chain(api);
    let in_body = match written.decl.body.as_ref().map(|body| &body.kind) {
        Some(BodyKind::Json(node) | BodyKind::Form(node) | BodyKind::Multipart(node)) => holds(node),
        _ => false,
    };
    let in_url = written
        .decl
        .url
        .is_some_and(|url| url.as_str().contains("call.id"));
    in_body
        || in_url
        || in_headers
            .into_iter()
            .any(|(_, value)| value.as_str().contains("call.id"))
}

fn holds(node: &Node) -> bool {
    match &node.kind {
        Kind::Scalar(text) => text.as_str().contains("call.id"),
        Kind::List(items) => items.iter().any(holds),
        Kind::Map(entries) => entries.iter().any(|entry| holds(&entry.value)),
        Kind::Invalid => false,
    }
}

/// Writes the header below a `method:` that has a line for itself.
fn add_key(checked: &Checked<'_>, written: &Written<'_>, method: Span, diagnostic: &mut Diagnostic) {
    let text = &checked.sources.get(method.source).text;
    if !written.decl.policy.headers.is_empty() {
        return;
    }
    if let Some(indent) = block_indent(text, method.start) {
        let edit = Edit {
            span: Span {
                start: method.end,
                ..method
            },
            text: format!("\n{indent}headers: {{ Idempotency-Key: {KEY} }}"),
        };
        diagnostic.fixes("send the call's id as its key", Safety::Unsafe, vec![edit]);
    }
}
