//! On a terminal: questions, answers while they come, interruptions.

use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::support::llm::{Llm, Turn, call, calls};
use crate::support::program::Program;
use crate::support::shop::{call as call_tool, run, shop};
use crate::support::terminal::{AtTerminal, Reading};

const QUESTION: &str = "anything else is no:";

fn at_terminal(program: Program) -> AtTerminal {
    AtTerminal::start(program, "", Reading::Eager)
}

#[test]
fn a_write_is_sent_after_a_typed_yes_alone() {
    for (answer, code, sent) in [("y\n", 0, 1), ("no\n", 5, 0), ("\u{4}", 5, 0)] {
        let shop = shop();
        let terminal = at_terminal(call_tool(&shop, "add_note order_id=o_1 text=hello"));
        terminal
            .sees("| POST")
            .sees("/orders/o_1/notes")
            .sees("hello")
            .sees(QUESTION);
        terminal.types(answer);
        let (ended, screen) = terminal.ends();
        assert_eq!(ended, Some(code), "{answer:?}\n{screen}");
        assert_eq!(shop.recorded().len(), sent, "{answer:?}\n{screen}");
        let refused =
            screen.contains("error[write-permission]:") && screen.contains("`add_note` was not allowed");
        assert_eq!(refused, sent == 0, "{answer:?}\n{screen}");
    }
}

#[test]
fn a_yes_that_was_typed_before_the_question_is_none() {
    let shop = shop();
    let program = call_tool(&shop, "create_refund order_id=o_1 amount=5");
    let terminal = AtTerminal::start(program, "y\ny\n", Reading::Eager);
    terminal.sees(QUESTION).types("\n");
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(5), "{screen}");
    assert!(shop.recorded().is_empty(), "{screen}");
}

#[test]
fn a_yes_answers_one_question_only() {
    let refund = |order: &str| ("create_refund", json!({ "order_id": order, "amount": 5 }));
    let script = vec![calls(&[refund("o_1"), refund("o_2")]), Turn::Say("Done.")];
    let (llm, shop) = (Llm::start(script), shop());
    let terminal = at_terminal(run("openai", &llm, &shop, "Refund"));
    terminal.sees(QUESTION).types("y\ny\n");
    terminal.sees_times(QUESTION, 2).types("\n");
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(0), "{screen}");
    assert_eq!(shop.recorded().len(), 1, "{screen}");
}

#[test]
fn the_end_of_input_at_a_question_ends_its_line() {
    let shop = shop();
    let terminal = at_terminal(call_tool(&shop, "add_note order_id=o_1 text=hello"));
    terminal.sees(QUESTION).types("\u{4}");
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(5), "{screen}");
    let (_, after) = screen.split_once(QUESTION).expect("the question");
    let line = after.lines().next().unwrap_or_default();
    assert!(!line.contains("error"), "{screen}");
}

#[test]
fn an_interruption_speaks_of_writes_where_one_is_in_flight() {
    let shop = shop();
    let terminal = at_terminal(call_tool(&shop, "get_order order_id=slow"));
    shop.wait_for(1);
    let (code, screen) = terminal.interrupted_until_it_ends();
    assert_eq!(code, Some(130), "{screen}");
    assert!(!screen.contains("up to 5 s"), "{screen}");
    let terminal = at_terminal(call_tool(&shop, "add_note order_id=slow text=x --allow-writes"));
    shop.wait_for(2);
    terminal
        .interrupted_once()
        .sees("gets up to 5 s; again to stop at once");
    let (_, screen) = terminal.ends();
    assert!(screen.contains("noted"), "{screen}");
}

#[test]
fn an_answer_is_written_once() {
    for said in [
        "Plain words.",
        "Soft\u{ad}hyphen",
        "Zero\u{200b}width",
        "Line\u{2028}end",
        "Carriage\r\nreturn",
    ] {
        let script = vec![call("find_orders", &json!({ "email": "a@b.c" })), Turn::Say(said)];
        let (llm, shop) = (Llm::start(script), shop());
        let (code, screen) = at_terminal(run("openai", &llm, &shop, "Go")).ends();
        assert_eq!(code, Some(0), "{screen}");
        assert_eq!(screen.matches(&said[..4]).count(), 1, "{said:?}:\n{screen}");
    }
}

#[test]
fn a_terminal_that_takes_no_text_does_not_hold_up_an_interruption() {
    let endless: &'static str = Box::leak("Much to say. ".repeat(100_000).into_boxed_str());
    let (llm, shop) = (Llm::start(vec![Turn::Say(endless)]), shop());
    let program = run("openai", &llm, &shop, "Go");
    let terminal = AtTerminal::start(program, "", Reading::Never);
    llm.server.wait_for(1);
    // Long enough to come to a stand; were it too short, less would be tested.
    thread::sleep(Duration::from_millis(500));
    let (code, _) = terminal.interrupted_until_it_ends();
    assert_eq!(code, Some(130));
}
