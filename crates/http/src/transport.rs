//! The one way to send.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::{HttpError, Request, Response};

/// What a request carries when it is sent once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// What it carried before.
    Same,
    /// A token that is obtained anew.
    Fresh,
}

/// Sends a request: a client, a recording, or a wrapper around either.
pub trait Transport: Send + Sync {
    /// Sends one request and returns when status and headers are in.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>>;

    /// What a request that was refused with 401 would carry now.
    fn once_more(&self, _refused: &Request) -> Credentials {
        Credentials::Same
    }
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        (**self).send(request)
    }

    fn once_more(&self, refused: &Request) -> Credentials {
        (**self).once_more(refused)
    }
}
