//! Writes a bump plan into the tree: versions, ranges, changelogs, the lockfile; takes the consumed change files away.
//!
//! What is written, and that it is all or nothing: [`write_set`].

mod change_files;
pub mod write_set;

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use relay_change::{
    BumpPlan, CatalogRewrite, DEFAULT_CHANGELOG, changelog_section_with_commits, insert_into_changelog,
};
use relay_git::GitError;
use relay_workspace::{
    EditError, LockfileEdit, LockfileRange, ManifestEdit, PackageName, RangeEdit, edit_lockfile, edit_manifest,
    read_regular_text,
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
    /// A catalog's entry can't be found on one line.
    #[error(
        "the entry `{dependency}` of the {catalog} catalog in pnpm-workspace.yaml can't be edited with certainty; write \
         `{to}` there by hand, commit, and run the command again"
    )]
    Catalog {
        /// The catalog.
        catalog: String,
        /// The entry.
        dependency: String,
        /// Its new value.
        to: String,
    },
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
    if let Some((path, text)) = catalogs(project, bumps)? {
        files.push((path, Some(text)));
    }
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
    if let Some((path, text)) = lockfile(project, bumps, &edits, &mut notes)? {
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

/// Entries of pnpm's catalogs, each on a line of its own. Everything else in the file stays.
fn catalogs(project: &Project, bumps: &BumpPlan) -> Result<Option<(Utf8PathBuf, String)>, VersionError> {
    if bumps.catalogs.is_empty() {
        return Ok(None);
    }
    let path = Utf8PathBuf::from("pnpm-workspace.yaml");
    let Some(mut text) = read_optional(&project.workspace.root, &path)? else { return Ok(None) };
    for rewrite in &bumps.catalogs {
        text = catalog_line(&text, rewrite).ok_or_else(|| VersionError::Catalog {
            catalog: rewrite.catalog.clone().unwrap_or_else(|| "default".to_owned()),
            dependency: rewrite.dependency.clone(),
            to: rewrite.to.clone(),
        })?;
    }
    Ok(Some((path, text)))
}

/// Replaces one entry's value; `None` unless exactly one line holds the entry with the old value.
fn catalog_line(text: &str, rewrite: &CatalogRewrite) -> Option<String> {
    let is_entry = |line: &str| {
        line.split_once(':').is_some_and(|(key, _)| key.trim().trim_matches(['\'', '"']) == rewrite.dependency)
            && line.contains(&rewrite.from)
    };
    let mut found = text.split_inclusive('\n').filter(|line| is_entry(line));
    let (line, None) = (found.next()?, found.next()) else { return None };
    Some(text.replacen(line, &line.replacen(&rewrite.from, &rewrite.to, 1), 1))
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
    edits: &BTreeMap<PackageName, ManifestEdit>,
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
    let changes: Vec<LockfileEdit> = edits
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

fn read_optional(root: &Utf8Path, path: &Utf8Path) -> Result<Option<String>, VersionError> {
    read_regular_text(&root.join(path), REWRITTEN_BYTES_MAX)
        .map_err(|source| VersionError::Read { path: path.to_owned(), source })
}
