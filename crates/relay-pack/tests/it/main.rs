//! The packer against the real npm: hand-written cases, generated packages, workspaces, and what npm refuses.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "all of this is test code, which may end at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "tests build worlds on the disk")]

mod cases;
mod executables;
mod generated;
mod limits;
mod npm;
mod overrides;
mod world;
