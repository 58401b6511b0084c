//! The rule of two hosts (F04, G4): a call to another host than those whose
//! content the model has read is warned about when it writes, and asked about
//! with `--ask-flow` whatever it does.

use serde_json::{Value, json};

use crate::support::http_server::Reply;
use crate::support::llm::{Llm, Turn, call, calls};
use crate::support::office::{MANIFEST, Office};
use crate::support::program::{Program, toolrun};
use crate::support::terminal::{AtTerminal, Reading};

fn office() -> Office {
    Office::start(|_, _| Reply::json(200, r#"{"hits":["nothing special"]}"#))
}

fn search() -> Turn {
    call("search", &json!({ "q": "x" }))
}

fn note() -> Turn {
    call("add_note", &json!({ "text": "found" }))
}

/// A run of those turns and a last word.
fn running(office: &Office, turns: &[Turn]) -> Program {
    let script = turns.iter().cloned().chain([Turn::Say("Done.")]).collect();
    let llm = Llm::start(script);
    office.run("openai", &llm.base_url(), "Go")
}

fn events(lines: &str) -> Vec<Value> {
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[test]
fn g4_a_write_to_another_host_is_warned_about() {
    let office = office();
    let (web, vault) = (office.web.host(), office.vault.host());
    let ended = running(&office, &[search(), note()])
        .arg("--allow-writes")
        .arg("--json")
        .arg("--events")
        .arg("e.jsonl")
        .run()
        .exits(0)
        .says(&format!(
            "warning[cross-host]: add_note goes to {vault} after the model has read what {web} said; \
             --allow-flow '{web}->{vault}' says that this is meant"
        ));
    assert_eq!(office.vault.recorded().len(), 1);
    let flow = json!([{ "tool": "add_note", "from": [web], "to": vault }]);
    assert_eq!(ended.json()["flows"], flow);
    let events = events(&ended.read("e.jsonl"));
    let at = |name: &str| {
        events
            .iter()
            .position(|event| event["event"] == name)
            .expect(name)
    };
    let warned = &events[at("flow.warned")];
    assert_eq!(
        (&warned["from"], &warned["to"], &warned["asks"]),
        (&json!([web]), &json!(vault), &json!(false))
    );
    let sent = events.iter().rposition(|event| event["event"] == "tool.started");
    assert!(
        Some(at("flow.warned")) < sent,
        "it is told before the call is sent"
    );
}

#[test]
fn g4_what_stays_with_its_host_or_was_meant_is_not_warned_about() {
    let read = || call("read_notes", &json!({}));
    let both = || {
        calls(&[
            ("search", json!({ "q": "x" })),
            ("add_note", json!({ "text": "y" })),
        ])
    };
    let silent = |turns: &[Turn], flow: &dyn Fn(&Office) -> Option<String>| {
        let office = office();
        let mut program = running(&office, turns).arg("--allow-writes");
        if let Some(flow) = flow(&office) {
            program = program.arg("--allow-flow").arg(flow);
        }
        let ended = program.run().exits(0);
        assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
        assert_eq!(
            office
                .vault
                .recorded()
                .iter()
                .filter(|sent| sent.method == "POST")
                .count(),
            1
        );
    };
    silent(&[note()], &|_| None);
    silent(&[read(), note()], &|_| None);
    // Both were written before anything was read.
    silent(&[both()], &|_| None);
    silent(&[search(), note()], &|office| {
        Some(format!("{}->{}", office.web.host(), office.vault.host()))
    });
    silent(&[search(), note()], &|office| {
        Some(format!("*->{}", office.vault.host()))
    });
    silent(&[search(), note()], &|office| {
        Some(format!("{} -> *", office.web.host()))
    });
}

#[test]
fn g4_the_fence_names_the_host_that_answered() {
    let office = Office::start(|_, trap| {
        Reply::of(302, "text/plain", "").header("location", &format!("http://{trap}/elsewhere"))
    });
    let listed = MANIFEST.replace(
        "web: { base_url: \"{{ vars.web_url }}\",",
        &format!(
            "web: {{ base_url: \"{{{{ vars.web_url }}}}\", redirects: {{ to: [\"{}\"] }},",
            office.trap.host()
        ),
    );
    assert_ne!(listed, MANIFEST);
    let llm = Llm::start(vec![search(), Turn::Say("Done.")]);
    office
        .run("openai", &llm.base_url(), "Go")
        .file("office.yaml", &listed)
        .run()
        .exits(0);
    assert_eq!(office.trap.recorded().len(), 1);
    let told = llm.asked().pop().expect("a second turn").to_string();
    assert!(
        told.contains(&format!("host=\\\"{}\\\"", office.trap.host())),
        "{told}"
    );
    assert!(
        !told.contains(&format!("host=\\\"{}\\\"", office.web.host())),
        "{told}"
    );
}

#[test]
fn g4_the_question_carries_the_warning() {
    let office = office();
    let program = running(&office, &[search(), note()]);
    let terminal = AtTerminal::start(program, "", Reading::Eager);
    terminal
        .sees("! it goes to ")
        .sees("anything else is no:")
        .types("y\n");
    let (code, screen) = terminal.ends();
    assert_eq!((code, office.vault.recorded().len()), (Some(0), 1), "{screen}");
    assert!(!screen.contains("warning"), "said once: {screen}");
    let nobody = running(&office, &[search(), note()]).run().exits(5);
    nobody
        .says("after the model has read what")
        .says("--allow-writes=add_note permits it");
}

#[test]
fn g4_with_ask_flow_no_call_leaves_for_another_host_unasked() {
    let find = || call("find_address", &json!({ "name": "Ann" }));
    for turn in [find(), note()] {
        let office = office();
        let refused = running(&office, &[search(), turn])
            .arg("--allow-writes")
            .arg("--ask-flow");
        let ended = refused.run().exits(5).says("after the model has read what");
        ended.says(&format!("--allow-flow '{}->", office.web.host()));
        assert_eq!((office.mail.connections(), office.vault.connections()), (0, 0));
    }
    let office = office();
    let allowed = running(&office, &[search(), find()])
        .arg("--ask-flow")
        .arg("--allow-flow")
        .arg(format!("{}->{}", office.web.host(), office.mail.host()));
    allowed.run().exits(0);
    assert_eq!(office.mail.recorded().len(), 1);
    let asked = running(&office, &[search(), find()]).arg("--ask-flow");
    let terminal = AtTerminal::start(asked, "", Reading::Eager);
    terminal
        .sees("find_address goes to ")
        .sees("Send this GET to")
        .types("y\n");
    let (code, screen) = terminal.ends();
    assert_eq!((code, office.mail.recorded().len()), (Some(0), 2), "{screen}");
}

#[test]
fn g4_a_flow_that_cannot_be_is_a_mistake() {
    for (flow, says) in [
        ("127.0.0.2-", "in quotes"),
        ("https://127.0.0.1->*", "found `https://127.0.0.1`"),
        ("*.example->*", "`*` stands for every host"),
        ("api.example->*", "no tool of the manifest goes to `api.example`"),
    ] {
        let office = office();
        let ended = running(&office, &[]).arg("--allow-flow").arg(flow).run().exits(2);
        ended.says(says);
    }
    toolrun("call office.yaml read_notes --ask-flow")
        .file("office.yaml", crate::support::office::MANIFEST)
        .run()
        .exits(2)
        .says("--ask-flow");
}
