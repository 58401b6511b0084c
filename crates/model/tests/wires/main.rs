//! The wires against whole bodies: small streams of every shape that is known
//! to occur, real sockets, and, on demand, a folder of recorded exchanges.

#![expect(clippy::unwrap_used, reason = "all of it is tests")]

mod detection;
mod exchange;
mod loopback;
mod mutations;
#[expect(clippy::print_stdout, reason = "says how much was compared")]
mod recordings;
mod reference;
mod streams;
