//! Runs that are ended from outside: by a person or by the clock.

use std::time::{Duration, Instant};

use serde_json::json;
use toolrun_model::scripted::{Scripted, Turn};
use toolrun_runner::{AllowWrites, Ending, Event, LimitKind, Limits};

use crate::server::{Server, json as answer};
use crate::stage::{Stage, shop};

const LONG: Duration = Duration::from_secs(60);

/// Stops the stage's run as soon as the server was asked.
fn stop_when_asked(stage: &Stage, server: &Server, requests: usize) -> impl Future<Output = ()> {
    let stop = stage.stop.clone();
    async move {
        while server.seen().len() < requests {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.stop();
    }
}

#[tokio::test]
async fn a_stop_while_the_model_thinks() {
    let stage = Stage::new(shop("http://127.0.0.1:9"));
    let model = Scripted::new([Turn::Hang(vec![toolrun_model::Delta::Text("well".into())])]);
    let stop = stage.stop.clone();
    let mut session = stage.session();
    let (outcome, ()) = tokio::join!(session.run(&model, "x"), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        stop.stop();
    });
    assert_eq!(outcome.unwrap().ending, Ending::Interrupted);
}

#[tokio::test]
async fn a_stop_cancels_reads_and_lets_writes_end() {
    let server = Server::start(|seen| {
        let after = if seen.line.starts_with("GET") {
            LONG
        } else {
            Duration::from_millis(300)
        };
        answer(r#"{"id":"r_1"}"#).after(after)
    })
    .await;
    let mut stage = Stage::new(shop(&server.base));
    stage.allow_writes = AllowWrites::All;
    let model = Scripted::new([Turn::calls(&[
        ("c1", "find_orders", r#"{"email":"a@x.example"}"#),
        ("c2", "create_refund", r#"{"order_id":"o","amount":1}"#),
    ])]);
    let began = Instant::now();
    let mut session = stage.session();
    let (outcome, ()) = tokio::join!(session.run(&model, "x"), stop_when_asked(&stage, &server, 2));
    assert_eq!(outcome.unwrap().ending, Ending::Interrupted);
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!(model.requests().len(), 1);
    let ends: Vec<(String, bool, String)> = stage
        .kept
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::ToolReturned(returned) => Some((returned.call, returned.is_error, returned.content)),
            _ => None,
        })
        .collect();
    let end = |call: &str| ends.iter().find(|(id, ..)| id == call).unwrap();
    assert!(end("c1").1 && end("c1").2.contains("cancelled"), "{ends:?}");
    assert!(!end("c2").1 && end("c2").2.contains("r_1"), "{ends:?}");
}

#[tokio::test]
async fn time_is_a_limit() {
    let server = Server::start(|_| answer("{}").after(LONG)).await;
    let mut stage = Stage::new(shop(&server.base));
    stage.limits = Limits {
        time: Duration::from_millis(200),
        ..Limits::default()
    };
    let model = Scripted::new([Turn::call(
        "c1",
        "find_orders",
        &json!({ "email": "a@x.example" }),
    )]);
    let began = Instant::now();
    let outcome = stage.session().run(&model, "x").await.unwrap();
    assert_eq!(outcome.ending, Ending::Limit(LimitKind::Time));
    assert!(began.elapsed() < Duration::from_secs(4));
    assert!(stage.kept.names().contains(&"limit.reached"));
}

#[tokio::test]
async fn a_stopped_session_starts_no_call() {
    let server = Server::start(|_| answer("{}")).await;
    let stage = Stage::new(shop(&server.base));
    stage.stop.stop();
    let error = stage
        .session()
        .call("find_orders", r#"{"email":"a@x.example"}"#)
        .await
        .unwrap_err();
    assert_eq!(error.kind, toolrun_runner::RunErrorKind::Interrupted);
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn calls_side_by_side_are_as_many_as_the_api_allows() {
    let server = Server::start(|_| answer(r#"{"orders":[]}"#).after(Duration::from_millis(200))).await;
    let mut stage = Stage::new(shop(&server.base));
    for tool in &mut stage.manifest.tools {
        tool.policy.concurrency = 24;
    }
    let calls: Vec<String> = (0..24)
        .map(|n| format!(r#"{{"email":"{n}@x.example"}}"#))
        .collect();
    let calls: Vec<_> = calls
        .iter()
        .map(|arguments| ("c", "find_orders", arguments.as_str()))
        .collect();
    let model = Scripted::new([Turn::calls(&calls), Turn::text("done")]);
    let mut session = stage.session();
    let run = session.run(&model, "x");
    // All were asked before the first answer: one after the other they would take 4.8 s.
    let all = async {
        tokio::time::timeout(Duration::from_secs(3), async {
            while server.seen().len() < 24 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
    };
    let (outcome, all) = tokio::join!(run, all);
    assert!(all.is_ok());
    assert_eq!(outcome.unwrap().calls, 24);
}
