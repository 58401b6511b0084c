//! The demo service: a real REST API on loopback for `toolrun demo`, the examples and the end-to-end tests.
//!
//! It answers from committed data and from memory: exchange rates, IBANs, e-mail addresses, IP addresses and a
//! small shop whose orders can be refunded and whose invoices can be paid. It opens no connection of its own, keeps nothing on disk, and prints
//! nothing: who starts it gets every request through a hook.

mod currency;
mod decimal;
mod email;
mod gate;
mod iban;
mod ip;
mod login;
mod problem;
mod query;
mod rates;
mod routes;
mod server;
mod shop;

pub use gate::{RateLimit, Seen};
pub use login::{CLIENT, USER};
pub use server::{DEFAULT_KEY, DEFAULT_PORT, Demo, DemoError, OnRequest, Options, serve};
