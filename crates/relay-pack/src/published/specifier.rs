//! One specifier: what is published in place of `workspace:` and `catalog:`.

use relay_workspace::{
    DependencyKind, PackageName, Range, Specifier, Version, Workspace, WorkspacePackage, WorkspaceSpecifier,
    combined_peer_range,
};

use super::ManifestRewriteError;

/// A dependency of a package.
pub(super) struct Context<'a> {
    pub(super) package: &'a WorkspacePackage,
    pub(super) workspace: &'a Workspace,
    pub(super) dependency: &'a str,
    pub(super) specifier: &'a str,
    pub(super) kind: DependencyKind,
}

/// The text to publish; `None` when the specifier stays as it is.
pub(super) fn resolve(context: &Context) -> Result<Option<String>, ManifestRewriteError> {
    match Specifier::parse(context.specifier) {
        Specifier::Workspace(target)
            if !context.specifier.contains("||") && context.specifier.matches("workspace:").count() == 1 =>
        {
            context.workspace_target(&target, context.dependency).map(Some)
        }
        Specifier::Catalog(catalog) => context.catalog_entry(catalog.as_ref()).map(Some),
        // A peer's range may hold the protocol anywhere: `^1.0.0 || workspace:^`.
        _ if context.kind == DependencyKind::Peer && context.specifier.contains("workspace:") => {
            context.combined().map(Some)
        }
        _ => Ok(None),
    }
}

impl Context<'_> {
    fn workspace_target(&self, target: &WorkspaceSpecifier, name: &str) -> Result<String, ManifestRewriteError> {
        let aliased =
            |text: String, real: &str| if real == self.dependency { text } else { format!("npm:{real}@{text}") };
        let by_folder = |found: &WorkspacePackage| {
            let version = found.version.as_ref().ok_or_else(|| self.without_version())?;
            Ok(aliased(version.to_string(), found.name.as_str()))
        };
        match target {
            WorkspaceSpecifier::Exact => Ok(aliased(self.version_of(name)?.to_string(), name)),
            WorkspaceSpecifier::Caret => Ok(aliased(format!("^{}", self.version_of(name)?), name)),
            WorkspaceSpecifier::Tilde => Ok(aliased(format!("~{}", self.version_of(name)?), name)),
            WorkspaceSpecifier::Range(range) => match (range.trim(), self.package_below_root(range)) {
                // A bare operator means the workspace's version, in peers.
                (operator @ (">=" | ">" | "<=" | "<"), _) => {
                    Ok(aliased(format!("{operator}{}", self.version_of(name)?), name))
                }
                (_, Some(found)) => by_folder(found),
                (_, None) => self.accepting(range, name).map(|()| aliased(range.clone(), name)),
            },
            WorkspaceSpecifier::Path(path) => by_folder(self.package_at(path).ok_or_else(|| self.unknown())?),
            WorkspaceSpecifier::Alias { name, target } => self.workspace_target(target, name.as_str()),
        }
    }

    /// A range is published as it is written, so that the workspace's version must be in it: no package manager installs the
    /// workspace otherwise. yarn lets a range accept the prereleases of what it accepts.
    fn accepting(&self, range: &str, name: &str) -> Result<(), ManifestRewriteError> {
        let Ok(parsed) = Range::parse(range) else { return Ok(()) };
        if !self.kind.is_runtime() {
            return Ok(());
        }
        let version = self.version_of(name)?;
        let release = Version::new(version.major, version.minor, version.patch);
        if parsed.accepts(version) || parsed.accepts(&release) {
            return Ok(());
        }
        Err(ManifestRewriteError::OutOfRange {
            package: self.package.name.clone(),
            dependency: self.dependency.to_owned(),
            specifier: self.specifier.to_owned(),
            version: version.clone(),
        })
    }

    /// Each part of a range with `||` or spaces by itself; the workspace's version must be in the whole.
    fn combined(&self) -> Result<String, ManifestRewriteError> {
        if let Ok(version) = self.version_of(self.dependency)
            && let Some(whole) = combined_peer_range(self.specifier, version)
        {
            return self.accepting(&whole, self.dependency).map(|()| whole);
        }
        let mut parts = Vec::new();
        for part in self.specifier.split("||") {
            let mut words = Vec::new();
            for word in part.split_whitespace() {
                words.push(match Specifier::parse(word) {
                    Specifier::Workspace(target) => self.workspace_target(&target, self.dependency)?,
                    _ => word.to_owned(),
                });
            }
            parts.push(words.join(" "));
        }
        Ok(parts.join(" || "))
    }

    fn version_of(&self, name: &str) -> Result<&Version, ManifestRewriteError> {
        let name = PackageName::parse(name).map_err(|_| self.unknown())?;
        let found = self.workspace.package(&name).ok_or_else(|| self.unknown())?;
        found.version.as_ref().ok_or_else(|| self.without_version())
    }

    /// yarn reads a text that is no range for a folder below the root.
    fn package_below_root(&self, text: &str) -> Option<&WorkspacePackage> {
        let folder = text.trim_end_matches('/');
        if Range::parse(text).is_ok() {
            return None;
        }
        self.workspace.packages.iter().find(|package| !folder.is_empty() && package.path.as_str() == folder)
    }

    fn package_at(&self, path: &str) -> Option<&WorkspacePackage> {
        let mut names: Vec<&str> = self.package.path.as_str().split('/').filter(|name| !name.is_empty()).collect();
        for name in path.split('/') {
            match name {
                "" | "." => {}
                ".." => {
                    names.pop()?;
                }
                _ => names.push(name),
            }
        }
        let wanted = names.join("/");
        self.workspace.packages.iter().find(|package| package.path.as_str() == wanted)
    }

    fn catalog_entry(&self, catalog: Option<&String>) -> Result<String, ManifestRewriteError> {
        let entries = self.workspace.catalogs.get(&catalog.cloned());
        let Some(entry) = entries.and_then(|entries| entries.get(self.dependency)) else {
            return Err(ManifestRewriteError::NoCatalogEntry {
                package: self.package.name.clone(),
                dependency: self.dependency.to_owned(),
                specifier: self.specifier.to_owned(),
                catalog: match catalog {
                    Some(name) => format!("the catalog `{name}`"),
                    None => "the default catalog".to_owned(),
                },
            });
        };
        if Specifier::parse(entry).is_workspace_only() {
            return Err(ManifestRewriteError::CatalogEntryProtocol {
                package: self.package.name.clone(),
                dependency: self.dependency.to_owned(),
                specifier: self.specifier.to_owned(),
                entry: entry.clone(),
            });
        }
        Ok(entry.clone())
    }

    fn unknown(&self) -> ManifestRewriteError {
        ManifestRewriteError::UnknownPackage {
            package: self.package.name.clone(),
            dependency: self.dependency.to_owned(),
            specifier: self.specifier.to_owned(),
        }
    }

    fn without_version(&self) -> ManifestRewriteError {
        ManifestRewriteError::NoVersion {
            package: self.package.name.clone(),
            dependency: self.dependency.to_owned(),
            specifier: self.specifier.to_owned(),
        }
    }
}
