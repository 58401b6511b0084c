//! B09: answers that take their time. The deadline of the whole call holds, and
//! nothing is left behind: the process ends and its connections with it.

use std::time::Duration;

use super::*;
use crate::support::fault_server::head;

/// The deadline in the manifest, and when it must be over at the latest: far
/// beyond, as machines of tests are slow.
const DEADLINE: Duration = Duration::from_millis(400);
const LATEST: Duration = Duration::from_secs(7);

/// What a server does that takes its time.
fn slow_answers() -> Vec<(&'static str, Vec<Part>)> {
    let pause = Duration::from_millis(20);
    let long = "x".repeat(10_000);
    let chunked = head("200 OK", &["Transfer-Encoding: chunked"]);
    let gzip = head("200 OK", &["Content-Encoding: gzip", "Content-Length: 9999"]);
    vec![
        ("no answer", vec![Part::Hold]),
        (
            "a byte at a time",
            vec![Part::Drip(
                format!("HTTP/1.1 200 OK\r\n\r\n{long}").into_bytes(),
                pause,
            )],
        ),
        (
            "a header at a time",
            vec![
                text("HTTP/1.1 200 OK\r\n"),
                Part::Forever(b"X-A: b\r\n".to_vec(), pause),
            ],
        ),
        (
            "a header that does not end",
            vec![
                text("HTTP/1.1 200 OK\r\nX-A: "),
                Part::Forever(b"b".to_vec(), pause),
            ],
        ),
        (
            "stalled in a chunk",
            vec![text(format!("{chunked}\r\n5\r\nhe")), Part::Hold],
        ),
        (
            "stalled between chunks",
            vec![text(format!("{chunked}\r\n5\r\nhello\r\n")), Part::Hold],
        ),
        (
            "stalled in gzip",
            vec![text(format!("{gzip}\r\n\u{1f}")), Part::Hold],
        ),
        (
            "a flood of early hints",
            vec![Part::Forever(
                b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec(),
                Duration::ZERO,
            )],
        ),
        (
            "early hints now and then",
            vec![Part::Forever(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), pause)],
        ),
        (
            "a body that is never closed",
            vec![text("HTTP/1.1 200 OK\r\n\r\nall of it"), Part::Hold],
        ),
        (
            "an error that is never closed",
            vec![text("HTTP/1.1 500 No\r\n\r\nall of it"), Part::Hold],
        ),
        (
            "a redirect to nowhere near",
            vec![
                text("HTTP/1.1 302 Found\r\nLocation: /get\r\nContent-Length: 9\r\n\r\n"),
                Part::Hold,
            ],
        ),
        (
            "a switch of protocols",
            vec![
                text("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
                Part::Hold,
            ],
        ),
    ]
}

#[test]
fn b09_the_deadline_of_a_call_holds() {
    let baseline = call_baseline();
    let manifest = manifest("400ms", "");
    for (what, parts) in slow_answers() {
        let server = FaultServer::always(parts);
        let (ended, cost) = call_of(&server, "get", &manifest).measured(LONGEST);
        figure(what, &cost, &baseline);
        sound(what, &ended);
        assert_eq!(ended.code, Some(3), "{what}: {}", ended.stderr);
        let typed = [
            "\"error\":\"timeout\"",
            "\"error\":\"redirect\"",
            "\"error\":\"http_status\"",
            "\"error\":\"connection_cut\"",
        ];
        let typed = typed.into_iter().find(|code| ended.stderr.contains(*code));
        assert!(typed.is_some(), "{what}: {}", ended.stderr);
        if typed == Some("\"error\":\"timeout\"") {
            assert!(cost.wall >= DEADLINE, "{what}: {:?}", cost.wall);
        }
        assert!(cost.wall <= LATEST, "{what}: {:?}", cost.wall);
        cost.within(&baseline, ANSWER, CPU);
        server.is_left_alone();
    }
}

#[test]
fn b09_the_deadline_holds_over_retries_and_redirects() {
    let manifest = manifest("400ms", "").replace("retries: 0", "retries: 9");
    for status in [
        "500 No",
        "503 Later\r\nRetry-After: 0",
        "302 Found\r\nLocation: /get",
    ] {
        let slow = format!("HTTP/1.1 {status}\r\nContent-Length: 9\r\n\r\n");
        let server = FaultServer::always(vec![
            Part::Drip(slow.into_bytes(), Duration::from_millis(3)),
            Part::Hold,
        ]);
        let (ended, cost) = call_of(&server, "get", &manifest).measured(LONGEST);
        sound(status, &ended);
        assert!(
            ended.code == Some(3) && cost.wall <= LATEST,
            "{status}: {:?}\n{}",
            cost.wall,
            ended.stderr
        );
        server.is_left_alone();
    }
}

/// One slow call does not hold up its neighbours, and leaves the run alive.
#[test]
fn b09_a_slow_call_is_told_to_the_model() {
    let api = FaultServer::always(vec![
        text("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal"),
        Part::Hold,
    ]);
    let llm = Llm::start(vec![turn("get", &json!({})), Turn::Say("Done.")]);
    let (ended, cost) = run(&llm.server.url(), &api)
        .file("m.yaml", &manifest("400ms", ""))
        .measured(LONGEST);
    ended.exits(0).prints("Done.\n");
    assert!(cost.wall <= LATEST, "{:?}", cost.wall);
    let told = llm.asked()[1]["messages"].to_string();
    assert!(
        told.contains(r#"\"error\":\"timeout\""#) && told.contains("400ms"),
        "{told}"
    );
    api.is_left_alone();
}

#[test]
fn b09_the_time_of_a_run_holds_for_the_models_stream() {
    let pause = Duration::from_millis(20);
    let cases = [
        ("no answer", vec![Part::Hold]),
        (
            "pings",
            vec![text(STREAM_HEAD), Part::Forever(b": ping\n\n".to_vec(), pause)],
        ),
        (
            "a byte at a time",
            vec![
                text(STREAM_HEAD),
                Part::Drip(said("slow").repeat(99).into_bytes(), pause),
            ],
        ),
        (
            "words without an end",
            vec![
                text(STREAM_HEAD),
                Part::Forever(said("on and on ").into_bytes(), pause),
            ],
        ),
        ("stalled", vec![text(STREAM_HEAD), text(said("half")), Part::Hold]),
        (
            "a header at a time",
            vec![
                text("HTTP/1.1 200 OK\r\n"),
                Part::Forever(b"X-A: b\r\n".to_vec(), pause),
            ],
        ),
    ];
    let api = FaultServer::always(json_answer("{}"));
    for (what, parts) in cases {
        let model = FaultServer::always(parts);
        let (ended, cost) = run(&model.url(), &api)
            .arg("--limit")
            .arg("time=400ms")
            .measured(LONGEST);
        sound(what, &ended);
        assert!(
            matches!(ended.code, Some(3 | 4)),
            "{what}: {:?} {}",
            ended.code,
            ended.stderr
        );
        assert!(cost.wall <= LATEST, "{what}: {:?}", cost.wall);
        cost.within(&run_baseline(), ANSWER, CPU);
        model.is_left_alone();
    }
}
