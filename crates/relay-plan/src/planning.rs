//! From observations to a plan.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use relay_config::{AccessSource, PublishingAccess, RegistryRules, RouteKind};
use relay_workspace::PackageName;
use sha2::{Digest, Sha256};

use crate::findings::findings;
use crate::observation::{Observations, PackageObservation};
use crate::plan::{Fingerprint, Humans, PLAN_SCHEMA, PlannedPackage, ReleasePlan, Skipped};
use crate::route::{Route, RouteQuestion, route};
use crate::sitting::{SittingItem, sittings};

/// The dist-tag where nothing says another one.
pub const DEFAULT_TAG: &str = "latest";

/// No plan can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Packages of the release depend on each other in a circle.
    #[error(
        "packages of this release depend on each other in a circle: {}; break it, or allow it with `--allow-cycles` or \
         `publish.allow-cycles` in relay.toml",
        way_round(.path)
    )]
    RuntimeCycle {
        /// The way round; the first name is not repeated.
        path: Vec<PackageName>,
    },
}

/// Makes the plan. The same observations, in any order, give the same plan.
///
/// # Errors
/// [`PlanError::RuntimeCycle`] where the release has no publish order and cycles are not allowed.
pub fn plan(observations: &Observations<'_>) -> Result<ReleasePlan, PlanError> {
    let members: BTreeSet<PackageName> = observations.packages.iter().map(|package| package.name.clone()).collect();
    refuse_cycles(observations, &members)?;
    let waves = observations.graph.waves_of(&members);
    let wave_of: BTreeMap<&PackageName, usize> =
        waves.iter().enumerate().flat_map(|(at, wave)| wave.iter().map(move |name| (name, at + 1))).collect();
    let chains = observations.graph.chain_lengths(&members);

    let mut ordered: Vec<&PackageObservation> = observations.packages.iter().collect();
    ordered.sort_by_key(|package| {
        let wave = wave_of.get(&package.name).copied().unwrap_or(1);
        let chain = chains.get(&package.name).copied().unwrap_or(1);
        (wave, std::cmp::Reverse(chain), package.name.clone())
    });
    let mut packages: Vec<PlannedPackage> = ordered
        .into_iter()
        .map(|package| planned(observations, package, &members, wave_of.get(&package.name).copied().unwrap_or(1)))
        .collect();
    let humans = seat(&mut packages);
    let findings = findings(observations, &packages);
    let mut skipped: Vec<Skipped> = observations
        .skipped
        .iter()
        .map(|skipped| Skipped { name: skipped.name.clone(), reason: skipped.reason.as_str().to_owned() })
        .collect();
    skipped.sort_by(|a, b| a.name.cmp(&b.name));

    let mut plan = ReleasePlan {
        schema: PLAN_SCHEMA.to_owned(),
        id: String::new(),
        created: observations.created,
        fingerprint: Fingerprint { head: observations.head.clone(), inputs: fingerprint(&observations.inputs) },
        humans,
        packages,
        waves,
        skipped,
        findings,
    };
    plan.id = id_of(&plan);
    Ok(plan)
}

/// A digest as plans name it: `sha256-` and hex digits.
pub fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::from("sha256-");
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn refuse_cycles(observations: &Observations<'_>, members: &BTreeSet<PackageName>) -> Result<(), PlanError> {
    if observations.allow_cycles {
        return Ok(());
    }
    // A circle that leads through packages that stay as they are is in nobody's way.
    let inside = |cycle: &relay_graph::Cycle| cycle.runtime && cycle.path.iter().all(|name| members.contains(name));
    match observations.graph.cycles().into_iter().find(inside) {
        Some(cycle) => Err(PlanError::RuntimeCycle { path: cycle.path }),
        None => Ok(()),
    }
}

fn planned(
    observations: &Observations<'_>,
    package: &PackageObservation,
    members: &BTreeSet<PackageName>,
    wave: usize,
) -> PlannedPackage {
    let (access, source) = package.publishing_access.unwrap_or(match package.rules {
        RegistryRules::Npm => (PublishingAccess::Automation, AccessSource::Default),
        RegistryRules::Plain => (PublishingAccess::None, AccessSource::Default),
    });
    let mut depends_on: Vec<PackageName> = observations
        .graph
        .edges_from(&package.name)
        .filter(|edge| edge.orders && members.contains(&edge.to))
        .map(|edge| edge.to.clone())
        .collect();
    depends_on.sort();
    depends_on.dedup();
    PlannedPackage {
        name: package.name.clone(),
        path: package.path.clone(),
        current: package.current.clone(),
        next: package.next.clone(),
        bump: package.bump,
        reasons: package.causes.iter().map(Into::into).collect(),
        registry: package.registry.clone(),
        tag: package.tag.clone().unwrap_or_else(|| DEFAULT_TAG.to_owned()),
        access: package.access,
        publishing_access: access,
        publishing_access_source: source,
        route: route_of(observations, package, access, source),
        depends_on,
        wave,
        sitting: None,
        tarball: package.tarball.clone(),
    }
}

fn route_of(
    observations: &Observations<'_>,
    package: &PackageObservation,
    access: PublishingAccess,
    source: AccessSource,
) -> Route {
    route(&RouteQuestion {
        name: &package.name,
        registry: &package.registry,
        rules: package.rules,
        publishing_access: access,
        source,
        allowed: package.allowed_routes.as_deref(),
        credentials: &package.credentials,
        credential_problems: &package.credential_problems,
        terminal: observations.terminal,
        otp_given: observations.otp_given,
        today: observations.created.to_zoned(TimeZone::UTC).date(),
    })
}

/// Gives each package that needs a person its sitting, and counts.
fn seat(packages: &mut [PlannedPackage]) -> Humans {
    let items: Vec<SittingItem> = packages
        .iter()
        .map(|package| SittingItem {
            name: package.name.clone(),
            person: package.route.kind.needs_person(),
            depends_on: package.depends_on.clone(),
        })
        .collect();
    let seats = sittings(&items);
    let mut humans = Humans { sittings: 0, challenges: 0, packages: Vec::new() };
    for package in packages.iter_mut().filter(|package| package.route.kind == RouteKind::Interactive) {
        let sitting = seats.get(&package.name).copied().unwrap_or(1);
        package.sitting = Some(sitting);
        humans.sittings = humans.sittings.max(sitting);
        humans.challenges += 1;
        humans.packages.push(package.name.clone());
    }
    humans
}

fn fingerprint(inputs: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for (name, digest) in inputs {
        text.push_str(name);
        text.push('\0');
        text.push_str(digest);
        text.push('\n');
    }
    digest(text.as_bytes())
}

/// The id leaves the time out, so that the same plan made later has the same id.
fn id_of(plan: &ReleasePlan) -> String {
    let content = serde_json::to_string(&(&plan.fingerprint, &plan.packages, &plan.skipped))
        .expect("a plan has string keys and finite numbers only");
    digest(content.as_bytes()).chars().skip("sha256-".len()).take(16).collect()
}

fn way_round(path: &[PackageName]) -> String {
    let mut names: Vec<&str> = path.iter().map(PackageName::as_str).collect();
    names.extend(path.first().map(PackageName::as_str));
    names.join(" → ")
}
