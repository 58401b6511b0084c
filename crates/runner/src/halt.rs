//! What ends a run from outside: a person, or the clock.

use std::time::Duration;

use tokio::time::Instant;

use crate::stop::Stop;

/// How long a write in flight may go on after a run was halted.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// Why a run was halted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Halted {
    /// A person stopped it.
    Person,
    /// Its time is over.
    Time,
}

/// Watches the handle and the clock. The clock is the monotonic one.
#[derive(Debug, Clone)]
pub(crate) struct Halt {
    stop: Stop,
    deadline: Option<Instant>,
}

impl Halt {
    /// Halts when stopped, or after a time; a time too long to be told never comes.
    pub(crate) fn new(stop: Stop, time: Option<Duration>) -> Self {
        Self {
            stop,
            deadline: time.and_then(|time| Instant::now().checked_add(time)),
        }
    }

    /// Whether the run has to halt, for work that does not wait.
    pub(crate) fn reached(&self) -> Option<Halted> {
        if self.stop.is_stopped() {
            return Some(Halted::Person);
        }
        let over = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        over.then_some(Halted::Time)
    }

    /// Waits until the run has to halt.
    pub(crate) async fn wait(&self) -> Halted {
        let clock = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.stop.stopped() => Halted::Person,
            () = clock => Halted::Time,
        }
    }
}
