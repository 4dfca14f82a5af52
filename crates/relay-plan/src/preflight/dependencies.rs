//! What a package needs at runtime: whether whoever installs it will find it.

use std::collections::{BTreeMap, BTreeSet};

use relay_graph::{DependencyGraph, Edge, MissingDependency};
use relay_workspace::PackageName;

use crate::finding::Finding;
use crate::observation::{Observations, PackageObservation, SkipReason};

/// The rest of the workspace, as the checks of one package need it.
pub(super) struct Surroundings<'a> {
    graph: &'a DependencyGraph,
    offline: bool,
    registries: BTreeMap<&'a PackageName, &'a str>,
    skipped: BTreeMap<&'a PackageName, SkipReason>,
    missing: BTreeMap<&'a PackageName, Vec<&'a MissingDependency>>,
}

impl<'a> Surroundings<'a> {
    pub(super) fn of(observations: &'a Observations<'_>) -> Self {
        let mut missing: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for dependency in observations.graph.missing() {
            missing.entry(&dependency.package).or_default().push(dependency);
        }
        Self {
            graph: observations.graph,
            offline: observations.offline,
            registries: observations
                .packages
                .iter()
                .map(|package| (&package.name, package.registry.as_str()))
                .collect(),
            skipped: observations.skipped.iter().map(|skipped| (&skipped.name, skipped.reason)).collect(),
            missing,
        }
    }

    /// The findings about one package's dependencies, by the dependency's name.
    pub(super) fn check(&self, package: &PackageObservation) -> Vec<Finding> {
        let missing = self.missing.get(&package.name).into_iter().flatten();
        let mut findings: Vec<Finding> = missing.map(|missing| not_in_workspace(package, missing)).collect();
        let mut seen = BTreeSet::new();
        for edge in self.graph.edges_from(&package.name).filter(|edge| edge.kind.is_runtime() && edge.to != edge.from) {
            if seen.insert(&edge.to) {
                findings.extend(self.unreachable(package, edge).or_else(|| self.elsewhere(package, edge)));
            }
        }
        findings
    }

    /// A dependency that is not, or perhaps not, on any registry.
    fn unreachable(&self, package: &PackageObservation, edge: &Edge) -> Option<Finding> {
        if self.registries.contains_key(&edge.to) {
            return None;
        }
        let below = self.graph.package(&edge.to)?;
        let (to, kind) = (&edge.to, edge.kind.manifest_key());
        if below.private || below.version.is_none() {
            let cause = if below.private { "is private" } else { "has no version" };
            return Some(Finding::error(
                &package.name,
                format!("its `{kind}` have `{to}`, which {cause} and is never published, so it can't be installed"),
                format!(
                    "let `{to}` be published, or move it to `devDependencies` where it is built into the package or not \
                     needed at runtime"
                ),
            ));
        }
        // Whatever else is skipped was looked up and is there, or nobody was asked.
        let left_out = match self.skipped.get(to)? {
            SkipReason::Ignored => "the configuration ignores",
            SkipReason::NotSelected => "the filter leaves out",
            _ => return None,
        };
        (!self.offline).then(|| {
            Finding::warning(
                &package.name,
                format!("its `{kind}` have `{to}`, which {left_out}, so nobody looked whether it is published"),
                format!("make sure that the registry has a version of `{to}` in the range, or release it too"),
            )
        })
    }

    /// A dependency of the same release that goes to another registry.
    fn elsewhere(&self, package: &PackageObservation, edge: &Edge) -> Option<Finding> {
        let other = self.registries.get(&edge.to).filter(|registry| **registry != package.registry)?;
        Some(Finding::warning(
            &package.name,
            format!("its `{}` have `{}`, which goes to another registry, `{other}`", edge.kind.manifest_key(), edge.to),
            "whoever installs it needs both registries in their `.npmrc`, one of them for a scope",
        ))
    }
}

fn not_in_workspace(package: &PackageObservation, missing: &MissingDependency) -> Finding {
    Finding::error(
        &package.name,
        format!(
            "its `{}` have `{}` as `{}`, and the workspace has no such package",
            missing.kind.manifest_key(),
            missing.dependency,
            missing.range
        ),
        "correct the name, add the package to the workspace, or write a plain range",
    )
}
