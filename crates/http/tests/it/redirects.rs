//! What is followed, and that nothing secret crosses to another origin.

use toolrun_http::{Auth, Body, HttpError, Method, Piece, Redirects, Request, Rules, Transport};

use crate::client::{client, client_with, error, fetch, get};
use crate::support::{Part, Server, answer, ok};

async fn redirecting(status: u16, location: &'static str) -> Server {
    Server::start(move |_, request| {
        let bytes = match request.line().contains("/start") {
            true => answer(
                &format!("{status} Moved"),
                &format!("Location: {location}\r\nSet-Cookie: a=b\r\n"),
                b"moved",
            ),
            false => ok(b"arrived"),
        };
        vec![Part::Bytes(bytes)]
    })
    .await
}

fn with_secrets(mut request: Request) -> Request {
    request.auth = Auth::Bearer {
        secret: "KEY".to_owned(),
    };
    let secret = vec![Piece::Secret("KEY".to_owned())];
    request.headers = vec![
        ("X-Key".to_owned(), secret.clone()),
        ("X-Plain".to_owned(), vec![Piece::Text("p".to_owned())]),
        ("Accept".to_owned(), vec![Piece::Text("text/plain".to_owned())]),
    ];
    request.secret_query = vec![("k".to_owned(), secret)];
    request
}

#[tokio::test]
async fn the_own_origin_is_followed_with_credentials() {
    for status in [301, 302, 303, 307, 308] {
        let server = redirecting(status, "/end?x=1").await;
        let request = with_secrets(get(server.url("/start?q=1")));
        let outcome = fetch(&client(), request).await.unwrap();
        assert_eq!(outcome, (200, b"arrived".to_vec()));
        let received = server.requests();
        assert_eq!(received.len(), 2);
        assert!(received[1].line().starts_with("GET /end?x=1&k=canary"));
        assert!(received[1].header("authorization").is_some());
        assert_eq!(received[1].header("cookie"), None);
        assert_eq!(received[1].header("referer"), None);
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test]
async fn other_targets_are_refused_by_origin_only() {
    let other = Server::always(ok(b"stolen")).await;
    let port = other.address.port();
    let targets = [
        (
            format!("http://127.0.0.1:{port}/x?canary"),
            format!("http://127.0.0.1:{port}"),
        ),
        (
            format!("//127.0.0.2:{port}/canary"),
            format!("http://127.0.0.2:{port}"),
        ),
        (
            format!("http://localhost:{port}/"),
            format!("http://localhost:{port}"),
        ),
        (
            "https://example.com/canary#canary".to_owned(),
            "https://example.com".to_owned(),
        ),
        (
            "http://169.254.169.254/latest/canary".to_owned(),
            "http://169.254.169.254".to_owned(),
        ),
        ("file:///etc/canary".to_owned(), "file:".to_owned()),
        ("javascript:canary()".to_owned(), "javascript:".to_owned()),
        (
            format!("http://canary:canary@127.0.0.1:{port}/"),
            format!("http://127.0.0.1:{port}"),
        ),
        ("http://[canary".to_owned(), "?".to_owned()),
    ];
    for (target, origin) in targets {
        let location: &'static str = target.leak();
        for status in [301, 302, 303, 307, 308] {
            let server = redirecting(status, location).await;
            let request = with_secrets(get(server.url("/start")));
            match error(client().send(request).await) {
                HttpError::Redirect {
                    origin: shown,
                    reason,
                } => {
                    assert_eq!(shown, origin, "{location}");
                    assert!(!reason.contains("canary"), "{reason}");
                }
                other => panic!("{location}: {other:?}"),
            }
            assert_eq!(server.requests().len(), 1);
        }
    }
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn writes_are_not_redirected() {
    for method in [
        Method::Post,
        Method::Put,
        Method::Patch,
        Method::Delete,
        Method::Options,
    ] {
        for status in [301, 302, 303, 307, 308] {
            let server = redirecting(status, "/end").await;
            let mut request = Request::new(method, server.url("/start"));
            request.body = Some(Body {
                content_type: "text/plain".to_owned(),
                bytes: b"canary".to_vec(),
            });
            let error = error(client().send(request).await);
            assert!(matches!(error, HttpError::Redirect { .. }), "{error:?}");
            assert_eq!(server.requests().len(), 1);
        }
    }
}

#[tokio::test]
async fn three_in_a_row_and_no_more() {
    let hops = |most: usize| {
        Server::start(move |number, _| {
            let bytes = match number < most {
                true => answer("302 Found", &format!("Location: /{number}\r\n"), b""),
                false => ok(b"arrived"),
            };
            vec![Part::Bytes(bytes)]
        })
    };
    let server = hops(3).await;
    let response = client().send(get(server.url("/start"))).await.unwrap();
    assert_eq!((response.status, response.url.path()), (200, "/2"));
    let server = hops(4).await;
    let error = error(client().send(get(server.url("/start"))).await);
    assert!(matches!(error, HttpError::Redirect { .. }), "{error:?}");
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn a_listed_host_gets_no_credentials() {
    let store = Server::always(ok(b"the file")).await;
    let target: &'static str = format!("http://{}/signed?s=1", store.address).leak();
    let server = redirecting(302, target).await;
    let rules = Rules {
        redirects: Redirects {
            to: vec![store.address.to_string()],
        },
        ..Rules::default()
    };
    let mut request = with_secrets(get(server.url("/start")));
    request.body = Some(Body {
        content_type: "text/plain".to_owned(),
        bytes: b"canary".to_vec(),
    });
    let outcome = fetch(&client_with(rules), request).await.unwrap();
    assert_eq!(outcome, (200, b"the file".to_vec()));
    let received = store.requests().remove(0);
    assert_eq!(received.line(), "GET /signed?s=1");
    assert!(!received.text().contains("canary"), "{}", received.text());
    let mut names: Vec<_> = received.headers().into_iter().map(|(name, _)| name).collect();
    names.sort();
    assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"]);
}

#[tokio::test]
async fn a_listed_host_passes_the_guard_again() {
    let server = redirecting(302, "http://169.254.169.254/latest").await;
    let rules = Rules {
        redirects: Redirects {
            to: vec!["169.254.169.254".to_owned()],
        },
        ..Rules::default()
    };
    let error = error(client_with(rules).send(get(server.url("/start"))).await);
    assert!(matches!(error, HttpError::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn a_redirect_without_a_target_is_an_answer() {
    let server = Server::always(answer("304 Not Modified", "", b"")).await;
    let outcome = fetch(&client(), get(server.url("/"))).await.unwrap();
    assert_eq!(outcome.0, 304);
    let server = Server::always(answer("302 Found", "", b"where?")).await;
    let outcome = fetch(&client(), get(server.url("/"))).await.unwrap();
    assert_eq!(outcome, (302, b"where?".to_vec()));
}

#[tokio::test]
async fn a_key_in_a_target_is_not_shown() {
    let server = redirecting(302, "/end?k=canary-6f1d%2F%2Bkey").await;
    let response = client()
        .send(with_secrets(get(server.url("/start"))))
        .await
        .unwrap();
    assert_eq!(response.url.query(), Some("k=***"));
}
