//! Which packages `relay pack` is about.

use std::collections::BTreeSet;

use relay_workspace::{PackageName, WorkspacePackage};

use crate::error::CliError;
use crate::filter;
use crate::workspace::EnclosingWorkspace;

/// The packages, dependencies first, and those that are left out with the reason.
pub(super) struct Targets {
    pub(super) names: Vec<PackageName>,
    pub(super) skipped: Vec<(PackageName, &'static str)>,
}

/// Chooses by `--filter`, by the folder one stands in, or all that can be published.
pub(super) fn choose(around: &EnclosingWorkspace, selectors: &[String]) -> Result<Targets, CliError> {
    let current = around.current_package().or_else(|| the_only_one(around));
    if let Some(package) = current.filter(|_| selectors.is_empty()) {
        return one(package);
    }
    let chosen = filter::select(selectors, &around.workspace, &around.graph, &around.here)?;
    publishable(around, &chosen)
}

/// A repository with one package, at its root, is no workspace: the package is the current one.
fn the_only_one(around: &EnclosingWorkspace) -> Option<&WorkspacePackage> {
    match around.workspace.packages.as_slice() {
        [package] if package.path.as_str().is_empty() => Some(package),
        _ => None,
    }
}

/// The package one stands in is packed even if it is private, as npm does.
fn one(package: &WorkspacePackage) -> Result<Targets, CliError> {
    if package.version.is_none() {
        return Err(CliError::user(format!("`{}` has no version, so it can't be packed", package.name))
            .hint(format!("add a `version` to `{}`", package.manifest.path()))
            .code("relay::pack::no_version"));
    }
    Ok(Targets { names: vec![package.name.clone()], skipped: Vec::new() })
}

fn publishable(around: &EnclosingWorkspace, chosen: &BTreeSet<PackageName>) -> Result<Targets, CliError> {
    let mut targets = Targets { names: Vec::new(), skipped: Vec::new() };
    for name in around.graph.order() {
        let Some(package) = around.workspace.package(&name).filter(|_| chosen.contains(&name)) else { continue };
        match (package.private, package.version.is_some()) {
            (true, _) => targets.skipped.push((name, "it is private")),
            (false, false) => targets.skipped.push((name, "it has no version")),
            (false, true) => targets.names.push(name),
        }
    }
    if targets.names.is_empty() {
        let mut error = CliError::user("there is nothing to pack").code("relay::pack::nothing");
        for (name, why) in &targets.skipped {
            error = error.cause(format!("`{name}` is left out: {why}"));
        }
        return Err(error.hint("run `relay pack` in the folder of a private package to pack it all the same"));
    }
    Ok(targets)
}
