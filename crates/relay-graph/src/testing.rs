//! A short spelling of graphs for this crate's tests: `a>b` is an ordering edge of kind prod, `a^b` one of kind peer,
//! `a~b` a dev edge, which never orders.

use relay_workspace::{DependencyKind, PackageName, Version};

use crate::graph::{DependencyGraph, Edge, GraphPackage};

pub(crate) fn name(text: &str) -> PackageName {
    PackageName::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn package(text: &str) -> GraphPackage {
    GraphPackage {
        name: name(text),
        path: format!("packages/{text}"),
        version: Some(Version::new(1, 0, 0)),
        private: false,
    }
}

pub(crate) fn edge(text: &str) -> Edge {
    let (index, sign) = text.char_indices().find(|(_, c)| ">^~".contains(*c)).expect("an edge has a sign");
    let kind = match sign {
        '>' => DependencyKind::Prod,
        '^' => DependencyKind::Peer,
        _ => DependencyKind::Dev,
    };
    Edge {
        from: name(&text[..index]),
        to: name(&text[index + 1..]),
        kind,
        range: "workspace:^".to_owned(),
        orders: kind != DependencyKind::Dev,
        bundled: false,
    }
}

pub(crate) fn graph(packages: &[&str], edges: &[&str]) -> DependencyGraph {
    DependencyGraph::from_parts(
        packages.iter().map(|text| package(text)).collect(),
        edges.iter().map(|text| edge(text)).collect(),
    )
}
