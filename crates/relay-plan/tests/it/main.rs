//! The crate from outside: plans made from small worlds.

mod drift;
mod findings;
mod planning;
mod promotion;
mod properties;
mod rendering;
mod schema;
mod siblings;
mod specifiers;
mod world;
