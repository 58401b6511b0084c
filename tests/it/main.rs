//! Black-box tests of the `toolrun` binary, and of the workspace's shape.
//!
//! Everything goes through the binary and real sockets on loopback; nothing
//! needs a network, a key or a clock's speed.

mod architecture;
mod asks;
mod call;
mod check;
mod command_line;
mod demo;
mod examples;
mod lock;
mod logins;
mod outputs;
mod requests;
mod run;
mod safety;
mod support;
mod telemetry;
mod terminal;
mod tools;
mod trust;
mod trust_record;
mod workflows;
mod writes;
