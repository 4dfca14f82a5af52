//! Carries the machine's effects out and reports back what happened. All waiting is here; no decision is.
#![expect(clippy::disallowed_methods, reason = "all waiting is here, by the clock that tests move")]

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use relay_registry::{Challenge, Otp, RegistryUrl};
use relay_workspace::PackageName;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use crate::event::{Emitter, Fact, NotRecorded};
use crate::machine::{Answer, Effect, IllegalInput, Input, Machine, UploadOutcome};
use crate::prepared_upload::PreparedUpload;
use crate::registry_calls::{RegistryCalls, Sent};
use crate::registry_change::ChangeKey;
use crate::release::remote_lock::{LockLost, RemoteLock};
use crate::second_factor::SecondFactorSession;
use crate::state::State;

mod asking;
mod stall;
mod state_events;

pub(crate) use asking::{Brought, beside_uploads, bring, poll_until_answered};
pub use asking::{CHALLENGE_BUDGET, CHALLENGE_POLL_MAX, CHALLENGE_POLL_MIN, ChallengeNotice, Code, Person};
pub use stall::Stalled;
use state_events::EmittedStates;

/// How long uploads in flight are awaited after an interruption.
pub const SETTLE_AFTER_INTERRUPT: Duration = Duration::from_secs(10);
/// A run that could not go on.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The journal or the log could not be written: nothing more was sent.
    #[error(transparent)]
    NotRecorded(#[from] NotRecorded),
    /// The lock of the remote is no longer this run's own: nothing more was sent.
    #[error(transparent)]
    LockLost(#[from] LockLost),
    /// The driver fed the machine an input that can't be: a defect.
    #[error("a fault of relay: {0}")]
    Illegal(#[from] IllegalInput),
    /// The run can't go on by itself: a defect.
    #[error(transparent)]
    Stalled(#[from] Stalled),
}

/// What the driver works with.
pub struct DriverContext<'a, U, P> {
    /// What is sent, by package.
    pub prepared_uploads: &'a BTreeMap<PackageName, PreparedUpload>,
    /// The registry.
    pub registry: &'a U,
    /// The person.
    pub person: &'a P,
    /// The stream of events.
    pub events: &'a Emitter,
    /// Requests in flight at once, uploads and reads together: each has a connection of its own where a registry doesn't speak HTTP/2.
    pub requests_max: usize,
    /// The lock of the remote, where one is held: asked before each upload.
    pub lock: Option<&'a RemoteLock>,
    /// When the registries were read for the plan; `None`: just now.
    pub read_at: Option<Instant>,
}

/// What one of the driver's futures brought.
enum Completed {
    Input(Input),
    Challenge(ChangeKey, Challenge),
    Otp(PackageName, RegistryUrl, Option<Otp>, Answer),
    /// The upload was not begun.
    LockLost(LockLost),
}

/// Why a run that waits does not wait on.
enum Over {
    /// What is in flight is not awaited any longer.
    TimeIsUp,
    /// No future is left that could bring anything.
    Stall,
}

/// Runs the machine until every package is done, failed, held or parked.
///
/// `interrupts` brings one message for each request to stop: after the first, uploads in flight are awaited for
/// [`SETTLE_AFTER_INTERRUPT`]; the second ends at once. [`Code::Interrupted`] is such a request too.
///
/// The machine must have been made with `session`'s state; what is then known of the second factor is in `session` again,
/// and so is the last answer, for the writes after the uploads. Times are counted from its epoch.
///
/// # Errors
/// [`DriverError::NotRecorded`] when an event can't be written down, [`DriverError::LockLost`] when the lock of the remote is no
/// longer this run's own: packages in flight are parked then. [`DriverError::Stalled`] and [`DriverError::Illegal`] are defects.
pub async fn carry_out<U: RegistryCalls, P: Person>(
    machine: &mut Machine,
    context: &DriverContext<'_, U, P>,
    session: &mut SecondFactorSession,
    interrupts: &mut mpsc::Receiver<()>,
) -> Result<(), DriverError> {
    let result = run(machine, context, session, interrupts).await;
    session.state = machine.second_factors().clone();
    result
}

async fn run<U: RegistryCalls, P: Person>(
    machine: &mut Machine,
    context: &DriverContext<'_, U, P>,
    session: &mut SecondFactorSession,
    interrupts: &mut mpsc::Receiver<()>,
) -> Result<(), DriverError> {
    let begun = session.epoch;
    let requests = Semaphore::new(context.requests_max.max(1));
    let mut challenges: BTreeMap<ChangeKey, Challenge> = BTreeMap::new();
    let mut running: FuturesUnordered<BoxFuture<'_, Completed>> = FuturesUnordered::new();
    let mut deadline: Option<Instant> = None;
    let mut listening = true;
    let mut emitted = EmittedStates::default();

    // Whoever asked to stop before anything was sent gets nothing sent.
    if interrupts.try_recv().is_ok() {
        machine.abandon();
        return Ok(emitted.changes(machine, context, begun.elapsed())?);
    }
    let mut effects = machine.start(begun.elapsed());
    loop {
        emitted.changes(machine, context, begun.elapsed())?;
        // The intents are on record before the effects; where they can't be recorded, nothing is sent.
        if let Err(error) = record_uploads(context, &effects) {
            machine.abandon();
            emitted.changes(machine, context, begun.elapsed())?;
            return Err(error.into());
        }
        for effect in effects.drain(..) {
            if let Effect::Ask { package, remaining } = &effect {
                // Whoever stopped the run as the challenge came is not asked any more.
                if machine.state(package) != Some(&State::AwaitingPerson) {
                    continue;
                }
                let Some(upload) = context.prepared_uploads.get(package) else { continue };
                let challenge = challenges.remove(&upload.key());
                let notice = ChallengeNotice::new(upload.key(), &upload.registry, challenge.as_ref(), *remaining);
                context.events.emit(notice.opened())?;
                running.push(Box::pin(ask(context, upload, challenge, notice)));
                continue;
            }
            if let Some(future) = carry(context, effect, session, begun, &requests) {
                running.push(future);
            }
        }
        if machine.is_finished() {
            return Ok(());
        }
        let brought = tokio::select! {
            biased;
            stop = interrupts.recv(), if listening => match stop {
                // Nobody can interrupt any more; the run goes on.
                None => {
                    listening = false;
                    continue;
                }
                Some(()) if deadline.is_none() => Ok(Completed::Input(Input::Interrupted)),
                Some(()) => Err(Over::TimeIsUp),
            },
            () = until(deadline), if deadline.is_some() => Err(Over::TimeIsUp),
            brought = running.next() => brought.ok_or(Over::Stall),
        };
        let mut next = match brought {
            Ok(brought) => Some(brought),
            Err(Over::TimeIsUp) => {
                machine.abandon();
                return Ok(emitted.changes(machine, context, begun.elapsed())?);
            }
            Err(Over::Stall) => {
                let stalled = Stalled(machine.unfinished());
                machine.abandon();
                emitted.changes(machine, context, begun.elapsed())?;
                return Err(stalled.into());
            }
        };
        // What has ended at the same time is taken together, so that one record serves all that begins because of it.
        while let Some(brought) = next {
            let input = match input_of(brought, &mut challenges, session) {
                Ok(input) => input,
                Err(lost) => {
                    machine.abandon();
                    emitted.changes(machine, context, begun.elapsed())?;
                    return Err(lost.into());
                }
            };
            if input == Input::Interrupted && deadline.is_none() {
                deadline = Some(Instant::now() + SETTLE_AFTER_INTERRUPT);
            }
            let (about, answered) = (input.package().cloned(), machine.challenges_answered());
            effects.extend(machine.handle(input, begun.elapsed())?);
            if let Some(package) = about.filter(|_| machine.challenges_answered() > answered) {
                context.events.emit(Fact::ChallengeAnswered { package, change: None })?;
            }
            next = running.next().now_or_never().flatten();
        }
    }
}

/// What the machine is told of what one future brought.
fn input_of(
    brought: Completed,
    challenges: &mut BTreeMap<ChangeKey, Challenge>,
    session: &mut SecondFactorSession,
) -> Result<Input, LockLost> {
    Ok(match brought {
        Completed::Input(input) => input,
        Completed::LockLost(lost) => return Err(lost),
        Completed::Challenge(key, challenge) => {
            let web = matches!(challenge, Challenge::Web(_));
            let package = key.package.clone();
            challenges.insert(key, challenge);
            Input::UploadEnded { package, outcome: UploadOutcome::Challenged { web } }
        }
        Completed::Otp(package, registry, given, answer) => {
            if let Some(otp) = given {
                session.keep(&registry, otp);
            }
            Input::Answered { package, answer }
        }
    })
}

async fn until(deadline: Option<Instant>) {
    if let Some(deadline) = deadline {
        tokio::time::sleep_until(deadline).await;
    }
}

/// Records the uploads that are about to begin. What comes of them, the registry knows; what they are to be is on the disk since
/// before the first one ([`Fact::UploadsPrepared`]), so that nothing is waited for here.
fn record_uploads<U, P>(context: &DriverContext<'_, U, P>, effects: &[Effect]) -> Result<(), NotRecorded> {
    for effect in effects {
        if let Effect::Upload { package, attempt, .. } = effect {
            record_upload(context, package, *attempt)?;
        }
    }
    Ok(())
}

fn record_upload<U, P>(
    context: &DriverContext<'_, U, P>,
    package: &PackageName,
    attempt: u32,
) -> Result<(), NotRecorded> {
    let Some(prepared_upload) = context.prepared_uploads.get(package) else { return Ok(()) };
    context.events.emit(Fact::UploadStarted {
        package: package.clone(),
        version: prepared_upload.version.clone(),
        registry: prepared_upload.registry.clone(),
        integrity: prepared_upload.integrity.clone(),
        route: prepared_upload.route,
        attempt,
        size: u64::try_from(prepared_upload.tarball.bytes.len()).unwrap_or(u64::MAX),
        head: prepared_upload.git_head.clone(),
    })
}

fn carry<'a, U: RegistryCalls, P: Person>(
    context: &'a DriverContext<'_, U, P>,
    effect: Effect,
    session: &SecondFactorSession,
    begun: Instant,
    requests: &'a Semaphore,
) -> Option<BoxFuture<'a, Completed>> {
    let registry = context.registry;
    match effect {
        Effect::Upload { package, with_otp, interactive, .. } => {
            let prepared_upload = context.prepared_uploads.get(&package)?;
            let lock = context.lock;
            let otp = session.otp(&prepared_upload.registry).filter(|_| with_otp).cloned();
            Some(Box::pin(async move {
                let _permit = requests.acquire().await;
                // Asked when nothing is left to be done before: the process may have been stopped since it was asked last.
                if let Some(lock) = lock
                    && let Err(lost) = lock.check().await
                {
                    return Completed::LockLost(lost);
                }
                match registry.send(prepared_upload, otp.as_ref(), interactive).await {
                    Sent::Ended(outcome) => Completed::Input(Input::UploadEnded { package, outcome }),
                    Sent::Challenged(challenge) => Completed::Challenge(prepared_upload.key(), challenge),
                }
            }))
        }
        Effect::Settle { package, thorough, at } => {
            let prepared_upload = context.prepared_uploads.get(&package)?;
            Some(Box::pin(async move {
                tokio::time::sleep_until(begun + at).await;
                let _permit = requests.acquire().await;
                let found = registry.find(prepared_upload, thorough).await;
                Completed::Input(Input::Settled { package, found })
            }))
        }
        Effect::Look { package, at } => {
            let prepared_upload = context.prepared_uploads.get(&package)?;
            Some(Box::pin(async move {
                tokio::time::sleep_until(begun + at).await;
                let _permit = requests.acquire().await;
                let found = registry.look(prepared_upload).await;
                Completed::Input(Input::Looked { package, found })
            }))
        }
        Effect::Wake { at } => Some(Box::pin(async move {
            tokio::time::sleep_until(begun + at).await;
            Completed::Input(Input::Woken)
        })),
        Effect::Ask { .. } => None,
    }
}

async fn ask<U: RegistryCalls, P: Person>(
    context: &DriverContext<'_, U, P>,
    upload: &PreparedUpload,
    challenge: Option<Challenge>,
    notice: ChallengeNotice,
) -> Completed {
    let package = upload.name.clone();
    match bring(context.person, &notice, challenge.as_ref(), |web| context.registry.poll(upload, web)).await {
        Brought::Answer(answer, otp) => Completed::Otp(package, upload.registry.clone(), otp, answer),
        Brought::Interrupted => Completed::Input(Input::Interrupted),
    }
}

#[cfg(test)]
pub(crate) mod tests;
