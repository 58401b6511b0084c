//! Steps that ask, driven by hand: prompts, turns and calls in, values out.

use serde_json::{Value, json};
use toolrun_model::ToolCall;

use super::hand::{Hand, Says, catalogue, workflow};
use crate::agent::budget::LimitKind;
use crate::effect::{Failed, FailedKind};
use crate::event::{Event, RejectReason};

/// What the model is asked in its latest message, as the world sees it.
fn asked(call: &ToolCall) -> String {
    let messages: Vec<String> = serde_json::from_str(&call.arguments).unwrap();
    messages.last().cloned().unwrap_or_default()
}

/// The table has a row `rows`; the model does what the prompt says: `CALL x`
/// calls a tool once and then says what it got, all else is repeated.
fn world(call: &ToolCall) -> Says {
    if call.name != "ask" {
        let arguments: Value = serde_json::from_str(&call.arguments).unwrap();
        return match arguments["a"].as_str() {
            Some("no") => Says::Rejected(RejectReason::Approval),
            Some("late") => Says::Rejected(RejectReason::Limit),
            _ => Says::Value(json!({ "row": arguments["a"], "id": call.id })),
        };
    }
    let words = asked(call);
    match words.strip_prefix("CALL ") {
        Some(called) => {
            let mut calls = called
                .split(' ')
                .map(|one| one.split_once('=').unwrap_or((one, "")));
            Says::Value(
                calls
                    .by_ref()
                    .map(|(name, a)| json!({ "name": name, "a": a }))
                    .collect(),
            )
        }
        None => Says::Value(json!(words)),
    }
}

fn run(steps: &[&str], returns: &str) -> (Hand, Result<Option<Value>, Failed>) {
    let catalogue = catalogue(&workflow("w", steps, returns));
    let mut hand = Hand::new(&catalogue, &json!({ "p": "x" }));
    let result = hand.in_order(&world);
    (hand, result)
}

#[test]
fn one_turn_is_the_value_of_a_step() {
    let (hand, result) = run(
        &[
            r#"id: row, call: get, with: { a: "five" }"#,
            r#"id: words, ask: "Say {{ row.row | default('-') }} and {{ p | default('-') }}""#,
        ],
        r#""{{ words }}!""#,
    );
    assert_eq!(result.unwrap(), Some(json!("Say [row:five] and [p:x]!")));
    assert_eq!(hand.story(), "+row row =row +words ?words *words =words");
}

#[test]
fn an_answer_of_a_shape_is_checked_and_mended_once() {
    let shape = "output: { type: object, properties: { n: { type: integer } }, required: [n] }";
    let (_, fits) = run(
        &[&format!(r#"id: x, ask: '{{"n": 5}}', {shape}"#)],
        r#""{{ x.n }}""#,
    );
    assert_eq!(fits.unwrap(), Some(json!(5)));
    let (hand, never) = run(&[&format!("id: x, ask: Hello, {shape}")], "1");
    assert!(never.unwrap_err().content().contains("does not fit"));
    assert_eq!(hand.story(), "+x ?x *x *x !x");
    let list = "output: { type: array, items: { type: integer } }";
    let (_, wrapped) = run(
        &[&format!(r#"id: x, ask: '{{"value": [1, 2]}}', {list}"#)],
        r#""{{ x }}""#,
    );
    assert_eq!(wrapped.unwrap(), Some(json!([1, 2])));
}

#[test]
fn an_answer_is_read_out_of_the_wrappings_that_models_use() {
    let list = "output: { type: array, items: { type: integer } }";
    let number = "output: { type: integer }";
    let untyped = "output: { properties: { n: { type: integer } }, required: [n] }";
    for (shape, says, value) in [
        (list, r#"'[1, 2]'"#, json!([1, 2])),
        (number, "'5'", json!(5)),
        (number, r#""```json\n5\n```""#, json!(5)),
        (untyped, r#"'{"n": 5}'"#, json!({ "n": 5 })),
        (untyped, r#""```\n{\"n\": 5}\n```""#, json!({ "n": 5 })),
    ] {
        let (hand, result) = run(&[&format!("id: x, ask: {says}, {shape}")], r#""{{ x }}""#);
        assert_eq!(result.unwrap(), Some(value), "{says}");
        assert_eq!(hand.story(), "+x ?x *x =x", "{says}");
    }
}

#[test]
fn an_answer_that_never_fits_says_which_schema_and_why() {
    let shape = "output: { type: object, properties: { n: { type: integer } }, required: [n] }";
    let catalogue = catalogue(&workflow("w", &[&format!("id: x, ask: Hello, {shape}")], "1"));
    let mut hand = Hand::new(&catalogue, &json!({}));
    let never = hand.in_order(&|_: &ToolCall| Says::Value(json!(r#"{"n": "a"}"#)));
    let failed = never.unwrap_err().content();
    assert!(
        failed.contains("does not fit its step's `output`: /n: expected"),
        "{failed}"
    );
    assert!(!failed.contains("agent.output"), "{failed}");
}

#[test]
fn with_tools_it_is_a_loop_over_these_tools() {
    let (hand, result) = run(&["id: x, ask: CALL get=1 get=2, tools: [get]"], r#""{{ x }}""#);
    let told = result.unwrap().unwrap();
    let told = told.as_str().unwrap();
    assert!(
        told.contains("call_1/x/1.0") && told.contains("call_1/x/1.1"),
        "{told}"
    );
    assert_eq!(hand.story(), "+x ?x *x x/1.0 x/1.1 *x =x");
    // A tool that is not named is not called.
    let (hand, result) = run(&["id: x, ask: CALL put=1, tools: [get]"], r#""{{ x }}""#);
    assert!(result.unwrap().unwrap().to_string().contains("unknown_tool"));
    assert_eq!(hand.story(), "+x ?x *x *x =x");
    // A no is told to the model, as in a run.
    let (_, result) = run(&["id: x, ask: CALL get=no, tools: [get]"], r#""{{ x }}""#);
    assert_eq!(result.unwrap(), Some(json!("no;")));
}

#[test]
fn errors_of_a_conversation_are_those_of_its_step() {
    let shape = "output: { type: object, required: [n] }";
    let case = |on_error: &str| {
        run(
            &[&format!("id: x, ask: Hello, {shape}, on_error: {on_error}")],
            r#"{ x: "{{ x }}" }"#,
        )
        .1
    };
    assert_eq!(case("{ value: 7 }").unwrap(), Some(json!({ "x": 7 })));
    assert_eq!(
        case("skip").unwrap(),
        None,
        "what absence empties is absent, a `return` too"
    );
    assert!(case("stop").is_err());
    let (_, late) = run(&["id: x, ask: CALL get=late, tools: [get], on_error: skip"], "1");
    assert_eq!(late.unwrap_err().kind, FailedKind::Limit(LimitKind::Calls));
}

#[test]
fn the_limits_of_the_run_end_a_conversation() {
    let steps = [r#"id: x, for_each: [a, b, c, d], as: one, concurrency: 2, ask: "{{ one }}""#];
    let catalogue = catalogue(&workflow("w", &steps, r#""{{ x }}""#));
    let mut hand = Hand::limited(&catalogue, &json!({}), 3);
    let failed = hand.in_order(&world).unwrap_err();
    assert_eq!(failed.kind, FailedKind::Limit(LimitKind::Turns));
    let turns = hand
        .events
        .iter()
        .filter(|event| matches!(event.event, Event::ModelReplied(_)));
    assert!(turns.count() <= 4);
}

#[test]
fn a_failing_step_ends_conversations_beside_it() {
    let (hand, result) = run(
        &[
            "id: x, ask: CALL get=1, tools: [get]",
            r#"id: y, call: get, with: { a: "no" }"#,
        ],
        "1",
    );
    assert_eq!(result.unwrap_err().kind, FailedKind::Refused);
    assert!(hand.story().ends_with("!y"), "{}", hand.story());
}

/// A model that calls a workflow in which a model is asked, once for each of a
/// list, beside a step that reads the table.
const DEEP: &[&str] = &[
    r#"id: row, call: get, with: { a: "five" }"#,
    r#"id: each, for_each: ["CALL w2", "CALL get=1 get=2", "{{ row.row | default(0) }}"], as: one, ask: CALL w2 get=3, tools: [get, w2]"#,
    r#"id: end, ask: "{{ each | length }} {{ row.row | default(0) }}""#,
];

#[test]
fn a_run_that_is_cut_anywhere_goes_on_to_the_same_result() {
    let inner = workflow(
        "w2",
        &[
            "id: a, ask: CALL get=7, tools: [get]",
            r#"id: b, call: get, with: { a: "{{ a }}" }"#,
        ],
        r#""{{ b.row }}""#,
    );
    let text = format!(
        "{}{inner}",
        workflow("w", DEEP, r#"{ each: "{{ each }}", end: "{{ end }}" }"#)
    );
    let catalogue = catalogue(&text);
    let mut whole = Hand::new(&catalogue, &json!({}));
    let result = whole.in_order(&world);
    assert!(result.is_ok(), "{result:?}");
    let tools = whole.calls();
    for cut in 1..=whole.events.len() {
        let mut fresh = Hand::again(&catalogue, &whole.events[..cut], &tools);
        assert_eq!(fresh.in_order(&world), result, "cut at {cut}");
    }
}
