//! From a plan and frozen tarballs to a finished machine and its report.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use relay_config::{Config, CredentialKind, PublishingAccess, RouteKind, WaitFor};
use relay_graph::DependencyGraph;
use relay_pack::Tarball;
use relay_plan::{Authorisation, Lesson, PlannedPackage, ReleasePlan};
use relay_registry::Credential;
use relay_workspace::PackageName;
use tokio::sync::{Semaphore, mpsc};

use crate::authority::{KnownCredentials, NotAuthorised, PackageAuthority};
use crate::driver::{DriverContext, DriverError, Person, carry_out};
use crate::event::{Emitter, Fact};
use crate::journal::PastUploads;
use crate::learnt::Learnt;
use crate::machine::{Job, Machine, Terms};
use crate::observe::Observed;
use crate::prepared_upload::PreparedUpload;
use crate::promotion::RecordedPromotion;
use crate::registry_calls::RegistryCalls;
use crate::release::ForeignVersion;
use crate::report::{Outcome, PackageReport, RunReport};
use crate::run_state::{PackageState, RunState};
use crate::second_factor::SecondFactorSession;
use crate::session::KnownCredential;
use crate::state::{Failure, How, Parked};

/// Requests in flight for each upload that may be in flight: every upload is followed by a look at what the registry shows.
const REQUESTS_PER_UPLOAD: usize = 2;

/// Requests in flight at least, so that looks go on where few uploads may.
const REQUESTS_MIN: usize = 16;

mod foreign;

use foreign::{foreign_job, standing_on};

/// What stops a publish before its first byte.
#[derive(Debug, thiserror::Error)]
pub enum PublishRunError {
    /// The tarball differs from the one that the plan names (invariant I2).
    #[error("the tarball of `{package}` is not the one that was planned: planned {planned}, packed {packed}")]
    OtherTarball {
        /// The package.
        package: PackageName,
        /// The planned integrity.
        planned: String,
        /// The integrity of what was packed.
        packed: String,
    },
    /// A planned package was not packed: a defect, or the tree changed under way.
    #[error("`{package}` is in the plan but was not packed; the tree changed since the plan was made")]
    NotPacked {
        /// The package.
        package: PackageName,
    },
    /// The credential that the plan is about can't be found any more.
    #[error(transparent)]
    NotAuthorised(#[from] NotAuthorised),
    /// The run could not go on.
    #[error(transparent)]
    Driver(#[from] DriverError),
}

/// Prepares the uploads of the plan's packages. Blocked packages get none.
///
/// # Errors
/// [`PublishRunError`] where the bytes are not those of the plan.
pub fn prepared_uploads(
    observed: &Observed,
    tarballs: &BTreeMap<PackageName, Arc<Tarball>>,
    git_head: Option<&str>,
) -> Result<BTreeMap<PackageName, PreparedUpload>, PublishRunError> {
    let promotions = promotions(&observed.plan);
    let mut prepared_uploads = BTreeMap::new();
    let registries = observed.destinations.iter().map(|(name, (registry, _))| (name.clone(), registry.clone()));
    let known = KnownCredentials::new(observed.credentials.clone());
    let known = Arc::new(known.minting(observed.mint.clone(), registries.collect()));
    for planned in &observed.plan.packages {
        if planned.route.kind == RouteKind::Blocked {
            continue;
        }
        let name = &planned.name;
        let Some(tarball) = tarballs.get(name) else {
            return Err(PublishRunError::NotPacked { package: name.clone() });
        };
        if let Some(fact) = &planned.tarball
            && fact.integrity != tarball.integrity
        {
            return Err(PublishRunError::OtherTarball {
                package: name.clone(),
                planned: fact.integrity.to_string(),
                packed: tarball.integrity.to_string(),
            });
        }
        let Some((registry, rules)) = observed.destinations.get(name) else { continue };
        let by = observed.authorisations.get(name).cloned().unwrap_or(Authorisation::Nobody);
        // What is gone is told before the first upload, not at its turn.
        let used = by.credential().map(|id| known.find(name, id)).transpose()?;
        let answered_with = answering(planned, used, known.of(name)).map(|known| known.fact.id.clone());
        let promotion = promotions.get(name).cloned();
        let prepared_upload = PreparedUpload {
            name: name.clone(),
            version: planned.next.clone(),
            registry: registry.clone(),
            rules: *rules,
            route: planned.route.kind,
            authority: PackageAuthority {
                package: name.clone(),
                by: by.clone(),
                answered_with,
                source: Arc::<KnownCredentials>::clone(&known),
            },
            bypasses: used.is_some_and(|known| known.fact.kind == CredentialKind::GranularBypass),
            tarball: Arc::clone(tarball),
            integrity: tarball.integrity.clone(),
            shasum: tarball.shasum.clone(),
            tag: promotion.as_ref().map_or_else(|| planned.tag.clone(), |promotion| promotion.side_tag.clone()),
            promotion,
            access: planned.access,
            git_head: git_head.map(str::to_owned),
        };
        prepared_uploads.insert(name.clone(), prepared_upload);
    }
    Ok(prepared_uploads)
}

/// How each package is promoted whose dist-tag moves at the end.
fn promotions(plan: &ReleasePlan) -> BTreeMap<&PackageName, RecordedPromotion> {
    let Some(promotion) = &plan.promotion else { return BTreeMap::new() };
    let of = |planned| RecordedPromotion::of(planned, &promotion.side_tag);
    promotion.moved.iter().map(|planned| (&planned.name, of(planned))).collect()
}

/// The credential with which a person answers a challenge: the planned one on an interactive route, else a session.
fn answering<'a>(
    planned: &PlannedPackage,
    used: Option<&'a KnownCredential>,
    known: &'a [KnownCredential],
) -> Option<&'a KnownCredential> {
    match planned.route.kind {
        RouteKind::Interactive | RouteKind::Plain => used,
        // What a trusted publisher was to send goes out by nobody else: it would show less of its origin.
        RouteKind::Trusted => None,
        _ => known.iter().find(|credential| credential.fact.kind == CredentialKind::Session),
    }
}

/// Makes the machine's jobs. Dependencies inside one wave (an allowed cycle) don't wait for each other. What stands on one of
/// the `foreign` versions, directly or through others, waits for it, and so is held.
pub fn jobs(
    plan: &ReleasePlan,
    (graph, chain_lengths): (&DependencyGraph, &BTreeMap<PackageName, usize>),
    prepared_uploads: &BTreeMap<PackageName, PreparedUpload>,
    config: &Config,
    past_uploads: &PastUploads,
    foreign: &[ForeignVersion],
) -> Vec<Job> {
    let standing_on = standing_on(graph, foreign);
    let foreign_jobs = foreign.iter().map(foreign_job);
    let waves: BTreeMap<_, _> = plan.packages.iter().map(|planned| (&planned.name, planned.wave)).collect();
    plan.packages
        .iter()
        .filter_map(|planned| {
            let prepared_upload = prepared_uploads.get(&planned.name)?;
            let source = planned.route.credential.clone().unwrap_or_else(|| {
                let word =
                    if planned.route.kind == RouteKind::Trusted { "the trusted publisher" } else { "no credential" };
                word.to_owned()
            });
            let registry = &prepared_upload.registry;
            let may_be_interactive =
                config.allowed_routes(&planned.name).is_none_or(|routes| routes.contains(&RouteKind::Interactive));
            Some(Job {
                name: planned.name.clone(),
                registry: registry.clone(),
                route: planned.route.kind,
                depends_on: planned
                    .depends_on
                    .iter()
                    .filter(|below| waves.get(below).is_some_and(|wave| *wave < planned.wave))
                    .chain(standing_on.get(&planned.name).into_iter().flatten())
                    .cloned()
                    .collect(),
                chain_length: chain_lengths.get(&planned.name).copied().unwrap_or(1),
                credential: source,
                bypasses: prepared_upload.bypasses,
                can_become_interactive: may_be_interactive && prepared_upload.authority.answered_with.is_some(),
                accepted_before: past_uploads.was_accepted(
                    registry,
                    &planned.name,
                    &prepared_upload.version,
                    &prepared_upload.integrity,
                ),
                failed: None,
            })
        })
        .chain(foreign_jobs)
        .collect()
}

/// Where what refusals teach is written down, and under which day.
pub struct Lessons<'a> {
    /// What is known.
    pub learnt: &'a mut Learnt,
    /// Today, in UTC.
    pub today: Date,
}

/// Publishes: runs the machine to its end and reports. What refusals taught is added to `lessons`.
///
/// # Errors
/// [`PublishRunError::Driver`] when an event could not be recorded.
#[expect(clippy::disallowed_methods, reason = "the report tells how long the run took")]
pub async fn publish<U: RegistryCalls, P: Person>(
    plan: &ReleasePlan,
    jobs: Vec<Job>,
    context: &DriverContext<'_, U, P>,
    config: &Config,
    lessons: Lessons<'_>,
    second_factor: &mut SecondFactorSession,
    interrupts: &mut mpsc::Receiver<()>,
) -> Result<RunReport, PublishRunError> {
    let begun = tokio::time::Instant::now();
    let settings = &config.publish;
    let terms = Terms {
        concurrency: settings.concurrency,
        // What goes out under a side tag is installed by nobody before all of it is there.
        wait_for: if plan.promotion.is_some() { WaitFor::Accepted } else { settings.wait_for },
        visibility_timeout: settings.visibility_timeout.0,
        second_factors: second_factor.state.clone(),
        read_age: context.read_at.map(|read_at| begun.duration_since(read_at)).unwrap_or_default(),
    };
    let mut machine = Machine::new(jobs, terms);
    carry_out(&mut machine, context, second_factor, interrupts).await?;
    let run = context.events.run();
    let mut report = RunReport::new();
    let tried = tried(context.prepared_uploads).await;
    for planned in &plan.packages {
        let Some(upload) = context.prepared_uploads.get(&planned.name) else { continue };
        let Some(package) = run.package(&planned.name) else { continue };
        let token = TriedToken {
            credential: tried.get(&planned.name),
            bypasses: upload.bypasses || has_published(&run, &tried, &planned.name),
        };
        let outcome = package.outcome();
        let is_sent = package.uploads() > 0;
        report.notes.extend(
            planned.evidence.as_ref().filter(|_| is_sent).and_then(|one| one.told(&planned.name, &planned.next)),
        );
        teach(lessons.learnt, planned, &outcome, package.route(), token, lessons.today);
        report.packages.push(PackageReport {
            name: planned.name.clone(),
            path: planned.path.clone(),
            version: planned.next.clone(),
            registry: planned.registry.clone(),
            route: package.route().unwrap_or(planned.route.kind),
            reason: planned.route.reason.clone(),
            uploads: package.uploads(),
            tag: planned.tag.clone(),
            outcome,
        });
    }
    let delays = plan.packages.iter().filter_map(|one| Some((&one.registry, machine.shown_after(&one.name)?)));
    lessons.learnt.learn_delays(delays);
    report.challenges_answered = run.challenges_answered();
    report.millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(report)
}

/// How many requests may be in flight where so many uploads may: those and the looks at what the registry shows.
pub fn requests_max(concurrency: usize) -> usize {
    concurrency.saturating_mul(REQUESTS_PER_UPLOAD).clamp(REQUESTS_MIN, Semaphore::MAX_PERMITS)
}

/// The credential that an upload was sent with.
#[derive(Clone, Copy)]
struct TriedToken<'a> {
    credential: Option<&'a Credential>,
    /// It is known to bypass 2FA: somebody declared so, or it did.
    bypasses: bool,
}

/// The credentials that were known beforehand, by package: of a minted one there is nothing to learn.
async fn tried(uploads: &BTreeMap<PackageName, PreparedUpload>) -> BTreeMap<PackageName, Credential> {
    let mut tried = BTreeMap::new();
    for (name, upload) in uploads {
        tried.extend(upload.authority.reading_credential().await.map(|credential| (name.clone(), credential)));
    }
    tried
}

/// Says whether the credential of an upload has published another package in this run, with nobody answering.
fn has_published(run: &RunState, tried: &BTreeMap<PackageName, Credential>, upload: &PackageName) -> bool {
    let Some(credential) = tried.get(upload) else { return false };
    let published = |package: &PackageState| {
        matches!(package.outcome(), Outcome::Live { how: How::Published } | Outcome::Parked(Parked::Visibility { .. }))
            && package.route() == Some(RouteKind::Token)
    };
    run.packages().any(|(name, package)| {
        name != upload && published(package) && tried.get(name).is_some_and(|other| other.is_same(credential))
    })
}

/// What a run tells of a package's publishing access. A challenge of a token that is known to bypass 2FA tells that the
/// package disallows tokens; of any other credential, only that a second factor is asked for at all, and that this token
/// does not help here.
fn teach(
    learnt: &mut Learnt,
    planned: &PlannedPackage,
    outcome: &Outcome,
    route: Option<RouteKind>,
    token: TriedToken<'_>,
    today: Date,
) {
    let challenged =
        route == Some(RouteKind::Interactive) || matches!(outcome, Outcome::Failed(Failure::TokensDisallowed { .. }));
    let bypasses = token.bypasses;
    if let Some(credential) = token.credential.filter(|_| planned.route.kind == RouteKind::Token) {
        let (registry, name) = (&planned.registry, &planned.name);
        if challenged && !bypasses {
            learnt.learn_challenge(registry, name, credential, today);
        } else if matches!(outcome, Outcome::Live { how: How::Published }) {
            learnt.forget_challenge(registry, name, credential);
        }
    }
    let taught = match planned.route.kind {
        RouteKind::Token | RouteKind::Plain if challenged && bypasses => Some(PublishingAccess::Publish),
        RouteKind::Plain if challenged => Some(PublishingAccess::Automation),
        _ => match outcome {
            Outcome::Failed(Failure::Refused(refusal)) => refusal.code.teaches(),
            _ => None,
        },
    };
    if let Some(access) = taught {
        let credential = token.credential.map(|credential| credential.id().to_string());
        let lesson = Lesson { on: today, credential: credential.unwrap_or_else(|| "no credential".to_owned()) };
        learnt.learn(&planned.registry, &planned.name, access, lesson);
    }
}

/// Tells the stream how the run ended.
///
/// # Errors
/// [`DriverError::NotRecorded`] when the event can't be recorded.
pub fn emit_end(report: &RunReport, events: &Emitter) -> Result<(), DriverError> {
    let counts = crate::report::counts(&report.packages);
    let count = |word: &str| counts.get(word).copied().unwrap_or(0);
    events.emit(Fact::RunEnded {
        live: count("live"),
        failed: count("failed"),
        held: count("held"),
        parked: count("parked"),
    })?;
    Ok(())
}

#[cfg(test)]
mod tests;
