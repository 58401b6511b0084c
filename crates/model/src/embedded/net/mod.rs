//! The network's forward pass over many positions at once.
//!
//! `needle-core` reads the weights and has a pass of its own, which costs as
//! much per token for a prompt as for a single step. This one gives the same
//! numbers from the same weights (a test compares them) through matrix
//! products over the whole prompt, on every core, scores only the last
//! position, and gathers what the confidence head reads while it goes, so that
//! asking for the confidence costs no second pass. Leaves out sampling, text
//! and tools.

mod attention;
mod block;
mod engram;
mod lanes;
mod linear;
mod mlp;
mod probe;
mod session;
mod snapshot;

pub(super) use session::{Network, Session};
