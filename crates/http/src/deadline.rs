//! The total time of one call: it runs from the start of the first attempt to
//! the last byte of the body, waits between attempts included.

use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, timeout_at};

use crate::error::{HttpError, host_of};
use crate::request::Request;
use crate::response::{BodyStream, Response};
use crate::transport::Transport;

/// The layer that ends a call in time.
pub(crate) struct Deadline<T> {
    pub(crate) limit: Duration,
    pub(crate) base: T,
}

impl<T: Transport> Transport for Deadline<T> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        async move {
            let end = Instant::now() + self.limit;
            let passed = HttpError::Timeout {
                host: host_of(&request.url),
                limit: self.limit,
            };
            let mut response = timeout_at(end, self.base.send(request))
                .await
                .map_err(|_| passed.clone())??;
            response.body = ending(response.body, end, passed);
            Ok(response)
        }
        .boxed()
    }
}

/// The same body, which ends with the error when the time has passed; a body
/// that always has more bytes ready does not escape it.
fn ending(body: BodyStream, end: Instant, passed: HttpError) -> BodyStream {
    let state = Some((body, passed));
    Box::pin(futures_util::stream::unfold(state, move |state| async move {
        let (mut body, passed) = state?;
        let next = async {
            match Instant::now() < end {
                true => body.next().await,
                false => std::future::pending().await,
            }
        };
        match timeout_at(end, next).await {
            Ok(item) => Some((item?, Some((body, passed)))),
            Err(_) => Some((Err(passed), None)),
        }
    }))
}
