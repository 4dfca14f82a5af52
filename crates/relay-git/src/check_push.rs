//! Whether a remote would take what is to be pushed, asked by the `git` program, because it has the person's credentials and
//! transports.

use relay_values::Printable;

use crate::error::{GitError, PushCause};
use crate::git_program::RunError;
use crate::ref_name::check_push_ref;
use crate::remote_refs::check_remote;
use crate::repository::Repository;

impl Repository {
    /// Says whether the remote can be reached and would take refs such as `HEAD:refs/heads/main` and `refs/tags/@a/x@1.0.0` as
    /// they are now, all of them, as far as that can be told without pushing: a forge's rules show only when it is done in
    /// earnest. No hook of the clone runs.
    ///
    /// # Errors
    /// [`GitError::PushRefused`] with the cause; [`GitError::InvalidRefName`] for a name that git must not be given.
    pub fn check_push(&self, remote: &str, refs: &[String]) -> Result<(), GitError> {
        check_remote(remote)?;
        for spec in refs {
            check_push_ref(spec)?;
        }
        if refs.is_empty() {
            return Ok(());
        }
        let mut arguments = vec!["push", "--atomic", "--no-progress", "--no-follow-tags", "--dry-run", "--no-verify"];
        arguments.extend(["--", remote]);
        arguments.extend(refs.iter().map(String::as_str));
        match self.try_git(&format!("push to `{}`", Printable::name(remote)), &arguments, "") {
            Ok(_) => Ok(()),
            Err(RunError::Failed { text }) => {
                Err(GitError::PushRefused { remote: Printable::name(remote).into(), cause: PushCause::of(&text), text })
            }
            Err(RunError::NotRun(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
