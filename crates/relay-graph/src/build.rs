//! From manifests to edges.
//!
//! What makes an edge: a `workspace:` specifier, always; a plain range, a `catalog:` entry or an `npm:` alias when it
//! accepts the version that the workspace has; a `file:` or `link:` path when it is a package's folder. The rules are
//! those that pnpm, npm and changesets agree on when they decide whether a dependency is the workspace's own package.
//!
//! Runtime dependencies that nobody could install from a registry are listed beside the edges, whether they make one or
//! not; so are those on a package of the workspace that only another version than the workspace's can satisfy.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use relay_values::DistTag;
use relay_workspace::{
    Dependency, DependencyKind, Obstacle, PackageName, Range, Specifier, Version, Workspace, WorkspacePackage,
    WorkspaceSpecifier, combined_peer_range, resolve_catalog,
};

use crate::graph::{
    DependencyGraph, Edge, GraphPackage, MissingDependency, MissingTarget, OutOfRangeDependency, TaggedDependency,
    UninstallableDependency,
};

impl DependencyGraph {
    /// Reads the graph from the manifests of a workspace.
    ///
    /// Dependencies on packages outside the workspace make no edge, and neither do ranges that don't accept the
    /// workspace's version: those are installed from the registry.
    pub fn build(workspace: &Workspace) -> Self {
        let folders: BTreeMap<&Utf8Path, &PackageName> =
            workspace.packages.iter().map(|package| (package.path.as_path(), &package.name)).collect();
        let names: BTreeSet<&str> = workspace.packages.iter().map(|package| package.name.as_str()).collect();
        let resolver = Resolver { workspace, folders };
        let mut edges = Vec::new();
        let mut missing = Vec::new();
        let mut uninstallable = Vec::new();
        let mut out_of_range = Vec::new();
        let mut tagged = Vec::new();
        for package in &workspace.packages {
            // Most dependencies are plain ranges of packages from elsewhere; reading these would be most of the work.
            let texts = package.manifest.dependency_texts();
            for (kind, key, text) in texts {
                let leads_here = names.contains(key) || text.contains([':', '/']);
                let at_runtime = kind.is_runtime() && !package.manifest.bundles(kind, key);
                if !leads_here && (!at_runtime || Obstacle::of(text).is_none()) {
                    continue;
                }
                let Some(dependency) = Dependency::parse(kind, key, text) else { continue };
                if at_runtime && let Some(obstacle) = resolver.obstacle(&dependency) {
                    uninstallable.push(UninstallableDependency {
                        package: package.name.clone(),
                        dependency: dependency.name.clone(),
                        kind,
                        range: dependency.text.clone(),
                        obstacle,
                    });
                }
                let target = resolver
                    .combined_peer(&dependency)
                    .unwrap_or_else(|| resolver.target(package, &dependency.name, &dependency.specifier));
                match target {
                    Target::Package(to) => edges
                        .push(Edge { bundled: package.manifest.bundles(kind, key), ..edge(package, to, &dependency) }),
                    Target::OutOfRange(sibling, range) if at_runtime => out_of_range.push(OutOfRangeDependency {
                        package: package.name.clone(),
                        sibling: sibling.clone(),
                        kind,
                        specifier: dependency.text.clone(),
                        range,
                        dispensable: kind == DependencyKind::Peer && package.manifest.peer_is_optional(key),
                    }),
                    Target::Tagged(sibling, tag) if at_runtime => tagged.push(TaggedDependency {
                        package: package.name.clone(),
                        sibling: sibling.clone(),
                        kind,
                        specifier: dependency.text.clone(),
                        tag,
                        dispensable: kind == DependencyKind::Peer && package.manifest.peer_is_optional(key),
                    }),
                    Target::Elsewhere | Target::OutOfRange(..) | Target::Tagged(..) => {}
                    Target::Missing(name, target) => missing.push(MissingDependency {
                        package: package.name.clone(),
                        dependency: name,
                        kind: dependency.kind,
                        range: dependency.text,
                        target,
                    }),
                }
            }
        }
        let packages = workspace.packages.iter().map(node).collect();
        Self::with_missing(packages, edges, missing)
            .with_uninstallable(uninstallable)
            .with_out_of_range(out_of_range)
            .with_tagged(tagged)
    }
}

/// Where a specifier leads.
enum Target<'a> {
    /// To a package of the workspace.
    Package(&'a PackageName),
    /// To another version than the workspace has of a package: to a registry.
    OutOfRange(&'a PackageName, Range),
    /// To what a dist-tag of a package leads to: to a registry.
    Tagged(&'a PackageName, String),
    /// Out of the workspace: to a registry, a URL, a folder that is no package of it.
    Elsewhere,
    /// To something that the workspace should have and has not.
    Missing(PackageName, MissingTarget),
}

struct Resolver<'a> {
    workspace: &'a Workspace,
    folders: BTreeMap<&'a Utf8Path, &'a PackageName>,
}

impl<'a> Resolver<'a> {
    fn target(&self, package: &WorkspacePackage, name: &PackageName, specifier: &Specifier) -> Target<'a> {
        match specifier {
            Specifier::Workspace(specifier) => self.workspace_target(package, name, specifier),
            Specifier::Catalog(catalog) => {
                let entry = resolve_catalog(&self.workspace.catalogs, name.as_str(), catalog.as_deref());
                match entry.map(Specifier::parse) {
                    // A catalog entry can't point into a catalog again.
                    None | Some(Specifier::Catalog(_)) => Target::Missing(name.clone(), MissingTarget::CatalogEntry),
                    Some(specifier) => self.target(package, name, &specifier),
                }
            }
            Specifier::Alias { name, range } => match Range::parse(range) {
                Ok(range) => self.in_range(name, &range),
                Err(_) => self.tagged(name, range),
            },
            Specifier::Range(range) | Specifier::Prefixed(range) => self.in_range(name, range),
            Specifier::File(path) | Specifier::Link(path) => self.at(package, path),
            // npm takes a bare `../b` for `file:../b`.
            Specifier::Remote(path) if path.starts_with("./") || path.starts_with("../") => self.at(package, path),
            Specifier::Tag(tag) => self.tagged(name, tag),
            Specifier::Remote(_) => Target::Elsewhere,
        }
    }

    /// What keeps the dependency from being installed once it is published: `workspace:` and `catalog:` are resolved then.
    fn obstacle(&self, dependency: &Dependency) -> Option<Obstacle> {
        match &dependency.specifier {
            Specifier::Workspace(specifier) => match specifier.innermost_range() {
                Some(text) if !self.is_resolved_at_pack(text) => Obstacle::of(text),
                _ => None,
            },
            Specifier::Catalog(catalog) => {
                let entry = resolve_catalog(&self.workspace.catalogs, dependency.name.as_str(), catalog.as_deref())?;
                // Packing refuses an entry that only the workspace understands.
                Obstacle::of(entry).filter(|_| !Specifier::parse(entry).is_workspace_only())
            }
            // A peer's range may hold the protocol anywhere, and packing resolves it there.
            _ if dependency.kind == DependencyKind::Peer && dependency.text.contains("workspace:") => None,
            _ => Obstacle::of(&dependency.text),
        }
    }

    /// What stands behind `workspace:` and is a folder, a bare operator or a range with the protocol in it again.
    fn is_resolved_at_pack(&self, text: &str) -> bool {
        self.folders.contains_key(Utf8Path::new(text.trim_end_matches('/')))
            || matches!(text.trim(), ">=" | ">" | "<=" | "<")
            || text.contains("workspace:")
    }

    fn workspace_target(
        &self,
        package: &WorkspacePackage,
        name: &PackageName,
        specifier: &WorkspaceSpecifier,
    ) -> Target<'a> {
        match specifier {
            WorkspaceSpecifier::Alias { name, .. } => self.known(name),
            // yarn reads `workspace:packages/b` as a folder below the root, pnpm `workspace:../b` as one beside this.
            WorkspaceSpecifier::Path(path) => match self.at(package, path) {
                Target::Package(found) => Target::Package(found),
                Target::Elsewhere | Target::OutOfRange(..) | Target::Tagged(..) | Target::Missing(..) => {
                    Target::Missing(name.clone(), MissingTarget::Package)
                }
            },
            WorkspaceSpecifier::Range(text) if Range::parse(text).is_err() => {
                match self.folders.get(Utf8Path::new(text.trim_end_matches('/'))) {
                    Some(found) => Target::Package(found),
                    None => self.known(name),
                }
            }
            WorkspaceSpecifier::Exact
            | WorkspaceSpecifier::Caret
            | WorkspaceSpecifier::Tilde
            | WorkspaceSpecifier::Range(_) => self.known(name),
        }
    }

    fn known(&self, name: &PackageName) -> Target<'a> {
        match self.workspace.package(name) {
            Some(package) => Target::Package(&package.name),
            None => Target::Missing(name.clone(), MissingTarget::Package),
        }
    }

    fn in_range(&self, name: &PackageName, range: &Range) -> Target<'a> {
        match self.workspace.package(name) {
            Some(package) if accepts(range, package.version.as_ref()) => Target::Package(&package.name),
            Some(package) => Target::OutOfRange(&package.name, range.clone()),
            None => Target::Elsewhere,
        }
    }

    /// Where a peer's range leads that has `workspace:` in a part behind the first, such as `^1.0.0 || workspace:^`.
    fn combined_peer(&self, dependency: &Dependency) -> Option<Target<'a>> {
        if dependency.kind != DependencyKind::Peer || matches!(dependency.specifier, Specifier::Workspace(_)) {
            return None;
        }
        let sibling = self.workspace.package(&dependency.name)?;
        let version = sibling.version.as_ref()?;
        let range = Range::parse(&combined_peer_range(&dependency.text, version)?).ok()?;
        Some(if range.accepts(version) { Target::Elsewhere } else { Target::OutOfRange(&sibling.name, range) })
    }

    fn tagged(&self, name: &PackageName, text: &str) -> Target<'a> {
        // What can be no tag is no dependency on the package of that name: npm refuses it, or takes it for an archive.
        let is_archive = [".tgz", ".tar.gz", ".tar"].iter().any(|ending| text.to_ascii_lowercase().ends_with(ending));
        match (self.workspace.package(name), DistTag::parse(text.trim())) {
            (Some(package), Ok(tag)) if !is_archive => Target::Tagged(&package.name, tag.as_str().to_owned()),
            _ => Target::Elsewhere,
        }
    }

    /// The package in the folder that `path` means, seen from the folder of `package`.
    fn at(&self, package: &WorkspacePackage, path: &str) -> Target<'a> {
        let folder = normalised(&package.path, Utf8Path::new(path.trim()));
        match folder.and_then(|folder| self.folders.get(folder.as_path()).copied()) {
            Some(name) => Target::Package(name),
            None => Target::Elsewhere,
        }
    }
}

/// npm's install links a workspace package for `*` and the empty range whatever its version, even a prerelease or none.
fn accepts(range: &Range, version: Option<&Version>) -> bool {
    matches!(range.as_str().trim(), "" | "*") || version.is_some_and(|version| range.accepts(version))
}

/// Joins two paths and resolves `.` and `..` by text alone; `None` where the result is absolute or above the root.
fn normalised(base: &Utf8Path, path: &Utf8Path) -> Option<Utf8PathBuf> {
    let mut whole = Utf8PathBuf::new();
    for component in base.components().chain(path.components()) {
        match component {
            Utf8Component::CurDir => {}
            Utf8Component::Normal(part) => whole.push(part),
            Utf8Component::ParentDir => {
                if !whole.pop() {
                    return None;
                }
            }
            Utf8Component::RootDir | Utf8Component::Prefix(_) => return None,
        }
    }
    Some(whole)
}

fn edge(package: &WorkspacePackage, to: &PackageName, dependency: &Dependency) -> Edge {
    Edge {
        from: package.name.clone(),
        to: to.clone(),
        kind: dependency.kind,
        range: dependency.text.clone(),
        orders: dependency.kind != DependencyKind::Dev && &package.name != to,
        bundled: false,
    }
}

fn node(package: &WorkspacePackage) -> GraphPackage {
    GraphPackage {
        name: package.name.clone(),
        path: package.path.as_str().to_owned(),
        version: package.version.clone(),
        private: package.private,
    }
}

#[cfg(test)]
mod tests;
