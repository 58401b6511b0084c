//! The machine as a table: replies and results in, effects out.

use std::collections::BTreeMap;

use serde_json::json;
use toolrun_model::Usage;

use super::*;
use crate::event::{ModelReplied, RunStarted, ToolRejected, ToolReturned, ToolStarted};

/// A run that is driven by hand.
struct Hand {
    run: Run,
    seq: u64,
    executed: u32,
}

fn tool(name: &str) -> ToolSpec {
    ToolSpec {
        name: name.into(),
        description: String::new(),
        parameters: json!({}),
        writes: false,
    }
}

fn limits(turns: u32, calls: u32) -> Limits {
    Limits {
        turns,
        calls,
        ..Limits::default()
    }
}

fn reply(text: &str, calls: &[(&str, &str)], stop: StopReason) -> Reply {
    let mut parts = Vec::new();
    if !text.is_empty() {
        parts.push(Part::Text { text: text.into() });
    }
    for (index, (name, arguments)) in calls.iter().enumerate() {
        let (id, name, arguments) = (format!("c{index}"), (*name).into(), (*arguments).into());
        parts.push(Part::ToolCall(ToolCall { id, name, arguments }));
    }
    Reply {
        parts,
        stop,
        usage: Usage::default(),
        confidence: None,
    }
}

impl Hand {
    fn new(frame: Frame) -> Self {
        let mut hand = Self {
            run: Run::new(frame),
            seq: 0,
            executed: 0,
        };
        hand.event(Event::RunStarted(RunStarted {
            run: "run_1".into(),
            manifest: None,
            model: None,
            prompt: "go".into(),
            instructions: None,
            tools: vec![],
            limits: Limits::default(),
        }));
        hand
    }

    fn with(limits: Limits) -> Self {
        Self::new(Frame {
            tools: vec![tool("find"), tool("refund")],
            limits,
            ..Frame::default()
        })
    }

    fn event(&mut self, event: Event) {
        self.run.apply(&Stamped {
            seq: self.seq,
            at: jiff::Timestamp::UNIX_EPOCH,
            event,
        });
        self.seq += 1;
    }

    fn says(&mut self, reply: Reply) {
        let turn = self.run.turns() + 1;
        self.event(Event::ModelReplied(ModelReplied {
            turn,
            reply,
            tokens: 100,
            estimated: false,
            masked: Vec::new(),
        }));
    }

    fn returns(&mut self, call: &str, tool: &str, content: &str) {
        self.executed += 1;
        let (call, tool, content) = (call.to_owned(), tool.to_owned(), content.to_owned());
        self.event(Event::ToolStarted(ToolStarted {
            call: call.clone(),
            call_id: String::new(),
            tool: tool.clone(),
            effect: "read".into(),
            arguments: serde_json::Map::new(),
            coerced: vec![],
            method: None,
            url: None,
            request_sha256: None,
            files: Vec::new(),
        }));
        self.event(Event::ToolReturned(ToolReturned {
            call,
            tool,
            status: Some(200),
            is_error: false,
            told: format!("<{content}>"),
            content,
            bytes: 0,
            attempts: 1,
            took_ms: 0,
            hidden_removed: 0,
            handle: None,
        }));
    }

    /// Answers every call that is to run with `content` and refuses the rest.
    fn settles(&mut self, content: impl Fn(usize) -> String) {
        let Effect::CallTools(planned) = self.run.next() else {
            panic!("no calls: {:?}", self.run.next())
        };
        for (index, planned) in planned.into_iter().enumerate() {
            match planned.plan {
                Plan::Run => self.returns(&planned.call.id, &planned.call.name, &content(index)),
                Plan::Reject(reason, content) => self.event(Event::ToolRejected(ToolRejected {
                    call: planned.call.id,
                    tool: planned.call.name,
                    reason,
                    content,
                })),
            }
        }
    }

    fn asks(&self) -> ModelRequest {
        match self.run.next() {
            Effect::AskModel(request) => request,
            other => panic!("not asking: {other:?}"),
        }
    }

    fn reasons(&self) -> Vec<Option<RejectReason>> {
        let Effect::CallTools(planned) = self.run.next() else {
            panic!("no calls: {:?}", self.run.next())
        };
        let reason = |planned: Planned| match planned.plan {
            Plan::Run => None,
            Plan::Reject(reason, _) => Some(reason),
        };
        planned.into_iter().map(reason).collect()
    }

    /// Follows limits to the end.
    fn ends(&mut self) -> Done {
        match self.run.next() {
            Effect::Limit(limit) => {
                self.event(Event::LimitReached(limit));
                self.ends()
            }
            Effect::Done(done) => done,
            other => panic!("not over: {other:?}"),
        }
    }
}

fn text(message: &Message) -> String {
    message
        .parts
        .iter()
        .map(|part| match part {
            Part::Text { text } => text.clone(),
            Part::ToolCall(call) => format!("[{}]", call.name),
            Part::ToolResult(result) => {
                format!("({}{})", if result.is_error { "!" } else { "" }, result.content)
            }
            Part::Opaque(_) => "?".into(),
        })
        .collect()
}

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
fn turns_are_exact_and_the_last_runs_no_call() {
    let mut hand = Hand::with(limits(20, 50));
    for turn in 1..20 {
        hand.asks();
        hand.says(reply(
            &format!("turn {turn}"),
            &[("find", &format!("{{\"n\":{turn}}}"))],
            StopReason::ToolCalls,
        ));
        assert_eq!(hand.reasons(), [None], "{turn}");
        hand.settles(|_| turn.to_string());
    }
    hand.asks();
    hand.says(reply("turn 20", &[("find", "{\"n\":20}")], StopReason::ToolCalls));
    assert_eq!(hand.reasons(), [Some(RejectReason::Limit)]);
    hand.settles(|_| String::new());
    let Effect::Limit(reached) = hand.run.next() else {
        panic!("no limit")
    };
    assert_eq!(
        reached,
        LimitReached {
            limit: LimitKind::Turns,
            allowed: 20,
            used: 20
        }
    );
    assert_eq!(
        hand.ends(),
        Done {
            ending: Ending::Limit(LimitKind::Turns),
            answer: "turn 20".into()
        }
    );
    assert_eq!((hand.run.turns(), hand.run.calls()), (20, 19));
}

#[test]
fn calls_are_exact_and_one_turn_is_left_to_answer() {
    let calls: Vec<String> = (0..500).map(|n| format!("{{\"n\":{n}}}")).collect();
    let calls: Vec<(&str, &str)> = calls
        .iter()
        .map(|arguments| ("find", arguments.as_str()))
        .collect();
    let mut hand = Hand::with(limits(20, 50));
    hand.says(reply("", &calls, StopReason::ToolCalls));
    hand.settles(|index| index.to_string());
    assert_eq!((hand.executed, hand.run.calls()), (50, 50));
    assert!(text(hand.asks().messages.last().unwrap()).contains("limit_reached"));
    let mut answers = Hand {
        run: hand.run,
        ..hand
    };
    answers.says(reply("what I have", &[], StopReason::EndTurn));
    let done = answers.ends();
    assert_eq!(
        done,
        Done {
            ending: Ending::Limit(LimitKind::Calls),
            answer: "what I have".into()
        }
    );
}

#[test]
fn more_calls_after_the_limit_end_the_run() {
    let mut hand = Hand::with(limits(20, 1));
    hand.says(reply(
        "",
        &[("find", "{}"), ("refund", "{}")],
        StopReason::ToolCalls,
    ));
    assert_eq!(hand.reasons(), [None, Some(RejectReason::Limit)]);
    hand.settles(|_| "x".into());
    hand.says(reply("", &[("refund", "{}")], StopReason::ToolCalls));
    assert_eq!(hand.reasons(), [Some(RejectReason::Limit)]);
    hand.settles(|_| "x".into());
    assert_eq!(hand.ends().ending, Ending::Limit(LimitKind::Calls));
    assert_eq!((hand.run.turns(), hand.executed), (2, 1));
}

#[test]
fn exactly_as_many_calls_as_allowed_is_no_limit() {
    let mut hand = Hand::with(limits(20, 2));
    hand.says(reply(
        "",
        &[("find", "{}"), ("refund", "{}")],
        StopReason::ToolCalls,
    ));
    hand.settles(|_| "x".into());
    hand.says(reply("fine", &[], StopReason::EndTurn));
    assert_eq!(hand.ends().ending, Ending::Answered);
}

#[test]
fn tokens_may_be_passed_by_one_turn() {
    let mut hand = Hand::with(Limits {
        tokens: 150,
        ..Limits::default()
    });
    hand.says(reply("", &[("find", "{}")], StopReason::ToolCalls));
    hand.settles(|_| "x".into());
    hand.says(reply("more", &[("find", "{\"n\":1}")], StopReason::ToolCalls));
    assert_eq!(hand.reasons(), [Some(RejectReason::Limit)]);
    hand.settles(|_| "x".into());
    assert_eq!(
        hand.ends(),
        Done {
            ending: Ending::Limit(LimitKind::Tokens),
            answer: "more".into()
        }
    );
    assert_eq!(hand.run.tokens(), 200);
    let mut answered = Hand::with(Limits {
        tokens: 50,
        ..Limits::default()
    });
    answered.says(reply("here", &[], StopReason::EndTurn));
    assert_eq!(
        answered.ends().ending,
        Ending::Answered,
        "an answer that is there is not thrown away"
    );
}

#[test]
fn three_identical_results_stop_the_run() {
    let spellings = [
        "{\"a\":1,\"b\":2}",
        "{\"b\":2, \"a\":1}",
        "{ \"a\": 1, \"b\": 2 }",
    ];
    let mut hand = Hand::with(Limits::default());
    for arguments in spellings {
        hand.says(reply("", &[("find", arguments)], StopReason::ToolCalls));
        hand.settles(|_| "same".into());
    }
    assert_eq!(hand.ends().ending, Ending::Limit(LimitKind::Repeats));
    assert_eq!(hand.executed, 3);
    let mut polls = Hand::with(Limits::default());
    for n in 0..5 {
        polls.says(reply("", &[("find", "{}")], StopReason::ToolCalls));
        polls.settles(|_| n.to_string());
    }
    polls.asks();
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
fn a_late_tool_is_offered_from_the_next_turn_on() {
    let mut hand = Hand::with(Limits::default());
    hand.run.offer(tool("read_result"));
    let names: BTreeMap<_, _> = hand
        .asks()
        .tools
        .into_iter()
        .map(|tool| (tool.name, ()))
        .collect();
    assert!(names.contains_key("read_result"));
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
