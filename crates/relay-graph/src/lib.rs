//! The dependency graph of a workspace: order, waves, cycles
#![forbid(unsafe_code)]
