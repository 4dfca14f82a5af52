//! The lock of a remote: one runner at a time, whatever clone it runs in (invariant I13).
//!
//! It is a ref that is moved only from what it was seen to name (`relay_git::compare_and_swap`). While it is held, a thread
//! renews it; where that fails, the ref is asked before each further upload, and nothing more is sent once it is not this
//! run's own. So it is when this process was stopped, or its computer slept, for longer than the lock lasts: whoever begins an
//! upload asks, and is answered only by what was known a short time ago. Giving it back is what happens when the value goes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use relay_git::{Document, GitError, Swap};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::lock_document::{LOCK_FILE, LOCK_SCHEMA, LockDocument};
use super::remote::LOCK_REF;
use crate::event::SharedClock;
use crate::git_calls::{GitCalls, Opener};
use crate::state_folder::Holder;

/// A lock is renewed this many times in the time that it lasts.
const RENEWALS_IN_ITS_TIME: u32 = 3;
/// The keeper is asked this many times, where each answer is old by the time that it comes.
const LOOKS_MAX: u32 = 3;

/// What a lock is taken with.
#[derive(Clone)]
pub struct LockTerms {
    /// The remote's name.
    pub remote: String,
    /// Who takes it.
    pub holder: Holder,
    /// The plan that is carried out.
    pub plan: String,
    /// How long it counts without being renewed.
    pub lasts: Duration,
    /// The clock that dates it.
    pub clock: SharedClock,
    /// Has it renewed beside all else.
    pub beside: Beside,
}

/// Carries out what keeps a lock until that comes to its end, beside all else.
pub type Beside = fn(BoxFuture<'static, ()>);

/// What came of trying to take a lock.
pub enum Taken {
    /// It is this run's.
    Ours(RemoteLock),
    /// Somebody else has it: the object, and what stands in it where that can be read.
    Anothers {
        /// The object that the ref names.
        id: String,
        /// What stands in it.
        document: Option<LockDocument>,
    },
}

/// A lock that is no longer this run's own, or can't be told to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LockLost(pub String);

/// A lock that is held.
pub struct RemoteLock {
    keeper: Arc<Mutex<Keeper>>,
    asks: mpsc::UnboundedSender<Ask>,
    terms: LockTerms,
}

/// Is it still ours? Since when that is known.
type Ask = oneshot::Sender<Result<Moment, LockLost>>;

impl RemoteLock {
    /// Takes the lock, from nobody or (`from`) from a holder that is gone.
    ///
    /// # Errors
    /// [`GitError`] where the remote can't be asked or takes no such refs.
    pub fn take(terms: &LockTerms, repository: &dyn GitCalls, from: Option<&str>) -> Result<Taken, GitError> {
        let open = repository.opener()?;
        let begun = Moment::of(terms);
        let id = write(terms, repository, 0)?;
        match repository.swap_remote_ref(&terms.remote, LOCK_REF, from, Some(&id))? {
            Swap::Done => {}
            Swap::Lost { now: None } => return Self::take_free(terms, repository, open, begun),
            Swap::Lost { now: Some(other) } => return Ok(anothers(terms, repository, other)),
        }
        Ok(Taken::Ours(Self::keep(terms, open, id, begun)))
    }

    /// It was given back just now: one more try.
    fn take_free(terms: &LockTerms, repository: &dyn GitCalls, open: Opener, begun: Moment) -> Result<Taken, GitError> {
        let id = write(terms, repository, 0)?;
        match repository.swap_remote_ref(&terms.remote, LOCK_REF, None, Some(&id))? {
            Swap::Done => Ok(Taken::Ours(Self::keep(terms, open, id, begun))),
            Swap::Lost { now } => Ok(anothers(terms, repository, now.unwrap_or_default())),
        }
    }

    fn keep(terms: &LockTerms, open: Opener, id: String, renewed: Moment) -> Self {
        let (asks, heard) = mpsc::unbounded_channel();
        let pause = terms.lasts / RENEWALS_IN_ITS_TIME;
        let keeper = Keeper {
            terms: terms.clone(),
            open,
            id,
            renewals: 0,
            renewed,
            lost: None,
            unsure: false,
            tried: Vec::new(),
            is_given_back: false,
        };
        let keeper = Arc::new(Mutex::new(keeper));
        (terms.beside)(Box::pin(renew_in_time(Arc::clone(&keeper), heard, pause)));
        Self { keeper, asks, terms: terms.clone() }
    }

    /// Whether the next upload may begin: the lock is this run's own.
    ///
    /// # Errors
    /// [`LockLost`] where it is not, or where that can't be told.
    pub async fn check(&self) -> Result<(), LockLost> {
        let gone = || LockLost("nobody keeps the lock of the remote any more".to_owned());
        for _ in 0..LOOKS_MAX {
            let (sender, answer) = oneshot::channel();
            self.asks.send(sender).map_err(|_| gone())?;
            let known = answer.await.map_err(|_| gone())??;
            // This process may have been stopped since the keeper has looked.
            if !known.is_long_ago(&self.terms) {
                return Ok(());
            }
        }
        Err(unknown(&self.terms))
    }

    /// Gives it back.
    ///
    /// # Errors
    /// What git says where the remote can't be reached: others wait then until it expires.
    pub fn give_back(self) -> Result<(), GitError> {
        locked(&self.keeper).give_back()
    }
}

impl Drop for RemoteLock {
    fn drop(&mut self) {
        // Whoever could not give it back has no more to say; it expires.
        let _ = locked(&self.keeper).give_back();
    }
}

/// Whoever renews on a thread of its own, as in earnest: git is waited for there.
pub fn on_a_thread(keeping: BoxFuture<'static, ()>) {
    let keep = move || {
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() {
            runtime.block_on(keeping);
        }
    };
    // Where none can be begun nobody answers, and nothing more is uploaded.
    drop(std::thread::Builder::new().name("lock-keeper".to_owned()).spawn(keep));
}

/// Renews a lock in time, however often it is asked whose it is, until it is given back.
#[expect(clippy::disallowed_methods, reason = "a lock is renewed in the time that it lasts")]
async fn renew_in_time(keeper: Arc<Mutex<Keeper>>, mut asks: mpsc::UnboundedReceiver<Ask>, pause: Duration) {
    let mut next = Instant::now() + pause;
    loop {
        let asked = timeout_at(next, asks.recv()).await;
        if matches!(asked, Ok(None)) {
            return;
        }
        if Instant::now() >= next || locked(&keeper).is_old() {
            locked(&keeper).renew();
            next = Instant::now() + pause;
        }
        if let Ok(Some(sender)) = asked {
            // Whoever asked may have gone.
            let _ = sender.send(locked(&keeper).answer());
        }
    }
}

/// What a renewal that broke off has left is as good as any: the ref decides.
fn locked(keeper: &Mutex<Keeper>) -> MutexGuard<'_, Keeper> {
    keeper.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A moment by both clocks of this computer. The monotonic one may stand still while the computer sleeps, the one of the wall may
/// be set: what has passed is the longer of the two.
#[derive(Debug, Clone, Copy)]
struct Moment {
    monotonic: Instant,
    wall: Timestamp,
}

impl Moment {
    #[expect(clippy::disallowed_methods, reason = "a lock counts for a time")]
    fn of(terms: &LockTerms) -> Self {
        Self { monotonic: Instant::now(), wall: terms.clock.now() }
    }

    /// Whether others may by now, or soon, take a lock that was last renewed then.
    fn is_long_ago(&self, terms: &LockTerms) -> bool {
        let now = Self::of(terms);
        let monotonic = now.monotonic.saturating_duration_since(self.monotonic);
        let passed = monotonic.max(now.wall.duration_since(self.wall).unsigned_abs());
        passed > terms.lasts.saturating_sub(terms.lasts / RENEWALS_IN_ITS_TIME)
    }
}

/// The one that renews a lock, with handles of its own on the clone.
struct Keeper {
    terms: LockTerms,
    open: Opener,
    id: String,
    renewals: u64,
    /// When what the ref names was made so, at the earliest.
    renewed: Moment,
    lost: Option<LockLost>,
    /// The last renewal did not come through.
    unsure: bool,
    /// What renewals since then would have made of the ref: one of them may have come through all the same.
    tried: Vec<String>,
    is_given_back: bool,
}

impl Keeper {
    /// Whether it is this run's own, and when that was so.
    fn answer(&mut self) -> Result<Moment, LockLost> {
        let begun = Moment::of(&self.terms);
        if self.is_old() {
            self.renew();
        }
        let is_known = !self.unsure || self.lost.is_some() || self.ask();
        match &self.lost {
            Some(lost) => Err(lost.clone()),
            None if is_known => Ok(begun),
            None => Err(unknown(&self.terms)),
        }
    }

    /// Whether the last renewal is too long ago.
    fn is_old(&self) -> bool {
        self.renewed.is_long_ago(&self.terms)
    }

    /// Asks the ref; says whether it told anything.
    fn ask(&mut self) -> bool {
        let found = (self.open)().and_then(|git| git.remote_ref(&self.terms.remote, LOCK_REF));
        match found {
            Ok(Some(found)) if self.is_ours(&found.object) => self.hold(found.object),
            Ok(_) => self.lose(),
            Err(_) => return false,
        }
        true
    }

    fn renew(&mut self) {
        if self.lost.is_some() || self.is_given_back {
            return;
        }
        self.renewals += 1;
        let begun = Moment::of(&self.terms);
        let renewed = (self.open)().and_then(|git| {
            let id = write(&self.terms, &*git, self.renewals)?;
            self.tried.push(id.clone());
            Ok((git.swap_remote_ref(&self.terms.remote, LOCK_REF, Some(&self.id), Some(&id))?, id))
        });
        match renewed {
            Ok((Swap::Done, id)) => {
                self.hold(id);
                self.renewed = begun;
            }
            Ok((Swap::Lost { now: Some(now) }, _)) if self.is_ours(&now) => self.hold(now),
            Ok((Swap::Lost { .. }, _)) => self.lose(),
            // The ref is asked before the next upload.
            Err(_) => self.unsure = true,
        }
    }

    fn is_ours(&self, id: &str) -> bool {
        self.id == id || self.tried.iter().any(|tried| tried == id)
    }

    fn hold(&mut self, id: String) {
        self.id = id;
        self.unsure = false;
        self.tried.clear();
    }

    fn lose(&mut self) {
        self.lost = Some(LockLost(format!(
            "the lock of `{}` was taken over by another run, or taken away by `relay unlock`",
            self.terms.remote
        )));
    }

    fn give_back(&mut self) -> Result<(), GitError> {
        if self.lost.is_some() || std::mem::replace(&mut self.is_given_back, true) {
            return Ok(());
        }
        let git = (self.open)()?;
        let swap = |id: &str| git.swap_remote_ref(&self.terms.remote, LOCK_REF, Some(id), None);
        match swap(&self.id)? {
            Swap::Lost { now: Some(now) } if self.is_ours(&now) => swap(&now).map(drop),
            // Where it names something else it is another's by now.
            _ => Ok(()),
        }
    }
}

fn unknown(terms: &LockTerms) -> LockLost {
    let remote = &terms.remote;
    LockLost(format!(
        "`{remote}` can't be asked whether this run still has its lock, and another run may have it by now"
    ))
}

fn write(terms: &LockTerms, repository: &dyn GitCalls, renewals: u64) -> Result<String, GitError> {
    let renewed = terms.clock.now();
    let document = LockDocument {
        schema: LOCK_SCHEMA.to_owned(),
        holder: terms.holder.clone(),
        plan: terms.plan.clone(),
        renewed,
        renewals,
        lasts_seconds: terms.lasts.as_secs().max(1),
    };
    let text = document.to_json();
    repository.write_document(&Document {
        file_name: LOCK_FILE,
        contents: text.as_bytes(),
        parents: &[],
        message: "relay: a release is under way",
        author: "relay",
        email: "relay@localhost",
        seconds: renewed.as_second(),
    })
}

fn anothers(terms: &LockTerms, repository: &dyn GitCalls, id: String) -> Taken {
    // Who it is, is good to know and no more.
    let document = repository
        .fetch_object(&terms.remote, LOCK_REF, &id)
        .and_then(|()| repository.read_document(&id, LOCK_FILE))
        .ok()
        .flatten()
        .and_then(|bytes| LockDocument::parse(&bytes));
    Taken::Anothers { id, document }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::unlock::{SeenLock, tests::clone};
    use super::*;
    use crate::fixture::StoppedClock;

    fn on_this_thread(keeping: BoxFuture<'static, ()>) {
        drop(tokio::task::spawn_local(keeping));
    }

    /// Asked more often than it is renewed, as by a run that begins an upload each few seconds.
    #[tokio::test(start_paused = true)]
    async fn it_is_renewed_in_time_however_often_it_is_asked() {
        let (_guard, repository) = clone();
        let since = Timestamp::UNIX_EPOCH;
        let terms = LockTerms {
            remote: "origin".to_owned(),
            holder: Holder { command: "publish".to_owned(), pid: 7, host: "builder".to_owned(), since },
            plan: "p".to_owned(),
            lasts: Duration::from_secs(30),
            clock: Arc::new(StoppedClock),
            beside: on_this_thread,
        };
        let renewed = |repository: &relay_git::Repository| {
            let seen = SeenLock::of(repository, "origin").unwrap();
            seen.map(|seen| seen.document.unwrap().renewals)
        };
        let run = async {
            let Taken::Ours(lock) = RemoteLock::take(&terms, &repository, None).unwrap() else { panic!("nobody else") };
            assert_eq!(renewed(&repository), Some(0));
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_secs(4)).await;
                lock.check().await.unwrap();
            }
            assert!(renewed(&repository) >= Some(3), "{:?}", renewed(&repository));
            lock.give_back().unwrap();
            assert_eq!(renewed(&repository), None);
        };
        tokio::task::LocalSet::new().run_until(run).await;
    }
}
