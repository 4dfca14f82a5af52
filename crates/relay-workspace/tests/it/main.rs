//! relay-workspace from outside: discovery and writing on real folders.

mod checkout;
mod discover;
mod discover_errors;
mod discover_properties;
mod npm_ranges;
