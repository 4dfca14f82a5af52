//! Pushes, by the `git` program, because it has the person's credentials, transports and pre-push hook.

use relay_values::Printable;

use crate::error::{GitError, PushCause};
use crate::git_program::RunError;
use crate::ref_name::check_push_ref;
use crate::remote_refs::check_remote;
use crate::repository::Repository;

impl Repository {
    /// Pushes refs such as `HEAD:refs/heads/main` and `refs/tags/@a/x@1.0.0`, all of them or none.
    ///
    /// Never forces and never deletes. The pre-push hook of the clone runs; it sees no registry credentials.
    pub fn push(&self, remote: &str, refs: &[String]) -> Result<(), GitError> {
        self.push_with(remote, refs, &["--no-follow-tags"])
    }

    /// Says whether the remote can be reached and would take refs as they are now, as far as that can be told without pushing:
    /// a forge's rules show only when it is done in earnest. No hook of the clone runs.
    pub fn check_push(&self, remote: &str, refs: &[String]) -> Result<(), GitError> {
        self.push_with(remote, refs, &["--no-follow-tags", "--dry-run", "--no-verify"])
    }

    fn push_with(&self, remote: &str, refs: &[String], options: &[&str]) -> Result<(), GitError> {
        check_remote(remote)?;
        for spec in refs {
            check_push_ref(spec)?;
        }
        if refs.is_empty() {
            return Ok(());
        }
        let mut arguments = vec!["push", "--atomic", "--no-progress"];
        arguments.extend(options);
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
