//! The machine as a table: replies and results in, effects out.

use serde_json::json;
use toolrun_model::{Part, Reply, StopReason, ToolCall, Usage};
use toolrun_validator::ArgValidator;

use super::machine::{CUT, NUDGE};
use super::machine_hand::{Hand, limits, reply, text, tool};
use crate::agent::budget::{LimitKind, Limits};
use crate::agent::frame::{Frame, Prose};
use crate::effect::{Done, Effect, Plan};
use crate::event::{Event, RejectReason, ToolRejected};
use crate::outcome::Ending;

#[test]
fn one_reply_ends_a_run() {
    let cases = [
        (
            reply("hello", &[], StopReason::EndTurn),
            Ending::Answered,
            "hello",
        ),
        (
            reply("hello", &[], StopReason::Other("stop".into())),
            Ending::Answered,
            "hello",
        ),
        (
            reply("I cannot", &[], StopReason::Refusal),
            Ending::Refused,
            "I cannot",
        ),
        (
            reply("", &[("find", "{}")], StopReason::Refusal),
            Ending::Refused,
            "",
        ),
        (
            reply("half", &[], StopReason::ContentFilter),
            Ending::Refused,
            "half",
        ),
        (
            reply("half an ans", &[], StopReason::MaxTokens),
            Ending::NoAnswer,
            "half an ans",
        ),
    ];
    for (reply, ending, answer) in cases {
        let mut hand = Hand::with(Limits::default());
        hand.says(reply.clone());
        assert_eq!(
            hand.ends(),
            Done {
                ending,
                answer: answer.into()
            },
            "{reply:?}"
        );
    }
}

#[test]
fn results_go_back_in_the_order_of_the_calls() {
    let mut hand = Hand::with(Limits::default());
    hand.says(reply(
        "let me see",
        &[("find", "{}"), ("nope", "{}"), ("refund", "{}")],
        StopReason::ToolCalls,
    ));
    assert_eq!(hand.reasons(), [None, Some(RejectReason::UnknownTool), None]);
    hand.returns("c2", "refund", "second");
    let Effect::CallTools(planned) = hand.run.next() else {
        panic!("settled too early")
    };
    let Plan::Reject(reason, content) = planned[1].plan.clone() else {
        panic!("unknown tool runs")
    };
    hand.event(Event::ToolRejected(ToolRejected {
        call: "c1".into(),
        tool: "nope".into(),
        reason,
        content,
    }));
    hand.returns("c0", "find", "first");
    let request = hand.asks();
    let said: Vec<String> = request.messages.iter().map(text).collect();
    assert_eq!(said[..2], ["go", "let me see[find][nope][refund]"]);
    assert!(
        said[2].starts_with("(<first>)(!{\"error\":\"unknown_tool\""),
        "{}",
        said[2]
    );
    assert!(said[2].ends_with("(<second>)"), "{}", said[2]);
    hand.says(reply("done", &[], StopReason::EndTurn));
    assert_eq!(hand.ends().ending, Ending::Answered);
}

#[test]
fn an_unknown_tool_gets_the_nearest_name() {
    let mut hand = Hand::with(Limits::default());
    hand.says(reply("", &[("fnd", "{}")], StopReason::ToolCalls));
    hand.settles(|_| String::new());
    assert!(text(hand.asks().messages.last().unwrap()).contains("\"did_you_mean\":\"find\""));
    assert_eq!(hand.run.calls(), 0);
}

#[test]
fn calls_with_the_same_id_are_settled_in_order() {
    let mut hand = Hand::with(Limits::default());
    let call = |arguments: &str| {
        Part::ToolCall(ToolCall {
            id: "x".into(),
            name: "find".into(),
            arguments: arguments.into(),
        })
    };
    let parts = vec![call("{\"a\":1}"), call("{\"a\":2}")];
    hand.says(Reply {
        parts,
        stop: StopReason::ToolCalls,
        usage: Usage::default(),
        confidence: None,
    });
    hand.settles(|index| index.to_string());
    assert_eq!(text(hand.asks().messages.last().unwrap()), "(<0>)(<1>)");
}

#[test]
fn a_cut_turn_runs_no_call_and_may_be_tried_once_more() {
    let mut hand = Hand::with(Limits::default());
    hand.says(reply(
        "so",
        &[("refund", "{\"amount\": 1")],
        StopReason::MaxTokens,
    ));
    assert_eq!(hand.reasons(), [Some(RejectReason::Truncated)]);
    hand.settles(|_| "never".into());
    let said: Vec<String> = hand.asks().messages.iter().map(text).collect();
    assert_eq!(said[1], "so");
    assert_eq!(said[2], CUT);
    hand.says(reply("", &[("refund", "{")], StopReason::MaxTokens));
    assert_eq!(hand.ends().ending, Ending::NoAnswer);
    assert_eq!(hand.executed, 0);
    assert!(hand.run.note().is_some());
}

#[test]
fn an_empty_reply_gets_one_nudge() {
    let mut hand = Hand::with(Limits::default());
    hand.says(reply("", &[], StopReason::EndTurn));
    assert_eq!(text(hand.asks().messages.last().unwrap()), NUDGE);
    hand.says(reply(" \n", &[], StopReason::EndTurn));
    assert_eq!(
        hand.ends(),
        Done {
            ending: Ending::NoAnswer,
            answer: String::new()
        }
    );
}

#[test]
fn a_paused_turn_goes_on() {
    let mut hand = Hand::with(Limits::default());
    hand.says(reply("thinking", &[], StopReason::Paused));
    assert_eq!(
        hand.asks().messages.iter().map(text).collect::<Vec<_>>(),
        ["go", "thinking"]
    );
    hand.says(reply("done", &[], StopReason::EndTurn));
    assert_eq!(hand.ends().answer, "done");
}

#[test]
fn a_router_ends_with_the_results() {
    let frame = |limits| Frame {
        tools: vec![tool("find")],
        limits,
        prose: Prose::Results,
        ..Frame::default()
    };
    let mut hand = Hand::new(frame(limits(1, 50)));
    hand.says(reply(
        "",
        &[("find", "{\"a\":1}"), ("find", "{\"a\":2}")],
        StopReason::ToolCalls,
    ));
    hand.settles(|index| format!("result {index}"));
    assert_eq!(
        hand.ends(),
        Done {
            ending: Ending::Answered,
            answer: "result 0\nresult 1".into()
        }
    );
    assert_eq!(hand.run.note(), None);
    let mut empty = Hand::new(frame(Limits::default()));
    empty.says(reply("", &[], StopReason::EndTurn));
    assert_eq!(empty.ends().ending, Ending::NoAnswer);
    let mut talks = Hand::new(frame(Limits::default()));
    talks.says(reply("`find` was not called", &[], StopReason::EndTurn));
    assert_eq!(
        talks.ends(),
        Done {
            ending: Ending::NoAnswer,
            answer: "`find` was not called".into()
        }
    );
    assert_eq!(talks.run.note(), Some("it called no tool"));
    let mut halves = Hand::new(frame(Limits::default()));
    halves.says(reply(
        "`lose` was not called",
        &[("find", "{}")],
        StopReason::ToolCalls,
    ));
    halves.settles(|_| "found".into());
    assert_eq!(
        halves.ends(),
        Done {
            ending: Ending::Answered,
            answer: "found".into()
        }
    );
    assert_eq!(halves.run.note(), Some("`lose` was not called"));
    let mut over = Hand::new(frame(limits(20, 1)));
    over.says(reply(
        "",
        &[("find", "{\"a\":1}"), ("find", "{\"a\":2}")],
        StopReason::ToolCalls,
    ));
    over.settles(|index| format!("result {index}"));
    assert_eq!(over.ends().ending, Ending::Limit(LimitKind::Calls));
}

#[test]
fn once_a_result_was_cut_the_rest_can_be_read() {
    let mut hand = Hand::with(Limits::default());
    let offered = |hand: &Hand| {
        let tools = hand.asks().tools.into_iter();
        tools.filter(|tool| tool.name == "read_result").count()
    };
    assert_eq!(offered(&hand), 0);
    for _ in 0..2 {
        hand.says(reply("", &[("find", "{}")], StopReason::ToolCalls));
        // Of a call that is not this conversation's, nothing is offered to it.
        hand.returns_cut("c7", "find", "a part");
        assert!(matches!(hand.run.next(), Effect::CallTools(_)));
        hand.returns_cut("c0", "find", "a part");
        assert_eq!(offered(&hand), 1);
    }
}

#[test]
fn an_answer_of_another_shape_is_mended_once() {
    let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"] });
    let frame = || Frame {
        answer: ArgValidator::of_schema("answer", schema.clone()).ok(),
        output: Some(schema.clone()),
        ..Frame::default()
    };
    let mut hand = Hand::new(frame());
    hand.says(reply("four", &[], StopReason::EndTurn));
    let said: Vec<String> = hand.asks().messages.iter().map(text).collect();
    assert_eq!(said[1], "four");
    assert!(said[2].contains("does not fit"), "{}", said[2]);
    hand.says(reply("{\"n\": 4}", &[], StopReason::EndTurn));
    let done = hand.ends();
    assert_eq!((done.ending, &*done.answer), (Ending::Answered, "{\"n\": 4}"));
    let mut stubborn = Hand::new(frame());
    stubborn.says(reply("{}", &[], StopReason::EndTurn));
    assert!(text(stubborn.asks().messages.last().unwrap()).contains("`n` is required and missing"));
    stubborn.says(reply("{}", &[], StopReason::EndTurn));
    assert_eq!(stubborn.ends().ending, Ending::NoAnswer);
}
