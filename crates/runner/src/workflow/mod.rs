//! Workflows: the same kind of machine as the agent loop, under the same
//! driver.

pub(crate) mod catalogue;
mod course;
pub(crate) mod machine;
pub(crate) mod outline;
pub(crate) mod result;
pub(crate) mod steps;
mod talks;

#[cfg(test)]
mod hand;
#[cfg(test)]
mod machine_tests;
#[cfg(test)]
mod order_tests;
#[cfg(test)]
mod talks_tests;
