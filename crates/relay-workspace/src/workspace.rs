//! The workspace as a value: its root, its packages, its catalogs.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use semver::Version;

use crate::manager::PackageManager;
use crate::manifest::Manifest;
use crate::name::PackageName;

/// One package of the workspace.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkspacePackage {
    /// Its name.
    pub name: PackageName,
    /// Its folder relative to the workspace root, with `/`; empty for the root package.
    pub path: Utf8PathBuf,
    /// Its version; `None` where the manifest has none (such a package is never published).
    pub version: Option<Version>,
    /// `"private": true`.
    pub private: bool,
    /// Its manifest.
    pub manifest: Manifest,
}

/// The named ranges of the workspace: `catalog:` is the entry under `None`, `catalog:x` that under `Some("x")`.
pub type Catalogs = BTreeMap<Option<String>, BTreeMap<String, String>>;

/// The packages of one repository.
#[derive(Debug, Clone, PartialEq)]
pub struct Workspace {
    /// The root's absolute path.
    pub root: Utf8PathBuf,
    /// The package manager that the repo uses.
    pub manager: PackageManager,
    /// The root manifest, whether or not the root is itself a package of the workspace.
    pub root_manifest: Manifest,
    /// The packages, sorted by name; names are unique.
    pub packages: Vec<WorkspacePackage>,
    /// pnpm's and bun's catalogs.
    pub catalogs: Catalogs,
    /// What was odd but not in the way.
    pub warnings: Vec<String>,
}

impl WorkspacePackage {
    /// Says whether the package can be published at all: not private, and with a version.
    pub fn is_publishable(&self) -> bool {
        !self.private && self.version.is_some()
    }
}

impl Workspace {
    /// The package of that name.
    pub fn package(&self, name: &PackageName) -> Option<&WorkspacePackage> {
        self.packages.binary_search_by(|package| package.name.cmp(name)).ok().and_then(|index| self.packages.get(index))
    }

    /// The package's absolute folder.
    pub fn folder(&self, package: &WorkspacePackage) -> Utf8PathBuf {
        self.root.join(&package.path)
    }
}
