//! The real binary, one command at a time: exit code, stdout and stderr in one snapshot.
//!
//! Nothing here reaches further than loopback; what a command answers is checked in the crate that makes the answer.
#![allow(clippy::unwrap_used, reason = "a test world that can't be built is a failed test")]
#![expect(clippy::disallowed_methods, reason = "tests build worlds on the disk")]

mod bad_environment;
mod bad_input;
mod ci;
mod explain;
mod graph;
mod help;
mod nothing;
mod pack;
mod registry;
mod sandbox;
mod usage;
mod world;
