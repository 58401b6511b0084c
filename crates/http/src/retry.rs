//! Sends again what may be sent again. `verdict` is the whole rule, pure;
//! [`Retry`] waits and acts. It knows no clock but the monotonic one, save for
//! reading a date in `Retry-After`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::budget::RetryBudget;
use crate::error::{HttpError, LoginFault, host_of};
use crate::policy::Policy;
use crate::rate::Pace;
use crate::request::{Repeat, Request};
use crate::response::{Response, discard};
use crate::retry_after::retry_after;
use crate::sent;
use crate::transport::{Credentials, Transport};

/// The first backoff lies between nothing and this; each further one doubles.
const BASE: Duration = Duration::from_millis(500);
/// No backoff is longer.
const LONGEST: Duration = Duration::from_secs(8);
/// The longest wait that a server may ask for; more is reported instead.
pub const LONGEST_WISH: Duration = Duration::from_secs(60);

/// Statuses that may pass by themselves, for what is safe to repeat.
const PASSING: &[u16] = &[408, 425, 429, 500, 502, 503, 504, 529];
/// Statuses that say the request was turned away: with `Retry-After`, even
/// what is not safe to repeat may be sent again.
const TURNED_AWAY: &[u16] = &[429, 503];

/// Whether an answer of this status may become another by waiting.
pub fn may_pass(status: u16) -> bool {
    PASSING.contains(&status)
}

/// How one attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// No connection, so nothing was sent.
    NothingSent,
    /// The connection broke before an answer; the request may have arrived.
    MaybeSent,
    /// An answer, with what its `Retry-After` asks for.
    Status(u16, Option<Duration>),
    /// Anything that does not change by sending again.
    Final,
}

/// Whether to send again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// This is the outcome.
    Stop,
    /// Send again after the backoff, but not before the server's wish.
    Again(Option<Duration>),
}

/// The retry table.
pub(crate) fn verdict(repeat: Repeat, cause: Cause) -> Verdict {
    match (repeat, cause) {
        (_, Cause::NothingSent) | (Repeat::Safe, Cause::MaybeSent) => Verdict::Again(None),
        (Repeat::Safe, Cause::Status(status, wish)) if may_pass(status) => Verdict::Again(wish),
        (Repeat::Unsafe, Cause::Status(status, Some(wish))) if TURNED_AWAY.contains(&status) => {
            Verdict::Again(Some(wish))
        }
        _ => Verdict::Stop,
    }
}

/// A wait before the retry of that number, counted from 0: anything up to
/// half a second, doubled for each further one, never more than 8 s.
pub fn jittered(retry: u32) -> Duration {
    backoff(retry, fastrand::f64())
}

/// Full jitter: anything between nothing and the doubled base. `dice` is in 0..1.
fn backoff(retry: u32, dice: f64) -> Duration {
    let longest = BASE.saturating_mul(1 << retry.min(10)).min(LONGEST);
    longest.mul_f64(dice)
}

/// Retries by the table, within the policy, the run's budget and the deadline.
pub(crate) struct Retry {
    pub(crate) retries: u32,
    pub(crate) timeout: Duration,
    pub(crate) budget: RetryBudget,
    pub(crate) pace: Pace,
    pub(crate) base: Arc<dyn Transport>,
}

impl Retry {
    pub(crate) fn new(policy: &Policy, pace: Pace, budget: RetryBudget, base: Arc<dyn Transport>) -> Self {
        Self {
            retries: policy.retries,
            timeout: policy.timeout,
            budget,
            pace,
            base,
        }
    }

    async fn attempts(&self, request: Request) -> Result<Response, HttpError> {
        let deadline = Instant::now() + self.timeout;
        let mut attempt = 1;
        let mut renewed = 0;
        loop {
            sent::goes_on();
            let outcome = self.base.send(request.clone()).await;
            if renewed == 0 && self.renews(&request, &outcome) {
                renewed = 1;
                discard(outcome.ok().map(|response| response.body)).await;
                self.pace.wait().await;
                continue;
            }
            if let Ok(response) = &outcome
                && response.status < 400
            {
                self.budget.succeeded();
            }
            let wait = match verdict(request.repeat, cause(&outcome)) {
                Verdict::Again(wish) if attempt <= self.retries => {
                    self.wait(&request, &outcome, attempt, wish, deadline)?
                }
                _ => None,
            };
            let Some(wait) = wait else {
                return outcome.map(|mut response| {
                    response.attempts = attempt + renewed;
                    response
                });
            };
            discard(outcome.ok().map(|response| response.body)).await;
            tokio::time::sleep(wait).await;
            self.pace.wait().await;
            attempt += 1;
        }
    }

    /// Whether a token was refused that another can take the place of. A 401
    /// says that the request was turned away unread for want of credentials,
    /// so a write may be sent again as well.
    fn renews(&self, request: &Request, outcome: &Result<Response, HttpError>) -> bool {
        outcome.as_ref().is_ok_and(|response| {
            response.status == 401
                // Where a redirect led elsewhere, no token was sent.
                && response.url.origin() == request.url.origin()
                && self.base.once_more(request) == Credentials::Fresh
        })
    }

    /// How long to wait; `None` when another attempt makes no sense.
    fn wait(
        &self,
        request: &Request,
        outcome: &Result<Response, HttpError>,
        attempt: u32,
        wish: Option<Duration>,
        deadline: Instant,
    ) -> Result<Option<Duration>, HttpError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if let (Some(wish), Ok(response)) = (wish, outcome)
            && (wish > LONGEST_WISH || wish >= left)
        {
            return Err(HttpError::RetryAfter {
                host: host_of(&request.url),
                status: response.status,
                seconds: wish.as_secs(),
            });
        }
        let wait = wish.unwrap_or_default() + jittered(attempt - 1);
        Ok((wait < left && self.budget.take()).then_some(wait))
    }
}

impl Transport for Retry {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        self.attempts(request).boxed()
    }
}

fn cause(outcome: &Result<Response, HttpError>) -> Cause {
    match outcome {
        Ok(response) => Cause::Status(
            response.status,
            response
                .header("retry-after")
                .and_then(|value| retry_after(value, Timestamp::now())),
        ),
        Err(
            HttpError::Dns { .. }
            | HttpError::Connect { .. }
            | HttpError::Login {
                fault: LoginFault::Passing,
                ..
            },
        ) => Cause::NothingSent,
        Err(HttpError::Cut { .. }) => Cause::MaybeSent,
        Err(_) => Cause::Final,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Status, then whether it is sent again: safe without and with
    /// `Retry-After`, unsafe without and with it.
    const TABLE: &[(u16, [bool; 4])] = &[
        (200, [false, false, false, false]),
        (204, [false, false, false, false]),
        (301, [false, false, false, false]),
        (400, [false, false, false, false]),
        (401, [false, false, false, false]),
        (403, [false, false, false, false]),
        (404, [false, false, false, false]),
        (408, [true, true, false, false]),
        (409, [false, false, false, false]),
        (422, [false, false, false, false]),
        (425, [true, true, false, false]),
        (429, [true, true, false, true]),
        (500, [true, true, false, false]),
        (501, [false, false, false, false]),
        (502, [true, true, false, false]),
        (503, [true, true, false, true]),
        (504, [true, true, false, false]),
        (529, [true, true, false, false]),
    ];

    #[test]
    fn the_table_holds_for_every_status() {
        let wish = Some(Duration::from_secs(3));
        let columns = [
            (Repeat::Safe, None),
            (Repeat::Safe, wish),
            (Repeat::Unsafe, None),
            (Repeat::Unsafe, wish),
        ];
        for (status, row) in TABLE {
            for ((repeat, wish), again) in columns.into_iter().zip(row) {
                let expected = match again {
                    true => Verdict::Again(wish),
                    false => Verdict::Stop,
                };
                let found = verdict(repeat, Cause::Status(*status, wish));
                assert_eq!(found, expected, "{status} {repeat:?} {wish:?}");
            }
        }
    }

    #[test]
    fn connections_that_failed_are_tried_again_when_nothing_can_have_happened() {
        for (repeat, cause, again) in [
            (Repeat::Safe, Cause::NothingSent, true),
            (Repeat::Unsafe, Cause::NothingSent, true),
            (Repeat::Safe, Cause::MaybeSent, true),
            (Repeat::Unsafe, Cause::MaybeSent, false),
            (Repeat::Safe, Cause::Final, false),
            (Repeat::Unsafe, Cause::Final, false),
        ] {
            let expected = match again {
                true => Verdict::Again(None),
                false => Verdict::Stop,
            };
            assert_eq!(verdict(repeat, cause), expected, "{repeat:?} {cause:?}");
        }
    }

    #[test]
    fn backoff_doubles_up_to_its_cap() {
        for (retry, longest) in [(0, 500), (1, 1000), (2, 2000), (4, 8000), (5, 8000), (99, 8000)] {
            assert_eq!(backoff(retry, 0.0), Duration::ZERO);
            assert_eq!(backoff(retry, 1.0), Duration::from_millis(longest));
        }
    }
}
