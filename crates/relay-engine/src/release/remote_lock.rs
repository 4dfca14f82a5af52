//! The lock of a remote: one runner at a time, whatever clone it runs in (invariant I13).
//!
//! It is a ref that is moved only from what it was seen to name (`relay_git::compare_and_swap`). While it is held, a thread
//! renews it; where that fails, the ref is asked before each further upload, and nothing more is sent once it is not this
//! run's own. Giving it back is what happens when the value goes.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use camino::Utf8PathBuf;
use relay_git::{Document, GitError, GitSetup, Repository, Swap};
use tokio::sync::oneshot;

use super::lock_document::{LOCK_FILE, LOCK_SCHEMA, LockDocument};
use super::remote::LOCK_REF;
use crate::event::SharedClock;
use crate::state_folder::Holder;

/// A lock is renewed this many times in the time that it lasts.
const RENEWALS_IN_ITS_TIME: u32 = 3;

/// What a lock is taken with.
#[derive(Clone)]
pub struct LockTerms {
    /// Where the clone is.
    pub workdir: Utf8PathBuf,
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
    /// What git ran in the clone when the lock was taken: scripts that run while it is held may have changed it, and must not
    /// have theirs run by a renewal.
    pub git_setup: GitSetup,
}

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
    requests: Sender<Request>,
    keeper: Option<JoinHandle<Result<(), GitError>>>,
}

enum Request {
    /// Is it still ours?
    Ask(oneshot::Sender<Result<(), LockLost>>),
    /// Give it back.
    End,
}

impl RemoteLock {
    /// Takes the lock, from nobody or (`from`) from a holder that is gone.
    ///
    /// # Errors
    /// [`GitError`] where the remote can't be asked or takes no such refs.
    pub fn take(terms: &LockTerms, repository: &Repository, from: Option<&str>) -> Result<Taken, GitError> {
        let id = write(terms, repository, 0)?;
        match repository.swap_remote_ref(&terms.remote, LOCK_REF, from, Some(&id))? {
            Swap::Done => {}
            Swap::Lost { now: None } => return Self::take_free(terms, repository),
            Swap::Lost { now: Some(other) } => return Ok(anothers(terms, repository, other)),
        }
        Ok(Taken::Ours(Self::keep(terms.clone(), id)))
    }

    /// It was given back just now: one more try.
    fn take_free(terms: &LockTerms, repository: &Repository) -> Result<Taken, GitError> {
        let id = write(terms, repository, 0)?;
        match repository.swap_remote_ref(&terms.remote, LOCK_REF, None, Some(&id))? {
            Swap::Done => Ok(Taken::Ours(Self::keep(terms.clone(), id))),
            Swap::Lost { now } => Ok(anothers(terms, repository, now.unwrap_or_default())),
        }
    }

    fn keep(terms: LockTerms, id: String) -> Self {
        let (requests, heard) = channel();
        let keep = move || Keeper { terms, id, renewals: 0, lost: None, unsure: false }.run(&heard);
        let keeper = std::thread::Builder::new().name("lock-keeper".to_owned()).spawn(keep).ok();
        Self { requests, keeper }
    }

    /// Whether the next upload may begin: the lock is this run's own.
    ///
    /// # Errors
    /// [`LockLost`] where it is not, or where that can't be told.
    pub async fn check(&self) -> Result<(), LockLost> {
        let gone = || LockLost("nobody keeps the lock of the remote any more".to_owned());
        let (sender, answer) = oneshot::channel();
        self.requests.send(Request::Ask(sender)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Gives it back.
    ///
    /// # Errors
    /// What git says where the remote can't be reached: others wait then until it expires.
    pub fn give_back(mut self) -> Result<(), GitError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), GitError> {
        let Some(keeper) = self.keeper.take() else { return Ok(()) };
        // A keeper that is gone has nothing to give back.
        let _ = self.requests.send(Request::End);
        keeper.join().unwrap_or(Ok(()))
    }
}

impl Drop for RemoteLock {
    fn drop(&mut self) {
        // Whoever could not give it back has no more to say; it expires.
        let _ = self.end();
    }
}

/// The one that renews a lock, on a thread and in a repository of its own.
struct Keeper {
    terms: LockTerms,
    id: String,
    renewals: u64,
    lost: Option<LockLost>,
    /// The last renewal did not come through.
    unsure: bool,
}

impl Keeper {
    fn run(mut self, requests: &Receiver<Request>) -> Result<(), GitError> {
        let pause = self.terms.lasts / RENEWALS_IN_ITS_TIME;
        loop {
            match requests.recv_timeout(pause) {
                Ok(Request::Ask(sender)) => {
                    // Whoever asked may have gone.
                    let _ = sender.send(self.answer());
                }
                Ok(Request::End) | Err(RecvTimeoutError::Disconnected) => return self.give_back(),
                Err(RecvTimeoutError::Timeout) => self.renew(),
            }
        }
    }

    fn answer(&mut self) -> Result<(), LockLost> {
        if self.unsure && self.lost.is_none() {
            self.ask();
        }
        match &self.lost {
            Some(lost) => Err(lost.clone()),
            None if self.unsure => Err(LockLost(format!(
                "`{}` can't be asked whether this run still has its lock, and another run may have it by now",
                self.terms.remote
            ))),
            None => Ok(()),
        }
    }

    fn ask(&mut self) {
        let found = open(&self.terms).and_then(|git| git.remote_ref(&self.terms.remote, LOCK_REF));
        match found {
            Ok(Some(found)) if found.object == self.id => self.unsure = false,
            Ok(_) => self.lose(),
            Err(_) => {}
        }
    }

    fn renew(&mut self) {
        if self.lost.is_some() {
            return;
        }
        self.renewals += 1;
        let renewed = open(&self.terms).and_then(|git| {
            let id = write(&self.terms, &git, self.renewals)?;
            Ok((git.swap_remote_ref(&self.terms.remote, LOCK_REF, Some(&self.id), Some(&id))?, id))
        });
        match renewed {
            Ok((Swap::Done, id)) => {
                self.id = id;
                self.unsure = false;
            }
            Ok((Swap::Lost { .. }, _)) => self.lose(),
            // The push may have come through all the same; the ref is asked before the next upload.
            Err(_) => self.unsure = true,
        }
    }

    fn lose(&mut self) {
        self.lost = Some(LockLost(format!(
            "the lock of `{}` was taken over by another run, or taken away by `relay unlock`",
            self.terms.remote
        )));
    }

    fn give_back(&self) -> Result<(), GitError> {
        if self.lost.is_some() {
            return Ok(());
        }
        open(&self.terms)?
            .swap_remote_ref(&self.terms.remote, LOCK_REF, Some(&self.id), None)
            // Where it names something else it is another's by now.
            .map(drop)
    }
}

/// The clone, where git still runs in it what it ran when the lock was taken.
fn open(terms: &LockTerms) -> Result<Repository, GitError> {
    let repository = Repository::discover(&terms.workdir)?;
    let different = terms.git_setup.differences(&repository.git_setup()?);
    if different.is_empty() { Ok(repository) } else { Err(GitError::SetupChanged { different }) }
}

fn write(terms: &LockTerms, repository: &Repository, renewals: u64) -> Result<String, GitError> {
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

fn anothers(terms: &LockTerms, repository: &Repository, id: String) -> Taken {
    // Who it is, is good to know and no more.
    let document = repository
        .fetch_object(&terms.remote, LOCK_REF, &id)
        .and_then(|()| repository.read_document(&id, LOCK_FILE))
        .ok()
        .flatten()
        .and_then(|bytes| LockDocument::parse(&bytes));
    Taken::Anothers { id, document }
}
