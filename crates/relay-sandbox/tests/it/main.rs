//! Holds the sandbox to the real npm client, and to plain HTTP where npm cannot be made to ask.
//!
//! `npm` and `script` (util-linux) have to be on the path; a missing one is a failure.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "tests build worlds on the disk")]

mod administering;
mod challenges;
mod faults;
mod http;
mod logging_in;
mod npm;
mod plain;
mod publishing;
mod reading;
mod refusals;
mod staging;
mod trusted;
mod world;
