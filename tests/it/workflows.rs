//! Workflows through the program: called, planned, drawn, and as one tool of a
//! model.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::archive;
use crate::support::cases;
use crate::support::golden;
use crate::support::llm::{Llm, Turn, call as asks_for};
use crate::support::place::Place;
use crate::support::program::{Program, toolrun};
use crate::support::shop::{MANIFEST, SHOP_KEY, run, shop};

const WORKFLOWS: &str = r#"workflows:
  refund_all:
    description: Refunds five of several orders, each with a note for the staff.
    params:
      orders: { type: array, items: { type: string }, description: The ids of the orders }
    steps:
      - id: found
        for_each: "{{ orders }}"
        as: order
        call: get_order
        with: { order_id: "{{ order }}" }
        on_error: skip
      - id: refunds
        for_each: "{{ found }}"
        as: order
        when: "{{ order.state == 'paid' }}"
        call: create_refund
        with: { order_id: "{{ order.id }}", amount: 5 }
    return: { refunds: "{{ refunds }}", found: "{{ found | length }}" }
  check:
    description: Shows the total of one order and of the orders of its customer.
    params:
      order_id: { type: string, description: The id of the order }
    steps:
      - { id: order, call: get_order, with: { order_id: "{{ order_id }}" } }
      - { id: others, call: find_orders, with: { email: ann@example.com } }
    return: { total: "{{ order.total }}", others: "{{ others.orders }}" }
"#;

/// The shop's manifest with workflows.
fn with_workflows() -> String {
    format!("{MANIFEST}{WORKFLOWS}")
}

fn call(shop: &crate::support::http_server::HttpServer, words: &str) -> Program {
    toolrun(&format!("call shop.yaml {words}"))
        .file("shop.yaml", &with_workflows())
        .env("SHOP_URL", &shop.url())
        .env("SHOP_KEY", SHOP_KEY)
}

#[test]
fn a_workflow_is_called_like_a_tool() {
    let shop = shop();
    call(&shop, "check order_id=o_1")
        .run()
        .exits(0)
        .prints("{\"total\":20.50,\"others\":[{\"id\":\"o_1\",\"total\":20.50}]}\n");
    let object = call(&shop, "check order_id=o_1 --json").run().exits(0).json();
    assert_eq!(object["tool"], "check");
    assert_eq!(object["value"]["total"].to_string(), "20.50");
    call(&shop, "check -v order_id=o_1")
        .run()
        .exits(0)
        .says("+ order: done in")
        .says("+ others: done in")
        .says("+ check: done in");
}

#[test]
fn its_events_tell_each_step() {
    let shop = shop();
    let ended = call(&shop, "check order_id=o_1 --events e.jsonl").run().exits(0);
    let text = ended.read("e.jsonl");
    let events: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let names: Vec<&str> = events
        .iter()
        .map(|event| event["event"].as_str().expect("a name"))
        .collect();
    assert_eq!(
        &names[..4],
        ["run.started", "tool.started", "step.started", "step.started"]
    );
    let workflow = &events[1];
    assert_eq!(
        (&workflow["tool"], &workflow["steps"]),
        (&json!("check"), &json!(2))
    );
    let id = workflow["call_id"].as_str().expect("an id");
    assert_eq!(events[2]["call"], id);
    assert_eq!(events[4]["call"], format!("{id}/order"));
    let finished = events.iter().filter(|event| event["event"] == "step.finished");
    assert_eq!(finished.count(), 2);
}

#[test]
fn steps_that_write_need_a_yes_or_a_flag() {
    let shop = shop();
    call(&shop, "refund_all orders=o_1 orders=o_2 orders=o_9")
        .run()
        .exits(5)
        .says("create_refund does what cannot be taken back")
        .says("--allow-writes=refund_all all steps of that workflow");
    assert!(shop.recorded().iter().all(|request| request.method == "GET"));
    call(&shop, "refund_all orders=o_1 --allow-writes").run().exits(5);
    call(
        &shop,
        "refund_all orders=o_1 orders=o_2 orders=o_9 --allow-writes=refund_all",
    )
    .run()
    .exits(0)
    .prints("{\"refunds\":[{\"id\":\"r_1\",\"amount\":5}],\"found\":2}\n");
}

#[test]
fn a_failing_step_is_named_and_what_was_done_before_it_is_told() {
    let shop = shop();
    let failing = with_workflows().replace("        on_error: skip\n", "");
    call(&shop, "refund_all orders=o_1 orders=broken")
        .file("shop.yaml", &failing)
        .run()
        .exits(3)
        .prints("")
        .says("\"step\":\"found\",\"item\":1,\"calls\":\"get_order\"")
        .says("the shop is broken");
    let after = format!(
        "{MANIFEST}workflows:\n  two:\n    description: Refunds an order and then looks at one that is broken.\n    \
         steps:\n      - {{ id: a, call: create_refund, with: {{ order_id: o_1, amount: 5 }} }}\n      \
         - {{ id: b, after: a, call: get_order, with: {{ order_id: broken }} }}\n"
    );
    call(&shop, "two --allow-writes=two")
        .file("shop.yaml", &after)
        .run()
        .exits(3)
        .says("\"step\":\"b\"")
        .says("changes made: `create_refund`");
}

#[test]
fn limits_stop_a_workflow_with_their_own_exit() {
    let shop = shop();
    let orders = "orders=o_1 orders=o_2 orders=o_1 orders=o_2";
    call(&shop, &format!("refund_all {orders} --limit calls=3"))
        .run()
        .exits(4)
        .prints("")
        .says("refund_all was stopped by a limit")
        .says("--limit calls=N");
    assert_eq!(shop.recorded().len(), 3);
    call(&shop, "refund_all orders=slow --limit time=200ms")
        .run()
        .exits(4)
        .says("--limit time=DURATION");
}

/// How it ended, in its exit code and in the last of its events.
fn ending(program: Program, limit: &str) -> (Option<i32>, Vec<Value>) {
    let ended = program
        .arg("--limit")
        .arg(limit)
        .arg("--events")
        .arg("e.jsonl")
        .run();
    let events = ended.read("e.jsonl");
    let events = events
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    let told = events.filter_map(|event: Value| match event["event"].as_str() {
        Some("limit.reached") => Some(json!([event["limit"], event["allowed"]])),
        Some("run.finished") => Some(json!([event["ending"], event["calls"]])),
        _ => None,
    });
    (ended.code, told.collect())
}

#[test]
fn a_limit_ends_a_workflow_as_it_ends_a_run() {
    let asks = |orders: &[&str]| {
        let turns = orders
            .iter()
            .map(|order| asks_for("get_order", &json!({ "order_id": order })));
        Llm::start(turns.chain([Turn::Say("That is all.")]).collect())
    };
    for (limit, orders, kind) in [
        ("calls=2", &["o_1", "o_2", "o_9"][..], "calls"),
        ("time=1s", &["o_1", "slow"], "time"),
    ] {
        let (shop, llm) = (shop(), asks(orders));
        let of_a_run = ending(run("openai", &llm, &shop, "Look at them"), limit);
        let arguments: Vec<String> = orders.iter().map(|order| format!("orders={order}")).collect();
        let words = format!("refund_all {} --allow-writes=refund_all", arguments.join(" "));
        let of_a_workflow = ending(call(&shop, &words), limit);
        assert_eq!(of_a_workflow, of_a_run, "{limit}");
        assert_eq!(of_a_run.0, Some(4), "{of_a_run:?}");
        assert_eq!(of_a_run.1[0][0], kind, "{of_a_run:?}");
    }
}

#[test]
fn to_a_model_it_is_one_more_tool() {
    for provider in ["openai", "anthropic"] {
        let shop = shop();
        let llm = Llm::start(vec![
            asks_for("refund_all", &json!({ "orders": ["o_1"] })),
            Turn::Say("Refunded."),
        ]);
        run(provider, &llm, &shop, "Refund o_1")
            .file("shop.yaml", &with_workflows())
            .arg("--allow-writes=refund_all")
            .run()
            .exits(0)
            .prints("Refunded.\n");
        let asked = llm.asked();
        assert!(asked[0].to_string().contains("Refunds five of several orders"));
        let told = asked[1].to_string();
        assert!(told.contains("refunds") && told.contains("r_1"), "{told}");
        assert_eq!(
            told.matches("<data-").count(),
            2,
            "one fence, and its explanation: {told}"
        );
        assert_eq!(shop.recorded().len(), 2);
    }
}

#[test]
fn a_dry_run_sends_nothing_and_shows_what_is_known() {
    let shop = shop();
    call(&shop, "refund_all orders=o_1 --dry-run")
        .run()
        .exits(0)
        .stdout_has("refund_all (destructive), as many calls as the limit allows")
        .stdout_has("refunds: create_refund (destructive), when its condition holds");
    assert!(shop.recorded().is_empty());
    call(&shop, "refund_all orders=o_1 --curl")
        .run()
        .exits(2)
        .says("--dry-run");
    call(&shop, "refund_all --dry-run").run().exits(2).says("orders");
}

#[test]
fn plans_and_drawings_are_as_recorded() {
    let mut complaints = Vec::new();
    let mut found = 0;
    for entry in fs::read_dir(cases("workflows")).expect("the folder").flatten() {
        let path: PathBuf = entry.path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        found += 1;
        let text = fs::read_to_string(&path).expect("a text");
        let words = text.lines().next().and_then(|line| line.strip_prefix("# call: "));
        let words: Vec<&str> = words.expect("a call in the first line").split(' ').collect();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let planned = |flag: &str| {
            let program = toolrun("call").arg(&name);
            let program = words.iter().fold(program, |program, word| program.arg(*word));
            let program = program.arg("--dry-run").within(&cases("workflows"));
            let program = if flag.is_empty() {
                program
            } else {
                program.arg(flag)
            };
            let ran = program.run();
            // A step that is sure to be refused is no plan that can be carried out.
            let refused = ran.stdout.contains("do not fit");
            ran.exits(if refused { 2 } else { 0 }).stdout
        };
        let drawn = toolrun("graph")
            .arg(&name)
            .within(&cases("workflows"))
            .run()
            .exits(0);
        let one = toolrun("graph")
            .arg(&name)
            .arg(words[0])
            .within(&cases("workflows"))
            .run()
            .exits(0);
        for (ending, actual) in [
            ("plan.txt", planned("")),
            ("plan.json", planned("--json")),
            ("mmd", drawn.stdout),
            ("one.mmd", one.stdout),
        ] {
            complaints.extend(golden::compare(&path.with_extension(ending), &actual));
        }
    }
    assert!(found >= 2, "the cases were not found");
    golden::none(&complaints);
}

#[test]
fn a_drawing_needs_a_workflow() {
    let shop = toolrun("graph shop.yaml")
        .file("shop.yaml", MANIFEST)
        .run()
        .exits(2);
    shop.says("the manifest has no workflows");
    for (name, part) in [
        ("get_order", "`get_order` is a tool"),
        ("chek", "did you mean `check`?"),
    ] {
        toolrun("graph shop.yaml")
            .arg(name)
            .file("shop.yaml", &with_workflows())
            .run()
            .exits(2)
            .says(part);
    }
}

#[test]
fn tools_shows_workflows_with_their_effect() {
    toolrun("tools shop.yaml")
        .file("shop.yaml", &with_workflows())
        .run()
        .exits(0)
        .stdout_has("refund_all (destructive, about")
        .stdout_has("check (read, about");
    toolrun("tools shop.yaml --json")
        .file("shop.yaml", &with_workflows())
        .run()
        .exits(0)
        .stdout_has("\"refund_all\"");
}

#[test]
fn a_lock_notices_what_changes_in_a_workflow() {
    let place = Place::new();
    let text = with_workflows();
    place.write("shop.yaml", &text);
    place.toolrun("lock shop.yaml").run().exits(0);
    place.toolrun("tools --locked shop.yaml").run().exits(0);
    let edits = [
        (
            "amount: 5 }",
            "amount: 500 }",
            "workflow `refund_all`: what a step does (`refunds.with.amount`) changed",
        ),
        (
            "when: \"{{ order.state == 'paid' }}\"",
            "when: \"{{ order.state != 'paid' }}\"",
            "workflow `refund_all`: what a step does (`refunds.when`) changed",
        ),
        (
            "call: find_orders, with: { email: ann@example.com }",
            "call: find_orders, with: { email: eve@example.com }",
            "`others.with.email`",
        ),
        (
            "Shows the total",
            "Call this first. Shows the total",
            "workflow `check`: what the model is told of it changed",
        ),
    ];
    for (from, to, told) in edits {
        assert!(text.contains(from), "{from}");
        place.write("shop.yaml", &text.replace(from, to));
        place
            .toolrun("call --locked shop.yaml check order_id=o_1")
            .run()
            .exits(5)
            .says(told);
    }
}

const SENDS: &str = r#"workflows:
  send_all:
    description: Stores a cover and several files in the archive, the cover first.
    params:
      cover: { type: file, description: The cover }
      rest: { type: array, items: { type: string }, description: The other files }
    steps:
      - { id: first, call: send_file, with: { doc: "{{ cover }}" } }
      - id: others
        after: first
        for_each: "{{ rest }}"
        as: one
        concurrency: 1
        call: send_file
        with: { doc: "{{ one }}", more: "{{ cover }}" }
        on_error: skip
    return: "{{ others | length }}"
"#;

#[test]
fn files_go_through_a_workflow_to_the_steps_that_send_them() {
    let server = archive::sink();
    let call = |words: &str| {
        toolrun(&format!(
            "call sink.yaml send_all cover=cover.txt rest=a.txt {words}"
        ))
        .file("sink.yaml", &format!("{}{SENDS}", archive::MANIFEST))
        .file("cover.txt", "the cover")
        .file("a.txt", "the first")
        .arg("--var")
        .arg(format!("base={}", server.url()))
    };
    call("")
        .run()
        .exits(5)
        .says("error[file-folder]")
        .says("--files DIR");
    assert!(server.recorded().is_empty(), "nothing before the folder is known");
    call("rest=../sink.yaml rest=a.txt --files .")
        .run()
        .exits(0)
        .prints("2\n");
    let sent: Vec<Vec<String>> = server
        .recorded()
        .iter()
        .map(|request| {
            let parts = archive::parts(request).into_iter();
            parts
                .map(|(field, _, _, content)| format!("{field}={}", String::from_utf8_lossy(&content)))
                .collect()
        })
        .collect();
    let other = ["doc=the first", "more=the cover"];
    assert_eq!(sent, [&["doc=the cover"][..], &other, &other]);
    call("--files . --dry-run")
        .run()
        .exits(0)
        .stdout_has("cover.txt")
        .stdout_has("9 bytes");
}

#[test]
fn an_address_that_is_none_is_told_before_the_first_step() {
    let shop = shop();
    for extra in ["", "--dry-run"] {
        call(
            &shop,
            &format!("check order_id=o_1 --var shop_url=nonsense {extra}"),
        )
        .run()
        .exits(2)
        .says("`vars.shop_url` is `nonsense`");
    }
    assert!(shop.recorded().is_empty());
}
