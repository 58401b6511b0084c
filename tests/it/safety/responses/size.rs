//! B06: endless and lying answers, and those of few bytes that would be much
//! memory.

use std::time::Duration;

use super::*;
use crate::support::fault_server::head;

/// What the server does, and what the model is told of it: the code of the
/// error, or nothing when it is no error.
pub(super) type Case = (&'static str, Vec<Part>, Option<&'static str>);

/// Calls each and measures it.
#[track_caller]
pub(super) fn measured(cases: Vec<Case>, memory: u64) {
    let baseline = call_baseline();
    for (what, parts, code) in cases {
        let server = FaultServer::always(parts);
        let (ended, cost) = call(&server).measured(LONGEST);
        figure(what, &cost, &baseline);
        sound(what, &ended);
        match code {
            Some(code) => {
                let error = format!("\"error\":\"{code}\"");
                assert!(ended.stderr.contains(&error), "{what}: {}", ended.stderr);
                assert_eq!(ended.code, Some(3), "{what}");
            }
            None => assert_eq!(ended.code, Some(0), "{what}: {}", ended.stderr),
        }
        cost.within(&baseline, memory, CPU);
        server.is_left_alone();
    }
}

pub(super) fn endless(lines: &[&str], bytes: &[u8]) -> Vec<Part> {
    vec![
        text(format!("{}\r\n", head("200 OK", lines))),
        Part::Forever(bytes.to_vec(), Duration::ZERO),
    ]
}

const TEXT: &str = "Content-Type: text/plain";
const CHUNKED: &str = "Transfer-Encoding: chunked";
static MORE: [u8; 65_536] = [b'x'; 65_536];

fn forever(start: String) -> Vec<Part> {
    vec![text(start), Part::Forever(MORE.to_vec(), Duration::ZERO)]
}

#[test]
fn b06_bodies_without_an_end() {
    let large = Some("response_too_large");
    let chunk = [b"400\r\n".as_slice(), &[b'x'; 1024], b"\r\n"].concat();
    let line = format!("{{\"id\":1,\"text\":\"{}\"}}\n", "x".repeat(1000));
    let lines = "Content-Type: application/x-ndjson";
    let far = "Content-Length: 99999999999";
    let led = "Location: http://127.0.0.2/";
    measured(
        vec![
            ("endless text", endless(&[TEXT], &MORE), large),
            ("endless chunks", endless(&[TEXT, CHUNKED], &chunk), large),
            ("endless lines of JSON", endless(&[lines], line.as_bytes()), large),
            ("length of 100 GB", endless(&[TEXT, far], &MORE), large),
            (
                "endless binary",
                endless(&["Content-Type: image/png"], &[0; 65_536]),
                large,
            ),
            (
                "endless error",
                forever(format!("{}\r\n", head("500 No", &[TEXT]))),
                Some("http_status"),
            ),
            (
                "endless redirect",
                forever(format!("{}\r\n", head("302 Found", &[led]))),
                Some("redirect"),
            ),
        ],
        ANSWER,
    );
}

#[test]
fn b06_heads_without_an_end_and_lengths_that_lie() {
    let cut = Some("connection_cut");
    let many = format!("{}\r\n", head("200 OK", &["X-A: b"; 10_000]));
    let chunked = head("200 OK", &[TEXT, CHUNKED]);
    let trailers = vec![
        text(format!("{chunked}\r\n0\r\n")),
        Part::Forever(b"X-A: b\r\n".to_vec(), Duration::ZERO),
    ];
    let length = |lines: &[&str], body: &str| vec![text(format!("{}\r\n{body}", head("200 OK", lines)))];
    measured(
        vec![
            (
                "endless header",
                forever("HTTP/1.1 200 OK\r\nX-A: ".to_owned()),
                cut,
            ),
            ("10,000 headers", vec![text(many)], cut),
            ("endless trailers", trailers, cut),
            (
                "endless chunk extension",
                forever(format!("{chunked}\r\n5;")),
                cut,
            ),
            (
                "length too long",
                length(&[TEXT, "Content-Length: 100"], "only this"),
                cut,
            ),
            (
                "length too short",
                length(&[TEXT, "Content-Length: 4"], "only this"),
                None,
            ),
            (
                "two lengths",
                length(&["Content-Length: 1", "Content-Length: 2"], "ab"),
                cut,
            ),
            (
                "a chunk of no size",
                vec![text(format!("{chunked}\r\nzz\r\nhello\r\n"))],
                cut,
            ),
            (
                "a chunk that is cut",
                vec![text(format!("{chunked}\r\n5\r\nhe"))],
                cut,
            ),
            (
                "a head that is cut",
                vec![text("HTTP/1.1 200 OK\r\nContent-")],
                cut,
            ),
            ("no HTTP", vec![text("SSH-2.0-server\r\n\r\n")], cut),
            ("nothing", Vec::new(), cut),
        ],
        ANSWER,
    );
}

#[test]
fn b06_few_bytes_that_would_be_much_memory() {
    let list = |part: &str| format!("[{}1]", part.repeat((1 << 20) / part.len() - 4));
    let json = |body: String| answer("200 OK", &["Content-Type: application/json"], body.as_bytes());
    let typed = |media: &str, body: String| answer("200 OK", &[media], body.as_bytes());
    let header: String = (0..500).map(|n| format!("{n:_>1000},")).collect();
    let rows = format!("{header}\n{}", format!("{}\n", "1,".repeat(499)).repeat(400));
    measured(
        vec![
            (
                "JSON of 500,000 numbers",
                json(list("1,")),
                Some("response_too_large"),
            ),
            (
                "JSON of 130,000 objects",
                json(list(r#"{"a":1},"#)),
                Some("response_too_large"),
            ),
            (
                "JSON of 340,000 empty lists",
                json(list("[],")),
                Some("response_too_large"),
            ),
            (
                "JSON of honest records",
                json(list(r#"{"id":123456,"name":"An ordinary name","open":true},"#)),
                None,
            ),
            (
                "CSV of wide rows",
                typed("Content-Type: text/csv", rows),
                Some("response_too_large"),
            ),
            (
                "lines of small objects",
                typed(
                    "Content-Type: application/x-ndjson",
                    "{\"a\":1}\n".repeat(130_000),
                ),
                Some("response_too_large"),
            ),
            (
                "HTML of open links",
                typed("Content-Type: text/html", "<a href=x>".repeat(100_000)),
                None,
            ),
            (
                "HTML of open brackets",
                typed("Content-Type: text/html", "<".repeat(1 << 20)),
                None,
            ),
            (
                "HTML of open tags",
                typed("Content-Type: text/html", "<b ".repeat(300_000)),
                None,
            ),
            ("a number of a million digits", json("7".repeat(1_000_000)), None),
            ("JSON nested 100,000 deep", json("[".repeat(100_000)), None),
        ],
        ANYTHING,
    );
}

/// `pick` makes values of its own.
#[test]
fn b06_what_is_picked_from_much() {
    let record = r#"{"id":123456,"name":"An ordinary name","open":true},"#;
    let body = format!("[{}1]", record.repeat((1 << 20) / record.len() - 1));
    let manifest = manifest("20s", "").replace(
        "url: /get",
        "url: /get\n    result: { pick: \"[].{n: name, o: open}\" }",
    );
    let baseline = call_baseline();
    let server = FaultServer::always(json_answer(&body));
    let (ended, cost) = call_of(&server, "get", &manifest).measured(LONGEST);
    figure("picked from honest records", &cost, &baseline);
    ended.exits(0).stdout_has(r#"{"n":"An ordinary name","o":true}"#);
    cost.within(&baseline, ANYTHING, CPU);
}

#[test]
fn b06_a_large_answer_gives_a_usable_prefix() {
    let line = "{\"id\":123456789012345678901,\"text\":\"usable\"}\n";
    let body = format!("[{}", line.replace('\n', ",").repeat(30_000));
    let api = FaultServer::always(json_answer(&body));
    let llm = Llm::start(vec![
        turn("get", &json!({})),
        turn(
            "read_result",
            &json!({ "handle": "r1", "from": 100_000, "count": 100 }),
        ),
        Turn::Say("Done."),
    ]);
    run(&llm.server.url(), &api).run().exits(0);
    let content = |request: &Value| {
        let messages = request["messages"].as_array().expect("messages");
        messages.last().expect("the result")["content"]
            .as_str()
            .expect("a text")
            .to_owned()
    };
    let first = content(&llm.asked()[1]);
    let said = "{\"error\":\"response_too_large\",\"status\":200,\"message\":\"the answer is larger than 1048576 bytes; only its beginning follows, as text; ask for less, or for a part\",\"retryable\":false}\n<data-";
    assert!(first.starts_with(said), "{first:.400}");
    assert!(
        first.contains("[{\"id\":123456789012345678901,\"text\":\"usable\"},{"),
        "{first:.900}"
    );
    assert!(
        first.ends_with("can be read with read_result, handle r1."),
        "{}",
        &first[first.len() - 300..]
    );
    assert!((30_000..36_000).contains(&first.len()), "{}", first.len());
    let second = content(&llm.asked()[2]);
    assert!(second.contains("characters 100000 to 100100 of"), "{second}");
}

#[test]
fn b06_a_secret_that_the_cap_cuts_is_not_shown() {
    for shift in (1..KEY.len()).step_by(6) {
        let body = format!("{}{KEY}{}", "x".repeat((1 << 20) - shift), "y".repeat(100));
        let server = FaultServer::always(answer("200 OK", &["Content-Type: text/plain"], body.as_bytes()));
        let manifest =
            manifest("20s", "").replace("url: /get", "url: /get\n    result: { max_tokens: 2000000 }");
        let ended = call_of(&server, "get", &manifest).run();
        let rest = ended.stderr.rsplit('x').next().unwrap_or_default();
        assert!(!rest.contains("canary"), "{shift}: {rest}");
        sound("a cut secret", &ended);
    }
}
