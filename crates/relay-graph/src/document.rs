//! The graph as JSON: schema `relay.graph/1`.

use relay_workspace::PackageName;
use serde::{Deserialize, Serialize};

use crate::graph::{DependencyGraph, Edge, GraphPackage};

/// The schema's name, as it stands in the document.
pub const GRAPH_SCHEMA: &str = "relay.graph/1";

/// What `relay graph --format json` writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphDocument {
    /// Always [`GRAPH_SCHEMA`].
    pub schema: String,
    /// The packages, sorted by name.
    pub packages: Vec<GraphPackage>,
    /// The edges, sorted by `from`, `to`, kind.
    pub edges: Vec<Edge>,
    /// All names, dependencies first.
    pub order: Vec<PackageName>,
    /// The paths of the cycles: each name depends on the next, the last on the first.
    pub cycles: Vec<Vec<PackageName>>,
}

/// Makes the document of a graph.
pub fn document(graph: &DependencyGraph) -> GraphDocument {
    GraphDocument {
        schema: GRAPH_SCHEMA.to_owned(),
        packages: graph.packages().to_vec(),
        edges: graph.edges().to_vec(),
        order: graph.order(),
        cycles: graph.cycles().into_iter().map(|cycle| cycle.path).collect(),
    }
}
