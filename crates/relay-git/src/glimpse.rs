//! Objects of a remote looked at without bringing them into the clone: for those who only read (invariant I11).
//!
//! The `git` program fetches into a temporary folder of objects that stands on the clone's own, so that only what the clone
//! lacks comes along; a second handle on the repository sees both. Nothing is written through it: what it wrote could stand on
//! objects that are gone afterwards.

use camino::Utf8Path;
use relay_values::Printable;
use tempfile::TempDir;

use crate::error::GitError;
use crate::git_program::RunError;
use crate::git_program::run;
use crate::ref_name::check_full_ref;
use crate::remote_refs::check_remote;
use crate::repository::Repository;

/// A repository with objects of a remote, until it is dropped.
#[derive(Debug)]
pub struct Glimpse {
    repository: Repository,
    _folder: TempDir,
}

impl Glimpse {
    /// The repository, for reading.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }
}

impl Repository {
    /// Looks at what these refs of a remote name, given by their full names. The clone stays as it is.
    ///
    /// # Errors
    /// [`GitError`] where the remote can't be reached or lacks one of them, or there is no room for temporary files.
    #[expect(clippy::disallowed_methods, reason = "a folder that nobody else sees")]
    pub fn glimpse(&self, remote: &str, full_refs: &[&str]) -> Result<Glimpse, GitError> {
        check_remote(remote)?;
        full_refs.iter().try_for_each(|full_ref| check_full_ref(full_ref))?;
        let disk = |source| GitError::Disk {
            doing: "make a folder for temporary files",
            path: std::env::temp_dir().to_string_lossy().into_owned().into(),
            source,
        };
        let folder = tempfile::Builder::new().prefix("relay-glimpse-").tempdir().map_err(disk)?;
        let objects = folder.path().join("objects");
        std::fs::create_dir_all(objects.join("info")).map_err(disk)?;
        let own = self.git.commondir().join("objects");
        std::fs::write(objects.join("info/alternates"), format!("{}\n", own.display())).map_err(disk)?;
        if !full_refs.is_empty() {
            let doing = format!("look at refs of `{}`", Printable::name(remote));
            let mut command = self.program().command();
            command.env("GIT_OBJECT_DIRECTORY", &objects);
            command.args(["-c", "fetch.writeCommitGraph=false", "fetch", "--quiet", "--no-tags", "--refmap="]);
            command.args(["--no-write-fetch-head", "--no-recurse-submodules", "--no-prune", "--no-auto-maintenance"]);
            command.args(["--end-of-options", remote]).args(full_refs);
            run(command, &doing, Vec::new()).map_err(|error| match error {
                RunError::Failed { text } => GitError::ProgramFailed { doing, text },
                RunError::NotRun(error) => error,
            })?;
        }
        let opening = || GitError::doing("open the repository for a look at its remote");
        let git = git2::Repository::open_bare(self.git.path()).map_err(opening())?;
        git.set_workdir(self.workdir().as_std_path(), false).map_err(opening())?;
        let objects =
            Utf8Path::from_path(&objects).map_or_else(|| objects.to_string_lossy(), |path| path.as_str().into());
        git.odb().and_then(|odb| odb.add_disk_alternate(&objects)).map_err(opening())?;
        let mut repository = Self::from_git(git)?;
        repository.hidden_from_git.clone_from(&self.hidden_from_git);
        repository.named_by_environment = self.named_by_environment;
        Ok(Glimpse { repository, _folder: folder })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::testing::{TestRemote, TestRepo};

    /// Every file of the clone's git directory.
    fn files(repo: &TestRepo) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut folders = vec![repo.root.join(".git")];
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir_utf8().unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path().to_owned());
                } else {
                    let size = entry.metadata().unwrap().len();
                    found.insert(format!("{} {size}", entry.path()));
                }
            }
        }
        found
    }

    #[test]
    fn shows_what_the_clone_lacks_and_leaves_nothing_in_it() {
        let remote = TestRemote::new();
        let (here, shallow) = (remote.clone(), remote.clone_with(&["--depth=1"]));
        let there = remote.clone();
        there.git(&["switch", "-q", "-c", "other"]);
        let commit = there.write("b", "2").commit("more");
        there.git(&["push", "-q", "origin", "other"]);
        let linked = here.root.join("../linked");
        here.git(&["worktree", "add", "-q", "--detach", linked.as_str()]);
        let linked = Repository::discover(&linked.canonicalize_utf8().unwrap()).unwrap();
        for (repo, clone) in [(&here, &here.relay), (&shallow, &shallow.relay), (&here, &linked)] {
            let before = files(repo);
            let head = clone.head().unwrap().commit.unwrap();
            let glimpse = clone.glimpse("origin", &["refs/heads/other"]).unwrap();
            assert!(!clone.has_commit(&commit));
            let seen = glimpse.repository();
            assert!(seen.has_commit(&commit) && seen.has_commit(&head));
            assert!(seen.is_ancestor(&head, &commit).unwrap());
            assert_eq!(seen.head().unwrap().commit.as_deref(), Some(head.as_str()));
            drop(glimpse);
            assert_eq!(files(repo), before);
        }
        assert!(here.relay.glimpse("origin", &["refs/heads/none"]).is_err());
        assert!(here.relay.glimpse("origin", &["--upload-pack=x"]).is_err());
    }
}
