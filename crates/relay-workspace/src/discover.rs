//! Finding the packages of a repository: which folder is the workspace root, which folders its patterns mean, and what
//! their manifests say.
//!
//! Facts about the managers: pnpm's `packages` and catalogs, npm's `@npmcli/map-workspaces` (read in npm 11.19), yarn's and
//! lerna's globbing, bun's object form of `workspaces`, rush's list of projects; as of November 2026.
//!
//! - `root`: up to the root; `definition`, `rush`, `yaml`: what its files say; `manager`: whose repository it is
//! - `pattern`, `selection`: globs and exclusions; `walk`: the pass over the disk
//! - `packages`: manifests to packages; `error`: all that can go wrong

mod definition;
mod error;
mod file;
mod manager;
mod packages;
mod pattern;
mod root;
mod rush;
mod selection;
mod walk;
mod yaml;

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

pub use error::DiscoverError;
pub use packages::PACKAGES_MAX;
pub use yaml::read_yaml;

use definition::{Definition, Origin};
use packages::{Gathering, InFolder};
use relay_values::Printable;
use walk::{NeverEntered, Walked};

use crate::manager::PackageManager;
use crate::manifest::Manifest;
use crate::workspace::Workspace;

impl Workspace {
    /// Finds the workspace that a folder belongs to, and reads all its packages.
    ///
    /// Only reads. What is odd but not in the way (a pattern that matches nothing, a package without a name, …) is told in
    /// [`Workspace::warnings`].
    ///
    /// # Errors
    /// [`DiscoverError`] says which file is broken or unreadable, which pattern leads out of the repository, which
    /// publishable package has a name or version that npm would refuse or a name that another one has.
    pub fn discover(start: &Utf8Path) -> Result<Self, DiscoverError> {
        let mut definition = root::find(start)?;
        let manager = manager::detect(&definition.root, definition.manifest.as_ref(), definition.manager);
        definition.read_catalogs(manager)?;
        let never = NeverEntered { bower_components: definition.origin == Origin::Pnpm };
        let walked = walk::walk(&definition.root, &definition.selection, never)?;
        let Members { packages: members, mut warnings } = members(&definition, manager, &walked)?;
        let mut gathering = Gathering::default();
        if let Some(manifest) =
            definition.manifest.as_ref().filter(|manifest| keeps_root(&definition, &walked, manifest))
        {
            gathering.add(Utf8Path::new(""), manifest.clone(), &definition.unpublished)?;
        }
        for (folder, manifest) in members {
            gathering.add(&folder, manifest, &definition.unpublished)?;
        }
        let (packages, odd) = gathering.finish()?;
        warnings.extend(definition.warnings);
        warnings.extend(walked.warnings);
        warnings.extend(odd);
        warnings.sort();
        let root_manifest = match definition.manifest {
            Some(manifest) => manifest,
            // rush and pnpm get by without one.
            None => Manifest::parse(Utf8Path::new("package.json"), "{}".to_owned())?,
        };
        Ok(Self { root: definition.root, manager, root_manifest, packages, catalogs: definition.catalogs, warnings })
    }
}

impl Workspace {
    /// Says of folders, relative to the root, whether the workspace's patterns mean them: also of folders that are not on the
    /// disk. Reads the file of the patterns anew.
    ///
    /// # Errors
    /// [`DiscoverError`] where that can't be read any more.
    pub fn means(&self, folders: &[Utf8PathBuf]) -> Result<Vec<bool>, DiscoverError> {
        if folders.is_empty() {
            return Ok(Vec::new());
        }
        let selection = root::find(&self.root)?.selection;
        let means = |folder: &Utf8PathBuf| {
            let parts: Vec<&str> = folder.components().map(|part| part.as_str()).collect();
            !parts.contains(&"node_modules") && selection.contains(&parts)
        };
        Ok(folders.iter().map(means).collect())
    }
}

/// What the patterns lead to, the root aside.
struct Members {
    packages: Vec<(Utf8PathBuf, Manifest)>,
    warnings: Vec<String>,
}

/// The matched folders with their manifests, and warnings about patterns that match nothing.
fn members(definition: &Definition, manager: PackageManager, walked: &Walked) -> Result<Members, DiscoverError> {
    let selection = &definition.selection;
    let paths: Vec<Utf8PathBuf> =
        walked.folders.iter().filter(|folder| !folder.excluded).map(|folder| folder.path.clone()).collect();
    let manifests = packages::read_manifests(&definition.root, &paths)?;
    let mut warnings = Vec::new();
    let mut members: Vec<(Utf8PathBuf, Manifest)> = Vec::new();
    for (folder, manifest) in paths.into_iter().zip(manifests) {
        match manifest {
            InFolder::Manifest(manifest) => members.push((folder, manifest)),
            InFolder::DanglingLink(warning) => warnings.push(warning),
            InFolder::Nothing if manager == PackageManager::Pnpm => {
                warnings.extend(other_manifest(&definition.root, &folder));
            }
            InFolder::Nothing => {}
        }
    }
    if members.len() > PACKAGES_MAX {
        return Err(DiscoverError::TooManyPackages { file: selection.file.clone(), limit: PACKAGES_MAX });
    }
    let found: BTreeSet<&Utf8Path> = members.iter().map(|(folder, _)| folder.as_path()).collect();
    // A pattern all of whose folders are excluded again has done what it was written for.
    let useful = walked.folders.iter().filter(|folder| folder.excluded || found.contains(folder.path.as_path()));
    let useful: BTreeSet<usize> = useful.flat_map(|folder| folder.sources.iter().copied()).collect();
    for (source, pattern) in selection.sources.iter().enumerate().filter(|(source, _)| !useful.contains(source)) {
        let means_root = selection.included.iter().any(|one| one.source == source && one.pattern.is_root());
        if !means_root {
            // Some managers pass over a slash in front, and to the others it means the root of the disk.
            let slash = pattern.trim().trim_start_matches('!').starts_with('/');
            let why = if slash { ": it begins with a slash, and must be relative to the workspace root" } else { "" };
            let pattern = Printable::name(pattern);
            warnings.push(format!("`{}`: the pattern `{pattern}` matches no package{why}", selection.file));
        }
    }
    Ok(Members { packages: members, warnings })
}

/// Says whether the root's own package is part of the workspace.
///
/// For pnpm it always is. npm, yarn and bun treat it as the place where the workspace is kept; it counts where it could
/// be published, or where a pattern names it.
fn keeps_root(definition: &Definition, walked: &Walked, manifest: &Manifest) -> bool {
    let publishable = manifest.name().is_some() && manifest.version().is_some() && !manifest.is_private();
    match definition.origin {
        Origin::Pnpm => manifest.name().is_some(),
        Origin::Lone => true,
        Origin::Manifest | Origin::Lerna => publishable || (walked.root && manifest.name().is_some()),
        Origin::Rush => walked.root,
    }
}

/// pnpm reads `package.yaml` and `package.json5` too; relay doesn't, and must not pass them over in silence.
fn other_manifest(root: &Utf8Path, folder: &Utf8Path) -> Option<String> {
    ["package.yaml", "package.json5"].into_iter().map(|name| folder.join(name)).find_map(|path| {
        root.join(&path).symlink_metadata().is_ok().then(|| {
            format!(
                "`{path}` is a manifest that relay doesn't read; the package is left out (only package.json is read)"
            )
        })
    })
}
