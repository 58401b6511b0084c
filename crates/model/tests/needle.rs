//! The embedded model, whole: the only tests that load its weights.

#![cfg(feature = "embedded-model")]

use futures_util::StreamExt;
use serde_json::{Value, json};
use toolrun_model::embedded::{NeedleModel, NeedleOptions};
use toolrun_model::{
    CONFIDENCE_TO_RUN, Delta, Message, Model, ModelRequest, Part, Reply, Role, StopReason, ToolResult,
    ToolSpec,
};

fn tool(name: &str, description: &str, parameters: Value) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        description: description.to_owned(),
        parameters,
        writes: false,
    }
}

fn tools() -> Vec<ToolSpec> {
    let city = json!({ "type": "string", "description": "Name of the city" });
    let days = json!({ "type": "integer", "minimum": 1, "maximum": 16, "description": "How many days" });
    vec![
        tool(
            "get_forecast",
            "Returns the daily weather forecast of a city.",
            json!({ "type": "object", "properties": { "city": city, "days": days }, "required": ["city"] }),
        ),
        tool(
            "get_stock_price",
            "Returns the latest price of a stock by its ticker symbol.",
            json!({
                "type": "object",
                "properties": { "symbol": { "type": "string", "pattern": "^[A-Z]{1,5}$", "description": "Ticker symbol" } },
                "required": ["symbol"],
            }),
        ),
    ]
}

fn said(text: &str) -> Message {
    Message {
        role: Role::User,
        parts: vec![Part::Text {
            text: text.to_owned(),
        }],
    }
}

async fn turn(model: &NeedleModel, messages: Vec<Message>) -> (Vec<Delta>, Reply) {
    let request = ModelRequest {
        messages,
        tools: tools(),
        ..ModelRequest::default()
    };
    let mut deltas: Vec<Delta> = model.stream(request).map(Result::unwrap).collect().await;
    let Some(Delta::End(reply)) = deltas.pop() else {
        panic!("the last delta is the end");
    };
    (deltas, reply)
}

fn calls(reply: &Reply) -> Vec<(String, Value)> {
    reply
        .calls()
        .map(|call| {
            (
                call.name.clone(),
                serde_json::from_str(&call.arguments).expect("arguments are JSON"),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_request_becomes_calls_and_results_end_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let options = || NeedleOptions {
        cache_dir: Some(folder.path().join("needle")),
    };
    let model = NeedleModel::new(options());
    assert_eq!(model.id(), "embedded/needle-3");
    assert!(!model.writes_prose());

    let ask = || vec![said("Weather forecast for Oslo, next 3 days")];
    let (deltas, first) = turn(&model, ask()).await;
    let expected = vec![("get_forecast".to_owned(), json!({ "city": "Oslo", "days": 3 }))];
    assert_eq!(calls(&first), expected);
    assert_eq!(first.stop, StopReason::ToolCalls);
    assert!(first.confidence.unwrap() >= CONFIDENCE_TO_RUN);
    assert_eq!(first.usage.cache_read, Some(0));
    assert_eq!(
        deltas,
        [Delta::CallStarted {
            name: "get_forecast".to_owned()
        }]
    );

    // A new process finds what the tools came to, and says the same.
    let (_, again) = turn(&NeedleModel::new(options()), ask()).await;
    assert!(again.usage.cache_read.unwrap() > 100);
    assert_eq!(calls(&again), expected);
    assert!((again.confidence.unwrap() - first.confidence.unwrap()).abs() < 1e-3);

    // After the tool has answered there is nothing to add.
    let mut messages = ask();
    messages.push(Message {
        role: Role::Assistant,
        parts: first.parts.clone(),
    });
    let result = ToolResult {
        call_id: first.calls().next().unwrap().id.clone(),
        name: "get_forecast".to_owned(),
        content: "rain".to_owned(),
        is_error: false,
    };
    messages.push(Message {
        role: Role::User,
        parts: vec![Part::ToolResult(result)],
    });
    let (deltas, last) = turn(&model, messages).await;
    assert!(deltas.is_empty());
    assert!(last.parts.is_empty());
    assert_eq!(last.stop, StopReason::EndTurn);
}
