//! What becomes of writes that are under way when a run is stopped. The clock
//! is a simulated one, so nothing here waits.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use toolrun_http::{HttpError, Method, Request, Response, Transport};
use toolrun_model::scripted::{Scripted, Turn};
use toolrun_runner::{AllowWrites, Ending, Event, LimitKind, Limits, RunErrorKind, Session};
use url::Url;

use crate::stage::{Stage, shop};

const REFUND: &str = r#"{"order_id":"o","amount":1}"#;
const FIND: &str = r#"{"email":"a@x.example"}"#;

/// Answers writes after a while and reads at once.
struct Slow(Duration, u16);

impl Transport for Slow {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        async move {
            if request.method != Method::Get {
                tokio::time::sleep(self.0).await;
            }
            let body = bytes::Bytes::from_static(br#"{"id":"r_1","orders":[]}"#);
            Ok(Response {
                status: self.1,
                headers: vec![("content-type".into(), "application/json".into())],
                url: Url::parse("http://127.0.0.1:9/").unwrap(),
                attempts: 1,
                body: Box::pin(futures_util::stream::iter([Ok(body)])),
            })
        }
        .boxed()
    }
}

fn stage() -> Stage {
    let mut stage = Stage::new(shop("http://127.0.0.1:9"));
    stage.allow_writes = AllowWrites::All;
    stage
}

fn session(stage: &Stage, seconds: u64, status: u16) -> Session {
    stage.session_over(Arc::new(Slow(Duration::from_secs(seconds), status)))
}

/// Stops a second after the start.
async fn stop_soon(stage: &Stage) {
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.stop.stop();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_ends_within_the_grace_gives_its_result() {
    let stage = stage();
    let mut session = session(&stage, 3, 200);
    let (returned, ()) = tokio::join!(session.call("create_refund", REFUND), stop_soon(&stage));
    let returned = returned.unwrap();
    assert_eq!(
        (returned.ending, returned.status),
        (Ending::Interrupted, Some(200))
    );
    assert!(returned.content.contains("r_1"), "{}", returned.content);
    let Some(Event::RunFinished(finished)) = stage.kept.events().pop() else {
        panic!("not finished")
    };
    assert_eq!((finished.ending, finished.calls), (Ending::Interrupted, 1));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_outlives_the_grace_may_have_made_its_change() {
    let stage = stage();
    let mut session = session(&stage, 60, 200);
    let began = tokio::time::Instant::now();
    let (returned, ()) = tokio::join!(session.call("create_refund", REFUND), stop_soon(&stage));
    let error = returned.unwrap_err();
    assert_eq!(began.elapsed().as_secs(), 6);
    assert_eq!(error.kind, RunErrorKind::Interrupted);
    assert_eq!(
        error.to_string(),
        "`create_refund` was sent and no answer came; the change may have been made"
    );
    assert_eq!(error.hint.as_deref(), Some("find out before trying again"));
    let unknown = stage.kept.events().into_iter().any(|event| match event {
        Event::ToolReturned(returned) => returned.content.contains("outcome_unknown"),
        _ => false,
    });
    assert!(unknown);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_names_its_writes() {
    let made = "changes made: `create_refund` 2 times";
    let unknown = "changes that may have been made: `create_refund` 2 times (find out before trying again)";
    let cases = [
        (3, 200, Some(made)),
        (60, 200, Some(unknown)),
        (3, 502, Some(unknown)),
        (3, 422, None),
    ];
    for (seconds, status, expected) in cases {
        let stage = stage();
        let mut session = session(&stage, seconds, status);
        let model = Scripted::new([Turn::calls(&[
            ("c1", "create_refund", REFUND),
            ("c2", "find_orders", FIND),
            ("c3", "create_refund", r#"{"order_id":"o","amount":2}"#),
        ])]);
        let (outcome, ()) = tokio::join!(session.run(&model, "x"), stop_soon(&stage));
        let outcome = outcome.unwrap();
        assert_eq!(outcome.ending, Ending::Interrupted);
        assert_eq!(outcome.note.as_deref(), expected, "{seconds} s, {status}");
    }
}

/// One request at a time: the second write waits for its place.
#[tokio::test(start_paused = true)]
async fn a_write_that_waits_for_its_place_is_never_sent_after_a_stop() {
    let cases = [
        (3, "changes made: `create_refund`"),
        (
            60,
            "changes that may have been made: `create_refund` (find out before trying again)",
        ),
    ];
    for (seconds, note) in cases {
        let mut stage = stage();
        for tool in &mut stage.manifest.tools {
            tool.policy.concurrency = 1;
        }
        let mut session = session(&stage, seconds, 200);
        let model = Scripted::new([Turn::calls(&[
            ("c1", "create_refund", REFUND),
            ("c2", "create_refund", r#"{"order_id":"o","amount":2}"#),
        ])]);
        let (outcome, ()) = tokio::join!(session.run(&model, "x"), stop_soon(&stage));
        assert_eq!(outcome.unwrap().note.as_deref(), Some(note), "{seconds} s");
        let unsent = stage.kept.events().into_iter().find_map(|event| match event {
            Event::ToolReturned(returned) if returned.call == "c2" => Some(returned.content),
            _ => None,
        });
        assert!(
            unsent.unwrap().contains("before this call was sent"),
            "{seconds} s"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_clock_and_a_failing_model_name_the_writes_too() {
    let mut timed = stage();
    timed.limits = Limits {
        time: Duration::from_secs(1),
        ..Limits::default()
    };
    let refund = || Turn::calls(&[("c1", "create_refund", REFUND)]);
    let outcome = session(&timed, 3, 200)
        .run(&Scripted::new([refund()]), "x")
        .await
        .unwrap();
    assert_eq!(outcome.ending, Ending::Limit(LimitKind::Time));
    let note = outcome.note.unwrap();
    assert!(note.ends_with("; changes made: `create_refund`"), "{note}");

    let error = session(&stage(), 1, 200)
        .run(&Scripted::new([refund()]), "x")
        .await
        .unwrap_err();
    assert_eq!(error.kind, RunErrorKind::Model);
    assert_eq!(error.note.as_deref(), Some("changes made: `create_refund`"));
}

#[tokio::test(start_paused = true)]
async fn what_was_stopped_before_it_was_sent_says_so() {
    let stage = stage();
    stage.stop.stop();
    let error = session(&stage, 1, 200)
        .call("create_refund", REFUND)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`create_refund` was stopped before it was sent"
    );
}
