//! What the versions of the packages to be released show of how they were published.
//!
//! npm's short packument doesn't tell, so that the whole one is asked for: of those packages alone that are to be released, and
//! only where it is not known from an earlier run. What a version shows doesn't change after its publication, so that what is
//! remembered holds as long as the registry shows the same versions.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt};
use jiff::tz::TimeZone;
use relay_config::RegistryRules;
use relay_plan::{DatedEvidence, PackageObservation, PublishedState, strongest_evidence};
use relay_registry::{Packument, PackumentAnswer, PackumentForm, RegistryUrl};
use relay_workspace::{PackageName, Version};

use super::ObserveError;
use super::gathered::Gathered;
use super::registries::PLAN_READS_IN_FLIGHT;
use crate::learnt::{Learnt, SeenEvidence};
use crate::session::Session;

/// What was read of a package, so that it can be remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceRead {
    /// The registry that was asked.
    pub registry: RegistryUrl,
    /// The package.
    pub name: PackageName,
    /// What its versions show.
    pub seen: SeenEvidence,
}

/// What a whole packument tells.
pub(super) fn seen(packument: &Packument) -> SeenEvidence {
    let dated = || {
        packument.versions.values().map(|version| DatedEvidence {
            version: &version.version,
            evidence: version.evidence,
            on: version.published.map(|at| at.to_zoned(TimeZone::UTC).date()),
        })
    };
    let versions: BTreeSet<Version> = packument.versions.keys().cloned().collect();
    SeenEvidence::new(&versions, strongest_evidence(dated(), false), strongest_evidence(dated(), true))
}

/// Fills in what is known of the packages that are to be published, and asks for the rest. Gives what was read now, and how many
/// requests that took.
pub(super) async fn fill_in(
    gathered: &mut Gathered,
    session: &Session,
    learnt: &Learnt,
) -> Result<(Vec<EvidenceRead>, usize), ObserveError> {
    let mut read = Vec::new();
    let mut unknown = Vec::new();
    for package in &mut gathered.packages {
        let Some((destination, RegistryRules::Npm)) = gathered.destinations.get(&package.name) else { continue };
        let PublishedState::Present { versions, .. } = &package.published else { continue };
        if versions.is_empty() {
            continue;
        }
        let at_hand = gathered.evidence.remove(&package.name);
        if let Some(seen) = at_hand {
            seen.tell(package);
            read.push(EvidenceRead { registry: destination.clone(), name: package.name.clone(), seen });
        } else if let Some(seen) = learnt.evidence(destination, &package.name, versions) {
            seen.tell(package);
        } else {
            unknown.push((package, destination));
        }
    }
    let requests = unknown.len();
    let credentials = &gathered.credentials;
    let questions = unknown.into_iter().map(|(package, registry)| async move {
        let known = credentials.get(&package.name).and_then(|all| all.first());
        let credential = known.map(|known| &known.credential).filter(|one| !one.is_withheld());
        let answer = session.client.packument(registry, &package.name, credential, PackumentForm::Full).await;
        let answer = answer.map_err(|source| ObserveError::Read {
            package: package.name.clone(),
            registry: registry.clone(),
            source: Box::new(source),
        })?;
        // A package that is gone meanwhile shows nothing; whoever publishes hears of that from the registry.
        let PackumentAnswer::Found { packument } = answer else { return Ok::<_, ObserveError>(None) };
        let seen = seen(&packument);
        seen.tell(package);
        Ok(Some(EvidenceRead { registry: registry.clone(), name: package.name.clone(), seen }))
    });
    let mut answers = stream::iter(questions).buffer_unordered(PLAN_READS_IN_FLIGHT);
    while let Some(answer) = answers.next().await {
        read.extend(answer?);
    }
    Ok((read, requests))
}

impl SeenEvidence {
    /// Tells a package what counts beside its next version.
    fn tell(&self, package: &mut PackageObservation) {
        package.strongest_evidence = self.beside(&package.next).cloned();
    }
}
