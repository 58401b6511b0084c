//! What changes something: refused, allowed by name, sent once.

use serde_json::{Value, json};

use crate::support::llm::{Llm, Turn, call};
use crate::support::shop::{run, shop};

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
