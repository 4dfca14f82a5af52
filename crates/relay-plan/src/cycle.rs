//! The cycles of runtime dependencies among the packages to release, and how they are told.

use std::collections::BTreeSet;

use relay_graph::DependencyGraph;
use relay_workspace::PackageName;

use crate::finding::{Finding, Severity};

/// The cycles of one release.
pub(crate) struct RuntimeCycles {
    /// Each cycle's path and what it reads like.
    cycles: Vec<(Vec<PackageName>, String)>,
}

impl RuntimeCycles {
    /// Looks for them. A cycle that leads through a package which is not released is in nobody's way, and neither is one
    /// that needs a devDependency or a peerDependency.
    pub(crate) fn among(graph: &DependencyGraph, names: &BTreeSet<PackageName>) -> Self {
        // Most workspaces have no such cycle at all, and finding that out is cheap.
        if !graph.cycles().iter().any(|cycle| cycle.runtime) {
            return Self { cycles: Vec::new() };
        }
        let packages = graph.packages().iter().filter(|package| names.contains(&package.name)).cloned().collect();
        let edges = graph.edges().iter().filter(|edge| edge.orders).cloned().collect();
        let among = DependencyGraph::from_parts(packages, edges);
        let paths = among.cycles().into_iter().filter(|cycle| cycle.runtime).map(|cycle| cycle.path);
        let told = |path: Vec<PackageName>| {
            let text = graph.closed_path(&path);
            (path, text)
        };
        Self { cycles: paths.map(told).collect() }
    }

    /// The first one: its path, and what it reads like.
    pub(crate) fn first(&self) -> Option<(&[PackageName], &str)> {
        self.cycles.first().map(|(path, text)| (path.as_slice(), text.as_str()))
    }

    /// What is said where they are allowed.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = Finding> {
        self.cycles.iter().map(|(_, text)| Finding {
            severity: Severity::Warning,
            package: None,
            text: format!("{text} is a cycle of runtime dependencies, which was allowed"),
            help: Some("until the last of them is visible, the others can't be installed".to_owned()),
        })
    }
}
