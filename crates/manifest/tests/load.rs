//! Manifests from the outside: the full example of the language loads, the
//! folder of broken ones yields errors.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use toolrun_manifest::{
    Auth, Diagnostic, Effect, Endpoint, Loaded, RULES, Rate, ReadInclude, Severity, Sources, StatusPattern,
    load,
};

/// Includes from a map of names.
struct Texts(HashMap<String, String>);

impl ReadInclude for Texts {
    fn read(&self, _including: &str, path: &str) -> Result<(String, String), String> {
        self.0
            .get(path)
            .map(|text| (path.to_owned(), text.clone()))
            .ok_or_else(|| "no such file".to_owned())
    }
}

/// Includes from the folder of the broken manifests.
struct Folder(PathBuf);

impl ReadInclude for Folder {
    fn read(&self, _including: &str, path: &str) -> Result<(String, String), String> {
        let text = std::fs::read_to_string(self.0.join(path)).map_err(|_| "no such file".to_owned())?;
        Ok((path.to_owned(), text))
    }
}

fn line(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let span = diagnostic.span();
    let at = sources.position(span);
    let severity = if diagnostic.severity == Severity::Error {
        "error"
    } else {
        "warning"
    };
    format!(
        "{}:{}:{} {severity}[{}] {} <<{}>>{}",
        sources.get(span.source).name,
        at.line,
        at.column,
        diagnostic.code,
        diagnostic.message,
        sources.slice(span).replace('\n', "⏎"),
        diagnostic
            .help
            .as_ref()
            .map(|help| format!(" = {help}"))
            .unwrap_or_default(),
    )
}

fn lines(loaded: &Loaded) -> Vec<String> {
    loaded
        .diagnostics
        .iter()
        .map(|diagnostic| line(diagnostic, &loaded.sources))
        .collect()
}

fn errors(loaded: &Loaded) -> usize {
    loaded
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .count()
}

#[test]
fn the_full_example_loads() {
    let full = include_str!("full.yaml");
    let files = Texts(HashMap::from([(
        "currency.yaml".to_owned(),
        include_str!("currency.yaml").to_owned(),
    )]));
    let loaded = load("shop.yaml", full.to_owned(), &files);
    let lines = lines(&loaded);
    assert!(
        matches!(lines.as_slice(), [one] if one.contains("secret `ERP_TOKEN` is never used")),
        "it shows a second way to find a secret, and uses the first: {lines:?}"
    );
    let manifest = loaded.manifest.expect("no diagnostics");
    let names: Vec<_> = manifest.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["find_orders", "create_refund", "get_exchange_rate"]);
    let refund = manifest.tool("create_refund").expect("listed above");
    assert_eq!((refund.effect, refund.idempotent), (Effect::Destructive, true));
    let Endpoint::Http(http) = &refund.endpoint else {
        panic!("an HTTP tool")
    };
    assert_eq!(http.method.as_str(), "POST");
    assert_eq!(http.headers.len(), 2);
    let features: Vec<_> = manifest
        .not_in_this_build
        .iter()
        .map(|feature| feature.key.as_str())
        .collect();
    assert_eq!(features, ["tests", "tools.find_orders.paginate"]);
    let workflow = manifest.workflow("refund_in_euro").expect("written in shop.yaml");
    assert_eq!(
        (workflow.effect, &workflow.waves),
        (Effect::Destructive, &vec![vec![0], vec![1]])
    );
}

fn load_one(text: &str) -> Loaded {
    load("test.yaml", text.to_owned(), &Texts(HashMap::new()))
}

const SMALL: &str = r#"toolrun: 1
tools:
  find_orders:
    description: Lists the orders of one customer, newest first.
    url: https://shop.example/orders
"#;

#[test]
fn json_line_ends_and_marks_of_other_editors_are_read() {
    let json = r#"{ "toolrun": 1, "tools": { "find_orders": { "description": "Lists the orders of one customer, newest \ud83d\ude00.", "url": "https://shop.example/orders" } } }"#;
    for text in [
        SMALL.to_owned(),
        json.to_owned(),
        format!("\u{feff}{SMALL}"),
        SMALL.replace('\n', "\r\n"),
    ] {
        let loaded = load_one(&text);
        assert_eq!(lines(&loaded), Vec::<String>::new(), "{text}");
        assert_eq!(loaded.manifest.map(|manifest| manifest.tools.len()), Some(1));
    }
}

#[test]
fn anchors_repeat_values_and_extension_keys_are_ignored() {
    let text = r#"toolrun: 1
x-shared: &limit { type: integer, minimum: 1, maximum: 9, description: How many at most }
tools:
  find_orders:
    x-owner: the shop's team
    description: Lists the orders of one customer, newest first.
    params: { limit: *limit, x-note: none }
    url: https://shop.example/orders?limit={{ limit }}
"#;
    let loaded = load_one(text);
    assert_eq!(lines(&loaded), Vec::<String>::new());
}

#[test]
fn a_tool_lays_its_keys_over_those_of_its_api() {
    let text = r#"toolrun: 1
secrets: { SHOP_KEY: env }
apis:
  shop:
    base_url: https://shop.example/v2
    auth: { bearer: SHOP_KEY }
    headers: { Accept: application/json, X-Lang: en }
    timeout: 10s
    rate_limit: 5/s
    errors: { 404: No such order. }
tools:
  find_orders:
    api: shop
    description: Lists the orders of one customer, newest first.
    url: /orders
    auth: none
    headers: { x-lang: de }
    timeout: 1.5s
    errors: { 4xx: Ask again. }
  list_refunds:
    api: shop
    description: Lists the refunds of the last seven days.
    url: /refunds
"#;
    let loaded = load_one(text);
    assert_eq!(lines(&loaded), Vec::<String>::new());
    let manifest = loaded.manifest.expect("no diagnostics");
    let http = |name: &str| match &manifest.tool(name).expect("declared above").endpoint {
        Endpoint::Http(http) => http.clone(),
        Endpoint::Mcp(_) => panic!("an HTTP tool"),
    };
    let headers = |name: &str| {
        let http = http(name);
        http.headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.text()))
            .collect::<Vec<_>>()
    };
    assert_eq!(headers("find_orders"), ["Accept: application/json", "x-lang: de"]);
    assert_eq!(
        headers("list_refunds"),
        ["Accept: application/json", "X-Lang: en"]
    );
    assert!(matches!(http("find_orders").auth, Auth::None));
    assert!(matches!(http("list_refunds").auth, Auth::Bearer { .. }));
    let find = manifest.tool("find_orders").expect("declared above");
    assert_eq!(find.policy.timeout, Duration::from_millis(1500));
    assert_eq!(
        find.policy.rate_limit,
        Some(Rate {
            count: 5,
            per: Duration::from_secs(1)
        })
    );
    assert_eq!((find.policy.retries, find.policy.concurrency), (2, 4));
    assert_eq!(find.errors, [(StatusPattern::Class(4), "Ask again.".to_owned())]);
}

#[test]
fn includes_are_read_once_and_see_each_other() {
    let main = r#"toolrun: 1
include: [ api.yaml, more.yaml ]
vars: { lang: { default: en } }
agent: { tools: [ list_refunds ] }
tools:
  find_orders:
    api: shop
    description: Lists the orders of one customer, newest first.
    url: /orders
"#;
    let api = r#"toolrun: 1
agent: { tools: [ ignored_here ] }
vars: { lang: { default: en } }
apis: { shop: { base_url: "https://shop.example/{{ vars.lang }}" } }
"#;
    let more = r#"toolrun: 1
include: api.yaml
tools:
  list_refunds:
    api: shop
    description: Lists the refunds of the last seven days.
    url: /refunds
"#;
    let texts = [("api.yaml", api), ("more.yaml", more)];
    let files = Texts(
        texts
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .collect(),
    );
    let loaded = load("main.yaml", main.to_owned(), &files);
    assert_eq!(lines(&loaded), Vec::<String>::new());
    assert_eq!(loaded.sources.iter().count(), 3);
    let manifest = loaded.manifest.expect("no diagnostics");
    assert_eq!((manifest.tools.len(), manifest.vars.len()), (2, 1));
}

#[test]
fn what_has_no_room_yet_is_listed_with_its_tool() {
    let text = r#"toolrun: 1
secrets: { SECRET: env }
mcp: { tracker: { command: [tracker-mcp] } }
apis:
  shop:
    base_url: https://shop.example
    auth: { oauth2: { token_url: "https://shop.example/token", client_id: a, client_secret: SECRET } }
tools:
  find_orders:
    api: shop
    description: Lists the orders of one customer, newest first.
    url: /orders
  search_issues:
    description: Searches the issues of the tracker for words.
    mcp: { server: tracker, tool: searchIssues }
  send_receipt:
    description: Sends a scanned receipt to the book-keeping.
    params: { scan: { type: file, description: The scanned receipt } }
    method: POST
    effect: write
    url: https://books.example/receipts
    body: { multipart: { file: "{{ scan }}" } }
"#;
    let loaded = load_one(text);
    assert_eq!(lines(&loaded), Vec::<String>::new());
    let manifest = loaded.manifest.expect("no diagnostics");
    let features: Vec<_> = manifest
        .not_in_this_build
        .iter()
        .map(|feature| (feature.key.as_str(), feature.tool.as_deref()))
        .collect();
    assert_eq!(
        features,
        [("mcp", None), ("tools.search_issues.mcp", Some("search_issues")),]
    );
}

#[test]
fn one_mistake_is_told_once() {
    for (what, text) in [
        ("a broken tool is still a name", SMALL.replace("    url", "    uri").replace("toolrun: 1", "toolrun: 1\nagent: { tools: [find_orders] }")),
        ("a broken param is still a name", SMALL.replace("orders\n", "orders?q={{ q }}\n").replace("    url", "    params: { q: { type: strin, description: What to look for } }\n    url")),
        ("a missing include may hold any name", SMALL.replace("toolrun: 1", "toolrun: 1\ninclude: [gone.yaml]").replace("    url: https://shop.example", "    api: shop\n    url: ")),
        ("a misspelt required key is not missing too", SMALL.replace("description", "descripton")),
        ("params in the words of others are params", SMALL.replace("orders\n", "orders?q={{ q }}\n    parameters: { q: { type: string, description: What to look for } }\n")),
        ("params as a list are names", SMALL.replace("orders\n", "orders?q={{ q }}\n    params: [{ name: q, in: query }]\n")),
        ("the properties of a schema are params", SMALL.replace("orders\n", "orders?q={{ q }}\n    params: { type: object, properties: { q: { type: string, description: What to look for } }, required: [q] }\n")),
        ("secrets as a list are names", SMALL.replace("orders\n", "orders\n    auth: { bearer: SHOP_KEY }\nsecrets: [SHOP_KEY]\n")),
        ("a body without its kind", SMALL.replace("orders\n", "orders\n    method: POST\n    effect: write\n    body: { a: 1, b: 2 }\n")),
        ("credentials by type", SMALL.replace("orders\n", "orders\n    auth: { type: bearer, token: KEY }\n")),
        ("a broken base_url is told once for all tools", format!("{SMALL}    api: shop\n  list_refunds:\n    api: shop\n    description: Lists the refunds of the last seven days.\n    url: /refunds\napis: {{ shop: {{ base_url: \"ftp://shop.example\" }} }}\n").replace("url: https://shop.example/orders", "url: /orders")),
    ] {
        let loaded = load_one(&text);
        assert_eq!(errors(&loaded), 1, "{what}: {:#?}", lines(&loaded));
    }
}

#[test]
fn what_stands_behind_a_misspelt_key_is_checked_too() {
    for (key, expected) in [
        ("method: FETCH", 1),
        ("metod: FETCH", 2),
        ("Method: FETCH", 2),
        ("verb: FETCH", 2),
        ("colour: FETCH", 1),
    ] {
        let loaded = load_one(&SMALL.replace("    url", &format!("    {key}\n    url")));
        assert_eq!(errors(&loaded), expected, "{key}: {:#?}", lines(&loaded));
    }
}

#[test]
fn what_is_sent_as_it_stands_and_hardly_meant_is_warned_of() {
    for (value, expected) in [
        ("Bearer $SHOP_KEY", &["literal-slot"][..]),
        ("Bearer ${SHOP_KEY}", &["env-syntax"]),
        ("'{% if a %}b{% endif %}'", &["literal-slot"]),
        ("US$ 5", &[]),
        ("$5", &[]),
        ("a${b}", &[]),
    ] {
        let text = SMALL.replace(
            "orders\n",
            &format!("orders\n    headers: {{ X-A: {value:?} }}\n"),
        );
        let found = load_one(&text).diagnostics;
        let codes: Vec<_> = found.iter().map(|found| found.code).collect();
        assert_eq!(codes, expected, "{value}");
    }
}

/// Broken only in a schema, or against one: schemas are compiled elsewhere.
const BY_THE_VALIDATOR: &[&str] = &[
    "beginner-output-schema.yaml",
    "beginner-pattern.yaml",
    "beginner-schema-typo.yaml",
    "workflow-literals.yaml",
];

/// Not broken, but hardly meant.
const WARNED: &[&str] = &[
    "beginner-template-in-description.yaml",
    "lints-of-an-import.yaml",
    "lints-of-cost.yaml",
    "lints-of-money.yaml",
    "lints-of-poison.yaml",
    "lints-of-requests.yaml",
    "lints-of-safety.yaml",
    "lints-of-workflows.yaml",
    "lints-that-are-allowed.yaml",
    "oauth2-over-plain-http.yaml",
];

#[test]
fn broken_manifests_yield_errors() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/check");
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder is part of the repository")
        .map(|entry| {
            entry
                .expect("a readable folder")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name.ends_with(".yaml") && !name.starts_with('_'))
        .collect();
    names.sort();
    assert!(names.len() > 70, "{} broken manifests", names.len());
    let mut wrong = Vec::new();
    let mut told = Vec::new();
    for name in names {
        let text = std::fs::read_to_string(folder.join(&name)).expect("a readable file");
        let loaded = load(&name, text, &Folder(folder.clone()));
        let lines = lines(&loaded);
        told.extend(lines);
        let count = errors(&loaded);
        let expected = if name.starts_with("five-") {
            5
        } else {
            count.max(1)
        };
        let right = if BY_THE_VALIDATOR.contains(&&*name) {
            count == 0
        } else if WARNED.contains(&&*name) {
            count == 0 && !loaded.diagnostics.is_empty()
        } else {
            count == expected && loaded.manifest.is_none()
        };
        if !right {
            wrong.push(format!("{name}: {count} errors"));
        }
    }
    // For proof-reading: every message beside the text it points at.
    let list = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("broken-manifests.txt");
    std::fs::write(list, told.join("\n")).expect("a writable folder");
    assert_eq!(wrong, Vec::<String>::new());
}

/// The text with a fix applied.
fn mended(text: &str, diagnostic: &Diagnostic) -> Option<String> {
    let mut edits = diagnostic.fix.as_ref()?.edits.clone();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span));
    let mut text = text.to_owned();
    for edit in edits {
        text.replace_range(edit.span.range(), &edit.text);
    }
    Some(text)
}

#[test]
fn every_fix_mends_what_it_belongs_to() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/check");
    let broken = std::fs::read_dir(&folder)
        .expect("the folder is part of the repository")
        .map(|entry| {
            std::fs::read_to_string(entry.expect("a readable folder").path()).expect("a readable file")
        });
    let lints = RULES.iter().filter_map(|rule| {
        let (_, bad) = rule.docs.split_once("```yaml\n")?;
        bad.split("```").next().map(str::to_owned)
    });
    let mut mended_codes = Vec::new();
    for text in broken.chain(lints) {
        let before = load("test.yaml", text.clone(), &Folder(folder.clone()));
        let main = before.sources.iter().next().expect("the file itself").0;
        for diagnostic in before
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.span().source == main)
        {
            let Some(text) = mended(&text, diagnostic) else {
                continue;
            };
            let after = load("test.yaml", text.clone(), &Folder(folder.clone()));
            let same =
                |other: &&Diagnostic| (other.code, &other.message) == (diagnostic.code, &diagnostic.message);
            let count = |loaded: &Loaded| loaded.diagnostics.iter().filter(same).count();
            assert!(count(&after) < count(&before), "{diagnostic:?}\n{text}");
            assert!(errors(&after) <= errors(&before), "{diagnostic:?}\n{text}");
            // Each lint has examples that prove its fix.
            if RULES.iter().all(|rule| rule.name != diagnostic.code) {
                mended_codes.push(diagnostic.code);
            }
        }
    }
    mended_codes.sort_unstable();
    mended_codes.dedup();
    assert_eq!(
        mended_codes,
        [
            "bare-key",
            "missing-key",
            "syntax",
            "unknown-filter",
            "unknown-key",
            "unknown-name",
            "unquoted-template",
            "version",
            "wrong-type",
            "wrong-value"
        ]
    );
}
