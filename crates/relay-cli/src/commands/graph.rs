//! `relay graph`: the dependency graph in four formats, and what is wrong with it as warnings.

use std::collections::BTreeSet;

use relay_graph::{DependencyGraph, MissingTarget};
use relay_workspace::PackageName;

use crate::cli::graph::{GraphArgs, GraphFormat};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::filter;
use crate::ui::{Ui, json};
use crate::workspace::EnclosingWorkspace;

/// Prints the graph, or the part of it that `--filter` chooses.
pub(crate) fn run(context: &Context, args: &GraphArgs) -> Result<Exit, CliError> {
    let EnclosingWorkspace { workspace, graph: whole, here, .. } = EnclosingWorkspace::read(context)?;
    let chosen = filter::select(&args.selection.filter, &workspace, &whole, &here)?;
    let graph = part(&whole, &chosen);
    for missing in whole.missing().iter().filter(|missing| chosen.contains(&missing.package)) {
        let why = match missing.target {
            MissingTarget::Package => "the workspace has no package of that name",
            MissingTarget::CatalogEntry => "that catalog has no range for it",
        };
        context.ui.warning(format!(
            "`{}` depends on `{}` as `{}`, and {why}",
            missing.package, missing.dependency, missing.range
        ));
    }
    warn_of_what_never_is_published(&context.ui, &whole, &chosen);
    for cycle in graph.cycles().iter().filter(|cycle| cycle.runtime) {
        context.ui.warning(format!(
            "these packages need each other at runtime, so that none can go first: {}",
            graph.closed_path(&cycle.path)
        ));
    }
    if graph.cycles().iter().any(|cycle| cycle.runtime) {
        context.ui.hint("break the circle, or release it as one with `--allow-cycles`");
    }
    match args.format() {
        GraphFormat::Text => context.ui.data(relay_graph::to_text(&graph)),
        GraphFormat::Json => context.ui.data(json(&relay_graph::document(&graph))?),
        GraphFormat::Dot => context.ui.data(relay_graph::to_dot(&graph)),
        GraphFormat::Mermaid => context.ui.data(relay_graph::to_mermaid(&graph)),
    }
    Ok(Exit::Done)
}

/// The chosen packages and the edges between them.
fn part(graph: &DependencyGraph, chosen: &BTreeSet<PackageName>) -> DependencyGraph {
    let packages = graph.packages().iter().filter(|package| chosen.contains(&package.name)).cloned().collect();
    let both = |from, to| chosen.contains(from) && chosen.contains(to);
    let edges = graph.edges().iter().filter(|edge| both(&edge.from, &edge.to)).cloned().collect();
    DependencyGraph::from_parts(packages, edges)
}

/// Warns where one of these packages can be published, needs another at runtime that can't be, and does not bundle it.
pub(super) fn warn_of_what_never_is_published(ui: &Ui, graph: &DependencyGraph, chosen: &BTreeSet<PackageName>) {
    let publishable = |name| graph.package(name).is_some_and(|package| !package.private && package.version.is_some());
    let needed = graph.edges().iter().filter(|edge| edge.kind.is_runtime() && !edge.bundled);
    for edge in needed.filter(|edge| chosen.contains(&edge.from) && publishable(&edge.from) && !publishable(&edge.to)) {
        ui.warning(format!(
            "`{}` is published and needs `{}` at runtime ({}), which never is: whoever installs it won't find it",
            edge.from,
            edge.to,
            edge.kind.manifest_key()
        ));
    }
}
