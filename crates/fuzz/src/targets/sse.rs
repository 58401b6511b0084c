//! The decoder of event streams: the same events however the bytes are cut,
//! and those that the standard's own steps give, followed here line by line.

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use toolrun_http::{BodyStream, SseEvent, sse};

use super::{chunks, outcome};

pub(super) const TOKENS: &[&str] = &[
    "data: ",
    "data:",
    "data",
    "event: ",
    "event: x\n",
    "id: ",
    "id: 7\n",
    "retry: 5\n",
    ": ping\n",
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    "\r\n\r\n",
    "\u{feff}",
    "\0",
    ":",
    " ",
    "é",
    "{}",
];

type Events = (Vec<SseEvent>, bool);

pub(super) fn check(input: &[u8]) -> u64 {
    let whole = read(vec![input.to_vec()]);
    let cut = read(chunks(input));
    assert_eq!(whole, cut, "cutting changes the events");
    // What is not UTF-8 ends the stream; where is the decoder's business.
    if let (Ok(text), false) = (std::str::from_utf8(input), whole.1) {
        assert_eq!(whole.0, by_the_standard(text), "{text:?}");
    }
    outcome((
        whole.0.len().min(20),
        whole.1,
        whole.0.iter().any(|event| event.event != "message"),
    ))
}

/// The events, and whether an error ended them.
fn read(chunks: Vec<Vec<u8>>) -> Events {
    let body: BodyStream = Box::pin(stream::iter(
        chunks.into_iter().map(|chunk| Ok(Bytes::from(chunk))),
    ));
    let items: Vec<_> = sse(body).collect().now_or_never().expect("nothing waits");
    let failed = items.last().is_some_and(Result::is_err);
    (items.into_iter().filter_map(Result::ok).collect(), failed)
}

/// HTML, "interpreting an event stream".
fn by_the_standard(text: &str) -> Vec<SseEvent> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (mut events, mut event, mut data, mut id) =
        (Vec::new(), String::new(), None::<String>, String::new());
    let mut lines: Vec<&str> = text.split('\n').collect();
    // What follows the last line end is no line.
    lines.pop();
    for line in lines {
        if line.is_empty() {
            let kind = std::mem::take(&mut event);
            if let Some(data) = data.take() {
                let event = if kind.is_empty() {
                    "message".to_owned()
                } else {
                    kind
                };
                events.push(SseEvent {
                    event,
                    data,
                    id: id.clone(),
                });
            }
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => event = value.to_owned(),
            "data" => data = Some(data.map_or(value.to_owned(), |before| format!("{before}\n{value}"))),
            "id" if !value.contains('\0') => id = value.to_owned(),
            _ => {}
        }
    }
    events
}
