//! Recordings hold no secret and answer the same requests again.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use toolrun_http::{
    Auth, Body, Client, HttpError, Piece, Record, Recording, Redactor, Replay, Request, Transport,
};

use crate::client::{KEY, PASSWORD, error, fetch, get, options, post};
use crate::support::{Part, Server, answer, ok};

/// Bytes in memory that outlive the recording.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn requests(server: &Server) -> Vec<Request> {
    let mut query = get(server.url("/q?a=1"));
    query.auth = Auth::Query {
        name: "key".to_owned(),
        secret: "KEY".to_owned(),
    };
    let mut basic = post(server.url("/b"));
    basic.auth = Auth::Basic {
        user: "ann".to_owned(),
        password: "PASSWORD".to_owned(),
    };
    basic.body = Some(Body {
        content_type: "application/json".to_owned(),
        bytes: b"{\"n\":12345678901234567890}".to_vec(),
    });
    let mut header = get(server.url("/h"));
    header.headers = vec![("X-Key".to_owned(), vec![Piece::Secret("KEY".to_owned())])];
    vec![query, basic, header]
}

#[tokio::test]
async fn what_was_recorded_is_replayed() {
    // The server says back all that it was sent, secrets included.
    let server = Server::start(|number, request| {
        let body = format!("{number}: {}", request.text());
        vec![Part::Bytes(answer("201 Made", "X-Echo: 1\r\n", body.as_bytes()))]
    })
    .await;
    let redactor = Redactor::default();
    let file = Shared::default();
    let recording = Recording::new(file.clone(), redactor.clone());
    let client = Client::new(options(redactor.clone())).unwrap();
    let transport = Record::new(recording.clone(), client);
    let mut bodies = Vec::new();
    for request in requests(&server) {
        let (status, body) = fetch(&transport, request).await.unwrap();
        assert_eq!(status, 201);
        bodies.push(redactor.redact(&String::from_utf8(body).unwrap()).into_owned());
    }
    recording.finish().unwrap();

    let text = String::from_utf8(file.0.lock().unwrap().clone()).unwrap();
    assert_eq!(text.lines().count(), 3);
    assert!(text.contains("12345678901234567890"));
    for hidden in [KEY, PASSWORD, "canary", "Y2FuYXJ5", "6f1d%2F", "YW5uOmNhbm"] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }

    let replay = Replay::parse(&text).unwrap();
    assert_eq!(replay.left(), 3);
    for (request, recorded) in requests(&server).into_iter().zip(bodies).rev() {
        let response = replay.send(request).await.unwrap();
        assert_eq!(response.status, 201);
        assert_eq!(response.header("x-echo"), Some("1"));
        assert_eq!(response.bytes().await.unwrap(), recorded.as_bytes());
    }
    assert_eq!(replay.left(), 0);
    assert_eq!(server.requests().len(), 3);
    let error = error(replay.send(requests(&server).remove(0)).await);
    assert_eq!(
        error.to_string(),
        format!("no recorded answer to GET {}q?a=1&key=***", server.url("/"))
    );
}

#[tokio::test]
async fn a_short_password_is_hidden_in_its_credentials() {
    let server = Server::start(|_, request| vec![Part::Bytes(ok(request.text().as_bytes()))]).await;
    let redactor = Redactor::default();
    let client = Client::new(options(redactor.clone())).unwrap();
    let mut request = get(server.url("/"));
    request.auth = Auth::Basic {
        user: "ann".to_owned(),
        password: "PIN".to_owned(),
    };
    let (_, body) = fetch(&client, request).await.unwrap();
    let body = String::from_utf8(body).unwrap();
    assert!(body.contains("Basic YW5uOjQy"), "{body}");
    assert!(redactor.redact(&body).contains("Basic ***"));
}

#[tokio::test]
async fn equal_requests_are_answered_in_order() {
    let server = Server::start(|number, _| vec![Part::Bytes(ok(format!("page {number}").as_bytes()))]).await;
    let file = Shared::default();
    let recording = Recording::new(file.clone(), Redactor::default());
    let client = Client::new(options(Redactor::default())).unwrap();
    let transport = Record::new(recording, client);
    for _ in 0..2 {
        fetch(&transport, get(server.url("/"))).await.unwrap();
    }
    let text = String::from_utf8(file.0.lock().unwrap().clone()).unwrap();
    let replay = Replay::parse(&text).unwrap();
    for expected in ["page 0", "page 1"] {
        let (_, body) = fetch(&replay, get(server.url("/"))).await.unwrap();
        assert_eq!(body, expected.as_bytes());
    }
}

#[tokio::test]
async fn only_what_was_read_to_its_end_is_recorded() {
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort".to_vec();
    let server = Server::start(move |number, _| match number {
        0 => vec![Part::Bytes(cut.clone()), Part::Close],
        _ => vec![Part::Bytes(ok(b"data: end\n\n"))],
    })
    .await;
    let file = Shared::default();
    let recording = Recording::new(file.clone(), Redactor::default());
    let client = Client::new(options(Redactor::default())).unwrap();
    let transport = Record::new(recording, client);
    let cut = fetch(&transport, get(server.url("/"))).await.unwrap_err();
    assert!(matches!(cut, HttpError::Cut { .. }));
    // A reader of events stops at the last one, not at the end.
    let response = transport.send(get(server.url("/"))).await.unwrap();
    let mut events = response.events();
    assert_eq!(events.next().await.unwrap().unwrap().data, "end");
    drop(events);
    let text = String::from_utf8(file.0.lock().unwrap().clone()).unwrap();
    assert_eq!(text.lines().count(), 1);
    assert!(text.contains("data: end"));
}

#[test]
fn a_broken_recording_names_its_line() {
    let error = Replay::parse("\n{\"request\":1}\n").map(drop).unwrap_err();
    assert_eq!(error.to_string(), "line 2 of the recording cannot be read");
}

struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::from(io::ErrorKind::StorageFull))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_recording_that_cannot_be_written_says_so() {
    let server = Server::always(ok(b"")).await;
    let recording = Recording::new(Full, Redactor::default());
    let client = Client::new(options(Redactor::default())).unwrap();
    fetch(&Record::new(recording.clone(), client), get(server.url("/")))
        .await
        .unwrap();
    let error = recording.finish().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}
