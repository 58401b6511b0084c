//! Runs and single calls against a real server on loopback, with a scripted
//! model.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as the test does")]

mod approvals;
mod asks;
mod calls;
mod canaries;
mod failures;
mod grace;
mod lanes;
mod loops;
mod results;
mod server;
mod stage;
mod stops;
mod workflows;
