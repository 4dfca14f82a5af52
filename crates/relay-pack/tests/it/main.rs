//! The packer against the real npm: hand-written cases, generated packages, workspaces, and what npm refuses.
#![cfg(unix)]

mod cases;
mod generated;
mod limits;
mod npm;
mod world;
