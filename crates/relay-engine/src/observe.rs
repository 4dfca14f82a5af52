//! Gathers what a plan is made from: bumps, the registry's state, credentials. Reads only.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join;
use relay_change::BumpPlan;
use relay_config::RegistryRules;
use relay_plan::{
    Authorisation, Finding, Observations, PackageObservation, Planned, PublishedState, ReleasePlan, plan,
};
use relay_registry::RegistryUrl;
use relay_values::DistTag;
use relay_workspace::{Integrity, PackageName, Version};

use crate::authority::Mint;
use crate::learnt::Learnt;
use crate::left_out::LeftOut;
use crate::project::Project;
use crate::promotion::RecordedPromotion;
use crate::publish_settings::PublishSettings;
use crate::published_before::PublishedBefore;
use crate::release::record::VersionKey;
use crate::session::{KnownCredential, Session};

mod bumps;
mod candidates;
mod changes;
pub(crate) mod contradictions;
mod credential_owners;
mod cut_off;
mod error;
mod evidence;
mod fingerprint;
mod gathered;
mod notices;
mod observation;
mod other_tools;
mod packing;
mod registries;
mod siblings;
#[cfg(test)]
mod tests;
mod trusted;
mod yarn_files;

use bumps::bumps;
use candidates::candidates;
use changes::versioned;
use credential_owners::credential_owners;
pub use error::ObserveError;
pub use evidence::EvidenceRead;
use fingerprint::inputs;
use gathered::{Gathered, Run};
use notices::{given_away, hidden_packages, of_changesets, of_settings};
pub(crate) use observation::rules;
pub use registries::PLAN_READS_IN_FLIGHT;
use registries::{read_registries, read_siblings};

/// What a run is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Versions are made from what changed, then published.
    Release,
    /// What the manifests say and the registry lacks is published.
    Publish,
}

/// What relay sent before, as far as a plan must know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordedVersions {
    /// Versions that registries are asked about beside those of the manifests.
    pub by_package: BTreeMap<PackageName, BTreeSet<Version>>,
    /// Those that went out under a side tag, or were about to, and are not known to be promoted.
    pub pending: BTreeMap<VersionKey, RecordedPromotion>,
}

impl RecordedVersions {
    /// The side tag of a promotion that is under way: one of its versions is out, or is about to go out again.
    pub(crate) fn side_tag(&self, live: &[LiveVersion], packages: &[PackageObservation]) -> Option<DistTag> {
        let is_under_way = |(registry, name, version): &VersionKey| {
            let is_live = |live: &LiveVersion| (&live.registry, &live.name, &live.version) == (registry, name, version);
            let is_next = |package: &PackageObservation| (&package.name, &package.next) == (name, version);
            live.iter().any(is_live) || packages.iter().any(is_next)
        };
        let mut under_way = self.pending.iter().filter(|(key, _)| is_under_way(key));
        under_way.next().map(|(_, promotion)| promotion.side_tag.clone())
    }
}

/// A plan with what is needed to carry it out.
pub struct Observed {
    /// Mints tokens for packages that trust the job that this is.
    pub mint: Option<Mint>,
    /// The plan.
    pub plan: ReleasePlan,
    /// By whose right each package's route was planned.
    pub authorisations: BTreeMap<PackageName, Authorisation>,
    /// The versions to be made.
    pub bumps: BumpPlan,
    /// What is to be said of how they were made; it is in the plan as well.
    pub change_findings: Vec<Finding>,
    /// The credentials of each planned package, best first, in the order of the plan's facts.
    pub credentials: BTreeMap<PackageName, Vec<KnownCredential>>,
    /// The registry that is really talked to, by package.
    pub destinations: BTreeMap<PackageName, (RegistryUrl, RegistryRules)>,
    /// The versions that the registries show already, of the packages' present ones and of those that relay sent before.
    pub live: Vec<LiveVersion>,
    /// The version before the planned one, of those that have one.
    pub before: BTreeMap<PackageName, PublishedBefore>,
    /// What was read of how versions were published, to be remembered.
    pub evidence: Vec<EvidenceRead>,
    /// What was odd and not in the way.
    pub warnings: Vec<String>,
    /// What is good to know of how the plan was made.
    pub notes: Vec<String>,
    /// How many requests the registries got.
    pub requests: usize,
}

/// A version that the registry shows already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveVersion {
    /// The package.
    pub name: PackageName,
    /// The version.
    pub version: Version,
    /// Whether it is the one that the package has in the workspace.
    pub is_present: bool,
    /// The registry that was asked.
    pub registry: RegistryUrl,
    /// The integrity of what stands there, where the registry tells it.
    pub integrity: Option<Integrity>,
    /// The dist-tags that name it.
    pub named_by: BTreeSet<DistTag>,
}

impl LiveVersion {
    /// What tells it from other versions.
    pub fn key(&self) -> VersionKey {
        (self.registry.clone(), self.name.clone(), self.version.clone())
    }
}

/// Reads everything and makes the plan. Of the versions in `recorded` it is found out as well whether they are live.
///
/// # Errors
/// [`ObserveError`] names the file or package.
pub async fn observe(
    project: &Project,
    session: &Session,
    learnt: &Learnt,
    recorded: &RecordedVersions,
    intent: Intent,
) -> Result<Observed, ObserveError> {
    refuse_left_out(project)?;
    let npm_settings = PublishSettings::of(&session.npm, &project.workspace);
    let mut warnings = of_settings(project, session);
    warnings.extend_from_slice(&npm_settings.warnings);
    let (bumps, change_findings) = bumps(project, session, intent, &mut warnings)?;
    let planned: BTreeMap<_, _> = bumps.bumps.iter().map(|bump| (&bump.name, bump)).collect();
    let (candidates, skipped) = candidates(project, session, (&planned, &recorded.by_package), &mut warnings)?;
    let (published, owners) =
        join(read_registries(&candidates, session, &project.config.gate), credential_owners(&candidates, session))
            .await;
    let mut published = published?;
    let mut requests = published.values().map(|known| known.requests).sum::<usize>() + owners.asked;

    let run = Run { project, session, learnt, intent, planned: &planned, npm_tag: npm_settings.tag.as_ref() };
    let mut apart = siblings::findings(&session.npm, &project.workspace.packages);
    let mut gathered = Gathered { skipped, ..Gathered::default() };
    for mut candidate in candidates {
        let refused = candidate.refuse(&owners, &mut warnings);
        let known = published.remove(&candidate.package.name).unwrap_or_default();
        let stranger = candidate.stranger(&known, &owners);
        let apart = apart.remove(&candidate.package.name);
        if let Some(package) = gathered.add(&run, candidate, known) {
            package.credential_problems.extend(refused);
            package.remarks.extend(stranger);
            package.packing.extend(apart.map(|finding| siblings::weighed(finding, &package.published)));
        }
    }
    let names: Vec<&PackageName> = project.workspace.packages.iter().map(|package| &package.name).collect();
    let mut contradictory = contradictions::of_policies(&project.config, &names);
    contradictory.extend(contradictions::of_credentials(session));
    contradictory.extend(contradictions::of_accounts(owners.accounts()));
    let unread = unread_siblings(project, &gathered.packages, &gathered.left_out);
    if !session.offline && !unread.is_empty() {
        requests += unread.len();
        gathered.left_out.extend(read_siblings(&unread, project, session).await);
    }
    let (evidence, asked) = evidence::fill_in(&mut gathered, session, learnt).await?;
    requests += asked;
    let Gathered { packages, skipped, left_out, credentials, destinations, live, before, not_shown, .. } = gathered;
    let mut packages = packages;
    requests += trusted::ask(&mut packages, &destinations, session).await;
    let head = match &project.repository {
        Some(repository) => repository.head()?.commit,
        None => None,
    };
    let ahead = project.graph.anticipating(|name| planned.get(name).map(|bump| &bump.next));
    let side_tag = recorded.side_tag(&live, &packages);
    let observations = Observations {
        created: session.now,
        head,
        offline: session.offline,
        terminal: session.person,
        otp_given: session.otp.is_some(),
        graph: ahead.as_ref().unwrap_or(&project.graph),
        versioned: versioned(project, &bumps, &packages),
        findings: change_findings.iter().cloned().chain(given_away(session)).chain(contradictory).collect(),
        packages,
        skipped,
        left_out,
        inputs: inputs(project),
        allow_cycles: session.allow_cycles || project.config.publish.allow_cycles,
        wait_for: project.config.publish.wait_for,
        build: project.config.release.build.clone(),
        // What belongs to a promotion that is under way joins it, so that the set stays one.
        promote_last: session.promote_last || project.config.publish.promote_last || side_tag.is_some(),
        side_tag,
        delays: learnt.delays(),
    };
    let Planned { plan, authorisations } = plan(&observations)?;
    warnings.extend(not_shown.iter().map(|(registry, names)| hidden_packages(registry, names)));
    let notes = if intent == Intent::Release { of_changesets(project).into_iter().collect() } else { Vec::new() };
    // Last, since there may be many and only some are shown.
    warnings.extend_from_slice(&project.workspace.warnings);
    Ok(Observed {
        mint: Mint::of(session),
        plan,
        authorisations,
        bumps,
        change_findings,
        credentials,
        destinations,
        live,
        before,
        evidence,
        warnings,
        notes,
        requests,
    })
}

/// A sparse checkout that leaves packages out can't be planned.
fn refuse_left_out(project: &Project) -> Result<(), ObserveError> {
    let Some(repository) = &project.repository else { return Ok(()) };
    let left_out = LeftOut::find(&project.workspace, repository, &project.prefix)?;
    if left_out.is_empty() { Ok(()) } else { Err(ObserveError::LeftOut { left_out }) }
}

/// Packages of the workspace that nobody looked up, and that a package to publish needs in a version that the workspace
/// hasn't.
fn unread_siblings<'a>(
    project: &'a Project,
    packages: &[PackageObservation],
    left_out: &BTreeMap<PackageName, PublishedState>,
) -> BTreeSet<&'a PackageName> {
    let planned: BTreeSet<&PackageName> = packages.iter().map(|package| &package.name).collect();
    let by_range = project.graph.out_of_range().iter().map(|dependency| (&dependency.package, &dependency.sibling));
    let by_tag = project.graph.tagged().iter().map(|dependency| (&dependency.package, &dependency.sibling));
    by_range
        .chain(by_tag)
        .filter(|(package, _)| planned.contains(package))
        .map(|(_, sibling)| sibling)
        .filter(|name| !planned.contains(name) && !left_out.contains_key(name))
        .collect()
}
