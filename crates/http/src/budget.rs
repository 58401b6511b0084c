//! How many retries a whole run may make, so that many calls in trouble do
//! not multiply their requests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Retries that a full budget holds.
const CAPACITY: u32 = 10;
/// A request that succeeds gives back a tenth of a retry: in the long run,
/// retries add at most 10 % to what works.
const TENTHS_PER_SUCCESS: u32 = 1;

/// The retries left to a run; clones share it.
#[derive(Debug, Clone)]
pub struct RetryBudget {
    tenths: Arc<Mutex<u32>>,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self {
            tenths: Arc::new(Mutex::new(CAPACITY * 10)),
        }
    }
}

impl RetryBudget {
    /// A full budget.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one retry, if one is left.
    pub(crate) fn take(&self) -> bool {
        let mut tenths = self.lock();
        match tenths.checked_sub(10) {
            Some(left) => {
                *tenths = left;
                true
            }
            None => false,
        }
    }

    /// Notes that a request succeeded.
    pub(crate) fn succeeded(&self) {
        let mut tenths = self.lock();
        *tenths = (*tenths + TENTHS_PER_SUCCESS).min(CAPACITY * 10);
    }

    fn lock(&self) -> MutexGuard<'_, u32> {
        self.tenths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_retries_and_one_for_ten_successes() {
        let budget = RetryBudget::new();
        let other = budget.clone();
        assert_eq!((0..20).filter(|_| budget.take()).count(), 10);
        assert!(!other.take());
        for _ in 0..9 {
            budget.succeeded();
        }
        assert!(!budget.take());
        budget.succeeded();
        assert!(other.take());
        for _ in 0..1000 {
            budget.succeeded();
        }
        assert_eq!((0..20).filter(|_| budget.take()).count(), 10);
    }
}
