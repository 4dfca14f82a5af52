//! Whose credentials are, and which have ended: found out before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};
use relay_config::RegistryRules;
use relay_plan::RouteWarning;
use relay_values::CredentialId;

use super::candidates::Candidate;
use super::registries::PLAN_READS_IN_FLIGHT;
use crate::session::{KnownCredential, Session};

/// How many maintainers are named.
const OWNERS_SHOWN: usize = 3;

/// The credentials that their registry does not know any more, by their ids: each is asked once whom it belongs to
/// (`npm-registry.md`, 4.1), so that a dead one is known of before anything is written. Whatever else is answered tells nothing.
pub(super) async fn dead_credentials(candidates: &[Candidate<'_>], session: &Session) -> DeadCredentials {
    if session.offline || session.npm.is_withheld() {
        return DeadCredentials::default();
    }
    let mut distinct = BTreeMap::new();
    for candidate in candidates {
        for known in &candidate.credentials {
            distinct.entry(known.fact.id.clone()).or_insert((candidate, known));
        }
    }
    let asked = distinct.len();
    let questions = distinct.into_iter().map(|(key, (candidate, known))| async move {
        Some((key, session.client.whoami(&candidate.destination, &known.credential).await.ok()?))
    });
    let mut answers = stream::iter(questions).buffer_unordered(PLAN_READS_IN_FLIGHT);
    let mut known = DeadCredentials { asked, ..DeadCredentials::default() };
    while let Some(answer) = answers.next().await {
        match answer {
            Some((key, Some(account))) => drop(known.accounts.insert(key, account)),
            Some((key, None)) => {
                known.dead.insert(key);
            }
            None => {}
        }
    }
    known
}

/// What asking credentials for their owners brought.
#[derive(Default)]
pub(super) struct DeadCredentials {
    dead: BTreeSet<CredentialId>,
    /// Whom the others belong to, as far as that was told.
    accounts: BTreeMap<CredentialId, String>,
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
    /// What there is to say where nobody whose credential is at hand is among those who may publish the package. A registry
    /// refuses then with a 404 that looks as if the package were not there.
    pub(super) fn stranger(&self, owners: &[String], known: &DeadCredentials) -> Option<RouteWarning> {
        let accounts: Vec<_> =
            self.credentials.iter().filter_map(|one| Some((one, known.accounts.get(&one.fact.id)?))).collect();
        let (first, account) = accounts.first()?;
        if owners.is_empty() || accounts.iter().any(|(_, account)| owners.contains(account)) {
            return None;
        }
        let mut names: Vec<_> = owners.iter().take(OWNERS_SHOWN).map(|name| format!("`{name}`")).collect();
        if let Some(more @ 1..) = owners.len().checked_sub(OWNERS_SHOWN) {
            names.push(format!("{more} more"));
        }
        Some(RouteWarning {
            text: format!(
                "the credential from {} belongs to `{account}`, who is none of its maintainers ({}): the registry may refuse \
                 the upload as if the package were not there (404)",
                first.fact.id,
                names.join(", ")
            ),
            help: format!(
                "have a maintainer run `npm owner add {account} {}`, grant the account's team write access to it, or use a \
                 token of a maintainer",
                self.package.name
            ),
        })
    }

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
