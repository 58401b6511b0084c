//! What changes something: refused, allowed by name, sent once.

use serde_json::{Value, json};

use crate::support::llm::{Llm, Turn, call};
use crate::support::program::{signal, toolrun};
use crate::support::shop::{MANIFEST, call as call_tool, run, shop};

fn refund() -> Turn {
    call("create_refund", &json!({ "order_id": "o_1", "amount": 5 }))
}

fn note() -> Turn {
    call("add_note", &json!({ "order_id": "o_1", "text": "called" }))
}

#[test]
fn a_write_without_a_terminal_is_refused_with_its_remedy() {
    for (turn, name) in [(refund(), "create_refund"), (note(), "add_note")] {
        let (llm, shop) = (Llm::start(vec![turn, Turn::Say("Done.")]), shop());
        let ended = run("openai", &llm, &shop, "Do it").run().exits(5).prints("");
        ended
            .says(&format!("--allow-writes={name}"))
            .says("/orders/o_1/")
            .says("POST");
        assert!(shop.recorded().is_empty(), "nothing was sent");
    }
}

#[test]
fn a_write_that_is_allowed_by_name_is_sent_once() {
    let (llm, shop) = (Llm::start(vec![refund(), Turn::Say("Refunded.")]), shop());
    let ended = run("openai", &llm, &shop, "Refund")
        .arg("--allow-writes=create_refund")
        .run();
    ended.exits(0).prints("Refunded.\n");
    let requests = shop.recorded();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        (requests[0].method.as_str(), requests[0].target.as_str()),
        ("POST", "/orders/o_1/refunds")
    );
    assert_eq!(requests[0].json(), json!({ "amount": 5, "source": "toolrun" }));
    assert_eq!(requests[0].header("idempotency-key").len(), 1);
    assert!(!requests[0].header("idempotency-key")[0].is_empty());
}

#[test]
fn allowing_all_writes_leaves_out_destructive_ones() {
    let (llm, shop_1) = (Llm::start(vec![note(), Turn::Say("Noted.")]), shop());
    run("openai", &llm, &shop_1, "Note")
        .arg("--allow-writes")
        .run()
        .exits(0)
        .prints("Noted.\n");
    assert_eq!(shop_1.recorded().len(), 1);
    let (llm, shop_2) = (Llm::start(vec![refund(), Turn::Say("Refunded.")]), shop());
    run("openai", &llm, &shop_2, "Refund")
        .arg("--allow-writes")
        .run()
        .exits(5);
    assert!(shop_2.recorded().is_empty());
    let (llm, shop_3) = (Llm::start(vec![refund(), note(), Turn::Say("Both.")]), shop());
    let both = run("openai", &llm, &shop_3, "Both")
        .arg("--allow-writes")
        .arg("--allow-writes=create_refund");
    both.run().exits(0).prints("Both.\n");
    assert_eq!(shop_3.recorded().len(), 2);
}

#[test]
fn a_name_that_no_tool_has_cannot_be_allowed() {
    let (llm, shop) = (Llm::start(vec![Turn::Say("x")]), shop());
    let ended = run("openai", &llm, &shop, "Go")
        .arg("--allow-writes=create_refunds")
        .run();
    ended
        .exits(2)
        .says("`create_refunds`")
        .says("did you mean `create_refund`?");
    assert!(llm.asked().is_empty());
}

#[test]
fn an_empty_name_permits_nothing() {
    for flag in [
        "--allow-writes=",
        "--allow-writes=create_refund,",
        "--allow-writes=,",
    ] {
        let shop = shop();
        call_tool(&shop, "add_note order_id=o_1 text=x")
            .arg(flag)
            .run()
            .exits(2)
            .says("name a tool, or write --allow-writes alone");
        assert!(shop.recorded().is_empty(), "{flag}");
    }
    let shop = shop();
    call_tool(&shop, "add_note order_id=o_1 text=x --allow-writes add_note")
        .run()
        .exits(2)
        .says("write --allow-writes=add_note");
    toolrun("run shop.yaml --allow-writes add_note")
        .file("shop.yaml", MANIFEST)
        .run()
        .exits(2)
        .says("write --allow-writes=add_note");
}

#[test]
fn the_refusal_is_an_event() {
    let (llm, shop) = (Llm::start(vec![refund(), Turn::Say("Done.")]), shop());
    let ended = run("openai", &llm, &shop, "Refund")
        .arg("--events")
        .arg("e.jsonl")
        .run()
        .exits(5);
    let events: Vec<Value> = ended
        .read("e.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert!(
        events.iter().any(|event| event["event"] == "approval.refused"),
        "{events:?}"
    );
    assert!(
        !events.iter().any(|event| event["event"] == "tool.started"),
        "{events:?}"
    );
}

#[test]
fn an_interrupted_write_is_told_as_what_is_known_of_it() {
    for (order, told) in [
        ("slow", "\"noted\":true"),
        ("stuck", "the change may have been made"),
    ] {
        let shop = shop();
        let program = call_tool(&shop, &format!("add_note order_id={order} text=x --allow-writes"));
        let child = program.spawn();
        shop.wait_for(1);
        signal("INT", child.id());
        let output = child.wait_with_output().expect("the binary ends");
        let said = [output.stdout, output.stderr].map(|stream| String::from_utf8_lossy(&stream).into_owned());
        assert_eq!(output.status.code(), Some(130), "{said:?}");
        assert!(said.iter().any(|stream| stream.contains(told)), "{said:?}");
    }
    let stuck = call("add_note", &json!({ "order_id": "stuck", "text": "x" }));
    let (llm, shop) = (Llm::start(vec![stuck]), shop());
    let program = run("openai", &llm, &shop, "Note").arg("--allow-writes");
    let child = program.spawn();
    shop.wait_for(1);
    signal("INT", child.id());
    let output = child.wait_with_output().expect("the binary ends");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(
        stderr.contains("interrupted: ") && stderr.contains("add_note"),
        "{stderr}"
    );
}

#[test]
fn a_run_that_fails_after_a_write_says_what_was_changed() {
    let (llm, shop) = (Llm::start(vec![note(), Turn::Status(401, None)]), shop());
    let program = run("openai", &llm, &shop, "Note")
        .arg("--allow-writes")
        .arg("--json");
    let ended = program.run().exits(3).says("note: ");
    let object = ended.json();
    assert!(
        object["note"]
            .as_str()
            .is_some_and(|note| note.contains("add_note")),
        "{object}"
    );
}
