//! Repositories that git finds and libgit2 alone does not: those that the environment names, and those that git trusts by
//! settings which libgit2 doesn't read. The `git` program is asked where they are.

use std::path::PathBuf;

use camino::{Utf8Path, Utf8PathBuf};

use crate::error::GitError;
use crate::git_program::{GitProgram, RunError, run};
use crate::repository::Repository;

/// The variables by which the environment names a repository and its working folder.
const VARIABLES: [&str; 2] = ["GIT_DIR", "GIT_WORK_TREE"];

/// Whether the environment names a repository or its working folder.
pub(super) fn is_named() -> bool {
    VARIABLES.iter().any(|name| variable(name).is_some())
}

/// Whether the environment names a repository and nothing else, and this is it. Then its working folder is the one in which it
/// was found: a hook of git's, which gets `GIT_DIR`, may start relay in a folder below.
pub(super) fn names(repository: &Repository) -> bool {
    let same = |named: PathBuf| match (named.canonicalize(), repository.git.path().canonicalize()) {
        (Ok(named), Ok(found)) => named == found,
        _ => false,
    };
    variable("GIT_WORK_TREE").is_none() && variable("GIT_DIR").is_some_and(same)
}

/// A variable that holds a path, which is relative to the folder in which relay was started.
#[expect(clippy::disallowed_methods, reason = "git's own variables say where a repository is")]
fn variable(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os(name).filter(|value| !value.is_empty())?;
    Some(std::env::current_dir().map_or_else(|_| PathBuf::from(&path), |folder| folder.join(&path)))
}

/// Opens what the `git` program finds from `start`.
pub(super) fn open(start: &Utf8Path) -> Result<Repository, GitError> {
    let doing = "find the git repository";
    let mut command = GitProgram::in_folder(start).command();
    command.args(["rev-parse", "--absolute-git-dir", "--show-toplevel"]);
    for name in VARIABLES {
        if let Some(path) = variable(name) {
            command.env(name, path);
        }
    }
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
