//! Decodes `text/event-stream` by the rules of the HTML standard: CR, LF and
//! CRLF end a line, comments are skipped, an event ends with a blank line, and
//! one that the stream breaks off is never handed out. What the events mean is
//! the caller's business, reconnecting too.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use sseer::EventStream;
use sseer::errors::EventStreamError;

use crate::error::{HttpError, host_of};
use crate::response::{BodyStream, Response};

/// The largest event, counted from blank line to blank line.
const LARGEST: usize = 1024 * 1024;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseEvent {
    /// Its type; `message` when the stream names none.
    pub event: String,
    /// Its data lines, joined by line feeds.
    pub data: String,
    /// The last id that the stream named, or nothing.
    pub id: String,
}

/// Events in order. It ends after the first error.
pub type SseStream = Pin<Box<dyn Stream<Item = Result<SseEvent, HttpError>> + Send>>;

impl Response {
    /// The body as events.
    pub fn events(self) -> SseStream {
        decoded(host_of(&self.url), self.body)
    }
}

/// Decodes a body that has no response around it, such as a recorded one.
pub fn sse(body: BodyStream) -> SseStream {
    decoded("the event stream".to_owned(), body)
}

fn decoded(host: String, body: BodyStream) -> SseStream {
    let measured = measured(host.clone(), body);
    let events = EventStream::new(measured).map(move |item| match item {
        Ok(event) => Ok(SseEvent {
            event: event.event.to_string(),
            data: event.data.to_string(),
            id: event.id.to_string(),
        }),
        Err(EventStreamError::Transport(error)) => Err(error),
        Err(EventStreamError::Utf8Error(_)) => Err(HttpError::Encoding {
            host: host.clone(),
            reason: "its event stream is not UTF-8".to_owned(),
        }),
    });
    Box::pin(futures_util::stream::unfold(Some(events), |events| async move {
        let mut events = events?;
        match events.next().await? {
            Ok(event) => Some((Ok(event), Some(events))),
            Err(error) => Some((Err(error), None)),
        }
    }))
}

/// The same bytes, until an event grows too large: the decoder would go on
/// collecting it.
fn measured(host: String, body: BodyStream) -> Pin<Box<dyn Stream<Item = Result<Bytes, HttpError>> + Send>> {
    let mut gauge = Gauge::default();
    Box::pin(body.map(move |chunk| {
        let chunk = chunk?;
        match gauge.largest(&chunk) > LARGEST {
            false => Ok(chunk),
            true => Err(HttpError::TooLarge {
                host: host.clone(),
                limit: LARGEST,
                prefix: Vec::new(),
            }),
        }
    }))
}

/// Counts the bytes since the last blank line.
#[derive(Default)]
struct Gauge {
    event: usize,
    line: usize,
    after_cr: bool,
}

impl Gauge {
    /// The size of the largest event that the chunk touches, as far as it is known.
    fn largest(&mut self, chunk: &[u8]) -> usize {
        let mut largest = 0;
        for byte in chunk {
            self.event += 1;
            largest = largest.max(self.event);
            match byte {
                b'\n' if self.after_cr => {}
                b'\r' | b'\n' => {
                    if self.line == 0 {
                        self.event = 0;
                    }
                    self.line = 0;
                }
                _ => self.line += 1,
            }
            self.after_cr = *byte == b'\r';
        }
        largest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(chunks: Vec<Vec<u8>>) -> BodyStream {
        Box::pin(futures_util::stream::iter(
            chunks.into_iter().map(|chunk| Ok(Bytes::from(chunk))),
        ))
    }

    async fn read(chunks: Vec<Vec<u8>>) -> Vec<(String, String, String)> {
        sse(body(chunks))
            .map(|event| event.unwrap())
            .map(|event| (event.event, event.data, event.id))
            .collect()
            .await
    }

    #[track_caller]
    fn case(text: &str, expected: &[(&str, &str, &str)]) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let expected: Vec<_> = expected
            .iter()
            .map(|(event, data, id)| ((*event).into(), (*data).into(), (*id).into()))
            .collect();
        let bytes = text.as_bytes();
        let whole = runtime.block_on(read(vec![bytes.to_vec()]));
        assert_eq!(whole, expected, "{text:?}");
        // Wherever the bytes are cut, also within a character or a line end.
        for at in 0..=bytes.len() {
            let halves = vec![bytes[..at].to_vec(), bytes[at..].to_vec()];
            assert_eq!(runtime.block_on(read(halves)), expected, "{text:?} cut at {at}");
        }
        let single = bytes.iter().map(|byte| vec![*byte]).collect();
        assert_eq!(runtime.block_on(read(single)), expected, "{text:?} byte by byte");
    }

    #[test]
    fn decodes_by_the_standard() {
        case("data: a\n\n", &[("message", "a", "")]);
        case("data: a\r\n\r\n", &[("message", "a", "")]);
        case(
            "data: a\r\rdata: b\r\r",
            &[("message", "a", ""), ("message", "b", "")],
        );
        case("\u{feff}data: a\n\n", &[("message", "a", "")]);
        case("event: ping\ndata: {}\n\n", &[("ping", "{}", "")]);
        case("data: a\ndata: b\ndata\n\n", &[("message", "a\nb\n", "")]);
        case(": hello\n\n:\n\ndata: é😀\n\n", &[("message", "é😀", "")]);
        case(
            "id: 7\ndata: a\n\ndata: b\n\n",
            &[("message", "a", "7"), ("message", "b", "7")],
        );
        case("data:a\ndata:  b\n\n", &[("message", "a\n b", "")]);
        case("event: x\n\ndata: a\n\n", &[("message", "a", "")]);
        case("other: x\nretry: soon\ndata: a\n\n", &[("message", "a", "")]);
        case("data: done\n\ndata: broken off", &[("message", "done", "")]);
        case("data: done\n\ndata: broken off\n", &[("message", "done", "")]);
        case("", &[]);
    }

    #[tokio::test]
    async fn an_event_has_a_largest_size() {
        let line = [b"data: ".as_slice(), &[b'x'; 64 * 1024], b"\n"].concat();
        let mut small: Vec<Vec<u8>> = Vec::new();
        for _ in 0..40 {
            small.push(line.clone());
            small.push(b"\n".to_vec());
        }
        assert_eq!(read(small).await.len(), 40);

        let endless = vec![line; 40];
        let outcome: Vec<_> = sse(body(endless)).collect().await;
        assert!(
            matches!(outcome.as_slice(), [Err(HttpError::TooLarge { .. })]),
            "{outcome:?}"
        );
    }

    #[tokio::test]
    async fn a_flood_of_comments_is_no_event() {
        let pings = vec![b": ping\n\n".repeat(1000); 1000];
        assert_eq!(read(pings).await, []);
    }

    #[tokio::test]
    async fn bytes_that_are_not_utf8_end_it() {
        let chunks = vec![b"data: a\n\ndata: \xff\n\ndata: b\n\n".to_vec()];
        let outcome: Vec<_> = sse(body(chunks)).collect().await;
        assert_eq!(outcome.len(), 2);
        assert!(matches!(outcome[1], Err(HttpError::Encoding { .. })));
    }
}
