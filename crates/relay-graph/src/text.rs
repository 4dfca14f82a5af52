//! The graph for a terminal: waves in publish order, each package with what it depends on, then cycles and what is
//! missing.

use std::fmt::Write as _;

use relay_values::Printable;
use relay_workspace::PackageName;

use crate::cycle::Cycle;
use crate::graph::{DependencyGraph, Edge, GraphPackage};

/// Renders the graph as plain text, which ends in a line break.
///
/// Text that comes from manifests has its control characters replaced, so that no manifest can drive a terminal.
pub fn to_text(graph: &DependencyGraph) -> String {
    let waves = graph.waves();
    let mut text = String::new();
    line(
        &mut text,
        &format!(
            "{}, {}, {} in publish order",
            count(graph.packages().len(), "package", "packages"),
            count(graph.edges().len(), "dependency inside the workspace", "dependencies inside the workspace"),
            count(waves.len(), "wave", "waves"),
        ),
    );
    for (index, wave) in waves.iter().enumerate() {
        line(&mut text, "");
        line(&mut text, &format!("wave {}", index + 1));
        for package in wave.iter().filter_map(|name| graph.package(name)) {
            package_lines(&mut text, graph, package);
        }
    }
    cycle_lines(&mut text, &graph.cycles());
    missing_lines(&mut text, graph);
    text
}

fn package_lines(text: &mut String, graph: &DependencyGraph, package: &GraphPackage) {
    let version = package.version.as_ref().map_or_else(|| "(no version)".to_owned(), ToString::to_string);
    let private = if package.private { "  (private)" } else { "" };
    let path = if package.path.is_empty() { "." } else { &package.path };
    line(text, &format!("  {}  {version}  {}{private}", package.name, Printable::whole(path)));
    for edge in graph.edges_from(&package.name) {
        line(text, &format!("    {}", edge_text(edge)));
    }
}

fn edge_text(edge: &Edge) -> String {
    let note = if edge.orders { "" } else { "  (does not count for the order)" };
    format!("{:<8}  {}  {}{note}", edge.kind.as_str(), edge.to, Printable::whole(&edge.range))
}

fn cycle_lines(text: &mut String, cycles: &[Cycle]) {
    let runtime = cycles.iter().filter(|cycle| cycle.runtime);
    section(
        text,
        "runtime cycles: none of these packages can be published after all that it needs",
        runtime.map(closed_path),
    );
    let dev = cycles.iter().filter(|cycle| !cycle.runtime);
    section(
        text,
        "cycles through devDependencies or peerDependencies: shown only, in nobody's way",
        dev.map(closed_path),
    );
}

fn closed_path(cycle: &Cycle) -> String {
    let names = cycle.path.iter().chain(cycle.path.first()).map(PackageName::as_str);
    names.collect::<Vec<_>>().join(" -> ")
}

fn missing_lines(text: &mut String, graph: &DependencyGraph) {
    let lines = graph.missing().iter().map(|missing| {
        let range = Printable::whole(&missing.range);
        format!("{}  {}  {}  {range}", missing.package, missing.kind.as_str(), missing.dependency)
    });
    section(text, "missing: `workspace:` and `catalog:` dependencies that lead nowhere in this workspace", lines);
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        line(text, "");
        line(text, title);
        lines.for_each(|content| line(text, &format!("  {content}")));
    }
}

fn count(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

fn line(text: &mut String, content: &str) {
    // Writing into a `String` can't fail.
    let _ = writeln!(text, "{content}");
}
