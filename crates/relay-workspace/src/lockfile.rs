//! New versions and ranges of the workspace's own packages in its lock file.
//!
//! Installing after each release would do the same, with a network and much time. What a lock file says about the
//! workspace's own packages follows from their manifests alone, so it can be edited; wherever it can't with certainty,
//! because the file is out of date or the package would be installed from elsewhere, [`edit_lockfile`] says so and names
//! the command that brings the file up to date.
//!
//! A catalog's entries stand in the lock files of pnpm and bun once more; in yarn's only as the ranges that lead to a package.
//!
//! - npm: `packages[path]` has the version and all ranges; `dependencies[name].requires` repeats them in version 2
//! - pnpm: `importers[path]` has the ranges as `specifier`, no version
//! - yarn: berry has the ranges twice, with the dependent and in the key of the dependency; classic has neither
//! - bun: `workspaces[path]` has the version and all ranges

mod bun;
mod npm;
mod pnpm;
mod yarn;

use camino::Utf8PathBuf;
use relay_values::Printable;
use semver::Version;

use crate::catalog::{CatalogEdit, described};
use crate::dependency::DependencyKind;
use crate::edit::EditError;
use crate::manager::PackageManager;
use crate::name::PackageName;
use crate::workspace::Catalogs;

/// The largest lock file that relay edits, in bytes. Those of the largest open monorepos have about 5 MB.
pub const LOCKFILE_SIZE_BYTES_MAX: usize = 128 * 1024 * 1024;

/// What changes about one package of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockfileEdit {
    /// The package's folder relative to the root, with `/`; empty for the root package.
    pub path: Utf8PathBuf,
    /// Its name.
    pub name: PackageName,
    /// Its new version; `None` leaves it.
    pub version: Option<Version>,
    /// The new ranges of its dependencies.
    pub ranges: Vec<LockfileRange>,
}

/// All that changes.
#[derive(Debug, Clone, Copy)]
pub struct LockfileEdits<'a> {
    /// The packages.
    pub packages: &'a [LockfileEdit],
    /// The catalogs as they are before the edit.
    pub catalogs: &'a Catalogs,
    /// Their entries that change.
    pub entries: &'a [CatalogEdit],
}

/// One range that changes in a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockfileRange {
    /// The map that the dependency stands in.
    pub kind: DependencyKind,
    /// The key in that map.
    pub name: String,
    /// The right-hand side so far, as the manifest had it. A lock file that says otherwise is out of date.
    pub from: String,
    /// The new right-hand side.
    pub to: String,
}

impl PackageManager {
    /// The lock files that relay can edit, in the order in which the manager prefers them. (bun's older `bun.lockb` is
    /// binary; only bun can write it.)
    pub fn lockfile_names(self) -> &'static [&'static str] {
        match self {
            Self::Npm => &["npm-shrinkwrap.json", "package-lock.json"],
            Self::Pnpm => &["pnpm-lock.yaml"],
            Self::Yarn => &["yarn.lock"],
            Self::Bun => &["bun.lock"],
        }
    }

    /// The command that brings the lock file up to date without installing.
    pub fn lockfile_command(self) -> &'static str {
        match self {
            Self::Npm => "npm install --package-lock-only",
            Self::Pnpm => "pnpm install --lockfile-only",
            Self::Yarn => "yarn install --mode=update-lockfile",
            Self::Bun => "bun install --lockfile-only",
        }
    }
}

/// Writes new versions, ranges and catalog entries of workspace packages into the text of their manager's lock file; `None`
/// where nothing has to change. All else stays as it is, byte for byte.
///
/// # Errors
/// [`EditError::Syntax`] for a broken file; [`EditError::Lockfile`] where only the package manager can tell what the file
/// would have to say.
pub fn edit_lockfile(
    manager: PackageManager,
    text: &str,
    edits: &LockfileEdits<'_>,
) -> Result<Option<String>, EditError> {
    if text.len() > LOCKFILE_SIZE_BYTES_MAX {
        return Err(refusal(manager, format!("the lock file is larger than {LOCKFILE_SIZE_BYTES_MAX} bytes")));
    }
    match manager {
        // npm knows no catalogs.
        PackageManager::Npm => npm::edit(text, edits.packages),
        PackageManager::Pnpm => pnpm::edit(text, edits),
        PackageManager::Yarn => yarn::edit(text, edits),
        PackageManager::Bun => bun::edit(text, edits),
    }
}

fn refusal(manager: PackageManager, problem: String) -> EditError {
    EditError::Lockfile { problem, command: manager.lockfile_command() }
}

/// The refusal of a lock file that doesn't say what the manifests say.
fn out_of_date(manager: PackageManager, edit: &LockfileEdit, range: &LockfileRange) -> EditError {
    let problem = format!("the lock file is out of date about `{}` of `{}`", Printable::name(&range.name), edit.name);
    refusal(manager, problem)
}

/// The refusal where the dependency is not the workspace's own package by the lock file, so that another range may mean
/// another package.
fn from_elsewhere(manager: PackageManager, edit: &LockfileEdit, range: &LockfileRange) -> EditError {
    let problem = format!(
        "by the lock file, `{}` takes `{}` from elsewhere than the workspace",
        edit.name,
        Printable::name(&range.name)
    );
    refusal(manager, problem)
}

/// The refusal of a lock file that doesn't say of a catalog's entry what the catalog says.
fn entry_out_of_date(manager: PackageManager, entry: &CatalogEdit) -> EditError {
    let (name, catalog) = (Printable::name(&entry.name), described(entry.catalog.as_deref()));
    refusal(manager, format!("the lock file is out of date about `{name}` of {catalog}"))
}

/// The refusal where what a catalog's entry stands for is not the workspace's own package by the lock file.
fn entry_from_elsewhere(manager: PackageManager, entry: &CatalogEdit) -> EditError {
    let (name, catalog) = (Printable::name(&entry.name), described(entry.catalog.as_deref()));
    let problem = format!("by the lock file, `{name}` of {catalog} is taken from elsewhere than the workspace");
    refusal(manager, problem)
}

#[cfg(test)]
mod tests;
