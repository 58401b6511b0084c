//! Steps that ask a model, against a real server: what a model reads and calls
//! within a step goes by the rules of a run.

use serde_json::{Value, json};
use toolrun_manifest::Manifest;
use toolrun_model::scripted::{Scripted, Turn};
use toolrun_model::{ModelRequest, Part};
use toolrun_runner::{Event, RunErrorKind};

use crate::server::{Say, Seen, Server, json as answer};
use crate::stage::{KEY, Stage, manifest};

/// A shop whose session answers with its own key.
fn shop(base: &str) -> Manifest {
    manifest(&format!(
        r#"
toolrun: 1
secrets: {{ SHOP_KEY: env }}
apis:
  shop: {{ base_url: "{base}", auth: {{ bearer: SHOP_KEY }}, retries: 0 }}
tools:
  open_session:
    api: shop
    description: Opens a session and returns its token and its number.
    url: /session
  find_orders:
    api: shop
    description: Lists the orders of a customer with their ids and totals.
    params: {{ email: {{ type: string, description: The customer's e-mail address }} }}
    url: /orders?email={{{{ email }}}}
    result: {{ pick: orders, max_tokens: 100 }}
workflows:
  describe:
    description: Describes the orders of a customer in a sentence.
    params: {{ email: {{ type: string, description: The customer's e-mail address }} }}
    steps:
      - {{ id: session, call: open_session }}
      - {{ id: words, after: session, ask: "Describe {{{{ email }}}}.", tools: [find_orders] }}
  by_number:
    description: Lists the orders that belong to the number of a session.
    steps:
      - {{ id: session, call: open_session }}
      - {{ id: found, call: find_orders, with: {{ email: "{{{{ session.number | default(0) }}}}@shop.example" }} }}
  by_token:
    description: Lists the orders that belong to the token of a session.
    steps:
      - {{ id: session, call: open_session }}
      - {{ id: found, call: find_orders, with: {{ email: "{{{{ session.token }}}}" }} }}
  by_either:
    description: Lists the orders that belong to the token of a session, if they can be had.
    steps:
      - {{ id: session, call: inner }}
      - {{ id: found, call: find_orders, with: {{ email: "{{{{ session.token }}}}" }}, on_error: skip }}
    return: {{ found: "{{{{ found }}}}", number: "{{{{ session.number }}}}" }}
  by_model:
    description: Lists the orders that belong to what a model says of a session.
    steps:
      - {{ id: words, ask: "What is the token?", tools: [open_session] }}
      - {{ id: found, call: find_orders, with: {{ email: "{{{{ words }}}}" }} }}
  by_models_workflow:
    description: Lists the orders that belong to what a model says of a workflow.
    steps:
      - {{ id: words, ask: "What is the token?", tools: [inner] }}
      - {{ id: found, call: find_orders, with: {{ email: "{{{{ words }}}}" }} }}
  inner:
    description: Opens a session and returns its token and its number.
    steps:
      - {{ id: session, call: open_session }}
  given:
    description: Lists the orders of a customer after a session was opened.
    params: {{ email: {{ type: string, description: The customer's e-mail address }} }}
    steps:
      - {{ id: session, call: open_session }}
      - {{ id: found, after: session, call: find_orders, with: {{ email: "{{{{ email }}}}" }} }}
"#
    ))
}

fn says(seen: &Seen) -> Say {
    if seen.line.contains("/session") {
        return answer(format!(r#"{{"token":"{KEY}","number":7}}"#));
    }
    let orders: Vec<Value> = (0..300)
        .map(|n| json!({ "id": format!("o_{n}"), "total": n }))
        .collect();
    answer(json!({ "orders": orders }).to_string())
}

fn offers(request: &ModelRequest, name: &str) -> bool {
    request.tools.iter().any(|tool| tool.name == name)
}

/// What the model was told last, the results of its calls.
fn last_told(request: &ModelRequest) -> String {
    let parts = &request.messages.last().unwrap().parts;
    let contents = parts.iter().filter_map(|part| match part {
        Part::ToolResult(result) => Some(result.content.as_str()),
        _ => None,
    });
    contents.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn what_was_cut_can_be_read_on_within_a_step() {
    let server = Server::start(says).await;
    let stage = Stage::new(shop(&server.base));
    let model = Scripted::new([
        Turn::call("c1", "find_orders", &json!({ "email": "a@x.example" })),
        Turn::call(
            "c2",
            "read_result",
            &json!({ "handle": "r1", "path": "/orders", "from": 298 }),
        ),
        Turn::text("Many orders.").using(100, 5),
    ]);
    let arguments = r#"{"email":"a@x.example"}"#;
    let mut session = stage.session();
    let returned = session
        .call_with(Some(&model), "describe", arguments)
        .await
        .unwrap();
    assert_eq!(returned.value, Some(json!("Many orders.")));
    assert_eq!((returned.turns, returned.calls), (3, 3), "session, find, read");
    assert!(returned.tokens >= 105, "{}", returned.tokens);
    let requests = model.requests();
    assert!(
        !offers(&requests[0], "read_result"),
        "only once something was cut"
    );
    assert!(offers(&requests[1], "read_result"));
    let (cut, rest) = (last_told(&requests[1]), last_told(&requests[2]));
    assert!(cut.ends_with("handle r1."), "{cut}");
    assert!(rest.contains("o_299") && rest.contains("<data-"), "{rest}");
    assert_eq!(server.seen().len(), 2, "what is read on is not asked for again");
}

#[tokio::test]
async fn what_a_step_has_kept_is_not_offered_to_the_run_around_it() {
    let server = Server::start(says).await;
    let stage = Stage::new(shop(&server.base));
    let model = Scripted::new([
        Turn::call("c1", "describe", &json!({ "email": "a@x.example" })),
        Turn::call("c1", "find_orders", &json!({ "email": "a@x.example" })),
        Turn::text("Many."),
        Turn::call("c2", "find_orders", &json!({ "email": "b@x.example" })),
        Turn::text("Done."),
    ]);
    let outcome = stage.session().run(&model, "x").await.unwrap();
    assert_eq!(outcome.answer, "Done.");
    let requests = model.requests();
    assert!(offers(&requests[2], "read_result") && !offers(&requests[3], "read_result"));
    assert!(last_told(&requests[4]).ends_with("handle r2."));
    assert!(offers(&requests[4], "read_result"), "its own result was cut");
}

#[tokio::test]
async fn a_call_within_a_step_whose_argument_was_a_secret_is_not_made() {
    let server = Server::start(says).await;
    let stage = Stage::new(shop(&server.base));
    let model = Scripted::new([
        Turn::call("c1", "find_orders", &json!({ "email": KEY })),
        Turn::text("None."),
    ]);
    let arguments = r#"{"email":"a@x.example"}"#;
    let mut session = stage.session();
    let returned = session
        .call_with(Some(&model), "describe", arguments)
        .await
        .unwrap();
    assert_eq!(returned.value, Some(json!("None.")));
    assert!(last_told(&model.requests()[1]).contains("secret_in_arguments"));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn no_step_sends_what_a_model_read_in_the_place_of_a_secret() {
    let server = Server::start(says).await;
    let stage = Stage::new(shop(&server.base));
    for (workflow, tool) in [("by_model", "open_session"), ("by_models_workflow", "inner")] {
        let model = Scripted::new([Turn::call("c1", tool, &json!({})), Turn::text("***")]);
        let mut session = stage.session();
        let refused = session.call_with(Some(&model), workflow, "{}").await.unwrap();
        assert!(
            refused.is_error && refused.content.contains("secret_in_arguments"),
            "{workflow}: {}",
            refused.content
        );
    }
    // Asterisks that stand for no secret are a text like any other.
    let model = Scripted::new([Turn::text("***")]);
    let mut session = stage.session();
    let sent = session.call_with(Some(&model), "by_model", "{}").await.unwrap();
    assert!(!sent.is_error, "{}", sent.content);
    let seen = server.seen();
    let orders = seen.iter().filter(|seen| seen.line.contains("/orders"));
    assert_eq!(orders.count(), 1);
}

#[tokio::test]
async fn no_step_sends_what_stands_in_the_place_of_a_secret() {
    let server = Server::start(says).await;
    let stage = Stage::new(shop(&server.base));
    let call = async |name: &str| stage.session().call(name, "{}").await.unwrap();
    let refused = call("by_token").await;
    assert!(refused.is_error);
    assert!(
        refused.content.contains("secret_in_arguments"),
        "{}",
        refused.content
    );
    let found = call("by_number").await;
    assert!(!found.is_error, "{}", found.content);
    // Also when it came through another workflow.
    let either = call("by_either").await;
    assert_eq!(either.value, Some(json!({ "number": 7 })));
    let sent: Vec<String> = server.seen().into_iter().map(|seen| seen.line).collect();
    let orders = sent.iter().filter(|line| line.contains("/orders"));
    assert_eq!(orders.count(), 1, "{sent:?}");
    assert!(
        !sent.concat().contains("***") && !sent.concat().contains("%2A"),
        "{sent:?}"
    );
    let said = stage.kept.events().iter().any(|event| match event {
        Event::ToolReturned(returned) => returned.masked,
        _ => false,
    });
    assert!(said);
}

#[tokio::test]
async fn a_workflow_is_not_given_the_value_of_a_secret() {
    let server = Server::start(says).await;
    let stage = Stage::new(shop(&server.base));
    let mut session = stage.session();
    let given = json!({ "email": KEY }).to_string();
    session.call("by_number", "{}").await.unwrap();
    let error = session.call("given", &given).await.unwrap_err();
    assert_eq!(error.kind, RunErrorKind::Usage);
    assert!(!format!("{error:?}").contains(KEY));
    assert_eq!(server.seen().len(), 2, "only those of the first call");
}
