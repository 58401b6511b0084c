//! The order of the layers around a transport, in one place.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::budget::RetryBudget;
use crate::concurrency::Bounded;
use crate::deadline::Deadline;
use crate::policy::Policy;
use crate::rate::{Pace, Paced};
use crate::retry::Retry;
use crate::transport::Transport;

/// What all requests to one api share: how many are under way at once, and
/// how fast they start. Clones share it.
#[derive(Debug, Clone)]
pub struct Lane {
    places: Arc<Semaphore>,
    pace: Pace,
}

impl Lane {
    /// A lane with the concurrency and the rate of the policy.
    pub fn new(policy: &Policy) -> Self {
        let places = policy.concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(places)),
            pace: Pace::new(policy.rate_limit),
        }
    }

    /// A lane with the places of one and the rate of another: what shares a
    /// rate need not share its places.
    pub fn of(places: &Self, rate: &Self) -> Self {
        Self {
            places: Arc::clone(&places.places),
            pace: rate.pace.clone(),
        }
    }
}

/// Puts the policy around a transport, from the outside in: a place in the
/// lane, the rate, the deadline, retries. Waiting for a place or for the rate
/// does not count against the deadline, as it says nothing about the server;
/// a retry waits for the rate again, within the deadline.
pub fn stack(
    policy: &Policy,
    lane: &Lane,
    budget: &RetryBudget,
    base: Arc<dyn Transport>,
) -> Arc<dyn Transport> {
    let retry = Retry::new(policy, lane.pace.clone(), budget.clone(), base);
    let deadline = Deadline {
        limit: policy.timeout,
        base: retry,
    };
    let paced = Paced {
        pace: lane.pace.clone(),
        base: deadline,
    };
    Arc::new(Bounded {
        places: Arc::clone(&lane.places),
        base: paced,
    })
}
