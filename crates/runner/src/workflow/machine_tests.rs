//! The machine as a table: steps and answers in, what is told and returned out.

use serde_json::{Value, json};
use toolrun_model::ToolCall;

use super::hand::{Hand, Says, catalogue, workflow};
use crate::agent::budget::LimitKind;
use crate::effect::FailedKind;
use crate::event::{Event, RejectReason};

fn arguments(call: &ToolCall) -> Value {
    serde_json::from_str(&call.arguments).unwrap()
}

/// Echoes the arguments; `a: bad` is an error.
fn echo(call: &ToolCall) -> Says {
    let arguments = arguments(call);
    match arguments["a"].as_str() {
        Some("bad") => Says::Error("{\"error\":\"http_status\"}\nboom"),
        Some("refused") => Says::Rejected(RejectReason::Approval),
        Some("limit") => Says::Rejected(RejectReason::Limit),
        Some("misfit") => Says::Rejected(RejectReason::Arguments),
        _ => Says::Value(json!({ "id": call.id, "a": arguments["a"] })),
    }
}

/// Runs these steps: what was told, and the value.
#[track_caller]
fn case(steps: &[&str], returns: &str, story: &str, value: Result<Value, &str>) {
    let catalogue = catalogue(&workflow("w", steps, returns));
    let mut hand = Hand::new(&catalogue, &json!({ "p": "x" }));
    let result = hand.in_order(&echo);
    assert_eq!(hand.story(), story);
    match (result, value) {
        (Ok(found), Ok(expected)) => assert_eq!(found.unwrap_or(json!("absent")), expected),
        (Err(failed), Err(part)) => assert!(failed.content().contains(part), "{}", failed.content()),
        (found, expected) => panic!("{found:?} is not {expected:?}"),
    }
}

#[test]
fn steps_run_when_what_they_read_is_there() {
    case(&["id: x, call: get"], "\"{{ x.a }}\"", "+x x =x", Ok(json!(null)));
    case(
        &["id: x, call: get", "id: y, call: get"],
        "1",
        "+x +y x y =x =y",
        Ok(json!(1)),
    );
    case(
        &[
            r#"id: y, call: get, with: { a: "{{ x.id }}" }"#,
            "id: x, call: get",
        ],
        "\"{{ y.a }}\"",
        "+x x =x +y y =y",
        Ok(json!("call_1/x")),
    );
    case(
        &["id: x, call: get, after: [y]", "id: y, call: get"],
        "\"{{ p }}\"",
        "+y y =y +x x =x",
        Ok(json!("x")),
    );
    // Without `return` the value is that of the last step as written.
    case(
        &["id: x, call: get, with: { a: 1.5 }"],
        "",
        "+x x =x",
        Ok(json!({ "id": "call_1/x", "a": 1.5 })),
    );
}

#[test]
fn what_is_skipped_is_absent_and_takes_its_holder_away() {
    let skipped = r#"id: x, when: "{{ p == 'other' }}", call: get"#;
    case(&[skipped], "\"{{ x }}\"", "-x", Ok(json!("absent")));
    case(&[skipped], "", "-x", Ok(json!("absent")));
    case(
        &[skipped],
        "{ a: \"{{ x }}\", b: 1, c: { d: \"{{ x }}\" } }",
        "-x",
        Ok(json!({ "b": 1 })),
    );
    // What that empties goes, too, and with it the value of the workflow.
    for emptied in [
        "{ a: \"{{ x }}\", b: [\"{{ x }}\"], c: { d: \"{{ x }}\" } }",
        "[\"{{ x }}\"]",
    ] {
        case(&[skipped], emptied, "-x", Ok(json!("absent")));
    }
    case(&[skipped], "{}", "-x", Ok(json!({})));
    case(&[skipped], "\"{{ [] }}\"", "-x", Ok(json!([])));
    case(
        &[skipped],
        "\"{{ x | default('none') }}\"",
        "-x",
        Ok(json!("none")),
    );
    case(
        &[skipped, r#"id: y, call: get, with: { a: "{{ x.id }}" }"#],
        "\"{{ y }}\"",
        "-x +y y =y",
        Ok(json!({ "id": "call_1/y", "a": null })),
    );
    // A condition that reads something absent is false.
    case(
        &[skipped, r#"id: y, when: "{{ x.id }}", call: get"#],
        "1",
        "-x -y",
        Ok(json!(1)),
    );
    case(
        &[skipped, r#"id: y, when: "{{ x is defined }}", call: get"#],
        "1",
        "-x -y",
        Ok(json!(1)),
    );
    case(
        &[skipped, r#"id: y, when: "{{ not x }}", call: get"#],
        "1",
        "-x +y y =y",
        Ok(json!(1)),
    );
    // So is a list.
    case(
        &[skipped, r#"id: y, for_each: "{{ x }}", as: i, call: get"#],
        "1",
        "-x -y",
        Ok(json!(1)),
    );
}

#[test]
fn each_mode_of_on_error() {
    let bad = |mode: &str| format!("id: x, call: get, with: {{ a: bad }}{mode}");
    let after = r#"id: y, call: get, with: { a: "{{ x | default('none') }}" }"#;
    let failed = r#"{"error":"step_failed","step":"x","calls":"get"}"#;
    case(&[&bad(""), after], "\"{{ y.a }}\"", "+x x !x", Err(failed));
    case(
        &[&bad(", on_error: stop"), after],
        "\"{{ y.a }}\"",
        "+x x !x",
        Err("boom"),
    );
    case(
        &[&bad(", on_error: skip"), after],
        "\"{{ y.a }}\"",
        "+x x -x +y y =y",
        Ok(json!("none")),
    );
    case(
        &[&bad(", on_error: { value: [7, null] }"), after],
        "\"{{ y.a }}\"",
        "+x x =x +y y =y",
        Ok(json!([7, null])),
    );
    case(
        &[&bad(", on_error: { value: null }")],
        "",
        "+x x =x",
        Ok(json!(null)),
    );
}

#[test]
fn a_template_that_fails_names_the_step_and_the_item() {
    let steps = [r#"id: x, for_each: [1, 0], as: i, call: get, with: { a: "{{ 1 / i }}" }"#];
    let words = r#"{"error":"unusable_value","step":"x","item":1,"key":"with""#;
    let catalogue = catalogue(&workflow("w", &steps, ""));
    let mut hand = Hand::new(&catalogue, &json!({}));
    let said = hand.in_order(&echo).unwrap_err().content();
    assert!(said.starts_with(words), "{said}");
    assert!(!said.contains("this tool"), "{said}");
}

#[test]
fn what_is_skipped_because_of_an_error_says_which() {
    let steps = [
        "id: x, call: get, with: { a: bad }, on_error: skip",
        r#"id: y, for_each: [bad, 1], as: i, call: get, with: { a: "{{ i }}" }, on_error: skip"#,
        r#"id: z, when: "{{ false }}", call: get"#,
    ];
    let catalogue = catalogue(&workflow("w", &steps, ""));
    let mut hand = Hand::new(&catalogue, &json!({}));
    hand.in_order(&echo).unwrap();
    let skipped = hand.events.iter().filter_map(|event| match &event.event {
        Event::StepSkipped(skipped) => Some(skipped.error.as_deref().map(|error| error.contains("boom"))),
        _ => None,
    });
    let mut skipped: Vec<_> = skipped.collect();
    skipped.sort_unstable();
    assert_eq!(skipped, [None, Some(true), Some(true)]);
}

#[test]
fn a_stop_begins_nothing_more_and_lets_the_rest_end() {
    let steps = [
        "id: bad, call: get, with: { a: bad }",
        "id: beside, call: put",
        r#"id: later, call: get, with: { a: "{{ beside }}" }"#,
    ];
    case(
        &steps,
        "1",
        "+bad +beside bad beside !bad",
        Err("\"step\":\"bad\""),
    );
}

#[test]
fn calls_that_wait_for_their_turn_are_not_begun_after_a_stop() {
    let steps = [
        "id: z, call: get",
        "id: x, call: get, with: { a: misfit }",
        "id: y, call: put",
    ];
    case(&steps, "1", "+z +x +y z !x", Err("\"step\":\"x\""));
    let items = r#"id: x, for_each: [a, misfit, c], as: i, call: get, with: { a: "{{ i }}" }"#;
    case(&[items], "1", "+x x[0] !x", Err("\"item\":1"));
}

#[test]
fn refusals_and_limits_stop_whatever_on_error_says() {
    for (word, kind) in [
        ("refused", FailedKind::Refused),
        ("limit", FailedKind::Limit(LimitKind::Calls)),
    ] {
        for mode in ["stop", "skip", "{ value: 1 }"] {
            let step = format!("id: x, call: put, with: {{ a: {word} }}, on_error: {mode}");
            let catalogue = catalogue(&workflow("w", &[&step], ""));
            let result = Hand::new(&catalogue, &json!({})).in_order(&echo);
            assert_eq!(result.unwrap_err().kind, kind, "{word} {mode}");
        }
    }
    case(
        &["id: x, call: put, with: { a: misfit }, on_error: skip"],
        "1",
        "+x -x",
        Ok(json!(1)),
    );
}

#[test]
fn lists_keep_their_order_and_lose_what_was_skipped() {
    let each = |rest: &str| {
        format!(r#"id: x, for_each: [a, bad, c, d], as: i, call: get, with: {{ a: "{{{{ i }}}}" }}{rest}"#)
    };
    let values = |wanted: &[&str]| -> Value { wanted.iter().map(|value| json!(value)).collect() };
    let all = "+x x[0] x[1] x[2] x[3]";
    let returns = "\"{{ x }}\"";
    let ids = |places: &[usize]| -> Value {
        let names = ["a", "bad", "c", "d"];
        places
            .iter()
            .map(|n| json!({ "id": format!("call_1/x[{n}]"), "a": names[*n] }))
            .collect()
    };
    case(&[&each("")], returns, &format!("{all} !x"), Err("\"item\":1"));
    case(
        &[&each(", on_error: skip")],
        returns,
        &format!("{all} -x[1] =x"),
        Ok(ids(&[0, 2, 3])),
    );
    let mut instead = ids(&[0, 1, 2, 3]);
    instead[1] = json!(null);
    case(
        &[&each(", on_error: { value: null }")],
        returns,
        &format!("{all} =x"),
        Ok(instead),
    );
    let when = r#", when: "{{ i in ['d', 'a'] }}""#;
    case(
        &[&each(when)],
        returns,
        "+x -x[1] -x[2] x[0] x[3] =x",
        Ok(ids(&[0, 3])),
    );
    case(
        &[&each(r#", when: "{{ i == 'z' }}""#)],
        returns,
        "+x -x[0] -x[1] -x[2] -x[3] =x",
        Ok(values(&[])),
    );
    case(
        &["id: x, for_each: [], as: i, call: get"],
        returns,
        "+x =x",
        Ok(json!([])),
    );
    case(
        &[r#"id: x, for_each: "{{ p }}", as: i, call: get"#],
        returns,
        "!x",
        Err("`for_each` goes over a list, found text"),
    );
}

#[test]
fn items_begin_as_others_end_and_no_more_at_once() {
    let step = r#"id: x, for_each: "{{ p }}", as: i, concurrency: 3, call: get, with: { a: "{{ i }}" }"#;
    let catalogue = catalogue(&workflow("w", &[step], "\"{{ x }}\""));
    let list: Vec<Value> = (0..20).map(Value::from).collect();
    let mut hand = Hand::new(&catalogue, &json!({ "p": list }));
    // The last that was begun is the first to end.
    let value = hand.ends(&echo, &mut |count| count - 1).unwrap().unwrap();
    let order: Vec<&Value> = value.as_array().unwrap().iter().map(|row| &row["a"]).collect();
    assert_eq!(order, list.iter().collect::<Vec<_>>());
    assert_eq!(hand.most, 3);
}

#[test]
fn a_read_is_repeated_until_its_condition_holds() {
    let polled = |times: u32, rest: &str| {
        format!(
            r#"id: x, call: get, repeat: {{ until: "{{{{ x.n >= 3 }}}}", every: 2s, times: {times} }}{rest}"#
        )
    };
    let counts = |call: &ToolCall| {
        let n = call.id.rsplit_once('#').map_or(1, |(_, n)| n.parse().unwrap());
        Says::Value(json!({ "n": n }))
    };
    let run = |step: &str| {
        let catalogue = catalogue(&workflow("w", &[step], "\"{{ x.n }}\""));
        let mut hand = Hand::new(&catalogue, &json!({}));
        let result = hand.in_order(&counts);
        (hand, result)
    };
    let (hand, result) = run(&polled(5, ""));
    assert_eq!(result.unwrap(), Some(json!(3)));
    assert_eq!(hand.story(), "+x x x#2 x#3 =x");
    let took = hand.events.iter().find_map(|event| match &event.event {
        Event::StepFinished(step) => Some(step.took_ms),
        _ => None,
    });
    assert!((4000..4100).contains(&took.unwrap()), "{took:?}");
    let (hand, result) = run(&polled(2, ""));
    assert!(
        result
            .unwrap_err()
            .content()
            .contains("did not hold after 2 tries")
    );
    assert_eq!(hand.story(), "+x x x#2 !x");
    let (hand, result) = run(&polled(2, ", on_error: skip"));
    assert_eq!((result.unwrap(), hand.story().as_str()), (None, "+x x x#2 -x"));
    // An error is not what is waited for.
    let failing = r#"id: x, call: get, with: { a: bad }, repeat: { until: "{{ x }}", every: 2s, times: 9 }"#;
    case(&[failing], "1", "+x x !x", Err("boom"));
}

#[test]
fn items_are_repeated_each_for_itself() {
    let step = r#"id: x, for_each: [1, 2, 3], as: i, call: get, repeat: { until: "{{ x.n >= i }}", every: 1s, times: 5 }"#;
    let catalogue = catalogue(&workflow("w", &[step], "\"{{ x }}\""));
    let counts = |call: &ToolCall| {
        let n = call.id.rsplit_once('#').map_or(1, |(_, n)| n.parse().unwrap());
        Says::Value(json!({ "n": n }))
    };
    let mut hand = Hand::new(&catalogue, &json!({}));
    let value = hand.in_order(&counts).unwrap();
    assert_eq!(value, Some(json!([{ "n": 1 }, { "n": 2 }, { "n": 3 }])));
    assert_eq!(hand.story(), "+x x[0] x[1] x[2] x[1]#2 x[2]#2 x[2]#3 =x");
}

#[test]
fn workflows_call_workflows() {
    let inner = workflow(
        "inner",
        &[r#"id: x, call: get, with: { a: "{{ p }}" }"#],
        "{ seen: \"{{ x.a }}\" }",
    );
    let outer = |rest: &str| {
        let step = format!(
            r#"id: i, for_each: [a, bad], as: one, call: inner, with: {{ p: "{{{{ one }}}}" }}{rest}"#
        );
        format!("{}{inner}", workflow("w", &[&step], "\"{{ i }}\""))
    };
    let run = |text: &str| {
        let catalogue = catalogue(text);
        let mut hand = Hand::new(&catalogue, &json!({}));
        let result = hand.in_order(&echo);
        (hand.story(), result)
    };
    let (story, result) = run(&outer(", on_error: skip"));
    assert_eq!(result.unwrap(), Some(json!([{ "seen": "a" }])));
    assert_eq!(story, "+i i[0] +x i[1] +x i[0]/x i[1]/x =x !x -i[1] =i");
    let (_, result) = run(&outer(""));
    let failed = result.unwrap_err();
    assert_eq!(
        failed.words,
        json!({ "error": "step_failed", "step": "i[1]/x", "calls": "get" })
    );
    assert_eq!(failed.cause.as_deref(), Some("{\"error\":\"http_status\"}\nboom"));
}

#[test]
fn a_limit_inside_stops_all_around_it() {
    let inner = workflow("inner", &["id: x, call: put, with: { a: limit }"], "");
    let outer = workflow(
        "w",
        &["id: i, call: inner, on_error: skip", "id: y, call: get, after: i"],
        "",
    );
    let catalogue = catalogue(&format!("{outer}{inner}"));
    let mut hand = Hand::new(&catalogue, &json!({}));
    assert_eq!(
        hand.in_order(&echo).unwrap_err().kind,
        FailedKind::Limit(LimitKind::Calls)
    );
    assert_eq!(hand.story(), "+i i +x !x !i");
}

#[test]
fn templates_see_call_id_and_now_of_their_own_workflow() {
    let inner = workflow(
        "inner",
        &[r#"id: x, call: get, with: { a: "{{ call.id }} {{ now }}" }"#],
        "\"{{ x.a }}\"",
    );
    let outer = workflow(
        "w",
        &["id: i, call: inner"],
        "[\"{{ call.id }} {{ now }}\", \"{{ i }}\"]",
    );
    let catalogue = catalogue(&format!("{outer}{inner}"));
    let value = Hand::new(&catalogue, &json!({})).in_order(&echo).unwrap();
    assert_eq!(
        value,
        Some(json!([
            "call_1 1970-01-01T00:00:00Z",
            "id of call_1/i 1970-01-01T00:00:00Z"
        ]))
    );
}

#[test]
fn numbers_keep_their_digits_from_answer_to_answer() {
    let exact: Value = serde_json::from_str("12345678901234567890.10").unwrap();
    let steps = [
        "id: x, call: get",
        r#"id: y, call: get, with: { a: "{{ x.n }}" }"#,
    ];
    let catalogue = catalogue(&workflow("w", &steps, "\"{{ y.a }}\""));
    let world = |call: &ToolCall| match call.id.ends_with('x') {
        true => Says::Value(json!({ "n": exact })),
        false => echo(call),
    };
    let value = Hand::new(&catalogue, &json!({})).in_order(&world).unwrap();
    assert_eq!(value.unwrap().to_string(), "12345678901234567890.10");
}
