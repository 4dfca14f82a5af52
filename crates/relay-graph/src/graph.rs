//! The graph as a value: packages, edges, and what follows from them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use relay_workspace::{PackageName, Version, Workspace};
use serde::Serialize;

use crate::edge::{Edge, MissingDependency, edges_of};

/// One package as the graph knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct GraphPackage {
    /// Its name.
    pub name: PackageName,
    /// Its folder, relative to the root; empty for the root package.
    pub path: String,
    /// Its version.
    pub version: Option<Version>,
    /// Whether it is never published.
    pub private: bool,
}

/// Packages that depend on each other in a circle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Cycle {
    /// The way round along edges; the first name is not repeated at the end.
    pub path: Vec<PackageName>,
    /// Whether the circle closes over edges that decide the publish order.
    pub runtime: bool,
}

/// The dependency graph of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DependencyGraph {
    packages: Vec<GraphPackage>,
    edges: Vec<Edge>,
    missing: Vec<MissingDependency>,
    index: BTreeMap<PackageName, usize>,
    /// Ranges of `edges` by the package they start from.
    from: Vec<std::ops::Range<usize>>,
    /// Indices into `edges` by the package they lead to.
    to: Vec<Vec<usize>>,
}

impl DependencyGraph {
    /// The graph of a workspace.
    pub fn build(workspace: &Workspace) -> Self {
        let packages = workspace
            .packages
            .iter()
            .map(|package| GraphPackage {
                name: package.name.clone(),
                path: package.path.as_str().replace('\\', "/"),
                version: package.version.clone(),
                private: package.private,
            })
            .collect();
        let (edges, missing) = edges_of(workspace);
        let mut graph = Self::from_parts(packages, edges);
        graph.missing = missing;
        graph
    }

    /// A graph from its parts, in any order. Edges whose ends are no packages are left out.
    pub fn from_parts(mut packages: Vec<GraphPackage>, mut edges: Vec<Edge>) -> Self {
        packages.sort();
        packages.dedup_by(|a, b| a.name == b.name);
        let index: BTreeMap<_, _> =
            packages.iter().enumerate().map(|(at, package)| (package.name.clone(), at)).collect();
        edges.retain(|edge| index.contains_key(&edge.from) && index.contains_key(&edge.to) && edge.from != edge.to);
        edges.sort();
        let mut to = vec![Vec::new(); packages.len()];
        for (at, edge) in edges.iter().enumerate() {
            if let Some(list) = index.get(&edge.to).and_then(|target| to.get_mut(*target)) {
                list.push(at);
            }
        }
        let from = packages
            .iter()
            .map(|package| {
                let start = edges.partition_point(|edge| edge.from < package.name);
                let end = edges.partition_point(|edge| edge.from <= package.name);
                start..end
            })
            .collect();
        Self { packages, edges, missing: Vec::new(), index, from, to }
    }

    /// The packages, sorted by name.
    pub fn packages(&self) -> &[GraphPackage] {
        &self.packages
    }

    /// One package.
    pub fn package(&self, name: &PackageName) -> Option<&GraphPackage> {
        self.index.get(name).and_then(|at| self.packages.get(*at))
    }

    /// The edges, sorted by dependent, dependency and kind.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// What a package depends on.
    pub fn edges_from(&self, name: &PackageName) -> impl Iterator<Item = &Edge> {
        let range = self.index.get(name).and_then(|at| self.from.get(*at)).cloned().unwrap_or(0..0);
        self.edges.get(range).unwrap_or_default().iter()
    }

    /// What depends on a package.
    pub fn edges_to(&self, name: &PackageName) -> impl Iterator<Item = &Edge> {
        let list = self.index.get(name).and_then(|at| self.to.get(*at)).map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(|at| self.edges.get(*at))
    }

    /// `workspace:` specifiers that name no package of the workspace.
    pub fn missing(&self) -> &[MissingDependency] {
        &self.missing
    }

    /// All packages, dependencies first. Where several could come next, the one whose name sorts first does; the members
    /// of a cycle stand together, by name.
    pub fn order(&self) -> Vec<PackageName> {
        let everything: BTreeSet<_> = self.packages.iter().map(|package| package.name.clone()).collect();
        let condensed = Condensed::new(self, &everything);
        condensed.order().into_iter().flat_map(|at| condensed.members(at)).collect()
    }

    /// The members in waves: each package's dependencies among the members stand in earlier waves. Members of a cycle share
    /// a wave.
    pub fn waves_of(&self, members: &BTreeSet<PackageName>) -> Vec<Vec<PackageName>> {
        let condensed = Condensed::new(self, members);
        let mut depth = vec![0_usize; condensed.components.len()];
        for at in condensed.order() {
            let below = condensed.below.get(at).into_iter().flatten();
            let height = below.filter_map(|below| depth.get(*below)).map(|depth| depth + 1).max().unwrap_or(0);
            if let Some(own) = depth.get_mut(at) {
                *own = height;
            }
        }
        let mut waves: Vec<Vec<PackageName>> = vec![Vec::new(); depth.iter().max().map_or(0, |deepest| deepest + 1)];
        for (at, depth) in depth.into_iter().enumerate() {
            if let Some(wave) = waves.get_mut(depth) {
                wave.extend(condensed.members(at));
            }
        }
        for wave in &mut waves {
            wave.sort();
        }
        waves
    }

    /// For each member the length of the longest chain of members that wait for it, itself included.
    pub fn chain_lengths(&self, members: &BTreeSet<PackageName>) -> BTreeMap<PackageName, usize> {
        let condensed = Condensed::new(self, members);
        let mut lengths = vec![1_usize; condensed.components.len()];
        for at in condensed.order().into_iter().rev() {
            let own = lengths.get(at).copied().unwrap_or(1);
            for below in condensed.below.get(at).into_iter().flatten() {
                if let Some(length) = lengths.get_mut(*below) {
                    *length = (*length).max(own + 1);
                }
            }
        }
        lengths
            .into_iter()
            .enumerate()
            .flat_map(|(at, length)| condensed.members(at).into_iter().map(move |name| (name, length)))
            .collect()
    }

    /// The cycles: one for each group of packages that depend on each other over any edges, and one for each group that
    /// does so over the edges that decide the publish order. Each is the shortest way round from its first name.
    pub fn cycles(&self) -> Vec<Cycle> {
        let runtime = self.circles(|edge| edge.orders);
        let mut cycles: Vec<Cycle> = runtime.iter().map(|path| Cycle { path: path.clone(), runtime: true }).collect();
        let in_runtime: BTreeSet<&PackageName> = runtime.iter().flatten().collect();
        for path in self.circles(|_| true) {
            // A group that was told as a runtime cycle is not told again for its dev edges.
            if !path.iter().all(|name| in_runtime.contains(name)) {
                cycles.push(Cycle { path, runtime: false });
            }
        }
        cycles.sort();
        cycles
    }

    fn circles(&self, counts: impl Fn(&Edge) -> bool) -> Vec<Vec<PackageName>> {
        let mut graph: DiGraph<usize, ()> = DiGraph::new();
        let nodes: Vec<NodeIndex> = (0..self.packages.len()).map(|at| graph.add_node(at)).collect();
        let counted: Vec<&Edge> = self.edges.iter().filter(|edge| counts(edge)).collect();
        for edge in &counted {
            if let (Some(from), Some(to)) = (self.node(&nodes, &edge.from), self.node(&nodes, &edge.to)) {
                graph.update_edge(from, to, ());
            }
        }
        let mut circles = Vec::new();
        for component in tarjan_scc(&graph) {
            if component.len() < 2 {
                continue;
            }
            let members: BTreeSet<&PackageName> = component
                .iter()
                .filter_map(|node| graph.node_weight(*node).and_then(|at| self.packages.get(*at)))
                .map(|package| &package.name)
                .collect();
            if let Some(path) = shortest_circle(&members, &counted) {
                circles.push(path);
            }
        }
        circles
    }

    fn node(&self, nodes: &[NodeIndex], name: &PackageName) -> Option<NodeIndex> {
        self.index.get(name).and_then(|at| nodes.get(*at)).copied()
    }
}

/// The shortest way round inside a strongly connected group, from its first name.
fn shortest_circle(members: &BTreeSet<&PackageName>, edges: &[&Edge]) -> Option<Vec<PackageName>> {
    let start = *members.first()?;
    let mut next: BTreeMap<&PackageName, Vec<&PackageName>> = BTreeMap::new();
    for edge in edges {
        if members.contains(&edge.from) && members.contains(&edge.to) {
            next.entry(&edge.from).or_default().push(&edge.to);
        }
    }
    let mut came_from: BTreeMap<&PackageName, &PackageName> = BTreeMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        for &to in next.get(at).into_iter().flatten() {
            if to == start {
                let mut path = vec![at.clone()];
                let mut step = at;
                while step != start {
                    step = came_from.get(step)?;
                    path.push(step.clone());
                }
                path.reverse();
                return Some(path);
            }
            if !came_from.contains_key(to) {
                came_from.insert(to, at);
                queue.push_back(to);
            }
        }
    }
    None
}

/// The graph over some members with each cycle drawn together into one component.
struct Condensed<'a> {
    components: Vec<Vec<&'a PackageName>>,
    /// The components that a component depends on.
    below: Vec<BTreeSet<usize>>,
}

impl<'a> Condensed<'a> {
    fn new(graph: &'a DependencyGraph, members: &BTreeSet<PackageName>) -> Self {
        let mut picture: DiGraph<&'a PackageName, ()> = DiGraph::new();
        let mut nodes: BTreeMap<&PackageName, NodeIndex> = BTreeMap::new();
        for package in graph.packages.iter().filter(|package| members.contains(&package.name)) {
            nodes.insert(&package.name, picture.add_node(&package.name));
        }
        for edge in graph.edges.iter().filter(|edge| edge.orders) {
            if let (Some(from), Some(to)) = (nodes.get(&edge.from), nodes.get(&edge.to)) {
                picture.update_edge(*from, *to, ());
            }
        }
        let mut component_of = vec![0_usize; picture.node_count()];
        let mut components = Vec::new();
        for (at, component) in tarjan_scc(&picture).into_iter().enumerate() {
            let mut names: Vec<&PackageName> =
                component.iter().filter_map(|node| picture.node_weight(*node).copied()).collect();
            names.sort();
            components.push(names);
            for node in component {
                if let Some(own) = component_of.get_mut(node.index()) {
                    *own = at;
                }
            }
        }
        let mut below = vec![BTreeSet::new(); components.len()];
        for edge in picture.edge_indices() {
            let Some((from, to)) = picture.edge_endpoints(edge) else { continue };
            let ends = (component_of.get(from.index()).copied(), component_of.get(to.index()).copied());
            if let (Some(from), Some(to)) = ends
                && from != to
                && let Some(list) = below.get_mut(from)
            {
                list.insert(to);
            }
        }
        Self { components, below }
    }

    fn members(&self, at: usize) -> Vec<PackageName> {
        self.components.get(at).into_iter().flatten().map(|name| (*name).clone()).collect()
    }

    /// Components, dependencies first; among those that could come next, by their first name.
    fn order(&self) -> Vec<usize> {
        let mut waiting: Vec<usize> = self.below.iter().map(BTreeSet::len).collect();
        let mut above: Vec<Vec<usize>> = vec![Vec::new(); self.components.len()];
        for (from, below) in self.below.iter().enumerate() {
            for to in below {
                if let Some(list) = above.get_mut(*to) {
                    list.push(from);
                }
            }
        }
        let first = |at: usize| self.components.get(at).and_then(|names| names.first().copied());
        let mut ready: BinaryHeap<Reverse<(Option<&PackageName>, usize)>> = waiting
            .iter()
            .enumerate()
            .filter(|(_, count)| **count == 0)
            .map(|(at, _)| Reverse((first(at), at)))
            .collect();
        let mut order = Vec::with_capacity(self.components.len());
        while let Some(Reverse((_, at))) = ready.pop() {
            order.push(at);
            for dependent in above.get(at).into_iter().flatten() {
                if let Some(count) = waiting.get_mut(*dependent) {
                    *count -= 1;
                    if *count == 0 {
                        ready.push(Reverse((first(*dependent), *dependent)));
                    }
                }
            }
        }
        order
    }
}
