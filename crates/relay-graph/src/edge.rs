//! Edges: which packages of the workspace depend on which, how, and whether that decides the publish order.

use std::collections::BTreeMap;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use relay_workspace::{
    Dependency, DependencyKind, PackageName, Range, Specifier, Version, Workspace, WorkspacePackage, WorkspaceSpecifier,
};
use serde::Serialize;

/// One dependency inside the workspace: `from` depends on `to`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Edge {
    /// The dependent.
    pub from: PackageName,
    /// The dependency.
    pub to: PackageName,
    /// The map of the manifest it stands in.
    pub kind: DependencyKind,
    /// The right-hand side as written.
    pub range: String,
    /// Whether the edge counts for the publish order.
    pub orders: bool,
}

/// A `workspace:` specifier that names no package of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct MissingDependency {
    /// The package whose manifest says so.
    pub package: PackageName,
    /// The package that is not there.
    pub dependency: PackageName,
    /// The map it stands in.
    pub kind: DependencyKind,
    /// The right-hand side as written.
    pub range: String,
}

/// All edges of a workspace, sorted, and what is missing.
pub(crate) fn edges_of(workspace: &Workspace) -> (Vec<Edge>, Vec<MissingDependency>) {
    let resolver = Resolver::new(workspace);
    let mut edges = Vec::new();
    let mut missing = Vec::new();
    for package in &workspace.packages {
        for dependency in package.manifest.dependencies() {
            match resolver.target(package, &dependency) {
                Target::Package(target) if target.name != package.name => edges.push(Edge {
                    from: package.name.clone(),
                    to: target.name.clone(),
                    kind: dependency.kind,
                    range: dependency.text.clone(),
                    orders: dependency.kind.is_runtime(),
                }),
                Target::Missing(name) => missing.push(MissingDependency {
                    package: package.name.clone(),
                    dependency: name,
                    kind: dependency.kind,
                    range: dependency.text.clone(),
                }),
                _ => {}
            }
        }
    }
    edges.sort();
    // One package may state a dependency twice in one map under an alias; one edge says it all.
    edges.dedup_by(|a, b| (&a.from, &a.to, a.kind) == (&b.from, &b.to, b.kind));
    missing.sort();
    (edges, missing)
}

enum Target<'a> {
    Package(&'a WorkspacePackage),
    Missing(PackageName),
    Outside,
}

struct Resolver<'a> {
    workspace: &'a Workspace,
    by_path: BTreeMap<&'a Utf8Path, &'a WorkspacePackage>,
}

impl<'a> Resolver<'a> {
    fn new(workspace: &'a Workspace) -> Self {
        let by_path = workspace.packages.iter().map(|package| (package.path.as_path(), package)).collect();
        Self { workspace, by_path }
    }

    fn target(&self, package: &WorkspacePackage, dependency: &Dependency) -> Target<'a> {
        match &dependency.specifier {
            Specifier::Catalog(catalog) => {
                let entry =
                    self.workspace.catalogs.get(catalog).and_then(|ranges| ranges.get(dependency.name.as_str()));
                // A catalog's entry is no catalog reference itself, so that this ends here.
                match entry.map(|text| Specifier::parse(text)) {
                    Some(Specifier::Catalog(_)) | None => Target::Outside,
                    Some(specifier) => self.by_specifier(package, &dependency.name, &specifier),
                }
            }
            specifier => self.by_specifier(package, &dependency.name, specifier),
        }
    }

    fn by_specifier(&self, package: &WorkspacePackage, name: &PackageName, specifier: &Specifier) -> Target<'a> {
        match specifier {
            Specifier::Workspace(WorkspaceSpecifier::Alias { name, .. }) => self.in_workspace(name),
            Specifier::Workspace(_) => self.in_workspace(name),
            Specifier::Workspace(WorkspaceSpecifier::Path(path)) | Specifier::File(path) | Specifier::Link(path) => {
                self.by_folder(package, path)
            }
            Specifier::Range(range) => self.by_range(name, Some(range)),
            Specifier::Alias { name, range } => match Range::parse(range) {
                Ok(range) => self.by_range(name, Some(&range)),
                Err(_) => Target::Outside,
            },
            Specifier::Catalog(_) | Specifier::Tag(_) | Specifier::Remote(_) => Target::Outside,
        }
    }

    fn in_workspace(&self, name: &PackageName) -> Target<'a> {
        self.workspace.package(name).map_or_else(|| Target::Missing(name.clone()), Target::Package)
    }

    /// A plain range means the workspace's package only where it accepts its version; otherwise it means the registry's.
    fn by_range(&self, name: &PackageName, range: Option<&Range>) -> Target<'a> {
        let accepted = |version: &Version| range.is_none_or(|range| range.accepts(version));
        match self.workspace.package(name) {
            Some(package) if package.version.as_ref().is_some_and(accepted) => Target::Package(package),
            _ => Target::Outside,
        }
    }

    fn by_folder(&self, package: &WorkspacePackage, path: &str) -> Target<'a> {
        let Some(folder) = joined(&package.path, Utf8Path::new(path)) else { return Target::Outside };
        self.by_path.get(folder.as_path()).map_or(Target::Outside, |package| Target::Package(package))
    }
}

/// Joins without asking the disk; `None` where the path leaves the root.
fn joined(folder: &Utf8Path, path: &Utf8Path) -> Option<Utf8PathBuf> {
    let mut parts: Vec<&str> = folder.components().map(|part| part.as_str()).collect();
    for part in path.components() {
        match part {
            Utf8Component::Normal(name) => parts.push(name),
            Utf8Component::ParentDir => {
                parts.pop()?;
            }
            Utf8Component::CurDir => {}
            Utf8Component::RootDir | Utf8Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/").into())
}
