//! What is known of a workflow before it runs: the order of its steps and how
//! many calls they can come to. Pure and linear in the size of what is planned.

mod bound;
mod order;

pub use bound::{Bound, Most};
pub(crate) use order::order;
