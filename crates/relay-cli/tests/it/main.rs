//! The real binary, one command at a time: exit code, stdout and stderr in one snapshot.
//!
//! Nothing here reaches a network; what a command answers is checked in the crate that makes the answer.

mod help;
mod usage;
mod world;
