//! The dependency graph of a workspace: which package waits for which, in what order and in which waves they can be
//! published, and where they wait for each other in a circle.
//!
//! Pure: it reads a [`relay_workspace::Workspace`] value and touches neither disk, clock nor network. The same packages
//! and edges give the same answers in whatever order they were handed in.
//!
//! - [`graph`]: packages and edges, sorted, and who points at whom
//! - `build`: from manifests to edges: which specifier makes an edge, and which edge counts for the order
//! - `yielding`: peer edges that would close a circle
//! - `order`: publish order, waves, chains of dependents
//! - [`cycle`]: circles, by strongly connected components
//! - [`mod@document`]: the JSON form, `relay.graph/1`
//! - `text`, `dot`, `mermaid`: renderings for people
#![forbid(unsafe_code)]

mod build;
pub mod cycle;
pub mod document;
mod dot;
pub mod graph;
mod mermaid;
mod order;
#[cfg(test)]
mod testing;
mod text;
mod yielding;

pub use cycle::Cycle;
pub use document::{GRAPH_SCHEMA, GraphDocument, document};
pub use dot::to_dot;
pub use graph::{
    DependencyGraph, Edge, GraphPackage, MissingDependency, MissingTarget, OutOfRangeDependency, TaggedDependency,
    UninstallableDependency,
};
pub use mermaid::to_mermaid;
pub use text::to_text;
