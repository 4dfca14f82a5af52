//! The `relay` command.
#![forbid(unsafe_code)]
fn main() {}
