//! A key never leaves the request that it belongs to: every sink is searched
//! for it, and for pieces of it, whatever a server does with it.

use std::error::Error;
use std::sync::Arc;

use serde_json::json;
use toolrun_http::{Policy, RetryBudget, Transport, stack};
use toolrun_model::scripted::{Scripted, Turn};
use toolrun_model::{Delta, Model, ModelError, ModelErrorKind, connect, provider};
use toolrun_runner::{AllowWrites, Returned, RunError};

use crate::server::{Say, Seen, Server, json as answer};
use crate::stage::{KEY, Stage, manifest, shop};

/// Fails if one of the texts or anything an observer was told holds the key
/// or six characters of it.
#[track_caller]
fn nothing_of_the_key(what: &str, stage: &Stage, texts: &[String]) {
    let mut sinks = texts.to_vec();
    for event in stage.kept.events.lock().unwrap().iter() {
        sinks.push(serde_json::to_string(event).unwrap());
        sinks.push(format!("{event:?}"));
    }
    let deltas = stage.kept.deltas.lock().unwrap();
    sinks.extend(deltas.iter().map(|delta| format!("{delta:?}")));
    for sink in &sinks {
        for piece in KEY.as_bytes().windows(6) {
            let piece = std::str::from_utf8(piece).unwrap();
            assert!(!sink.contains(piece), "{what}: `{piece}` in {sink}");
        }
    }
}

/// Everything that an error says, to people and to programmers.
fn said(error: &RunError) -> Vec<String> {
    let mut said = vec![
        error.to_string(),
        format!("{error:?}"),
        format!("{:?}", error.hint),
    ];
    let mut cause = error.source();
    while let Some(deeper) = cause {
        said.push(deeper.to_string());
        cause = deeper.source();
    }
    said
}

fn all_of(returned: &Returned) -> String {
    format!("{returned:?} {}", returned.value.clone().unwrap_or_default())
}

/// The key in the spelling of JSON that a server may choose.
fn spelled() -> String {
    KEY.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect()
}

/// What hostile or clumsy servers answer to a request that carries the key.
fn answers() -> Vec<(&'static str, Say)> {
    let echo =
        |status: u16| answer(format!(r#"{{"error":{{"message":"Incorrect key {KEY}"}}}}"#)).status(status);
    let long = format!(r#"{{"error":{{"message":"{}{KEY}"}}}}"#, "x".repeat(287));
    let redirect = answer("").status(302);
    vec![
        ("400", echo(400)),
        ("401", echo(401)),
        ("503", echo(503)),
        (
            "401 in another spelling",
            answer(format!(r#"{{"error":"no {}"}}"#, spelled())).status(401),
        ),
        ("cut within the key", answer(long).status(400)),
        ("200 that is an error", echo(200)),
        (
            "redirect",
            redirect
                .clone()
                .location(format!("https://api.example/{KEY}?key={KEY}")),
        ),
        (
            "redirect to a name",
            redirect.location(format!("https://{KEY}.example/")),
        ),
        (
            "hidden characters",
            answer(format!("{{\"error\":\"{}\u{200b}{}\"}}", &KEY[..9], &KEY[9..])).status(400),
        ),
    ]
}

#[tokio::test]
async fn a_provider_that_echoes_its_key() {
    for wire in ["openai", "anthropic"] {
        for (what, say) in answers() {
            let server = Server::start(move |_: &Seen| say.clone()).await;
            let stage = Stage::new(shop("http://127.0.0.1:9"));
            let error = asked(&stage, wire, &server.base).await;
            assert!(!server.seen().is_empty(), "{wire} {what}");
            nothing_of_the_key(&format!("{wire} {what}"), &stage, &said(&error));
        }
        let stage = Stage::new(shop("http://127.0.0.1:9"));
        let error = asked(&stage, wire, &format!("http://127.0.0.1:9/{KEY}")).await;
        nothing_of_the_key("refused", &stage, &said(&error));
    }
}

/// The error of a run whose model is asked there.
async fn asked(stage: &Stage, wire: &str, base: &str) -> RunError {
    let policy = Policy {
        retries: 0,
        ..Policy::default()
    };
    let lane = toolrun_http::Lane::new(&policy);
    let transport: Arc<dyn Transport> = stack(&policy, &lane, &RetryBudget::new(), Arc::new(stage.client()));
    let provider = provider(wire).unwrap();
    let model = connect(provider, "m", Some(base), Some("SHOP_KEY"), transport).unwrap();
    stage.session().run(&*model as &dyn Model, "x").await.unwrap_err()
}

#[tokio::test]
async fn a_tool_that_echoes_its_key() {
    let email = r#"{"email":"a@x.example"}"#;
    for (what, say) in answers() {
        let server = Server::start(move |_: &Seen| say.clone()).await;
        let stage = Stage::new(shop(&server.base));
        let called = stage.session().call("find_orders", email).await;
        assert_eq!(server.seen().len(), 1, "{what}");
        let texts = called
            .as_ref()
            .map_or_else(said, |returned| vec![all_of(returned)]);
        nothing_of_the_key(what, &stage, &texts);

        let model = Scripted::new([Turn::calls(&[("c", "find_orders", email)]), Turn::text("ok")]);
        let outcome = stage.session().run(&model, "x").await;
        let mut texts = outcome
            .as_ref()
            .map_or_else(said, |outcome| vec![format!("{outcome:?}")]);
        texts.extend(model.requests().iter().map(|request| format!("{request:?}")));
        nothing_of_the_key(what, &stage, &texts);
    }
    for base in ["http://127.0.0.1:9", "http://10.0.0.1", "http://169.254.169.254"] {
        let stage = Stage::new(shop(base));
        let called = stage.session().call("find_orders", email).await;
        let texts = called
            .as_ref()
            .map_or_else(said, |returned| vec![all_of(returned)]);
        nothing_of_the_key(base, &stage, &texts);
    }
}

#[tokio::test]
async fn a_kept_body_gives_no_piece_of_the_key() {
    let padding = "x".repeat(2000);
    let body = format!(
        r#"{{"orders":["{padding}"],"{}":"a{}b","deep":[{{"k":"{KEY}"}}]}}"#,
        spelled(),
        spelled()
    );
    let server = Server::start(move |_| answer(body.clone())).await;
    let stage = Stage::new(shop(&server.base));
    let model = Scripted::from_fn(|_, turn| {
        let read = |rest: &str| format!(r#"{{"handle":"r1",{rest}}}"#);
        match turn {
            0 => Turn::calls(&[("c", "find_orders", r#"{"email":"a@x.example"}"#)]),
            1 => {
                let mut asked = vec![
                    read(r#""path":"keys(@)""#),
                    read(r#""path":"values(@)[1]""#),
                    read(r#""search":"***""#),
                ];
                for from in 0..12 {
                    asked.push(read(&format!(r#""path":"values(@)[1]","from":{from},"count":8"#)));
                    asked.push(read(&format!(r#""path":"/deep/0/k","from":{from},"count":8"#)));
                }
                let calls: Vec<_> = asked
                    .iter()
                    .map(|asked| ("r", "read_result", asked.as_str()))
                    .collect();
                Turn::calls(&calls)
            }
            _ => Turn::text("ok"),
        }
    });
    let outcome = stage.session().run(&model, "x").await.unwrap();
    assert!(outcome.calls > 20, "{}", outcome.calls);
    let texts: Vec<String> = model
        .requests()
        .iter()
        .map(|request| format!("{request:?}"))
        .collect();
    assert!(texts.last().unwrap().contains("***"));
    nothing_of_the_key("read_result", &stage, &texts);
}

#[tokio::test]
async fn what_a_model_writes_is_hidden_everywhere_it_shows() {
    let text = r#"
toolrun: 1
secrets: { SHOP_KEY: env }
tools:
  put_labels:
    description: Stores labels, each with a text, under the name of an order.
    params: { labels: { type: object, description: Labels by name } }
    method: POST
    url: BASE/labels
    auth: { bearer: SHOP_KEY }
    body: { json: { labels: "{{ labels }}" } }
"#;
    let server = Server::start(|_| answer("{}")).await;
    let mut stage = Stage::new(manifest(&text.replace("BASE", &server.base)));
    stage.allow_writes = AllowWrites::All;
    let model = Scripted::from_fn(|_, turn| match turn {
        // The first call reads the key; from then on it is known.
        0 => Turn::calls(&[("c0", "put_labels", r#"{"labels":{"a":"b"}}"#)]),
        1 => Turn::calls(&[
            (KEY, "put_labels", &json!({ "labels": { KEY: KEY } }).to_string()),
            (
                &format!("{KEY}-2"),
                &format!("get_{KEY}"),
                &json!({ KEY: 1 }).to_string(),
            ),
            (&format!("{KEY}-3"), "put_labels", &json!({ KEY: 1 }).to_string()),
        ]),
        2 => Turn::Items(vec![
            Ok(Delta::Text(format!("it is {}", &KEY[..9]))),
            Ok(Delta::Text(format!("\u{1b}{} ", &KEY[9..]))),
            Ok(Delta::CallStarted { name: KEY.into() }),
            Err(ModelError {
                model: "m".into(),
                message: KEY.into(),
                kind: ModelErrorKind::Network,
            }),
        ]),
        _ => Turn::text("ok"),
    });
    let error = stage.session().run(&model, "x").await.unwrap_err();
    let mut texts = said(&error);
    texts.extend(model.requests().iter().map(|request| format!("{request:?}")));
    nothing_of_the_key("written", &stage, &texts);
    // A call whose arguments held the key is not made with something else in its place.
    assert_eq!((model.requests().len(), server.seen().len()), (3, 1));
    assert!(format!("{:?}", model.requests()[2]).contains("secret_in_arguments"));
}
