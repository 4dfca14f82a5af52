//! The fourth step: no other run can carry out what is planned here, in this clone or in another one.

use std::time::Duration;

use relay_git::GitError;
use tokio::time::Instant;

use super::lock_document::{LASTS_IF_UNKNOWN, LockDocument, Sighting, Watch};
use super::remote::LOCK_REF;
use super::remote_lock::{LockTerms, RemoteLock, Taken};
use super::taken_up::refuse_moved;
use super::versioned::runs_scripts;
use super::{Agreed, Course, ReleaseError, Run, Versioned, saved_plan};
use crate::event::Emitter;
use crate::git_calls::GitCalls;
use crate::published_before::Comparison;
use crate::state_folder::{Holder, RunLock};

/// A lock of another run is looked at this many times in the time that it lasts.
const LOOKS_IN_ITS_TIME: u32 = 12;
/// The longest time between two looks.
const LOOK_PAUSE_MAX: Duration = Duration::from_secs(10);

/// What is told while the lock of the remote is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockNotice {
    /// Another run holds it, and it is watched whether that one is still at work.
    Watching {
        /// The other run, where that can be read.
        holder: Option<Holder>,
        /// How long that may take.
        at_most: Duration,
    },
    /// The other run is gone: its lock was taken over.
    TakenOver {
        /// The other run, where that can be read.
        holder: Option<Holder>,
    },
}

/// A release that this run alone carries out.
pub struct Held<'a> {
    pub(super) agreed: Agreed<'a>,
    pub(super) remote_lock: Option<RemoteLock>,
    pub(super) comparison: Comparison,
}

impl<'a> Held<'a> {
    pub(super) async fn take(
        mut agreed: Agreed<'a>,
        asked: bool,
        tell: &(dyn Fn(LockNotice) + Sync),
    ) -> Result<Self, ReleaseError> {
        let super::Observed { run, lock, session, observation, .. } = &mut agreed.of;
        // What was agreed is going to be packed: the versions before are fetched meanwhile.
        let mut comparison = Comparison::begin(&run.project, session, observation);
        if lock.is_none() {
            *lock = Some(run.place.take_lock(&run.request.holder)?);
        }
        if run.place.past_uploads() != run.past_uploads {
            return Err(ReleaseError::Meanwhile);
        }
        // Tags can be pushed by two at once; but a lock that is there is that of a run that may make them, or that has died.
        let needed = agreed.course != Course::Owed
            || !agreed.owed.promotions.is_empty()
            || run.remote.as_ref().is_some_and(|remote| remote.lock.is_some());
        let (remote_lock, waited) = match terms(run, &observation.plan.id).filter(|_| needed) {
            Some(terms) => {
                let gone = lock.as_ref().and_then(RunLock::before);
                let Some(git) = run.project.git() else { return Err(ReleaseError::NoRepository) };
                let (lock, waited) = take_remote_lock(git, &terms, gone, tell).await?;
                (Some(lock), waited)
            }
            None => (None, false),
        };
        if remote_lock.is_some() && !observation.bumps.is_empty() {
            refuse_moved(run)?;
        }
        // Whoever was asked, or waited for, may have taken an hour in which the world went on.
        if asked || waited {
            let recorded = run.sent.versions();
            let now = run.place.observe(&run.project, session, &run.learnt, &recorded, run.request.intent).await?;
            saved_plan::refuse_change(&observation.plan, &now.plan)?;
        }
        if runs_scripts(run, &observation.plan) {
            comparison.rest().await;
        }
        Ok(Self { agreed, remote_lock, comparison })
    }

    /// Writes the versions and commits them, where some are to be made.
    ///
    /// # Errors
    /// [`ReleaseError`]. What was written is finished by the next run.
    pub fn version(self, events: &Emitter) -> Result<Versioned<'a>, ReleaseError> {
        Versioned::write(self, events)
    }
}

/// What the lock of the remote is taken with; `None` where none is to be.
fn terms(run: &Run<'_>, plan: &str) -> Option<LockTerms> {
    let remote = run.remote.as_ref().filter(|_| run.project.git().is_some())?;
    run.keeps_remote_refs().then(|| LockTerms {
        remote: remote.name.clone(),
        holder: run.request.holder.clone(),
        plan: plan.to_owned(),
        lasts: run.project.config.git.lock_lasts.0,
        clock: run.request.clock.clone(),
        beside: run.place.beside(),
    })
}

/// Takes the lock, from a holder that is gone too: the last run of this clone, which `gone` names, or one that doesn't renew it.
/// Tells whether that took a while.
#[expect(clippy::disallowed_methods, reason = "another run's lock is watched, by how long it was seen unchanged")]
pub(super) async fn take_remote_lock(
    repository: &dyn GitCalls,
    terms: &LockTerms,
    gone: Option<&Holder>,
    tell: &(dyn Fn(LockNotice) + Sync),
) -> Result<(RemoteLock, bool), ReleaseError> {
    let locked = |error: GitError| ReleaseError::NoRemoteLock { remote: terms.remote.clone(), source: error };
    let (id, document) = match RemoteLock::take(terms, repository, None).map_err(locked)? {
        Taken::Ours(lock) => return Ok((lock, false)),
        Taken::Anothers { id, document } => (id, document),
    };
    let holder = document.as_ref().map(|document| document.holder.clone());
    if holder.is_some()
        && holder.as_ref() == gone
        && let Taken::Ours(lock) = RemoteLock::take(terms, repository, Some(&id)).map_err(locked)?
    {
        tell(LockNotice::TakenOver { holder });
        return Ok((lock, true));
    }
    let lasts = document.as_ref().map_or(LASTS_IF_UNKNOWN, LockDocument::lasts);
    tell(LockNotice::Watching { holder: holder.clone(), at_most: lasts });
    let busy = |holder: Option<Holder>| ReleaseError::RemoteBusy { remote: terms.remote.clone(), holder };
    let begun = Instant::now();
    let watch = Watch::begin(&id, begun.elapsed());
    let pause = (lasts / LOOKS_IN_ITS_TIME).min(LOOK_PAUSE_MAX);
    loop {
        tokio::time::sleep(pause).await;
        let now = repository.remote_ref(&terms.remote, LOCK_REF).map_err(locked)?.map(|found| found.object);
        let from = match watch.sees(now.as_deref(), begun.elapsed(), lasts) {
            Sighting::Unchanged(_) => continue,
            Sighting::Alive => return Err(busy(holder)),
            Sighting::Free => None,
            Sighting::Expired => Some(id.as_str()),
        };
        return match RemoteLock::take(terms, repository, from).map_err(locked)? {
            Taken::Ours(lock) => {
                if from.is_some() {
                    tell(LockNotice::TakenOver { holder });
                }
                Ok((lock, true))
            }
            Taken::Anothers { document, .. } => Err(busy(document.map(|document| document.holder))),
        };
    }
}
