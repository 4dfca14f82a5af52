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
