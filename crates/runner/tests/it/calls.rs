//! Single calls and previews, without a model.

use toolrun_runner::RunErrorKind;

use crate::server::{Server, json as answer};
use crate::stage::{Stage, manifest, shop};

#[tokio::test]
async fn a_call_returns_the_shaped_and_the_whole_result() {
    let server = Server::start(|_| answer(r#"{"orders":[{"id":"o_1","total":20.50}]}"#)).await;
    let stage = Stage::new(shop(&server.base));
    let returned = stage
        .session()
        .call("find_orders", r#"{"email":"a@x.example"}"#)
        .await
        .unwrap();
    assert_eq!(returned.content, r#"[{"id":"o_1","total":20.50}]"#);
    assert_eq!(
        returned.value.unwrap().to_string(),
        r#"[{"id":"o_1","total":20.50}]"#
    );
    assert_eq!(
        (returned.status, returned.is_error, returned.attempts),
        (Some(200), false, 1)
    );
    assert_eq!(
        stage.kept.names(),
        ["run.started", "tool.started", "tool.returned", "run.finished"]
    );
}

#[tokio::test]
async fn a_failed_call_is_an_error_result() {
    let stage = Stage::new(shop("http://127.0.0.1:9"));
    let returned = stage
        .session()
        .call("find_orders", r#"{"email":"a@x.example"}"#)
        .await
        .unwrap();
    assert!(
        returned.is_error && returned.content.contains("no_connection"),
        "{}",
        returned.content
    );
}

#[tokio::test]
async fn what_a_person_gets_wrong_is_told_to_the_person() {
    let stage = Stage::new(shop("http://127.0.0.1:9"));
    let mut session = stage.session();
    let error = session.call("find_order", "{}").await.unwrap_err();
    assert_eq!(
        (error.kind, error.hint.as_deref()),
        (
            RunErrorKind::Usage,
            Some("did you mean `find_orders`? Its tools: find_orders, create_refund, delete_order")
        )
    );
    let error = session.call("find_orders", r#"{"email":1}"#).await.unwrap_err();
    assert_eq!(error.kind, RunErrorKind::Usage);
    assert!(
        error
            .source
            .unwrap()
            .to_string()
            .contains("/email: expected a string")
    );
}

#[tokio::test]
async fn a_preview_sends_nothing_and_reads_no_secret() {
    let server = Server::start(|_| answer("{}")).await;
    let stage = Stage::new(shop(&server.base));
    let session = stage.session();
    let preview = session
        .preview("create_refund", r#"{"order_id":"o 1","amount":"2.50"}"#)
        .unwrap();
    let expected = format!(
        "POST {}/orders/o%201/refunds\nAuthorization: Bearer ***\nContent-Type: application/json\n\n{{\"amount\":2.50}}",
        server.base
    );
    assert_eq!(preview.to_string(), expected);
    let named = preview.headers(|name| format!("${name}"));
    assert_eq!(named[0].1, "Bearer $SHOP_KEY");
    assert_eq!(server.seen().len(), 0);
    let offered = session.offered();
    assert_eq!(offered.len(), 3);
    assert!(offered.iter().all(|tool| tool.tokens > 20));
    assert!(!offered[0].spec.writes && offered[1].spec.writes);
}

#[tokio::test]
async fn what_this_build_cannot_run_says_so() {
    let text = r#"
toolrun: 1
tools:
  list_all:
    description: Lists all entries of the collection, page by page.
    url: http://127.0.0.1:9/all?cursor={{ cursor }}
    paginate: { next: { cursor: "{{ response.body.next }}" } }
  list_one:
    description: Lists the first page of entries of the collection.
    url: http://127.0.0.1:9/one
"#;
    let stage = Stage::new(manifest(text));
    let session = stage.session();
    let names: Vec<String> = session.offered().into_iter().map(|tool| tool.spec.name).collect();
    assert_eq!(names, ["list_one"]);
    let error = session.preview("list_all", "{}").unwrap_err();
    assert_eq!(error.kind, RunErrorKind::NotInThisBuild);
    assert!(error.to_string().contains("not in this build"), "{error}");
}
