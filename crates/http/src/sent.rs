//! Whether a request has left: until then a call waits, for its turn or for
//! a login, and can be given up as if it had never been made.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

tokio::task_local! {
    static SENT: Sent;
}

/// Learns when a request leaves. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Sent(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// It waits for its turn or for a login.
    held: AtomicBool,
    /// An attempt has left.
    left: AtomicBool,
}

impl Sent {
    /// Runs a call, and learns when its request leaves. A login is not the
    /// request.
    pub async fn by<F: Future>(&self, call: F) -> F::Output {
        SENT.scope(self.clone(), call).await
    }

    /// Whether the request may have left, so that nobody knows what became of
    /// it until it is answered. What says nothing about itself may have.
    pub fn may_have_left(&self) -> bool {
        self.0.left.load(Ordering::Relaxed) || !self.0.held.load(Ordering::Relaxed)
    }
}

/// Notes that the call under way waits.
pub(crate) fn waits() {
    note(|state| state.held.store(true, Ordering::Relaxed));
}

/// Notes that it waits no longer: what is below it sends.
pub(crate) fn goes_on() {
    note(|state| state.held.store(false, Ordering::Relaxed));
}

/// Notes that its request leaves.
pub(crate) fn leaves() {
    goes_on();
    note(|state| state.left.store(true, Ordering::Relaxed));
}

fn note(change: impl FnOnce(&State)) {
    // Who does not ask is not told.
    let _ = SENT.try_with(|sent| change(&sent.0));
}
