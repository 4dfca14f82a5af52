//! How a repository stands: what waits, what is unfinished, and who is needed or at work. Reads only (invariant I11).

use camino::Utf8Path;
use jiff::Timestamp;
use relay_change::Bump;
use relay_config::RouteKind;
use relay_git::GitError;
use relay_plan::{Humans, PlannedPackage};
use relay_values::{DistTag, RegistryUrl};
use relay_workspace::{Integrity, PackageName, Version};
use serde::Serialize;

use crate::finish::FinishOptions;
use crate::journal::{self, NotShown, PastUploads, Replayed};
use crate::learnt::Learnt;
use crate::observe::{self, Intent, LiveVersion, ObserveError, observe};
use crate::owed::OwedWork;
use crate::project::Project;
use crate::promotion::{Candidate, RecordedPromotion};
use crate::release::lock_document::LockDocument;
use crate::release::remote::{Look, RemoteState};
use crate::release::sent::SentBefore;
use crate::release::{ForeignVersion, WaitingBranch, foreign};
use crate::session::Session;
use crate::state_folder::{Holder, RunLock, StateFolderError};

/// The form of the document.
pub const STATUS_SCHEMA: &str = "relay.status/1";

/// How a repository stands; `docs/status.schema.json` describes what is written of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// Always [`STATUS_SCHEMA`].
    pub schema: &'static str,
    /// Neither registry nor remote was asked, so that only what this clone knows is told.
    pub offline: bool,
    /// Versions that the manifests have and the registry lacks, in publish order.
    pub to_publish: Vec<ToPublish>,
    /// Versions that a release would make.
    pub to_release: Vec<ToRelease>,
    /// Tags that are still to be made, or to be pushed, of versions that are live.
    pub owed_tags: Vec<OwedTag>,
    /// Versions that are live under a side tag, and whose dist-tags the next run moves when all of the set is out; or moved, with
    /// the side tag still there.
    pub to_promote: Vec<ToPromote>,
    /// Whether a version commit of an earlier run is still to be pushed.
    pub owed_branch: bool,
    /// Versions under which somebody else's bytes stand.
    pub foreign: Vec<Foreign>,
    /// Versions that a registry took, or may have taken, and does not show yet.
    pub parked: Vec<ParkedVersion>,
    /// The last run of this clone, where it did not come to its end or left something unfinished.
    pub unfinished_run: Option<UnfinishedRun>,
    /// Who is at work in this clone.
    pub clone_lock: Option<CloneLock>,
    /// Who holds the lock of the remote.
    pub remote_lock: Option<HeldLock>,
    /// Releases that wait to be merged.
    pub release_branches: Vec<ReleaseBranch>,
    /// Who is needed, and how often.
    pub humans: Humans,
    /// The remote that was looked at.
    pub remote: Option<String>,
    /// Why the remote could not be looked at, if it couldn't: what it would tell is missing.
    pub remote_problem: Option<String>,
}

/// A version that waits to be published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToPublish {
    /// The package.
    pub name: PackageName,
    /// The version.
    pub version: Version,
    /// The registry that it goes to.
    pub registry: RegistryUrl,
    /// How its upload would be authorised.
    pub route: RouteKind,
}

/// A version that a release would make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToRelease {
    /// The package.
    pub name: PackageName,
    /// The version that it has.
    pub current: Version,
    /// The one that it would get.
    pub next: Version,
    /// Which number moves.
    pub bump: Bump,
}

/// A tag that an earlier run should have made or pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwedTag {
    /// The tag.
    pub name: String,
    /// The commit that it goes on; `None` where it is made and only to be pushed.
    pub commit: Option<String>,
}

/// A version whose dist-tag is still to move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToPromote {
    /// The package.
    pub name: PackageName,
    /// The version.
    pub version: Version,
    /// The registry.
    pub registry: RegistryUrl,
    /// The dist-tag that is to name it.
    pub tag: DistTag,
    /// The one that it went out under.
    pub side_tag: DistTag,
    /// Whether the dist-tag names it already, so that only the side tag is still to go.
    pub moved: bool,
}

/// A version with others' bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Foreign {
    /// The package.
    pub name: PackageName,
    /// The version.
    pub version: Version,
    /// The registry.
    pub registry: RegistryUrl,
    /// The integrity of what stands there.
    pub there: Integrity,
    /// That of what relay made.
    pub ours: Integrity,
}

/// A version that was sent and is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParkedVersion {
    /// The package.
    pub name: PackageName,
    /// The version.
    pub version: Version,
    /// The registry.
    pub registry: RegistryUrl,
    /// When the registry took it; where that is not known, when it was sent.
    pub since: Timestamp,
    /// Whether the registry said that it took it; else its answer never came, and the next run asks what it has.
    pub accepted: bool,
}

/// A run that is not finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnfinishedRun {
    /// The command.
    pub command: String,
    /// When it began.
    pub since: Timestamp,
    /// Whether it makes versions: it is a release.
    pub releases: bool,
}

/// Somebody is at work in this clone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CloneLock {
    /// Who, where that can be read.
    pub holder: Option<Holder>,
}

/// The lock of the remote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldLock {
    /// The object that its ref names.
    pub id: String,
    /// Who holds it and since when, where that can be read.
    pub document: Option<LockDocument>,
}

/// A release that waits to be merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReleaseBranch {
    /// Its branch.
    pub branch: String,
    /// The version commit.
    pub commit: String,
    /// Whether what is checked out here has it.
    pub is_here: bool,
}

/// How a repository stands can't be told.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// Something can't be read that the plan is made from.
    #[error(transparent)]
    Observe(#[from] ObserveError),
    /// git can't read its history or tags.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// What a look brought, with what is odd and not in the way.
pub struct Looked {
    /// How it stands.
    pub status: Status,
    /// What was odd.
    pub warnings: Vec<String>,
    /// Why nothing would be released, where nothing would be.
    pub bumps: relay_change::BumpPlan,
}

/// Looks at repository, registries and remote. `state` is relay's state folder of the clone.
///
/// # Errors
/// [`StatusError`]. A remote that can't be read is none: it is told in the status.
pub async fn look(project: &Project, session: &Session, state: &Utf8Path) -> Result<Looked, StatusError> {
    let Replayed { past_uploads: journal, illegal } = journal::replay(state);
    let (remote, remote_problem) = see_remote(project, session);
    let record = remote.as_ref().and_then(|remote| remote.record.as_ref()).map(|(_, record)| record);
    let sent = SentBefore::of(&journal, record);
    let observed = observe(project, session, &Learnt::read(state), &sent.versions(), Intent::Release).await?;
    let options = FinishOptions { tags: true, push: true, branch: true };
    let owed = OwedWork::find(project, &observed.live, &sent, &journal, (remote.as_ref(), options))?;
    let (_, foreign) = foreign(&observed.live, &sent, &[]);
    let parked = parked(&journal, &observed.live);
    let clone_lock = match RunLock::refuse_if_busy(state) {
        Err(StateFolderError::Busy { holder, .. }) => Some(CloneLock { holder }),
        _ => None,
    };
    // A run that is at work has not left anything yet.
    let unfinished_run = journal.unfinished_run().filter(|_| clone_lock.is_none());
    let status = Status {
        schema: STATUS_SCHEMA,
        offline: session.offline,
        to_publish: to_publish(&observed, &parked),
        to_release: observed
            .bumps
            .bumps
            .iter()
            .map(|bump| ToRelease {
                name: bump.name.clone(),
                current: bump.current.clone(),
                next: bump.next.clone(),
                bump: bump.bump,
            })
            .collect(),
        owed_tags: owed_tags(&owed),
        to_promote: owed.promotions.iter().filter_map(|one| to_promote(one, &observed.live)).collect(),
        owed_branch: owed.branch,
        foreign: foreign.into_iter().map(Foreign::from).collect(),
        parked,
        unfinished_run: unfinished_run.map(|run| UnfinishedRun {
            command: run.command.clone(),
            since: run.at,
            releases: run.options.releases,
        }),
        clone_lock,
        remote_lock: remote
            .as_ref()
            .and_then(|remote| remote.lock.as_ref())
            .map(|lock| HeldLock { id: lock.id.clone(), document: lock.document.clone() }),
        release_branches: remote.iter().flat_map(|remote| &remote.waiting).map(ReleaseBranch::from).collect(),
        humans: observed.plan.humans.clone(),
        remote: remote.map(|remote| remote.name),
        remote_problem,
    };
    let warnings = illegal.iter().map(ToString::to_string).chain(observed.warnings).collect();
    Ok(Looked { status, warnings, bumps: observed.bumps })
}

/// The remote, where there is one and it may be asked; else why it can't be read.
fn see_remote(project: &Project, session: &Session) -> (Option<RemoteState>, Option<String>) {
    let repository = project.git().filter(|_| !session.offline);
    let Some((repository, name)) = repository.and_then(|git| Some((git, git.remote_name()?))) else {
        return (None, None);
    };
    let look = Look { own_refs: project.config.git.remote_lock, lock: true, reads_only: true };
    match RemoteState::read(project, repository, name, look) {
        Ok(remote) => (Some(remote), None),
        Err(error) => (None, Some(error.to_string())),
    }
}

/// What the manifests have and the registry lacks; what a release would still change, and what is accepted, is told apart.
fn to_publish(observed: &observe::Observed, parked: &[ParkedVersion]) -> Vec<ToPublish> {
    let changes = |name: &PackageName| observed.bumps.bumps.iter().any(|bump| bump.name == *name);
    let is_parked =
        |planned: &PlannedPackage| parked.iter().any(|one| one.name == planned.name && one.version == planned.next);
    let planned = observed.plan.packages.iter().filter(|planned| !changes(&planned.name) && !is_parked(planned));
    planned
        .map(|planned| ToPublish {
            name: planned.name.clone(),
            version: planned.next.clone(),
            registry: planned.registry.clone(),
            route: planned.route.kind,
        })
        .collect()
}

fn owed_tags(owed: &OwedWork) -> Vec<OwedTag> {
    let to_make = owed.to_make.iter().map(|tag| OwedTag { name: tag.name.clone(), commit: Some(tag.commit.clone()) });
    let is_made = |name: &&String| owed.to_make.iter().all(|tag| tag.name != **name);
    let to_push = owed.tags.iter().filter(is_made).map(|name| OwedTag { name: name.clone(), commit: None });
    to_make.chain(to_push).collect()
}

/// What was sent and no run has seen, and is not live either as far as was asked.
fn parked(journal: &PastUploads, live: &[LiveVersion]) -> Vec<ParkedVersion> {
    let is_live = |key: &(RegistryUrl, PackageName, Version)| live.iter().any(|live| live.key() == *key);
    let not_shown = journal.not_shown().filter(|(key, _)| !is_live(key));
    not_shown
        .map(|((registry, name, version), NotShown { since, is_accepted })| ParkedVersion {
            name: name.clone(),
            version: version.clone(),
            registry: registry.clone(),
            since,
            accepted: is_accepted,
        })
        .collect()
}

impl From<ForeignVersion> for Foreign {
    fn from(ForeignVersion { live, there, ours }: ForeignVersion) -> Self {
        Self { name: live.name, version: live.version, registry: live.registry, there, ours }
    }
}

/// What is left to be done for a version that went out under a side tag; `None`: nothing, an earlier run got that far.
fn to_promote(candidate: &Candidate, live: &[LiveVersion]) -> Option<ToPromote> {
    let Candidate { registry, name, version, promotion, .. } = candidate;
    let RecordedPromotion { tag, side_tag, .. } = promotion.clone();
    let there = live.iter().find(|one| (&one.registry, &one.name, &one.version) == (registry, name, version));
    let named_by = |tag: &DistTag| there.is_some_and(|there| there.named_by.contains(tag));
    let moved = named_by(&tag);
    if moved && !named_by(&side_tag) {
        return None;
    }
    Some(ToPromote { name: name.clone(), version: version.clone(), registry: registry.clone(), tag, side_tag, moved })
}

impl From<&WaitingBranch> for ReleaseBranch {
    fn from(WaitingBranch { branch, commit, is_here }: &WaitingBranch) -> Self {
        Self { branch: branch.clone(), commit: commit.clone(), is_here: *is_here }
    }
}

impl Status {
    /// Says whether there is nothing to do, nobody at work, and nothing owed.
    pub fn is_quiet(&self) -> bool {
        self.to_publish.is_empty() && self.to_release.is_empty() && !self.is_unfinished()
    }

    /// Says whether an earlier run left something that the next one goes on with.
    pub fn is_unfinished(&self) -> bool {
        !(self.owed_tags.is_empty()
            && self.to_promote.is_empty()
            && !self.owed_branch
            && self.foreign.is_empty()
            && self.parked.is_empty()
            && self.unfinished_run.is_none()
            && self.clone_lock.is_none()
            && self.remote_lock.is_none()
            && self.release_branches.is_empty())
    }
}

#[cfg(test)]
mod tests;
