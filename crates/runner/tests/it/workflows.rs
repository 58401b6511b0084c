//! Workflows against a real server: called by a person, by a model, and by
//! each other, under the same limits and the same permission as single calls.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use toolrun_manifest::Manifest;
use toolrun_model::scripted::{Scripted, Turn};
use toolrun_model::{Part, ToolResult};
use toolrun_runner::{AllowWrites, Answer, Ending, Event, LimitKind, Limits, RunErrorKind};

use crate::server::{Say, Seen, Server, json as answer};
use crate::stage::{KEY, Stage, manifest, person};

/// A bank with rates, accounts and payments at this address.
fn bank(base: &str) -> Manifest {
    manifest(&format!(
        r#"
toolrun: 1
name: bank
secrets: {{ SHOP_KEY: env }}
apis:
  bank: {{ base_url: "{base}", auth: {{ bearer: SHOP_KEY }}, retries: 0 }}
tools:
  get_rate:
    api: bank
    description: Returns the exchange rate from one currency to another.
    params:
      from: {{ type: string, description: The currency that is given }}
      to: {{ type: string, default: USD, description: The currency that is wanted }}
    url: /rate?from={{{{ from }}}}&to={{{{ to }}}}
    result: {{ pick: "{{rate: rate}}" }}
  check_iban:
    api: bank
    description: Checks the number of a bank account for mistakes.
    params: {{ iban: {{ type: string, description: The number of the account }} }}
    url: /iban/{{{{ iban }}}}
  pay:
    api: bank
    description: Pays an amount in euro to an account, at once.
    params:
      iban: {{ type: string, description: The number of the account }}
      amount: {{ type: number, description: The amount in euro }}
    method: POST
    effect: destructive
    url: /payments
    body: {{ json: {{ iban: "{{{{ iban }}}}", amount: "{{{{ amount }}}}" }} }}
workflows:
  settle:
    description: Pays an invoice in euro at the rate of the day.
    params:
      dollars: {{ type: number, description: The amount in dollars }}
      iban: {{ type: string, description: The number of the account }}
    steps:
      - {{ id: rate, call: get_rate, with: {{ from: EUR }} }}
      - {{ id: account, call: check_iban, with: {{ iban: "{{{{ iban }}}}" }} }}
      - id: payment
        when: "{{{{ account.valid }}}}"
        call: pay
        with: {{ iban: "{{{{ iban }}}}", amount: "{{{{ (dollars / rate.rate) | round(2) }}}}" }}
    return: {{ paid: "{{{{ payment.id }}}}", rate: "{{{{ rate.rate }}}}" }}
  rates:
    description: Returns the rates of several currencies in one go.
    params:
      currencies: {{ type: array, items: {{ type: string }}, description: The currencies }}
    steps:
      - id: all
        for_each: "{{{{ currencies }}}}"
        as: currency
        call: get_rate
        with: {{ from: "{{{{ currency }}}}" }}
    return: "{{{{ all }}}}"
  settle_all:
    description: Pays several invoices in euro at the rate of the day.
    params:
      ibans: {{ type: array, items: {{ type: string }}, description: The numbers of the accounts }}
    steps:
      - id: each
        for_each: "{{{{ ibans }}}}"
        as: one
        concurrency: 1
        on_error: skip
        call: settle
        with: {{ dollars: 110, iban: "{{{{ one }}}}" }}
  wait:
    description: Waits until the rate of the day is a good one.
    steps:
      - id: rate
        call: get_rate
        with: {{ from: EUR }}
        repeat: {{ until: "{{{{ rate.rate > 2 }}}}", every: 20ms, times: 5 }}
"#
    ))
}

fn says(seen: &Seen) -> Say {
    if seen.line.contains("/rate?from=XXX") {
        answer(r#"{"message":"no such currency"}"#).status(404)
    } else if seen.line.contains("/rate") {
        answer(r#"{"rate":1.10,"source":"ecb"}"#)
    } else if seen.line.contains("/iban/BAD") {
        answer(r#"{"valid":false}"#)
    } else if seen.line.contains("/iban") {
        answer(r#"{"valid":true}"#)
    } else {
        answer(r#"{"id":"p_1"}"#).status(201)
    }
}

fn named(names: &[&str]) -> AllowWrites {
    AllowWrites::Named(
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<BTreeSet<_>>(),
    )
}

fn calls(limits: Limits, calls: u32) -> Limits {
    Limits { calls, ..limits }
}

const ARGS: &str = r#"{"dollars":110,"iban":"DE1"}"#;

#[tokio::test]
async fn a_person_calls_a_workflow() {
    let server = Server::start(says).await;
    let mut stage = Stage::new(bank(&server.base));
    stage.allow_writes = named(&["settle"]);
    let returned = stage.session().call("settle", ARGS).await.unwrap();
    let value = returned.value.as_ref().map(Value::to_string);
    assert_eq!(value.as_deref(), Some(r#"{"paid":"p_1","rate":1.10}"#));
    assert_eq!(returned.payload.as_deref(), Some(r#"{"paid":"p_1","rate":1.10}"#));
    assert_eq!((returned.ending, returned.is_error), (Ending::Answered, false));
    let lines: Vec<String> = server.seen().into_iter().map(|seen| seen.line).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[2], "POST /payments HTTP/1.1");
    assert_eq!(server.seen()[2].body, r#"{"iban":"DE1","amount":100.0}"#);
    let names = stage.kept.names();
    assert_eq!(
        &names[..6],
        [
            "run.started",
            "tool.started",
            "step.started",
            "step.started",
            "tool.started",
            "tool.started"
        ]
    );
    assert_eq!(
        &names[names.len() - 4..],
        ["tool.returned", "step.finished", "tool.returned", "run.finished"]
    );
    let Some(Event::RunFinished(finished)) = stage.kept.events().pop() else {
        panic!("not finished")
    };
    assert_eq!(finished.calls, 3, "a workflow is no call itself");
}

#[tokio::test]
async fn every_event_of_a_workflow_reads_back_as_it_was_written() {
    let server = Server::start(says).await;
    let mut stage = Stage::new(bank(&server.base));
    stage.allow_writes = named(&["settle_all"]);
    stage
        .session()
        .call("settle_all", r#"{"ibans":["DE1","BAD"]}"#)
        .await
        .unwrap();
    let events = stage.kept.events.lock().unwrap().clone();
    assert!(events.len() > 20);
    for event in events {
        let line = serde_json::to_string(&event).unwrap();
        let read: toolrun_runner::Stamped<Event> = serde_json::from_str(&line).unwrap();
        assert_eq!(read, event, "{line}");
    }
}

#[tokio::test]
async fn each_writing_step_is_asked_about_and_a_no_stops() {
    let server = Server::start(says).await;
    let mut stage = Stage::new(bank(&server.base));
    let error = stage.session().call("settle", ARGS).await.unwrap_err();
    assert!(matches!(error.kind, RunErrorKind::NeedsApproval(_)), "{error:?}");
    let hint = error.hint.unwrap();
    assert!(
        hint.contains("--allow-writes=pay permits it, --allow-writes=settle all steps"),
        "{hint}"
    );
    assert_eq!(server.seen().len(), 2, "the reads were sent, the payment was not");

    let no = person(Answer::No);
    stage.approver = Arc::new(no.clone());
    let error = stage.session().call("settle", ARGS).await.unwrap_err();
    assert_eq!(error.kind, RunErrorKind::Declined);
    let asked = no.asked.lock().unwrap().clone();
    assert_eq!(
        (asked.len(), asked[0].within.as_slice()),
        (1, &["settle".to_owned()][..])
    );
    assert!(
        asked[0]
            .preview
            .to_string()
            .contains(r#"{"iban":"DE1","amount":100.0}"#)
    );
    assert_eq!(server.seen().len(), 4);

    let yes = person(Answer::Yes);
    stage.approver = Arc::new(yes.clone());
    let returned = stage
        .session()
        .call("settle_all", r#"{"ibans":["DE1","DE2"]}"#)
        .await
        .unwrap();
    assert!(!returned.is_error);
    let asked = yes.asked.lock().unwrap().clone();
    assert_eq!(
        (asked.len(), asked[0].within.join(" ")),
        (2, "settle settle_all".to_owned())
    );
}

#[tokio::test]
async fn a_no_is_not_an_error_that_on_error_skips() {
    let server = Server::start(says).await;
    let mut stage = Stage::new(bank(&server.base));
    stage.approver = Arc::new(person(Answer::No));
    let error = stage
        .session()
        .call("settle_all", r#"{"ibans":["DE1","DE2"]}"#)
        .await
        .unwrap_err();
    assert_eq!((error.kind, server.seen().len()), (RunErrorKind::Declined, 2));
}

#[tokio::test]
async fn who_names_a_workflow_or_the_tool_allows_the_steps() {
    for (allowed, sent) in [
        (named(&["settle_all"]), true),
        (named(&["settle"]), true),
        (named(&["pay"]), true),
        (named(&["rates"]), false),
        // Destructive ones have to be named.
        (AllowWrites::All, false),
    ] {
        let server = Server::start(says).await;
        let mut stage = Stage::new(bank(&server.base));
        stage.allow_writes = allowed.clone();
        let ended = stage.session().call("settle_all", r#"{"ibans":["DE1"]}"#).await;
        let paid = server.seen().iter().any(|seen| seen.line.starts_with("POST"));
        assert_eq!((ended.is_ok(), paid), (sent, sent), "{allowed:?}");
    }
}

#[tokio::test]
async fn the_limit_of_calls_is_exact() {
    let currencies: Vec<String> = (0..20).map(|n| format!("C{n}")).collect();
    let arguments = json!({ "currencies": currencies }).to_string();
    for (limit, ending, sent) in [
        (20, Ending::Answered, 20),
        (7, Ending::Limit(LimitKind::Calls), 7),
    ] {
        let server = Server::start(says).await;
        let mut stage = Stage::new(bank(&server.base));
        stage.limits = calls(stage.limits, limit);
        let returned = stage.session().call("rates", &arguments).await.unwrap();
        assert_eq!((returned.ending, server.seen().len()), (ending, sent));
        let reached = stage.kept.names().contains(&"limit.reached");
        assert_eq!(reached, ending != Ending::Answered);
        if reached {
            assert!(returned.note.unwrap().contains("--limit calls="));
        }
    }
}

#[tokio::test]
async fn the_limit_of_time_stops_a_workflow() {
    let server = Server::start(|seen| says(seen).after(Duration::from_secs(30))).await;
    let mut stage = Stage::new(bank(&server.base));
    stage.limits.time = Duration::from_millis(300);
    let returned = stage
        .session()
        .call("rates", r#"{"currencies":["EUR"]}"#)
        .await
        .unwrap();
    assert_eq!(returned.ending, Ending::Limit(LimitKind::Time));
    let names = stage.kept.names();
    assert_eq!(
        &names[names.len() - 3..],
        ["tool.returned", "limit.reached", "run.finished"]
    );
}

#[tokio::test]
async fn a_person_stops_a_workflow() {
    let server = Server::start(|seen| says(seen).after(Duration::from_secs(30))).await;
    let stage = Stage::new(bank(&server.base));
    let stop = stage.stop.clone();
    let mut session = stage.session();
    let stopped = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop.stop();
    };
    let (ended, ()) = tokio::join!(session.call("rates", r#"{"currencies":["EUR"]}"#), stopped);
    assert_eq!(ended.unwrap_err().kind, RunErrorKind::Interrupted);
}

#[tokio::test]
async fn a_failing_step_says_which_and_why_and_what_was_changed() {
    let server = Server::start(|seen| match seen.body.contains("DE2") {
        true => answer(r#"{"message":"no such account"}"#).status(422),
        false => says(seen),
    })
    .await;
    let mut stage = Stage::new(bank(&server.base));
    stage.allow_writes = named(&["settle"]);
    let returned = stage
        .session()
        .call("settle", &ARGS.replace("DE1", "DE2"))
        .await
        .unwrap();
    assert!(returned.is_error);
    assert_eq!(
        returned.head.as_deref(),
        Some(r#"{"error":"step_failed","step":"payment","calls":"pay"}"#)
    );
    assert!(returned.payload.unwrap().contains("no such account"));
    assert_eq!(returned.note, None, "nothing was changed");
}

#[tokio::test]
async fn a_read_is_repeated_until_it_is_good() {
    let count = std::sync::atomic::AtomicU32::new(0);
    let server = Server::start(move |_| {
        let n = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        answer(format!(r#"{{"rate":{n}}}"#))
    })
    .await;
    let stage = Stage::new(bank(&server.base));
    let returned = stage.session().call("wait", "{}").await.unwrap();
    assert_eq!(returned.value, Some(json!({ "rate": 3 })));
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn arguments_of_a_workflow_are_checked_like_a_tools() {
    let stage = Stage::new(bank("http://127.0.0.1:9"));
    for (arguments, part) in [("{}", "dollars"), (r#"{"dollars":"x","iban":"DE1"}"#, "number")] {
        let error = stage.session().call("settle", arguments).await.unwrap_err();
        assert_eq!(error.kind, RunErrorKind::Usage);
        let cause = error.source.unwrap().to_string();
        assert!(cause.contains(part), "{cause}");
    }
    let error = stage.session().call("setle", "{}").await.unwrap_err();
    assert!(error.hint.unwrap().contains("did you mean `settle`?"));
}

fn told(model: &Scripted) -> Vec<ToolResult> {
    let requests = model.requests();
    let messages = &requests.last().unwrap().messages;
    let parts = messages.iter().flat_map(|message| message.parts.clone());
    parts
        .filter_map(|part| match part {
            Part::ToolResult(result) => Some(result),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn to_a_model_a_workflow_is_one_more_tool() {
    let server = Server::start(says).await;
    let mut stage = Stage::new(bank(&server.base));
    stage.allow_writes = named(&["settle"]);
    let model = Scripted::new([
        Turn::calls(&[("c1", "settle", ARGS), ("c2", "get_rate", r#"{"from":"GBP"}"#)]),
        Turn::text("Paid."),
    ]);
    let outcome = stage.session().run(&model, "pay it").await.unwrap();
    assert_eq!(
        (outcome.ending, outcome.calls, outcome.turns),
        (Ending::Answered, 4, 2)
    );
    let offered = &model.requests()[0].tools;
    let settle = offered.iter().find(|tool| tool.name == "settle").unwrap();
    assert!(settle.writes && settle.parameters["required"] == json!(["dollars", "iban"]));
    let told = told(&model);
    assert_eq!(told.len(), 2, "the steps are no results of their own");
    assert_eq!((told[0].call_id.as_str(), told[0].is_error), ("c1", false));
    let host = server.base.trim_start_matches("http://");
    let (open, payload) = told[0].content.split_once('\n').unwrap();
    assert!(
        open.ends_with(&format!(" tool=\"settle\" host=\"{host}\">")),
        "{open}"
    );
    assert!(
        payload.starts_with("{\"paid\":\"p_1\",\"rate\":1.10}\n</data-"),
        "{payload}"
    );
}

#[tokio::test]
async fn a_workflow_may_not_pass_the_limit_of_the_run() {
    let server = Server::start(says).await;
    let mut stage = Stage::new(bank(&server.base));
    stage.limits = calls(stage.limits, 5);
    let arguments = json!({ "currencies": ["A", "B", "C", "D"] }).to_string();
    let model = Scripted::new([
        Turn::calls(&[("c1", "rates", &arguments), ("c2", "rates", &arguments)]),
        Turn::text("Some rates."),
    ]);
    let outcome = stage.session().run(&model, "rates").await.unwrap();
    assert_eq!(outcome.ending, Ending::Limit(LimitKind::Calls));
    assert_eq!((outcome.calls, server.seen().len()), (5, 5));
    assert_eq!(outcome.answer, "Some rates.");
    assert!(
        told(&model)
            .iter()
            .any(|result| result.is_error && result.content.contains("limit_reached"))
    );
}

#[tokio::test]
async fn a_model_is_told_of_a_step_that_failed_inside_the_fence() {
    let server = Server::start(says).await;
    let stage = Stage::new(bank(&server.base));
    let arguments = json!({ "currencies": ["EUR", "XXX"] }).to_string();
    let model = Scripted::new([Turn::calls(&[("c1", "rates", &arguments)]), Turn::text("No.")]);
    stage.session().run(&model, "rates").await.unwrap();
    let told = told(&model);
    let (head, rest) = told[0].content.split_once('\n').unwrap();
    assert_eq!(
        head,
        r#"{"error":"step_failed","step":"all","item":1,"calls":"get_rate"}"#
    );
    assert!(rest.starts_with("<data-"), "{rest}");
    assert!(rest.contains("no such currency"), "{rest}");
}

#[tokio::test]
async fn a_model_that_was_told_no_reads_it_and_goes_on() {
    let server = Server::start(says).await;
    let mut stage = Stage::new(bank(&server.base));
    stage.approver = Arc::new(person(Answer::No));
    let model = Scripted::new([Turn::calls(&[("c1", "settle", ARGS)]), Turn::text("I may not.")]);
    let outcome = stage.session().run(&model, "pay").await.unwrap();
    assert_eq!(
        (outcome.ending, outcome.answer.as_str()),
        (Ending::Answered, "I may not.")
    );
    assert!(told(&model)[0].content.contains("not_allowed"));
}

#[tokio::test]
async fn secrets_are_hidden_in_values_and_steps_go_on() {
    let server = Server::start(|seen| match seen.line.contains("/rate") {
        true => answer(format!(r#"{{"rate":"{KEY}"}}"#)),
        false => says(seen),
    })
    .await;
    let stage = Stage::new(bank(&server.base));
    let returned = stage
        .session()
        .call("rates", r#"{"currencies":["EUR","USD"]}"#)
        .await
        .unwrap();
    assert_eq!(
        returned.value,
        Some(json!([{ "rate": "***" }, { "rate": "***" }]))
    );
    let events = serde_json::to_string(&*stage.kept.events.lock().unwrap()).unwrap();
    assert!(!events.contains(KEY));
}

#[tokio::test]
async fn a_thousand_items_run_to_their_end() {
    let server = Server::start(says).await;
    let mut stage = Stage::new(bank(&server.base));
    stage.limits = calls(stage.limits, 1_000);
    let currencies: Vec<String> = (0..1_000).map(|n| format!("C{n}")).collect();
    let arguments = json!({ "currencies": currencies }).to_string();
    let returned = stage.session().call("rates", &arguments).await.unwrap();
    assert_eq!(
        returned.value.and_then(|value| value.as_array().map(Vec::len)),
        Some(1_000)
    );
}
