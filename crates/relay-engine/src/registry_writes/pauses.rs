//! The pauses that registries asked for: kept by all writes that are under way at once.
#![expect(clippy::disallowed_methods, reason = "a pause is counted by the clock of the waiting, which tests move")]

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use relay_registry::RegistryUrl;
use tokio::time::Instant;

use crate::state::Parked;

/// What is known of pauses in one call.
#[derive(Default)]
pub(super) struct Pauses {
    known: Mutex<Known>,
    /// Who asked for a pause bears one write at a time afterwards (`machine::UPLOADS_AFTER_PAUSE`); one for all of them is enough.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    /// Registries that asked for a pause, and until when.
    until: BTreeMap<RegistryUrl, Instant>,
    /// Registries that asked for a longer pause than relay waits: nothing more is sent there.
    closed: BTreeMap<RegistryUrl, Parked>,
}

/// The right to send one write; given back when it is dropped.
pub(super) struct Turn<'a> {
    _guard: Option<tokio::sync::MutexGuard<'a, ()>>,
}

impl Pauses {
    /// A registry asked for a pause from now on.
    pub(super) fn note(&self, registry: &RegistryUrl, pause: Duration) {
        let until = Instant::now() + pause;
        let mut known = self.known();
        let there = known.until.entry(registry.clone()).or_insert(until);
        *there = (*there).max(until);
    }

    /// A registry asked for a longer pause than relay waits.
    pub(super) fn close(&self, registry: &RegistryUrl, parked: Parked) {
        self.known().closed.insert(registry.clone(), parked);
    }

    /// Why nothing more is sent to a registry, if nothing is.
    pub(super) fn closed(&self, registry: &RegistryUrl) -> Option<Parked> {
        self.known().closed.get(registry).cloned()
    }

    /// Waits until a registry's pause is over.
    pub(super) async fn over(&self, registry: &RegistryUrl) {
        // Whoever waits may be told of a longer one meanwhile.
        while let Some(until) = self.until(registry).filter(|until| *until > Instant::now()) {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Waits for the right to send to a registry: after a pause, one after the other.
    pub(super) async fn turn(&self, registry: &RegistryUrl) -> Turn<'_> {
        let guard = match self.until(registry) {
            Some(_) => Some(self.turn.lock().await),
            None => None,
        };
        self.over(registry).await;
        Turn { _guard: guard }
    }

    fn until(&self, registry: &RegistryUrl) -> Option<Instant> {
        self.known().until.get(registry).copied()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
