//! `toolrun run`: the whole loop, through both wires, against a scripted
//! provider and a shop that record what reaches them.

use serde_json::{Value, json};

use crate::support::llm::{Llm, Turn, call, calls};
use crate::support::program::toolrun;
use crate::support::shop::{MANIFEST, SHOP_KEY, run, shop, shop_of_many};

/// The wires that this build speaks.
const PROVIDERS: [&str; 2] = ["openai", "anthropic"];

fn ann() -> Value {
    json!({ "email": "ann@example.com" })
}

/// What the model was told of each call, in order, with whether it is an error
/// where the wire says so.
fn told(provider: &str, asked: &Value) -> Vec<String> {
    let messages = asked["messages"].as_array().expect("messages");
    if provider == "openai" {
        let results = messages.iter().filter(|message| message["role"] == "tool");
        return results
            .map(|message| message["content"].as_str().expect("text").to_owned())
            .collect();
    }
    let blocks = messages
        .iter()
        .filter_map(|message| message["content"].as_array())
        .flatten();
    blocks
        .filter(|block| block["type"] == "tool_result")
        .map(|block| block["content"].to_string())
        .collect()
}

#[test]
fn a_turn_without_calls_is_the_answer() {
    for provider in PROVIDERS {
        let (llm, shop) = (Llm::start(vec![Turn::Say("Hello, wörld.")]), shop());
        let ended = run(provider, &llm, &shop, "Say hello")
            .run()
            .exits(0)
            .prints("Hello, wörld.\n");
        ended.says(&format!("model: {provider}/scripted"));
        let asked = &llm.asked()[0];
        assert_eq!(asked["stream"], true);
        assert_eq!(asked["model"], "scripted");
        let text = asked.to_string();
        for part in [
            "Say hello",
            "Answer only from tool results.",
            "find_orders",
            "create_refund",
        ] {
            assert!(text.contains(part), "no `{part}` in {text}");
        }
        assert!(shop.recorded().is_empty());
    }
}

#[test]
fn a_call_goes_out_and_its_result_back() {
    for provider in PROVIDERS {
        let (llm, shop) = (
            Llm::start(vec![call("find_orders", &ann()), Turn::Say("One order.")]),
            shop(),
        );
        run(provider, &llm, &shop, "Which orders?")
            .run()
            .exits(0)
            .prints("One order.\n");
        let requests = shop.recorded();
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].method, "GET");
        assert_eq!(requests[0].target, "/orders?email=ann%40example.com&limit=20");
        assert_eq!(
            requests[0].header("authorization"),
            [format!("Bearer {SHOP_KEY}")]
        );
        let asked = llm.asked();
        assert_eq!(asked.len(), 2);
        let told = told(provider, &asked[1]);
        assert_eq!(told.len(), 1);
        assert!(
            told[0].contains("o_1") && told[0].contains("20.50"),
            "digits are kept: {}",
            told[0]
        );
    }
}

#[test]
fn parallel_calls_run_together_and_one_failure_hides_none() {
    for provider in PROVIDERS {
        let ids = ["o_2", "broken", "o_1"];
        let three: Vec<_> = ids
            .iter()
            .map(|id| ("get_order", json!({ "order_id": id })))
            .collect();
        let (llm, shop) = (
            Llm::start(vec![calls(&three), Turn::Say("Two of three.")]),
            shop_of_many(3),
        );
        run(provider, &llm, &shop, "Show three")
            .run()
            .exits(0)
            .prints("Two of three.\n");
        assert_eq!(shop.recorded().len(), 3);
        let told = told(provider, &llm.asked()[1]);
        assert_eq!(told.len(), 3);
        assert!(told[0].contains("open"), "{}", told[0]);
        assert!(told[1].contains("500"), "{}", told[1]);
        assert!(told[2].contains("paid"), "{}", told[2]);
    }
}

#[test]
fn bad_arguments_are_explained_and_corrected() {
    for provider in PROVIDERS {
        let wrong = json!({ "email": "ann@example.com", "limit": 1000 });
        let script = vec![
            call("find_orders", &wrong),
            call("find_orders", &ann()),
            Turn::Say("Done."),
        ];
        let (llm, shop) = (Llm::start(script), shop());
        run(provider, &llm, &shop, "Which orders?")
            .run()
            .exits(0)
            .prints("Done.\n");
        assert_eq!(shop.recorded().len(), 1, "the wrong call is not sent");
        let told = told(provider, &llm.asked()[1]);
        assert!(
            told[0].contains("/limit") && told[0].contains("100"),
            "{}",
            told[0]
        );
        assert!(!told[0].contains("1000"), "values are not echoed: {}", told[0]);
    }
}

#[test]
fn arguments_that_are_not_json_are_explained() {
    for provider in PROVIDERS {
        let script = vec![
            Turn::Call("", vec![("find_orders", "{\"email\": ".to_owned())]),
            Turn::Say("Sorry."),
        ];
        let (llm, shop) = (Llm::start(script), shop());
        let ended = run(provider, &llm, &shop, "Which orders?").run();
        ended.exits(0).prints("Sorry.\n");
        assert!(shop.recorded().is_empty());
    }
}

#[test]
fn an_unknown_tool_is_an_error_result() {
    for provider in PROVIDERS {
        let (llm, shop) = (
            Llm::start(vec![call("find_order", &ann()), Turn::Say("I see.")]),
            shop(),
        );
        run(provider, &llm, &shop, "Which orders?")
            .run()
            .exits(0)
            .prints("I see.\n");
        let told = told(provider, &llm.asked()[1]);
        assert!(told[0].contains("find_orders"), "{}", told[0]);
        assert!(shop.recorded().is_empty());
    }
}

#[test]
fn turns_are_limited_exactly() {
    let script: Vec<Turn> = (0..30)
        .map(|number| {
            call(
                "find_orders",
                &json!({ "email": format!("u{number}@example.com") }),
            )
        })
        .collect();
    let (llm, shop_1) = (Llm::start(script.clone()), shop());
    run("openai", &llm, &shop_1, "Go on").run().exits(4).says("turns");
    assert_eq!(llm.asked().len(), 20);
    let (llm, shop_2) = (Llm::start(script), shop());
    run("anthropic", &llm, &shop_2, "Go on")
        .arg("--limit")
        .arg("turns=2")
        .run()
        .exits(4)
        .says("--limit turns=");
    assert_eq!(llm.asked().len(), 2);
}

#[test]
fn calls_are_limited_exactly() {
    let five: Vec<_> = (0..5)
        .map(|n| ("get_order", json!({ "order_id": format!("x_{n}") })))
        .collect();
    let (llm, shop) = (Llm::start(vec![calls(&five), Turn::Say("Partly.")]), shop());
    run("openai", &llm, &shop, "Go on")
        .arg("--limit")
        .arg("calls=3")
        .run()
        .exits(4);
    assert_eq!(shop.recorded().len(), 3);
}

#[test]
fn a_call_that_changes_nothing_is_not_repeated_for_ever() {
    let (llm, shop) = (Llm::start(vec![call("find_orders", &ann())]), shop());
    run("openai", &llm, &shop, "Again").run().exits(4);
    assert!(llm.asked().len() < 6, "{} turns", llm.asked().len());
}

#[test]
fn a_refusal_is_no_answer() {
    for provider in PROVIDERS {
        let (llm, shop) = (Llm::start(vec![Turn::Refuse("I cannot help with that.")]), shop());
        run(provider, &llm, &shop, "Do it").run().exits(6).says("refused");
    }
}

#[test]
fn no_call_of_a_truncated_turn_is_run() {
    for provider in PROVIDERS {
        let cut = Turn::Truncated("I will refund", ("find_orders", ann().to_string()));
        let (llm, shop) = (Llm::start(vec![cut]), shop());
        run(provider, &llm, &shop, "Go").run().exits(6);
        assert!(shop.recorded().is_empty());
    }
}

#[test]
fn an_empty_turn_is_no_answer() {
    for provider in PROVIDERS {
        let (llm, shop) = (Llm::start(vec![Turn::Empty]), shop());
        run(provider, &llm, &shop, "Go").run().exits(6).prints("");
    }
}

#[test]
fn a_provider_that_is_busy_is_asked_again() {
    for provider in PROVIDERS {
        let script = vec![
            Turn::Status(429, Some(("retry-after", "0"))),
            Turn::Say("At last."),
        ];
        let (llm, shop) = (Llm::start(script), shop());
        run(provider, &llm, &shop, "Go")
            .run()
            .exits(0)
            .prints("At last.\n");
        assert_eq!(llm.asked().len(), 2);
    }
}

#[test]
fn a_provider_that_is_broken_fails_the_run() {
    for provider in PROVIDERS {
        let (llm, shop) = (Llm::start(vec![Turn::Status(500, None)]), shop());
        run(provider, &llm, &shop, "Go")
            .run()
            .exits(3)
            .prints("")
            .says("error:")
            .says("hint:");
        assert_eq!(llm.asked().len(), 3, "it is asked twice more");
    }
}

#[test]
fn a_key_that_is_not_accepted_is_said() {
    for provider in PROVIDERS {
        let (llm, shop) = (Llm::start(vec![Turn::Status(401, None)]), shop());
        run(provider, &llm, &shop, "Go").run().exits(3).says("key");
        assert_eq!(llm.asked().len(), 1);
    }
}

#[test]
fn a_stream_that_ends_early_fails_the_run() {
    for provider in PROVIDERS {
        let (llm, shop) = (Llm::start(vec![Turn::Cut("Half an ans")]), shop());
        run(provider, &llm, &shop, "Go").run().exits(3);
        assert!(shop.recorded().is_empty());
    }
}

#[test]
fn a_provider_that_is_not_there_fails_the_run() {
    let program = toolrun("run shop.yaml Go --model openai/x --base-url http://127.0.0.1:9/v1");
    program
        .file("shop.yaml", MANIFEST)
        .run()
        .exits(3)
        .says("error:")
        .says("--base-url");
}
