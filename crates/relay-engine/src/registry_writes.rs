//! Writes to a registry beside uploads: dist-tags, deprecations, versions taken back. They go one after the other, or several at
//! once where none waits for another, with the second factor that the uploads before them have used.
//!
//! What each of them wants can be read, and asking for it twice does no harm. So each is read first, and nothing is sent for
//! what is so already: running the same writes again does only what is missing. An answer that was lost is settled by reading.
//!
//! - `one`: the way of one write
//! - `calls`: the registry's side, and the real one
//! - `stops`, `pauses`: what writes that are under way at once share

mod calls;
mod one;
mod pauses;
mod stops;

use futures_util::{StreamExt, TryStreamExt, stream};
use relay_registry::{Refusal, RegistryUrl};
use relay_workspace::{PackageName, Version};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::Instant;

use self::one::{Came, Met};
use self::pauses::Pauses;
use self::stops::Stops;
pub use calls::{RegistryWrites, Standing, WriteSent};

use crate::authority::PackageAuthority;
use crate::driver::{DriverError, Person};
use crate::event::{Emitter, Fact};
use crate::registry_change::{ChangeKey, RegistryChange};
use crate::release::remote_lock::RemoteLock;
use crate::second_factor::SecondFactorSession;
use crate::state::Parked;

/// One write that is to be carried out.
#[derive(Debug, Clone)]
pub struct PlannedWrite {
    /// The package.
    pub package: PackageName,
    /// The registry that is talked to.
    pub registry: RegistryUrl,
    /// What is to be so afterwards. An upload is none of these.
    pub change: RegistryChange,
    /// By whose right.
    pub authority: PackageAuthority,
    /// Whether the package is expected to ask for a second factor.
    pub needs_person: bool,
    /// The version that a dist-tag is to name before: where it names another one by then, somebody else has moved it, and it
    /// is left alone. `None`: whatever it names.
    pub expects: Option<Version>,
    /// Writes of the same run without which this one is not sent.
    pub after: Vec<ChangeKey>,
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum WriteOutcome {
    /// The registry took it, or was seen to have taken it.
    Done,
    /// It was so already, and nothing was sent.
    AlreadySo,
    /// Neither done nor failed: waits for something outside this run.
    Parked(Parked),
    /// It was not sent, since another write that it needs is not done.
    Held {
        /// The other write, in words.
        by: String,
    },
    /// It can't be done in this run.
    Failed(WriteFailure),
}

/// Why a write can't be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "failure", rename_all = "kebab-case")]
pub enum WriteFailure {
    /// The registry said no.
    Refused(Refusal),
    /// The registry asks for a second factor, and the credential is none with which one is answered.
    TokensDisallowed {
        /// Where the credential came from.
        credential: String,
    },
    /// What the registry has does not allow it.
    Impossible {
        /// Why, as half a sentence.
        why: String,
    },
    /// There is no credential for it.
    NotAuthorised {
        /// Why.
        why: String,
    },
    /// The registry couldn't be reached or never gave a clear answer.
    Unreachable {
        /// What went wrong.
        cause: String,
    },
}

/// A write and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct WriteReport {
    /// The package.
    pub package: PackageName,
    /// The registry.
    pub registry: RegistryUrl,
    /// What was to be so.
    pub change: RegistryChange,
    /// What became of it.
    pub outcome: WriteOutcome,
    /// How often it was sent.
    pub sent: u32,
}

/// What the writes are carried out with.
pub struct WriteContext<'a, R, P> {
    /// The registry.
    pub registry: &'a R,
    /// The person.
    pub person: &'a P,
    /// The stream of events.
    pub events: &'a Emitter,
    /// The lock of the remote, where one is held: asked before each write.
    pub lock: Option<&'a RemoteLock>,
}

/// What all writes of one call share.
struct Shared<'s> {
    stops: Stops<'s>,
    pauses: Pauses,
}

/// Writes under way of which one is sent at a time.
struct Row<'a, 's, R, P> {
    context: &'a WriteContext<'a, R, P>,
    shared: &'a Shared<'s>,
    session: &'a mut SecondFactorSession,
    /// How many requests to stop have ended a waiting here.
    heard: u32,
}

/// Carries writes out in their order. Each gets a report, also what was not sent.
///
/// The first message of `interrupts` lets what is in flight come to its end for
/// [`crate::driver::SETTLE_AFTER_INTERRUPT`], and nothing more begins; the second ends at once.
///
/// # Errors
/// [`DriverError::NotRecorded`] when an event can't be written down, [`DriverError::LockLost`]: nothing more was sent.
pub async fn carry_out<R: RegistryWrites, P: Person>(
    writes: &[PlannedWrite],
    context: &WriteContext<'_, R, P>,
    session: &mut SecondFactorSession,
    interrupts: &mut mpsc::Receiver<()>,
) -> Result<Vec<WriteReport>, DriverError> {
    let shared = Shared { stops: Stops::new(interrupts), pauses: Pauses::default() };
    let work = async {
        let mut reports: Vec<WriteReport> = Vec::with_capacity(writes.len());
        for (at, write) in writes.iter().enumerate() {
            let rest = writes.get(at + 1..).unwrap_or_default();
            let remaining = rest.iter().filter(|write| write.needs_person).count();
            let (outcome, sent) = match missing(write, &reports) {
                Some(by) => (WriteOutcome::Held { by: by.to_string() }, 0),
                None => {
                    to_its_end(write, remaining, Met::nothing(write.needs_person), context, &shared, session).await?
                }
            };
            reports.push(ended(write, outcome, sent, context)?);
        }
        Ok(reports)
    };
    shared.stops.while_listening(work).await
}

/// Carries writes out of which none waits for another: those that need nobody at once, as many as `at_once`; those that a person
/// answers for one after the other afterwards, with those that turned out to need one. Reports come in the order of the writes.
///
/// What `interrupts` brings is heard by all of them, as by [`carry_out`].
///
/// # Errors
/// As [`carry_out`]; what is in flight then, the next run reads.
pub async fn carry_out_at_once<R: RegistryWrites, P: Person>(
    writes: &[PlannedWrite],
    at_once: usize,
    context: &WriteContext<'_, R, P>,
    session: &mut SecondFactorSession,
    interrupts: &mut mpsc::Receiver<()>,
) -> Result<Vec<WriteReport>, DriverError> {
    let shared = Shared { stops: Stops::new(interrupts), pauses: Pauses::default() };
    let work = async {
        let (with_person, by_themselves): (Vec<_>, Vec<_>) =
            writes.iter().enumerate().partition(|(_, write)| write.needs_person);
        let came: Vec<_> = stream::iter(by_themselves)
            .map(|(at, write)| by_itself(at, write, context, &shared, session.epoch))
            .buffer_unordered(at_once.max(1))
            .try_collect()
            .await?;
        let mut reports = Vec::with_capacity(writes.len());
        let mut asked: Vec<(usize, Met)> = with_person.into_iter().map(|(at, _)| (at, Met::nothing(true))).collect();
        for (at, came) in came {
            match came {
                Ok(report) => reports.push((at, report)),
                Err(met) => asked.push((at, met)),
            }
        }
        asked.sort_by_key(|(at, _)| *at);
        let mut remaining = asked.len();
        for (at, met) in asked {
            remaining -= 1;
            let Some(write) = writes.get(at) else { continue };
            let (outcome, sent) = to_its_end(write, remaining, met, context, &shared, session).await?;
            reports.push((at, ended(write, outcome, sent, context)?));
        }
        reports.sort_by_key(|(at, _)| *at);
        Ok(reports.into_iter().map(|(_, report)| report).collect())
    };
    shared.stops.while_listening(work).await
}

/// A write beside others. What has to be answered for comes back.
async fn by_itself<R: RegistryWrites, P: Person>(
    at: usize,
    write: &PlannedWrite,
    context: &WriteContext<'_, R, P>,
    shared: &Shared<'_>,
    epoch: Instant,
) -> Result<(usize, Result<WriteReport, Met>), DriverError> {
    // It carries no answer and asks nobody, so that it needs nothing of the run's session.
    let mut nobody = SecondFactorSession::new(false, None, epoch);
    let mut row = Row { context, shared, session: &mut nobody, heard: 0 };
    Ok(match row.one(write, 0, Met::nothing(false)).await? {
        Came::ToAnEnd(outcome, sent) => (at, Ok(ended(write, outcome, sent, context)?)),
        Came::ToAPerson(met) => (at, Err(met)),
    })
}

/// A write with the run's session, whether it turns out to need a person or not.
async fn to_its_end<R: RegistryWrites, P: Person>(
    write: &PlannedWrite,
    remaining: usize,
    mut met: Met,
    context: &WriteContext<'_, R, P>,
    shared: &Shared<'_>,
    session: &mut SecondFactorSession,
) -> Result<(WriteOutcome, u32), DriverError> {
    let mut row = Row { context, shared, session, heard: 0 };
    loop {
        match row.one(write, remaining, met).await? {
            Came::ToAnEnd(outcome, sent) => return Ok((outcome, sent)),
            Came::ToAPerson(more) => met = more,
        }
    }
}

/// Tells that a write has come to its end.
fn ended<R, P>(
    write: &PlannedWrite,
    outcome: WriteOutcome,
    sent: u32,
    context: &WriteContext<'_, R, P>,
) -> Result<WriteReport, DriverError> {
    let PlannedWrite { package, registry, change, .. } = write.clone();
    context.events.emit(Fact::WriteEnded {
        package: package.clone(),
        registry: registry.clone(),
        change: change.clone(),
        outcome: outcome.clone(),
    })?;
    Ok(WriteReport { package, registry, change, outcome, sent })
}

/// A write that this one needs and that is not done.
fn missing<'w>(write: &'w PlannedWrite, reports: &[WriteReport]) -> Option<&'w ChangeKey> {
    write.after.iter().find(|key| {
        let is_it = |report: &&WriteReport| report.package == key.package && report.change == key.change;
        !reports.iter().find(is_it).is_some_and(|report| report.outcome.is_done())
    })
}

impl PlannedWrite {
    /// What its challenges and events belong to.
    pub fn key(&self) -> ChangeKey {
        ChangeKey { package: self.package.clone(), change: self.change.clone() }
    }
}

impl WriteOutcome {
    /// Says whether what was wanted is so.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done | Self::AlreadySo)
    }
}

#[cfg(test)]
mod tests;
