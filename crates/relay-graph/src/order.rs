//! Publish order, waves, and chains of dependents: longest paths over the components of the graph.
//!
//! Packages of a cycle have no order among themselves, so a strongly connected component counts as one station of a
//! path: its packages share a wave and are listed by name.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::NodeIndex;
use relay_workspace::PackageName;

use crate::graph::{DependencyGraph, Links};

impl DependencyGraph {
    /// All packages, dependencies first along the edges that order; packages of the same wave by name.
    ///
    /// Every edge that orders is respected, save those between two packages of one cycle.
    pub fn order(&self) -> Vec<PackageName> {
        self.waves().into_iter().flatten().collect()
    }

    /// The waves of all packages: see [`DependencyGraph::waves_of`].
    pub fn waves(&self) -> Vec<Vec<PackageName>> {
        self.waves_over(&self.links(|_| true, |edge| edge.orders))
    }

    /// The waves in which some of the packages can be published: all that a package waits for is in earlier waves, and
    /// no package is in a later wave than it has to be.
    ///
    /// Only edges between two members count. Members of a cycle share a wave; within a wave the order is by name.
    pub fn waves_of(&self, members: &BTreeSet<PackageName>) -> Vec<Vec<PackageName>> {
        self.waves_over(&self.links(|name| members.contains(name), |edge| edge.orders))
    }

    /// For each member the number of waves that its longest chain of dependents takes, its own included: 1 means that
    /// nobody waits for it. Whoever sends the longest chains first is done soonest.
    ///
    /// Only edges between two members count; a cycle counts as one station.
    pub fn chain_lengths(&self, members: &BTreeSet<PackageName>) -> BTreeMap<PackageName, usize> {
        let links = self.links(|name| members.contains(name), |edge| edge.orders);
        let components = kosaraju_scc(&links);
        let lengths = longest_paths(&links, components.iter().rev(), Direction::Incoming);
        links
            .node_indices()
            .filter_map(|node| {
                let package = self.packages().get(*links.node_weight(node)?)?;
                Some((package.name.clone(), lengths.get(node.index())? + 1))
            })
            .collect()
    }

    fn waves_over(&self, links: &Links) -> Vec<Vec<PackageName>> {
        // `kosaraju_scc` keeps its stack on the heap; petgraph's `tarjan_scc` recurses, and a chain of some ten thousand
        // packages would overflow the thread's stack.
        let components = kosaraju_scc(links);
        let levels = longest_paths(links, components.iter(), Direction::Outgoing);
        let mut waves = vec![Vec::new(); levels.iter().max().map_or(0, |level| level + 1)];
        // Nodes come in the order of the packages, so each wave is sorted by name.
        for (level, index) in levels.iter().zip(links.node_weights()) {
            if let Some(wave) = waves.get_mut(*level) {
                wave.push(*index);
            }
        }
        waves.into_iter().map(|wave| self.names(wave)).collect()
    }
}

/// For each node the length, in components, of the longest path that leaves it in a direction; 0 where none does.
/// `components` must come in an order in which the neighbours in that direction are earlier.
fn longest_paths<'a>(
    links: &Links,
    components: impl Iterator<Item = &'a Vec<NodeIndex>>,
    direction: Direction,
) -> Vec<usize> {
    let mut lengths = vec![0_usize; links.node_count()];
    let mut component_of = vec![usize::MAX; links.node_count()];
    for (id, component) in components.enumerate() {
        for node in component {
            if let Some(slot) = component_of.get_mut(node.index()) {
                *slot = id;
            }
        }
        let length = component
            .iter()
            .flat_map(|node| links.neighbors_directed(*node, direction))
            .filter(|neighbour| component_of.get(neighbour.index()) != Some(&id))
            .filter_map(|neighbour| lengths.get(neighbour.index()))
            .map(|length| length + 1)
            .max()
            .unwrap_or(0);
        for node in component {
            if let Some(slot) = lengths.get_mut(node.index()) {
                *slot = length;
            }
        }
    }
    lengths
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use relay_workspace::PackageName;

    use crate::testing::{graph, name};

    #[track_caller]
    fn check(edges: &[&str], members: &str, expected: &str) {
        let graph = graph(&["a", "b", "c", "d", "e"], edges);
        let members: BTreeSet<_> = members.split_whitespace().map(name).collect();
        let waves: Vec<String> = graph
            .waves_of(&members)
            .iter()
            .map(|wave| wave.iter().map(PackageName::as_str).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(waves.join(" | "), expected);
    }

    #[test]
    fn a_package_is_in_the_first_wave_that_its_dependencies_allow() {
        check(&["a>b", "b>c", "a>d", "e>d"], "a b c d e", "c d | b e | a");
        check(&[], "a b c d e", "a b c d e");
        check(&["a>b"], "", "");
    }

    #[test]
    fn only_edges_between_members_count() {
        check(&["a>b", "b>c"], "a c", "a c");
        check(&["a>b", "b>c"], "a b", "b | a");
    }

    #[test]
    fn dev_edges_hold_nobody_back() {
        check(&["a~b", "c>b"], "a b c", "a b | c");
    }

    #[test]
    fn packages_of_a_cycle_share_a_wave() {
        check(&["a>b", "b>c", "c>a", "d>a", "b>e"], "a b c d e", "e | a b c | d");
    }

    #[test]
    fn a_chain_counts_its_dependents() {
        let graph = graph(&["a", "b", "c", "d", "e"], &["a>b", "b>c", "d>c", "e~a"]);
        let members = ["a", "b", "c", "d"].into_iter().map(name).collect();
        let lengths: Vec<_> = graph.chain_lengths(&members).into_iter().map(|(n, l)| format!("{n}{l}")).collect();
        assert_eq!(lengths, ["a1", "b2", "c3", "d1"]);
    }

    #[test]
    fn a_very_long_chain_overflows_no_stack() {
        let names: Vec<String> = (0..20_000).map(|index| format!("p{index:05}")).collect();
        let edges: Vec<String> = names.windows(2).map(|pair| format!("{}>{}", pair[0], pair[1])).collect();
        let graph = graph(
            &names.iter().map(String::as_str).collect::<Vec<_>>(),
            &edges.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        assert_eq!(graph.waves().len(), 20_000);
        assert!(graph.cycles().is_empty());
    }
}
