//! What a person or a model is told to do about a call that went wrong.

use toolrun_model::scripted::{Scripted, Turn};
use toolrun_runner::{Ending, LimitKind, RunErrorKind};

use crate::server::{Server, json as answer};
use crate::stage::{Stage, manifest, shop};

#[tokio::test]
async fn a_refused_address_has_the_remedy_that_helps() {
    let cases = [
        (
            "http://169.254.169.254",
            Some("no flag allows this"),
            "never reached",
        ),
        (
            "https://169.254.169.254",
            Some("no flag allows this"),
            "never reached",
        ),
        ("https://10.0.0.1", None, "--allow-net 10.0.0.0/8"),
        ("https://[::ffff:127.0.0.1]", None, "write `127.0.0.1`"),
        ("http://10.0.0.1", None, "--allow-net"),
    ];
    for (base, hint, message) in cases {
        let stage = Stage::new(shop(base));
        let error = stage
            .session()
            .call("find_orders", r#"{"email":"a@x.example"}"#)
            .await
            .unwrap_err();
        assert_eq!(error.kind, RunErrorKind::Refused, "{base}");
        let cause = error.source.unwrap().to_string();
        assert!(cause.contains(message), "{base}: {cause}");
        let found = error.hint.unwrap_or_default();
        assert!(
            found.contains(hint.unwrap_or_default()) && found.is_empty() == hint.is_none(),
            "{base}: {found}"
        );
    }
}

#[tokio::test]
async fn whether_to_try_again_depends_on_the_effect() {
    let tool = |method: &str, effect: &str, base: &str| {
        format!(
            "toolrun: 1\ntools:\n  find_things:\n    description: Finds things by what they are.\n    method: {method}\n    \
             url: {base}/find\n    effect: {effect}\n    retries: 0\n"
        )
    };
    let cases = [
        ("GET", "read", 500, true, false),
        ("POST", "read", 500, true, false),
        ("POST", "write", 500, false, true),
        ("POST", "write", 501, false, false),
        ("POST", "write", 503, true, false),
        ("POST", "write", 529, false, true),
        ("POST", "write", 404, false, false),
    ];
    for (method, effect, status, retryable, may_be_made) in cases {
        let server = Server::start(move |_| answer("{}").status(status)).await;
        let mut stage = Stage::new(manifest(&tool(method, effect, &server.base)));
        stage.allow_writes = toolrun_runner::AllowWrites::All;
        let content = stage.session().call("find_things", "{}").await.unwrap().content;
        let told = (
            content.contains("\"retryable\":true"),
            content.contains("the change may have been made"),
        );
        assert_eq!(
            told,
            (retryable, may_be_made),
            "{method} {effect} {status}: {content}"
        );
    }
}

#[tokio::test]
async fn a_run_that_goes_in_circles_says_what_to_do() {
    let server = Server::start(|_| answer(r#"{"orders":[]}"#)).await;
    let stage = Stage::new(shop(&server.base));
    let model = Scripted::from_fn(|_, _| Turn::calls(&[("c", "find_orders", r#"{"email":"a@x.example"}"#)]));
    let outcome = stage.session().run(&model, "x").await.unwrap();
    assert_eq!(outcome.ending, Ending::Limit(LimitKind::Repeats));
    let note = outcome.note.unwrap();
    assert!(note.contains("name another model with --model"), "{note}");
    let model = Scripted::new([Turn::text("no").stopped(toolrun_model::StopReason::Refusal)]);
    let outcome = stage.session().run(&model, "x").await.unwrap();
    assert_eq!((outcome.ending, outcome.note), (Ending::Refused, None));
}

#[tokio::test]
async fn the_same_call_three_times_in_one_reply_is_no_circle() {
    let server = Server::start(|_| answer(r#"{"orders":[]}"#)).await;
    let stage = Stage::new(shop(&server.base));
    let find = ("c", "find_orders", r#"{"email":"a@x.example"}"#);
    let thrice = || Turn::calls(&[find, find, find]);
    let model = Scripted::new([thrice(), thrice(), Turn::text("none")]);
    let outcome = stage.session().run(&model, "x").await.unwrap();
    assert_eq!((outcome.ending, outcome.calls), (Ending::Answered, 6));
}
