//! The one way to send.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::{HttpError, Request, Response};

/// Sends a request: a client, a recording, or a wrapper around either.
pub trait Transport: Send + Sync {
    /// Sends one request and returns when status and headers are in.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        (**self).send(request)
    }
}
