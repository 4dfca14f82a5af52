//! Whether registries trust the job that relay runs in: a token is exchanged for each package and thrown away
//! (`npm-registry.md`, 6.3). That changes nothing at a registry.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};
use relay_config::{RegistryRules, RouteKind};
use relay_plan::{PackageObservation, PublishedState, TrustedFact};
use relay_registry::{ExchangeError, IdToken, IdentitySource, RefusalCode, RegistryUrl};
use relay_workspace::PackageName;

use super::PLAN_READS_IN_FLIGHT;
use crate::session::Session;

/// What to do for a package that nobody has published yet.
const FIRST_VERSION: &str = "a name can have no trusted publisher before its first version: publish that one at a terminal with `relay \
                             publish`, then add the trusted publisher with `npm trust`";
/// What to do for one that trusts another job.
const COMPARE: &str = "compare `npm trust list <package>` with these claims letter by letter, since npm does not check a connection when it \
                       is saved; or take `id-token: write` from a job that shall publish by a token";

/// Notes at each package whether its registry trusts this job. Gives the number of requests.
pub(super) async fn ask(
    packages: &mut [PackageObservation],
    destinations: &BTreeMap<PackageName, (RegistryUrl, RegistryRules)>,
    session: &Session,
) -> usize {
    if session.offline || session.npm.is_withheld() {
        return 0;
    }
    let Some(source) = IdentitySource::of(&session.environment) else { return 0 };
    let asked: Vec<usize> =
        (0..packages.len()).filter(|at| packages.get(*at).is_some_and(|one| concerns(one, session))).collect();
    let source = match source {
        Ok(source) => source,
        Err(none) => {
            // A job that has no identity and whose packages don't call for one publishes in another way.
            for at in asked {
                if let Some(package) = packages.get_mut(at).filter(|package| is_called_for(package)) {
                    package.trusted =
                        TrustedFact::Fails { why: "this job has no identity".to_owned(), help: none.why.clone() };
                }
            }
            return 0;
        }
    };
    let mut id_tokens: BTreeMap<&RegistryUrl, Result<IdToken, ExchangeError>> = BTreeMap::new();
    for (registry, _) in asked.iter().filter_map(|at| destinations.get(&packages.get(*at)?.name)) {
        if !id_tokens.contains_key(registry) {
            id_tokens.insert(registry, session.client.id_token(&source, registry).await);
        }
    }
    let mut requests = id_tokens.len();
    let facts = {
        let (packages, id_tokens) = (&*packages, &id_tokens);
        let exchanges = asked.into_iter().map(|at| async move {
            let package = packages.get(at)?;
            let (registry, _) = destinations.get(&package.name)?;
            let exchanged = match id_tokens.get(registry)? {
                Ok(id_token) => session.client.exchange(registry, &package.name, id_token).await.map(|_| ()),
                Err(error) => Err(error.clone()),
            };
            Some((at, fact(package, exchanged)))
        });
        let facts: Vec<_> = stream::iter(exchanges).buffer_unordered(PLAN_READS_IN_FLIGHT).collect().await;
        facts
    };
    for (at, fact) in facts.into_iter().flatten() {
        requests += 1;
        if let Some(package) = packages.get_mut(at) {
            package.trusted = fact;
        }
    }
    requests
}

/// Whether a trusted publisher could publish the package: its registry has npm's rules, is no stand-in, and no policy is
/// against it.
fn concerns(package: &PackageObservation, session: &Session) -> bool {
    let allowed = package.allowed_routes.as_ref().is_none_or(|routes| routes.contains(&RouteKind::Trusted));
    let npm = package.rules == RegistryRules::Npm || is_called_for(package);
    allowed && npm && !session.stand_ins.contains_key(&package.registry)
}

/// Whether a policy names the route.
fn is_called_for(package: &PackageObservation) -> bool {
    package.allowed_routes.as_ref().is_some_and(|routes| routes.contains(&RouteKind::Trusted))
}

fn fact(package: &PackageObservation, exchanged: Result<(), ExchangeError>) -> TrustedFact {
    let error = match exchanged {
        Ok(()) => return TrustedFact::Matches,
        Err(ExchangeError::NotOffered { .. }) if !is_called_for(package) => return TrustedFact::NotAsked,
        Err(error) => error,
    };
    let (why, help) = match error {
        ExchangeError::Refused { refusal, .. }
            if refusal.code == RefusalCode::NoTrustedPublisher && package.published == PublishedState::Absent =>
        {
            ("the package is new and so trusts nobody yet".to_owned(), FIRST_VERSION.to_owned())
        }
        ExchangeError::Refused { refusal, claims } => {
            let claims = claims.join(", ");
            let why = match refusal.code {
                RefusalCode::NoTrustedPublisher => "it trusts no job with the claims of this one".to_owned(),
                _ => format!("the registry refused this job's identity ({})", refusal.text),
            };
            (if claims.is_empty() { why } else { format!("{why}: {claims}") }, COMPARE.to_owned())
        }
        error => (error.to_string(), "run it again when that is put right".to_owned()),
    };
    TrustedFact::Fails { why, help }
}
