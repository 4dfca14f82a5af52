//! Whose credentials are, and which have ended: found out before anything is written.

use std::collections::BTreeMap;

use futures_util::future::{OptionFuture, join};
use futures_util::stream::{self, StreamExt};
use relay_config::{CredentialKind, RegistryRules};
use relay_plan::{PublishedState, RouteWarning};
use relay_values::{CredentialId, RegistryUrl};

use super::candidates::Candidate;
use super::registries::{FULL_READS_MAX, Known, PLAN_READS_IN_FLIGHT};
use crate::session::{KnownCredential, Session};

/// How many maintainers are named.
const OWNERS_SHOWN: usize = 3;

/// Asks of each credential once whom it belongs to (`npm-registry.md`, 4.1), so that one that its registry does not know any
/// more is known of before anything is written. Whatever else is answered tells nothing.
pub(super) async fn credential_owners(candidates: &[Candidate<'_>], session: &Session) -> CredentialOwners {
    if session.offline || session.npm.is_withheld() {
        return CredentialOwners::default();
    }
    let mut distinct: Distinct<'_> = BTreeMap::new();
    for candidate in candidates {
        for known in &candidate.credentials {
            distinct.entry(known.fact.id.clone()).or_insert((candidate, known));
        }
    }
    let mut known = CredentialOwners { asked: distinct.len(), ..CredentialOwners::default() };
    known.ask_for_accounts(&distinct, session).await;
    if candidates.len() > FULL_READS_MAX {
        known.ask_for_packages(&distinct, session).await;
    }
    known
}

/// Whether a credential may be a session, which alone may read its account, at a registry where that counts.
fn may_be_a_session(candidate: &Candidate<'_>, known: &KnownCredential) -> bool {
    candidate.rules == RegistryRules::Npm
        && matches!(known.fact.kind, CredentialKind::Session | CredentialKind::Unknown)
}

/// A credential that its registry does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dead {
    /// It looks like one of those that npm has revoked for all.
    Classic,
    /// It may have ended, or was revoked.
    Unknown,
}

/// What asking credentials for their owners brought.
#[derive(Default)]
pub(super) struct CredentialOwners {
    dead: BTreeMap<CredentialId, Dead>,
    /// Whom the others belong to, as far as that was told.
    accounts: BTreeMap<CredentialId, String>,
    /// The accounts that have no second factor, by the sessions that tell.
    without_second_factor: BTreeMap<CredentialId, String>,
    /// The packages that an account may read or write at a registry, where that was asked and told.
    packages: BTreeMap<(RegistryUrl, String), BTreeMap<String, bool>>,
    /// How many requests that took.
    pub(super) asked: usize,
}

/// Credentials by their ids, each with a package that it is for.
type Distinct<'a> = BTreeMap<CredentialId, (&'a Candidate<'a>, &'a KnownCredential)>;

impl CredentialOwners {
    /// Asks whom each credential belongs to; of what may be a session, whether its account has a second factor too.
    async fn ask_for_accounts(&mut self, distinct: &Distinct<'_>, session: &Session) {
        let questions = distinct.iter().map(|(key, (candidate, known))| async move {
            let (client, registry, credential) = (&session.client, &candidate.destination, &known.credential);
            let asks = may_be_a_session(candidate, known);
            let profile = OptionFuture::from(asks.then(|| client.profile(registry, credential)));
            let (account, profile) = join(client.whoami(registry, credential), profile).await;
            (key.clone(), account.ok(), profile.and_then(Result::ok).flatten())
        });
        self.asked += distinct.values().filter(|(candidate, known)| may_be_a_session(candidate, known)).count();
        let mut answers = stream::iter(questions).buffer_unordered(PLAN_READS_IN_FLIGHT);
        while let Some((key, account, profile)) = answers.next().await {
            if let Some(profile) = profile.filter(|profile| !profile.two_factor.is_on()) {
                self.without_second_factor.insert(key.clone(), profile.name);
            }
            match account {
                Some(Some(account)) => drop(self.accounts.insert(key, account)),
                Some(None) => {
                    let classic =
                        distinct.get(&key).is_some_and(|(_, known)| known.credential.has_form_of_classic_token());
                    self.dead.insert(key, if classic { Dead::Classic } else { Dead::Unknown });
                }
                None => {}
            }
        }
    }

    /// Asks which packages each account may write: one question an account, where reading every package whole would be one
    /// large answer a package.
    async fn ask_for_packages(&mut self, distinct: &Distinct<'_>, session: &Session) {
        let mut accounts = BTreeMap::new();
        for (id, account) in &self.accounts {
            if let Some((candidate, known)) = distinct.get(id) {
                accounts.entry((candidate.destination.clone(), account.clone())).or_insert(&known.credential);
            }
        }
        self.asked += accounts.len();
        let questions = accounts.into_iter().map(|((registry, account), credential)| async move {
            let packages = session.client.packages_of(&registry, &account, credential).await?;
            Some(((registry, account), packages))
        });
        let answers = stream::iter(questions).buffer_unordered(PLAN_READS_IN_FLIGHT);
        self.packages = answers.filter_map(std::future::ready).collect().await;
    }

    /// Whom the credentials belong to, as far as that was told.
    pub(super) fn accounts(&self) -> impl Iterator<Item = (&CredentialId, &String)> {
        self.accounts.iter()
    }

    /// Says whether nothing can be published by a credential: it is dead, or its account has no second factor.
    pub(super) fn has(&self, id: &CredentialId) -> bool {
        self.dead.contains_key(id) || self.without_second_factor.contains_key(id)
    }

    /// Why nothing can be published by it, as half a sentence.
    fn says(&self, id: &CredentialId) -> String {
        match self.without_second_factor.get(id) {
            Some(account) => format!(
                "the account `{account}` of the one from {id} has no second factor, and the registry publishes nothing \
                 for it: turn it on with `relay auth 2fa --registry {}`",
                id.registry
            ),
            None if self.dead.get(id) == Some(&Dead::Classic) => format!(
                "the registry does not know the one from {id} (401), which looks like a classic token: npm revoked all of those in \
                 December 2025, so make a granular one"
            ),
            None => format!("the registry does not know the one from {id} (401)"),
        }
    }
}

impl Candidate<'_> {
    /// What there is to say where nobody whose credential is at hand is among those who may publish the package. A registry
    /// refuses then with a 404 that looks as if the package were not there.
    pub(super) fn stranger(&self, found: &Known, known: &CredentialOwners) -> Option<RouteWarning> {
        let owners = &found.maintainers;
        let accounts: Vec<_> =
            self.credentials.iter().filter_map(|one| Some((one, known.accounts.get(&one.fact.id)?))).collect();
        let (first, account) = accounts.first()?;
        if owners.is_empty() {
            let is_there = matches!(found.state, PublishedState::Present { .. });
            return if is_there { self.not_among_theirs(&accounts, known) } else { None };
        }
        if accounts.iter().any(|(_, account)| owners.contains(account)) {
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

    /// The same, where the registry told what the accounts may write in place of who may write the package.
    fn not_among_theirs(
        &self,
        accounts: &[(&KnownCredential, &String)],
        known: &CredentialOwners,
    ) -> Option<RouteWarning> {
        let name = &self.package.name;
        let mut may_read = false;
        for (_, account) in accounts {
            match known.packages.get(&(self.destination.clone(), (*account).clone()))?.get(name.as_str()) {
                Some(true) => return None,
                Some(false) => may_read = true,
                None => {}
            }
        }
        let (first, account) = accounts.first()?;
        let what = if may_read {
            "who may only read it"
        } else {
            "and it is not among the packages that the registry lists for that account"
        };
        Some(RouteWarning {
            text: format!(
                "the credential from {} belongs to `{account}`, {what}: the registry may refuse the upload as if the package were \
                 not there (404)",
                first.fact.id
            ),
            help: format!(
                "see who may publish it: `npm access list collaborators {name} --registry={}`; have one of them run `npm owner add \
                 {account} {name}`, grant the account's team write access to it, or use a token of a maintainer",
                self.registry
            ),
        })
    }

    /// Takes out the credentials that its registry does not know any more, and says so of each. On registries with rules of their
    /// own the question may be unknown, so that it is only a warning there.
    pub(super) fn refuse(&mut self, owners: &CredentialOwners, warnings: &mut Vec<String>) -> Vec<String> {
        let (refused, good): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.credentials).into_iter().partition(|known| owners.has(&known.fact.id));
        self.credentials = good;
        if self.rules == RegistryRules::Npm {
            return refused.iter().map(|known| owners.says(&known.fact.id)).collect();
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::candidates::tests::{candidate, known};
    use super::*;
    use crate::fixture::loopback::{LoopbackRegistry, json};
    use crate::fixture::{Repo, TWO, registry, session};

    fn found(maintainers: &[&str], is_there: bool) -> Known {
        let present = PublishedState::Present {
            versions: BTreeSet::new(),
            deprecated: BTreeSet::new(),
            latest: None,
            tags: BTreeMap::new(),
            next_is_there: false,
        };
        Known {
            state: if is_there { present } else { PublishedState::Absent },
            before: None,
            hidden: false,
            evidence: None,
            maintainers: maintainers.iter().map(|name| (*name).to_owned()).collect(),
            there: Vec::new(),
            requests: 1,
        }
    }

    fn accounts(of: &[(&str, &str)]) -> CredentialOwners {
        let accounts = of.iter().map(|(origin, account)| (known(origin).fact.id, (*account).to_owned())).collect();
        CredentialOwners { accounts, ..CredentialOwners::default() }
    }

    #[test]
    fn whoever_is_none_of_the_maintainers_is_told_before_the_registry_says_404() {
        let project = Repo::of(&TWO).project();
        let one = candidate(&project, &["token"], RegistryRules::Npm);
        let both = candidate(&project, &["token", "session"], RegistryRules::Npm);
        let many = ["maintainer", "maintainer-b", "maintainer-c", "maintainer-d", "maintainer-e"];
        for (why, candidate, found, known, told) in [
            (
                "a stranger",
                &one,
                found(&["maintainer"], true),
                accounts(&[("token", "stranger")]),
                Some("(`maintainer`)"),
            ),
            (
                "many maintainers",
                &one,
                found(&many, true),
                accounts(&[("token", "stranger")]),
                Some("`maintainer-c`, 2 more"),
            ),
            ("a maintainer", &one, found(&["maintainer"], true), accounts(&[("token", "maintainer")]), None),
            (
                "one of two is",
                &both,
                found(&["maintainer"], true),
                accounts(&[("token", "stranger"), ("session", "maintainer")]),
                None,
            ),
            ("nobody knows who", &one, found(&["maintainer"], true), accounts(&[]), None),
            ("a new package", &one, found(&[], false), accounts(&[("token", "stranger")]), None),
        ] {
            let text = candidate.stranger(&found, &known).map(|warning| warning.text);
            assert_eq!(text.is_some(), told.is_some(), "{why}: {text:?}");
            assert!(text.unwrap_or_default().contains(told.unwrap_or_default()), "{why}");
        }
    }

    #[test]
    fn what_an_account_may_write_stands_in_for_the_maintainers() {
        let project = Repo::of(&TWO).project();
        let one = candidate(&project, &["token"], RegistryRules::Npm);
        let there = found(&[], true);
        let name = one.package.name.as_str();
        for (packages, told) in [
            (None, None),
            (Some(vec![(name, true)]), None),
            (Some(vec![(name, false)]), Some("who may only read it")),
            (Some(vec![("other", true)]), Some("not among the packages")),
        ] {
            let mut known = accounts(&[("token", "stranger")]);
            if let Some(packages) = &packages {
                let packages = packages.iter().map(|(name, writes)| ((*name).to_owned(), *writes)).collect();
                known.packages.insert((registry(), "stranger".to_owned()), packages);
            }
            let text = one.stranger(&there, &known).map(|warning| warning.text);
            assert_eq!(text.is_some(), told.is_some(), "{packages:?}: {text:?}");
            assert!(text.unwrap_or_default().contains(told.unwrap_or_default()), "{packages:?}");
        }
    }

    #[test]
    fn a_session_whose_account_has_no_second_factor_is_taken_out_and_what_to_do_is_told() {
        let project = Repo::of(&TWO).project();
        let session_id = known("session");
        let mut known = accounts(&[("session", "stranger")]);
        known.without_second_factor.insert(session_id.fact.id, "stranger".to_owned());
        let mut npm = candidate(&project, &["token", "session"], RegistryRules::Npm);
        let refused = npm.refuse(&known, &mut Vec::new());
        assert_eq!((refused.len(), npm.credentials.len()), (1, 1), "{refused:?}");
        assert!(refused[0].contains("`stranger`") && refused[0].contains("`relay auth 2fa --registry"), "{refused:?}");
    }

    #[test]
    fn a_dead_credential_is_taken_out_where_npms_rules_hold_and_only_told_elsewhere() {
        let project = Repo::of(&TWO).project();
        let owners =
            CredentialOwners { dead: [(known("token").fact.id, Dead::Unknown)].into(), ..CredentialOwners::default() };
        let origins = |candidate: &Candidate<'_>| candidate.credentials.len();
        let mut warnings = Vec::new();
        let mut npm = candidate(&project, &["token", "session"], RegistryRules::Npm);
        let refused = npm.refuse(&owners, &mut warnings);
        assert_eq!((refused.len(), origins(&npm), warnings.len()), (1, 1, 0), "{refused:?}");
        assert!(refused[0].contains("token") && refused[0].contains("401"), "{refused:?}");
        for _ in 0..2 {
            let mut own = candidate(&project, &["token", "session"], RegistryRules::Plain);
            assert_eq!(own.refuse(&owners, &mut warnings), Vec::<String>::new());
            assert_eq!((origins(&own), warnings.len()), (2, 1), "told once");
        }
    }

    /// Asks a registry about the credentials of `count` packages.
    async fn asked_about(registry: &LoopbackRegistry, count: usize, session: &Session) -> CredentialOwners {
        let project = Repo::of(&TWO).project();
        let known = session.credentials(&project.workspace.packages[0].name, &registry.url, &project.config);
        let candidate = || Candidate {
            destination: registry.url.clone(),
            credentials: known.clone(),
            ..candidate(&project, &[], RegistryRules::Npm)
        };
        let candidates: Vec<_> = (0..count).map(|_| candidate()).collect();
        credential_owners(&candidates, session).await
    }

    #[tokio::test]
    async fn each_credential_is_asked_once_and_only_a_registry_that_does_not_know_it_makes_it_dead() {
        for (status, body, dead, accounts) in [
            (200, serde_json::json!({ "username": "maintainer" }), 0, vec!["maintainer"]),
            (401, serde_json::json!({}), 1, vec![]),
            // Whatever else is said tells nothing of the credential.
            (404, serde_json::json!({}), 0, vec![]),
            (200, serde_json::json!({ "username": "" }), 0, vec![]),
        ] {
            let registry = LoopbackRegistry::answering([json("/-/whoami", status, body)]).await;
            let session = Session { offline: false, ..session(&registry.npmrc_with_token()) };
            let found = asked_about(&registry, 3, &session).await;
            assert_eq!((found.dead.len(), found.asked), (dead, 2), "{status}");
            assert_eq!(found.accounts.into_values().collect::<Vec<_>>(), accounts, "{status}");
            let asked: BTreeSet<_> = registry.paths().into_iter().collect();
            assert_eq!(asked, ["/-/npm/v1/user", "/-/whoami"].map(str::to_owned).into(), "who, and its second factor");
            let offline = Session { offline: true, ..session };
            assert_eq!(asked_about(&registry, 3, &offline).await.asked, 0);
            assert_eq!(registry.paths().len(), 2, "offline nobody is asked");
        }
    }

    #[tokio::test]
    async fn a_session_tells_whether_its_account_has_a_second_factor() {
        let on = serde_json::json!({ "name": "maintainer", "tfa": { "mode": "auth-and-writes" } });
        let off = serde_json::json!({ "name": "maintainer", "tfa": false });
        for (status, profile, without) in
            [(200, on, vec![]), (200, off.clone(), vec!["maintainer"]), (403, off, vec![])]
        {
            let who = json("/-/whoami", 200, serde_json::json!({ "username": "maintainer" }));
            let registry = LoopbackRegistry::answering([who, json("/-/npm/v1/user", status, profile)]).await;
            let session = Session { offline: false, ..session(&registry.npmrc_with_token()) };
            let found = asked_about(&registry, 1, &session).await;
            assert_eq!(found.without_second_factor.into_values().collect::<Vec<_>>(), without, "{status}");
        }
    }

    #[tokio::test]
    async fn of_many_packages_the_account_is_asked_which_it_may_write() {
        let may = serde_json::json!({ "a": "write", "b": "read" });
        let answers = [
            json("/-/whoami", 200, serde_json::json!({ "username": "maintainer" })),
            json("/-/user/maintainer/package", 200, may),
        ];
        let registry = LoopbackRegistry::answering(answers).await;
        let session = Session { offline: false, ..session(&registry.npmrc_with_token()) };
        let few = asked_about(&registry, FULL_READS_MAX, &session).await;
        assert!(few.packages.is_empty(), "of a few each document tells");
        let many = asked_about(&registry, FULL_READS_MAX + 1, &session).await;
        let expected = BTreeMap::from([("a".to_owned(), true), ("b".to_owned(), false)]);
        assert_eq!(many.packages, [((registry.url.clone(), "maintainer".to_owned()), expected)].into());
        assert_eq!(many.asked, 3);
    }
}
