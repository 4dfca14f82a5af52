//! Whole plans: properties of any plan, relay's own rules by example, and parity with the real changesets program.

mod changesets_program;
mod generator;
mod own_rules;
mod parity;
mod properties;
mod world;
