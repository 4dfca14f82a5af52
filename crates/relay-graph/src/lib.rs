//! The dependency graph of a workspace: edges by kind, publish order, waves, cycles. Pure.
//!
//! - [`edge`]: which dependency leads to which package, and whether it decides the publish order
//! - [`graph`]: order, waves, chain lengths, cycles
//! - [`render`]: the graph as text, JSON, dot and mermaid
#![forbid(unsafe_code)]

pub mod edge;
pub mod graph;
pub mod render;

#[cfg(test)]
mod tests;

pub use edge::{Edge, MissingDependency};
pub use graph::{Cycle, DependencyGraph, GraphPackage};
pub use render::{GraphDocument, document, to_dot, to_mermaid, to_text};
