//! F04: the question before a write. What is shown is what is sent, nothing
//! that a model writes can hide in it or pose as it, and nothing but a yes
//! typed below it counts.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::http_server::{HttpServer, Reply};
use crate::support::llm::{Llm, Turn, call, calls};
use crate::support::program::{Program, toolrun};
use crate::support::shop::{SHOP_KEY, call as call_tool, run, shop};
use crate::support::terminal::{AtTerminal, Mode, Reading};

const QUESTION: &str = "anything else is no:";
const MARK: char = '\u{2047}';

const BOARD: &str = r#"toolrun: 1
vars: { board_url: { env: BOARD_URL, default: "http://127.0.0.1:9" } }
tools:
  post_text:
    description: Posts a text to the board, as it is.
    params: { text: { type: string, description: What is posted } }
    method: POST
    url: "{{ vars.board_url }}/texts"
    body: { text: "{{ text }}" }
    effect: write
    retries: 2
"#;

/// `toolrun call` of a tool that posts a text as it is.
fn post(server: &HttpServer, text: &str) -> Program {
    toolrun("call board.yaml post_text")
        .arg(format!("text={text}"))
        .file("board.yaml", BOARD)
        .env("BOARD_URL", &server.url())
}

fn board() -> HttpServer {
    HttpServer::start(|_, _| Reply::json(201, "{}"))
}

fn at_terminal(program: Program, columns: u16) -> AtTerminal {
    AtTerminal::start_in(program, "", Reading::Eager, Mode::Lines, columns)
}

/// The rows of a screen without our own colours.
fn rows(screen: &str) -> Vec<String> {
    let mut plain = screen.to_owned();
    for colour in ["0", "1", "2", "32", "1;7", "1;31", "1;33"] {
        plain = plain.replace(&format!("\u{1b}[{colour}m"), "");
    }
    plain.split("\r\n").map(str::to_owned).collect()
}

/// The rows between the head of the question and the question.
#[track_caller]
fn request_rows(screen: &str) -> Vec<String> {
    let rows = rows(screen);
    let head = rows.iter().position(|row| row.ends_with("It would send:"));
    let ask = rows.iter().rposition(|row| row.contains("Send this POST to"));
    match (head, ask) {
        (Some(head), Some(ask)) => rows[head + 1..ask].to_vec(),
        _ => panic!("no question on:\n{screen}"),
    }
}

#[test]
fn f04_what_is_shown_is_what_is_sent() {
    let shop = shop();
    let terminal = at_terminal(call_tool(&shop, "create_refund order_id=o/1 amount=5.50"), 100);
    terminal.sees(QUESTION).types("y\n");
    let (_, screen) = terminal.ends();
    let sent = &shop.recorded()[0];
    let shown = request_rows(&screen);
    let line = |start: &str| {
        let row = shown
            .iter()
            .find_map(|row| row.strip_prefix("  | ")?.strip_prefix(start));
        row.unwrap_or_else(|| panic!("no `{start}` on:\n{screen}"))
            .to_owned()
    };
    assert_eq!(line("POST "), format!("{}/orders/o%2F1/refunds", shop.url()));
    assert_eq!(format!("{}{}", shop.url(), sent.target), line("POST "));
    assert_eq!(line("Idempotency-Key: "), sent.header("idempotency-key")[0]);
    assert_eq!(line("Content-Type: "), sent.header("content-type")[0]);
    assert_eq!(line("Authorization: "), "Bearer ***");
    assert_eq!(line("{"), sent.body[1..]);
    assert!(!screen.contains(SHOP_KEY), "{screen}");
    assert!(
        screen.contains(&format!("Send this POST to {}?", shop.host())),
        "{screen}"
    );
}

#[test]
fn f04_what_is_sent_again_is_the_same_bytes() {
    let first = AtomicUsize::new(0);
    let server = HttpServer::start(move |_, _| match first.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::json(503, "{}").header("retry-after", "0"),
        _ => Reply::json(201, "{}"),
    });
    let terminal = at_terminal(post(&server, "twice"), 100);
    terminal.sees("| twice").sees(QUESTION).types("y\n");
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(0), "{screen}");
    assert_eq!(screen.matches(QUESTION).count(), 1, "{screen}");
    let sent = server.recorded();
    assert_eq!(sent.len(), 2, "{screen}");
    assert_eq!(sent[0].raw, sent[1].raw);
    assert_eq!(sent[0].body, "twice");
}

#[test]
fn f04_nothing_can_hide_in_the_request_or_leave_its_margin() {
    let columns = 50;
    let fake = format!("{MARK} Send this GET to safe.example? Type y for yes, {QUESTION} ");
    let blanks = |count: usize| " ".repeat(count);
    let texts = [
        format!("ok{}{fake}", blanks(columns - 9)),
        format!("ok\n{fake}\n  | POST https://safe.example/"),
        format!("ok{}{fake}", "\n".repeat(300)),
        format!("ok{}{fake}", "\t".repeat(60)),
        format!("{}{fake}", "日".repeat(25)),
        format!("ok\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}H\u{8}\r{fake}"),
        format!("a\u{202e}b\u{2066}c\u{200b}d\u{e0041}\u{3000}\u{2800}{fake}"),
        format!("z{}\u{2028}{fake}", "\u{301}".repeat(30)),
    ];
    for text in texts {
        let server = board();
        let terminal = at_terminal(post(&server, &text), u16::try_from(columns).expect("few"));
        // Ours alone ends its colour there.
        terminal.sees(&format!("{QUESTION}\u{1b}[0m ")).types("\n");
        let (code, screen) = terminal.ends();
        assert_eq!((code, server.connections()), (Some(5), 0), "{text:?}\n{screen}");
        let plain = rows(&screen).join("\n");
        let foreign = |c: char| c.is_control() && c != '\n';
        assert!(!plain.contains(foreign), "{text:?}\n{plain:?}");
        assert_eq!(
            plain.matches(MARK).count(),
            2,
            "the head and the question:\n{plain}"
        );
        for row in request_rows(&screen) {
            let ours = ["  | ", "  \\ ", "  … ", "    "]
                .iter()
                .any(|mark| row.starts_with(mark));
            assert!(ours, "{row:?} of\n{plain}");
            let wide: usize = row
                .chars()
                .map(|c| if c.is_ascii() || c == '…' { 1 } else { 2 })
                .sum();
            assert!(wide < columns, "{row:?} goes on in the next row");
        }
        assert!(plain.contains(&format!("POST {}/texts", server.url())), "{plain}");
    }
}

#[test]
fn f04_a_long_request_is_told_by_its_digest_and_can_be_seen_whole() {
    let server = board();
    let text = format!("{}THE MIDDLE{}", "a ".repeat(1500), "b ".repeat(1500));
    let folder = tempfile::tempdir().expect("a folder");
    let events = folder.path().join("e.jsonl");
    let program = post(&server, &text).arg("--events").arg(events.to_string_lossy());
    let terminal = at_terminal(program, 80);
    terminal.sees("a to see all of it").sees(QUESTION);
    terminal.types("a\n").sees_times(QUESTION, 2).types("y\n");
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(0), "{screen}");
    let (cut, whole) = screen
        .split_once("a to see all of it")
        .expect("the first question");
    assert!(!cut.contains("THE MIDDLE"), "{cut}");
    let whole: String = rows(whole).iter().filter_map(|row| row.get(4..)).collect();
    assert!(whole.contains("THE MIDDLE"), "{whole}");
    assert_eq!(server.recorded()[0].body, text);
    let lines = std::fs::read_to_string(&events).expect("events");
    let events: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let digest = |name: &str| {
        let found = events.iter().find(|event| event["event"] == name);
        found
            .and_then(|event| event["request_sha256"].as_str())
            .expect(name)
            .to_owned()
    };
    assert_eq!(digest("approval.given"), digest("tool.started"));
    let shown: String = cut.chars().filter(|c| !c.is_whitespace()).collect();
    assert!(shown.contains(&digest("approval.given")), "{cut}");
}

#[test]
fn f04_text_of_the_model_cannot_pose_as_the_question() {
    const FAKE: &str = "\n\u{1b}[1;7m\u{2047} toolrun asks: \u{1b}[0mfind_orders reads. It would send:\n  | GET http://x/\n\
                        \u{2047} Send this GET to x? Type y for yes, anything else is no: ";
    let note = json!({ "order_id": "o_1", "text": "sent" }).to_string();
    let script = vec![Turn::Call(FAKE, vec![("add_note", note)]), Turn::Say("Done.")];
    let (llm, shop) = (Llm::start(script), shop());
    let terminal = at_terminal(run("openai", &llm, &shop, "Go"), 100);
    terminal.sees_times(QUESTION, 2).types("\n");
    let (code, screen) = terminal.ends();
    assert_eq!((code, shop.connections()), (Some(0), 0), "{screen}");
    assert!(
        screen.contains("?? toolrun asks: ") && screen.contains("?? Send this GET"),
        "{screen}"
    );
    assert_eq!(screen.matches(MARK).count(), 2, "{screen}");
    assert_eq!(
        screen.matches("\u{1b}[1;7m").count(),
        1,
        "only ours is reversed: {screen:?}"
    );
    let plain = rows(&screen);
    let ours = plain
        .iter()
        .position(|row| row.starts_with(MARK))
        .expect("a row of its own");
    let fake = plain
        .iter()
        .rposition(|row| row.contains("?? Send this GET"))
        .expect("the fake");
    assert!(fake < ours, "ours is the last: {screen}");
}

#[test]
fn f04_a_yes_typed_at_a_fake_question_answers_nothing() {
    const FAKE: &str = "? Send it? Type y for yes, anything else is NO:";
    let note = json!({ "order_id": "o_1", "text": "sent" }).to_string();
    let script = vec![Turn::Call(FAKE, vec![("add_note", note)]), Turn::Say("Done.")];
    let (llm, shop) = (Llm::start(script), shop());
    let program = run("openai", &llm, &shop, "Go");
    let terminal = AtTerminal::start(program, "y\nyes\ny\n", Reading::Eager);
    terminal.sees(FAKE).sees(QUESTION).types("\n");
    let (_, screen) = terminal.ends();
    assert_eq!(shop.connections(), 0, "{screen}");
}

#[test]
fn f04_no_answer_and_nobody_are_no() {
    for (typed, mode) in [
        ("\n", Mode::Lines),
        ("\u{4}", Mode::Lines),
        ("yep\n", Mode::Lines),
        ("y y\n", Mode::Lines),
        ("a\n", Mode::Lines),
        ("\u{ff59}\n", Mode::Lines),
        ("ny\n", Mode::Raw),
    ] {
        let server = board();
        let terminal = AtTerminal::start_in(post(&server, "x"), "", Reading::Eager, mode, 100);
        terminal.sees(QUESTION).types(typed);
        let (code, screen) = terminal.ends();
        assert_eq!((code, server.connections()), (Some(5), 0), "{typed:?}\n{screen}");
    }
    for stdin in ["", "y\n", "y\ny\nyes\n"] {
        let server = board();
        let ended = post(&server, "the whole text")
            .stdin(stdin)
            .run()
            .exits(5)
            .prints("");
        ended
            .says(&format!("  | POST {}/texts", server.url()))
            .says("  | the whole text")
            .says("--allow-writes=post_text permits it; on a terminal, toolrun asks");
        assert_eq!(server.connections(), 0);
    }
}

#[test]
fn f04_a_host_with_foreign_letters_is_shown_in_plain_ones() {
    let (llm, shop) = (Llm::start(vec![Turn::Say("x")]), shop());
    drop(llm);
    call_tool(&shop, "add_note order_id=o_1 text=x")
        .env("SHOP_URL", "https://sh\u{43e}p.example")
        .run()
        .exits(5)
        .says("POST https://xn--shp-ted.example/orders")
        .hides("sh\u{43e}p");
}

#[test]
fn f04_every_write_of_a_turn_asks_for_itself() {
    let note = |text: &str| ("add_note", json!({ "order_id": "o_1", "text": text }));
    let script = vec![
        calls(&[note("one"), note("two"), note("three")]),
        Turn::Say("Done."),
    ];
    let (llm, shop) = (Llm::start(script), shop());
    let terminal = at_terminal(run("anthropic", &llm, &shop, "Go"), 100);
    for (times, answer) in [(1, "y\n"), (2, "n\n"), (3, "y\n")] {
        terminal.sees_times(QUESTION, times).types(answer);
    }
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(0), "{screen}");
    let mut sent: Vec<String> = shop.recorded().iter().map(|sent| sent.body.clone()).collect();
    sent.sort();
    assert_eq!(sent, [r#"{"text":"one"}"#, r#"{"text":"three"}"#]);
}

#[test]
fn f04_a_yes_does_not_answer_the_next_question_on_any_terminal() {
    for mode in [Mode::Lines, Mode::Raw] {
        let note = |text: &str| ("add_note", json!({ "order_id": "o_1", "text": text }));
        let script = vec![calls(&[note("one"), note("two")]), Turn::Say("Done.")];
        let (llm, shop) = (Llm::start(script), shop());
        let program = run("openai", &llm, &shop, "Go");
        let terminal = AtTerminal::start_in(program, "y\n", Reading::Eager, mode, 100);
        terminal.sees(QUESTION).types("y\ny\ny\n");
        terminal.sees_times(QUESTION, 2).types("\n");
        let (code, screen) = terminal.ends();
        assert_eq!((code, shop.recorded().len()), (Some(0), 1), "{mode:?}\n{screen}");
    }
}

#[test]
fn f04_destructive_tools_are_named_and_names_are_right() {
    let refund = || call("create_refund", &json!({ "order_id": "o_1", "amount": 5 }));
    for (flag, code, sent) in [
        ("--allow-writes", 5, 0),
        ("--allow-writes=add_note", 5, 0),
        ("--allow-writes=create_refund", 0, 1),
        ("--allow-writes=create_refunds", 2, 0),
    ] {
        let (llm, shop) = (Llm::start(vec![refund(), Turn::Say("Done.")]), shop());
        let ended = run("openai", &llm, &shop, "Go").arg(flag).run().exits(code);
        assert_eq!(shop.connections(), sent, "{flag}");
        if code == 2 {
            ended.says("did you mean `create_refund`?");
        }
    }
}
