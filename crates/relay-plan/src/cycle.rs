//! The cycles of runtime dependencies among the packages to release, and how they are told.

use std::collections::BTreeSet;

use relay_graph::{DependencyGraph, Edge};
use relay_workspace::{DependencyKind, PackageName};

use crate::finding::{Finding, Severity};

/// The cycles of one release.
pub(crate) struct RuntimeCycles {
    /// Each cycle's path and what it reads like.
    cycles: Vec<(Vec<PackageName>, String)>,
    /// Whether there would be an order if peer dependencies did not count for it.
    broken_without_peers: bool,
}

impl RuntimeCycles {
    /// Looks for them. A cycle that leads through a package which is not released is in nobody's way, and neither is one
    /// that needs a devDependency.
    pub(crate) fn among(graph: &DependencyGraph, names: &BTreeSet<PackageName>) -> Self {
        // Most workspaces have no such cycle at all, and finding that out is cheap.
        if !graph.cycles().iter().any(|cycle| cycle.runtime) {
            return Self { cycles: Vec::new(), broken_without_peers: false };
        }
        let among = |counts: fn(&Edge) -> bool| {
            let packages = graph.packages().iter().filter(|package| names.contains(&package.name)).cloned().collect();
            let edges = graph.edges().iter().filter(|edge| edge.orders && counts(edge)).cloned().collect();
            let graph = DependencyGraph::from_parts(packages, edges);
            let paths = graph.cycles().into_iter().filter(|cycle| cycle.runtime).map(|cycle| cycle.path);
            paths.collect::<Vec<_>>()
        };
        let cycles: Vec<_> = among(|_| true)
            .into_iter()
            .map(|path| {
                let text = graph.closed_path(&path);
                (path, text)
            })
            .collect();
        let broken_without_peers = !cycles.is_empty() && among(|edge| edge.kind != DependencyKind::Peer).is_empty();
        Self { cycles, broken_without_peers }
    }

    /// The first one: its path, and what it reads like.
    pub(crate) fn first(&self) -> Option<(&[PackageName], &str)> {
        self.cycles.first().map(|(path, text)| (path.as_slice(), text.as_str()))
    }

    /// Where it can be broken.
    pub(crate) fn break_it(&self) -> &'static str {
        if self.broken_without_peers {
            "break the cycle at one of its peerDependencies, without which there is an order"
        } else {
            "break the cycle"
        }
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
