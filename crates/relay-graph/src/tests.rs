//! Order, waves and cycles against what must hold on any graph.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use relay_workspace::{DependencyKind, PackageName};

use crate::{DependencyGraph, Edge, GraphPackage};

fn name(at: usize) -> PackageName {
    PackageName::parse(&format!("p{at:02}")).expect("a valid name")
}

fn graph(count: usize, edges: &[(usize, usize, DependencyKind)]) -> DependencyGraph {
    let packages =
        (0..count).map(|at| GraphPackage { name: name(at), path: format!("p/{at}"), version: None, private: false });
    let edges = edges.iter().map(|(from, to, kind)| Edge {
        from: name(*from),
        to: name(*to),
        kind: *kind,
        range: "*".to_owned(),
        orders: kind.is_runtime(),
    });
    DependencyGraph::from_parts(packages.collect(), edges.collect())
}

fn graphs() -> impl Strategy<Value = (usize, Vec<(usize, usize, DependencyKind)>)> {
    (2..9_usize).prop_flat_map(|count| {
        let kind = prop_oneof![Just(DependencyKind::Prod), Just(DependencyKind::Peer), Just(DependencyKind::Dev)];
        (Just(count), proptest::collection::vec((0..count, 0..count, kind), 0..14))
    })
}

/// What can be reached from a package over edges that count, by brute force.
fn reachable(graph: &DependencyGraph, counts: impl Fn(&Edge) -> bool) -> BTreeMap<PackageName, BTreeSet<PackageName>> {
    let mut reach: BTreeMap<PackageName, BTreeSet<PackageName>> =
        graph.packages().iter().map(|package| (package.name.clone(), BTreeSet::new())).collect();
    for _ in graph.packages() {
        for edge in graph.edges().iter().filter(|edge| counts(edge)) {
            let mut more = reach.get(&edge.to).cloned().unwrap_or_default();
            more.insert(edge.to.clone());
            reach.entry(edge.from.clone()).or_default().extend(more);
        }
    }
    reach
}

proptest! {
    #[test]
    fn dependencies_come_first_and_waves_are_as_early_as_can_be((count, edges) in graphs()) {
        let graph = graph(count, &edges);
        let all: BTreeSet<_> = (0..count).map(name).collect();
        let order = graph.order();
        prop_assert_eq!(order.iter().cloned().collect::<BTreeSet<_>>(), all.clone());
        let waves = graph.waves_of(&all);
        let wave_of: BTreeMap<_, _> =
            waves.iter().enumerate().flat_map(|(at, wave)| wave.iter().map(move |name| (name.clone(), at))).collect();
        let reach = reachable(&graph, |edge| edge.orders);
        let at = |name: &PackageName| order.iter().position(|other| other == name);
        for edge in graph.edges().iter().filter(|edge| edge.orders) {
            if reach[&edge.to].contains(&edge.from) {
                prop_assert_eq!(wave_of[&edge.from], wave_of[&edge.to], "a cycle shares a wave");
            } else {
                prop_assert!(at(&edge.from) > at(&edge.to));
                prop_assert!(wave_of[&edge.from] > wave_of[&edge.to]);
            }
        }
        for (name, wave) in &wave_of {
            // A wave later than the first is there because something in the wave before is needed.
            let component: BTreeSet<_> = reach[name].iter().filter(|other| reach[*other].contains(name)).cloned()
                .chain([name.clone()]).collect();
            let needed = graph.edges().iter().filter(|edge| edge.orders && component.contains(&edge.from))
                .filter(|edge| !component.contains(&edge.to)).map(|edge| wave_of[&edge.to] + 1).max().unwrap_or(0);
            prop_assert_eq!(*wave, needed);
        }
    }

    #[test]
    fn every_cycle_is_found_and_is_one((count, edges) in graphs()) {
        let graph = graph(count, &edges);
        let cycles = graph.cycles();
        for cycle in &cycles {
            for (from, to) in cycle.path.iter().zip(cycle.path.iter().cycle().skip(1)) {
                prop_assert!(graph.edges_from(from).any(|edge| edge.to == *to && (edge.orders || !cycle.runtime)));
            }
        }
        let any_runtime = reachable(&graph, |edge| edge.orders).iter().any(|(name, reach)| reach.contains(name));
        prop_assert_eq!(cycles.iter().any(|cycle| cycle.runtime), any_runtime);
        let any = reachable(&graph, |_| true).iter().any(|(name, reach)| reach.contains(name));
        prop_assert_eq!(!cycles.is_empty(), any);
    }

    #[test]
    fn the_order_of_the_input_does_not_matter((count, edges) in graphs()) {
        let mut turned = edges.clone();
        turned.reverse();
        prop_assert_eq!(graph(count, &edges).order(), graph(count, &turned).order());
        prop_assert_eq!(graph(count, &edges).cycles(), graph(count, &turned).cycles());
    }

    #[test]
    fn chains_are_the_longest_way_up((count, edges) in graphs()) {
        let acyclic: Vec<_> = edges.into_iter().filter(|(from, to, _)| from > to).collect();
        let graph = graph(count, &acyclic);
        let all: BTreeSet<_> = (0..count).map(name).collect();
        let lengths = graph.chain_lengths(&all);
        for at in 0..count {
            let above = graph.edges_to(&name(at)).filter(|edge| edge.orders).map(|edge| lengths[&edge.from] + 1).max();
            prop_assert_eq!(lengths[&name(at)], above.unwrap_or(1));
        }
    }
}

#[test]
fn a_dev_edge_closes_an_ordinary_cycle_only() {
    let graph = graph(2, &[(0, 1, DependencyKind::Dev), (1, 0, DependencyKind::Prod)]);
    let cycles = graph.cycles();
    assert_eq!(cycles.len(), 1);
    assert!(!cycles[0].runtime);
    assert_eq!(graph.order(), [name(0), name(1)]);
}
