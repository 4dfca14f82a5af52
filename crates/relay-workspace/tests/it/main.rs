//! relay-workspace from outside: discovery and writing on real folders.
#![expect(clippy::disallowed_methods, reason = "tests build worlds on the disk")]

mod checkout;
mod discover;
mod discover_errors;
mod discover_properties;
mod npm_ranges;
