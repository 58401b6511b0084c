//! Texts with a cursor, `‸`, and what is offered there.

use proptest::prelude::*;

use super::{Described, complete, describe};

const TOP: &str = "\
toolrun: 1
secrets: { SHOP_KEY: env, OTHER: env }
vars: { lang: { default: en } }
apis:
  shop: { base_url: https://shop.example }
tools:
  find_orders:
    api: shop
    description: Lists orders.
    params:
      email: { type: string, description: The address }
      limit: { type: integer }
    url: /orders?email={{ email }}
";

/// The labels offered at the cursor of a text that follows [`TOP`].
fn offered(rest: &str) -> Vec<String> {
    let whole = format!("{TOP}{rest}");
    let at = whole.find('‸').expect("a cursor");
    let text = whole.replacen('‸', "", 1);
    complete(&text, at, &[])
        .into_iter()
        .map(|found| found.label)
        .collect()
}

#[track_caller]
fn case(rest: &str, among: &[&str], not: &[&str]) {
    let found = offered(rest);
    for name in among {
        assert!(
            found.iter().any(|label| label == name),
            "no `{name}` at {rest:?}: {found:?}"
        );
    }
    for name in not {
        assert!(
            !found.iter().any(|label| label == name),
            "`{name}` at {rest:?}: {found:?}"
        );
    }
}

#[track_caller]
fn exactly(rest: &str, expected: &[&str]) {
    assert_eq!(offered(rest), expected, "at {rest:?}");
}

#[test]
fn keys_are_offered_where_their_mapping_stands() {
    case(
        "‸",
        &["agent", "workflows", "lints"],
        &["tools", "url", "toolrun"],
    );
    case("a‸", &["agent"], &["apis"]);
    case(
        "  refund:\n    de‸",
        &["description", "defer", "url", "timeout"],
        &["base_url"],
    );
    case("  refund:\n    ‸", &["description", "url"], &["steps"]);
    case("  refund:\n    de‸\n    url: /x\n", &["description"], &["url"]);
    case(
        "  refund:\n    url: /x\n    ‸\n    method: GET\n",
        &["description"],
        &["url", "method"],
    );
    case(
        "  refund:\n    description: x\n\n    ‸\n\n  other:\n    url: /y\n",
        &["url"],
        &["description"],
    );
    case(
        "  refund:\n    body:\n      ‸",
        &["json", "form", "text"],
        &["url"],
    );
    case(
        "  refund:\n    params:\n      id:\n        ‸",
        &["type", "enum", "minLength"],
        &["url"],
    );
    case(
        "  refund:\n    params:\n      id: { ‸ }",
        &["type", "optional"],
        &["params"],
    );
    case(
        "  refund:\n    params:\n      id: { type: string, ‸ }",
        &["optional"],
        &["type"],
    );
    case(
        "  refund:\n    params:\n      id: { type: string, opt‸",
        &["optional"],
        &["type"],
    );
    case(
        "  refund:\n    params:\n      ids: { type: array, items: { ‸ } }",
        &["type"],
        &["optional", "items"],
    );
    case("  refund:\n    auth: { ‸ }", &["bearer", "oauth2"], &["url"]);
    case("  refund:\n    auth:\n      ‸", &["bearer"], &["url"]);
    case(
        "  refund:\n    paginate: { next: link, ‸",
        &["pages", "items"],
        &["next"],
    );
    case("agent:\n  ‸", &["model", "limits"], &["turns"]);
    case("agent:\n  limits: { ‸", &["turns", "cost"], &["model"]);
    case(
        "workflows:\n  w:\n    steps:\n      - ‸",
        &["id", "call"],
        &["url"],
    );
    case(
        "workflows:\n  w:\n    steps:\n      - id: a\n        ‸",
        &["call", "with"],
        &["id"],
    );
    case(
        "workflows:\n  w:\n    steps:\n    - id: a\n      ‸",
        &["call"],
        &["id"],
    );
    case(
        "tests:\n  - name: a\n    expect:\n      ‸",
        &["calls", "answer"],
        &["name"],
    );
    case("lints:\n  ‸", &["plain-http"], &["warn"]);
}

#[test]
fn a_name_of_the_authors_own_is_not_guessed() {
    exactly("  refund:\n    params:\n      ‸", &[]);
    exactly("  ‸", &[]);
    exactly("# a comment ‸\n", &[]);
    exactly("  refund:\n    description: Refunds ‸", &[]);
    exactly("  refund:\n    description: |\n      de‸\n", &[]);
    exactly("  refund:\n    headers: { ‸ }", &[]);
}

#[test]
fn values_are_offered_where_they_are_few() {
    exactly("  refund:\n    effect: ‸", &["read", "write", "destructive"]);
    exactly("  refund:\n    effect:‸", &["read", "write", "destructive"]);
    exactly(
        "  refund:\n    effect: wr‸\n    url: /x\n",
        &["read", "write", "destructive"],
    );
    case("  refund:\n    method: ‸", &["GET", "DELETE"], &["get"]);
    case(
        "  refund:\n    params:\n      id: { type: ‸ }",
        &["string", "file"],
        &[],
    );
    case("  refund:\n    params:\n      id: { type: st‸", &["string"], &[]);
    case(
        "  refund:\n    params:\n      id: { format: \"da‸\" }",
        &["date", "email"],
        &[],
    );
    exactly("  refund:\n    api: ‸", &["shop"]);
    exactly("  refund:\n    auth: ‸", &["none"]);
    exactly("  refund:\n    auth: { bearer: ‸ }", &["SHOP_KEY", "OTHER"]);
    exactly(
        "  refund:\n    auth:\n      header:\n        secret: ‸",
        &["SHOP_KEY", "OTHER"],
    );
    exactly("agent:\n  tools: [ ‸ ]\n", &["find_orders"]);
    exactly("agent:\n  tools: [ find_orders, ‸", &["find_orders"]);
    exactly("agent:\n  tools:\n    - ‸\n", &["find_orders"]);
    exactly(
        "workflows:\n  w:\n    steps:\n      - id: a\n        call: ‸",
        &["find_orders", "w"],
    );
    exactly(
        "workflows:\n  w:\n    steps:\n      - { id: a, call: find_orders, with: { ‸ } }",
        &["email", "limit"],
    );
    exactly(
        "workflows:\n  w:\n    steps:\n      - { id: a }\n      - { id: b, after: ‸ }",
        &["a", "b"],
    );
    exactly("lints: { plain-http: ‸ }", &["allow", "warn", "deny"]);
    exactly("  refund:\n    idempotent: ‸", &["true", "false"]);
}

#[test]
fn templates_see_what_their_place_has() {
    let tool = "  refund:\n    params:\n      id: { type: string, description: The id }\n";
    case(
        &format!("{tool}    url: /o/{{{{ ‸ }}}}"),
        &["id", "vars.lang", "call.id", "now"],
        &["secrets.OTHER", "response.body", "email"],
    );
    case(
        &format!("{tool}    url: /o?key={{{{ ‸"),
        &["id", "secrets.OTHER"],
        &[],
    );
    case(
        &format!("{tool}    headers: {{ X-Key: \"{{{{ sec‸ }}}}\" }}"),
        &["secrets.SHOP_KEY", "id"],
        &[],
    );
    case(
        &format!("{tool}    body:\n      json: {{ a: [ \"{{{{ ‸ }}}}\" ] }}"),
        &["id", "now"],
        &["secrets.OTHER"],
    );
    case(
        &format!("{tool}    error_if: \"{{{{ resp‸ }}}}\""),
        &["response.body", "id"],
        &["result"],
    );
    case(
        &format!("{tool}    result:\n      template: |\n        {{% if ‸ %}}"),
        &["result", "response.status"],
        &[],
    );
    case(
        &format!("{tool}    url: /o/{{{{ id | ‸ }}}}"),
        &["upper", "default", "round"],
        &["id"],
    );
    case(
        "agent:\n  instructions: Today is {{ ‸ }}.",
        &["now", "vars.lang"],
        &["call.id", "email"],
    );
    case(
        "workflows:\n  w:\n    params: { a: { type: string } }\n    steps:\n      - { id: one, call: find_orders }\n      - id: two\n        when: \"{{ ‸ }}\"",
        &["a", "one", "now"],
        &["email", "secrets.OTHER"],
    );
    exactly(&format!("{tool}    description: Of {{{{ ‸ }}}}"), &[]);
    exactly(&format!("{tool}    url: /o/{{{{ id }}}}‸"), &[]);
}

#[test]
fn what_is_typed_is_replaced_whole() {
    let edit = |rest: &str, label: &str| {
        let whole = format!("{TOP}{rest}");
        let at = whole.find('‸').expect("a cursor");
        let text = whole.replacen('‸', "", 1);
        let found = complete(&text, at, &[])
            .into_iter()
            .find(|found| found.label == label)
            .expect("offered");
        let mut text = text;
        text.replace_range(found.range, &found.insert);
        text[TOP.len()..].to_owned()
    };
    for (rest, label, expected) in [
        ("  r:\n    de‸", "description", "  r:\n    description: "),
        ("  r:\n    de‸scr: x", "description", "  r:\n    description: x"),
        ("  r:\n    ‸", "body", "  r:\n    body:"),
        ("  r: { ‸ }", "body", "  r: { body:  }"),
        ("  r:\n    effect:‸", "read", "  r:\n    effect: read"),
        (
            "  r:\n    effect: w‸ri # x",
            "write",
            "  r:\n    effect: write # x",
        ),
        (
            "  r:\n    url: /{{ va‸rs.la }}",
            "vars.lang",
            "  r:\n    url: /{{ vars.lang }}",
        ),
        ("  r:\n    url: \"/{{ ‸", "now", "  r:\n    url: \"/{{ now"),
        (
            "  r:\n    de‸\n    foo\n",
            "description",
            "  r:\n    description: \n    foo\n",
        ),
        (
            "  r:\n    foo\n    de‸\n",
            "description",
            "  r:\n    foo\n    description: \n",
        ),
    ] {
        assert_eq!(edit(rest, label), expected);
    }
}

#[test]
fn included_files_lend_their_names() {
    let other = "toolrun: 1\ntools:\n  get_rate:\n    description: Rates.\nsecrets: { RATE_KEY: env }\n";
    let text = "toolrun: 1\nagent: { tools: [  ] }\n";
    let at = text.find("[ ").expect("a list") + 2;
    let found: Vec<_> = complete(text, at, &[other])
        .into_iter()
        .map(|found| found.label)
        .collect();
    assert_eq!(found, ["get_rate"]);
}

#[test]
fn words_are_described() {
    let at = |rest: &str| {
        let whole = format!("{TOP}{rest}");
        let at = whole.find('‸').expect("a cursor");
        describe(&whole.replacen('‸', "", 1), at).map(|found| found.what)
    };
    let Some(Described::Key { name, docs }) = at("  r:\n    meth‸od: GET\n") else {
        panic!("a key");
    };
    assert_eq!(name, "method");
    assert!(
        docs.contains("GET when absent") && docs.contains("`GET`"),
        "{docs}"
    );
    assert_eq!(
        at("  re‸fund:\n    url: /x\n"),
        Some(Described::Callable("refund".into()))
    );
    assert_eq!(
        at("agent: { tools: [ find‸_orders ] }"),
        Some(Described::Callable("find_orders".into()))
    );
    assert_eq!(
        at("  r:\n    params:\n      i‸d: { type: string }\n"),
        Some(Described::Param {
            owner: "r".into(),
            name: "id".into()
        })
    );
    assert!(matches!(
        at("lints: { plain-‸http: warn }"),
        Some(Described::Lint(_))
    ));
    for nothing in [
        "  r:\n    x-o‸wn: 1\n",
        "  r:\n    description: so‸me\n",
        "‸\n",
        "# com‸ment\n",
    ] {
        assert_eq!(at(nothing), None, "{nothing:?}");
    }
}

/// Every cut of a whole manifest is read to its end, with the cursor at every place of it.
#[test]
fn no_text_is_too_broken() {
    let text = format!("{TOP}workflows: {{ w: [ 'a, {{{{ \n  - - x: |\n y\n\t- {{\n? a\n: b\n\"");
    for end in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
        let cut = &text[..end];
        complete(cut, end, &[]);
        complete(&text, end, &[]);
        describe(&text, end);
        let crlf = cut.replace('\n', "\r\n");
        complete(&crlf, crlf.len(), &[]);
    }
}

#[test]
fn lines_of_windows_are_lines() {
    let text = format!("{TOP}  r:\n    effect: ").replace('\n', "\r\n");
    let found: Vec<_> = complete(&text, text.len(), &[])
        .into_iter()
        .map(|found| found.label)
        .collect();
    assert_eq!(found, ["read", "write", "destructive"]);
    let text = format!("{TOP}  r:\n    de\n    url: /x\n").replace('\n', "\r\n");
    let at = text.find("    de\r").expect("a key") + 6;
    let found = complete(&text, at, &[]);
    let description = found
        .iter()
        .find(|found| found.label == "description")
        .expect("offered");
    assert_eq!(&text[description.range.clone()], "de");
}

/// What texts are broken with.
const PARTS: &[&str] = &[
    "\n",
    "\n  ",
    "\n    ",
    "\n      - ",
    "\n  - ",
    "- ",
    ": ",
    ":",
    "{",
    "}",
    "[",
    "]",
    ", ",
    "{{ ",
    " }}",
    "{% ",
    " | ",
    "\"",
    "'",
    "\\",
    "#",
    " #",
    "|\n",
    ">-\n",
    "&a ",
    "*a",
    "!t ",
    "? ",
    "---\n",
    "\t",
    "\r\n",
    "\r",
    "é",
    "\u{F8FF}",
    "tools",
    "workflows",
    "steps",
    "params",
    "type",
    "url",
    "call",
    "with",
    "tests",
    "lints",
    "auth",
    "x-a",
    "a",
    "1",
];

proptest! {
    /// Whatever stands in a text and wherever the cursor is: reading ends, and an edit lies in the cursor's line.
    #[test]
    fn any_text_can_be_completed(
        parts in prop::collection::vec(prop::sample::select(PARTS), 0..60),
        head in any::<bool>(),
        at in any::<prop::sample::Index>(),
    ) {
        let text = format!("{}{}", if head { TOP } else { "" }, parts.concat());
        let at = text.floor_char_boundary(at.index(text.len() + 1));
        for found in complete(&text, at, &[&text]) {
            prop_assert!(found.range.start <= at && at <= found.range.end, "{:?} at {}", found, at);
            prop_assert!(!text[found.range.clone()].contains(['\n', '\r']), "{:?}", found);
            prop_assert!(!found.insert.contains(super::MARK), "{:?}", found);
        }
        describe(&text, at);
    }
}

/// Texts that would take for ever if anything were read again and again.
#[test]
fn long_texts_are_read_once() {
    for part in [
        "\n", "{", "[", "- ", "\"", "'", "a: ", "{ a: \n", "{{", "}}", "{{ }}", ":", "a:\n ", "# x\n",
        "\"\\", "[\n", "|\n",
    ] {
        let text = format!("{TOP}  r: {{ {}", part.repeat((1 << 20) / part.len()));
        complete(&text, text.len(), &[]);
    }
}
