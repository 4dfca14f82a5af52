//! A run that is alone in its clone and on its remote without being a release: what `relay undo` works under.

use camino::Utf8Path;

use super::ReleaseError;
use super::held::{LockNotice, take_remote_lock};
use super::remote_lock::{LockTerms, RemoteLock, on_a_thread};
use crate::event::SharedClock;
use crate::project::Project;
use crate::state_folder::{Holder, RunLock};

/// The locks of a clone and of its remote.
pub struct Alone {
    #[expect(dead_code, reason = "held until the run has come to its end")]
    clone: RunLock,
    remote: Option<RemoteLock>,
}

/// Who wants to be alone, and for what.
pub struct AloneTerms<'a> {
    /// relay's state folder of the clone.
    pub state: &'a Utf8Path,
    /// Who.
    pub holder: &'a Holder,
    /// The plan's id, for others to read.
    pub plan: &'a str,
    /// The clock that dates the lock.
    pub clock: SharedClock,
    /// Whether a lock is kept on the remote.
    pub remote_lock: bool,
}

impl Alone {
    /// Takes the lock of the clone and, where there is a remote and it takes such refs, that of the remote.
    ///
    /// # Errors
    /// [`ReleaseError`]: another run is at work, or the remote can't be asked.
    pub async fn take(
        project: &Project,
        terms: &AloneTerms<'_>,
        tell: &(dyn Fn(LockNotice) + Sync),
    ) -> Result<Self, ReleaseError> {
        let clone = RunLock::take(terms.state, terms.holder)?;
        let wanted = terms.remote_lock && project.config.git.remote_lock;
        let Some(git) = project.git().filter(|_| wanted) else { return Ok(Self { clone, remote: None }) };
        let has_commit = git.head()?.commit.is_some();
        let Some(remote) = git.remote_name().filter(|_| has_commit) else { return Ok(Self { clone, remote: None }) };
        let terms = LockTerms {
            remote,
            holder: terms.holder.clone(),
            plan: terms.plan.to_owned(),
            lasts: project.config.git.lock_lasts.0,
            clock: terms.clock.clone(),
            beside: on_a_thread,
        };
        let (remote, _) = take_remote_lock(git, &terms, clone.before(), tell).await?;
        Ok(Self { clone, remote: Some(remote) })
    }

    /// The lock of the remote, where one is held: asked before each write.
    pub fn remote(&self) -> Option<&RemoteLock> {
        self.remote.as_ref()
    }

    /// Gives the locks back. Tells why that of the remote could not be, if it couldn't: others wait until it expires.
    pub fn give_back(self) -> Option<String> {
        self.remote.and_then(|lock| lock.give_back().err()).map(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::fixture::{Repo, TWO, Told};
    use crate::release::remote::LOCK_REF;
    use crate::state_folder::StateFolderError;

    fn holder(pid: u32) -> Holder {
        let since = jiff::Timestamp::UNIX_EPOCH;
        Holder { command: "undo".to_owned(), pid, host: "here".to_owned(), since }
    }

    async fn taken_by(
        repo: &Repo,
        holder: &Holder,
        remote_lock: bool,
        tell: &(dyn Fn(LockNotice) + Sync),
    ) -> Result<Alone, ReleaseError> {
        let state = repo.root.join(".git/relay");
        let clock = Told::stream().0.clock();
        let terms = AloneTerms { state: &state, holder, plan: "p", clock, remote_lock };
        Alone::take(&repo.project(), &terms, tell).await
    }

    async fn taken(repo: &Repo, holder: &Holder, remote_lock: bool) -> Result<Alone, ReleaseError> {
        taken_by(repo, holder, remote_lock, &|_| {}).await
    }

    /// Takes what was given back: a git that another test is just starting has a copy of the clone's lock until it is git.
    async fn taken_when_free(repo: &Repo, holder: &Holder, tell: &(dyn Fn(LockNotice) + Sync)) -> Alone {
        loop {
            match taken_by(repo, holder, true, tell).await {
                Err(ReleaseError::StateFolder(StateFolderError::Busy { .. })) => std::thread::yield_now(),
                taken => return taken.unwrap(),
            }
        }
    }

    fn lock_of(repo: &Repo) -> String {
        repo.git(&["ls-remote", "origin", LOCK_REF])
    }

    #[tokio::test]
    async fn both_locks_are_held_and_given_back() {
        let repo = Repo::committed(&TWO);
        repo.with_remote();
        let alone = taken(&repo, &holder(1), true).await.unwrap();
        assert!(alone.remote().is_some() && lock_of(&repo).contains(LOCK_REF));
        let second = taken(&repo, &holder(2), true).await;
        assert!(matches!(second, Err(ReleaseError::StateFolder(_))), "this clone has one run");
        assert_eq!(alone.give_back(), None);
        assert_eq!(lock_of(&repo), "");
        assert_eq!(taken_when_free(&repo, &holder(2), &|_| {}).await.give_back(), None);
    }

    #[tokio::test]
    async fn no_remote_is_locked_where_there_is_none_or_none_is_to_be() {
        let lonely = Repo::committed(&TWO);
        assert!(taken(&lonely, &holder(1), true).await.unwrap().remote().is_none());
        let off = ("relay.toml", "[git]\nremote-lock = false\n");
        let repo = Repo::committed(&[TWO.as_slice(), &[off]].concat());
        repo.with_remote();
        assert!(taken(&repo, &holder(1), true).await.unwrap().remote().is_none());
        let repo = Repo::committed(&TWO);
        repo.with_remote();
        assert!(taken(&repo, &holder(1), false).await.unwrap().remote().is_none());
        assert_eq!(lock_of(&repo), "");
    }

    #[tokio::test]
    async fn the_lock_that_this_clones_last_run_left_behind_is_taken_over_at_once() {
        let repo = Repo::committed(&TWO);
        repo.with_remote();
        let dead = taken(&repo, &holder(1), true).await.unwrap();
        let left = lock_of(&repo);
        let object = left.split_whitespace().next().unwrap().to_owned();
        drop(dead);
        repo.git(&["push", "-q", "origin", &format!("{object}:{LOCK_REF}")]);
        let told = Mutex::new(Vec::new());
        let alone = taken_when_free(&repo, &holder(2), &|notice| told.lock().unwrap().push(notice)).await;
        assert_eq!(*told.lock().unwrap(), [LockNotice::TakenOver { holder: Some(holder(1)) }]);
        assert_ne!(lock_of(&repo), left, "each holding is an object of its own");
        assert_eq!(alone.give_back(), None);
    }
}
