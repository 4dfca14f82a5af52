//! `relay approve`: what is staged for a release, looked at and published, or rejected.
//!
//! What belongs to the release, the release record on the remote and the journal of this clone tell, with the digests of its
//! bytes; what is staged, the registry tells, so that a lost journal is no loss. Each staged tarball is downloaded and compared
//! before it is approved. What somebody else staged is shown and never approved.
//!
//! - [`find`]: what is staged, and whose it is
//! - [`carry_out_review`]: approvals in the order of dependencies, each waited for where others depend on it

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relay_config::{CredentialKind, WaitFor};
use relay_plan::Authorisation;
use relay_registry::{Credential, ReadError, RegistryClient, RegistryUrl, StageId, StagedVersion};
use relay_values::DistTag;
use relay_workspace::{Integrity, PackageName, Version};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::authority::{KnownCredentials, PackageAuthority};
use crate::driver::{DriverError, Person};
use crate::project::Project;
use crate::registry_change::{ChangeKey, RegistryChange};
use crate::registry_writes::{PlannedWrite, WriteContext, WriteOutcome, WriteReport, carry_out};
use crate::release::record::VersionKey;
use crate::release::sent::SentBefore;
use crate::second_factor::SecondFactorSession;
use crate::session::{KnownCredential, Session};
use crate::state::{Evidence, Parked};

mod appearing;

use appearing::{Appeared, wait_until_visible};

/// The most bytes of a staged tarball that are downloaded: what npm's registry takes at the most is below it.
const TARBALL_BYTES_MAX: usize = 512 * 1024 * 1024;

/// What stops a review before its first write.
#[derive(Debug, thiserror::Error)]
pub enum ApproveError {
    /// A registry can't be read.
    #[error("{0}")]
    Read(Box<ReadError>),
    /// The registry has no staging.
    #[error("`{0}` offers no staging, so nothing can wait there for an approval")]
    NotOffered(String),
    /// There is no credential with which a person could approve.
    #[error("no session for `{0}` is at hand, and only a person who is logged in can see and approve what is staged")]
    NoSession(String),
    /// The run could not go on.
    #[error(transparent)]
    Driver(#[from] DriverError),
}

/// Whose a staged version is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Whose {
    /// These are the release's own bytes.
    Ours,
    /// The version is one of the release, and the bytes are not.
    OtherBytes {
        /// What the release's tarball has.
        ours: String,
    },
    /// No release that is known here made this version.
    Unknown,
}

/// One staged version of a package of this workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Staged {
    /// The package.
    pub name: PackageName,
    /// The version.
    pub version: Version,
    /// The registry, as the release names it.
    pub registry: RegistryUrl,
    /// The stage's id.
    pub stage: StageId,
    /// The dist-tag, which was fixed at staging.
    pub tag: Option<DistTag>,
    /// Who staged it, as the registry says.
    pub staged_by: Option<String>,
    /// When, as the registry says.
    pub staged_at: Option<String>,
    /// Whose it is.
    #[serde(flatten)]
    pub whose: Whose,
}

/// What is staged, and what of the release is neither staged nor published.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Review {
    /// What is staged, dependencies first.
    pub staged: Vec<Staged>,
    /// Versions of the release that the registry neither holds staged nor shows: rejected, or never sent.
    pub missing: Vec<(PackageName, Version)>,
    /// How many versions of the release are known.
    pub known: usize,
}

impl Review {
    /// What a yes is about.
    pub fn ours(&self) -> impl Iterator<Item = &Staged> {
        self.staged.iter().filter(|one| one.whose == Whose::Ours)
    }

    /// What nobody may approve here.
    pub fn foreign(&self) -> impl Iterator<Item = &Staged> {
        self.staged.iter().filter(|one| one.whose != Whose::Ours)
    }
}

/// Finds what is staged of this workspace, and whose it is.
///
/// # Errors
/// [`ApproveError`].
pub async fn find(project: &Project, session: &Session, sent: &SentBefore) -> Result<Review, ApproveError> {
    let release = of_release(project, sent);
    let mut review = Review { known: release.len(), ..Review::default() };
    let mut seen: BTreeSet<VersionKey> = BTreeSet::new();
    let registries: BTreeSet<&RegistryUrl> = release.iter().map(|(registry, ..)| registry).collect();
    for registry in registries {
        let names: BTreeSet<&PackageName> =
            release.iter().filter(|(of, ..)| of == registry).map(|(_, name, _)| name).collect();
        for known in reviewers(project, session, registry, &names)? {
            let (destination, _) = session.destination(registry, &project.config);
            let listed = session.client.staged_versions(&destination, None, Some(&known)).await.map_err(read)?;
            let listed = listed.ok_or_else(|| ApproveError::NotOffered(registry.host().to_string()))?;
            for stage in listed {
                let key = (registry.clone(), stage.package.clone(), stage.version.clone());
                if project.workspace.package(&stage.package).is_none() || !seen.insert(key.clone()) {
                    continue;
                }
                let whose = whose(&session.client, &destination, &known, &stage, sent.bytes_of(&key)).await?;
                review.staged.push(staged(registry, stage, whose));
            }
        }
    }
    for (registry, name, version) in release.iter().filter(|key| !seen.contains(*key)) {
        let (destination, _) = session.destination(registry, &project.config);
        let credential = session.credentials(name, registry, &project.config).into_iter().next();
        let credential = credential.map(|known| known.credential);
        let there = session.client.version_document(&destination, name, version, credential.as_ref()).await;
        if there.map_err(read)?.is_none() {
            review.missing.push((name.clone(), version.clone()));
        }
    }
    let places: BTreeMap<PackageName, usize> = project.graph.order().into_iter().zip(0..).collect();
    review.staged.sort_by(|a, b| {
        (places.get(&a.name), &a.name).cmp(&(places.get(&b.name), &b.name)).then(a.version.cmp_precedence(&b.version))
    });
    Ok(review)
}

/// The versions of the release as they are checked out, by record and journal.
fn of_release(project: &Project, sent: &SentBefore) -> BTreeSet<VersionKey> {
    let is_present = |(_, name, version): &&VersionKey| {
        project.workspace.package(name).is_some_and(|package| package.version.as_ref() == Some(version))
    };
    sent.keys().filter(is_present).cloned().collect()
}

/// The credentials with which a person sees what is staged of these packages, each once.
fn reviewers(
    project: &Project,
    session: &Session,
    registry: &RegistryUrl,
    names: &BTreeSet<&PackageName>,
) -> Result<Vec<Credential>, ApproveError> {
    let mut all: Vec<Credential> = Vec::new();
    for name in names {
        let known = reviewer(&session.credentials(name, registry, &project.config)).cloned();
        let known = known.ok_or_else(|| ApproveError::NoSession(registry.host().to_string()))?;
        if !all.iter().any(|one| one.is_same(&known.credential)) {
            all.push(known.credential);
        }
    }
    Ok(all)
}

/// A person's own login; what nobody has declared may be one.
fn reviewer(known: &[KnownCredential]) -> Option<&KnownCredential> {
    let of = |kind: CredentialKind| known.iter().find(|one| one.fact.kind == kind);
    of(CredentialKind::Session).or_else(|| of(CredentialKind::Unknown))
}

/// Downloads what is staged under a version of the release, and compares it.
async fn whose(
    client: &RegistryClient,
    registry: &RegistryUrl,
    credential: &Credential,
    stage: &StagedVersion,
    bytes: &[crate::release::record::RecordedBytes],
) -> Result<Whose, ApproveError> {
    let Some(last) = bytes.last() else { return Ok(Whose::Unknown) };
    let tarball =
        client.staged_tarball(registry, &stage.id, Some(credential), TARBALL_BYTES_MAX).await.map_err(read)?;
    let Some(tarball) = tarball else { return Ok(Whose::OtherBytes { ours: last.integrity.to_string() }) };
    let is_ours = |integrity: &Integrity| relay_pack::gate::has_digest(&tarball, integrity);
    Ok(if bytes.iter().filter(|one| !one.accepted).any(|one| is_ours(&one.integrity)) {
        Whose::Ours
    } else {
        Whose::OtherBytes { ours: last.integrity.to_string() }
    })
}

fn staged(registry: &RegistryUrl, stage: StagedVersion, whose: Whose) -> Staged {
    let StagedVersion { id, package, version, tag, actor, created, .. } = stage;
    Staged {
        name: package,
        version,
        registry: registry.clone(),
        stage: id,
        tag,
        staged_by: actor,
        staged_at: created,
        whose,
    }
}

fn read(error: ReadError) -> ApproveError {
    ApproveError::Read(Box::new(error))
}

/// What is done with what is staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is published.
    Approve,
    /// It is thrown away.
    Reject,
}

/// Approves or rejects one after the other, dependencies first, in one sitting. The locks must be held. Where others wait for a
/// package, it is waited for until it can be installed (or only for its approval, where the settings say so); at the end all are
/// waited for. What depends on a package that was not approved is held.
///
/// # Errors
/// [`DriverError`] when an event can't be recorded, or the lock of the remote was lost.
pub async fn carry_out_review<P: Person>(
    project: &Project,
    session: &Session,
    review: &Review,
    decision: Decision,
    context: &WriteContext<'_, RegistryClient, P>,
    interrupts: &mut mpsc::Receiver<()>,
) -> Result<(Vec<WriteReport>, u32), DriverError> {
    let mut second_factor = SecondFactorSession::begin(session.person, session.otp.clone());
    let ours: Vec<&Staged> = review.ours().collect();
    // What is wrong or gone of the release's own, by package: what stands on it waits.
    let wrong = review.foreign().filter(|one| one.whose != Whose::Unknown);
    let wrong = wrong.map(|one| (one.name.clone(), format!("{} {} with other bytes", one.name, one.version)));
    let gone =
        review.missing.iter().map(|(name, version)| (name.clone(), format!("{name} {version}, which is not staged")));
    let unapprovable: BTreeMap<PackageName, String> = wrong.chain(gone).collect();
    let names: BTreeSet<PackageName> =
        ours.iter().map(|one| one.name.clone()).chain(unapprovable.keys().cloned()).collect();
    let wait_for_visible = project.config.publish.wait_for == WaitFor::Visible;
    let timeout = project.config.publish.visibility_timeout.0;
    let mut reports: Vec<WriteReport> = Vec::new();
    let mut waited: BTreeSet<usize> = BTreeSet::new();
    for one in &ours {
        let write = write(project, session, one, decision);
        let below = if decision == Decision::Approve { below(project, &names, &one.name) } else { BTreeSet::new() };
        for at in 0..reports.len() {
            let needed =
                reports.get(at).is_some_and(|report| below.contains(&report.package) && report.outcome.is_done());
            if needed && wait_for_visible && waited.insert(at) {
                appear(session, project, &ours, &mut reports, at, timeout, interrupts).await;
            }
        }
        let broken = reports.iter().find(|report| below.contains(&report.package) && !report.outcome.is_done());
        let broken =
            broken.map(|one| ChangeKey { package: one.package.clone(), change: one.change.clone() }.to_string());
        if let Some(by) = broken.or_else(|| below.iter().find_map(|name| unapprovable.get(name).cloned())) {
            reports.push(report_of(&write, WriteOutcome::Held { by }));
            continue;
        }
        let was_stopped =
            |report: &WriteReport| matches!(report.outcome, WriteOutcome::Parked(Parked::Interrupted { .. }));
        if reports.iter().any(was_stopped) {
            let outcome = WriteOutcome::Parked(Parked::Interrupted { in_flight: false, accepted: false });
            reports.push(report_of(&write, outcome));
            continue;
        }
        let done = carry_out(std::slice::from_ref(&write), context, &mut second_factor, interrupts).await?;
        reports.extend(done);
    }
    if decision == Decision::Approve {
        for at in 0..reports.len() {
            if reports.get(at).is_some_and(|report| report.outcome.is_done()) && waited.insert(at) {
                appear(session, project, &ours, &mut reports, at, timeout, interrupts).await;
            }
        }
    }
    Ok((reports, second_factor.state.answered_count()))
}

/// Waits for one that was approved, and says in its report what came of that.
async fn appear(
    session: &Session,
    project: &Project,
    ours: &[&Staged],
    reports: &mut [WriteReport],
    at: usize,
    timeout: std::time::Duration,
    interrupts: &mut mpsc::Receiver<()>,
) {
    let (Some(report), Some(one)) = (reports.get_mut(at), ours.get(at)) else { return };
    let credential = session.credentials(&one.name, &one.registry, &project.config).into_iter().next();
    let credential = credential.map(|known| known.credential);
    let way = (&session.client, credential.as_ref());
    match wait_until_visible(way, &report.registry, (&one.name, &one.version), timeout, interrupts).await {
        Appeared::Visible => {}
        Appeared::NotInTime => {
            let waited_seconds = timeout.as_secs();
            report.outcome = WriteOutcome::Parked(Parked::Visibility { waited_seconds, evidence: Evidence::Answer });
        }
        Appeared::Interrupted => {
            report.outcome = WriteOutcome::Parked(Parked::Interrupted { in_flight: false, accepted: true });
        }
    }
}

/// All that a package depends on among some, directly or through others.
fn below(project: &Project, names: &BTreeSet<PackageName>, name: &PackageName) -> BTreeSet<PackageName> {
    let mut all: BTreeSet<PackageName> = BTreeSet::new();
    let mut next = vec![name.clone()];
    while let Some(one) = next.pop() {
        for edge in project.graph.edges_from(&one).filter(|edge| edge.orders) {
            if all.insert(edge.to.clone()) {
                next.push(edge.to.clone());
            }
        }
    }
    all.retain(|one| names.contains(one) && one != name);
    all
}

fn report_of(write: &PlannedWrite, outcome: WriteOutcome) -> WriteReport {
    let PlannedWrite { package, registry, change, .. } = write.clone();
    WriteReport { package, registry, change, outcome, sent: 0 }
}

fn write(project: &Project, session: &Session, one: &Staged, decision: Decision) -> PlannedWrite {
    let known = session.credentials(&one.name, &one.registry, &project.config);
    let id = reviewer(&known).map(|known| known.fact.id.clone());
    let (destination, _) = session.destination(&one.registry, &project.config);
    let (version, stage) = (one.version.clone(), one.stage.clone());
    PlannedWrite {
        package: one.name.clone(),
        registry: destination,
        change: match decision {
            Decision::Approve => RegistryChange::ApproveStage { version, stage },
            Decision::Reject => RegistryChange::RejectStage { version, stage },
        },
        authority: PackageAuthority {
            package: one.name.clone(),
            by: id.clone().map_or(Authorisation::Nobody, Authorisation::Credential),
            answered_with: id,
            source: Arc::new(KnownCredentials::new(BTreeMap::from([(one.name.clone(), known)]))),
        },
        needs_person: true,
        expects: None,
        after: Vec::new(),
    }
}
