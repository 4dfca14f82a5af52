//! The files of a version step, written down before the first of them changes, so that a kill between two of them leaves
//! either nothing or something that the next run can finish (invariant I12).
//!
//! The record holds each file's new content and the digest of the old one. Whoever finds it writes what is still missing.
//! A file that is neither old nor new was changed by someone else since: then nothing is touched, and a person decides.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use relay_workspace::{WriteError, read_regular_file, read_regular_text, sync_folder_of, write_all_or_none};
use serde::{Deserialize, Serialize};

use crate::project::Project;

const SCHEMA: &str = "relay.version-step/1";
/// The largest record that is read, in bytes: manifests, changelogs and one lockfile of a very large workspace.
const RECORD_BYTES_MAX: u64 = 1 << 30;

/// What stops the writing or finishing of a version step.
#[derive(Debug, thiserror::Error)]
pub enum WriteSetError {
    /// The record can't be written, read or taken away.
    #[error("the record of the version step, `{path}`, can't be used: {source}")]
    Record {
        /// The record.
        path: Utf8PathBuf,
        /// What the system says, or what is wrong with its content.
        source: io::Error,
    },
    /// A file was changed since the step was interrupted.
    #[error(
        "an earlier version step was interrupted, and `{path}` has been changed since, so that relay can't finish it; \
         undo the step with `git stash --include-untracked`, or finish it by hand and commit; then remove `{record}`"
    )]
    Changed {
        /// The file, relative to the root.
        path: Utf8PathBuf,
        /// The record.
        record: Utf8PathBuf,
    },
    /// A file can't be read.
    #[error("`{path}` can't be read: {source}")]
    Read {
        /// The file, relative to the root.
        path: Utf8PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The files can't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A file can't be taken away; the next run tries again.
    #[error("the versions are written, but `{path}` can't be taken away: {source}; run relay again when it can be")]
    Remove {
        /// The file, relative to the root.
        path: Utf8PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// All changes of one version step.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WriteSet {
    schema: String,
    files: Vec<FileChange>,
    /// The message of the commit that the step ends with, if it does.
    pub commit: Option<String>,
}

/// What happens to one file.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct FileChange {
    /// Relative to the workspace root.
    path: Utf8PathBuf,
    /// The digest of the content before; `None`: there is no file.
    before: Option<String>,
    /// The content after; `None`: there is no file.
    after: Option<String>,
}

/// How far a recorded step has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// No file has changed, or all were put back.
    Untouched,
    /// Some have, some have not.
    Partial,
    /// All have.
    Complete,
}

impl WriteSet {
    /// Collects the changes: the new content of each path, or `None` to take the file away.
    ///
    /// # Errors
    /// [`WriteSetError::Read`] when a file's present content can't be read.
    pub fn new(
        root: &Utf8Path,
        changes: Vec<(Utf8PathBuf, Option<String>)>,
        commit: Option<String>,
    ) -> Result<Self, WriteSetError> {
        let mut files = Vec::with_capacity(changes.len());
        for (path, after) in changes {
            let before = read(root, &path)?;
            // A file that stays as it is would count as written from the beginning.
            if before.as_deref() != after.as_deref().map(str::as_bytes) {
                files.push(FileChange { path, before: before.map(|bytes| relay_plan::digest(&bytes)), after });
            }
        }
        Ok(Self { schema: SCHEMA.to_owned(), files, commit })
    }

    /// The record that an interrupted step left, if there is one.
    ///
    /// # Errors
    /// [`WriteSetError::Record`] when it can't be understood.
    pub fn find(project: &Project, state: &Utf8Path) -> Result<Option<Self>, WriteSetError> {
        Self::read(&record_path(project, state))
    }

    fn read(path: &Utf8Path) -> Result<Option<Self>, WriteSetError> {
        let unusable = |source| WriteSetError::Record { path: path.to_owned(), source };
        let invalid = |text: &str| unusable(io::Error::new(io::ErrorKind::InvalidData, text.to_owned()));
        let Some(text) = read_regular_text(path, RECORD_BYTES_MAX).map_err(unusable)? else { return Ok(None) };
        let set: Self = serde_json::from_str(&text).map_err(|error| invalid(&error.to_string()))?;
        let inside = |path: &Utf8Path| path.components().all(|part| matches!(part, Utf8Component::Normal(_)));
        if set.schema != SCHEMA || !set.files.iter().all(|file| inside(&file.path)) {
            return Err(invalid("it was not written by this version of relay"));
        }
        Ok(Some(set))
    }

    /// The paths of the files, relative to the workspace root.
    pub fn paths(&self) -> impl Iterator<Item = &Utf8Path> {
        self.files.iter().map(|file| file.path.as_path())
    }

    /// How far the step has come.
    ///
    /// # Errors
    /// [`WriteSetError::Changed`] names a file that is neither old nor new.
    pub fn progress(&self, project: &Project, state: &Utf8Path) -> Result<Progress, WriteSetError> {
        self.progress_in(&project.workspace.root, &record_path(project, state))
    }

    fn progress_in(&self, root: &Utf8Path, record: &Utf8Path) -> Result<Progress, WriteSetError> {
        let (mut old, mut new) = (0, 0);
        for file in &self.files {
            let present = read(root, &file.path)?;
            if present.as_deref() == file.after.as_deref().map(str::as_bytes) {
                new += 1;
            } else if present.map(|bytes| relay_plan::digest(&bytes)) == file.before {
                old += 1;
            } else {
                return Err(WriteSetError::Changed { path: file.path.clone(), record: record.to_owned() });
            }
        }
        Ok(match (old, new) {
            (_, 0) => Progress::Untouched,
            (0, _) => Progress::Complete,
            _ => Progress::Partial,
        })
    }

    /// Records the step and carries it out. The record stays until [`super::commit_versions`].
    ///
    /// # Errors
    /// [`WriteSetError`] names the file. Where nothing was changed, nothing is recorded either.
    pub fn write(&self, project: &Project, state: &Utf8Path) -> Result<(), WriteSetError> {
        self.write_in(&project.workspace.root, &record_path(project, state), &mut || ())
    }

    fn write_in(&self, root: &Utf8Path, record: &Utf8Path, watch: &mut dyn FnMut()) -> Result<(), WriteSetError> {
        self.record(record).map_err(|source| WriteSetError::Record { path: record.to_owned(), source })?;
        watch();
        let result = self.apply(root, watch);
        if let Err(WriteSetError::Write(error)) = &result
            && !matches!(error, WriteError::Restore { .. })
        {
            remove_record(record)?;
        }
        result
    }

    /// Brings an interrupted step to its end: writes what is missing if anything was written, and says how far the step
    /// had come. The record stays until [`super::commit_versions`].
    ///
    /// # Errors
    /// [`WriteSetError::Changed`] before anything is touched; others name the file.
    pub fn finish(&self, project: &Project, state: &Utf8Path) -> Result<Progress, WriteSetError> {
        self.finish_in(&project.workspace.root, &record_path(project, state), &mut || ())
    }

    fn finish_in(
        &self,
        root: &Utf8Path,
        record: &Utf8Path,
        watch: &mut dyn FnMut(),
    ) -> Result<Progress, WriteSetError> {
        let progress = self.progress_in(root, record)?;
        for file in &self.files {
            sweep(root, &file.path);
        }
        if progress == Progress::Partial {
            self.apply(root, watch)?;
        }
        Ok(progress)
    }

    /// Writes first and takes away last: a change file goes only when everything that came of it is in place.
    fn apply(&self, root: &Utf8Path, watch: &mut dyn FnMut()) -> Result<(), WriteSetError> {
        let mut writes = Vec::new();
        for file in &self.files {
            if let Some(after) = &file.after
                && read(root, &file.path)?.as_deref() != Some(after.as_bytes())
            {
                let path = root.join(&file.path);
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder)
                        .map_err(|source| WriteError::Stage { path: file.path.clone(), source })?;
                }
                writes.push((path, after.clone().into_bytes()));
            }
        }
        write_all_or_none(&writes, watch)?;
        for file in self.files.iter().filter(|file| file.after.is_none()) {
            let path = root.join(&file.path);
            match fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(WriteSetError::Remove { path: file.path.clone(), source }),
            }
            sync_folder_of(&path);
            watch();
        }
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "written aside and renamed, readable by the owner alone")]
    fn record(&self, path: &Utf8Path) -> io::Result<()> {
        let staged = path.with_extension("tmp");
        let mut options = OpenOptions::new();
        options.create(true).truncate(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&staged)?;
        file.write_all(&serde_json::to_vec(self).map_err(io::Error::other)?)?;
        file.sync_all()?;
        fs::rename(&staged, path)?;
        sync_folder_of(path);
        Ok(())
    }
}

/// Takes the record away: the step is done, with its commit.
pub(super) fn settle(project: &Project, state: &Utf8Path) -> Result<(), WriteSetError> {
    remove_record(&record_path(project, state))
}

fn remove_record(path: &Utf8Path) -> Result<(), WriteSetError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(WriteSetError::Record { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// One record for each workspace of the repository.
fn record_path(project: &Project, state: &Utf8Path) -> Utf8PathBuf {
    if project.prefix.is_empty() {
        return state.join("version-step.json");
    }
    let digest = relay_plan::digest(project.prefix.as_bytes());
    state.join(format!("version-step-{digest}.json"))
}

/// Takes away what a killed run left beside a file: contents on their way to it.
fn sweep(root: &Utf8Path, path: &Utf8Path) {
    let Some(folder) = root.join(path).parent().map(Utf8Path::to_owned) else { return };
    for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.starts_with(relay_workspace::TEMPORARY_PREFIX) && name.ends_with(relay_workspace::TEMPORARY_SUFFIX) {
            // What can't be removed is in nobody's way but git's, which shows it.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn read(root: &Utf8Path, path: &Utf8Path) -> Result<Option<Vec<u8>>, WriteSetError> {
    read_regular_file(&root.join(path), super::REWRITTEN_BYTES_MAX)
        .map_err(|source| WriteSetError::Read { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests;
