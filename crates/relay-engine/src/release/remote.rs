//! What the remote tells before a release: its branch and tags, the release record, who holds the lock, and releases that wait
//! to be merged. One `ls-remote`, and the record's object where this clone lacks it.

use std::collections::BTreeMap;

use relay_git::{GitError, Head, RemoteRef};

use super::record::{RECORD_FILE, RECORD_REF, RecordError, ReleaseRecord};
use super::unlock::SeenLock;
use super::waiting_branch::{WaitingBranch, is_release_branch, waiting_branches};
use crate::git_calls::{GitCalls, Glimpsed};
use crate::project::Project;

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
    /// The commit of the branch that is checked out here, where the remote has that branch.
    pub branch: Option<String>,
    /// The branches on which releases wait to be merged, or have waited: by their short names, with their commits.
    pub release_branches: BTreeMap<String, String>,
    /// Those of them that are not merged.
    pub waiting: Vec<WaitingBranch>,
    /// The lock, where somebody holds it; who that is only where it was asked.
    pub lock: Option<SeenLock>,
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

/// How a remote is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether relay's own refs are looked at: the record, and the lock.
    pub own_refs: bool,
    /// Whether who holds the lock is wanted.
    pub lock: bool,
    /// Whether nothing is brought into this clone (invariant I11).
    pub reads_only: bool,
}

impl RemoteState {
    /// Reads the remote.
    ///
    /// # Errors
    /// [`RemoteError`].
    pub fn read(project: &Project, repository: &dyn GitCalls, name: String, look: Look) -> Result<Self, RemoteError> {
        let head = repository.head()?;
        let branch = head.branch.as_ref().map(|branch| format!("refs/heads/{branch}"));
        let waiting = format!("{RELEASE_BRANCHES}*");
        let mut patterns = vec!["refs/tags/*", waiting.as_str()];
        patterns.extend(branch.as_deref());
        if look.own_refs {
            patterns.extend([RECORD_REF, LOCK_REF]);
        }
        let mut state = Self { name, ..Self::default() };
        let (mut record, mut lock) = (None, None);
        let found = repository.remote_refs(&state.name, &patterns)?;
        let glimpse = state.bring(repository, &found, look)?;
        for (full, found) in found {
            if full == RECORD_REF {
                record = Some(found.object);
            } else if full == LOCK_REF {
                lock = Some(found.object);
            } else if let Some(tag) = full.strip_prefix("refs/tags/") {
                state.tags.insert(tag.to_owned(), found);
            } else {
                if Some(&full) == branch.as_ref() {
                    state.branch = Some(found.commit.clone());
                }
                if let Some(branch) = full.strip_prefix("refs/heads/").filter(|branch| is_release_branch(branch)) {
                    state.release_branches.insert(branch.to_owned(), found.commit);
                }
            }
        }
        let repository = glimpse.as_ref().map_or(repository, |glimpse| glimpse.git());
        if let Some(id) = record {
            let unusable = |source| RemoteError::Record { remote: state.name.clone(), source };
            let bytes = repository.read_document(&id, RECORD_FILE)?;
            let bytes = bytes.ok_or_else(|| unusable(RecordError::Unreadable(format!("it has no `{RECORD_FILE}`"))))?;
            let read = ReleaseRecord::parse(&bytes).map_err(unusable)?;
            state.record = Some((id, read));
        }
        state.lock = lock.map(|id| SeenLock::read(repository, &state.name, id));
        state.waiting = waiting_branches(project, repository, &head, state.branch.as_deref(), &state.release_branches)?;
        Ok(state)
    }

    /// Makes the objects available that must be read: brought here, or looked at in another place.
    fn bring(
        &self,
        repository: &dyn GitCalls,
        found: &BTreeMap<String, RemoteRef>,
        look: Look,
    ) -> Result<Option<Box<dyn Glimpsed>>, GitError> {
        let wanted = |full: &str| !full.starts_with("refs/tags/") && (look.lock || full != LOCK_REF);
        let has_releases = found.keys().any(|full| full.starts_with(RELEASE_BRANCHES));
        let lacking: Vec<(&str, &RemoteRef)> = found
            .iter()
            .map(|(full, found)| (full.as_str(), found))
            // The branch itself matters only where it may have what waits to be merged into it.
            .filter(|(full, _)| wanted(full) && (has_releases || !full.starts_with("refs/heads/")))
            .filter(|(full, found)| full.starts_with("refs/relay/") || !repository.has_commit(&found.commit))
            .collect();
        if look.reads_only {
            let absent = lacking.iter().filter(|(_, found)| !repository.has_commit(&found.object));
            let refs: Vec<&str> = absent.map(|(full, _)| *full).collect();
            if refs.is_empty() {
                return Ok(None);
            }
            return repository.glimpse(&self.name, &refs).map(Some).or_else(|error| {
                // A lock may have been given back since it was listed.
                let rest: Vec<&str> = refs.iter().copied().filter(|full| *full != LOCK_REF).collect();
                if rest.len() < refs.len() { repository.glimpse(&self.name, &rest).map(Some) } else { Err(error) }
            });
        }
        for (full, found) in lacking {
            match full {
                RECORD_REF => repository.fetch_object(&self.name, full, &found.object)?,
                // A lock that can't be had is shown as one that can't be read.
                LOCK_REF => drop(repository.fetch_object(&self.name, full, &found.object)),
                _ => repository.fetch_commit(&self.name, full, &found.commit)?,
            }
        }
        Ok(None)
    }

    /// Whether the branch that is checked out has commits that the remote's lacks. What only the remote has is no matter here:
    /// git refuses the push where both have some.
    ///
    /// # Errors
    /// [`GitError`] where the remote's commit can't be brought here, or the history not read.
    pub fn lacks_head(&self, repository: &dyn GitCalls, head: &Head) -> Result<bool, GitError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Repo, TWO};

    const ALL: Look = Look { own_refs: true, lock: true, reads_only: false };
    const LOOK_ONLY: Look = Look { reads_only: true, ..ALL };

    /// A clone and its remote, which has a tag, and in `refs/relay/release` a commit with this file.
    fn with_record(file: &str, text: &str) -> (Repo, String) {
        let repo = Repo::committed(&TWO);
        repo.with_remote();
        let released = repo.git(&["rev-parse", "HEAD"]);
        repo.git(&["tag", "a@1.0.0"]);
        repo.write(file, text).commit("record");
        let record = repo.git(&["rev-parse", "HEAD"]);
        repo.git(&["push", "-q", "origin", "HEAD:refs/relay/release", "a@1.0.0"]);
        repo.git(&["reset", "-q", "--hard", &released]);
        (repo, record)
    }

    fn read(repo: &Repo, look: Look) -> Result<RemoteState, RemoteError> {
        let project = repo.project();
        RemoteState::read(&project, project.git().unwrap(), "origin".to_owned(), look)
    }

    fn record() -> ReleaseRecord {
        ReleaseRecord {
            schema: super::super::record::RECORD_SCHEMA.to_owned(),
            plan: "p".to_owned(),
            command: "release".to_owned(),
            begun: jiff::Timestamp::UNIX_EPOCH,
            options: crate::run_options::RunOptions::default(),
            versions: Vec::new(),
        }
    }

    #[test]
    fn a_fresh_clone_sees_branch_tags_and_record_and_a_look_alone_brings_nothing_here() {
        let (repo, id) = with_record(RECORD_FILE, &record().to_json());
        let clone = repo.fresh_clone();
        let has_record = || clone.project().git().unwrap().has_commit(&id);
        for (look, brought) in [(LOOK_ONLY, false), (ALL, true)] {
            let state = read(&clone, look).unwrap();
            assert_eq!(state.record, Some((id.clone(), record())), "{look:?}");
            assert_eq!(state.branch.as_deref(), Some(repo.git(&["rev-parse", "main"]).as_str()));
            assert_eq!(state.tags.keys().collect::<Vec<_>>(), ["a@1.0.0"]);
            assert_eq!((state.lock, has_record()), (None, brought), "{look:?}");
        }
        let state = read(&clone, Look { own_refs: false, ..ALL }).unwrap();
        assert_eq!(state.record, None, "relay's own refs were not asked for");
    }

    #[test]
    fn a_record_that_cannot_be_read_stops_the_run_and_is_named() {
        for (file, text, words) in [
            ("other.json", "{}", "it has no `release.json`"),
            (RECORD_FILE, "{\"schema\":", "it can't be read"),
            (RECORD_FILE, "{\"schema\":\"relay.release/9\"}", "has the form `relay.release/9`"),
        ] {
            let (repo, _) = with_record(file, text);
            let error = read(&repo, ALL).unwrap_err();
            assert!(matches!(&error, RemoteError::Record { remote, .. } if remote == "origin"), "{error:?}");
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[test]
    fn a_lock_that_cannot_be_read_is_one_all_the_same() {
        let (repo, _) = with_record(RECORD_FILE, &record().to_json());
        repo.git(&["push", "-q", "origin", &format!("HEAD:{LOCK_REF}")]);
        let state = read(&repo.fresh_clone(), LOOK_ONLY).unwrap();
        let lock = state.lock.expect("somebody holds it");
        assert_eq!((lock.id, lock.document), (repo.git(&["rev-parse", "HEAD"]), None));
    }

    #[test]
    fn the_branch_is_to_be_pushed_where_the_remote_lacks_what_is_checked_out() {
        let repo = Repo::committed(&TWO);
        repo.with_remote();
        let lacks = || {
            let (state, project) = (read(&repo, ALL).unwrap(), repo.project());
            let git = project.git().unwrap();
            state.lacks_head(git, &git.head().unwrap()).unwrap()
        };
        assert!(!lacks(), "it is there");
        let first = repo.git(&["rev-parse", "HEAD"]);
        repo.commit("feat: more");
        assert!(lacks(), "it is behind");
        repo.git(&["push", "-q", "origin", "main"]);
        repo.git(&["reset", "-q", "--hard", &first]);
        assert!(!lacks(), "it is ahead");
        repo.git(&["switch", "-q", "-c", "topic"]);
        assert!(lacks(), "it has no such branch");
        repo.git(&["switch", "-q", "--detach"]);
        assert!(!lacks(), "there is no branch to push");
    }
}
