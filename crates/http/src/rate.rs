//! Requests per unit of time: in any stretch of `per`, at most `count` start.
//! A token bucket would let twice as many through at first, which servers
//! that count do not forgive.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::error::HttpError;
use crate::policy::Rate;
use crate::request::Request;
use crate::response::Response;
use crate::transport::Transport;

/// Lets requests start no faster than a rate; clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pace {
    window: Option<Arc<Window>>,
}

#[derive(Debug)]
struct Window {
    rate: Rate,
    /// When the last `count` requests start, the earliest first. Times to come
    /// are those of requests that wait for them.
    starts: Mutex<VecDeque<Instant>>,
}

impl Pace {
    pub(crate) fn new(rate: Option<Rate>) -> Self {
        let window = rate.map(|rate| {
            Arc::new(Window {
                rate,
                starts: Mutex::default(),
            })
        });
        Self { window }
    }

    /// Returns when the next request may start.
    pub(crate) async fn wait(&self) {
        if let Some(window) = &self.window {
            tokio::time::sleep_until(window.book(Instant::now())).await;
        }
    }
}

impl Window {
    /// Books the next start. A request that is given up keeps its place: the
    /// rate is then lower, never higher.
    fn book(&self, now: Instant) -> Instant {
        let mut starts = self.starts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = self.rate.count.max(1) as usize;
        let start = match starts.len() < count {
            true => now,
            false => starts
                .pop_front()
                .map_or(now, |earliest| now.max(earliest + self.rate.per)),
        };
        starts.push_back(start);
        start
    }
}

/// The layer that keeps the pace.
pub(crate) struct Paced<T> {
    pub(crate) pace: Pace,
    pub(crate) base: T,
}

impl<T: Transport> Transport for Paced<T> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        async move {
            self.pace.wait().await;
            self.base.send(request).await
        }
        .boxed()
    }
}
