//! Writes to a registry beside uploads: dist-tags, deprecations, versions taken back. They go one after the other, with the
//! second factor that the uploads before them have used.
//!
//! What each of them wants can be read, and asking for it twice does no harm. So each is read first, and nothing is sent for
//! what is so already: running the same writes again does only what is missing. An answer that was lost is settled by reading.
//!
//! - `one`: the way of one write
//! - `calls`: the registry's side, and the real one

mod calls;
mod one;

use std::collections::BTreeMap;

use relay_registry::{Refusal, RegistryUrl};
use relay_workspace::{PackageName, Version};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::Instant;

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

/// A row of writes under way.
struct Row<'a, R, P> {
    context: &'a WriteContext<'a, R, P>,
    session: &'a mut SecondFactorSession,
    interrupts: &'a mut mpsc::Receiver<()>,
    /// Whether somebody is still there who could interrupt.
    listening: bool,
    stopped: bool,
    /// Registries that asked for a pause, and until when.
    paused_until: BTreeMap<RegistryUrl, Instant>,
    /// Registries that asked for a longer pause than relay waits: nothing more is sent there.
    closed: BTreeMap<RegistryUrl, Parked>,
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
    let mut row = Row {
        context,
        session,
        interrupts,
        listening: true,
        stopped: false,
        paused_until: BTreeMap::new(),
        closed: BTreeMap::new(),
    };
    let mut reports: Vec<WriteReport> = Vec::with_capacity(writes.len());
    for (at, write) in writes.iter().enumerate() {
        let rest = writes.get(at + 1..).unwrap_or_default();
        let (outcome, sent) = match missing(write, &reports) {
            Some(by) => (WriteOutcome::Held { by: by.to_string() }, 0),
            None => row.one(write, rest).await?,
        };
        context.events.emit(Fact::WriteEnded {
            package: write.package.clone(),
            registry: write.registry.clone(),
            change: write.change.clone(),
            outcome: outcome.clone(),
        })?;
        reports.push(WriteReport {
            package: write.package.clone(),
            registry: write.registry.clone(),
            change: write.change.clone(),
            outcome,
            sent,
        });
    }
    Ok(reports)
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
