//! Drives a run to an outcome, emitting events.
