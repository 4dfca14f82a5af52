//! The client against a recorder on loopback, and the publish document against the real npm.
#![expect(clippy::unwrap_used, reason = "a test that can't be set up has failed")]
#![expect(clippy::disallowed_methods, reason = "tests build worlds on the disk")]

mod npm;
mod npm_commands;
mod proxy;
mod publishing;
mod reads;
mod recorder;
mod secrets;
mod tls;
mod writes;
