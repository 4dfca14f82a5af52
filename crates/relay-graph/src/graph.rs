//! The graph as a value: packages sorted by name, edges sorted by their ends.

use petgraph::graph::{DiGraph, NodeIndex};
use relay_workspace::{DependencyKind, Obstacle, PackageName, Range, Version};
use serde::{Deserialize, Serialize};

/// A package as a node of the graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphPackage {
    /// Its name.
    pub name: PackageName,
    /// Its folder relative to the workspace root, with `/`; empty for the root package.
    pub path: String,
    /// Its version, where the manifest has one.
    pub version: Option<Version>,
    /// `"private": true`.
    pub private: bool,
}

/// A dependency of one package of the workspace on another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Edge {
    /// The package that depends.
    pub from: PackageName,
    /// The package that it depends on.
    pub to: PackageName,
    /// The map of the manifest that says so.
    pub kind: DependencyKind,
    /// The specifier as the manifest has it.
    pub range: String,
    /// Says whether `to` has to be published before `from`.
    pub orders: bool,
    /// Says whether `from` brings `to` in its own tarball. Left out of the JSON where it does not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bundled: bool,
}

/// What a specifier leads to that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingTarget {
    /// `workspace:` names no package of the workspace.
    Package,
    /// `catalog:` names no entry, or one that points into a catalog again.
    CatalogEntry,
}

/// A `workspace:` or `catalog:` specifier that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MissingDependency {
    /// The package whose manifest has the specifier.
    pub package: PackageName,
    /// The name it asks for.
    pub dependency: PackageName,
    /// The map of the manifest.
    pub kind: DependencyKind,
    /// The specifier as the manifest has it.
    pub range: String,
    /// What it should lead to.
    pub target: MissingTarget,
}

/// A runtime dependency that nobody can install by what the published manifest will say of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UninstallableDependency {
    /// The package whose manifest has the specifier.
    pub package: PackageName,
    /// The key in the manifest's map.
    pub dependency: PackageName,
    /// The map of the manifest.
    pub kind: DependencyKind,
    /// The specifier as the manifest has it.
    pub range: String,
    /// What is in the way.
    pub obstacle: Obstacle,
}

/// A runtime dependency on a package of the workspace, by a range that does not accept the version that it has there. It makes
/// no edge: it is installed from a registry, if that has a version in the range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutOfRangeDependency {
    /// The package whose manifest has the specifier.
    pub package: PackageName,
    /// The package of the workspace that it means.
    pub sibling: PackageName,
    /// The map of the manifest.
    pub kind: DependencyKind,
    /// The specifier as the manifest has it.
    pub specifier: String,
    /// The range that is published: that behind an alias or in a catalog.
    pub range: Range,
    /// Says whether nobody has to install it: a peer that `peerDependenciesMeta` calls optional.
    pub dispensable: bool,
}

/// A runtime dependency on a package of the workspace by a dist-tag. It makes no edge, as with changesets: it is installed from a
/// registry, where the tag leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedDependency {
    /// The package whose manifest has the specifier.
    pub package: PackageName,
    /// The package of the workspace that it means.
    pub sibling: PackageName,
    /// The map of the manifest.
    pub kind: DependencyKind,
    /// The specifier as the manifest has it.
    pub specifier: String,
    /// The dist-tag: that behind an alias or in a catalog.
    pub tag: String,
    /// Says whether nobody has to install it: a peer that `peerDependenciesMeta` calls optional.
    pub dispensable: bool,
}

/// The dependency graph of a workspace.
#[derive(Debug, Clone)]
pub struct DependencyGraph {
    packages: Vec<GraphPackage>,
    edges: Vec<Edge>,
    /// Indices into `edges`, sorted by the edge's `to`, then like `edges`.
    by_dependency: Vec<usize>,
    missing: Vec<MissingDependency>,
    uninstallable: Vec<UninstallableDependency>,
    out_of_range: Vec<OutOfRangeDependency>,
    tagged: Vec<TaggedDependency>,
}

/// Packages as nodes whose weight is the index into [`DependencyGraph::packages`]; an edge points from the dependent to
/// the dependency, and several edges between two packages are one.
pub(crate) type Links = DiGraph<usize, ()>;

impl DependencyGraph {
    /// Makes a graph of packages and edges in any order.
    ///
    /// Of several packages with one name the first is kept. Edges with an end that is no package are left out. An edge
    /// from a package to itself stays listed and never counts for the order: a package is not held back by itself. Neither
    /// does a peer edge that would close a circle.
    pub fn from_parts(packages: Vec<GraphPackage>, edges: Vec<Edge>) -> Self {
        Self::with_missing(packages, edges, Vec::new())
    }

    pub(crate) fn with_missing(
        mut packages: Vec<GraphPackage>,
        mut edges: Vec<Edge>,
        mut missing: Vec<MissingDependency>,
    ) -> Self {
        packages.sort_by(|a, b| a.name.cmp(&b.name));
        packages.dedup_by(|later, earlier| later.name == earlier.name);
        let known = |name: &PackageName| packages.binary_search_by(|package| package.name.cmp(name)).is_ok();
        edges.retain(|edge| known(&edge.from) && known(&edge.to));
        for edge in &mut edges {
            edge.orders &= edge.from != edge.to;
        }
        edges.sort();
        edges.dedup();
        let mut by_dependency: Vec<usize> = (0..edges.len()).collect();
        by_dependency.sort_by_key(|&index| (edges.get(index).map(|edge| &edge.to), index));
        missing.sort();
        missing.dedup();
        Self {
            packages,
            edges,
            by_dependency,
            missing,
            uninstallable: Vec::new(),
            out_of_range: Vec::new(),
            tagged: Vec::new(),
        }
        .let_peers_give_way()
    }

    pub(crate) fn set_orders(&mut self, edge: usize, orders: bool) {
        if let Some(edge) = self.edges.get_mut(edge) {
            edge.orders = orders;
        }
    }

    pub(crate) fn with_uninstallable(mut self, mut uninstallable: Vec<UninstallableDependency>) -> Self {
        uninstallable.sort();
        uninstallable.dedup();
        self.uninstallable = uninstallable;
        self
    }

    pub(crate) fn with_out_of_range(mut self, mut out_of_range: Vec<OutOfRangeDependency>) -> Self {
        out_of_range.sort_by(|a, b| (&a.package, &a.sibling, a.kind).cmp(&(&b.package, &b.sibling, b.kind)));
        self.out_of_range = out_of_range;
        self
    }

    pub(crate) fn with_tagged(mut self, mut tagged: Vec<TaggedDependency>) -> Self {
        tagged.sort_by(|a, b| (&a.package, &a.sibling, a.kind).cmp(&(&b.package, &b.sibling, b.kind)));
        self.tagged = tagged;
        self
    }

    /// The packages, sorted by name.
    pub fn packages(&self) -> &[GraphPackage] {
        &self.packages
    }

    /// The package of that name.
    pub fn package(&self, name: &PackageName) -> Option<&GraphPackage> {
        self.index_of(name).and_then(|index| self.packages.get(index))
    }

    /// The edges, sorted by `from`, `to`, kind.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// What a package depends on, sorted by `to` and kind.
    pub fn edges_from(&self, name: &PackageName) -> impl Iterator<Item = &Edge> {
        let start = self.edges.partition_point(|edge| &edge.from < name);
        self.edges.iter().skip(start).take_while(move |edge| &edge.from == name)
    }

    /// What depends on a package, sorted by `from` and kind.
    pub fn edges_to(&self, name: &PackageName) -> impl Iterator<Item = &Edge> {
        let dependency = |index: usize| self.edges.get(index).map(|edge| &edge.to);
        let start = self.by_dependency.partition_point(|&index| dependency(index) < Some(name));
        self.by_dependency
            .iter()
            .skip(start)
            .filter_map(|&index| self.edges.get(index))
            .take_while(move |edge| &edge.to == name)
    }

    /// A path of packages each of which depends on the next, closed, with the kinds of its edges that order, or of all where
    /// none does: `` `a` → `b` (prod) → `a` (peer) ``.
    pub fn closed_path(&self, path: &[PackageName]) -> String {
        let Some(first) = path.first() else { return String::new() };
        let step = |(from, to): (&PackageName, &PackageName)| {
            let between = || self.edges_from(from).filter(|edge| &edge.to == to);
            let orders = between().any(|edge| edge.orders);
            let kinds: Vec<&str> =
                between().filter(|edge| edge.orders || !orders).map(|edge| edge.kind.as_str()).collect();
            format!("`{to}` ({})", kinds.join(", "))
        };
        let steps = path.iter().zip(path.iter().skip(1).chain([first])).map(step);
        std::iter::once(format!("`{first}`")).chain(steps).collect::<Vec<_>>().join(" → ")
    }

    /// The `workspace:` and `catalog:` specifiers that lead nowhere, sorted.
    pub fn missing(&self) -> &[MissingDependency] {
        &self.missing
    }

    /// The runtime dependencies outside of the tarball that nobody can install by what will be published of them, sorted.
    pub fn uninstallable(&self) -> &[UninstallableDependency] {
        &self.uninstallable
    }

    /// The runtime dependencies outside of the tarball whose range does not accept the workspace's version, sorted.
    pub fn out_of_range(&self) -> &[OutOfRangeDependency] {
        &self.out_of_range
    }

    /// The runtime dependencies outside of the tarball that name a package of the workspace by a dist-tag, sorted.
    pub fn tagged(&self) -> &[TaggedDependency] {
        &self.tagged
    }

    /// The graph with an edge for each range that accepts the version that its package is about to get, where there is such a
    /// range: a dependent that is ahead of the workspace waits for that version like any other.
    #[must_use]
    pub fn anticipating<'a>(&self, next: impl Fn(&PackageName) -> Option<&'a Version>) -> Option<Self> {
        let met = |dependency: &&OutOfRangeDependency| {
            next(&dependency.sibling).is_some_and(|version| dependency.range.accepts(version))
        };
        let mut edges: Vec<Edge> = self
            .out_of_range
            .iter()
            .filter(met)
            .map(|dependency| Edge {
                from: dependency.package.clone(),
                to: dependency.sibling.clone(),
                kind: dependency.kind,
                range: dependency.specifier.clone(),
                orders: true,
                bundled: false,
            })
            .collect();
        if edges.is_empty() {
            return None;
        }
        edges.extend_from_slice(&self.edges);
        Some(
            Self::with_missing(self.packages.clone(), edges, self.missing.clone())
                .with_uninstallable(self.uninstallable.clone())
                .with_out_of_range(self.out_of_range.clone())
                .with_tagged(self.tagged.clone()),
        )
    }

    pub(crate) fn index_of(&self, name: &PackageName) -> Option<usize> {
        self.packages.binary_search_by(|package| package.name.cmp(name)).ok()
    }

    pub(crate) fn names(&self, indices: impl IntoIterator<Item = usize>) -> Vec<PackageName> {
        indices.into_iter().filter_map(|index| self.packages.get(index)).map(|package| package.name.clone()).collect()
    }

    /// The links between the wanted packages along the wanted edges; links of a package to itself are left out. Nodes
    /// come in the order of the packages.
    pub(crate) fn links(&self, package: impl Fn(&PackageName) -> bool, edge: impl Fn(&Edge) -> bool) -> Links {
        let mut links = Links::new();
        let nodes: Vec<Option<NodeIndex>> = self
            .packages
            .iter()
            .enumerate()
            .map(|(index, wanted)| package(&wanted.name).then(|| links.add_node(index)))
            .collect();
        let node = |name: &PackageName| self.index_of(name).and_then(|index| nodes.get(index).copied().flatten());
        let mut last = None;
        for wanted in self.edges.iter().filter(|wanted| wanted.from != wanted.to && edge(wanted)) {
            let Some(ends) = node(&wanted.from).zip(node(&wanted.to)) else { continue };
            // Edges are sorted by their ends, so those between the same two packages follow each other.
            if last != Some(ends) {
                links.add_edge(ends.0, ends.1, ());
                last = Some(ends);
            }
        }
        links
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{edge, graph, name};

    #[test]
    fn sorts_and_drops_what_is_no_edge_between_packages() {
        let graph = graph(&["c", "a", "b", "a"], &["c>b", "a>b", "a>b", "a>x", "a>a"]);
        let names: Vec<_> = graph.packages().iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let mut own = edge("a>a");
        own.orders = false;
        assert_eq!(graph.edges(), [own, edge("a>b"), edge("c>b")]);
    }

    #[test]
    fn finds_dependencies_and_dependents() {
        let graph = graph(&["a", "b", "c"], &["a>c", "a>b", "b>c", "a~c"]);
        let from: Vec<_> = graph.edges_from(&name("a")).map(|edge| edge.to.as_str()).collect();
        assert_eq!(from, ["b", "c", "c"]);
        let to: Vec<_> = graph.edges_to(&name("c")).map(|edge| edge.from.as_str()).collect();
        assert_eq!(to, ["a", "a", "b"]);
        assert_eq!(graph.edges_to(&name("a")).count(), 0);
        assert_eq!(graph.edges_from(&name("x")).count(), 0);
    }
}
