//! Commits whose parents, or all of it, the clone has put others in the place of: `git replace` and the old `info/grafts`.
//!
//! git's history is the one with the replacements, so it is relay's too. Where a replacement leaves out parents that the commit
//! really has, what lies behind them is cut off, as in a shallow clone.

use std::collections::HashMap;

use git2::Oid;

use super::commit_object::CommitObject;
use crate::error::GitError;
use crate::repository::Repository;

/// Larger files of grafts are not read.
const GRAFTS_BYTES_MAX: u64 = 16 << 20;

/// What stands in the place of what.
#[derive(Debug, Default)]
pub(super) struct Grafts {
    replaced: HashMap<Oid, Oid>,
    parents: HashMap<Oid, Vec<Oid>>,
}

impl Grafts {
    /// Reads what the clone has of them.
    #[expect(clippy::disallowed_methods, reason = "git's own variable")]
    pub(super) fn read(repository: &Repository) -> Result<Self, GitError> {
        let mut grafts = Self::default();
        let off = std::env::var_os("GIT_NO_REPLACE_OBJECTS").is_some()
            || repository.flag("core.useReplaceRefs") == Some(false);
        if !off {
            let listing = || GitError::doing("list the replaced commits");
            for reference in repository.git.references_glob("refs/replace/*").map_err(listing())? {
                let reference = reference.map_err(listing())?;
                let of = reference.name().ok().and_then(|name| Oid::from_str(name.rsplit('/').next()?).ok());
                if let (Some(of), Some(by)) = (of, reference.target()) {
                    grafts.replaced.insert(of, by);
                }
            }
        }
        let path = repository.git.commondir().join("info/grafts");
        if path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() <= GRAFTS_BYTES_MAX) {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            grafts.parents = text.lines().filter_map(graft).collect();
        }
        Ok(grafts)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.replaced.is_empty() && self.parents.is_empty()
    }

    /// A commit as it counts, read by `raw`.
    pub(super) fn read_commit(
        &self,
        id: Oid,
        mut raw: impl FnMut(Oid) -> Result<CommitObject, GitError>,
    ) -> Result<CommitObject, GitError> {
        let mut commit = raw(*self.replaced.get(&id).unwrap_or(&id))?;
        if let Some(parents) = self.parents.get(&id) {
            commit.parents.clone_from(parents);
        }
        Ok(commit)
    }

    /// The object that holds a commit's message.
    pub(super) fn object(&self, id: Oid) -> Oid {
        *self.replaced.get(&id).unwrap_or(&id)
    }

    /// Whether something stands in a commit's place.
    pub(super) fn concerns(&self, id: Oid) -> bool {
        self.replaced.contains_key(&id) || self.parents.contains_key(&id)
    }
}

/// A line of `info/grafts`: the commit and its parents.
fn graft(line: &str) -> Option<(Oid, Vec<Oid>)> {
    let mut ids = line.split_ascii_whitespace().map(|id| Oid::from_str(id).ok());
    let commit = ids.next()??;
    Some((commit, ids.collect::<Option<_>>()?))
}
