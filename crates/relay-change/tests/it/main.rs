//! Whole plans: properties of any plan, relay's own rules by example, and parity with the real changesets program.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "parity with a real program takes files and a process"
)]

mod changesets_program;
mod generator;
mod own_rules;
mod parity;
mod properties;
mod world;
