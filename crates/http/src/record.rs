//! Writes every exchange that passes, one JSON object a line. Put it around a
//! stack, so that a line is a call and not an attempt.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, Stream, StreamExt};

use crate::error::HttpError;
use crate::exchange::{Content, Exchange, SentRequest, SentResponse};
use crate::redact::Redactor;
use crate::request::Request;
use crate::response::{BodyStream, Response};
use crate::transport::Transport;

/// A recording that is being written; clones write to the same place.
#[derive(Clone)]
pub struct Recording {
    out: Arc<Mutex<Out>>,
    redactor: Redactor,
}

struct Out {
    writer: Box<dyn Write + Send>,
    /// The first thing that went wrong: a recording with a gap is none.
    failure: Option<io::Error>,
}

impl Recording {
    /// Writes to a file, or wherever else bytes go.
    pub fn new(writer: impl Write + Send + 'static, redactor: Redactor) -> Self {
        let writer = Box::new(writer);
        Self {
            out: Arc::new(Mutex::new(Out {
                writer,
                failure: None,
            })),
            redactor,
        }
    }

    /// Reports the first error of writing, if there was one. Nothing was
    /// written after it.
    pub fn finish(&self) -> io::Result<()> {
        let mut out = self.lock();
        match out.failure.take() {
            Some(error) => Err(error),
            None => out.writer.flush(),
        }
    }

    fn write(&self, exchange: &Exchange) {
        let mut out = self.lock();
        if out.failure.is_some() {
            return;
        }
        let written = serde_json::to_string(exchange)
            .map_err(io::Error::from)
            .and_then(|line| writeln!(out.writer, "{line}"))
            .and_then(|()| out.writer.flush());
        out.failure = written.err();
    }

    fn lock(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A transport whose answers are written down once their body has ended or
/// was dropped; what failed is not.
pub struct Record<T> {
    recording: Recording,
    base: T,
}

impl<T: Transport> Record<T> {
    /// Writes what passes through `base`.
    pub fn new(recording: Recording, base: T) -> Self {
        Self { recording, base }
    }
}

impl<T: Transport> Transport for Record<T> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        async move {
            let kept = request.clone();
            let mut response = self.base.send(request).await?;
            let tape = Tape {
                recording: self.recording.clone(),
                request: kept,
                status: response.status,
                headers: response.headers.clone(),
                body: Vec::new(),
                broken: false,
            };
            response.body = taped(response.body, tape);
            Ok(response)
        }
        .boxed()
    }
}

fn taped(body: BodyStream, tape: Tape) -> BodyStream {
    Box::pin(Taped { body, tape })
}

/// Collects the body that passes.
struct Taped {
    body: BodyStream,
    tape: Tape,
}

impl Stream for Taped {
    type Item = Result<Bytes, HttpError>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let next = self.body.poll_next_unpin(context);
        if let std::task::Poll::Ready(Some(item)) = &next {
            match item {
                Ok(bytes) => self.tape.body.extend_from_slice(bytes),
                Err(_) => self.tape.broken = true,
            }
        }
        next
    }
}

struct Tape {
    recording: Recording,
    request: Request,
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    broken: bool,
}

impl Drop for Tape {
    /// A reader of events stops at the last one, before the body's own end;
    /// so the end of reading is what counts.
    fn drop(&mut self) {
        if self.broken {
            return;
        }
        let redactor = &self.recording.redactor;
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), redactor.redact(value).into_owned()))
            .collect();
        self.recording.write(&Exchange {
            request: SentRequest::new(&self.request, redactor),
            response: SentResponse {
                status: self.status,
                headers,
                body: Content::new(&self.body, redactor),
            },
        });
    }
}
