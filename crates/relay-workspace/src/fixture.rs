//! Workspaces made in memory, for the tests of this crate and of the crates above it.
//!
//! Nothing here touches the disk. A builder panics with a plain sentence when it is given something that no workspace
//! could hold (a name npm refuses, a version that is none, a dependency of an unknown package), since that is a mistake
//! in the test.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use semver::Version;
use serde_json::{Map, Value, json};

use crate::dependency::DependencyKind;
use crate::manager::PackageManager;
use crate::manifest::Manifest;
use crate::name::PackageName;
use crate::version::published_version;
use crate::workspace::{Catalogs, Workspace, WorkspacePackage};

/// Builds a [`Workspace`] package by package.
///
/// ```
/// # use relay_workspace::DependencyKind;
/// # use relay_workspace::fixture::WorkspaceFixture;
/// let workspace = WorkspaceFixture::new()
///     .package("@acme/log", "1.0.0")
///     .package("@acme/core", "1.2.3")
///     .dependency("@acme/core", DependencyKind::Prod, "@acme/log", "workspace:^")
///     .private("site")
///     .build();
/// assert_eq!(workspace.packages.len(), 3);
/// ```
#[derive(Debug, Clone)]
pub struct WorkspaceFixture {
    root: Utf8PathBuf,
    manager: PackageManager,
    packages: BTreeMap<String, FixturePackage>,
    catalogs: Catalogs,
}

#[derive(Debug, Clone)]
struct FixturePackage {
    path: Utf8PathBuf,
    fields: Map<String, Value>,
}

impl Default for WorkspaceFixture {
    fn default() -> Self {
        Self::new()
    }
}

impl WorkspaceFixture {
    /// An empty pnpm workspace at `/workspace`.
    pub fn new() -> Self {
        Self {
            root: Utf8PathBuf::from("/workspace"),
            manager: PackageManager::Pnpm,
            packages: BTreeMap::new(),
            catalogs: Catalogs::new(),
        }
    }

    /// Sets the root's absolute path, `/workspace` otherwise.
    #[must_use]
    pub fn root(mut self, root: impl Into<Utf8PathBuf>) -> Self {
        self.root = root.into();
        self
    }

    /// Sets the package manager, pnpm otherwise.
    #[must_use]
    pub fn manager(mut self, manager: PackageManager) -> Self {
        self.manager = manager;
        self
    }

    /// Adds a package, in the folder `packages/<name without scope>`; a package that is there already gets the version.
    #[must_use]
    pub fn package(mut self, name: &str, version: &str) -> Self {
        assert!(Version::parse(version).is_ok(), "fixture: `{version}` of `{name}` is not a version");
        self.entry(name).insert("version".to_owned(), json!(version));
        self
    }

    /// Adds a private package without a version, or marks one that is there as private.
    #[must_use]
    pub fn private(mut self, name: &str) -> Self {
        self.entry(name).insert("private".to_owned(), json!(true));
        self
    }

    /// Lets one package (which must be there) depend on another name, in the workspace or not.
    #[must_use]
    pub fn dependency(mut self, of: &str, kind: DependencyKind, on: &str, specifier: &str) -> Self {
        let fields = self.existing(of);
        let map = fields.entry(kind.manifest_key()).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(map) = map {
            map.insert(on.to_owned(), json!(specifier));
        }
        self
    }

    /// Sets a field of a package's manifest (which must be there).
    #[must_use]
    pub fn field(mut self, of: &str, key: &str, value: Value) -> Self {
        self.existing(of).insert(key.to_owned(), value);
        self
    }

    /// Moves a package (which must be there) to another folder below the root; the empty path makes it the root package.
    #[must_use]
    pub fn path(mut self, of: &str, path: &str) -> Self {
        let Some(package) = self.packages.get_mut(of) else { panic!("fixture: there is no package `{of}`") };
        package.path = Utf8PathBuf::from(path);
        self
    }

    /// Adds an entry to a catalog: `None` is the default one.
    #[must_use]
    pub fn catalog(mut self, catalog: Option<&str>, package: &str, range: &str) -> Self {
        let entries = self.catalogs.entry(catalog.map(str::to_owned)).or_default();
        entries.insert(package.to_owned(), range.to_owned());
        self
    }

    /// Makes the workspace.
    pub fn build(self) -> Workspace {
        let Self { root, manager, packages, catalogs } = self;
        let mut root_manifest = manifest(Utf8Path::new(""), &{
            let mut fields = Map::new();
            fields.insert("private".to_owned(), json!(true));
            fields
        });
        let packages: Vec<WorkspacePackage> = packages
            .into_iter()
            .map(|(name, package)| {
                let manifest = manifest(&package.path, &package.fields);
                if package.path == Utf8Path::new("") {
                    root_manifest = manifest.clone();
                }
                WorkspacePackage {
                    name: PackageName::parse(&name).unwrap_or_else(|error| panic!("fixture: {error}")),
                    path: package.path,
                    version: manifest.version().and_then(published_version),
                    private: manifest.is_private(),
                    manifest,
                }
            })
            .collect();
        Workspace { root, manager, root_manifest, packages, catalogs, warnings: Vec::new() }
    }

    fn entry(&mut self, name: &str) -> &mut Map<String, Value> {
        let path = self.free_folder(name);
        let package = self.packages.entry(name.to_owned()).or_insert_with(|| {
            let mut fields = Map::new();
            fields.insert("name".to_owned(), json!(name));
            FixturePackage { path, fields }
        });
        &mut package.fields
    }

    fn existing(&mut self, name: &str) -> &mut Map<String, Value> {
        match self.packages.get_mut(name) {
            Some(package) => &mut package.fields,
            None => panic!("fixture: there is no package `{name}`; add it before its fields"),
        }
    }

    /// `packages/<unscoped>`, or the whole name with `-` where that folder is taken.
    fn free_folder(&self, name: &str) -> Utf8PathBuf {
        let name = PackageName::parse(name).unwrap_or_else(|error| panic!("fixture: {error}"));
        let short = Utf8Path::new("packages").join(name.unscoped());
        if self.packages.values().any(|package| package.path == short) {
            return Utf8Path::new("packages").join(name.as_str().replace('/', "-"));
        }
        short
    }
}

fn manifest(folder: &Utf8Path, fields: &Map<String, Value>) -> Manifest {
    let text = format!("{:#}\n", Value::Object(fields.clone()));
    let path = folder.join("package.json");
    Manifest::parse(&path, text).unwrap_or_else(|error| panic!("fixture: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_sorted_packages_with_manifests() {
        let workspace = WorkspaceFixture::new()
            .package("b", "1.0.0")
            .package("@s/b", "2.0.0")
            .dependency("b", DependencyKind::Peer, "@s/b", "workspace:*")
            .private("a")
            .catalog(None, "react", "^18")
            .build();
        let seen: Vec<_> = workspace.packages.iter().map(|p| (p.name.as_str(), p.path.as_str(), p.private)).collect();
        assert_eq!(seen, [("@s/b", "packages/@s-b", false), ("a", "packages/a", true), ("b", "packages/b", false)]);
        let b = workspace.package(&PackageName::parse("b").unwrap()).unwrap();
        assert_eq!(b.manifest.dependencies().len(), 1);
        assert_eq!(b.manifest.path(), "packages/b/package.json");
    }

    #[test]
    #[should_panic(expected = "there is no package `x`")]
    fn a_dependency_of_an_unknown_package_is_a_mistake_in_the_test() {
        let _fixture = WorkspaceFixture::new().dependency("x", DependencyKind::Prod, "y", "*");
    }
}
