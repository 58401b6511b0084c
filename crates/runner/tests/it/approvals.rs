//! Who may write, and what is shown before.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use toolrun_manifest::Effect;
use toolrun_model::scripted::{Scripted, Turn};
use toolrun_model::{DeltaStream, Model, ModelRequest, Part, Reply, StopReason, ToolCall, Usage};
use toolrun_runner::{AllowWrites, Answer, Ending, Event, RunErrorKind, Why};

use crate::server::{Server, json as answer};
use crate::stage::{Stage, person, shop};

fn refunding() -> Scripted {
    Scripted::new([
        Turn::call("c1", "create_refund", &json!({ "order_id": "o/1", "amount": 5 })),
        Turn::text("done"),
    ])
}

async fn server() -> Server {
    Server::start(|_| answer(r#"{"id":"r_1"}"#)).await
}

#[tokio::test]
async fn nobody_to_ask_stops_the_run_before_anything_is_sent() {
    let server = server().await;
    let stage = Stage::new(shop(&server.base));
    let error = stage.session().run(&refunding(), "refund").await.unwrap_err();
    let RunErrorKind::NeedsApproval(proposal) = &error.kind else {
        panic!("{error:?}")
    };
    assert_eq!((proposal.why, proposal.effect), (Why::Write, Effect::Write));
    let shown = proposal.preview.to_string();
    assert!(
        shown.starts_with(&format!("POST {}/orders/o%2F1/refunds\n", server.base)),
        "{shown}"
    );
    assert!(
        shown.contains("Authorization: Bearer ***") && shown.ends_with("{\"amount\":5}"),
        "{shown}"
    );
    assert!(error.hint.unwrap().contains("--allow-writes=create_refund"));
    assert_eq!(server.seen().len(), 0);
    assert!(stage.kept.names().contains(&"approval.refused"));
}

#[tokio::test]
async fn a_no_is_told_to_the_model_and_a_yes_sends_what_was_shown() {
    for (says, sent) in [(Answer::No, 0), (Answer::Yes, 1)] {
        let server = server().await;
        let mut stage = Stage::new(shop(&server.base));
        let asked = person(says.clone());
        stage.approver = Arc::new(asked.clone());
        let model = refunding();
        let outcome = stage.session().run(&model, "refund").await.unwrap();
        assert_eq!(outcome.ending, Ending::Answered);
        assert_eq!(server.seen().len(), sent);
        let proposals = asked.asked.lock().unwrap().clone();
        assert_eq!(proposals.len(), 1);
        let last = model.requests().pop().unwrap().messages.pop().unwrap();
        let Part::ToolResult(result) = &last.parts[0] else {
            panic!("{last:?}")
        };
        assert_eq!(result.is_error, says == Answer::No, "{}", result.content);
        if says == Answer::Yes {
            let approved = proposals[0].preview.sha256();
            let started = stage.kept.events().into_iter().find_map(|event| match event {
                Event::ToolStarted(started) => started.request_sha256,
                _ => None,
            });
            assert_eq!(started, Some(approved));
            assert_eq!(server.seen()[0].body, "{\"amount\":5}");
        }
    }
}

#[tokio::test]
async fn allowed_writes_run_and_destructive_ones_must_be_named() {
    let named = |name: &str| AllowWrites::Named(BTreeSet::from([name.to_owned()]));
    let cases = [
        ("create_refund", AllowWrites::All, true),
        ("create_refund", named("create_refund"), true),
        ("create_refund", named("delete_order"), false),
        ("delete_order", AllowWrites::All, false),
        ("delete_order", named("delete_order"), true),
    ];
    for (tool, allowed, runs) in cases {
        let server = server().await;
        let mut stage = Stage::new(shop(&server.base));
        stage.allow_writes = allowed.clone();
        let arguments = if tool == "create_refund" {
            r#"{"order_id":"o","amount":1}"#
        } else {
            r#"{"order_id":"o"}"#
        };
        let returned = stage.session().call(tool, arguments).await;
        assert_eq!(returned.is_ok(), runs, "{tool} {allowed:?}: {returned:?}");
        assert_eq!(server.seen().len(), usize::from(runs), "{tool} {allowed:?}");
    }
}

/// A router with a fixed call and confidence.
struct Router(&'static str, &'static str, f32);

impl Model for Router {
    fn id(&self) -> &str {
        "embedded/router"
    }

    fn stream(&self, _: ModelRequest) -> DeltaStream {
        let call = ToolCall {
            id: "c1".into(),
            name: self.0.into(),
            arguments: self.1.into(),
        };
        let reply = Reply {
            parts: vec![Part::ToolCall(call)],
            stop: StopReason::ToolCalls,
            usage: Usage::default(),
            confidence: Some(self.2),
        };
        Box::pin(futures_util::stream::iter([Ok(toolrun_model::Delta::End(reply))]))
    }

    fn writes_prose(&self) -> bool {
        false
    }
}

#[tokio::test]
async fn a_router_answers_with_results_and_asks_when_it_is_unsure() {
    let find = r#"{"email":"a@x.example"}"#;
    let refund = r#"{"order_id":"o","amount":1}"#;
    let cases = [
        ("find_orders", find, 0.3, AllowWrites::None, None),
        ("find_orders", find, 0.2, AllowWrites::None, Some(Why::Unsure)),
        ("create_refund", refund, 0.9, AllowWrites::All, Some(Why::Write)),
        (
            "create_refund",
            refund,
            0.9,
            AllowWrites::Named(BTreeSet::from(["create_refund".to_owned()])),
            None,
        ),
    ];
    for (tool, arguments, confidence, allowed, refused) in cases {
        let server = Server::start(|_| answer(r#"{"orders":["o_1"],"id":"r_1"}"#)).await;
        let mut stage = Stage::new(shop(&server.base));
        stage.allow_writes = allowed;
        let ran = stage
            .session()
            .run(&Router(tool, arguments, confidence), "x")
            .await;
        match refused {
            None => {
                let outcome = ran.unwrap();
                assert_eq!(
                    (outcome.ending, outcome.turns, outcome.calls),
                    (Ending::Answered, 1, 1)
                );
                assert!(
                    !outcome.answer.contains("<data-") && !outcome.answer.is_empty(),
                    "{}",
                    outcome.answer
                );
            }
            Some(why) => {
                let RunErrorKind::NeedsApproval(proposal) = ran.unwrap_err().kind else {
                    panic!("not refused")
                };
                assert_eq!((proposal.why, proposal.confidence), (why, Some(confidence)));
                assert_eq!(server.seen().len(), 0);
            }
        }
    }
}

#[tokio::test]
async fn a_router_whose_call_was_not_allowed_ends_as_not_allowed() {
    let server = server().await;
    let mut stage = Stage::new(shop(&server.base));
    stage.approver = Arc::new(person(Answer::No));
    let router = Router("create_refund", r#"{"order_id":"o","amount":1}"#, 0.9);
    let error = stage.session().run(&router, "refund").await.unwrap_err();
    assert_eq!(error.kind, RunErrorKind::Declined);
    assert_eq!(error.message, "`create_refund` was not allowed; nothing was sent");
    assert_eq!(server.seen().len(), 0);
    let names = stage.kept.names();
    assert_eq!(names.last(), Some(&"run.finished"), "{names:?}");
    // A refusal of another kind stays what it is.
    let router = Router("create_refund", r#"{"order_id":"o"}"#, 0.9);
    let outcome = stage.session().run(&router, "refund").await.unwrap();
    assert_eq!(outcome.ending, Ending::NoAnswer);
}
