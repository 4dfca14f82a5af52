//! Properties on small random graphs, judged by brute force.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, proptest};
use relay_graph::{DependencyGraph, Edge, GraphPackage, document, to_dot, to_mermaid, to_text};
use relay_workspace::{DependencyKind, PackageName};

/// Brute force walks every simple path, so graphs stay small.
const PACKAGES_MAX: usize = 7;

type Parts = (Vec<GraphPackage>, Vec<Edge>);

fn name(index: usize) -> PackageName {
    PackageName::parse(&format!("p{index}")).expect("`p` and a number is a name")
}

fn parts() -> impl Strategy<Value = Parts> {
    (1..=PACKAGES_MAX).prop_flat_map(|count| {
        let edge = (0..count, 0..count, prop::sample::select(&DependencyKind::ALL[..]));
        prop::collection::vec(edge, 0..=2 * count).prop_map(move |edges| {
            let packages = (0..count)
                .map(|index| GraphPackage { name: name(index), path: String::new(), version: None, private: false })
                .collect();
            let edges = edges
                .into_iter()
                .map(|(from, to, kind)| Edge {
                    from: name(from),
                    to: name(to),
                    kind,
                    range: "*".to_owned(),
                    orders: kind != DependencyKind::Dev,
                    bundled: false,
                })
                .collect();
            (packages, edges)
        })
    })
}

fn graph((packages, edges): Parts) -> DependencyGraph {
    DependencyGraph::from_parts(packages, edges)
}

/// All that can be reached from a package along the wanted edges, by repeating until nothing changes.
fn reachable(graph: &DependencyGraph, from: &PackageName, wanted: impl Fn(&Edge) -> bool) -> BTreeSet<PackageName> {
    let mut seen = BTreeSet::new();
    loop {
        let before = seen.len();
        for edge in graph.edges().iter().filter(|edge| edge.from != edge.to && wanted(edge)) {
            if &edge.from == from || seen.contains(&edge.from) {
                seen.insert(edge.to.clone());
            }
        }
        if seen.len() == before {
            return seen;
        }
    }
}

fn together(graph: &DependencyGraph, a: &PackageName, b: &PackageName, wanted: impl Fn(&Edge) -> bool + Copy) -> bool {
    reachable(graph, a, wanted).contains(b) && reachable(graph, b, wanted).contains(a)
}

/// The longest path down from a package that touches no component twice, counted in components besides its own.
fn depth(graph: &DependencyGraph, members: &BTreeSet<PackageName>, from: &PackageName, up: bool) -> usize {
    let inside = |edge: &Edge| edge.orders && members.contains(&edge.from) && members.contains(&edge.to);
    let same = |name: &PackageName| name == from || together(graph, from, name, inside);
    let component: BTreeSet<&PackageName> = members.iter().filter(|name| same(name)).collect();
    let ends = graph
        .edges()
        .iter()
        .filter(|edge| inside(edge))
        .map(|edge| if up { (&edge.to, &edge.from) } else { (&edge.from, &edge.to) });
    let next: BTreeSet<&PackageName> =
        ends.filter(|(near, far)| component.contains(near) && !component.contains(far)).map(|(_, far)| far).collect();
    next.into_iter().map(|far| depth(graph, members, far, up) + 1).max().unwrap_or(0)
}

/// Says whether each package of a circle depends on the next.
fn runs(graph: &DependencyGraph, path: &[PackageName], ordering: bool) -> bool {
    let mut steps = path.iter().zip(path.iter().cycle().skip(1));
    steps.all(|(from, to)| graph.edges_from(from).any(|edge| &edge.to == to && (!ordering || edge.orders)))
}

proptest! {
    #[test]
    fn the_order_respects_every_ordering_edge_outside_cycles(parts in parts()) {
        let graph = graph(parts);
        let order = graph.order();
        let place: BTreeMap<_, _> = order.iter().enumerate().map(|(place, name)| (name, place)).collect();
        prop_assert_eq!(place.len(), graph.packages().len());
        for edge in graph.edges().iter().filter(|edge| edge.orders) {
            if !together(&graph, &edge.from, &edge.to, |edge| edge.orders) {
                prop_assert!(place[&edge.to] < place[&edge.from], "{} before {}", edge.to, edge.from);
            }
        }
    }

    #[test]
    fn waves_and_chains_are_longest_paths(parts in parts(), chosen in any::<u8>()) {
        let graph = graph(parts);
        let members: BTreeSet<_> = graph
            .packages()
            .iter()
            .enumerate()
            .filter(|(index, _)| chosen >> index & 1 == 1)
            .map(|(_, package)| package.name.clone())
            .collect();
        let waves = graph.waves_of(&members);
        prop_assert_eq!(waves.iter().map(Vec::len).sum::<usize>(), members.len());
        for (index, wave) in waves.iter().enumerate() {
            prop_assert!(!wave.is_empty());
            prop_assert!(wave.is_sorted());
            for name in wave {
                prop_assert_eq!(index, depth(&graph, &members, name, false), "wave of {}", name);
            }
        }
        let chains = graph.chain_lengths(&members);
        prop_assert_eq!(chains.keys().cloned().collect::<BTreeSet<_>>(), members.clone());
        for (name, length) in &chains {
            prop_assert_eq!(*length, depth(&graph, &members, name, true) + 1, "chain of {}", name);
        }
    }

    #[test]
    fn every_cycle_is_found_and_every_found_one_is_real(parts in parts()) {
        let graph = graph(parts);
        let cycles = graph.cycles();
        for cycle in &cycles {
            prop_assert!(cycle.path.len() > 1);
            prop_assert_eq!(cycle.path.iter().collect::<BTreeSet<_>>().len(), cycle.path.len());
            prop_assert_eq!(cycle.path.first(), cycle.path.iter().min());
            prop_assert!(runs(&graph, &cycle.path, cycle.runtime), "{:?} is no path", cycle);
            prop_assert!(cycle.runtime || !runs(&graph, &cycle.path, true), "{:?} is a runtime cycle", cycle);
        }
        // One for each component, counted by mutual reachability.
        let components = |wanted: fn(&Edge) -> bool| -> BTreeSet<BTreeSet<PackageName>> {
            let names = || graph.packages().iter().map(|package| &package.name);
            names()
                .map(|a| names().filter(|b| a == *b || together(&graph, a, b, wanted)).cloned().collect())
                .filter(|component: &BTreeSet<_>| component.len() > 1)
                .collect()
        };
        let runtime = components(|edge| edge.orders);
        let all = components(|_| true);
        prop_assert_eq!(cycles.iter().filter(|cycle| cycle.runtime).count(), runtime.len());
        prop_assert_eq!(cycles.iter().filter(|cycle| !cycle.runtime).count(), all.difference(&runtime).count());
    }

    #[test]
    fn a_peer_gives_way_exactly_where_it_would_close_a_circle(parts in parts()) {
        let graph = graph(parts);
        for edge in graph.edges().iter().filter(|edge| edge.kind == DependencyKind::Peer && edge.from != edge.to) {
            let closes = reachable(&graph, &edge.to, |edge| edge.orders).contains(&edge.from);
            prop_assert_eq!(edge.orders, !closes, "{:?}", edge);
        }
    }

    #[test]
    fn the_answers_do_not_depend_on_the_order_of_the_input(
        (first, second) in parts().prop_flat_map(|(packages, edges)| {
            let shuffled = (Just(packages.clone()).prop_shuffle(), Just(edges.clone()).prop_shuffle());
            (Just((packages, edges)), shuffled)
        })
    ) {
        let (first, second) = (graph(first), graph(second));
        prop_assert_eq!(document(&first), document(&second));
        prop_assert_eq!(first.cycles(), second.cycles());
        prop_assert_eq!(first.waves(), second.waves());
        prop_assert_eq!(to_text(&first), to_text(&second));
        prop_assert_eq!(to_dot(&first), to_dot(&second));
        prop_assert_eq!(to_mermaid(&first), to_mermaid(&second));
    }
}
