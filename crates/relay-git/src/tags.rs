//! Tags: which there are, and what they name.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use git2::{ErrorCode, ObjectType, Oid};

use crate::error::GitError;
use crate::git_program::RunError;
use crate::ref_name::tag_ref;
use crate::repository::Repository;

/// What became of a tag that was to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagOutcome {
    /// It is new.
    Created,
    /// It was on that commit already.
    AlreadyThere,
}

impl Repository {
    /// The names of all tags, sorted.
    pub fn tag_names(&self) -> Result<Vec<String>, GitError> {
        let mut refs = self.git.references_glob("refs/tags/*").map_err(GitError::doing("list the tags"))?;
        let mut names = Vec::new();
        for name in refs.names() {
            // A name that isn't UTF-8 can't be that of a version.
            let Ok(name) = name else { continue };
            names.extend(name.strip_prefix("refs/tags/").map(str::to_owned));
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// The commit that a tag names, through tag objects; `None` when there is no such tag or it names no commit.
    pub fn tag_commit(&self, name: &str) -> Result<Option<String>, GitError> {
        let Ok(full) = tag_ref(name) else { return Ok(None) };
        Ok(self.ref_commit(&full)?.map(|id| id.to_string()))
    }

    /// Whether this clone has a commit.
    pub fn has_commit(&self, commit: &str) -> bool {
        Oid::from_str(commit).and_then(|id| self.git.find_commit(id)).is_ok()
    }

    /// Whether these folders, relative to the repository, hold the same in two commits; the empty path is all of it. A commit
    /// that this clone lacks is like no other.
    pub fn same_folders<'p>(
        &self,
        commit: &str,
        other: &str,
        folders: impl IntoIterator<Item = &'p str>,
    ) -> Result<bool, GitError> {
        if self.promisor().is_some() {
            return self.same_folders_by_git(commit, other, folders);
        }
        let reading = || GitError::doing("compare the folders of two commits");
        let find =
            |id: &str| Oid::from_str(id).and_then(|id| self.git.find_commit(id)).and_then(|commit| commit.tree());
        let (Ok(tree), Ok(other)) = (find(commit), find(other)) else { return Ok(false) };
        for folder in folders {
            let entry = |tree: &git2::Tree<'_>| match tree.get_path(Path::new(folder)) {
                _ if folder.is_empty() => Ok(Some(tree.id())),
                Ok(entry) => Ok(Some(entry.id())),
                Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
                Err(error) => Err(reading()(error)),
            };
            if entry(&tree)? != entry(&other)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The same by the `git` program, which fetches the folders that a partial clone lacks.
    fn same_folders_by_git<'p>(
        &self,
        commit: &str,
        other: &str,
        folders: impl IntoIterator<Item = &'p str>,
    ) -> Result<bool, GitError> {
        if !self.has_commit(commit) || !self.has_commit(other) {
            return Ok(false);
        }
        for folder in folders {
            let id = |commit: &str| match self.try_git(
                "compare folders",
                &["rev-parse", "--verify", "--quiet", &format!("{commit}:{folder}")],
                "",
            ) {
                Ok(id) => Ok(Some(id)),
                // git says nothing where there is no such folder.
                Err(RunError::Failed { .. }) => Ok(None),
                Err(RunError::NotRun(error)) => Err(error),
            };
            if id(commit)? != id(other)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The commits of those of the named tags that exist and name a commit.
    pub(crate) fn tag_commits<'n>(&self, wanted: &HashSet<&'n str>) -> Result<HashMap<&'n str, Oid>, GitError> {
        let mut found = HashMap::new();
        let mut kinds: HashMap<Oid, bool> = HashMap::new();
        if wanted.is_empty() {
            return Ok(found);
        }
        let listing = "list the tags";
        let odb = self.git.odb().map_err(GitError::doing("open the object store"))?;
        let refs = self.git.references_glob("refs/tags/*").map_err(GitError::doing(listing))?;
        for reference in refs {
            let reference = reference.map_err(GitError::doing(listing))?;
            let name = reference.name().ok().and_then(|name| name.strip_prefix("refs/tags/"));
            let Some(name) = name.and_then(|name| wanted.get(name)) else { continue };
            // A packed ref knows what its tag object names, so that no object is read.
            let commit = match reference.target_peel() {
                Some(id) => {
                    if let Some(known) = kinds.get(&id) {
                        known.then_some(id)
                    } else {
                        let (_, kind) = odb.read_header(id).map_err(GitError::reading(id, "read a tag"))?;
                        kinds.insert(id, kind == ObjectType::Commit);
                        (kind == ObjectType::Commit).then_some(id)
                    }
                }
                None => peel(&self.git, &reference)?,
            };
            found.extend(commit.map(|commit| (*name, commit)));
        }
        Ok(found)
    }

    /// What is there under a tag's name, against what is wanted; `None` where nothing is.
    pub(crate) fn compare_tag(&self, name: &str, full: &str, wanted: Oid) -> Result<Option<TagOutcome>, GitError> {
        let reference = match self.git.find_reference(full) {
            Ok(reference) => reference,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(GitError::doing(format!("read the tag `{name}`"))(error)),
        };
        match peel(&self.git, &reference)? {
            Some(there) if there == wanted => Ok(Some(TagOutcome::AlreadyThere)),
            there => Err(GitError::TagElsewhere {
                name: name.to_owned(),
                there: there.map_or_else(|| "no commit at all".to_owned(), |id| id.to_string()),
                wanted: wanted.to_string(),
            }),
        }
    }

    fn ref_commit(&self, full: &str) -> Result<Option<Oid>, GitError> {
        match self.git.find_reference(full) {
            Ok(reference) => peel(&self.git, &reference),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(GitError::doing(format!("read `{full}`"))(error)),
        }
    }
}

/// The commit that a ref names; `None` when it names something else.
pub(crate) fn peel(git: &git2::Repository, reference: &git2::Reference<'_>) -> Result<Option<Oid>, GitError> {
    let resolved = match reference.resolve() {
        Ok(resolved) => resolved,
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
        Err(error) => return Err(GitError::doing("follow a ref")(error)),
    };
    let Some(target) = resolved.target() else { return Ok(None) };
    let object = git.find_object(target, None).map_err(GitError::reading(target, "read a tag"))?;
    match object.peel(ObjectType::Commit) {
        Ok(commit) => Ok(Some(commit.id())),
        Err(error) if matches!(error.code(), ErrorCode::InvalidSpec | ErrorCode::Peel) => Ok(None),
        Err(error) => Err(GitError::reading(target, "read a tag")(error)),
    }
}

#[cfg(test)]
mod tests;
