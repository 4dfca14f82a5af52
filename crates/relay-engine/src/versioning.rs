//! Writes a bump plan into the tree: versions, ranges, changelogs, the lockfile; takes the consumed change files away.
//!
//! What is written, and that it is all or nothing: [`write_set`].

mod change_files;
pub mod write_set;

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use relay_change::{BumpPlan, DEFAULT_CHANGELOG, changelog_section_with_commits, insert_into_changelog};
use relay_git::GitError;
use relay_workspace::{
    CatalogEdit, EditError, LockfileEdit, LockfileEdits, LockfileRange, ManifestEdit, PackageName, RangeEdit,
    edit_catalogs, edit_lockfile, edit_manifest, read_regular_text,
};

use crate::project::Project;
use change_files::{consumed, file_commits};
use write_set::{WriteSet, WriteSetError};

/// The changelog's name in each package.
pub const CHANGELOG_FILE_NAME: &str = "CHANGELOG.md";

/// The largest file that is rewritten, in bytes: lock files of very large workspaces have some tens of megabytes.
const REWRITTEN_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What the version step wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenVersions {
    /// Files written or taken away, relative to the workspace root.
    pub files: Vec<Utf8PathBuf>,
    /// How many packages got a new version.
    pub packages: usize,
    /// What the person still has to do.
    pub notes: Vec<String>,
}

/// What stops the version step. Nothing is written then.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// The history can't be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A manifest or lockfile can't be edited.
    #[error("{path} can't be edited: {source}")]
    Edit {
        /// The file, relative to the root.
        path: Utf8PathBuf,
        /// Why.
        source: EditError,
    },
    /// A file can't be read.
    #[error("{path} can't be read: {source}")]
    Read {
        /// The file, relative to the root.
        path: Utf8PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The files can't be written or taken away.
    #[error(transparent)]
    Write(#[from] WriteSetError),
}

/// Writes the versions. All files or none; the change files go last, when everything else is in place. In the state folder,
/// which must be there and locked, a record of it stays until [`commit_versions`]; it keeps the message of the commit
/// that is to follow.
///
/// # Errors
/// [`VersionError`] names the file.
pub fn write_versions(
    project: &Project,
    bumps: &BumpPlan,
    state: &Utf8Path,
    commit: Option<String>,
) -> Result<WrittenVersions, VersionError> {
    let root = &project.workspace.root;
    let mut written = WrittenVersions { packages: bumps.bumps.len(), ..WrittenVersions::default() };
    let NewContents { files, notes } = new_contents(project, bumps)?;
    written.notes = notes;
    written.files.extend(files.iter().map(|(path, _)| path.clone()));
    WriteSet::new(root, files, commit)?.write(project, state)?;
    Ok(written)
}

/// What stops the end of a version step: its files are written.
#[derive(Debug, thiserror::Error)]
pub enum CommitVersionsError {
    /// The commit can't be made.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The record can't be taken away.
    #[error(transparent)]
    Record(#[from] WriteSetError),
}

/// Ends a version step: commits its files where there is a message and a repository, and then takes its record away. Gives
/// the commit.
///
/// # Errors
/// [`CommitVersionsError`]; the next run ends the step then.
pub fn commit_versions<'a>(
    project: &Project,
    state: &Utf8Path,
    files: impl IntoIterator<Item = &'a Utf8Path>,
    message: Option<&str>,
) -> Result<Option<String>, CommitVersionsError> {
    let commit = match (&project.repository, message) {
        (Some(repository), Some(message)) => {
            let paths: Vec<Utf8PathBuf> = files.into_iter().map(|path| project.in_repository(path)).collect();
            Some(repository.commit_paths(&paths, message)?)
        }
        _ => None,
    };
    write_set::settle(project, state)?;
    Ok(commit)
}

/// What the version step would write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewContents {
    /// The files with their contents; `None` takes a file away. Paths are relative to the workspace root.
    pub files: Vec<(Utf8PathBuf, Option<String>)>,
    /// What the person still has to do.
    pub notes: Vec<String>,
}

/// Makes the contents that [`write_versions`] writes. Only reads, so that tarballs can be foreseen from them.
///
/// # Errors
/// [`VersionError`] names the file.
pub fn new_contents(project: &Project, bumps: &BumpPlan) -> Result<NewContents, VersionError> {
    let root = &project.workspace.root;
    let mut notes = Vec::new();
    let edits = manifest_edits(bumps);
    let mut files: Vec<(Utf8PathBuf, Option<String>)> = Vec::new();
    for (name, edit) in &edits {
        let Some(package) = project.workspace.package(name) else { continue };
        let path = package.path.join("package.json");
        let text = edit_manifest(package.manifest.text(), edit)
            .map_err(|source| VersionError::Edit { path: path.clone(), source })?;
        if text != package.manifest.text() {
            files.push((path, Some(text)));
        }
    }
    if let Some((path, text)) = root_manifest(project, bumps)? {
        files.push((path, Some(text)));
    }
    let catalogs = catalog_edits(bumps);
    raise_catalogs(project, &catalogs, &mut files)?;
    let changelogs = project.writes_changelogs();
    let file_commits = if changelogs { file_commits(project, bumps)? } else { BTreeMap::new() };
    notes.extend(changelog_module(project).filter(|_| changelogs && !bumps.bumps.is_empty()));
    for bump in bumps.bumps.iter().filter(|_| changelogs) {
        let Some(package) = project.workspace.package(&bump.name) else { continue };
        let section = changelog_section_with_commits(bumps, &bump.name, &project.change_files, &file_commits);
        let path = package.path.join(CHANGELOG_FILE_NAME);
        let before = read_optional(root, &path)?;
        let text = insert_into_changelog(before.as_deref(), &bump.name, &section);
        files.push((path, Some(text)));
    }
    if let Some((path, text)) = lockfile(project, bumps, (&edits, &catalogs), &mut notes)? {
        files.push((path, Some(text)));
    }
    files.extend(consumed(project, bumps)?);
    Ok(NewContents { files, notes })
}

/// What is to be said where changelogs are the work of a module, which relay does not run.
fn changelog_module(project: &Project) -> Option<String> {
    let module = project.changesets.as_ref()?.changelog.as_deref().filter(|module| *module != DEFAULT_CHANGELOG)?;
    Some(format!(
        "the changelog module `{module}` of `.changeset/config.json` is not run: entries are those that changesets writes by \
         itself"
    ))
}

/// Ranges in the manifest of a root that is not itself a package.
fn root_manifest(project: &Project, bumps: &BumpPlan) -> Result<Option<(Utf8PathBuf, String)>, VersionError> {
    if bumps.root_ranges.is_empty() {
        return Ok(None);
    }
    let path = Utf8PathBuf::from("package.json");
    let ranges = bumps
        .root_ranges
        .iter()
        .map(|range| RangeEdit { kind: range.kind, name: range.dependency.clone(), to: range.to.clone() })
        .collect();
    let text = edit_manifest(project.workspace.root_manifest.text(), &ManifestEdit { version: None, ranges })
        .map_err(|source| VersionError::Edit { path: path.clone(), source })?;
    Ok(Some((path, text)))
}

fn catalog_edits(bumps: &BumpPlan) -> Vec<CatalogEdit> {
    let edit = |entry: &relay_change::CatalogRewrite| CatalogEdit {
        catalog: entry.catalog.clone(),
        name: entry.dependency.clone(),
        from: entry.from.clone(),
        to: entry.to.clone(),
    };
    bumps.catalogs.iter().map(edit).collect()
}

/// Writes new entries into the file that holds the catalogs. That may be the root's manifest, which may have got its own new
/// version or ranges before.
fn raise_catalogs(
    project: &Project,
    entries: &[CatalogEdit],
    files: &mut Vec<(Utf8PathBuf, Option<String>)>,
) -> Result<(), VersionError> {
    if entries.is_empty() {
        return Ok(());
    }
    let manager = project.workspace.manager;
    let path = Utf8PathBuf::from(manager.catalog_file_name());
    let written = files.iter_mut().find(|(written, _)| *written == path);
    let before = match &written {
        Some((_, text)) => text.clone(),
        None => read_optional(&project.workspace.root, &path)?,
    };
    let text = edit_catalogs(manager, before.as_deref().unwrap_or_default(), entries)
        .map_err(|source| VersionError::Edit { path: path.clone(), source })?;
    match written {
        Some((_, content)) => *content = Some(text),
        None => files.push((path, Some(text))),
    }
    Ok(())
}

fn manifest_edits(bumps: &BumpPlan) -> BTreeMap<PackageName, ManifestEdit> {
    let mut edits: BTreeMap<PackageName, ManifestEdit> = BTreeMap::new();
    for bump in &bumps.bumps {
        edits.entry(bump.name.clone()).or_default().version = Some(bump.next.clone());
    }
    for range in &bumps.ranges {
        edits.entry(range.package.clone()).or_default().ranges.push(RangeEdit {
            kind: range.kind,
            name: range.dependency.clone(),
            to: range.to.clone(),
        });
    }
    edits
}

/// The lockfile's new text. One that can't be edited with certainty is left alone, and the person is told.
fn lockfile(
    project: &Project,
    bumps: &BumpPlan,
    (edits, entries): (&BTreeMap<PackageName, ManifestEdit>, &[CatalogEdit]),
    notes: &mut Vec<String>,
) -> Result<Option<(Utf8PathBuf, String)>, VersionError> {
    let manager = project.workspace.manager;
    let ranges_of = |name: &PackageName| {
        bumps
            .ranges
            .iter()
            .filter(|range| range.package == *name)
            .map(|range| LockfileRange {
                kind: range.kind,
                name: range.dependency.clone(),
                from: range.from.clone(),
                to: range.to.clone(),
            })
            .collect()
    };
    let mut changes: Vec<LockfileEdit> = edits
        .iter()
        .filter_map(|(name, edit)| {
            let package = project.workspace.package(name)?;
            Some(LockfileEdit {
                path: package.path.clone(),
                name: name.clone(),
                version: edit.version.clone(),
                ranges: ranges_of(name),
            })
        })
        .collect();
    changes.extend(root_change(project, bumps));
    let changes = LockfileEdits { packages: &changes, catalogs: &project.workspace.catalogs, entries };
    for name in manager.lockfile_names() {
        let path = Utf8PathBuf::from(*name);
        let Some(text) = read_optional(&project.workspace.root, &path)? else { continue };
        match edit_lockfile(manager, &text, &changes) {
            Ok(Some(edited)) => return Ok(Some((path, edited))),
            Ok(None) => {}
            Err(error) => notes.push(format!("{name} was left as it is: {error}")),
        }
    }
    Ok(None)
}

/// What changes in the lock file about a root that is not itself a package.
fn root_change(project: &Project, bumps: &BumpPlan) -> Option<LockfileEdit> {
    let ranges: Vec<LockfileRange> = bumps
        .root_ranges
        .iter()
        .map(|range| LockfileRange {
            kind: range.kind,
            name: range.dependency.clone(),
            from: range.from.clone(),
            to: range.to.clone(),
        })
        .collect();
    // The name is for messages; a root need have none, and the folder tells which one it is.
    let name = project.workspace.root_manifest.name().unwrap_or("root");
    let name = PackageName::parse(name).or_else(|_| PackageName::parse("root")).ok()?;
    (!ranges.is_empty()).then_some(LockfileEdit { path: Utf8PathBuf::new(), name, version: None, ranges })
}

fn read_optional(root: &Utf8Path, path: &Utf8Path) -> Result<Option<String>, VersionError> {
    read_regular_text(&root.join(path), REWRITTEN_BYTES_MAX)
        .map_err(|source| VersionError::Read { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests;
