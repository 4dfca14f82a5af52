//! Peer dependencies that would close a circle give way in the publish order.
//!
//! A plugin names its host as a peer, and the host brings the plugin: both are ordinary, and neither npm nor changesets
//! minds which comes first, because a peer is brought by whoever installs the plugin. So the peer edge does not count for
//! the order where it would make one impossible; anywhere else it does.

use std::collections::BTreeSet;

use petgraph::algo::kosaraju_scc;
use relay_workspace::DependencyKind;

use crate::graph::DependencyGraph;

/// How many peer edges of circles are weighed one by one. Real workspaces have below 100; beyond it all the rest give way.
const EDGES_WEIGHED_MAX: usize = 5_000;

impl DependencyGraph {
    /// Lets peer edges give way: as few as the order of the edges allows, and none that closes no circle.
    pub(crate) fn let_peers_give_way(mut self) -> Self {
        let peers = self.peers_in_circles();
        if peers.is_empty() {
            return self;
        }
        for at in &peers {
            self.set_orders(*at, false);
        }
        let mut dependencies: Vec<Vec<usize>> = vec![Vec::new(); self.packages().len()];
        for (from, to) in self.edges().iter().filter(|edge| edge.orders).filter_map(|edge| self.ends(edge)) {
            push(&mut dependencies, from, to);
        }
        for at in peers.into_iter().take(EDGES_WEIGHED_MAX) {
            let Some((from, to)) = self.edges().get(at).and_then(|edge| self.ends(edge)) else { continue };
            if !reaches(&dependencies, to, from) {
                self.set_orders(at, true);
                push(&mut dependencies, from, to);
            }
        }
        self
    }

    /// The ordering peer edges, by place, between two packages that are in one circle of edges that order.
    fn peers_in_circles(&self) -> Vec<usize> {
        let is_peer = |edge: &crate::Edge| edge.orders && edge.kind == DependencyKind::Peer;
        if !self.edges().iter().any(is_peer) {
            return Vec::new();
        }
        let links = self.links(|_| true, |edge| edge.orders);
        let mut circle_of: Vec<Option<usize>> = vec![None; self.packages().len()];
        for (id, circle) in kosaraju_scc(&links).into_iter().enumerate().filter(|(_, nodes)| nodes.len() > 1) {
            for slot in circle {
                if let Some(slot) = links.node_weight(slot).and_then(|package| circle_of.get_mut(*package)) {
                    *slot = Some(id);
                }
            }
        }
        let in_circle = |edge: &crate::Edge| {
            let circle = |at: usize| circle_of.get(at).copied().flatten();
            self.ends(edge).is_some_and(|(from, to)| circle(from).is_some() && circle(from) == circle(to))
        };
        let edges = self.edges().iter().enumerate();
        edges.filter(|(_, edge)| is_peer(edge) && in_circle(edge)).map(|(at, _)| at).collect()
    }

    /// The places of both packages of an edge.
    fn ends(&self, edge: &crate::Edge) -> Option<(usize, usize)> {
        self.index_of(&edge.from).zip(self.index_of(&edge.to))
    }
}

fn push(dependencies: &mut [Vec<usize>], from: usize, to: usize) {
    if let Some(list) = dependencies.get_mut(from) {
        list.push(to);
    }
}

/// Says whether a package needs another, at however many steps.
fn reaches(dependencies: &[Vec<usize>], start: usize, goal: usize) -> bool {
    let mut seen = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        if at == goal {
            return true;
        }
        open.extend(dependencies.get(at).into_iter().flatten().copied().filter(|next| seen.insert(*next)));
    }
    false
}

#[cfg(test)]
mod tests {
    use relay_workspace::DependencyKind;

    use crate::testing::graph;

    /// The peer edges that don't order.
    #[track_caller]
    fn check(edges: &[&str], yielding: &[&str], order: &str) {
        let graph = graph(&["a", "b", "c", "d"], edges);
        let peers = graph.edges().iter().filter(|edge| edge.kind == DependencyKind::Peer && !edge.orders);
        let seen: Vec<String> = peers.map(|edge| format!("{}^{}", edge.from, edge.to)).collect();
        assert_eq!(seen, yielding, "{edges:?}");
        let names: Vec<String> = graph.order().iter().map(ToString::to_string).collect();
        assert_eq!(names.join(""), order, "{edges:?}");
    }

    #[test]
    fn a_peer_that_closes_a_circle_gives_way() {
        check(&["a>b", "b^a"], &["b^a"], "bcda");
        check(&["a>b", "b>c", "c^a"], &["c^a"], "cdba");
    }

    #[test]
    fn a_peer_that_closes_none_orders() {
        check(&["a^b", "b^c"], &[], "cdba");
        check(&["a>b", "b^a", "c^a"], &["b^a"], "bdac");
    }

    #[test]
    fn of_two_peers_one_gives_way() {
        check(&["a^b", "b^a"], &["b^a"], "bcda");
        check(&["a^b", "b^c", "c^a", "c^d"], &["c^a"], "dcba");
    }

    #[test]
    fn a_circle_of_other_edges_stays_one() {
        let graph = graph(&["a", "b"], &["a>b", "b>a", "b^a"]);
        assert!(graph.cycles().iter().any(|cycle| cycle.runtime));
    }
}
