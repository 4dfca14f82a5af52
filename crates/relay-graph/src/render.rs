//! The graph for people and for programs: text, JSON (`relay.graph/1`), Graphviz, mermaid.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use relay_workspace::PackageName;
use serde::Serialize;

use crate::edge::Edge;
use crate::graph::{Cycle, DependencyGraph, GraphPackage};

/// The document `relay.graph/1`.
#[derive(Debug, Clone, Serialize)]
pub struct GraphDocument<'a> {
    /// Always `relay.graph/1`.
    pub schema: &'static str,
    /// The packages, sorted by name.
    pub packages: &'a [GraphPackage],
    /// The edges.
    pub edges: &'a [Edge],
    /// The names, dependencies first.
    pub order: Vec<PackageName>,
    /// The cycles, each as the names on its way round.
    pub cycles: Vec<Vec<PackageName>>,
}

/// The graph as the document `relay.graph/1`.
pub fn document(graph: &DependencyGraph) -> GraphDocument<'_> {
    GraphDocument {
        schema: "relay.graph/1",
        packages: graph.packages(),
        edges: graph.edges(),
        order: graph.order(),
        cycles: graph.cycles().into_iter().map(|cycle| cycle.path).collect(),
    }
}

/// The graph as lines for people: waves in publish order, each package with what it depends on, then cycles.
pub fn to_text(graph: &DependencyGraph) -> String {
    let mut text = String::new();
    if graph.packages().is_empty() {
        return "no packages\n".to_owned();
    }
    let everything: BTreeSet<PackageName> = graph.packages().iter().map(|package| package.name.clone()).collect();
    for (at, wave) in graph.waves_of(&everything).iter().enumerate() {
        let _ = writeln!(text, "wave {}", at + 1);
        for name in wave {
            let Some(package) = graph.package(name) else { continue };
            let version = package.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
            let private = if package.private { " (private)" } else { "" };
            let _ = writeln!(text, "  {name}{version}{private}");
            for edge in graph.edges_from(name) {
                let note = match (edge.kind.as_str(), edge.orders) {
                    ("prod", true) => String::new(),
                    (kind, true) => format!(", {kind}"),
                    (kind, false) => format!(", {kind}: does not hold it back"),
                };
                let _ = writeln!(text, "    → {} ({}{note})", edge.to, edge.range);
            }
        }
    }
    cycles(&mut text, &graph.cycles());
    for missing in graph.missing() {
        let _ = writeln!(
            text,
            "\nmissing: {} depends on {} ({}), which is no package of the workspace",
            missing.package, missing.dependency, missing.range
        );
    }
    text
}

fn cycles(text: &mut String, cycles: &[Cycle]) {
    let (runtime, dev): (Vec<&Cycle>, Vec<&Cycle>) = cycles.iter().partition(|cycle| cycle.runtime);
    if !runtime.is_empty() {
        text.push_str("\ncycles through runtime dependencies: they have no publish order\n");
        for cycle in runtime {
            let _ = writeln!(text, "  {}", way_round(cycle));
        }
    }
    if !dev.is_empty() {
        text.push_str("\ncycles that need a devDependency: ordinary, and in nobody's way\n");
        for cycle in dev {
            let _ = writeln!(text, "  {}", way_round(cycle));
        }
    }
}

/// `a → b → a`.
pub fn way_round(cycle: &Cycle) -> String {
    let mut names: Vec<&str> = cycle.path.iter().map(PackageName::as_str).collect();
    names.extend(cycle.path.first().map(PackageName::as_str));
    names.join(" → ")
}

/// The graph for Graphviz. Dashed edges don't decide the order.
pub fn to_dot(graph: &DependencyGraph) -> String {
    let mut text = String::from("digraph workspace {\n  rankdir=BT;\n  node [shape=box];\n");
    for package in graph.packages() {
        let version = package.version.as_ref().map(|version| format!("\\n{version}")).unwrap_or_default();
        let style = if package.private { ", style=dotted" } else { "" };
        let name = dot_text(package.name.as_str());
        let _ = writeln!(text, "  \"{name}\" [label=\"{name}{version}\"{style}];");
    }
    for edge in graph.edges() {
        let style = if edge.orders { "" } else { ", style=dashed" };
        let (from, to) = (dot_text(edge.from.as_str()), dot_text(edge.to.as_str()));
        let _ = writeln!(text, "  \"{from}\" -> \"{to}\" [label=\"{}\"{style}];", edge.kind.as_str());
    }
    text.push_str("}\n");
    text
}

fn dot_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// The graph for mermaid, as forges draw it. Dotted edges don't decide the order.
pub fn to_mermaid(graph: &DependencyGraph) -> String {
    let mut text = String::from("graph BT\n");
    let position =
        |name: &PackageName| graph.packages().binary_search_by(|package| package.name.cmp(name)).unwrap_or_default();
    for (at, package) in graph.packages().iter().enumerate() {
        let version = package.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        let private = if package.private { " (private)" } else { "" };
        let name = package.name.as_str().replace('"', "#quot;");
        let _ = writeln!(text, "  p{at}[\"{name}{version}{private}\"]");
    }
    for edge in graph.edges() {
        let (from, to) = (position(&edge.from), position(&edge.to));
        let _ = if edge.orders {
            writeln!(text, "  p{from} --> p{to}")
        } else {
            writeln!(text, "  p{from} -. {} .-> p{to}", edge.kind.as_str())
        };
    }
    text
}
