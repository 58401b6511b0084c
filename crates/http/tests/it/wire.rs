//! The raw bytes of requests: what was declared and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use toolrun_http::{
    Auth, Body, Client, HttpError, Method, Piece, Redactor, Secret, SecretError, SecretStore, Transport,
};

use crate::client::{KEY, client, error, fetch, get, options, post};
use crate::support::{Server, ok};

fn text(text: &str) -> Vec<Piece> {
    vec![Piece::Text(text.to_owned())]
}

#[tokio::test]
async fn a_request_holds_what_was_declared() {
    let server = Server::always(ok(b"{}")).await;
    let mut request = post(server.url("/v1/things?a=1#part"));
    request.headers = vec![
        ("X-Trace".to_owned(), text("t-1")),
        ("X-Trace".to_owned(), text("é 2")),
    ];
    request.body = Some(Body {
        content_type: "application/json".to_owned(),
        bytes: b"{\"a\":1.0}".to_vec(),
    });
    let (status, body) = fetch(&client(), request).await.unwrap();
    assert_eq!((status, body.as_slice()), (200, b"{}".as_slice()));

    let received = server.requests().remove(0);
    assert_eq!(received.line(), "POST /v1/things?a=1");
    assert_eq!(received.body(), b"{\"a\":1.0}");
    let mut headers = received.headers();
    headers.sort();
    let version = concat!("toolrun/", env!("CARGO_PKG_VERSION"));
    let host = server.address.to_string();
    let expected = [
        ("accept", "*/*"),
        ("accept-encoding", "gzip"),
        ("content-length", "9"),
        ("content-type", "application/json"),
        ("host", &host),
        ("user-agent", version),
        ("x-trace", "t-1"),
        ("x-trace", "é 2"),
    ];
    let expected: Vec<_> = expected
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    assert_eq!(headers, expected);
}

#[tokio::test]
async fn credentials_go_where_they_are_declared() {
    let server = Server::always(ok(b"")).await;
    let secret = || "KEY".to_owned();
    let bearer = Auth::Bearer { secret: secret() };
    let header = Auth::Header {
        name: "X-Api-Key".to_owned(),
        secret: secret(),
    };
    let query = Auth::Query {
        name: "api key".to_owned(),
        secret: secret(),
    };
    let basic = Auth::Basic {
        user: "ann".to_owned(),
        password: "PASSWORD".to_owned(),
    };
    for auth in [bearer, header, query, basic] {
        let mut request = get(server.url("/?q=1"));
        request.auth = auth;
        fetch(&client(), request).await.unwrap();
    }
    let received = server.requests();
    assert_eq!(
        received[0].header("authorization").unwrap(),
        format!("Bearer {KEY}")
    );
    assert_eq!(received[1].header("x-api-key").unwrap(), KEY);
    assert_eq!(received[2].line(), "GET /?q=1&api%20key=canary-6f1d%2F%2Bkey");
    assert_eq!(
        received[3].header("authorization").unwrap(),
        "Basic YW5uOmNhbmFyeSBwYXNzOnfDtnJkJg=="
    );
    for received in &received {
        let found = received.text().matches("canary").count();
        assert_eq!(found, usize::from(!received.text().contains("Basic")));
    }
}

#[tokio::test]
async fn secrets_stand_within_headers_and_query_values() {
    let server = Server::always(ok(b"")).await;
    let mut request = get(server.url("/x"));
    let pieces = vec![Piece::Text("Token ".to_owned()), Piece::Secret("KEY".to_owned())];
    request.headers = vec![("Authorization".to_owned(), pieces.clone())];
    request.secret_query = vec![("k".to_owned(), pieces)];
    fetch(&client(), request).await.unwrap();
    let received = server.requests().remove(0);
    assert_eq!(received.header("authorization").unwrap(), format!("Token {KEY}"));
    assert_eq!(received.line(), "GET /x?k=Token%20canary-6f1d%2F%2Bkey");
}

#[tokio::test]
async fn what_cannot_be_sent_is_not() {
    let server = Server::always(ok(b"")).await;
    let cases = [
        ("X-A", "a\r\nX-B: b", "line end"),
        ("X-A", "a\0", "line end"),
        ("X A", "a", "not a header name"),
        ("X-A\r\nX-B", "a", "not a header name"),
        ("Host", "evil", "belongs to the connection"),
        ("content-length", "1", "belongs to the connection"),
        ("Transfer-Encoding", "chunked", "belongs to the connection"),
        ("Accept-Encoding", "br", "can only be"),
    ];
    for (name, value, reason) in cases {
        let mut request = get(server.url("/"));
        request.headers = vec![(name.to_owned(), text(value))];
        let error = error(client().send(request).await);
        assert!(matches!(error, HttpError::Request { .. }), "{error:?}");
        assert!(error.to_string().contains(reason), "{error}");
    }
    for (secret, reason) in [
        ("BROKEN", "line end"),
        ("EMPTY", "secret `EMPTY` is not available: its value is empty"),
        ("MISSING", "secret `MISSING` is not available"),
    ] {
        let mut request = get(server.url("/"));
        request.auth = Auth::Bearer {
            secret: secret.to_owned(),
        };
        let error = error(client().send(request).await);
        assert!(error.to_string().contains(reason), "{error}");
        assert!(!format!("{error:?} {error}").contains("lines"));
    }
    let mut request = get(server.url("/"));
    request.auth = Auth::Basic {
        user: "a:b".to_owned(),
        password: "KEY".to_owned(),
    };
    let error = error(client().send(request).await);
    assert!(error.to_string().contains("colon"), "{error}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn connections_are_used_again() {
    let server = Server::always(ok(b"hello")).await;
    let client = client();
    for _ in 0..20 {
        fetch(&client.clone(), get(server.url("/"))).await.unwrap();
    }
    assert_eq!(server.requests().len(), 20);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn cookies_and_referers_are_not_kept() {
    let answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n".to_vec();
    let server = Server::always(answer).await;
    let client = client();
    for _ in 0..2 {
        fetch(&client, get(server.url("/"))).await.unwrap();
    }
    for received in server.requests() {
        assert_eq!(received.header("cookie"), None);
        assert_eq!(received.header("referer"), None);
    }
}

#[tokio::test]
async fn every_method_is_sent_by_its_name() {
    let server = Server::always(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()).await;
    let methods = [
        Method::Get,
        Method::Head,
        Method::Options,
        Method::Post,
        Method::Put,
        Method::Patch,
        Method::Delete,
    ];
    for method in methods {
        let request = toolrun_http::Request::new(method, server.url("/"));
        assert_eq!(fetch(&client(), request).await.unwrap(), (204, vec![]));
    }
    let expected: Vec<String> = methods
        .iter()
        .map(|method| format!("{} /", method.as_str()))
        .collect();
    assert_eq!(server.lines(), expected);
}

struct Counting(AtomicUsize);

impl SecretStore for Counting {
    fn get(&self, _: &str) -> Result<Secret, SecretError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(std::time::Duration::from_millis(20));
        Ok(Secret::from("canary-value"))
    }
}

#[tokio::test]
async fn secrets_are_read_when_needed_and_once() {
    let server = Server::always(ok(b"")).await;
    let store = Arc::new(Counting(AtomicUsize::new(0)));
    let redactor = Redactor::default();
    let mut options = options(redactor.clone());
    options.secrets = store.clone();
    let client = Client::new(options).unwrap();
    fetch(&client, get(server.url("/"))).await.unwrap();
    assert_eq!(store.0.load(Ordering::SeqCst), 0);
    assert_eq!(redactor.redact("canary-value"), "canary-value");
    let keyed = || async {
        let mut request = get(server.url("/"));
        request.auth = Auth::Bearer {
            secret: "K".to_owned(),
        };
        fetch(&client, request).await.unwrap();
    };
    futures_util::future::join_all((0..8).map(|_| keyed())).await;
    keyed().await;
    assert_eq!(store.0.load(Ordering::SeqCst), 1);
    assert_eq!(redactor.redact("canary-value"), "***");
}

#[tokio::test]
async fn https_to_a_server_without_it_is_a_connect_error() {
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = plain.local_addr().unwrap().port();
    let answering = tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        let no_tls = b"HTTP/1.1 400 Bad Request\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut stream, no_tls)
            .await
            .unwrap();
    });
    let mut request = get(format!("https://127.0.0.1:{port}/?k=1").parse().unwrap());
    request.auth = Auth::Query {
        name: "key".to_owned(),
        secret: "KEY".to_owned(),
    };
    let error = error(client().send(request).await);
    answering.abort();
    // A machine without certificate authorities says so instead.
    let expected = matches!(error, HttpError::Connect { .. } | HttpError::Request { .. });
    assert!(expected, "{error:?}");
    assert!(!format!("{error} {error:?}").contains("canary"));
}

/// Runs another test of this binary in a process whose environment names a
/// proxy where nobody listens: it passes only if the proxy is not asked.
#[test]
fn proxies_of_the_environment_are_ignored() {
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "wire::connections_are_used_again"]);
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        child.env(name, &nobody);
    }
    child.env_remove("no_proxy").env_remove("NO_PROXY");
    let output = child.output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && shown.contains("1 passed"), "{shown}");
}
