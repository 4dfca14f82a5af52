//! What a package needs at runtime: whether whoever installs it will find it.

use std::collections::{BTreeMap, BTreeSet};

use relay_change::Bump;
use relay_graph::{DependencyGraph, Edge, MissingDependency, MissingTarget, UninstallableDependency};
use relay_values::RegistryUrl;
use relay_workspace::{DependencyKind, Obstacle, PackageName, Range, Specifier, Version, combined_peer_range};

use crate::finding::{Finding, Severity};
use crate::observation::{Observations, PackageObservation, SkipReason, SkippedObservation};
use crate::preflight::siblings::Siblings;
use crate::render::quoted;

/// The rest of the workspace, as the checks of one package need it.
pub(super) struct WorkspaceMembers<'a> {
    graph: &'a DependencyGraph,
    offline: bool,
    registries: BTreeMap<&'a PackageName, &'a RegistryUrl>,
    skipped: BTreeMap<&'a PackageName, SkipReason>,
    missing: BTreeMap<&'a PackageName, Vec<&'a MissingDependency>>,
    uninstallable: BTreeMap<&'a PackageName, Vec<&'a UninstallableDependency>>,
    /// Packages that get another version, so that ranges of them follow it.
    moving: BTreeSet<&'a PackageName>,
    siblings: Siblings<'a>,
}

impl<'a> WorkspaceMembers<'a> {
    pub(super) fn of(observations: &'a Observations<'_>) -> Self {
        let mut missing: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for dependency in observations.graph.missing() {
            missing.entry(&dependency.package).or_default().push(dependency);
        }
        let mut uninstallable: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for dependency in observations.graph.uninstallable() {
            uninstallable.entry(&dependency.package).or_default().push(dependency);
        }
        let moving = observations.packages.iter().filter(|package| package.bump != Bump::None);
        Self {
            graph: observations.graph,
            offline: observations.offline,
            registries: observations.packages.iter().map(|package| (&package.name, &package.registry)).collect(),
            skipped: observations.skipped.iter().map(|skipped| (&skipped.name, skipped.reason)).collect(),
            missing,
            uninstallable,
            moving: moving.map(|package| &package.name).collect(),
            siblings: Siblings::of(observations),
        }
    }

    /// The findings about one package's dependencies, by the dependency's name.
    pub(super) fn check(&self, package: &PackageObservation) -> Vec<Finding> {
        let mut findings = self.nowhere(&package.name);
        findings.extend(self.for_nobody(&package.name));
        findings.extend(self.siblings.unsatisfied(&package.name));
        for edge in self.runtime_edges(&package.name) {
            let finding = self
                .never_published(edge)
                .or_else(|| self.not_looked_up(edge))
                .or_else(|| self.elsewhere(package, edge))
                .or_else(|| self.siblings.behind(package, edge));
            findings.extend(finding);
        }
        findings
    }

    /// What will be in the way of a package that is not released this time. What the configuration or a filter leaves out
    /// is nobody's concern.
    pub(super) fn check_skipped(&self, skipped: &SkippedObservation) -> Vec<Finding> {
        let mut findings = match skipped.reason {
            SkipReason::Ignored | SkipReason::NotSelected => return Vec::new(),
            _ => self.nowhere(&skipped.name),
        };
        if matches!(skipped.reason, SkipReason::NotChanged | SkipReason::AlreadyPublished) {
            findings.extend(self.for_nobody(&skipped.name));
            findings.extend(self.runtime_edges(&skipped.name).filter_map(|edge| self.never_published(edge)));
            let unsatisfied = self.siblings.unsatisfied(&skipped.name);
            findings.extend(unsatisfied.filter(|finding| finding.severity == Severity::Error));
        }
        for finding in &mut findings {
            finding.severity = Severity::Warning;
        }
        findings
    }

    fn nowhere(&self, package: &PackageName) -> Vec<Finding> {
        let missing = self.missing.get(package).into_iter().flatten().map(|missing| leads_nowhere(missing));
        let runtime = self.graph.edges_from(package).filter(|edge| edge.kind.is_runtime() && !edge.bundled);
        missing.chain(runtime.filter_map(|edge| self.out_of_range(edge))).collect()
    }

    fn for_nobody(&self, package: &PackageName) -> impl Iterator<Item = Finding> {
        self.uninstallable.get(package).into_iter().flatten().map(|dependency| uninstallable(dependency))
    }

    /// A `workspace:` range that does not accept the package of the workspace. It goes out as it is written, and the package
    /// managers refuse to install the workspace. Where the package gets another version, its ranges follow.
    fn out_of_range(&self, edge: &Edge) -> Option<Finding> {
        let Specifier::Workspace(specifier) = Specifier::parse(&edge.range) else { return None };
        let version = self.graph.package(&edge.to)?.version.as_ref().filter(|_| !self.moving.contains(&edge.to))?;
        let combined = (edge.kind == DependencyKind::Peer).then(|| combined_peer_range(&edge.range, version)).flatten();
        let range = match &combined {
            Some(whole) => Range::parse(whole),
            None => Range::parse(specifier.innermost_range()?),
        };
        let range = range.ok().filter(|range| !range.accepts(version))?;
        let (to, kind) = (&edge.to, edge.kind.manifest_key());
        let finding = Finding::error(
            &edge.from,
            format!("its `{kind}` have `{to}` as {}, and the workspace's `{to}` is {version}", quoted(&edge.range)),
            format!("write a range that accepts {version}, or `workspace:^`, which follows the version"),
        );
        // yarn lets a range accept the prereleases of what it accepts; the registry's readers don't.
        let release = Version::new(version.major, version.minor, version.patch);
        let severity = if range.accepts(&release) { Severity::Warning } else { finding.severity };
        Some(Finding { severity, ..finding })
    }

    /// What is needed at runtime and not in the tarball itself, each dependency once.
    fn runtime_edges(&self, package: &PackageName) -> impl Iterator<Item = &Edge> {
        let mut seen = BTreeSet::new();
        self.graph.edges_from(package).filter(move |edge| {
            edge.kind.is_runtime() && !edge.bundled && edge.to != edge.from && seen.insert(&edge.to)
        })
    }

    /// A dependency that is on no registry and never will be.
    fn never_published(&self, edge: &Edge) -> Option<Finding> {
        let below = self.graph.package(&edge.to).filter(|_| !self.registries.contains_key(&edge.to))?;
        let cause = match (below.private, &below.version) {
            (true, _) => "is private",
            (false, None) => "has no version",
            (false, Some(_)) => return None,
        };
        let (to, kind) = (&edge.to, edge.kind.manifest_key());
        Some(Finding::error(
            &edge.from,
            format!("its `{kind}` have `{to}`, which {cause} and is never published, so it can't be installed"),
            format!(
                "let `{to}` be published, bundle it, or move it to `devDependencies` where it is built into the package \
                 or not needed at runtime"
            ),
        ))
    }

    /// A dependency that is perhaps not on any registry. Whatever is skipped for another reason was looked up and is there,
    /// or nobody was asked.
    fn not_looked_up(&self, edge: &Edge) -> Option<Finding> {
        let (to, kind) = (&edge.to, edge.kind.manifest_key());
        let left_out = match self.skipped.get(to)? {
            SkipReason::Ignored => "the configuration ignores",
            SkipReason::NotSelected => "the filter leaves out",
            _ => return None,
        };
        (!self.offline).then(|| {
            Finding::warning(
                &edge.from,
                format!("its `{kind}` have `{to}`, which {left_out}, so nobody looked whether it is published"),
                format!("make sure that the registry has a version of `{to}` in the range, or release it too"),
            )
        })
    }

    /// A dependency of the same release that goes to another registry.
    fn elsewhere(&self, package: &PackageObservation, edge: &Edge) -> Option<Finding> {
        let other = self.registries.get(&edge.to).filter(|registry| **registry != &package.registry)?;
        Some(Finding::warning(
            &package.name,
            format!("its `{}` have `{}`, which goes to another registry, `{other}`", edge.kind.manifest_key(), edge.to),
            "whoever installs it needs both registries in their `.npmrc`, one of them for a scope",
        ))
    }
}

fn leads_nowhere(missing: &MissingDependency) -> Finding {
    let (why, help) = match missing.target {
        MissingTarget::Package => (
            "the workspace has no such package",
            "correct the name, add the package to the workspace, or write a plain range",
        ),
        MissingTarget::CatalogEntry => (
            "that catalog has no range for it",
            "add an entry to the catalog, correct the catalog's name, or write a plain range",
        ),
    };
    Finding::error(
        &missing.package,
        format!(
            "its `{}` have `{}` as `{}`, and {why}",
            missing.kind.manifest_key(),
            missing.dependency,
            missing.range
        ),
        help,
    )
}

fn uninstallable(dependency: &UninstallableDependency) -> Finding {
    let (why, help) = match &dependency.obstacle {
        Obstacle::Local => (
            "a path that leads out of the package, where whoever installs it has nothing".to_owned(),
            "write a range of versions, or `workspace:^` where it is a package of this workspace; or bundle it"
                .to_owned(),
        ),
        Obstacle::Protocol(protocol) if protocol == "jsr:" => (
            "a protocol that npm does not know".to_owned(),
            "write `npm:@jsr/<scope>__<name>@<range>`, which npm can install from JSR's registry".to_owned(),
        ),
        Obstacle::Protocol(protocol) => (
            format!("and npm knows no protocol {}, so that it installs nothing", quoted(protocol)),
            "write a range of versions, or an address that npm knows, such as one with `git+ssh:` or `https:`"
                .to_owned(),
        ),
        Obstacle::NoName(range) => (
            "which yarn, pnpm and bun read and npm refuses: it wants a package's name behind `npm:`".to_owned(),
            format!("write {}, which means the same to all of them", quoted(range)),
        ),
        Obstacle::Unreadable => (
            "which is neither a range of versions nor a dist-tag nor an address, so that npm refuses it".to_owned(),
            "correct it; a range looks like `^1.2.3`".to_owned(),
        ),
    };
    let (kind, name) = (dependency.kind.manifest_key(), &dependency.dependency);
    Finding::error(
        &dependency.package,
        format!("its `{kind}` have `{name}` as {}, {why}", quoted(&dependency.range)),
        help,
    )
}
