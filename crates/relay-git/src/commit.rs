//! Commits of a release: exactly the named files, whatever else is staged or changed.
//!
//! Commits are made through libgit2 and run no hook: what they hold was planned and approved, and a hook is code of the
//! repository. Where the person's configuration asks for signatures, `git commit-tree` makes the commit, which runs no hook
//! either.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use git2::build::TreeUpdateBuilder;
use git2::{FileMode, IndexAddOption, Oid, Tree};

use crate::error::GitError;
use crate::repository::Repository;

impl Repository {
    /// Commits these files as they are on disk (added, changed or gone), and nothing else; gives the commit's id.
    ///
    /// Paths are absolute or relative to the working folder; ignored files are committed too, since they were named. What
    /// else is staged stays staged. Works on a branch, on one without commits and on a detached head.
    pub fn commit_paths(&self, paths: &[Utf8PathBuf], message: &str) -> Result<String, GitError> {
        let staging = "stage the files of the commit";
        self.refuse_unfinished_operation()?;
        self.refuse_special_index()?;
        let head = self.head_commit()?;
        let base = match &head {
            Some(commit) => commit.tree().map_err(GitError::doing("read the head commit"))?,
            None => self.empty_tree()?,
        };
        let mut index = self.git.index().map_err(GitError::doing(staging))?;
        index.read(false).map_err(GitError::doing(staging))?;
        let mut update = TreeUpdateBuilder::new();
        for path in paths {
            let path = self.path_inside(path)?;
            let staged = match self.workdir().join(&path).symlink_metadata() {
                Ok(found) if found.is_dir() => return Err(GitError::PathIsFolder { path }),
                Ok(_) => {
                    index.add_path(path.as_std_path()).map_err(GitError::doing(format!("stage `{path}`")))?;
                    index.get_path(path.as_std_path(), 0)
                }
                Err(error) if is_absent(&error) => {
                    index.remove_path(path.as_std_path()).map_err(GitError::doing(format!("stage `{path}`")))?;
                    None
                }
                Err(source) => return Err(GitError::Disk { doing: "read a file to commit", path, source }),
            };
            match staged {
                Some(entry) => {
                    update.upsert(path.as_str(), entry.id, file_mode(entry.mode));
                }
                None if base.get_path(path.as_std_path()).is_ok() => {
                    update.remove(path.as_str());
                }
                None => {}
            }
        }
        let tree = update.create_updated(&self.git, &base).map_err(GitError::doing("write the tree of the commit"))?;
        if tree == base.id() {
            return Err(GitError::NothingToCommit);
        }
        self.check_identity()?;
        // As in git, the index is written before the commit: a locked index then stops it before anything happened.
        index.write().map_err(GitError::doing(staging)).map_err(self.name_lock(&[]))?;
        self.check_index()?;
        self.write_commit(tree, head.as_ref(), message)
    }

    /// Says whether a commit can be made at all: who commits is known, and no merge, rebase or special index is in the way.
    ///
    /// Asked before files are written, so that they are not left behind without their commit.
    pub fn check_can_commit(&self) -> Result<(), GitError> {
        self.refuse_unfinished_operation()?;
        self.refuse_special_index()?;
        self.refuse_locked_index()?;
        self.check_identity()
    }

    /// Commits everything that differs from the head commit, untracked files included and ignored ones not; gives its id.
    pub fn commit_all(&self, message: &str) -> Result<String, GitError> {
        let staging = "stage all files";
        self.refuse_unfinished_operation()?;
        self.refuse_special_index()?;
        let head = self.head_commit()?;
        let mut index = self.git.index().map_err(GitError::doing(staging))?;
        index.read(false).map_err(GitError::doing(staging))?;
        index.add_all(["*"], IndexAddOption::DEFAULT, None).map_err(GitError::doing(staging))?;
        index.update_all(["*"], None).map_err(GitError::doing(staging))?;
        let tree = index.write_tree().map_err(GitError::doing("write the tree of the commit"))?;
        if head.as_ref().is_some_and(|head| head.tree_id() == tree) {
            return Err(GitError::NothingToCommit);
        }
        self.check_identity()?;
        index.write().map_err(GitError::doing(staging)).map_err(self.name_lock(&[]))?;
        self.check_index()?;
        self.write_commit(tree, head.as_ref(), message)
    }

    pub(crate) fn check_identity(&self) -> Result<(), GitError> {
        self.identity().map(|_| ())
    }

    fn write_commit(&self, tree: Oid, head: Option<&git2::Commit<'_>>, message: &str) -> Result<String, GitError> {
        let doing = "commit";
        let message = format!("{}\n", message.trim_end());
        // Nothing is named by what can't be read: no tree by a commit, no commit by a branch.
        self.check_tree(tree, head.map(git2::Commit::tree_id))?;
        let id = if self.config_flag("commit.gpgsign") {
            self.signed_commit(tree, head, &message)?
        } else {
            let author = self.author()?;
            let committer = self.identity()?;
            let tree = self.git.find_tree(tree).map_err(GitError::doing(doing))?;
            let parents: Vec<&git2::Commit<'_>> = head.into_iter().collect();
            let id = self.git.commit(None, &author, &committer, &message, &tree, &parents);
            id.map_err(GitError::doing(doing))?
        };
        self.check_objects(&[id])?;
        let branch = self.head()?.branch.map(|branch| format!("refs/heads/{branch}"));
        let refs: Vec<&str> = branch.as_deref().into_iter().collect();
        self.move_head(id, head, &message).map_err(self.name_lock(&refs))?;
        self.check_head(id)?;
        Ok(id.to_string())
    }

    fn signed_commit(&self, tree: Oid, head: Option<&git2::Commit<'_>>, message: &str) -> Result<Oid, GitError> {
        let doing = "sign the commit (`commit.gpgsign` is set)";
        let tree = tree.to_string();
        let parent = head.map(|head| head.id().to_string());
        let mut arguments = vec!["commit-tree", "--gpg-sign", "-F", "-"];
        if let Some(parent) = &parent {
            arguments.extend(["-p", parent]);
        }
        arguments.push(&tree);
        let output = self.run_git(doing, &arguments, message)?;
        Oid::from_str(output.trim()).map_err(GitError::doing(doing))
    }

    /// Moves the branch, or the detached head, from the head commit to a new one.
    pub(crate) fn move_head(&self, id: Oid, head: Option<&git2::Commit<'_>>, message: &str) -> Result<(), GitError> {
        let moving = || GitError::doing("move the branch to the new commit");
        let subject = message.lines().next().unwrap_or_default();
        let log = format!("commit{}: {subject}", if head.is_none() { " (initial)" } else { "" });
        let reference = self.git.find_reference("HEAD").map_err(moving())?;
        let branch = reference.symbolic_target().map_err(moving())?;
        match (branch, head) {
            (None, _) => self.git.set_head_detached(id).map_err(moving()),
            (Some(name), None) => self.git.reference(name, id, false, &log).map(|_| ()).map_err(moving()),
            (Some(name), Some(head)) => {
                self.git.reference_matching(name, id, true, head.id(), &log).map(|_| ()).map_err(moving())
            }
        }
    }

    fn head_commit(&self) -> Result<Option<git2::Commit<'_>>, GitError> {
        match self.head_id() {
            Ok(id) => self.git.find_commit(id).map(Some).map_err(GitError::doing("read the head commit")),
            Err(GitError::NoCommitYet { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn empty_tree(&self) -> Result<Tree<'_>, GitError> {
        let empty = self.git.treebuilder(None).and_then(|builder| builder.write());
        empty.and_then(|id| self.git.find_tree(id)).map_err(GitError::doing("write the tree of the commit"))
    }

    /// The path relative to the working folder, when it is inside.
    fn path_inside(&self, path: &Utf8Path) -> Result<Utf8PathBuf, GitError> {
        let outside = || GitError::PathOutside { path: path.to_owned(), workdir: self.workdir().to_owned() };
        if path.is_absolute() {
            return self.relative(path).filter(|path| !path.is_empty()).map(Utf8PathBuf::from).ok_or_else(outside);
        }
        let mut inside = Vec::new();
        for part in path.components() {
            match part {
                Utf8Component::Normal(name) if !name.eq_ignore_ascii_case(".git") => inside.push(name),
                Utf8Component::CurDir => {}
                _ => return Err(outside()),
            }
        }
        if inside.is_empty() { Err(outside()) } else { Ok(inside.join("/").into()) }
    }
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

fn file_mode(mode: u32) -> FileMode {
    match mode {
        0o100_755 => FileMode::BlobExecutable,
        0o120_000 => FileMode::Link,
        0o160_000 => FileMode::Commit,
        _ => FileMode::Blob,
    }
}

#[cfg(test)]
mod tests;
