//! Answers requests from a recording. Nothing is connected to and no secret
//! is read.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::error::HttpError;
use crate::exchange::{Exchange, SentRequest};
use crate::redact::Redactor;
use crate::request::Request;
use crate::response::Response;
use crate::transport::Transport;

/// Why a text is not a recording.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the recording cannot be read")]
pub struct RecordingError {
    /// Counted from one.
    pub line: usize,
    /// What is wrong with it.
    #[source]
    pub source: serde_json::Error,
}

/// A recording that answers. Each exchange is used once; of those that fit,
/// the earliest answers.
pub struct Replay {
    left: Mutex<Vec<Option<Exchange>>>,
    redactor: Redactor,
}

impl Replay {
    /// Reads a recording: one exchange a line, blank lines ignored.
    pub fn parse(text: &str) -> Result<Self, RecordingError> {
        let mut left = Vec::new();
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let exchange = serde_json::from_str(line).map_err(|source| RecordingError {
                line: index + 1,
                source,
            })?;
            left.push(Some(exchange));
        }
        Ok(Self {
            left: Mutex::new(left),
            redactor: Redactor::default(),
        })
    }

    /// How many exchanges have not been asked for.
    pub fn left(&self) -> usize {
        self.lock().iter().flatten().count()
    }

    fn answer(&self, request: &Request) -> Result<Response, HttpError> {
        let wanted = SentRequest::new(request, &self.redactor);
        let found = self
            .lock()
            .iter_mut()
            .find(|left| {
                left.as_ref()
                    .is_some_and(|exchange| exchange.request.same_as(&wanted))
            })
            .and_then(Option::take);
        let missing = || HttpError::NotRecorded {
            request: format!("{} {}", wanted.method, wanted.url),
        };
        let recorded = found.ok_or_else(missing)?.response;
        let body = recorded.body.bytes().ok_or_else(missing)?;
        let chunk = (!body.is_empty()).then(|| Ok(Bytes::from(body)));
        Ok(Response {
            status: recorded.status,
            headers: recorded.headers,
            url: request.url.clone(),
            attempts: 1,
            body: Box::pin(futures_util::stream::iter(chunk)),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Exchange>>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Replay {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        let answer = self.answer(&request);
        async move { answer }.boxed()
    }
}
