//! The agent loop: a pure machine that decides and a driver that acts.

pub(crate) mod approval;
pub(crate) mod ask;
pub(crate) mod budget;
pub(crate) mod calls;
pub(crate) mod drive;
pub(crate) mod flow;
pub(crate) mod machine;
mod masked;
mod repair;
