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
    /// It is never published: `"private": true`, or another value that npm takes for it.
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
    /// The catalogs of pnpm, yarn or bun.
    pub catalogs: Catalogs,
    /// What was odd but not in the way.
    pub warnings: Vec<String>,
}

/// The range that a `catalog:` specifier stands for: the entry of `package` in the catalog (`None` or `"default"` is the
/// default one). `None` where the catalog or the entry is missing.
pub fn resolve_catalog<'a>(catalogs: &'a Catalogs, package: &str, catalog: Option<&str>) -> Option<&'a str> {
    let key = catalog.filter(|name| *name != "default").map(str::to_owned);
    catalogs.get(&key)?.get(package).map(String::as_str)
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

#[cfg(test)]
mod tests {
    use crate::fixture::WorkspaceFixture;

    use super::resolve_catalog;

    #[test]
    fn a_catalog_entry_is_found_by_catalog_and_package() {
        let catalogs = WorkspaceFixture::new()
            .catalog(None, "react", "^19.0.0")
            .catalog(Some("old"), "react", "^18.0.0")
            .build()
            .catalogs;
        assert_eq!(resolve_catalog(&catalogs, "react", None), Some("^19.0.0"));
        assert_eq!(resolve_catalog(&catalogs, "react", Some("default")), Some("^19.0.0"));
        assert_eq!(resolve_catalog(&catalogs, "react", Some("old")), Some("^18.0.0"));
        assert_eq!(resolve_catalog(&catalogs, "react", Some("none")), None);
        assert_eq!(resolve_catalog(&catalogs, "vue", None), None);
    }
}
