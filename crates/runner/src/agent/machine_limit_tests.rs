//! Limits of the machine: turns, calls, tokens, repetitions.

use toolrun_model::StopReason;

use super::machine_hand::{Hand, limits, reply, text};
use crate::agent::budget::{LimitKind, Limits};
use crate::effect::{Done, Effect};
use crate::event::{LimitReached, RejectReason};
use crate::outcome::Ending;

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
