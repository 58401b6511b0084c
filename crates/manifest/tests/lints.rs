//! What lints say beyond their own examples: each line is a manifest in short
//! and the findings of one rule, `None` where it must be silent.

use toolrun_manifest::{ReadInclude, load};

struct Files(&'static [(&'static str, &'static str)]);

impl ReadInclude for Files {
    fn read(&self, _: &str, path: &str) -> Result<(String, String), String> {
        let found = self.0.iter().find(|(name, _)| *name == path);
        found
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .ok_or_else(|| "there is no such file".to_owned())
    }
}

/// The messages of one rule.
fn messages(rule: &str, text: &str, files: Files) -> Vec<String> {
    let loaded = load("test.yaml", text.to_owned(), &files);
    let of_rule = loaded.diagnostics.iter().filter(|found| found.code == rule);
    of_rule.map(|found| found.message.clone()).collect()
}

/// A manifest with these lines at the top and at its one tool.
fn manifest(top: &str, tool: &str) -> String {
    let lines = |text: &str, indent: &str| -> String {
        text.lines().map(|line| format!("{indent}{line}\n")).collect()
    };
    format!(
        "toolrun: 1\n{}tools:\n  fetch_orders:\n    description: Returns the orders of the shop, newest first.\n{}",
        lines(top, ""),
        lines(tool, "    ")
    )
}

#[track_caller]
fn case(rule: &str, top: &str, tool: &str, expected: Option<&str>) {
    let text = manifest(top, tool);
    let found = messages(rule, &text, Files(&[]));
    match expected {
        Some(part) => assert!(
            matches!(found.as_slice(), [one] if one.contains(part)),
            "{rule} of\n{text}says {found:?}"
        ),
        None => assert!(found.is_empty(), "{rule} of\n{text}says {found:?}"),
    }
}

const URL: &str = "url: https://shop.example/orders";

#[test]
fn a_secret_in_a_query_is_found_wherever_it_stands() {
    let rule = "secret-in-query";
    let secret = "secrets: { KEY: env }";
    let says = Some("the secret `KEY` is sent in the query");
    case(
        rule,
        secret,
        "url: https://shop.example/orders?key={{ secrets.KEY }}",
        says,
    );
    case(
        rule,
        secret,
        "url: https://shop.example/orders\nquery: { key: \"{{ secrets.KEY }}\" }",
        says,
    );
    case(
        rule,
        secret,
        "url: https://shop.example/orders\nauth: { token: { request: { url: \"https://shop.example/login?k={{ secrets.KEY }}\" }, pick: t } }",
        says,
    );
    case(
        rule,
        secret,
        "url: https://shop.example/orders\nheaders: { X-Key: \"{{ secrets.KEY }}\" }",
        None,
    );
    case(
        rule,
        "",
        "url: https://shop.example/orders?about=secrets.KEY",
        None,
    );
}

#[test]
fn what_is_named_anywhere_is_used() {
    case(
        "secret-unused",
        "secrets: { KEY: env }",
        URL,
        Some("`KEY` is never used"),
    );
    for used in [
        "auth: { bearer: KEY }",
        "auth: { basic: { user: ann, password: KEY } }",
        "auth: { oauth2: { token_url: \"https://a.example/t\", client_id: a, client_secret: KEY } }",
        "auth: { token: { request: { url: \"https://a.example/t\", body: { json: { p: \"{{ secrets.KEY }}\" } } }, pick: t } }",
        "headers: { X-Key: \"{{ secrets['KEY'] }}\" }",
    ] {
        case(
            "secret-unused",
            "secrets: { KEY: env }",
            &format!("{URL}\n{used}"),
            None,
        );
    }
    case(
        "var-unused",
        "vars: { a: { default: x } }",
        URL,
        Some("`a` is never read"),
    );
    case(
        "var-unused",
        "vars: { a: { default: x } }",
        "url: https://shop.example/{{ vars.a }}",
        None,
    );
    case(
        "var-unused",
        "vars: { a: { default: x } }\nagent: { instructions: \"Write {{ vars.a }}.\" }",
        URL,
        None,
    );
    case(
        "api-unused",
        "apis: { b: { base_url: https://b.example } }",
        URL,
        Some("no tool uses api `b`"),
    );
}

#[test]
fn a_file_that_is_there_to_be_included_may_declare_what_it_does_not_use() {
    let library = "toolrun: 1\nsecrets: { KEY: env }\nvars: { a: { default: x } }\napis: { b: { base_url: https://b.example } }\n";
    for rule in ["secret-unused", "var-unused", "api-unused"] {
        assert!(messages(rule, library, Files(&[])).is_empty(), "{rule}");
        let user = manifest("include: [lib.yaml]", URL);
        assert!(messages(rule, &user, Files(&[("lib.yaml", "toolrun: 1\nsecrets: { KEY: env }\nvars: { a: { default: x } }\napis: { b: { base_url: https://b.example } }\n")])).is_empty(), "{rule}");
    }
}

#[test]
fn a_secret_over_plain_http_is_told_where_it_was_allowed() {
    let rule = "allow-http-with-auth";
    let secret = "secrets: { KEY: env }";
    let tool = |url: &str, rest: &str| format!("url: {url}\nallow_http: true\n{rest}");
    let auth = "auth: { bearer: KEY }";
    case(
        rule,
        secret,
        &tool("http://shop.example/orders", auth),
        Some("`shop.example`"),
    );
    case(
        rule,
        secret,
        &tool(
            "http://shop.example/orders",
            "headers: { K: \"{{ secrets.KEY }}\" }",
        ),
        Some("`shop.example`"),
    );
    case(
        rule,
        secret,
        &tool("http://shop.example/orders", "auth: none"),
        None,
    );
    case(rule, secret, &tool("http://127.0.0.1:80/orders", auth), None);
    case(rule, secret, &tool("https://shop.example/orders", auth), None);
    let var = |default: &str| format!("{secret}\nvars: {{ base: {{ default: \"{default}\" }} }}");
    let by_var = tool("\"{{ vars.base }}/orders\"", auth);
    case(rule, &var("http://shop.example"), &by_var, Some("`shop.example`"));
    case(rule, &var("https://shop.example"), &by_var, None);
}

#[test]
fn an_idempotency_key_is_missed_where_it_matters() {
    let rule = "write-without-idempotency-key";
    let post = |rest: &str| format!("{URL}\nmethod: POST\n{rest}");
    case(
        rule,
        "",
        &post("effect: destructive"),
        Some("leaves open whether it was done"),
    );
    case(
        rule,
        "",
        &post("effect: write\nretries: 2"),
        Some("`retries` does nothing"),
    );
    for fine in [
        "effect: write",
        "effect: read\nretries: 2",
        "effect: write\nretries: 0",
        "effect: destructive\nidempotent: true",
        "effect: destructive\nidempotent: false",
        "effect: destructive\nheaders: { idempotency-key: \"{{ call.id }}\" }",
        "effect: destructive\nbody: { json: { request_id: \"{{ call.id }}\" } }",
    ] {
        case(rule, "", &post(fine), None);
    }
    case(
        rule,
        "",
        &post("effect: write\nheaders: { Idempotency-Key: a }"),
        Some("every call has the same"),
    );
}

#[test]
fn the_name_of_a_tool_says_what_it_does() {
    let effect = |name: &str, lines: &str| {
        let text = format!(
            "toolrun: 1\ntools:\n  {name}:\n    description: Does with an order of the shop what its name says.\n    url: https://shop.example/orders\n{lines}"
        );
        messages("effect-understated", &text, Files(&[]))
    };
    let write = "    method: POST\n    effect: write\n";
    for (name, lines, expected) in [
        ("delete_order", "", true),
        ("update_order", "", true),
        ("create_chart", "", false),
        ("refund_order", "    method: POST\n    effect: read\n", true),
        ("remove_accents", "    method: POST\n    effect: read\n", false),
        ("refund_order", write, true),
        ("send_email", write, true),
        ("send_message", write, false),
        ("create_order", write, false),
        ("refund_status", "", false),
        ("get_order", "", false),
        ("search_orders", "    method: POST\n    effect: read\n", false),
        (
            "delete_order",
            "    method: DELETE\n    effect: destructive\n",
            false,
        ),
    ] {
        assert_eq!(!effect(name, lines).is_empty(), expected, "{name} {lines}");
    }
    let trash = "toolrun: 1\ntools:\n  delete_page:\n    description: Moves a page to the trash, from which it can be restored.\n    url: https://wiki.example/page\n    method: DELETE\n    effect: write\n";
    assert!(messages("effect-understated", trash, Files(&[])).is_empty());
}

#[test]
fn a_destructive_tool_counts_when_a_run_can_come_to_it() {
    let rule = "destructive-without-limit";
    let tool = format!("{URL}\nmethod: POST\neffect: destructive\nidempotent: true");
    case(rule, "", &tool, Some("`fetch_orders` cannot be taken back"));
    case(rule, "agent: { limits: { calls: 5 } }", &tool, None);
    case(rule, "", &format!("{tool}\nrate_limit: 1/m"), None);
    case(
        rule,
        "agent: { limits: { turns: 5 } }",
        &tool,
        Some("`fetch_orders`"),
    );
    let flow = "workflows:\n  chain:\n    description: Does it for a person who asked for it.\n    steps: [ { id: a, call: fetch_orders } ]";
    case(
        rule,
        &format!("agent: {{ tools: [chain] }}\n{flow}"),
        &tool,
        Some("`fetch_orders`"),
    );
    case(rule, "agent: { tools: [] }", &tool, None);
}

#[test]
fn only_what_is_offered_is_counted() {
    let long = "x".repeat(900);
    let tools = |count: usize, rest: &str| -> String {
        (0..count)
            .map(|n| format!("  get_{n}:\n    description: Returns number {n} of {long} of the shop.\n    url: https://shop.example/{n}\n{rest}"))
            .collect()
    };
    let many = tools(40, "");
    let text = |top: &str, tools: &str| format!("toolrun: 1\n{top}tools:\n{tools}");
    let counted = |rule: &str, text: &str| messages(rule, text, Files(&[]));
    assert_eq!(
        counted("too-many-tools", &text("", &many)),
        ["40 tools are offered at once"]
    );
    assert_eq!(counted("manifest-tokens", &text("", &many)).len(), 1);
    let few = text("agent: { tools: [get_1, get_2] }\n", &many);
    assert_eq!(counted("too-many-tools", &few), [""; 0]);
    assert_eq!(counted("manifest-tokens", &few), [""; 0]);
    let deferred = text("", &tools(40, "    defer: true\n"));
    assert_eq!(counted("too-many-tools", &deferred), [""; 0]);
}

#[test]
fn steps_that_are_waited_for_are_used() {
    let workflow = |steps: &str, rest: &str| {
        format!(
            "toolrun: 1\ntools:\n  get_job:\n    description: Tells how a job of the shop is getting on.\n    url: https://shop.example/job\n  start_job:\n    description: Starts the one job of the shop again.\n    url: https://shop.example/job\n    method: POST\n    effect: write\nworkflows:\n  restart:\n    description: Starts the job again and tells how it is getting on.\n    steps:\n{steps}{rest}"
        )
    };
    let unused = |steps: &str, rest: &str| messages("step-unused", &workflow(steps, rest), Files(&[]));
    let first = "      - { id: before, call: get_job }\n";
    let last = "      - { id: job, call: start_job }\n";
    assert_eq!(
        unused(&format!("{first}{last}"), ""),
        ["nothing reads step `before`, and it changes nothing"]
    );
    let waits = "      - { id: job, call: start_job, after: before }\n";
    assert_eq!(unused(&format!("{first}{waits}"), ""), [""; 0]);
    assert_eq!(
        unused(
            &format!("{first}{last}"),
            "    return: { was: \"{{ before.state }}\" }\n"
        ),
        [""; 0]
    );
    let until = "      - { id: done, call: get_job, after: job, repeat: { until: \"{{ done.ready }}\", every: 1s, times: 9 } }\n";
    assert_eq!(
        unused(
            &format!("{last}{until}"),
            "    return: { id: \"{{ job.id }}\" }\n"
        ),
        [""; 0]
    );
}

#[test]
fn fixes_of_these_lints_leave_nothing_to_say() {
    let text = manifest(
        "",
        "params:\n  limit: { type: integer, minimum: 1, maximum: 9, default: 5, description: How many orders at most }\nurl: \"https://shop.example/orders?&limit={{ limit | default(3) }}\"",
    );
    let mut fixed = text.clone();
    let loaded = load("test.yaml", text, &Files(&[]));
    let mut edits: Vec<_> = loaded
        .diagnostics
        .iter()
        .filter_map(|found| found.fix.as_ref())
        .flat_map(|fix| fix.edits.clone())
        .collect();
    assert_eq!(edits.len(), 2, "{:?}", loaded.diagnostics);
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    for edit in edits {
        fixed.replace_range(edit.span.range(), &edit.text);
    }
    assert!(fixed.contains("orders?limit={{ limit }}\""), "{fixed}");
    assert_eq!(load("test.yaml", fixed, &Files(&[])).diagnostics, []);
}

#[test]
fn what_a_description_takes_from_elsewhere_is_said_in_words() {
    let help = |tool: &str| {
        let loaded = load("test.yaml", manifest("", tool), &Files(&[]));
        let found = loaded.diagnostics.iter().find(|found| found.code == "env-syntax");
        found
            .and_then(|found| found.help.clone())
            .expect("a finding with help")
    };
    let described = "params: { unit: { type: string, description: \"The unit, by default ${UNIT}\" } }\nurl: https://shop.example/{{ unit }}";
    assert!(help(described).starts_with("say it in words"));
    assert!(help("url: https://shop.example/${REGION}").starts_with("declare it"));
}
