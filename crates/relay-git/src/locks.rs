//! Lock files that a killed run leaves behind, relay's own told from others'.
//!
//! Before relay lets git write, its caller keeps a [`LockNote`]: who writes, where, since when, which refs. A lock is relay's own
//! and stale where the process of the note is gone and the lock was made while it may have been writing. All others are named
//! by their path and left alone.

use std::fs::Metadata;
use std::time::{Duration, SystemTime};

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::error::GitError;
use crate::ref_name::check_full_ref;
use crate::repository::{Repository, utf8};

/// One write of git's takes no longer: its program is stopped then.
const WRITING_SECONDS_MAX: u64 = 900;
/// Clocks of file systems are coarse.
const SLACK: Duration = Duration::from_secs(2);
/// A younger lock may be held by a git that outlives the relay that started it: it ends as soon as it reads no more input.
const SETTLED_AFTER: Duration = Duration::from_secs(2);
/// What libgit2 (1.9) names an object that it hasn't finished (`git_futils_mktmp`).
const UNFINISHED_OBJECT: &str = "tmp_object_git2_";
/// Of these no more are looked at.
const LEFTOVERS_MAX: usize = 10_000;

/// Who is about to let git write, and what: kept before, forgotten after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockNote {
    /// The process.
    pub pid: u32,
    /// The machine that it runs on.
    pub host: String,
    /// Since when, in seconds since 1970.
    pub since_seconds: u64,
    /// The full names of the refs that will be written, besides the index and the head.
    pub refs: Vec<String>,
}

/// What has become of the process of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// It has ended.
    Gone,
    /// It runs.
    Running,
    /// It runs, or ran, on another machine, so that nobody here knows.
    Elsewhere,
}

/// A lock file, or another leftover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockFile {
    /// Where it is.
    pub path: Utf8PathBuf,
    /// When it was last written.
    pub modified: SystemTime,
    /// What it is.
    pub kind: LockKind,
}

/// What a leftover is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockKind {
    /// It stops others from writing.
    Lock,
    /// An object that was never finished; it is in nobody's way.
    UnfinishedObject,
}

/// Whose a lock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockVerdict {
    /// That of a run of relay's that has ended.
    Stale,
    /// It would be, but is so new that a git which that run has started may still hold it: ask again after so long.
    Young {
        /// How long.
        ready_in: Duration,
    },
    /// Somebody else's.
    Foreign,
}

/// Judges a lock that a note's run may have taken.
pub fn judge(lock: &LockFile, note: &LockNote, owner: Owner, now: SystemTime) -> LockVerdict {
    if owner != Owner::Gone {
        return LockVerdict::Foreign;
    }
    let since = SystemTime::UNIX_EPOCH + Duration::from_secs(note.since_seconds);
    let from = since.checked_sub(SLACK).unwrap_or(since);
    let until = since + Duration::from_secs(WRITING_SECONDS_MAX) + SLACK;
    if lock.modified < from || lock.modified > until {
        return LockVerdict::Foreign;
    }
    // A clock that was set back makes it new.
    let age = now.duration_since(lock.modified).unwrap_or_default();
    match SETTLED_AFTER.checked_sub(age) {
        Some(ready_in) if !ready_in.is_zero() => LockVerdict::Young { ready_in },
        _ => LockVerdict::Stale,
    }
}

impl Repository {
    /// The lock files that are there of the index, the head, the packed refs and these refs (full names), and objects that
    /// libgit2 hasn't finished.
    ///
    /// # Errors
    /// [`GitError`] where a ref has no valid name or the git folder can't be read.
    pub fn lock_files(&self, refs: &[&str]) -> Result<Vec<LockFile>, GitError> {
        let (own, common) = (self.git.path(), self.git.commondir());
        let mut paths = vec![own.join("index.lock"), own.join("HEAD.lock")];
        if own != common {
            paths.push(common.join("HEAD.lock"));
        }
        paths.extend([common.join("packed-refs.lock"), common.join("shallow.lock")]);
        for name in refs {
            check_full_ref(name)?;
            paths.push(common.join(format!("{name}.lock")));
        }
        let mut found = Vec::new();
        for path in paths {
            if let Ok(there) = path.symlink_metadata() {
                found.push(lock_file(utf8(&path)?, &there, LockKind::Lock)?);
            }
        }
        let objects = common.join("objects");
        let listed = objects.read_dir().map_err(|source| GitError::Disk {
            doing: "look for what killed runs left behind",
            path: Utf8PathBuf::from(objects.to_string_lossy().into_owned()),
            source,
        })?;
        for entry in listed.flatten().take(LEFTOVERS_MAX) {
            let is_unfinished = entry.file_name().to_str().is_some_and(|name| name.starts_with(UNFINISHED_OBJECT));
            if is_unfinished && let Ok(there) = entry.metadata() {
                found.push(lock_file(utf8(&entry.path())?, &there, LockKind::UnfinishedObject)?);
            }
        }
        Ok(found)
    }

    /// Removes a lock file that was found to be stale, if it is still the one that was looked at.
    ///
    /// # Errors
    /// [`GitError::LockFile`] where it is another meanwhile or no lock of this repository, [`GitError::Disk`] where it can't be
    /// removed.
    pub fn remove_lock(&self, lock: &LockFile) -> Result<(), GitError> {
        let path = lock.path.as_std_path();
        let is_inside = path.starts_with(self.git.path()) || path.starts_with(self.git.commondir());
        let is_leftover = match lock.kind {
            LockKind::Lock => lock.path.extension() == Some("lock"),
            LockKind::UnfinishedObject => lock.path.file_name().is_some_and(|name| name.starts_with(UNFINISHED_OBJECT)),
        };
        let there = match path.symlink_metadata() {
            Ok(there) => there,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(disk(lock.path.clone(), source)),
        };
        let is_same = lock_file(lock.path.clone(), &there, lock.kind)? == *lock;
        if !(is_inside && is_leftover && is_same && there.is_file()) {
            return Err(GitError::LockFile { path: lock.path.clone() });
        }
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(disk(lock.path.clone(), error)),
            _ => Ok(()),
        }
    }

    /// Removes what the run of a note has left behind, and gives it.
    ///
    /// # Errors
    /// [`GitError::LockFile`] with the first lock that is somebody else's, or too new to tell: nothing was removed then.
    pub fn clear_locks(&self, note: &LockNote, owner: Owner, now: SystemTime) -> Result<Vec<LockFile>, GitError> {
        let refs: Vec<&str> = note.refs.iter().map(String::as_str).collect();
        let found = self.lock_files(&refs)?;
        let (stale, others): (Vec<LockFile>, Vec<LockFile>) =
            found.into_iter().partition(|lock| judge(lock, note, owner, now) == LockVerdict::Stale);
        if let Some(lock) = others.into_iter().find(|lock| lock.kind == LockKind::Lock) {
            return Err(GitError::LockFile { path: lock.path });
        }
        stale.iter().try_for_each(|lock| self.remove_lock(lock))?;
        Ok(stale)
    }

    /// The lock file that keeps git from writing, as an error that names it.
    pub(crate) fn lock_in_the_way(&self, refs: &[&str]) -> Result<Option<GitError>, GitError> {
        let found = self.lock_files(refs)?.into_iter().find(|lock| lock.kind == LockKind::Lock);
        Ok(found.map(|lock| GitError::LockFile { path: lock.path }))
    }

    /// Names the lock file where libgit2 only says that there is one.
    pub(crate) fn name_lock(&self, refs: &[&str]) -> impl FnOnce(GitError) -> GitError {
        move |error| match error {
            GitError::Locked { .. } => self.lock_in_the_way(refs).ok().flatten().unwrap_or(error),
            error => error,
        }
    }
}

fn lock_file(path: Utf8PathBuf, there: &Metadata, kind: LockKind) -> Result<LockFile, GitError> {
    let modified = there.modified().map_err(|source| disk(path.clone(), source))?;
    Ok(LockFile { path, modified, kind })
}

fn disk(path: Utf8PathBuf, source: std::io::Error) -> GitError {
    GitError::Disk { doing: "clear away a lock file of a run that has ended", path, source }
}

#[cfg(test)]
mod tests;
