//! Credentials that have ended: found out before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};
use relay_config::RegistryRules;
use relay_registry::RegistryUrl;

use super::Candidate;
use super::registries::PLAN_READS_IN_FLIGHT;
use crate::session::{KnownCredential, Session};

/// The credentials that their registry does not know any more, by registry and source: each is asked once whom it belongs to
/// (`npm-registry.md`, 4.1), so that a dead one is known of before anything is written. Whatever else is answered tells nothing.
pub(super) async fn dead_credentials(candidates: &[Candidate<'_>], session: &Session) -> DeadCredentials {
    if session.offline {
        return DeadCredentials::default();
    }
    let mut distinct = BTreeMap::new();
    for candidate in candidates {
        for known in &candidate.credentials {
            let key = (candidate.destination.to_string(), known.fact.source.clone());
            distinct.entry(key).or_insert((candidate, known));
        }
    }
    let asked = distinct.len();
    let questions = distinct.into_iter().map(|(key, (candidate, known))| async move {
        let answer = session.client.whoami(&candidate.destination, &known.credential).await;
        matches!(answer, Ok(None)).then_some(key)
    });
    let dead =
        stream::iter(questions).buffer_unordered(PLAN_READS_IN_FLIGHT).filter_map(async |key| key).collect().await;
    DeadCredentials { dead, asked }
}

/// What asking credentials for their owners brought.
#[derive(Default)]
pub(super) struct DeadCredentials {
    dead: BTreeSet<(String, String)>,
    /// How many requests that took.
    pub(super) asked: usize,
}

impl DeadCredentials {
    /// Says whether a credential of this source is dead at a registry.
    pub(super) fn has(&self, registry: &RegistryUrl, source: &str) -> bool {
        self.dead.contains(&(registry.to_string(), source.to_owned()))
    }
}

impl Candidate<'_> {
    /// Takes out the credentials that its registry does not know any more, and says so of each. On registries with rules of their
    /// own the question may be unknown, so that it is only a warning there.
    pub(super) fn refuse(&mut self, dead: &DeadCredentials, warnings: &mut Vec<String>) -> Vec<String> {
        let (refused, good): (Vec<_>, Vec<_>) = std::mem::take(&mut self.credentials)
            .into_iter()
            .partition(|known| dead.has(&self.destination, &known.fact.source));
        self.credentials = good;
        if self.rules == RegistryRules::Npm {
            let says =
                |known: KnownCredential| format!("the registry does not know the one from {} (401)", known.fact.source);
            return refused.into_iter().map(says).collect();
        }
        for known in refused {
            let text = format!(
                "`{}` does not know whose the credential from {} is; it may have ended",
                self.destination, known.fact.source
            );
            if !warnings.contains(&text) {
                warnings.push(text);
            }
            self.credentials.push(known);
        }
        Vec::new()
    }
}
