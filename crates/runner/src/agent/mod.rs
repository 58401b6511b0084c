//! The agent loop: a pure machine that decides and a driver that acts.

pub(crate) mod answer;
pub(crate) mod approval;
pub(crate) mod ask;
pub(crate) mod asks;
pub(crate) mod budget;
pub(crate) mod calls;
pub(crate) mod drive;
mod flight;
pub(crate) mod flow;
pub(crate) mod frame;
pub(crate) mod machine;
pub(crate) mod masked;
mod repair;
pub(crate) mod repeats;
mod steps;

#[cfg(test)]
mod machine_hand;
#[cfg(test)]
mod machine_limit_tests;
#[cfg(test)]
mod machine_tests;
