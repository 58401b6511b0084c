//! The crate against real sockets on loopback: what goes over the wire, what
//! hostile servers can do, and what each policy does about it.
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod addresses;
mod bodies;
mod client;
mod login_faults;
mod logins;
mod policy;
mod recording;
mod redirects;
#[path = "../support/mod.rs"]
mod support;
mod wire;
