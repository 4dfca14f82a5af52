//! Circles in the graph, by strongly connected components.
//!
//! A cycle through edges that order is a real obstacle: none of its packages can be published after all that it needs.
//! A cycle that needs a devDependency or a peerDependency is ordinary and in nobody's way, but worth showing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::NodeIndex;
use relay_workspace::PackageName;
use serde::{Deserialize, Serialize};

use crate::graph::{DependencyGraph, Links};

/// How many starts one component is searched from for a short cycle. One start is enough to find a cycle; more can only
/// find a shorter one. Real components have below 50 packages.
const SEARCH_STARTS_MAX: usize = 256;

/// A circle of dependencies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cycle {
    /// The packages: each depends on the next, the last on the first, which is the least by name and not repeated.
    pub path: Vec<PackageName>,
    /// Says whether the path runs along edges that order alone, so that no order satisfies all of its packages.
    pub runtime: bool,
}

impl DependencyGraph {
    /// The cycles, sorted by path: one for each strongly connected component over the edges that order (`runtime`), and
    /// one for each component over all edges that is larger than that, whose path then needs a dev edge.
    ///
    /// Paths are the shortest found. There is no cycle in the answer exactly when the graph has none.
    pub fn cycles(&self) -> Vec<Cycle> {
        let ordering = self.links(|_| true, |edge| edge.orders);
        let all = self.links(|_| true, |_| true);
        // Both have every package as a node, so that a node means the same package in both.
        let runtime = components(&ordering);
        let mut runtime_of: BTreeMap<NodeIndex, usize> = BTreeMap::new();
        for (id, component) in runtime.iter().enumerate() {
            runtime_of.extend(component.iter().map(|node| (*node, id)));
        }
        let mut cycles: Vec<Cycle> = runtime
            .iter()
            .filter_map(|component| shortest_cycle(&ordering, component))
            .map(|path| self.cycle(&path, true))
            .collect();
        for component in components(&all).iter().filter(|component| !runtime.contains(component)) {
            // Seen with each runtime component as one point, this component is still a circle, and the edges that order
            // make none: so an edge that doesn't order leads from point to point, and a path from its end leads back.
            let crossing = |from: NodeIndex, to: NodeIndex| {
                let point = runtime_of.get(&from);
                !ordering.contains_edge(from, to) && (point.is_none() || point != runtime_of.get(&to))
            };
            let path = shortest_cycle_through(&all, component, crossing);
            cycles.extend(path.map(|path| self.cycle(&path, false)));
        }
        cycles.sort();
        cycles
    }

    fn cycle(&self, path: &[NodeIndex], runtime: bool) -> Cycle {
        let mut path: Vec<NodeIndex> = path.to_vec();
        // Nodes are in the order of the names.
        if let Some(least) = path.iter().enumerate().min_by_key(|(_, node)| **node).map(|(position, _)| position) {
            path.rotate_left(least);
        }
        Cycle { path: self.names(path.iter().map(|node| node.index())), runtime }
    }
}

/// The components of two or more nodes.
fn components(links: &Links) -> Vec<BTreeSet<NodeIndex>> {
    kosaraju_scc(links).into_iter().filter(|nodes| nodes.len() > 1).map(BTreeSet::from_iter).collect()
}

/// A shortest cycle within a component, among those through its first [`SEARCH_STARTS_MAX`] nodes.
fn shortest_cycle(links: &Links, component: &BTreeSet<NodeIndex>) -> Option<Vec<NodeIndex>> {
    let mut best: Option<Vec<NodeIndex>> = None;
    for &start in component.iter().take(SEARCH_STARTS_MAX) {
        let limit = best.as_ref().map_or(component.len(), |path| path.len() - 1);
        best = path_back(links, component, start, start, limit).or(best);
        if best.as_ref().is_some_and(|path| path.len() == 2) {
            break;
        }
    }
    best
}

/// A shortest cycle within a component through one of the wanted edges, among the first [`SEARCH_STARTS_MAX`] of these.
fn shortest_cycle_through(
    links: &Links,
    component: &BTreeSet<NodeIndex>,
    wanted: impl Fn(NodeIndex, NodeIndex) -> bool,
) -> Option<Vec<NodeIndex>> {
    let mut best: Option<Vec<NodeIndex>> = None;
    let edges = component.iter().flat_map(|&from| sorted_neighbours(links, from).into_iter().map(move |to| (from, to)));
    let edges = edges.filter(|(from, to)| component.contains(to) && wanted(*from, *to));
    for (from, to) in edges.take(SEARCH_STARTS_MAX) {
        let limit = best.as_ref().map_or(component.len(), |path| path.len() - 1);
        best = path_back(links, component, to, from, limit).or(best);
        if best.as_ref().is_some_and(|path| path.len() == 2) {
            break;
        }
    }
    best
}

/// A shortest path from `start` to `goal` with at most `limit` nodes, both ends included; where they are the same node,
/// a shortest way around back to it, with the node once.
fn path_back(
    links: &Links,
    component: &BTreeSet<NodeIndex>,
    start: NodeIndex,
    goal: NodeIndex,
    limit: usize,
) -> Option<Vec<NodeIndex>> {
    let mut previous: BTreeMap<NodeIndex, NodeIndex> = BTreeMap::new();
    let mut queue = VecDeque::from([(start, 1_usize)]);
    while let Some((node, length)) = queue.pop_front() {
        if length > limit {
            return None;
        }
        if node == goal && start != goal {
            return Some(walked(&previous, start, node));
        }
        for next in sorted_neighbours(links, node) {
            if next == goal && start == goal {
                return Some(walked(&previous, start, node));
            }
            if next != start && component.contains(&next) && !previous.contains_key(&next) {
                previous.insert(next, node);
                queue.push_back((next, length + 1));
            }
        }
    }
    None
}

/// The path from `start` to `end` as a search left it behind.
fn walked(previous: &BTreeMap<NodeIndex, NodeIndex>, start: NodeIndex, end: NodeIndex) -> Vec<NodeIndex> {
    let mut path = vec![end];
    let mut node = end;
    while node != start {
        let Some(&before) = previous.get(&node) else { break };
        path.push(before);
        node = before;
    }
    path.reverse();
    path
}

/// petgraph lists neighbours latest first; by name is what makes the answer the same for the same graph.
fn sorted_neighbours(links: &Links, node: NodeIndex) -> Vec<NodeIndex> {
    let mut neighbours: Vec<NodeIndex> = links.neighbors(node).collect();
    neighbours.sort_unstable();
    neighbours
}

#[cfg(test)]
mod tests {
    use relay_workspace::PackageName;

    use crate::testing::graph;

    #[track_caller]
    fn check(edges: &[&str], expected: &[&str]) {
        let seen: Vec<String> = graph(&["a", "b", "c", "d", "e"], edges)
            .cycles()
            .iter()
            .map(|cycle| {
                let path = cycle.path.iter().map(PackageName::as_str).collect::<Vec<_>>().join("");
                format!("{path} {}", if cycle.runtime { "runtime" } else { "dev" })
            })
            .collect();
        assert_eq!(seen, expected, "{edges:?}");
    }

    #[test]
    fn a_graph_without_circles_has_no_cycle() {
        check(&["a>b", "b>c", "a~c"], &[]);
        check(&["a>a"], &[]);
    }

    #[test]
    fn a_circle_of_ordering_edges_is_a_runtime_cycle() {
        check(&["c>a", "b>c", "a>b"], &["abc runtime"]);
        check(&["a^b", "b>a"], &["ab dev"]);
    }

    #[test]
    fn a_circle_that_needs_a_dev_edge_is_not_runtime() {
        check(&["a>b", "b~a"], &["ab dev"]);
        check(&["a~b", "b~a"], &["ab dev"]);
    }

    #[test]
    fn a_dev_edge_beside_an_ordering_edge_changes_nothing() {
        check(&["a>b", "a~b", "b>a", "b~a"], &["ab runtime"]);
    }

    #[test]
    fn a_runtime_cycle_inside_a_larger_component_is_reported_by_itself() {
        check(&["a>b", "b>a", "b>c", "c~a"], &["ab runtime", "abc dev"]);
        check(&["a>b", "b>a", "b~c", "c>d", "d>c", "d~a"], &["ab runtime", "abcd dev", "cd runtime"]);
    }

    #[test]
    fn the_shortest_circle_of_a_component_is_shown() {
        check(&["a>b", "b>c", "c>d", "d>a", "c>b"], &["bc runtime"]);
    }

    #[test]
    fn separate_circles_are_separate_cycles() {
        check(&["a>b", "b>a", "c>d", "d~c"], &["ab runtime", "cd dev"]);
    }
}
