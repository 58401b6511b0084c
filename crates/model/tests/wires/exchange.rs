//! One turn against a body that is already known, handed out in pieces.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use serde_json::Value;
use toolrun_http::{HttpError, Request, Response, Transport};
use toolrun_model::{Delta, ModelError, ModelRequest, Reply, connect, provider};

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As the server meant it.
    Clean,
    /// By a broken connection.
    Cut,
}

/// An answer, in pieces of one size.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'a str, &'a str)>,
    pub(crate) body: &'a [u8],
    pub(crate) pieces: usize,
    pub(crate) ending: Ending,
}

impl<'a> Answer<'a> {
    /// A stream that arrives in one piece.
    pub(crate) fn stream(body: &'a [u8]) -> Self {
        let headers = vec![("content-type", "text/event-stream")];
        Self {
            status: 200,
            headers,
            body,
            pieces: usize::MAX,
            ending: Ending::Clean,
        }
    }
}

/// Answers the first request and remembers it.
struct Known {
    answer: Mutex<Option<Response>>,
    request: Mutex<Option<Request>>,
}

impl Transport for Known {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        *self.request.lock().unwrap() = Some(request);
        let answer = self.answer.lock().unwrap().take();
        Box::pin(async move { Ok(answer.expect("a turn sends one request")) })
    }
}

/// What one turn gave.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) reply: Result<Reply, ModelError>,
    pub(crate) request: Request,
}

impl Outcome {
    /// The body that was sent.
    pub(crate) fn body(&self) -> Value {
        serde_json::from_slice(&self.request.body.as_ref().unwrap().bytes).unwrap()
    }
}

/// Runs one turn of a provider's model. Checks what holds for every turn:
/// at most one `End`, which is last, and text deltas that add up to the reply.
pub(crate) async fn turn(provider_name: &str, request: ModelRequest, answer: Answer<'_>) -> Outcome {
    let row = provider(provider_name).unwrap();
    let url = "http://127.0.0.1:9/v1/".parse().unwrap();
    let mut chunks: Vec<Result<Bytes, HttpError>> = answer
        .body
        .chunks(answer.pieces.max(1))
        .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
        .collect();
    if answer.ending == Ending::Cut {
        chunks.push(Err(HttpError::Cut {
            host: "127.0.0.1:9".to_owned(),
            reason: "closed".to_owned(),
        }));
    }
    let headers = answer
        .headers
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    let response = Response {
        status: answer.status,
        headers,
        url,
        attempts: 1,
        body: Box::pin(stream::iter(chunks)),
    };
    let known = Arc::new(Known {
        answer: Mutex::new(Some(response)),
        request: Mutex::new(None),
    });
    let transport: Arc<dyn Transport> = known.clone();
    let model = connect(row, "m", Some("http://127.0.0.1:9/v1/"), row.key, transport).unwrap();
    let mut items: Vec<_> = model.stream(request).collect().await;
    let reply = match items.pop().expect("a turn gives something") {
        Ok(Delta::End(reply)) => Ok(reply),
        Ok(other) => panic!("the last item is {other:?}"),
        Err(error) => Err(error),
    };
    let deltas: Vec<Delta> = items.into_iter().map(Result::unwrap).collect();
    assert!(
        !deltas.iter().any(|delta| matches!(delta, Delta::End(_))),
        "two ends"
    );
    if let Ok(reply) = &reply {
        check(reply, &deltas);
    }
    let request = known.request.lock().unwrap().take().unwrap();
    Outcome { reply, request }
}

/// Text deltas add up to the reply's text, and each call was announced.
fn check(reply: &Reply, deltas: &[Delta]) {
    let said: String = deltas
        .iter()
        .filter_map(|delta| match delta {
            Delta::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(said, reply.text(), "the deltas add up to the text");
    let begun = deltas
        .iter()
        .filter(|delta| matches!(delta, Delta::CallStarted { .. }))
        .count();
    assert_eq!(
        begun,
        reply.calls().filter(|call| !call.name.is_empty()).count(),
        "every call was announced"
    );
}
