//! The graph as a mermaid flowchart.

use std::fmt::Write as _;

use relay_values::Printable;

use crate::graph::DependencyGraph;

/// Renders the graph as a mermaid flowchart: one box a package (private ones rounded), one arrow a dependency; arrows
/// that don't count for the order are dotted.
///
/// Nodes are called `p0`, `p1`, …: a package may be named `end`, which is a word of mermaid's own.
pub fn to_mermaid(graph: &DependencyGraph) -> String {
    let mut text = String::from("flowchart LR\n");
    for (index, package) in graph.packages().iter().enumerate() {
        let version = package.version.as_ref().map_or_else(|| "no version".to_owned(), ToString::to_string);
        let label = escaped(&format!("{} {version}", package.name));
        let (open, close) = if package.private { ("([", "])") } else { ("[", "]") };
        // Writing into a `String` can't fail, here and below.
        let _ = writeln!(text, "  p{index}{open}\"{label}\"{close}");
    }
    for edge in graph.edges() {
        let Some((from, to)) = graph.index_of(&edge.from).zip(graph.index_of(&edge.to)) else { continue };
        let arrow = if edge.orders { "-->" } else { "-.->" };
        let label = escaped(&format!("{} {}", edge.kind.as_str(), edge.range));
        let _ = writeln!(text, "  p{from} {arrow}|\"{label}\"| p{to}");
    }
    text
}

/// Writes every character that mermaid, its markdown or HTML could give a meaning to as mermaid's numbered entity.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in Printable::whole(text).as_str().chars() {
        if c.is_ascii_alphanumeric() || " @/.-+:=,^".contains(c) {
            escaped.push(c);
        } else {
            let _ = write!(escaped, "#{};", u32::from(c));
        }
    }
    escaped
}
