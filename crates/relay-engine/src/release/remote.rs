//! What the remote tells before a release: its branch and tags, the release record, who holds the lock, and releases that wait
//! to be merged. One `ls-remote`, and the record's object where this clone lacks it.

use std::collections::BTreeMap;

use relay_git::{GitError, Head, RemoteRef, Repository};

use super::Request;
use super::record::{RECORD_FILE, RECORD_REF, RecordError, ReleaseRecord};

/// The ref of the lock.
pub const LOCK_REF: &str = "refs/relay/lock";
/// Where version commits wait whose branch may not be pushed to.
pub const RELEASE_BRANCHES: &str = "refs/heads/relay/release/";

/// The remote as it was seen.
#[derive(Debug, Clone, Default)]
pub struct RemoteState {
    /// Its name in this clone.
    pub name: String,
    /// The object that the record's ref names, and the record.
    pub record: Option<(String, ReleaseRecord)>,
    /// The object that the lock's ref names, where somebody holds it.
    pub lock: Option<String>,
    /// The commit of the branch that is checked out here, where the remote has that branch.
    pub branch: Option<String>,
    /// Releases that wait to be merged: branch by its short name, and commit.
    pub release_branches: BTreeMap<String, String>,
    /// The tags, without `refs/tags/`.
    pub tags: BTreeMap<String, RemoteRef>,
}

/// The remote can't be read.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// git can't reach it, or it says no.
    #[error(transparent)]
    Git(#[from] GitError),
    /// What it has as a release record is none.
    #[error("the release record of `{remote}` (`{RECORD_REF}`) can't be used: {source}")]
    Record {
        /// The remote.
        remote: String,
        /// Why.
        source: RecordError,
    },
}

impl RemoteState {
    /// Reads the remote. A dry run takes the record only where this clone has it, since it brings nothing here.
    ///
    /// # Errors
    /// [`RemoteError`].
    pub fn read(repository: &Repository, name: String, head: &Head, request: &Request) -> Result<Self, RemoteError> {
        let branch = head.branch.as_ref().map(|branch| format!("refs/heads/{branch}"));
        let waiting = format!("{RELEASE_BRANCHES}*");
        let mut patterns = vec!["refs/tags/*"];
        patterns.extend(branch.as_deref());
        if request.remote_refs {
            patterns.extend([waiting.as_str(), RECORD_REF, LOCK_REF]);
        }
        let mut state = Self { name, ..Self::default() };
        let mut record = None;
        for (full, found) in repository.remote_refs(&state.name, &patterns)? {
            if Some(&full) == branch.as_ref() {
                state.branch = Some(found.commit);
            } else if full == LOCK_REF {
                state.lock = Some(found.object);
            } else if full == RECORD_REF {
                record = Some(found.object);
            } else if let Some(tag) = full.strip_prefix("refs/tags/") {
                state.tags.insert(tag.to_owned(), found);
            } else if let Some(branch) = full.strip_prefix("refs/heads/") {
                state.release_branches.insert(branch.to_owned(), found.commit);
            }
        }
        if let Some(id) = record {
            if !request.dry_run {
                repository.fetch_object(&state.name, RECORD_REF, &id)?;
            } else if !repository.has_commit(&id) {
                return Ok(state);
            }
            let unusable = |source| RemoteError::Record { remote: state.name.clone(), source };
            let bytes = repository.read_document(&id, RECORD_FILE)?;
            let bytes = bytes.ok_or_else(|| unusable(RecordError::Unreadable(format!("it has no `{RECORD_FILE}`"))))?;
            let read = ReleaseRecord::parse(&bytes).map_err(unusable)?;
            state.record = Some((id, read));
        }
        Ok(state)
    }

    /// Whether the branch that is checked out has commits that the remote's lacks. What only the remote has is no matter here:
    /// git refuses the push where both have some.
    ///
    /// # Errors
    /// [`GitError`] where the remote's commit can't be brought here, or the history not read.
    pub fn lacks_head(&self, repository: &Repository, head: &Head) -> Result<bool, GitError> {
        let (Some(commit), Some(branch)) = (&head.commit, &head.branch) else { return Ok(false) };
        let Some(there) = &self.branch else { return Ok(true) };
        if there == commit {
            return Ok(false);
        }
        if !repository.has_commit(there) {
            repository.fetch_commit(&self.name, &format!("refs/heads/{branch}"), there)?;
        }
        Ok(!repository.is_ancestor(commit, there)?)
    }
}
