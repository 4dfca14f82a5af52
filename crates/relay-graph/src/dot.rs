//! The graph in Graphviz' dot language.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use relay_values::Printable;
use relay_workspace::{DependencyKind, PackageName};

use crate::cycle::Cycle;
use crate::graph::DependencyGraph;

/// Renders the graph for Graphviz: one node a package (private ones dashed), one arrow a dependency, styled by kind; the
/// arrows of runtime cycles are red.
pub fn to_dot(graph: &DependencyGraph) -> String {
    let mut text = String::from("digraph workspace {\n  rankdir=\"LR\";\n  node [shape=\"box\"];\n");
    for package in graph.packages() {
        let version = package.version.as_ref().map_or_else(|| "no version".to_owned(), ToString::to_string);
        let label = quoted(&format!("{}\n{version}", package.name));
        let style = if package.private { ", style=\"dashed\"" } else { "" };
        // Writing into a `String` can't fail, here and below.
        let _ = writeln!(text, "  {} [label={label}{style}];", quoted(package.name.as_str()));
    }
    let cycles: Vec<Cycle> = graph.cycles().into_iter().filter(|cycle| cycle.runtime).collect();
    let steps: BTreeSet<(&PackageName, &PackageName)> =
        cycles.iter().flat_map(|cycle| cycle.path.iter().zip(cycle.path.iter().cycle().skip(1))).collect();
    for edge in graph.edges() {
        let in_cycle = edge.orders && steps.contains(&(&edge.from, &edge.to));
        let style = match edge.kind {
            DependencyKind::Prod => "solid",
            DependencyKind::Optional | DependencyKind::Peer => "dashed",
            DependencyKind::Dev => "dotted",
        };
        let colour = if in_cycle { ", color=\"red\"" } else { "" };
        let _ = writeln!(
            text,
            "  {} -> {} [label={}, style=\"{style}\"{colour}];",
            quoted(edge.from.as_str()),
            quoted(edge.to.as_str()),
            quoted(&format!("{} {}", edge.kind.as_str(), edge.range)),
        );
    }
    text.push_str("}\n");
    text
}

/// A quoted string of dot. Line breaks become `\n`, which dot draws as a new line.
fn quoted(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| Printable::whole(line).as_str().replace('\\', "\\\\").replace('"', "\\\""))
        .collect();
    format!("\"{}\"", lines.join("\\n"))
}
