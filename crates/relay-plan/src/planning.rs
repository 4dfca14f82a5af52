//! From observations to a plan: routes, waves, sittings, findings.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use relay_config::{AccessSource, PublishingAccess, RegistryRules, WaitFor};
use relay_values::{DistTag, Evidence};
use relay_workspace::PackageName;

use crate::cycle::RuntimeCycles;
use crate::digest::digest;
use crate::evidence::PlannedEvidence;
use crate::finding::{Finding, Severity};
use crate::observation::{Observations, PackageObservation};
use crate::preflight::preflight;
use crate::promotion::{CHALLENGES_PER_MOVE, Promotion, moves, side_tag};
use crate::release_plan::{
    Fingerprint, Humans, PLAN_SCHEMA, PlannedPackage, PlannedRoute, Reason, ReleasePlan, SkippedPackage,
};
use crate::route::{Authorisation, Route, RouteQuestion, RouteWarning, route};
use crate::sittings::{SittingMember, sittings};
use crate::waiting::{Waiting, WaitingMember, Way, waiting};

/// Why there can be no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Packages to release need each other at runtime, so that none can be published after all that it needs.
    #[error(
        "{text} is a cycle of runtime dependencies, so that no order publishes each package after what it needs; \
         break the cycle, or allow it with `--allow-cycles` or `publish.allow-cycles = true` in `relay.toml`"
    )]
    RuntimeCycle {
        /// Each package depends on the next, the last on the first.
        path: Vec<PackageName>,
        /// The path with the kind of each edge, in words.
        text: String,
    },
    /// Two observations are about one package.
    #[error("`{name}` was observed twice, so that there are two answers to each question about it")]
    ObservedTwice {
        /// The package.
        name: PackageName,
    },
    /// A package to release is no package of the graph.
    #[error("`{name}` is to be released and is not in the dependency graph")]
    NotInGraph {
        /// The package.
        name: PackageName,
    },
}

/// A plan, and what belongs to it and is of use on this machine alone, so that it is not in the plan's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The plan.
    pub plan: ReleasePlan,
    /// By whose right each package's route was planned.
    pub authorisations: BTreeMap<PackageName, Authorisation>,
}

/// Makes the plan. The same observations in any order make the same plan.
///
/// # Errors
/// [`PlanError`] where no order exists, or where the observations contradict themselves.
pub fn plan(observations: &Observations<'_>) -> Result<Planned, PlanError> {
    let order = Order::of(observations)?;
    let today = observations.created.to_zoned(TimeZone::UTC).date();
    let routes: BTreeMap<&PackageName, Route> =
        order.packages.iter().map(|package| (&package.name, route_of(package, observations, today))).collect();
    let stations: Vec<SittingMember<&PackageName>> = order
        .packages
        .iter()
        .map(|package| SittingMember {
            name: &package.name,
            needs_person: routes.get(&package.name).is_some_and(|route| route.kind.needs_person()),
            waits_for: order.depends_on.get(&package.name).into_iter().flatten().copied().collect(),
        })
        .collect();
    let sittings = sittings(&stations);

    let mut findings: Vec<Finding> = order.cycles.warnings().collect();
    findings.extend(route_warnings(&routes));
    findings.extend(preflight(observations, &order.packages, &routes));
    findings.extend(observations.findings.iter().cloned());
    findings.sort_by_key(|finding| (finding.severity, finding.package.is_some()));

    let promotion = promotion_of(&order, observations);
    let mut humans = Humans::default();
    let mut packages = Vec::with_capacity(order.packages.len());
    for package in &order.packages {
        let name = &package.name;
        let Some(route) = routes.get(name) else { continue };
        let sitting = sittings.get(&name).copied().filter(|_| route.kind.needs_person());
        if let Some(sitting) = sitting {
            humans.sittings = humans.sittings.max(sitting);
            humans.challenges += 1;
            humans.packages.push(name.clone());
        }
        let depends_on = order.depends_on.get(name).into_iter().flatten().map(|below| (*below).clone()).collect();
        let wave = order.wave_of.get(name).copied().unwrap_or(1);
        packages.push(planned(package, route, depends_on, wave, sitting));
    }
    if let Some(promotion) = &promotion {
        add_moves(&mut humans, promotion);
    }
    let waiting = waiting_of(&order, &packages, observations);
    let mut skipped: Vec<SkippedPackage> = observations
        .skipped
        .iter()
        .map(|skipped| SkippedPackage { name: skipped.name.clone(), reason: skipped.reason })
        .collect();
    skipped.sort();
    skipped.dedup();
    let mut versioned = observations.versioned.clone();
    versioned.sort_by(|a, b| a.name.cmp(&b.name));
    let mut plan = ReleasePlan {
        schema: PLAN_SCHEMA.to_owned(),
        id: String::new(),
        created: observations.created,
        offline: observations.offline,
        fingerprint: fingerprint(observations),
        humans,
        waiting,
        build: observations.build.clone(),
        promotion,
        waves: order.waves,
        packages,
        versioned,
        skipped,
        findings,
    };
    plan.id = plan.content_id();
    if let Some(promotion) = plan.promotion.as_mut().filter(|_| observations.side_tag.is_none()) {
        promotion.side_tag = side_tag(&plan.id);
    }
    let authorisations = routes.into_iter().map(|(name, route)| (name.clone(), route.authorisation)).collect();
    Ok(Planned { plan, authorisations })
}

/// The publishing access that counts, and where it is known from.
pub(crate) fn publishing_access(package: &PackageObservation) -> (PublishingAccess, AccessSource) {
    package.publishing_access.unwrap_or(match package.rules {
        RegistryRules::Npm => (PublishingAccess::Automation, AccessSource::Default),
        RegistryRules::Plain => (PublishingAccess::None, AccessSource::Default),
    })
}

/// The packages of a release in publish order, with what the order was made from.
struct Order<'a> {
    packages: Vec<&'a PackageObservation>,
    waves: Vec<Vec<PackageName>>,
    wave_of: BTreeMap<&'a PackageName, usize>,
    depends_on: BTreeMap<&'a PackageName, BTreeSet<&'a PackageName>>,
    cycles: RuntimeCycles,
}

impl<'a> Order<'a> {
    fn of(observations: &'a Observations<'_>) -> Result<Self, PlanError> {
        let graph = observations.graph;
        let mut members = BTreeMap::new();
        for package in &observations.packages {
            if graph.package(&package.name).is_none() {
                return Err(PlanError::NotInGraph { name: package.name.clone() });
            }
            if members.insert(&package.name, package).is_some() {
                return Err(PlanError::ObservedTwice { name: package.name.clone() });
            }
        }
        let names: BTreeSet<PackageName> = members.keys().map(|name| (*name).clone()).collect();
        let cycles = RuntimeCycles::among(graph, &names);
        if let Some((path, text)) = cycles.first()
            && !observations.allow_cycles
        {
            return Err(PlanError::RuntimeCycle { path: path.to_vec(), text: text.to_owned() });
        }
        let chain_lengths = graph.chain_lengths(&names);
        let mut waves = graph.waves_of(&names);
        for wave in &mut waves {
            wave.sort_by(|a, b| chain_lengths.get(b).cmp(&chain_lengths.get(a)).then_with(|| a.cmp(b)));
        }
        let member = |name: &PackageName| members.get_key_value(name).map(|(name, package)| (*name, *package));
        let depends_on = members
            .keys()
            .map(|name| {
                let edges = graph.edges_from(name).filter(|edge| edge.orders);
                (*name, edges.filter_map(|edge| member(&edge.to).map(|(below, _)| below)).collect())
            })
            .collect();
        let numbered = waves.iter().zip(1..).flat_map(|(wave, number)| wave.iter().map(move |name| (name, number)));
        let numbered: Vec<_> =
            numbered.filter_map(|(name, number)| member(name).map(|(name, package)| (name, package, number))).collect();
        let packages = numbered.iter().map(|(_, package, _)| *package).collect();
        let wave_of = numbered.iter().map(|(name, _, number)| (*name, *number)).collect();
        Ok(Self { packages, waves, wave_of, depends_on, cycles })
    }
}

fn route_of(package: &PackageObservation, observations: &Observations<'_>, today: Date) -> Route {
    let (publishing_access, source) = publishing_access(package);
    route(&RouteQuestion {
        rules: package.rules,
        publishing_access,
        source,
        lesson: package.learnt_from.as_ref(),
        allowed: package.allowed_routes.as_deref(),
        credentials: &package.credentials,
        credential_problems: &package.credential_problems,
        trusted: &package.trusted,
        terminal: observations.terminal,
        otp_given: observations.otp_given,
        package_exists: package.published.exists(),
        ever_staged: package.strongest_evidence.as_ref().is_some_and(|one| one.evidence == Evidence::Staged),
        today,
        registry: &package.registry,
        name: &package.name,
    })
}

fn planned(
    package: &PackageObservation,
    route: &Route,
    depends_on: Vec<PackageName>,
    wave: usize,
    sitting: Option<usize>,
) -> PlannedPackage {
    let (publishing_access, publishing_access_source) = publishing_access(package);
    PlannedPackage {
        name: package.name.clone(),
        path: package.path.clone(),
        current: package.current.clone(),
        next: package.next.clone(),
        bump: package.bump,
        reasons: package.causes.iter().map(Reason::from).collect(),
        registry: package.registry.clone(),
        registry_source: package.registry_source.clone(),
        tag: package.tag.clone().unwrap_or_else(DistTag::latest),
        access: package.access,
        publishing_access,
        publishing_access_source,
        publishing_access_lesson: package.learnt_from.clone(),
        route: PlannedRoute {
            kind: route.kind,
            reason: route.reason.clone(),
            fix: route.fix.clone(),
            credential: route.authorisation.credential().map(ToString::to_string),
        },
        evidence: PlannedEvidence::of(package, route.kind),
        depends_on,
        wave,
        sitting,
        tarball: package.tarball.clone(),
    }
}

/// How dist-tags move at the end, where that is wanted. Its side tag gets its name when the plan has its id.
fn promotion_of(order: &Order<'_>, observations: &Observations<'_>) -> Option<Promotion> {
    let wanted = observations.promote_last && !order.packages.is_empty();
    let side_tag = observations.side_tag.clone().unwrap_or_else(DistTag::latest);
    wanted.then(|| Promotion::of(&order.packages, side_tag))
}

/// The people's share of a promotion: a sitting of its own, when all can be installed.
fn add_moves(humans: &mut Humans, promotion: &Promotion) {
    let moved = humans.packages.iter().filter(|name| promotion.move_of(name).is_some()).count();
    humans.challenges += moved * CHALLENGES_PER_MOVE;
    humans.sittings += usize::from(moved > 0);
}

/// What it costs to wait for the registries.
fn waiting_of(order: &Order<'_>, packages: &[PlannedPackage], observations: &Observations<'_>) -> Option<Waiting> {
    let members: Vec<WaitingMember<'_>> = order
        .packages
        .iter()
        .zip(packages)
        .map(|(observed, planned)| WaitingMember {
            name: &planned.name,
            registry: &planned.registry,
            scans: observed.rules == RegistryRules::Npm,
            needs_person: planned.sitting.is_some(),
            moves: moves(observed),
            depends_on: &planned.depends_on,
        })
        .collect();
    let way = match observations.wait_for {
        _ if observations.promote_last => Way::PromoteLast,
        WaitFor::Visible => Way::Visible,
        WaitFor::Accepted => Way::Accepted,
    };
    waiting(order.waves.len(), &members, &observations.delays, way)
}

fn fingerprint(observations: &Observations<'_>) -> Fingerprint {
    // JSON keeps names and digests apart whatever characters a name has.
    let inputs = serde_json::to_vec(&observations.inputs).expect("a map of texts is always representable as JSON");
    Fingerprint { head: observations.head.clone(), inputs: digest(&inputs), parts: observations.inputs.clone() }
}

/// What routes warn about, each once for the whole plan.
fn route_warnings(routes: &BTreeMap<&PackageName, Route>) -> Vec<Finding> {
    let distinct: BTreeSet<&RouteWarning> = routes.values().flat_map(|route| &route.warnings).collect();
    let finding = |warning: &RouteWarning| Finding {
        severity: Severity::Warning,
        package: None,
        text: warning.text.clone(),
        help: Some(warning.help.clone()),
    };
    distinct.into_iter().map(finding).collect()
}
