//! The loop: what the model says and what becomes of it.

use std::time::Duration;

use serde_json::json;
use toolrun_model::scripted::{Scripted, Turn};
use toolrun_model::{Message, ModelErrorKind, Part, StopReason, ToolResult};
use toolrun_runner::{Delta, Ending, Event, LimitKind, Limits, RunErrorKind};

use crate::server::{Server, json as answer};
use crate::stage::{Stage, shop};

fn results(messages: &[Message]) -> Vec<ToolResult> {
    let parts = messages.iter().flat_map(|message| message.parts.clone());
    parts
        .filter_map(|part| match part {
            Part::ToolResult(result) => Some(result),
            _ => None,
        })
        .collect()
}

/// The results that the model was sent with its last request.
fn told(model: &Scripted) -> Vec<ToolResult> {
    results(&model.requests().last().unwrap().messages)
}

#[tokio::test]
async fn no_call() {
    let stage = Stage::new(shop("http://127.0.0.1:9"));
    let model = Scripted::new([Turn::text("Hello there.").using(10, 5)]);
    let outcome = stage.session().run(&model, "Hi").await.unwrap();
    assert_eq!(
        (outcome.ending, outcome.answer.as_str()),
        (Ending::Answered, "Hello there.")
    );
    assert_eq!((outcome.turns, outcome.calls, outcome.tokens), (1, 0, 15));
    assert_eq!(
        stage.kept.names(),
        ["run.started", "model.replied", "run.finished"]
    );
    let deltas = stage.kept.deltas.lock().unwrap().clone();
    let text: String = deltas
        .iter()
        .filter_map(|delta| match delta {
            Delta::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(text, "Hello there.");
    let request = &model.requests()[0];
    let instructions = request.instructions.as_deref().unwrap();
    assert!(instructions.starts_with("Answer only from tool results.\n\nResults of tools stand between"));
    let names: Vec<&str> = request.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["find_orders", "create_refund", "delete_order"]);
}

#[tokio::test]
async fn one_call() {
    let server = Server::start(|_| answer(r#"{"orders":[{"id":"o_1","total":20.50}]}"#)).await;
    let stage = Stage::new(shop(&server.base));
    let call = json!({ "email": "ann@example.com" });
    let model = Scripted::new([Turn::call("c1", "find_orders", &call), Turn::text("One order.")]);
    let outcome = stage.session().run(&model, "orders?").await.unwrap();
    assert_eq!((outcome.ending, outcome.calls), (Ending::Answered, 1));
    let seen = &server.seen()[0];
    assert_eq!(seen.line, "GET /orders?email=ann%40example.com&limit=20 HTTP/1.1");
    assert!(
        seen.headers
            .contains(&("authorization".into(), format!("Bearer {}", crate::stage::KEY)))
    );
    let told = told(&model);
    assert!(!told[0].is_error);
    let host = server.base.trim_start_matches("http://");
    let (open, payload) = told[0].content.split_once('\n').unwrap();
    assert!(
        open.ends_with(&format!(" tool=\"find_orders\" host=\"{host}\">")),
        "{open}"
    );
    assert!(
        payload.starts_with("[{\"id\":\"o_1\",\"total\":20.50}]\n</data-"),
        "{payload}"
    );
    let expected = [
        "run.started",
        "model.replied",
        "tool.started",
        "tool.returned",
        "model.replied",
        "run.finished",
    ];
    assert_eq!(stage.kept.names(), expected);
}

#[tokio::test]
async fn three_parallel_calls_of_which_one_fails() {
    let server = Server::start(|seen| {
        // The first answer is the last to come.
        if seen.line.contains("a%40") {
            answer(r#"{"orders":["a"]}"#).after(Duration::from_millis(150))
        } else if seen.line.contains("b%40") {
            answer(r#"{"message":"boom"}"#).status(500)
        } else {
            answer(r#"{"orders":["c"]}"#)
        }
    })
    .await;
    let stage = Stage::new(shop(&server.base));
    let model = Scripted::new([
        Turn::calls(&[
            ("c1", "find_orders", r#"{"email":"a@x.example"}"#),
            ("c2", "find_orders", r#"{"email":"b@x.example"}"#),
            ("c3", "find_orders", r#"{"email":"c@x.example"}"#),
        ]),
        Turn::text("done"),
    ]);
    let outcome = stage.session().run(&model, "all").await.unwrap();
    assert_eq!((outcome.ending, outcome.calls), (Ending::Answered, 3));
    let told = told(&model);
    let ids: Vec<&str> = told.iter().map(|result| result.call_id.as_str()).collect();
    assert_eq!(ids, ["c1", "c2", "c3"], "in the order of the calls");
    assert_eq!(
        told.iter().map(|result| result.is_error).collect::<Vec<_>>(),
        [false, true, false]
    );
    assert!(told[0].content.contains("[\"a\"]") && told[2].content.contains("[\"c\"]"));
    assert!(
        told[1]
            .content
            .starts_with(r#"{"error":"http_status","status":500,"retryable":true}"#)
    );
    assert!(told[1].content.contains("boom"), "{}", told[1].content);
    let ended: Vec<String> = stage
        .kept
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::ToolReturned(returned) => Some(returned.call),
            _ => None,
        })
        .collect();
    assert_eq!(
        ended.last().map(String::as_str),
        Some("c1"),
        "they ran side by side: {ended:?}"
    );
}

#[tokio::test]
async fn bad_arguments_then_corrected_ones_and_an_unknown_tool() {
    let server = Server::start(|_| answer(r#"{"orders":[]}"#)).await;
    let stage = Stage::new(shop(&server.base));
    let model = Scripted::new([
        Turn::calls(&[
            ("c1", "find_orders", r#"{"emial":"a@x.example"}"#),
            ("c2", "find_orders", "{\"email\""),
        ]),
        Turn::calls(&[("c3", "find_order", "{}")]),
        Turn::calls(&[("c4", "find_orders", r#"{"email":"a@x.example","limit":"5"}"#)]),
        Turn::text("none"),
    ]);
    let outcome = stage.session().run(&model, "orders?").await.unwrap();
    assert_eq!(
        (outcome.ending, outcome.turns, outcome.calls),
        (Ending::Answered, 4, 1)
    );
    let told = told(&model);
    assert!(
        told[0].is_error && told[0].content.contains(r#""did_you_mean":"email""#),
        "{}",
        told[0].content
    );
    assert!(
        told[1].is_error && told[1].content.contains("JSON"),
        "{}",
        told[1].content
    );
    assert!(
        told[2].is_error && told[2].content.contains(r#""did_you_mean":"find_orders""#),
        "{}",
        told[2].content
    );
    assert!(!told[3].is_error);
    assert_eq!(server.seen().len(), 1);
    assert!(server.seen()[0].line.contains("limit=5"));
}

#[tokio::test]
async fn twenty_turns_and_no_more() {
    let server = Server::start(|seen| answer(format!("{{\"orders\":[\"{}\"]}}", seen.line))).await;
    let stage = Stage::new(shop(&server.base));
    let model = Scripted::from_fn(|_, number| {
        Turn::call(
            "c",
            "find_orders",
            &json!({ "email": format!("{number}@x.example") }),
        )
    });
    let outcome = stage.session().run(&model, "for ever").await.unwrap();
    assert_eq!(outcome.ending, Ending::Limit(LimitKind::Turns));
    assert_eq!(
        (outcome.turns, model.requests().len(), server.seen().len()),
        (20, 20, 19)
    );
    assert!(outcome.note.unwrap().contains("--limit turns="));
    let reached = stage
        .kept
        .events()
        .into_iter()
        .any(|event| matches!(event, Event::LimitReached(_)));
    assert!(reached);
}

#[tokio::test]
async fn five_hundred_calls_in_one_turn_are_fifty() {
    let server = Server::start(|seen| answer(format!("{{\"orders\":[\"{}\"]}}", seen.line))).await;
    let stage = Stage::new(shop(&server.base));
    let calls: Vec<String> = (0..500)
        .map(|n| format!(r#"{{"email":"{n}@x.example"}}"#))
        .collect();
    let calls: Vec<_> = calls
        .iter()
        .map(|arguments| ("c", "find_orders", arguments.as_str()))
        .collect();
    let model = Scripted::new([Turn::calls(&calls), Turn::text("enough")]);
    let outcome = stage.session().run(&model, "burst").await.unwrap();
    assert_eq!(outcome.ending, Ending::Limit(LimitKind::Calls));
    assert_eq!(
        (outcome.answer.as_str(), outcome.calls, server.seen().len()),
        ("enough", 50, 50)
    );
}

#[tokio::test]
async fn tokens_are_counted_and_estimated() {
    let server = Server::start(|_| answer(r#"{"orders":[]}"#)).await;
    let mut stage = Stage::new(shop(&server.base));
    stage.limits = Limits {
        tokens: 1000,
        ..Limits::default()
    };
    let call = json!({ "email": "a@x.example" });
    let model = Scripted::new([
        Turn::call("c1", "find_orders", &call).using(1, u64::MAX),
        Turn::call("c2", "find_orders", &json!({ "email": "b@x.example" })).using(900, 200),
    ]);
    let outcome = stage.session().run(&model, "orders?").await.unwrap();
    assert_eq!(outcome.ending, Ending::Limit(LimitKind::Tokens));
    assert!(
        outcome.tokens > 1100 && outcome.tokens < 1300,
        "{}",
        outcome.tokens
    );
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn turns_without_an_answer() {
    let refund = ("c1", "create_refund", r#"{"order_id":"o","amount":1}"#);
    let cases = [
        (
            vec![Turn::text("No.").stopped(StopReason::Refusal)],
            Ending::Refused,
            "No.",
        ),
        (vec![Turn::text(""), Turn::text("")], Ending::NoAnswer, ""),
        (vec![Turn::text(""), Turn::text("now")], Ending::Answered, "now"),
        (
            vec![Turn::text("half an").stopped(StopReason::MaxTokens)],
            Ending::NoAnswer,
            "half an",
        ),
        (
            vec![
                Turn::calls(&[refund]).stopped(StopReason::MaxTokens),
                Turn::text("ok"),
            ],
            Ending::Answered,
            "ok",
        ),
    ];
    for (turns, ending, text) in cases {
        let server = Server::start(|_| answer("{}")).await;
        let mut stage = Stage::new(shop(&server.base));
        stage.allow_writes = toolrun_runner::AllowWrites::All;
        let outcome = stage
            .session()
            .run(&Scripted::new(turns.clone()), "x")
            .await
            .unwrap();
        assert_eq!(
            (outcome.ending, outcome.answer.as_str()),
            (ending, text),
            "{turns:?}"
        );
        assert_eq!(server.seen().len(), 0, "no call of a truncated turn is run");
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_busy_twice_and_one_that_is_broken() {
    let busy = |seconds| ModelErrorKind::RateLimited {
        retry_after: Some(Duration::from_secs(seconds)),
    };
    let model = Scripted::new([
        Turn::Fail(busy(7), "429".into()),
        Turn::Fail(busy(60), "429".into()),
        Turn::text("after all"),
    ]);
    let stage = Stage::new(shop("http://127.0.0.1:9"));
    let began = tokio::time::Instant::now();
    let outcome = stage.session().run(&model, "x").await.unwrap();
    assert_eq!((outcome.answer.as_str(), outcome.turns), ("after all", 1));
    // What was asked for, and at most 0.5 s and 1 s of backoff.
    let waited = began.elapsed();
    assert!(
        waited >= Duration::from_secs(67) && waited <= Duration::from_millis(68_500),
        "{waited:?}"
    );

    let model = Scripted::from_fn(|_, _| Turn::Fail(ModelErrorKind::Server, "500".into()));
    let stage = Stage::new(shop("http://127.0.0.1:9"));
    let error = stage.session().run(&model, "x").await.unwrap_err();
    assert_eq!(error.kind, RunErrorKind::Model);
    assert_eq!(model.requests().len(), 3);
    let Some(Event::RunFinished(finished)) = stage.kept.events().pop() else {
        panic!("not finished")
    };
    assert_eq!(finished.ending, Ending::Failed);
    assert!(finished.error.unwrap().contains("500"));

    let late = ModelErrorKind::RateLimited {
        retry_after: Some(Duration::from_secs(3600)),
    };
    let model = Scripted::from_fn(move |_, _| Turn::Fail(late.clone(), "429".into()));
    assert!(
        Stage::new(shop("http://127.0.0.1:9"))
            .session()
            .run(&model, "x")
            .await
            .is_err()
    );
    assert_eq!(model.requests().len(), 1);
}

#[tokio::test]
async fn a_turn_that_breaks_off_runs_nothing_and_is_not_said_twice() {
    let server = Server::start(|_| answer("{}")).await;
    let stage = Stage::new(shop(&server.base));
    let started = toolrun_model::Delta::CallStarted {
        name: "find_orders".into(),
    };
    let text = toolrun_model::Delta::Text("I will".into());
    let model = Scripted::from_fn(move |_, _| Turn::Items(vec![Ok(text.clone()), Ok(started.clone())]));
    let error = stage.session().run(&model, "x").await.unwrap_err();
    assert_eq!(error.kind, RunErrorKind::Model);
    assert_eq!((model.requests().len(), server.seen().len()), (1, 0));
}

#[tokio::test]
async fn every_event_reads_back_as_it_was_written() {
    let server = Server::start(|_| answer(r#"{"orders":[1.50, 12345678901234567890]}"#)).await;
    let stage = Stage::new(shop(&server.base));
    let arguments = r#"{"email":"a@x.example","limit":"7"}"#;
    let model = Scripted::new([
        Turn::calls(&[("c1", "find_orders", arguments), ("c2", "nope", "{}")]).using(7, 8),
        Turn::text("done"),
    ]);
    stage.session().run(&model, "x").await.unwrap();
    let events = stage.kept.events.lock().unwrap().clone();
    assert!(events.len() >= 7);
    for (index, event) in events.iter().enumerate() {
        let line = serde_json::to_string(event).unwrap();
        let read: toolrun_runner::Stamped<Event> = serde_json::from_str(&line).unwrap();
        assert_eq!(&read, event, "{line}");
        assert_eq!(event.seq, index as u64);
        assert!(
            line.contains(&format!("\"event\":\"{}\"", event.event.name())),
            "{line}"
        );
    }
}
