//! A wire translates; [`WireModel`] is the single place that sends.
//!
//! Encoding is a pure function and decoding a pure state machine that is fed
//! with events, so a recorded body is a complete test of both. Nothing here
//! retries: a model request is marked as one that may be repeated, and the
//! transport's own retries end where status and headers are in, which is
//! before the first event. So no text and no call can come twice; a turn that
//! breaks later has failed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::Either;
use futures_util::{Stream, StreamExt, stream};
use serde_json::Value;
use toolrun_http::{
    Auth, Body, BodyStream, Method, Piece, Repeat, Request, Response, SseEvent, SseStream, Transport,
    json_weight,
};
use url::Url;

use crate::failure::Failure;
use crate::{Delta, DeltaStream, Model, ModelError, ModelRequest, Reply, ToolSpec};

/// How much of an error body is read.
pub(crate) const ERROR_BODY: usize = 64 * 1024;

/// The most that is kept of one turn, in bytes: several times the longest
/// reply of any model.
pub(crate) const LONGEST_TURN: usize = 4 << 20;

/// The most parts of one turn: calls, blocks. Fewer calls than this are run.
pub(crate) const MOST_PARTS: usize = 1000;

/// The most that the values of one event may take in memory.
const HEAVIEST_EVENT: usize = 8 << 20;

/// And those of all events, each of which is forgotten before the next: making
/// them takes time. An honest event has some thirty values.
const HEAVIEST_TURN: usize = 1 << 30;

/// The most events of one turn: about twice the tokens of the longest reply.
const MOST_EVENTS: usize = 300_000;

/// How long the rest of a body is waited for after the turn's end, so that
/// its connection can be used for the next turn.
const GRACE: Duration = Duration::from_millis(100);

/// Translates between the neutral types and one provider's protocol.
pub trait Wire: Send + Sync + 'static {
    /// The state of one decoding.
    type Decoder: Decode;

    /// The wire's name, which marks its opaque parts.
    fn name(&self) -> &'static str;

    /// Where turns are sent, relative to the base URL.
    fn path(&self) -> &'static str;

    /// Headers of its own, besides credentials and media types.
    fn headers(&self) -> &'static [(&'static str, &'static str)];

    /// The body of a request.
    fn encode(&self, request: &ModelRequest, model: &str) -> Value;

    /// The tools as they stand in a body, byte for byte, and what had to be
    /// weakened in them.
    fn tools(&self, tools: &[ToolSpec]) -> (Value, Vec<Weakened>);

    /// A decoder for the answer to this request.
    fn decoder(&self, request: &ModelRequest) -> Self::Decoder;
}

/// Reads one streamed turn, event by event.
pub trait Decode: Send + 'static {
    /// Takes one event; adds what it brought to `out`, never an `End`.
    fn event(&mut self, event: &SseEvent, out: &mut Vec<Delta>) -> Result<Progress, Failure>;

    /// The whole turn, once no more events are to come; an error when the
    /// turn's own end was not among them.
    fn end(&mut self) -> Result<Reply, Failure>;
}

/// Reads an event as JSON, in bounded memory and time.
pub(crate) fn json(event: &SseEvent, kept: &mut Kept) -> Result<Value, Failure> {
    let data = event.data.trim();
    let weight = json_weight(data);
    kept.weight = kept.weight.saturating_add(weight);
    if weight > HEAVIEST_EVENT || kept.weight > HEAVIEST_TURN {
        return Err(Failure::protocol("the stream holds too many values"));
    }
    serde_json::from_str(data).map_err(|_| Failure::protocol("an event of the stream is not JSON"))
}

/// How much of a turn is kept, so that no stream can fill the memory.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    bytes: usize,
    parts: usize,
    /// What the values of all events took together, one after the other.
    weight: usize,
}

impl Kept {
    /// So many more bytes.
    pub(crate) fn bytes(&mut self, more: usize) -> Result<(), Failure> {
        self.bytes = self.bytes.saturating_add(more);
        match self.bytes <= LONGEST_TURN {
            true => Ok(()),
            false => Err(Failure::protocol(format!(
                "the reply is longer than {LONGEST_TURN} bytes"
            ))),
        }
    }

    /// One more part.
    pub(crate) fn part(&mut self) -> Result<(), Failure> {
        self.parts += 1;
        match self.parts <= MOST_PARTS {
            true => Ok(()),
            false => Err(Failure::protocol(format!(
                "the reply has more than {MOST_PARTS} parts"
            ))),
        }
    }

    /// A value that is kept as it came: it takes many times its text.
    pub(crate) fn value(&mut self, value: &Value) -> Result<(), Failure> {
        const OPAQUE: usize = 8;
        self.bytes(value.to_string().len().saturating_mul(OPAQUE))
    }
}

/// Whether more events are to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The turn goes on.
    More,
    /// That was its last event.
    Whole,
}

/// A keyword of a tool's schema that a wire does not take as it was written.
///
/// Nothing is lost by it: the runner checks arguments against the author's
/// own schema before a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weakened {
    /// The tool's name.
    pub tool: String,
    /// Where: a JSON Pointer into the tool's schema, empty at its top.
    pub path: String,
    /// The keyword; empty where the schema itself is replaced.
    pub keyword: String,
    /// What stands there instead; nothing when it was left out.
    pub instead: Option<String>,
}

/// Where and as whom a model is asked.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// `provider/name`.
    pub id: String,
    /// The model's name as the provider knows it.
    pub model: String,
    /// The base URL, with a final slash.
    pub base_url: Url,
    /// The credentials, by the secret's name.
    pub auth: Auth,
}

/// A model behind a wire.
pub struct WireModel<W> {
    wire: W,
    endpoint: Endpoint,
    transport: Arc<dyn Transport>,
}

impl<W: Wire> WireModel<W> {
    /// A model that is asked at this endpoint.
    pub fn new(wire: W, endpoint: Endpoint, transport: Arc<dyn Transport>) -> Self {
        Self {
            wire,
            endpoint,
            transport,
        }
    }

    /// The HTTP request of a turn.
    fn request(&self, request: &ModelRequest) -> Result<Request, Failure> {
        let url = self.endpoint.base_url.join(self.wire.path()).map_err(|error| {
            Failure::protocol(format!("`{}` is no base URL: {error}", self.endpoint.base_url))
        })?;
        let mut headers = vec![literal("Accept", "text/event-stream")];
        headers.extend(
            self.wire
                .headers()
                .iter()
                .map(|(name, value)| literal(name, value)),
        );
        let body = self
            .wire
            .encode(request, &self.endpoint.model)
            .to_string()
            .into_bytes();
        Ok(Request {
            method: Method::Post,
            url,
            headers,
            secret_query: Vec::new(),
            auth: self.endpoint.auth.clone(),
            body: Some(Body {
                content_type: "application/json".to_owned(),
                bytes: body,
            }),
            // Asking twice costs tokens and changes nothing.
            repeat: Repeat::Safe,
        })
    }
}

fn literal(name: &str, value: &str) -> (String, Vec<Piece>) {
    (name.to_owned(), vec![Piece::Text(value.to_owned())])
}

impl<W: Wire> Model for WireModel<W> {
    fn id(&self) -> &str {
        &self.endpoint.id
    }

    fn stream(&self, request: ModelRequest) -> DeltaStream {
        let id = self.endpoint.id.clone();
        let sent = self.request(&request);
        let decoder = self.wire.decoder(&request);
        let transport = Arc::clone(&self.transport);
        let opening = async move {
            let opened = match sent {
                Ok(sent) => open(transport.as_ref(), sent).await,
                Err(failure) => Err(failure),
            };
            match opened {
                Ok(events) => Either::Left(turn(events, decoder, id)),
                Err(failure) => Either::Right(stream::iter([Err(failure.of(&id))])),
            }
        };
        Box::pin(stream::once(opening).flatten())
    }
}

/// Sends, and gives the events of an answer that is a stream.
async fn open(transport: &dyn Transport, request: Request) -> Result<SseStream, Failure> {
    let response = transport.send(request).await?;
    let json = response.header("content-type").is_some_and(|value| {
        value
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("application/json")
    });
    if (200..300).contains(&response.status) && !json {
        return Ok(closed(response).events());
    }
    Err(refusal(response).await)
}

/// The same answer with a blank line at its end: some servers leave out the
/// one that closes the last event. An event that was cut in the middle is no
/// JSON and fails the turn.
fn closed(mut response: Response) -> Response {
    let blank = stream::iter([Ok(Bytes::from_static(b"\n\n"))]);
    response.body = Box::pin(response.body.chain(blank));
    response
}

/// The failure of an answer that is no stream.
async fn refusal(response: Response) -> Failure {
    let retry_after = retry_after(&response);
    let status = response.status;
    let body = read_start(response.body).await;
    if (200..300).contains(&status) {
        let error = serde_json::from_slice::<Value>(&body)
            .ok()
            .and_then(|value| value.get("error").cloned());
        return match error {
            Some(error) if !error.is_null() => Failure::from_error_object(&error),
            _ => Failure::protocol("expected a stream of events, found a JSON answer"),
        };
    }
    Failure::from_status(status, retry_after, &body)
}

/// The first bytes of a body; a body that breaks off has said what it could.
async fn read_start(mut body: BodyStream) -> Vec<u8> {
    let mut start = Vec::new();
    while let Some(Ok(chunk)) = body.next().await {
        start.extend_from_slice(&chunk);
        if start.len() >= ERROR_BODY {
            start.truncate(ERROR_BODY);
            break;
        }
    }
    start
}

/// What the provider asks to wait: `retry-after-ms`, or `retry-after` in
/// seconds. A date is left to the transport, which knows the time.
fn retry_after(response: &Response) -> Option<Duration> {
    let number = |name: &str| {
        let value: f64 = response.header(name)?.trim().parse().ok()?;
        (value.is_finite() && value >= 0.0).then_some(value)
    };
    let seconds = number("retry-after-ms")
        .map(|value| value / 1000.0)
        .or_else(|| number("retry-after"))?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// One turn while it is read.
struct Reading<D> {
    events: SseStream,
    decoder: D,
    waiting: VecDeque<Delta>,
    count: usize,
    /// `None` once nothing more is read.
    id: Option<String>,
}

/// The deltas of a stream of events: the decoder's, then one `End` or one
/// error.
fn turn(
    events: SseStream,
    decoder: impl Decode,
    id: String,
) -> impl Stream<Item = Result<Delta, ModelError>> + Send {
    let reading = Reading {
        events,
        decoder,
        waiting: VecDeque::new(),
        count: 0,
        id: Some(id),
    };
    stream::unfold(reading, |mut reading| async move {
        reading.next().await.map(|item| (item, reading))
    })
}

impl<D: Decode> Reading<D> {
    async fn next(&mut self) -> Option<Result<Delta, ModelError>> {
        loop {
            if let Some(delta) = self.waiting.pop_front() {
                return Some(Ok(delta));
            }
            self.id.as_ref()?;
            if let Err(failure) = self.read().await {
                let id = self.id.take().unwrap_or_default();
                return Some(Err(failure.of(&id)));
            }
        }
    }

    /// Reads one event, or the end.
    async fn read(&mut self) -> Result<(), Failure> {
        let mut deltas = Vec::new();
        let Some(event) = self.events.next().await else {
            self.waiting.push_back(Delta::End(self.decoder.end()?));
            self.id = None;
            return Ok(());
        };
        self.count += 1;
        if self.count > MOST_EVENTS {
            let message = format!("the reply has more than {MOST_EVENTS} events");
            return Err(Failure::protocol(message));
        }
        if self.decoder.event(&event?, &mut deltas)? == Progress::Whole {
            deltas.push(Delta::End(self.decoder.end()?));
            self.id = None;
            // A connection whose body was read to its end can be used again.
            let rest = async { while let Some(Ok(_)) = self.events.next().await {} };
            let _ = tokio::time::timeout(GRACE, rest).await;
        }
        self.waiting.extend(deltas);
        Ok(())
    }
}
