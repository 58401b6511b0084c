//! How many requests are under way at once. A request is under way until its
//! body has ended or was dropped.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::HttpError;
use crate::request::Request;
use crate::response::{BodyStream, Response};
use crate::sent;
use crate::transport::Transport;

/// The layer that bounds how many are under way.
pub(crate) struct Bounded<T> {
    pub(crate) places: Arc<Semaphore>,
    pub(crate) base: T,
}

impl<T: Transport> Transport for Bounded<T> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        async move {
            sent::waits();
            let place = Arc::clone(&self.places)
                .acquire_owned()
                .await
                .expect("the semaphore is never closed");
            let mut response = self.base.send(request).await?;
            response.body = holding(response.body, place);
            Ok(response)
        }
        .boxed()
    }
}

/// The same body, which gives back its place when it ends or is dropped.
fn holding(body: BodyStream, place: OwnedSemaphorePermit) -> BodyStream {
    let held = (body, place);
    Box::pin(futures_util::stream::unfold(Some(held), |held| async move {
        let (mut body, place) = held?;
        let item = body.next().await?;
        Some((item, Some((body, place))))
    }))
}
