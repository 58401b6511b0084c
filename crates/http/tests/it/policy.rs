//! Retries, rates, concurrency and deadlines, on real sockets where they
//! matter and on a paused clock where time does.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, join_all};
use futures_util::{FutureExt, StreamExt};
use tokio::time::Instant;
use toolrun_http::{HttpError, Lane, Policy, Rate, Repeat, Request, Response, RetryBudget, Transport, stack};

use crate::client::{client, error, fetch, get, policy, post, stacked};
use crate::support::{Part, Server, answer, ok};

const LONG: Duration = Duration::from_secs(600);

/// A server whose first answers are those, and then 200.
async fn failing(times: usize, bytes: Vec<u8>) -> Server {
    Server::start(move |number, _| match number < times {
        true if bytes.is_empty() => vec![Part::Close],
        true => vec![Part::Bytes(bytes.clone())],
        false => vec![Part::Bytes(ok(b"done"))],
    })
    .await
}

#[tokio::test]
async fn reads_are_sent_again() {
    let trouble = answer("503 Service Unavailable", "", b"busy");
    for bytes in [trouble, Vec::new()] {
        let server = failing(2, bytes).await;
        let response = stacked(&policy(LONG), client())
            .send(get(server.url("/")))
            .await
            .unwrap();
        assert_eq!((response.status, response.attempts), (200, 3));
        assert_eq!(response.bytes().await.unwrap(), b"done");
        assert_eq!(server.lines(), ["GET /", "GET /", "GET /"]);
    }
}

#[tokio::test]
async fn the_last_answer_is_handed_out() {
    let server = failing(9, answer("500 Oh", "", b"still broken")).await;
    let response = stacked(&policy(LONG), client())
        .send(get(server.url("/")))
        .await
        .unwrap();
    assert_eq!((response.status, response.attempts), (500, 3));
    assert_eq!(response.bytes().await.unwrap(), b"still broken");
}

#[tokio::test]
async fn writes_are_sent_again_only_when_nothing_happened() {
    for (bytes, sent) in [
        (answer("500 Oh", "", b""), 1),
        (answer("503 Busy", "", b""), 1),
        (answer("429 Slow", "", b""), 1),
        (answer("429 Slow", "Retry-After: soon\r\n", b""), 1),
        (answer("429 Slow", "Retry-After: 0\r\n", b""), 2),
        (answer("503 Busy", "Retry-After: 0\r\n", b""), 2),
        (Vec::new(), 1),
    ] {
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let server = failing(1, bytes).await;
        let _ = fetch(&*stacked(&policy(LONG), client()), post(server.url("/"))).await;
        assert_eq!(server.requests().len(), sent, "{shown}");
    }
    let server = failing(1, answer("500 Oh", "", b"")).await;
    let mut keyed = post(server.url("/"));
    keyed.repeat = Repeat::Safe;
    let outcome = fetch(&*stacked(&policy(LONG), client()), keyed).await.unwrap();
    assert_eq!(outcome, (200, b"done".to_vec()));
}

#[tokio::test]
async fn a_long_retry_after_is_reported() {
    for (value, seconds) in [("61", 61), ("1000000000", 1_000_000_000)] {
        let header = format!("Retry-After: {value}\r\n");
        let server = failing(9, answer("429 Slow", &header, b"")).await;
        let error = error(stacked(&policy(LONG), client()).send(get(server.url("/"))).await);
        match error {
            HttpError::RetryAfter {
                status: 429,
                seconds: told,
                ..
            } => assert_eq!(told, seconds),
            other => panic!("{other:?}"),
        }
        assert_eq!(server.requests().len(), 1);
    }
    let server = failing(9, answer("503 Busy", "Retry-After: 20\r\n", b"")).await;
    let short = policy(Duration::from_secs(10));
    let error = error(stacked(&short, client()).send(get(server.url("/"))).await);
    assert!(
        matches!(error, HttpError::RetryAfter { seconds: 20, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn concurrency_counts_until_the_body_is_read() {
    let server = Server::start(|_, _| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel".to_vec();
        vec![
            Part::Bytes(head),
            Part::Wait(Duration::from_millis(100)),
            Part::Bytes(b"lo".to_vec()),
        ]
    })
    .await;
    let policy = Policy {
        concurrency: 1,
        ..policy(LONG)
    };
    let transport = stacked(&policy, client());
    let blocked = || async {
        let waiting = transport.send(get(server.url("/")));
        let early = tokio::time::timeout(Duration::from_millis(50), waiting).await;
        early.is_err()
    };
    let mut first = transport.send(get(server.url("/"))).await.unwrap();
    assert!(blocked().await);
    assert_eq!(first.body.next().await.unwrap().unwrap(), "hel");
    assert!(blocked().await);
    assert_eq!(first.bytes().await.unwrap(), b"lo");
    let second = transport.send(get(server.url("/"))).await.unwrap();
    assert!(blocked().await);
    drop(second);
    fetch(&*transport, get(server.url("/"))).await.unwrap();
    assert_eq!(server.requests().len(), 3);
}

/// A body that always has more bytes ready.
struct Firehose;

impl Transport for Firehose {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        let body = futures_util::stream::repeat_with(|| Ok(Bytes::from_static(b"x")));
        let response = Response {
            status: 200,
            headers: Vec::new(),
            url: request.url,
            attempts: 1,
            body: Box::pin(body),
        };
        async { Ok(response) }.boxed()
    }
}

#[tokio::test]
async fn a_body_that_never_waits_ends_at_the_deadline() {
    let policy = policy(Duration::from_millis(100));
    let lane = Lane::new(&policy);
    let transport = stack(&policy, &lane, &RetryBudget::new(), Arc::new(Firehose));
    let mut body = transport.send(somewhere()).await.unwrap().body;
    let start = std::time::Instant::now();
    let mut last = None;
    while let Some(item) = body.next().await {
        last = Some(item);
        assert!(start.elapsed() < Duration::from_secs(10), "it never ends");
    }
    assert!(matches!(last, Some(Err(HttpError::Timeout { .. }))));
}

/// Answers after a while with a status, and notes when it was asked.
struct Fake {
    status: u16,
    headers: Vec<(String, String)>,
    takes: Duration,
    asked: Mutex<Vec<Instant>>,
    at_once: AtomicUsize,
    most: AtomicUsize,
}

impl Fake {
    fn new(status: u16, takes: Duration) -> Arc<Self> {
        Self::with_headers(status, takes, Vec::new())
    }

    fn with_headers(status: u16, takes: Duration, headers: Vec<(String, String)>) -> Arc<Self> {
        Arc::new(Self {
            status,
            headers,
            takes,
            asked: Mutex::default(),
            at_once: AtomicUsize::default(),
            most: AtomicUsize::default(),
        })
    }

    fn asked(&self) -> Vec<Instant> {
        self.asked.lock().unwrap().clone()
    }
}

impl Transport for Fake {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        async move {
            self.asked.lock().unwrap().push(Instant::now());
            let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            tokio::time::sleep(self.takes).await;
            self.at_once.fetch_sub(1, Ordering::SeqCst);
            Ok(Response {
                status: self.status,
                headers: self.headers.clone(),
                url: request.url,
                attempts: 1,
                body: Box::pin(futures_util::stream::empty()),
            })
        }
        .boxed()
    }
}

fn somewhere() -> Request {
    get("https://api.example/".parse().unwrap())
}

fn around(policy: &Policy, base: &Arc<Fake>) -> Arc<dyn Transport> {
    stack(policy, &Lane::new(policy), &RetryBudget::new(), base.clone())
}

async fn send_all(transport: &Arc<dyn Transport>, count: usize) -> Vec<Result<(), HttpError>> {
    join_all((0..count).map(|_| async {
        let response = transport.send(somewhere()).await?;
        response.bytes().await.map(drop)
    }))
    .await
}

#[tokio::test(start_paused = true)]
async fn no_more_than_so_many_at_once() {
    let base = Fake::new(200, Duration::from_millis(100));
    let start = Instant::now();
    let outcomes = send_all(&around(&policy(LONG), &base), 20).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(base.most.load(Ordering::SeqCst), 4);
    assert_eq!(start.elapsed().as_millis() / 10, 50);
}

#[tokio::test(start_paused = true)]
async fn no_stretch_of_time_holds_more_than_the_rate() {
    let base = Fake::new(200, Duration::from_millis(1));
    let rate = Rate {
        count: 5,
        per: Duration::from_secs(1),
    };
    let policy = Policy {
        rate_limit: Some(rate),
        concurrency: 100,
        ..policy(Duration::from_millis(500))
    };
    let start = Instant::now();
    let outcomes = send_all(&around(&policy, &base), 23).await;
    // Waiting for the rate does not count against the deadline.
    assert!(outcomes.iter().all(Result::is_ok));
    let asked = base.asked();
    for window in asked.windows(6) {
        assert!(window[5] - window[0] >= Duration::from_secs(1));
    }
    assert_eq!(start.elapsed().as_secs(), 4);
}

#[tokio::test(start_paused = true)]
async fn retries_keep_to_the_rate() {
    let base = Fake::new(503, Duration::ZERO);
    let rate = Rate {
        count: 1,
        per: Duration::from_secs(10),
    };
    let policy = Policy {
        rate_limit: Some(rate),
        ..policy(LONG)
    };
    send_all(&around(&policy, &base), 1).await;
    let asked = base.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked[2] - asked[0] >= Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_waited_for() {
    let header = ("retry-after".to_owned(), "7".to_owned());
    let base = Fake::with_headers(429, Duration::ZERO, vec![header]);
    send_all(&around(&policy(LONG), &base), 1).await;
    let asked = base.asked();
    assert_eq!(asked.len(), 3);
    for pair in asked.windows(2) {
        let waited = pair[1] - pair[0];
        assert!((7.0..8.1).contains(&waited.as_secs_f64()), "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_holds_over_attempts() {
    let base = Fake::new(500, Duration::from_millis(700));
    let mut policy = policy(Duration::from_secs(2));
    policy.retries = 50;
    let start = Instant::now();
    let outcomes = send_all(&around(&policy, &base), 1).await;
    assert!(start.elapsed() <= Duration::from_millis(2001));
    assert!(base.asked().len() >= 2 || outcomes[0].is_err());
}

#[tokio::test(start_paused = true)]
async fn a_storm_adds_a_tenth() {
    let base = Fake::new(429, Duration::ZERO);
    let outcomes = send_all(&around(&policy(LONG), &base), 100).await;
    assert_eq!(outcomes.len(), 100);
    assert_eq!(base.asked().len(), 110);
}
