//! B10: what is followed and what is not, and that nothing of ours crosses to
//! another origin: the raw bytes at the target tell.

use super::*;

const STATUSES: [&str; 5] = [
    "301 Moved Permanently",
    "302 Found",
    "303 See Other",
    "307 Temporary Redirect",
    "308 Permanent Redirect",
];

/// Everything that must not cross.
const MORE: &str = "headers: { X-Key: \"{{ secrets.KEY }}\", X-Plain: plain, Accept: text/plain }\n    query: { k: \"{{ secrets.KEY }}\" }";

/// A server that points `/get` and `/put` elsewhere and answers all else.
fn pointing(status: &'static str, location: String) -> FaultServer {
    FaultServer::start(move |request, _| {
        let line = request.line();
        if !line.contains("/get") && !line.contains("/put") {
            return answer("200 OK", &["Content-Type: text/plain"], b"arrived");
        }
        let location = format!("Location: {location}");
        answer(
            status,
            &[&location, "Set-Cookie: canary-cookie=1"],
            b"canary-body",
        )
    })
}

/// The other side: whoever comes here was led here.
fn thief() -> FaultServer {
    FaultServer::always(answer("200 OK", &["Content-Type: text/plain"], b"stolen"))
}

#[test]
fn b10_the_own_origin_is_followed_for_reads() {
    for status in STATUSES {
        for location in ["/end?x=1", "end", "./a/../end#part", "?moved=1&to=end"] {
            let server = FaultServer::start(move |request, before| match before {
                0 => answer(
                    status,
                    &[&format!("Location: {location}"), "Set-Cookie: canary-cookie=1"],
                    b"",
                ),
                _ => answer("200 OK", &["Content-Type: text/plain"], request.line().as_bytes()),
            });
            let ended = call_of(&server, "get", &manifest("20s", MORE)).run().exits(0);
            sound(location, &ended);
            let second = server.requests()[1].text();
            assert!(
                second.contains("Bearer canary-api") || second.contains("bearer canary-api"),
                "{second}"
            );
            assert!(
                !second.contains("canary-cookie") && !second.to_lowercase().contains("referer:"),
                "{second}"
            );
        }
    }
}

#[test]
fn b10_nothing_crosses_to_another_origin() {
    let other = thief();
    let far = FaultServer::at("127.0.0.2", |_, _| answer("200 OK", &[], b"stolen"));
    let (port, away) = (other.port(), far.port());
    let targets = [
        (
            format!("http://127.0.0.1:{port}/canary-path?q"),
            format!("http://127.0.0.1:{port}"),
        ),
        (
            format!("//127.0.0.2:{away}/canary-path"),
            format!("http://127.0.0.2:{away}"),
        ),
        (
            format!("http://localhost:{port}/"),
            format!("http://localhost:{port}"),
        ),
        (
            format!("http:\\\\127.0.0.1:{port}\\x"),
            format!("http://127.0.0.1:{port}"),
        ),
        (
            format!("/\t/127.0.0.1:{port}/x"),
            format!("http://127.0.0.1:{port}"),
        ),
        (
            format!("\\\\127.0.0.2:{away}/x"),
            format!("http://127.0.0.2:{away}"),
        ),
        (
            format!("http://0x7f.1:{port}/"),
            format!("http://127.0.0.1:{port}"),
        ),
        (
            format!("https://127.0.0.1:{port}/"),
            format!("https://127.0.0.1:{port}"),
        ),
        (
            "http://10.1.2.3/canary-path".to_owned(),
            "http://10.1.2.3".to_owned(),
        ),
        (
            "http://169.254.169.254/latest".to_owned(),
            "http://169.254.169.254".to_owned(),
        ),
        (
            format!("http://user:canary-word@127.0.0.1:{port}/"),
            format!("http://127.0.0.1:{port}"),
        ),
        ("file:///etc/canary-path".to_owned(), "file:".to_owned()),
        ("javascript:canary-path".to_owned(), "javascript:".to_owned()),
        ("data:text/plain,canary-path".to_owned(), "data:".to_owned()),
        ("http://[canary-path".to_owned(), "?".to_owned()),
        (
            format!("http://{}.example/", "a".repeat(5000)),
            "http://aaaa".to_owned(),
        ),
    ];
    for (number, (target, origin)) in targets.iter().enumerate() {
        let status = STATUSES[number % STATUSES.len()];
        let server = pointing(status, target.clone());
        let ended = call_of(&server, "get", &manifest("20s", MORE)).run();
        sound(target, &ended);
        let told = format!("redirect to `{origin}");
        assert!(
            ended.code == Some(3) && ended.stderr.contains(&told),
            "{target}: {}",
            ended.stderr
        );
        assert!(
            !ended.stderr.contains("canary") && ended.stderr.len() < 2000,
            "{target}: {}",
            ended.stderr
        );
        assert_eq!(server.requests().len(), 1, "{target}");
    }
    assert_eq!(other.connections() + far.connections(), 0);
}

#[test]
fn b10_every_status_is_judged_alike() {
    let other = thief();
    for status in STATUSES {
        let server = pointing(status, other.url());
        let ended = call_of(&server, "get", &manifest("20s", MORE)).run().exits(3);
        assert!(
            ended.stderr.contains("redirects: {to: [host]}"),
            "{}",
            ended.stderr
        );
    }
    assert_eq!(other.connections(), 0);
}

#[test]
fn b10_writes_are_never_sent_again() {
    let other = thief();
    for (number, status) in STATUSES.into_iter().enumerate() {
        let target = if number % 2 == 0 {
            "/end".to_owned()
        } else {
            other.url()
        };
        let server = pointing(status, target);
        let manifest = manifest("20s", MORE);
        let ended = call_of(&server, "put --allow-writes text=canary-text", &manifest).run();
        assert!(
            ended.code == Some(3) && ended.stderr.contains("\"error\":\"redirect\""),
            "{}",
            ended.stderr
        );
        assert_eq!(server.requests().len(), 1, "{status}");
    }
    assert_eq!(other.connections(), 0);
}

#[test]
fn b10_three_hops_and_no_more() {
    let looping = FaultServer::always(answer("302 Found", &["Location: /get"], b""));
    let ended = call(&looping).run().exits(3);
    assert!(
        ended.stderr.contains("fourth redirect in a row"),
        "{}",
        ended.stderr
    );
    assert_eq!(looping.requests().len(), 4);
    let three = FaultServer::start(|_, before| match before {
        0..3 => answer("302 Found", &[&format!("Location: /{before}")], b""),
        _ => answer("200 OK", &["Content-Type: text/plain"], b"arrived"),
    });
    call(&three).run().exits(0).prints("arrived\n");
}

#[test]
fn b10_a_listed_host_gets_nothing_of_ours() {
    let store = thief();
    let listed = format!(
        "redirects: {{ to: [\"127.0.0.1:{}\"] }}\n    {MORE}",
        store.port()
    );
    for status in STATUSES {
        let server = pointing(status, format!("{}/signed?s=1", store.url()));
        call_of(&server, "get", &manifest("20s", &listed))
            .run()
            .exits(0)
            .prints("stolen\n");
    }
    for request in store.requests() {
        assert_eq!(request.line(), "GET /signed?s=1");
        assert!(!request.text().contains("canary"), "{}", request.text());
        assert_eq!(
            request.header_names(),
            ["accept", "accept-encoding", "host", "user-agent"]
        );
    }
    // A server that writes the key into the target does not get it across.
    let before = store.connections();
    let server = pointing("302 Found", format!("{}/?k={KEY}", store.url()));
    let ended = call_of(&server, "get", &manifest("20s", &listed)).run().exits(3);
    assert!(
        ended.stderr.contains("its target holds a secret"),
        "{}",
        ended.stderr
    );
    sound("a key in a target", &ended);
    assert_eq!(store.connections(), before);
}

#[test]
fn b10_a_models_server_is_not_followed_either() {
    let other = thief();
    for status in STATUSES {
        let model = FaultServer::always(answer(
            status,
            &[&format!("Location: {}/v1/chat/completions", other.url())],
            b"",
        ));
        let ended = run(&model.url(), &thief()).run();
        sound(status, &ended);
        assert!(
            ended.code == Some(3) && !ended.stderr.contains("canary"),
            "{}",
            ended.stderr
        );
    }
    assert_eq!(other.connections(), 0);
}
