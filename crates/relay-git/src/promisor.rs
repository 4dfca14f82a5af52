//! Objects that a partial clone (`git clone --filter=…`) has left with its remote: fetched when they are wanted, as git does.

use std::sync::{Mutex, PoisonError};

use git2::Oid;
use relay_values::Printable;

use crate::error::GitError;
use crate::git_program::{GitProgram, RunError, run};
use crate::repository::Repository;

/// The remote that has what the clone lacks.
#[derive(Debug)]
pub(crate) struct Promisor {
    program: GitProgram,
    remote: String,
    /// One fetch at a time: what one thread lacks, others lack too.
    turn: Mutex<()>,
}

impl Repository {
    /// The remote of a partial clone that promises to have all objects.
    pub(crate) fn promisor(&self) -> Option<Promisor> {
        let remotes = self.git.remotes().ok()?;
        let mut names = remotes.iter().flatten().flatten();
        let remote = names.find(|name| self.flag(&format!("remote.{name}.promisor")) == Some(true))?.to_owned();
        if remote.starts_with('-') {
            return None;
        }
        Some(Promisor { program: self.program(), remote, turn: Mutex::new(()) })
    }
}

impl Promisor {
    /// Fetches objects, trees with all that lies below them but files, by git's own way of doing it.
    pub(crate) fn fetch(&self, ids: &[Oid]) -> Result<(), GitError> {
        let doing = format!("fetch what this partial clone lacks from `{}`", Printable::name(&self.remote));
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut command = self.program.command();
        command.args(["-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags"]);
        command.args(["--no-write-fetch-head", "--recurse-submodules=no", "--filter=blob:none", "--stdin"]);
        command.args(["--end-of-options", &self.remote]);
        let lines: Vec<String> = ids.iter().map(Oid::to_string).collect();
        match run(command, &doing, (lines.join("\n") + "\n").into_bytes()) {
            Ok(_) => Ok(()),
            Err(RunError::Failed { text }) => Err(GitError::ProgramFailed { doing, text }),
            Err(RunError::NotRun(error)) => Err(error),
        }
    }
}
