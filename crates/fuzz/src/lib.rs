//! Hostile input for everything that reads input: entry points as plain
//! functions, each with properties that must hold, a corpus, a mutator that
//! repeats itself from a seed, and a generator of strings that try to leave
//! their place. Part of the tests; nothing of it is in the binary.
//!
//! The mutator knows nothing of the code's branches. In their place it goes by
//! what an input led to (which diagnostics, which error, how a turn ended): an
//! input that led to something new is mutated further.

mod campaign;
mod corpus;
pub mod generate;
mod mutate;
mod oracle;
mod targets;
#[cfg(test)]
mod tests;

pub use campaign::{Campaign, Fault, Tally};
pub use corpus::corpus;
pub use oracle::decoded;
pub use targets::{TARGETS, Target};
