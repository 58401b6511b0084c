//! What is printed where: one object, events, masked secrets, closed pipes,
//! interruptions.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::llm::{Llm, Turn, call, calls};
use crate::support::program::{Program, signal, toolrun};
use crate::support::shop::{MANIFEST, MODEL_KEY, SHOP_KEY, run, shop};

fn events_of(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect()
}

#[test]
fn json_is_one_versioned_object() {
    let script = vec![
        call("find_orders", &json!({ "email": "a@b.c" })),
        Turn::Say("One order."),
    ];
    let (llm, shop_1) = (Llm::start(script), shop());
    let object = run("openai", &llm, &shop_1, "Go")
        .arg("--json")
        .run()
        .exits(0)
        .json();
    assert_eq!(object["version"].to_string(), "1");
    assert_eq!(object["ending"], "answered");
    assert_eq!(object["answer"], "One order.");
    assert_eq!(object["model"], "openai/scripted");
    assert_eq!(object["turns"].to_string(), "2");
    assert_eq!(object["calls"].to_string(), "1");
    assert_eq!(object["tokens"].to_string(), "220");
    assert_eq!(object["exit"].to_string(), "0");
    let (llm, shop_2) = (Llm::start(vec![Turn::Status(401, None)]), shop());
    let object = run("openai", &llm, &shop_2, "Go")
        .arg("--json")
        .run()
        .exits(3)
        .json();
    assert_eq!(object["ending"], "failed");
    assert!(object["error"]["message"].is_string());
}

#[test]
fn events_are_lines_of_json_for_the_owner_alone() {
    let script = vec![
        call("find_orders", &json!({ "email": "a@b.c" })),
        Turn::Say("One order."),
    ];
    let (llm, shop) = (Llm::start(script), shop());
    let ended = run("openai", &llm, &shop, "Go")
        .arg("--events")
        .arg("e.jsonl")
        .run()
        .exits(0);
    let events = events_of(&ended.read("e.jsonl"));
    let names: Vec<&str> = events
        .iter()
        .filter_map(|event| event["event"].as_str())
        .collect();
    let expected = [
        "run.started",
        "model.replied",
        "tool.started",
        "tool.returned",
        "model.replied",
        "run.finished",
    ];
    assert_eq!(names, expected);
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["seq"].to_string(), number.to_string());
        assert!(
            event["at"].as_str().is_some_and(|at| at.ends_with('Z')),
            "{event}"
        );
    }
    assert_eq!(events[2]["arguments"]["limit"].to_string(), "20");
    assert_eq!(events[3]["status"].to_string(), "200");
    assert_eq!(events[5]["answer"], "One order.");
    let mode = std::fs::metadata(ended.path("e.jsonl"))
        .expect("the file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn every_event_fits_the_schema_that_is_printed() {
    let schema = toolrun("schema events").run().exits(0).json();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["title"], "One line of --events");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let ids = ["o_1", "nope", "long"];
    let three: Vec<_> = ids
        .iter()
        .map(|id| ("get_order", json!({ "order_id": id })))
        .collect();
    let note = call("add_note", &json!({ "order_id": "o_1", "text": "x" }));
    let refund = call("create_refund", &json!({ "order_id": "o_1", "amount": 5 }));
    let unknown = call("no_such_tool", &json!({}));
    let scripts = [
        (
            vec![calls(&three), unknown, note, Turn::Say("Done.")],
            vec!["--allow-writes"],
            0,
        ),
        (vec![refund], vec![], 5),
        (vec![calls(&three)], vec!["--limit", "calls=1"], 4),
        (vec![Turn::Status(401, None)], vec![], 3),
    ];
    let mut names = std::collections::BTreeSet::new();
    for (script, flags, code) in scripts {
        let (llm, shop) = (Llm::start(script), shop());
        let program = run("openai", &llm, &shop, "Go").arg("--events").arg("e.jsonl");
        let program = flags.into_iter().fold(program, Program::arg);
        let ended = program.run().exits(code);
        for event in events_of(&ended.read("e.jsonl")) {
            let faults: Vec<String> = validator
                .iter_errors(&event)
                .map(|fault| fault.to_string())
                .collect();
            assert!(faults.is_empty(), "{faults:?}\n{event:#}");
            names.insert(event["event"].as_str().expect("a name").to_owned());
        }
    }
    assert!(names.len() >= 7, "the runs show most kinds: {names:?}");
    let wrong = json!({ "seq": 0, "at": "2026-01-01T00:00:00Z", "event": "run.dreamt" });
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn events_on_stdout_are_all_that_is_there() {
    let (llm, shop) = (Llm::start(vec![Turn::Say("Hello.")]), shop());
    let ended = run("openai", &llm, &shop, "Go")
        .arg("--events")
        .arg("-")
        .run()
        .exits(0);
    assert_eq!(events_of(&ended.stdout).len(), 3);
    run("openai", &llm, &shop, "Go")
        .arg("--events=-")
        .arg("--json")
        .run()
        .exits(2)
        .prints("");
}

#[test]
fn talk_before_a_call_is_not_data() {
    let talk = Turn::Call(
        "Let me look.",
        vec![("find_orders", json!({ "email": "a@b.c" }).to_string())],
    );
    for provider in ["openai", "anthropic"] {
        let (llm, shop) = (Llm::start(vec![talk.clone(), Turn::Say("One order.")]), shop());
        run(provider, &llm, &shop, "Go")
            .run()
            .exits(0)
            .prints("One order.\n");
    }
}

#[test]
fn no_secret_leaves_the_process_but_to_its_own_host() {
    for provider in ["openai", "anthropic"] {
        let ids = ["echo", "broken", "nope"];
        let three: Vec<_> = ids
            .iter()
            .map(|id| ("get_order", json!({ "order_id": id })))
            .collect();
        let (llm, shop) = (Llm::start(vec![calls(&three), Turn::Say("Done.")]), shop());
        let program = run(provider, &llm, &shop, "Go")
            .arg("-vv")
            .arg("--events")
            .arg("e.jsonl");
        let ended = program.run().exits(0).hides(SHOP_KEY).hides(MODEL_KEY);
        let events = ended.read("e.jsonl");
        let asked: String = llm.asked().iter().map(Value::to_string).collect();
        for (sink, text) in [("events", &events), ("model", &asked)] {
            assert!(!text.contains(SHOP_KEY), "the shop's key in {sink}");
            assert!(!text.contains(MODEL_KEY), "the model's key in {sink}");
        }
        assert!(asked.contains("***"), "the echo is masked");
        for request in shop.recorded() {
            let raw = String::from_utf8_lossy(&request.raw).into_owned();
            assert!(raw.contains(SHOP_KEY) && !raw.contains(MODEL_KEY));
        }
        for request in llm.server.recorded() {
            let raw = String::from_utf8_lossy(&request.raw).into_owned();
            assert!(raw.contains(MODEL_KEY) && !raw.contains(SHOP_KEY));
        }
    }
}

#[test]
fn a_missing_secret_names_its_variable() {
    let program = toolrun("call shop.yaml get_order order_id=o_1").file("shop.yaml", MANIFEST);
    program
        .run()
        .exits(3)
        .says("SHOP_KEY")
        .says("export SHOP_KEY=")
        .says("--env-file");
    let shop = shop();
    toolrun("call shop.yaml get_order order_id=o_1 --env-file keys")
        .file("shop.yaml", MANIFEST)
        .file(
            "keys",
            &format!("# keys\nexport SHOP_KEY='{SHOP_KEY}'\nSHOP_URL={}\n", shop.url()),
        )
        .run()
        .exits(0)
        .stdout_has("paid");
    assert_eq!(
        shop.recorded()[0].header("authorization"),
        [format!("Bearer {SHOP_KEY}")]
    );
}

#[test]
fn an_empty_variable_is_told_as_empty() {
    let call = || toolrun("call shop.yaml get_order order_id=o_1").file("shop.yaml", MANIFEST);
    call()
        .env("SHOP_KEY", "")
        .run()
        .exits(3)
        .says("the environment variable SHOP_KEY is empty")
        .says("export SHOP_KEY=");
    call()
        .arg("--env-file=keys")
        .file("keys", "SHOP_KEY=\n")
        .run()
        .exits(3)
        .says("SHOP_KEY is empty");
}

#[test]
fn a_file_of_variables_is_never_stdin() {
    let ended = toolrun("call shop.yaml get_order order_id=o_1 --env-file -")
        .file("shop.yaml", MANIFEST)
        .run()
        .exits(2);
    ended
        .says("cannot read `-`: there is no such file")
        .says("--env-file takes the path of a file")
        .hides("`-` reads stdin");
}

#[test]
fn curl_says_what_its_variables_hold() {
    for (source, said) in [
        (
            "{ command: [./key.sh, a b] }",
            "# SHOP_KEY is what `./key.sh 'a b'` prints\ncurl ",
        ),
        (
            "{ file: keys/shop }",
            "# SHOP_KEY is the content of `keys/shop`\ncurl ",
        ),
        ("env", "curl "),
    ] {
        let manifest = MANIFEST.replace("SHOP_KEY: env", &format!("SHOP_KEY: {source}"));
        let ended = toolrun("call shop.yaml get_order order_id=o_1 --curl").file("shop.yaml", &manifest);
        let ended = ended
            .run()
            .exits(0)
            .stdout_has("'Authorization: Bearer '\"$SHOP_KEY\"");
        assert!(ended.stdout.starts_with(said), "{}", ended.stdout);
    }
}

#[test]
fn a_key_of_two_lines_is_told_with_its_remedy() {
    let manifest = MANIFEST.replace("SHOP_KEY: env", "SHOP_KEY: { file: key }");
    toolrun("call shop.yaml get_order order_id=o_1")
        .file("shop.yaml", &manifest)
        .file("key", "one\ntwo\n")
        .run()
        .exits(3)
        .says("SHOP_KEY")
        .says("keep it alone on one line");
}

#[test]
fn a_key_of_another_product_is_not_sent_without_a_yes() {
    let manifest = MANIFEST.replace("SHOP_KEY: env", "SHOP_KEY: { env: OPENAI_API_KEY }");
    let (llm, shop) = (
        Llm::start(vec![call("get_order", &json!({ "order_id": "o_1" }))]),
        shop(),
    );
    let ran = run("openai", &llm, &shop, "Go")
        .file("shop.yaml", &manifest)
        .run()
        .exits(5);
    ran.says("sends OPENAI_API_KEY, which belongs to openai.com, to")
        .says("127.0.0.1")
        .hides(MODEL_KEY);
    let called = toolrun("call shop.yaml get_order order_id=o_1").file("shop.yaml", &manifest);
    called
        .env("SHOP_URL", &shop.url())
        .env("OPENAI_API_KEY", MODEL_KEY)
        .run()
        .exits(5)
        .hides(MODEL_KEY);
    assert!(
        llm.asked().is_empty() && shop.recorded().is_empty(),
        "nothing is sent, nobody is asked"
    );
}

#[test]
fn a_source_of_secrets_that_nobody_allowed_ends_the_command_before_anything_is_sent() {
    let cases = [
        ("{ command: [pass, show, shop] }", 5, "runs `pass show shop`"),
        ("{ keyring: shop }", 2, "the keyring, which is not in this build"),
        ("{ file: /etc/hostname }", 5, "outside the manifest's folder"),
        ("{ file: ../no-such-file }", 5, "outside the manifest's folder"),
    ];
    for (origin, code, reason) in cases {
        let manifest = MANIFEST.replace("SHOP_KEY: env", &format!("SHOP_KEY: {origin}"));
        let (llm, shop) = (Llm::start(vec![Turn::Say("Hello.")]), shop());
        let ran = run("openai", &llm, &shop, "Go")
            .file("shop.yaml", &manifest)
            .run();
        ran.exits(code).says("SHOP_KEY").says(reason);
        let called = toolrun("call shop.yaml get_order order_id=o_1").file("shop.yaml", &manifest);
        called.env("SHOP_URL", &shop.url()).run().exits(code).says(reason);
        assert!(llm.asked().is_empty() && shop.recorded().is_empty(), "{origin}");
    }
}

#[test]
fn a_password_in_an_address_is_not_echoed() {
    for model in ["--model openai/x", "--model ollama", ""] {
        let program = toolrun(&format!("run shop.yaml Go {model}")).file("shop.yaml", MANIFEST);
        program
            .arg("--base-url=http://ann:hunter2@127.0.0.1:9/v1")
            .env("OPENAI_API_KEY", MODEL_KEY)
            .run()
            .exits(2)
            .says("no user name or password in it")
            .hides("hunter2");
    }
}

#[test]
fn a_closed_pipe_is_no_defect() {
    for words in [
        "tools shop.yaml",
        "--help",
        "call shop.yaml get_order order_id=o_1 --dry-run",
    ] {
        let program = toolrun(words).file("shop.yaml", MANIFEST);
        let mut child = program.command().spawn().expect("the binary starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the binary ends");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !stderr.contains("defect") && !stderr.contains("panicked"),
            "{stderr}"
        );
        assert!(output.status.code().is_some(), "{:?}", output.status);
    }
}

#[test]
fn an_interruption_ends_the_run_with_130() {
    let (llm, shop) = (
        Llm::start(vec![Turn::Late(Duration::from_secs(60), "Too late.")]),
        shop(),
    );
    let program = run("openai", &llm, &shop, "Go").arg("--events").arg("e.jsonl");
    let child = program.spawn();
    llm.server.wait_for(1);
    signal("INT", child.id());
    let began = Instant::now();
    let output = child.wait_with_output().expect("the binary ends");
    assert_eq!(
        output.status.code(),
        Some(130),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(began.elapsed() < Duration::from_secs(30));
    let events = std::fs::read_to_string(program.folder().join("e.jsonl")).expect("events");
    assert!(events_of(&events).last().expect("one")["event"] == "run.finished");
}

#[test]
fn an_interruption_cancels_a_read_in_flight() {
    let (llm, shop) = (
        Llm::start(vec![call("get_order", &json!({ "order_id": "slow" }))]),
        shop(),
    );
    let program = run("openai", &llm, &shop, "Go");
    let child = program.spawn();
    shop.wait_for(1);
    signal("INT", child.id());
    let output = child.wait_with_output().expect("the binary ends");
    assert_eq!(
        output.status.code(),
        Some(130),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(llm.asked().len(), 1, "the model is not asked again");
}

#[test]
fn foreign_control_bytes_do_not_reach_stderr() {
    let (llm, shop) = (
        Llm::start(vec![
            call("get_order", &json!({ "order_id": "escape" })),
            Turn::Say("ok"),
        ]),
        shop(),
    );
    let ended = run("openai", &llm, &shop, "Go").arg("-vv").run().exits(0);
    assert!(
        !ended.stderr.contains('\u{1b}') && !ended.stderr.contains('\u{7}'),
        "{:?}",
        ended.stderr
    );
}

#[test]
fn quiet_says_nothing_and_verbose_says_each_call() {
    let script = || {
        vec![
            call("find_orders", &json!({ "email": "a@b.c" })),
            Turn::Say("One."),
        ]
    };
    let (llm, shop_1) = (Llm::start(script()), shop());
    let ended = run("openai", &llm, &shop_1, "Go")
        .arg("-q")
        .run()
        .exits(0)
        .prints("One.\n");
    assert_eq!(ended.stderr, "");
    let (llm, shop_2) = (Llm::start(script()), shop());
    run("openai", &llm, &shop_2, "Go")
        .arg("-v")
        .run()
        .exits(0)
        .says("find_orders email=a@b.c limit=20: 200 in");
}
