//! The `toolrun` binary.

fn main() {}
