//! Credentials that have ended: found out before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};
use relay_config::RegistryRules;
use relay_values::CredentialId;

use super::Candidate;
use super::registries::PLAN_READS_IN_FLIGHT;
use crate::session::{KnownCredential, Session};

/// The credentials that their registry does not know any more, by their ids: each is asked once whom it belongs to
/// (`npm-registry.md`, 4.1), so that a dead one is known of before anything is written. Whatever else is answered tells nothing.
pub(super) async fn dead_credentials(candidates: &[Candidate<'_>], session: &Session) -> DeadCredentials {
    if session.offline {
        return DeadCredentials::default();
    }
    let mut distinct = BTreeMap::new();
    for candidate in candidates {
        for known in &candidate.credentials {
            distinct.entry(known.fact.id.clone()).or_insert((candidate, known));
        }
    }
    let asked = distinct.len();
    let questions = distinct.into_iter().map(|(id, (candidate, known))| async move {
        let answer = session.client.whoami(&candidate.destination, &known.credential).await;
        matches!(answer, Ok(None)).then_some(id)
    });
    let dead = stream::iter(questions).buffer_unordered(PLAN_READS_IN_FLIGHT).filter_map(async |id| id).collect().await;
    DeadCredentials { dead, asked }
}

/// What asking credentials for their owners brought.
#[derive(Default)]
pub(super) struct DeadCredentials {
    dead: BTreeSet<CredentialId>,
    /// How many requests that took.
    pub(super) asked: usize,
}

impl DeadCredentials {
    /// Says whether a credential is dead.
    pub(super) fn has(&self, id: &CredentialId) -> bool {
        self.dead.contains(id)
    }
}

impl Candidate<'_> {
    /// Takes out the credentials that its registry does not know any more, and says so of each. On registries with rules of their
    /// own the question may be unknown, so that it is only a warning there.
    pub(super) fn refuse(&mut self, dead: &DeadCredentials, warnings: &mut Vec<String>) -> Vec<String> {
        let (refused, good): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.credentials).into_iter().partition(|known| dead.has(&known.fact.id));
        self.credentials = good;
        if self.rules == RegistryRules::Npm {
            let says =
                |known: KnownCredential| format!("the registry does not know the one from {} (401)", known.fact.id);
            return refused.into_iter().map(says).collect();
        }
        for known in refused {
            let text = format!(
                "`{}` does not know whose the credential from {} is; it may have ended",
                self.destination, known.fact.id
            );
            if !warnings.contains(&text) {
                warnings.push(text);
            }
            self.credentials.push(known);
        }
        Vec::new()
    }
}
