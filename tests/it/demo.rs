//! `toolrun demo`: the real service, the shipped manifest, real HTTP.

use std::io::{BufRead, BufReader};
use std::process::Command;

use serde_json::json;

use crate::support::llm::{Llm, Turn, call, calls};
use crate::support::program::{Program, toolrun};
use crate::support::workspace;

fn demo(llm: &Llm, prompt: &str) -> Program {
    toolrun("demo --model openai/scripted --base-url")
        .arg(llm.base_url())
        .arg(prompt)
}

#[test]
fn every_step_is_shown() {
    let two = [
        (
            "get_exchange_rate",
            json!({ "from": "EUR", "to": "USD", "amount": 100 }),
        ),
        ("validate_iban", json!({ "iban": "DE89 3704 0044 0532 0130 00" })),
    ];
    let llm = Llm::start(vec![calls(&two), Turn::Say("Both done.")]);
    let ended = demo(&llm, "Convert and check")
        .run()
        .exits(0)
        .prints("Both done.\n");
    let ended = ended
        .says("service: http://127.0.0.1:")
        .says("prompt: Convert and check");
    let ended = ended.says("call get_exchange_rate from=EUR to=USD amount=100");
    let ended = ended
        .says("/v1/rates/latest?from=EUR&to=USD&amount=100")
        .says("result of validate_iban: 200 in");
    ended.says("is a valid IBAN").hides("demo-key");
    let told = llm.asked()[1].to_string();
    assert!(
        told.contains("European Central Bank") && told.contains("is a valid IBAN"),
        "{told}"
    );
}

#[test]
fn a_refund_needs_a_yes() {
    let script = || {
        vec![
            call("refund_order", &json!({ "order_id": "o_1016", "amount": 5 })),
            Turn::Say("Paid back."),
        ]
    };
    let llm = Llm::start(script());
    demo(&llm, "Refund")
        .run()
        .exits(5)
        .says("--allow-writes=refund_order")
        .says("{\"amount\":5}");
    let llm = Llm::start(script());
    let ended = demo(&llm, "Refund")
        .arg("--allow-writes=refund_order")
        .run()
        .exits(0)
        .prints("Paid back.\n");
    ended.says("result of refund_order: 201 in");
}

#[test]
fn the_service_alone_serves_other_commands_until_interrupted() {
    let program = toolrun("demo --serve --port 0");
    let mut child = program.spawn();
    let mut line = String::new();
    let stdout = child.stdout.take().expect("stdout is piped");
    BufReader::new(stdout).read_line(&mut line).expect("the address");
    let address = line.trim();
    assert!(address.starts_with("http://127.0.0.1:"), "{line}");
    let called = toolrun("call manifests/demo.yaml validate_iban iban=GB29NWBK60161331926819")
        .within(&workspace())
        .env("TOOLRUN_DEMO_URL", address)
        .env("DEMO_KEY", "demo-key");
    called
        .run()
        .exits(0)
        .stdout_has("GB29 NWBK 6016 1331 9268 19 is a valid IBAN");
    let status = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(status.success());
    let output = child.wait_with_output().expect("the binary ends");
    assert_eq!(output.status.code(), Some(130));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        stderr.contains("export DEMO_KEY=demo-key TOOLRUN_DEMO_URL="),
        "{stderr}"
    );
}

/// The embedded model answers without key and network. It is slow in a debug
/// build, so this is the only test of the binary that runs it.
#[cfg(feature = "embedded-model")]
#[test]
fn without_key_or_network_the_embedded_model_answers() {
    let ended = toolrun("demo --no-detect").run().exits(0);
    let ended = ended
        .says("model: embedded/")
        .says("call get_exchange_rate from=EUR to=USD");
    let ended = ended
        .says("call validate_iban")
        .stdout_has("1 EUR = ")
        .stdout_has("European Central Bank");
    ended.stdout_has("is a valid IBAN");
}
