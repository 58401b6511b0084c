//! Hostile and broken answers: each ends with a typed error, in time and in
//! little memory.

use std::io::Write;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use toolrun_http::{HttpError, Piece, Rules, Transport};

use crate::client::{client, client_with, error, fetch, get, policy, stacked};
use crate::support::{Part, Server, answer, ok};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn coded(coding: &str, body: &[u8]) -> Server {
    Server::always(answer("200 OK", &format!("Content-Encoding: {coding}\r\n"), body)).await
}

async fn body_of(server: &Server) -> Result<Vec<u8>, HttpError> {
    fetch(&client(), get(server.url("/"))).await.map(|(_, body)| body)
}

#[tokio::test]
async fn one_layer_of_gzip_is_taken_off() {
    let text = "déjà vu ".repeat(5000);
    let packed = gzip(text.as_bytes());
    for coding in ["gzip", "GZIP", "x-gzip", "identity, gzip"] {
        let server = coded(coding, &packed).await;
        let response = client().send(get(server.url("/"))).await.unwrap();
        assert_eq!(response.header("content-encoding"), None);
        assert_eq!(response.header("content-length"), None);
        assert_eq!(response.bytes().await.unwrap(), text.as_bytes());
    }
    let members = [gzip(b"one "), gzip(b""), gzip(b"two")].concat();
    assert_eq!(body_of(&coded("gzip", &members).await).await.unwrap(), b"one two");
    assert_eq!(body_of(&coded("gzip", b"").await).await.unwrap(), b"");
    assert_eq!(
        body_of(&coded("identity", b"plain").await).await.unwrap(),
        b"plain"
    );
    let inner = gzip(text.as_bytes());
    let twice = gzip(&inner);
    assert_eq!(body_of(&coded("gzip", &twice).await).await.unwrap(), inner);
}

#[tokio::test]
async fn other_codings_are_refused() {
    let packed = gzip(b"text");
    for coding in [
        "br",
        "zstd",
        "deflate",
        "compress",
        "gzip, gzip",
        "br, gzip",
        "gzip\r\nContent-Encoding: gzip",
        "gzip,gzip,gzip,gzip,gzip,gzip",
    ] {
        let error = body_of(&coded(coding, &packed).await).await.unwrap_err();
        assert!(matches!(error, HttpError::Encoding { .. }), "{coding}: {error:?}");
    }
    let server = coded("gzip", &packed).await;
    let mut request = get(server.url("/"));
    let identity = vec![Piece::Text("identity".to_owned())];
    request.headers = vec![("Accept-Encoding".to_owned(), identity)];
    let error = error(client().send(request).await);
    assert!(matches!(error, HttpError::Encoding { .. }), "{error:?}");
}

#[tokio::test]
async fn broken_gzip_is_an_error() {
    let packed = gzip("some text that is long enough".repeat(50).as_bytes());
    for length in [5, 12, packed.len() / 2, packed.len() - 9, packed.len() - 1] {
        let error = body_of(&coded("gzip", &packed[..length]).await)
            .await
            .unwrap_err();
        assert!(matches!(error, HttpError::Cut { .. }), "{length}: {error:?}");
    }
    let mut wrong = packed.clone();
    let at = wrong.len() - 6;
    wrong[at] ^= 1;
    for bytes in [
        wrong,
        b"not gzip at all".to_vec(),
        [packed, b"rest".to_vec()].concat(),
    ] {
        let error = body_of(&coded("gzip", &bytes).await).await.unwrap_err();
        assert!(
            matches!(error, HttpError::Encoding { .. } | HttpError::Cut { .. }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn the_cap_counts_decoded_bytes() {
    let limit = 1000;
    let rules = Rules {
        max_body: limit,
        ..Rules::default()
    };
    for (length, fits) in [(999, true), (1000, true), (1001, false), (50_000, false)] {
        let body = vec![b'x'; length];
        for server in [coded("gzip", &gzip(&body)).await, Server::always(ok(&body)).await] {
            let outcome = fetch(&client_with(rules.clone()), get(server.url("/"))).await;
            match outcome {
                Ok((_, read)) => assert!(fits && read == body),
                Err(HttpError::TooLarge {
                    limit: told, prefix, ..
                }) => {
                    assert!(!fits && told == limit && prefix == body[..limit]);
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    }
}

/// The largest resident size of this process so far, in KiB.
#[cfg(target_os = "linux")]
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn bombs_and_endless_bodies_stay_small() {
    let bomb = {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let zeros = vec![0; 1024 * 1024];
        for _ in 0..256 {
            encoder.write_all(&zeros).unwrap();
        }
        encoder.finish().unwrap()
    };
    let server = coded("gzip", &bomb).await;
    let before = peak();
    let error = body_of(&server).await.unwrap_err();
    assert!(matches!(&error, HttpError::TooLarge { prefix, .. } if prefix.len() == 1024 * 1024));

    let endless = Server::start(|_, _| {
        vec![
            Part::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n".to_vec()),
            Part::Forever(vec![b'x'; 64 * 1024], Duration::ZERO),
        ]
    })
    .await;
    let error = body_of(&endless).await.unwrap_err();
    assert!(matches!(error, HttpError::TooLarge { .. }), "{error:?}");
    // What the kernel buffered in between, and no more.
    assert!(endless.written() < 32 * 1024 * 1024, "{}", endless.written());
    let grown = peak() - before;
    assert!(grown < 64 * 1024, "{grown} KiB");
}

#[tokio::test]
async fn a_body_cut_short_is_an_error() {
    let long = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this".to_vec();
    let chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nwo".to_vec();
    let no_end = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n".to_vec();
    let bad_size = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n".to_vec();
    for bytes in [long, chunk, no_end, bad_size] {
        let server = Server::start(move |_, _| vec![Part::Bytes(bytes.clone()), Part::Close]).await;
        let error = body_of(&server).await.unwrap_err();
        assert!(matches!(error, HttpError::Cut { .. }), "{error:?}");
    }
    // A length that is too small hides the rest.
    let short = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nonly this".to_vec();
    let server = Server::start(move |_, _| vec![Part::Bytes(short.clone()), Part::Close]).await;
    assert_eq!(body_of(&server).await.unwrap(), b"only");
}

#[tokio::test]
async fn broken_heads_are_errors() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-A: b\r\n".repeat(10_000));
    let wide = format!("HTTP/1.1 200 OK\r\nX-A: {}\r\n\r\n", "b".repeat(8 * 1024 * 1024));
    let heads = [
        many.into_bytes(),
        wide.into_bytes(),
        b"no http\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".to_vec(),
        Vec::new(),
    ];
    for head in heads {
        let server = Server::start(move |_, _| vec![Part::Bytes(head.clone()), Part::Close]).await;
        let error = body_of(&server).await.unwrap_err();
        assert!(matches!(error, HttpError::Cut { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn slow_answers_end_at_the_deadline() {
    let drip = |head: &'static [u8], bytes: &'static [u8]| {
        Server::start(move |_, _| {
            vec![
                Part::Bytes(head.to_vec()),
                Part::Forever(bytes.to_vec(), Duration::from_millis(20)),
            ]
        })
    };
    let servers = [
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x").await,
        drip(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n").await,
        drip(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n").await,
        Server::start(|_, _| {
            vec![
                Part::Bytes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe".to_vec()),
                Part::Wait(Duration::from_secs(60)),
            ]
        })
        .await,
        Server::start(|_, _| vec![Part::Wait(Duration::from_secs(60))]).await,
    ];
    for (index, server) in servers.iter().enumerate() {
        let limit = Duration::from_millis(400);
        let mut policy = policy(limit);
        policy.retries = 0;
        let start = Instant::now();
        let outcome = fetch(&*stacked(&policy, client()), get(server.url("/"))).await;
        let took = start.elapsed();
        // More than a hundred headers are an error before the time is up.
        let ended = matches!(outcome, Err(HttpError::Timeout { .. }));
        assert!(ended && took >= limit, "{index}: {outcome:?} after {took:?}");
        assert!(took < limit + Duration::from_secs(10), "{index}: {took:?}");
    }
}
