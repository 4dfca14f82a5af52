//! What differs from the head commit: staged, changed and untracked files.

use std::collections::BTreeSet;

use git2::{StatusOptions, Statuses};

use crate::error::GitError;
use crate::repository::Repository;

impl Repository {
    /// All files that are changed, staged or untracked and not ignored, sorted, relative to the working folder. A folder
    /// with nothing but untracked files is named once, with a slash at its end.
    pub fn uncommitted(&self) -> Result<Vec<String>, GitError> {
        let mut options = StatusOptions::new();
        options.include_untracked(true).recurse_untracked_dirs(false).include_ignored(false).include_unmodified(false);
        options
            .renames_head_to_index(false)
            .renames_index_to_workdir(false)
            .update_index(false)
            .exclude_submodules(true);
        let statuses: Statuses<'_> = self
            .git
            .statuses(Some(&mut options))
            .map_err(GitError::doing("compare the working files with the last commit"))?;
        let paths: BTreeSet<String> =
            statuses.iter().map(|entry| String::from_utf8_lossy(entry.path_bytes()).into_owned()).collect();
        Ok(paths.into_iter().collect())
    }
}

#[cfg(test)]
mod tests;
