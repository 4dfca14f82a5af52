//! The rest of a shallow clone's history, fetched by the `git` program, which has the person's credentials.

use crate::error::GitError;
use crate::repository::Repository;

impl Repository {
    /// The command that fetches all of the history and the tags; for messages.
    pub fn unshallow_command(&self) -> String {
        match self.remote_name() {
            Some(remote) if remote != "origin" => format!("git fetch --unshallow --tags {remote}"),
            _ => "git fetch --unshallow --tags".to_owned(),
        }
    }

    /// Fetches the history that a shallow clone lacks, and the tags. This repository must be opened anew to see it.
    ///
    /// # Errors
    /// [`GitError`] where there is no remote, or git can't fetch from it.
    pub fn unshallow(&self) -> Result<(), GitError> {
        let doing = "fetch the rest of the history";
        let Some(remote) = self.remote_name() else { return Err(GitError::NoRemote { doing }) };
        self.run_git(doing, &["fetch", "--quiet", "--unshallow", "--tags", "--end-of-options", &remote], "").map(drop)
    }
}
