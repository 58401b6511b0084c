//! Black-box tests of the `toolrun` binary, and of the workspace's shape.
//!
//! Everything goes through the binary and real sockets on loopback; nothing
//! needs a network, a key or a clock's speed.

mod architecture;
mod asks;
mod call;
mod check;
mod check_drawn;
mod check_fix;
mod check_reports;
mod ci;
mod command_line;
mod demo;
mod docs;
mod examples;
mod lock;
mod logins;
mod lsp;
mod output_schema;
mod outputs;
mod providers;
mod reference;
mod requests;
mod run;
mod safety;
mod schema;
mod shells;
mod support;
mod telemetry;
mod terminal;
mod tools;
mod trust;
mod trust_record;
mod wire_forms;
mod workflows;
mod writes;
