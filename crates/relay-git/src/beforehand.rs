//! Whether what a release writes at its end can be written at all, tried before anything is sent: locks are taken and let go,
//! a signature is made for nothing. No ref, no file of the tree and no index changes.

use std::collections::BTreeSet;
use std::fs::File;

use camino::Utf8PathBuf;
use git2::ErrorCode;

use crate::error::GitError;
use crate::git_program::RunError;
use crate::ref_name::tag_ref;
use crate::repository::{Repository, utf8};

/// git's own prefix for files that it removes when they were left behind.
const TRIAL_FILE: &str = "tmp_obj_relay_trial";

impl Repository {
    /// Refuses where these tags could not be made for another reason than what is there under their name: nobody is known who
    /// makes them, another ref is in the way of their name.
    ///
    /// # Errors
    /// [`GitError`] with the way out.
    pub fn check_tags(&self, names: &[String]) -> Result<(), GitError> {
        if names.is_empty() {
            return Ok(());
        }
        self.check_identity()?;
        let there = self.tag_names()?.into_iter().collect();
        for name in names {
            tag_ref(name)?;
            refuse_tag_in_the_way(name, &there)?;
        }
        Ok(())
    }

    /// Tries whether tags (and, with `commits`, a commit on the current branch) can be written: takes the locks that git would
    /// take and lets them go, and makes a signature where signatures are asked for.
    ///
    /// # Errors
    /// [`GitError`] with the way out.
    pub fn try_writing(&self, tags: &[String], commits: bool) -> Result<(), GitError> {
        let mut refs = tags.iter().map(|name| tag_ref(name)).collect::<Result<Vec<_>, _>>()?;
        if commits {
            self.refuse_locked_index()?;
            refs.extend(self.head()?.branch.map(|branch| format!("refs/heads/{branch}")));
        }
        if refs.is_empty() {
            return Ok(());
        }
        self.try_objects()?;
        self.try_locks(&refs)?;
        self.try_signing(!tags.is_empty(), commits)
    }

    /// Refuses when git's index is locked by another process.
    pub(crate) fn refuse_locked_index(&self) -> Result<(), GitError> {
        let lock = self.git.path().join("index.lock");
        if lock.symlink_metadata().is_ok() { Err(GitError::LockFile { path: utf8(&lock)? }) } else { Ok(()) }
    }

    #[expect(clippy::disallowed_methods, reason = "a trial whether git's folder can be written")]
    fn try_objects(&self) -> Result<(), GitError> {
        let folder = self.git.commondir().join("objects");
        let trial = folder.join(format!("{TRIAL_FILE}_{}", std::process::id()));
        let tried = File::create(&trial).and_then(|_| std::fs::remove_file(&trial));
        tried.map_err(|error| GitError::NotWritable {
            doing: format!("write into `{}`", folder.display()),
            problem: error.to_string(),
        })
    }

    /// Takes the lock of each ref, all at once, as git does when it writes them.
    fn try_locks(&self, refs: &[String]) -> Result<(), GitError> {
        let mut transaction = self.git.transaction().map_err(GitError::doing("lock refs"))?;
        for name in refs {
            transaction.lock_ref(name).map_err(|error| {
                let lock = self.git.commondir().join(format!("{name}.lock"));
                if error.code() == ErrorCode::Locked || lock.symlink_metadata().is_ok() {
                    GitError::LockFile { path: Utf8PathBuf::from(lock.to_string_lossy().into_owned()) }
                } else {
                    GitError::NotWritable {
                        doing: format!("write `{name}` in the git folder"),
                        problem: error.message().to_owned(),
                    }
                }
            })?;
        }
        Ok(())
    }

    fn try_signing(&self, tags: bool, commits: bool) -> Result<(), GitError> {
        let wanted = [("tag.gpgSign", tags), ("tag.forceSignAnnotated", tags), ("commit.gpgSign", commits)];
        let Some((setting, _)) = wanted.into_iter().find(|(key, counts)| *counts && self.config_flag(key)) else {
            return Ok(());
        };
        let tree = self.git.find_commit(self.head_id()?).map_err(GitError::doing("read the head commit"))?.tree_id();
        let arguments = ["commit-tree", "--gpg-sign", "-F", "-", &tree.to_string()];
        match self.try_git("try to sign", &arguments, "a trial of the signature; no ref names it\n") {
            Ok(_) => Ok(()),
            Err(RunError::Failed { text }) => Err(GitError::CannotSign { setting, text }),
            Err(RunError::NotRun(error)) => Err(error),
        }
    }
}

/// A ref is a file or a folder, as far as its name goes, even where refs are kept in another way.
pub(crate) fn refuse_tag_in_the_way(name: &str, there: &BTreeSet<String>) -> Result<(), GitError> {
    let above = name.match_indices('/').find_map(|(end, _)| there.get(name.get(..end)?));
    let folder = format!("{name}/");
    let below = there.range(folder.clone()..).next().filter(|other| other.starts_with(&folder));
    match above.or(below) {
        Some(other) => Err(GitError::TagInTheWay { name: name.to_owned(), other: other.clone() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
