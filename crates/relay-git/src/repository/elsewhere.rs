//! Repositories that git finds and libgit2 alone does not: those that the environment names, and those that git trusts by
//! settings which libgit2 doesn't read. The `git` program is asked where they are.

use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use crate::error::GitError;
use crate::git_program::{RunError, run};
use crate::repository::Repository;

/// Whether the environment names a repository or its working folder.
pub(super) fn is_named() -> bool {
    ["GIT_DIR", "GIT_WORK_TREE"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Opens what the `git` program finds from `start`.
pub(super) fn open(start: &Utf8Path) -> Result<Repository, GitError> {
    let doing = "find the git repository";
    let mut command = Command::new("git");
    command.arg("-C").arg(start).args(["rev-parse", "--absolute-git-dir", "--show-toplevel"]).env("LC_ALL", "C");
    let output = run(command, doing, Vec::new()).map_err(|error| match error {
        RunError::Failed { text } if text.contains("must be run in a work tree") => {
            GitError::Bare { path: start.to_owned() }
        }
        RunError::Failed { text } => GitError::ProgramFailed { doing: doing.to_owned(), text },
        RunError::NotRun(error) => error,
    })?;
    let mut lines = output.lines().map(Utf8PathBuf::from);
    let (Some(git_dir), Some(workdir)) = (lines.next(), lines.next()) else {
        return Err(GitError::NotARepository { start: start.to_owned() });
    };
    let opening = || GitError::doing(format!("open the git repository at `{git_dir}`"));
    let git = git2::Repository::open_bare(&git_dir).map_err(opening())?;
    git.set_workdir(workdir.as_std_path(), false).map_err(opening())?;
    let mut repository = Repository::from_git(git)?;
    repository.named_by_environment = is_named();
    match repository.relative(start) {
        Some(_) => Ok(repository),
        None => Err(GitError::NotARepository { start: start.to_owned() }),
    }
}
