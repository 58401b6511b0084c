//! `toolrun call`: one tool, typed from the command line, sent or only shown.

use serde_json::{Value, json};

use crate::support::http_server::{HttpServer, Reply};
use crate::support::program::toolrun;
use crate::support::shop::{MANIFEST, SHOP_KEY, call, shop};
use crate::support::terminal::{AtTerminal, Reading};

#[test]
fn a_result_is_printed() {
    let shop = shop();
    call(&shop, "get_order order_id=o_1")
        .run()
        .exits(0)
        .prints("{\"id\":\"o_1\",\"total\":20.50,\"state\":\"paid\"}\n");
    let object = call(&shop, "get_order order_id=o_1 --json").run().exits(0).json();
    assert_eq!(object["version"].to_string(), "1");
    assert_eq!(object["tool"], "get_order");
    assert_eq!(object["is_error"], false);
    assert_eq!(object["status"].to_string(), "200");
    assert_eq!(object["value"]["total"].to_string(), "20.50");
}

#[test]
fn stdout_has_data_and_nothing_else() {
    let shop = shop();
    let long = call(&shop, "get_order order_id=long").run().exits(0);
    assert!(long.json()["lines"].is_array(), "stdout is the data");
    long.says("note: left out: ").says("--json gives the whole");
    let whole = call(&shop, "get_order order_id=long --json")
        .run()
        .exits(0)
        .json();
    assert_eq!(whole["value"]["lines"].as_array().map(Vec::len), Some(5000));
    call(&shop, "add_note order_id=o_1 text=x --allow-writes")
        .run()
        .exits(0)
        .prints("")
        .says("status 204, empty body");
    let broken = MANIFEST.replace(
        "    errors:\n",
        "    result: { pick: \"abs(id)\" }\n    errors:\n",
    );
    call(&shop, "get_order order_id=o_1")
        .file("shop.yaml", &broken)
        .run()
        .exits(0)
        .prints("{\"id\":\"o_1\",\"total\":20.50,\"state\":\"paid\"}\n")
        .says("note: `pick` of the manifest failed");
}

#[test]
fn a_call_leaves_its_events_too() {
    let shop = shop();
    let ended = call(&shop, "get_order order_id=o_1 --no-detect --events e.jsonl")
        .run()
        .exits(0)
        .stdout_has("o_1");
    let names: Vec<String> = ended
        .read("e.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["event"].to_string())
        .collect();
    let expected = ["run.started", "tool.started", "tool.returned", "run.finished"];
    assert_eq!(names, expected.map(|name| format!("\"{name}\"")));
    let lines = call(&shop, "get_order order_id=o_1 --events -").run().exits(0);
    assert_eq!(lines.stdout.lines().count(), 4, "{}", lines.stdout);
    call(&shop, "get_order order_id=o_1 --events=- --json")
        .run()
        .exits(2)
        .prints("");
}

#[test]
fn values_are_typed_by_their_params() {
    let shop = shop();
    call(&shop, "find_orders email=12 limit=5 tags=a,b tags=c")
        .run()
        .exits(0);
    call(&shop, "find_orders limit=5")
        .arg("--args")
        .arg(r#"{"email":"x y","tags":["a"],"limit":9}"#)
        .run()
        .exits(0);
    let targets: Vec<String> = shop
        .recorded()
        .into_iter()
        .map(|request| request.target)
        .collect();
    assert_eq!(targets[0], "/orders?email=12&limit=5&tag=a%2Cb&tag=c");
    assert_eq!(targets[1], "/orders?email=x%20y&limit=5&tag=a");
}

#[test]
fn what_does_not_fit_is_a_usage_error() {
    let shop = shop();
    call(&shop, "find_orders email=a limit=many")
        .run()
        .exits(2)
        .says("limit");
    call(&shop, "find_orders emial=a").run().exits(2).says("email");
    call(&shop, "find_orders email=a email=b")
        .run()
        .exits(2)
        .says("given twice");
    call(&shop, "find_orders --args nonsense")
        .run()
        .exits(2)
        .says("--args is not JSON");
    call(&shop, "find_orders --args")
        .arg(r#"{"email":"a","email":"b"}"#)
        .run()
        .exits(2)
        .says("email");
    call(&shop, "find_order email=a")
        .run()
        .exits(2)
        .says("did you mean `find_orders`?");
    assert!(shop.recorded().is_empty());
}

#[test]
fn a_failure_of_the_tool_is_3_and_its_hint_is_said() {
    let shop = shop();
    let ended = call(&shop, "get_order order_id=nope").run().exits(3).prints("");
    ended.says("404").says("Use find_orders to get an id.");
    let object = call(&shop, "get_order order_id=nope --json")
        .run()
        .exits(3)
        .json();
    assert_eq!(object["is_error"], true);
}

#[test]
fn a_dry_run_shows_the_request_and_reads_no_secret() {
    let program =
        toolrun("call shop.yaml create_refund order_id=a/b amount=5 --dry-run").file("shop.yaml", MANIFEST);
    let ended = program.run().exits(0);
    let ended = ended
        .stdout_has("POST http://127.0.0.1:9/orders/a%2Fb/refunds")
        .stdout_has("Bearer ***");
    ended.stdout_has(r#"{"amount":5,"source":"toolrun"}"#);
    let shop = shop();
    let object = call(&shop, "create_refund order_id=o_1 amount=5 --dry-run --json")
        .run()
        .exits(0)
        .hides(SHOP_KEY)
        .json();
    assert_eq!(object["request"]["method"], "POST");
    assert_eq!(object["request"]["headers"]["authorization"], "Bearer ***");
    assert_eq!(
        object["request"]["body"],
        json!({ "amount": 5, "source": "toolrun" })
    );
    assert!(shop.recorded().is_empty());
}

#[test]
fn a_curl_line_names_the_secret_and_holds_it_not() {
    let shop = shop();
    let ended = call(&shop, "find_orders --curl")
        .arg("email=it's")
        .run()
        .exits(0)
        .hides(SHOP_KEY);
    let ended = ended
        .stdout_has("/orders?email=it%27s&limit=20'")
        .stdout_has("'Authorization: Bearer '\"$SHOP_KEY\"");
    assert!(ended.stdout.starts_with("curl '"), "{}", ended.stdout);
    assert!(shop.recorded().is_empty());
}

#[test]
fn a_write_needs_permission_here_too() {
    let shop = shop();
    call(&shop, "create_refund order_id=o_1 amount=5")
        .run()
        .exits(5)
        .says("--allow-writes=create_refund");
    assert!(shop.recorded().is_empty());
    call(
        &shop,
        "create_refund order_id=o_1 amount=5 --allow-writes=create_refund",
    )
    .run()
    .exits(0)
    .stdout_has("r_1");
    assert_eq!(shop.recorded().len(), 1);
}

#[test]
fn vars_come_from_flag_environment_and_default() {
    let (one, two) = (shop(), shop());
    call(&one, "get_order order_id=o_1")
        .arg("--var")
        .arg(format!("shop_url={}", two.url()))
        .run()
        .exits(0);
    assert_eq!(
        (one.recorded().len(), two.recorded().len()),
        (0, 1),
        "the flag wins"
    );
    let wrong = call(&one, "get_order order_id=o_1 --var shop_ulr=x")
        .run()
        .exits(2);
    wrong.says("no var `shop_ulr`").says("did you mean `shop_url`?");
}

#[test]
fn a_host_that_is_not_loopback_is_refused_over_http() {
    let program = toolrun("call shop.yaml get_order order_id=o_1 --var shop_url=http://10.1.2.3");
    program
        .file("shop.yaml", MANIFEST)
        .env("SHOP_KEY", SHOP_KEY)
        .run()
        .exits(5)
        .hides(SHOP_KEY);
}

#[test]
fn an_argument_stays_in_its_place() {
    let shop = shop();
    let sent = [
        ("a/b", "/orders/a%2Fb"),
        ("a?b=c#d", "/orders/a%3Fb%3Dc%23d"),
        ("o_1&x=1", "/orders/o_1%26x%3D1"),
        ("né 日本", "/orders/n%C3%A9%20%E6%97%A5%E6%9C%AC"),
        ("{{ vars.shop_url }}", "/orders/%7B%7B%20vars.shop_url%20%7D%7D"),
        ("@evil.example", "/orders/%40evil.example"),
        ("v1..v2", "/orders/v1..v2"),
    ];
    for (number, (value, target)) in sent.iter().enumerate() {
        call(&shop, "get_order").arg(format!("order_id={value}")).run();
        let requests = shop.recorded();
        assert_eq!(requests.len(), number + 1, "{value}");
        assert_eq!(requests[number].target, *target, "{value}");
        assert_eq!(requests[number].method, "GET");
    }
    for value in [
        "",
        ".",
        "..",
        "../admin",
        "a/../b",
        "%2e%2e",
        ".%2E",
        "%252e%252e",
    ] {
        call(&shop, "get_order")
            .arg(format!("order_id={value}"))
            .run()
            .exits(2)
            .says("order_id");
    }
    assert_eq!(
        shop.recorded().len(),
        sent.len(),
        "what cannot be a segment is not sent"
    );
}

#[test]
fn refused_values_name_their_rule_or_what_was_found() {
    let api = HttpServer::start(|_, _| Reply::json(200, "{}"));
    let manifest = format!(
        "toolrun: 1\ntools:\n  look:\n    description: Looks one thing up by its name.\n    params:\n      name: {{ type: string, description: Its name }}\n      count: {{ type: integer, maximum: 5, optional: true, description: How many }}\n    url: {}/v1/{{{{ name }}}}/x\n",
        api.url()
    );
    let look = |argument: &str| {
        toolrun("call m.yaml look --json")
            .file("m.yaml", &manifest)
            .arg(argument)
    };
    let ended = look("name=..").run().exits(2).says("error[path-dot-segment]: ");
    assert_eq!(ended.json()["error"]["rule"], "path-dot-segment");
    look(&format!("name={}", "x".repeat(8193))).run().exits(2).says(
        "at most 8192 characters, found 8193 characters (`maxLength` of the param raises it; without one it is 8192)",
    );
    look("name=a")
        .arg("count=7")
        .run()
        .exits(2)
        .says("at most 5, found 7");
    assert!(api.recorded().is_empty());
}

/// Whatever hides or moves text, and what it is as an escape.
const HIDDEN: [(&str, &str); 4] = [
    ("\u{202e}", "202e"),
    ("\u{200b}", "200b"),
    ("\r", "d"),
    ("\u{1b}", "1b"),
];

#[test]
fn a_request_that_is_only_shown_hides_nothing() {
    let shop = shop();
    let manifest = MANIFEST.replace("{ json: { text: \"{{ text }}\" } }", "{ text: \"{{ text }}\" }");
    assert_ne!(manifest, MANIFEST);
    let program = || {
        call(&shop, "add_note order_id=o_1 --dry-run")
            .file("shop.yaml", &manifest)
            .arg("text=A\u{202e}B\u{200b}C\rD\u{1b}[2JE می\u{200c}خواهم 👩\u{200d}💻")
    };
    let piped = program().run().exits(0).stdout;
    let (_, screen) = AtTerminal::start(program(), "", Reading::Eager).ends();
    for (raw, code) in HIDDEN {
        // What the terminal itself adds are line ends and colours.
        let added = matches!(raw, "\r" | "\u{1b}");
        assert!(!piped.contains(raw), "{piped:?}");
        assert!(added || !screen.contains(raw), "{screen:?}");
        assert!(piped.contains(&format!("\\u{code:0>4}")), "{piped:?}");
        assert!(screen.contains(&format!("\\u{{{code}}}")), "{screen:?}");
    }
    for honest in ["می\u{200c}خواهم", "👩\u{200d}💻"] {
        assert!(
            piped.contains(honest) && screen.contains(honest),
            "{piped:?} {screen:?}"
        );
    }
}
