//! Versions under which somebody else's bytes stand, as jobs that have failed before they begin (invariant I3), and what stands
//! on them (I5).

use std::collections::{BTreeMap, BTreeSet};

use relay_config::RouteKind;
use relay_graph::DependencyGraph;
use relay_workspace::PackageName;

use crate::machine::Job;
use crate::release::ForeignVersion;
use crate::state::Failure;

/// For each package that needs a foreign version to be installed, the packages of these versions.
pub(super) fn standing_on(
    graph: &DependencyGraph,
    foreign: &[ForeignVersion],
) -> BTreeMap<PackageName, Vec<PackageName>> {
    let mut standing: BTreeMap<PackageName, Vec<PackageName>> = BTreeMap::new();
    for foreign in foreign {
        let mut seen = BTreeSet::from([&foreign.live.name]);
        let mut waiting = vec![&foreign.live.name];
        while let Some(name) = waiting.pop() {
            for edge in graph.edges_to(name).filter(|edge| edge.orders && seen.insert(&edge.from)) {
                standing.entry(edge.from.clone()).or_default().push(foreign.live.name.clone());
                waiting.push(&edge.from);
            }
        }
    }
    standing
}

/// A job that has failed before it begins.
pub(super) fn foreign_job(foreign: &ForeignVersion) -> Job {
    let ForeignVersion { live, there, ours } = foreign;
    Job {
        name: live.name.clone(),
        registry: live.registry.clone(),
        route: RouteKind::Blocked,
        depends_on: Vec::new(),
        chain_length: 1,
        credential: String::new(),
        bypasses: false,
        can_become_interactive: false,
        accepted_before: false,
        failed: Some(Failure::OtherBytes { there: there.to_string(), ours: ours.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use relay_graph::{Edge, GraphPackage};
    use relay_workspace::{DependencyKind, Integrity, Version};

    use super::*;
    use crate::observe::LiveVersion;

    fn name(at: usize) -> PackageName {
        PackageName::parse(&format!("p{at}")).unwrap()
    }

    fn graph(packages: usize, edges: &[(usize, usize, bool)]) -> DependencyGraph {
        let package = |at| GraphPackage { name: name(at), path: String::new(), version: None, private: false };
        let edge = |&(from, to, orders): &(usize, usize, bool)| Edge {
            from: name(from),
            to: name(to),
            kind: DependencyKind::Prod,
            range: "*".to_owned(),
            orders,
            bundled: false,
        };
        DependencyGraph::from_parts((0..packages).map(package).collect(), edges.iter().map(edge).collect())
    }

    fn foreign(at: usize) -> ForeignVersion {
        let live = LiveVersion {
            name: name(at),
            version: Version::new(1, 0, 0),
            is_present: true,
            registry: "http://registry.example/".parse().unwrap(),
            integrity: None,
            named_by: BTreeSet::new(),
        };
        let bytes = |text| Integrity::parse(text).unwrap();
        ForeignVersion { live, there: bytes("sha512-aa=="), ours: bytes("sha512-bb==") }
    }

    #[test]
    fn what_stands_on_it_through_others_is_held_and_nothing_else() {
        // 0 is foreign; 2 stands on 1, which is live; 3 only develops with it; 4 stands alone.
        let graph = graph(5, &[(1, 0, true), (2, 1, true), (3, 0, false)]);
        let standing = standing_on(&graph, &[foreign(0)]);
        assert_eq!(standing, BTreeMap::from([(name(1), vec![name(0)]), (name(2), vec![name(0)])]));
        assert!(matches!(foreign_job(&foreign(0)).failed, Some(Failure::OtherBytes { .. })));
    }

    proptest! {
        #[test]
        fn it_is_the_closure_whatever_the_graph(
            edges in prop::collection::vec((0_usize..8, 0_usize..8, any::<bool>()), 0..24),
            roots in prop::collection::btree_set(0_usize..8, 0..3),
        ) {
            let edges: Vec<_> = edges.into_iter().filter(|(from, to, _)| from != to).collect();
            let found = standing_on(&graph(8, &edges), &roots.iter().map(|at| foreign(*at)).collect::<Vec<_>>());
            for package in 0..8 {
                for root in &roots {
                    // Reached by a naive search from the package down.
                    let (mut reached, mut grows) = (BTreeSet::from([package]), true);
                    while grows {
                        let below = edges.iter().filter(|(from, _, orders)| *orders && reached.contains(from));
                        let below: Vec<usize> = below.map(|(_, to, _)| *to).collect();
                        let before = reached.len();
                        reached.extend(below);
                        grows = reached.len() > before;
                    }
                    let held = found.get(&name(package)).is_some_and(|by| by.contains(&name(*root)));
                    prop_assert_eq!(held, package != *root && reached.contains(root));
                }
            }
        }
    }
}
