//! The lock of a remote as a person looks at it, and how it is taken away from a run that is gone.

use relay_git::{GitError, Swap};

use super::lock_document::{LOCK_FILE, LockDocument};
use super::remote::LOCK_REF;
use crate::git_calls::GitCalls;

/// How often the lock is looked at while its holder renews it: the object must be the one that the ref named.
const LOOKS_MAX: usize = 3;

/// A lock as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenLock {
    /// The remote's name.
    pub remote: String,
    /// The object that the ref names.
    pub id: String,
    /// What stands in it, where that can be read.
    pub document: Option<LockDocument>,
}

/// What became of a lock that was to be taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakenAway {
    /// Nobody holds it any more.
    Done,
    /// Its holder gave it back meanwhile.
    GivenBack,
    /// It was renewed or taken since it was seen: whoever holds it is at work. The lock as it is now.
    Alive(SeenLock),
}

impl SeenLock {
    /// Looks at the lock of a remote; `None` where nobody holds it.
    ///
    /// # Errors
    /// [`GitError`] where the remote can't be asked. A lock that can't be read is none.
    pub fn of(repository: &dyn GitCalls, remote: &str) -> Result<Option<Self>, GitError> {
        let mut seen = None;
        for _ in 0..LOOKS_MAX {
            let Some(found) = repository.remote_ref(remote, LOCK_REF)? else { return Ok(None) };
            let id = found.object;
            let fetched = repository.fetch_object(remote, LOCK_REF, &id);
            seen = Some(Self::read(repository, remote, id));
            // Its holder renewed it between the two looks.
            if !matches!(fetched, Err(GitError::RefMoved { .. })) {
                break;
            }
        }
        Ok(seen)
    }

    /// What stands in a lock, as far as it is here and can be read.
    pub(super) fn read(repository: &dyn GitCalls, remote: &str, id: String) -> Self {
        let bytes = repository.read_document(&id, LOCK_FILE).ok().flatten();
        let document = bytes.and_then(|bytes| LockDocument::parse(&bytes));
        Self { remote: remote.to_owned(), id, document }
    }

    /// Takes the lock away from its holder, if it is still as it was seen.
    ///
    /// # Errors
    /// [`GitError`] where the remote can't be asked or refuses.
    pub fn take_away(&self, repository: &dyn GitCalls) -> Result<TakenAway, GitError> {
        match repository.swap_remote_ref(&self.remote, LOCK_REF, Some(&self.id), None)? {
            Swap::Done => Ok(TakenAway::Done),
            Swap::Lost { .. } => Ok(Self::of(repository, &self.remote)?.map_or(TakenAway::GivenBack, TakenAway::Alive)),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use camino::Utf8PathBuf;
    use relay_git::{Document, Repository};

    use super::*;
    use crate::release::lock_document::LOCK_SCHEMA;
    use crate::state_folder::Holder;

    /// A clone with a bare remote.
    pub(in crate::release) fn clone() -> (tempfile::TempDir, Repository) {
        let guard = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(guard.path().canonicalize().unwrap()).unwrap();
        let git = |arguments: &[&str]| {
            let status = std::process::Command::new("git").current_dir(&root).args(arguments).status().unwrap();
            assert!(status.success(), "{arguments:?}");
        };
        git(&["init", "-q", "--bare", "origin.git"]);
        let repository = Repository::init(&root.join("clone")).unwrap();
        git(&["-C", "clone", "remote", "add", "origin", root.join("origin.git").as_str()]);
        (guard, repository)
    }

    /// Moves the lock as its holder does.
    fn hold(repository: &Repository, from: Option<&str>, renewals: u64) -> (String, LockDocument) {
        let since = "2026-11-24T14:02:00Z".parse().unwrap();
        let holder = Holder { command: "publish".to_owned(), pid: 7, host: "builder".to_owned(), since };
        let (schema, plan) = (LOCK_SCHEMA.to_owned(), "p".to_owned());
        let document = LockDocument { schema, holder, plan, renewed: since, renewals, lasts_seconds: 120 };
        let id = repository.write_document(&Document {
            file_name: LOCK_FILE,
            contents: document.to_json().as_bytes(),
            parents: &[],
            message: "lock",
            author: "relay",
            email: "relay@localhost",
            seconds: 0,
        });
        let id = id.unwrap();
        assert_eq!(repository.swap_remote_ref("origin", LOCK_REF, from, Some(&id)).unwrap(), Swap::Done);
        (id, document)
    }

    #[test]
    fn only_what_was_shown_is_taken_away() {
        let (_guard, repository) = clone();
        assert_eq!(SeenLock::of(&repository, "origin").unwrap(), None);
        let (id, document) = hold(&repository, None, 0);
        let seen = SeenLock::of(&repository, "origin").unwrap().unwrap();
        assert_eq!((&seen.id, seen.document.as_ref()), (&id, Some(&document)));

        let (renewed, document) = hold(&repository, Some(&id), 1);
        let TakenAway::Alive(now) = seen.take_away(&repository).unwrap() else { panic!("its holder is at work") };
        assert_eq!((&now.id, now.document.as_ref()), (&renewed, Some(&document)));
        assert_eq!(now.take_away(&repository).unwrap(), TakenAway::Done);
        assert_eq!(now.take_away(&repository).unwrap(), TakenAway::GivenBack);
        assert_eq!(SeenLock::of(&repository, "origin").unwrap(), None);
    }
}
