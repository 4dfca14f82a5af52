//! The fifth step: versions, ranges, changelogs and the lockfile are written and committed, here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use relay_change::BumpPlan;
use relay_pack::Tarball;
use relay_plan::{Authorisation, ReleasePlan};
use relay_registry::struck_out;
use relay_workspace::PackageName;

use super::remote_lock::RemoteLock;
use super::sent::SentBefore;
use super::{Agreed, Course, ForeignVersion, Held, Packed, ReleaseError, Run};
use crate::agreed_settings::AgreedSettings;
use crate::event::{Emitter, Fact, Phase};
use crate::finish::Ready;
use crate::freeze::{FreezeOptions, runs_build};
use crate::git_calls::GitCalls;
use crate::observe;
use crate::owed::OwedWork;
use crate::packing_ahead::has_scripts;
use crate::project::Project;
use crate::published_before::Comparison;
use crate::session::Session;
use crate::state_folder::RunLock;
use crate::versioning::{self, commit_versions};

/// What the version step did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VersionStep {
    /// Whether versions were written at all.
    pub written: bool,
    /// The commit that was made.
    pub commit: Option<String>,
    /// What the person still has to do.
    pub notes: Vec<String>,
}

/// A release whose versions are in the manifests, and committed here.
pub struct Versioned<'a> {
    pub(super) run: Box<Run<'a>>,
    #[expect(dead_code, reason = "held until the release has come to its end")]
    pub(super) lock: Option<RunLock>,
    pub(super) remote_lock: Option<RemoteLock>,
    pub(super) course: Course,
    pub(super) plan: ReleasePlan,
    pub(super) authorisations: BTreeMap<PackageName, Authorisation>,
    pub(super) bumps: BumpPlan,
    pub(super) ready: Ready,
    pub(super) owed: OwedWork,
    pub(super) foreign: Vec<ForeignVersion>,
    /// Versions with others' bytes that the person took for good now.
    pub(super) accepted: Vec<ForeignVersion>,
    /// The settings by which the plan was made.
    pub(super) settings: AgreedSettings,
    /// `None` where scripts of the repository will run: no credential is left in memory then (invariant S3).
    pub(super) session: Option<Session>,
    pub(super) packed_ahead: BTreeMap<PackageName, Arc<Tarball>>,
    pub(super) comparison: Comparison,
    pub(super) step: VersionStep,
}

impl<'a> Versioned<'a> {
    pub(super) fn write(held: Held<'a>, events: &Emitter) -> Result<Self, ReleaseError> {
        let Held { agreed, remote_lock, comparison } = held;
        let Agreed { of, course, ready, owed, .. } = agreed;
        let super::Observed { mut run, lock, session, observation, packed_ahead, foreign, accepted, .. } = of;
        let observe::Observed { plan, authorisations, bumps, .. } = observation;
        events.emit(run.started(&plan))?;
        for one in &accepted {
            events.emit(accepted_fact(one, &run.sent))?;
        }
        let runs_scripts = runs_scripts(&run, &plan);
        let settings = AgreedSettings::of(&run.project, &session, &plan);
        let session = (!runs_scripts).then_some(session);
        if runs_scripts {
            struck_out::forget_all();
        }
        let mut step = VersionStep::default();
        if !bumps.is_empty() {
            events.emit(Fact::PhaseStarted { phase: Phase::Version })?;
            step = write_versions(&run, &plan, &bumps, true, events)?;
            run.project = (run.read_project)()?;
        }
        Ok(Self {
            run,
            lock,
            remote_lock,
            course,
            plan,
            authorisations,
            bumps,
            ready,
            owed,
            foreign,
            accepted,
            settings,
            session,
            packed_ahead,
            comparison,
            step,
        })
    }

    /// What the version step did.
    pub fn step(&self) -> &VersionStep {
        &self.step
    }

    /// Runs the scripts and makes the tarballs; the gate looks at each. `freeze` says how scripts are run; what is known here
    /// is added to it.
    ///
    /// # Errors
    /// [`ReleaseError::Freeze`], [`ReleaseError::OtherTarballs`]; nothing was sent.
    pub async fn pack(self, freeze: FreezeOptions, events: &Emitter) -> Result<Packed<'a>, ReleaseError> {
        Packed::make(self, freeze, events).await
    }
}

/// Says whether the build or a script of the repository runs before something is sent: no credential is in memory then.
pub(super) fn runs_scripts(run: &Run<'_>, plan: &ReleasePlan) -> bool {
    let planned = plan.packages.iter().filter_map(|planned| run.project.workspace.package(&planned.name));
    let ignored = run.request.ignore_scripts;
    !ignored && has_scripts(planned) || runs_build(&run.project, ignored)
}

fn accepted_fact(of: &ForeignVersion, sent: &SentBefore) -> Fact {
    let ForeignVersion { live, there, .. } = of;
    let commit = sent.bytes_of(&live.key()).last().map(|bytes| bytes.commit.clone()).unwrap_or_default();
    Fact::PublishedAccepted {
        package: live.name.clone(),
        version: live.version.clone(),
        registry: live.registry.clone(),
        integrity: there.clone(),
        commit,
    }
}

/// The version step, with a note of what git is about to write.
pub(super) fn write_versions(
    run: &Run<'_>,
    plan: &ReleasePlan,
    bumps: &BumpPlan,
    commits: bool,
    events: &Emitter,
) -> Result<VersionStep, ReleaseError> {
    let message = (commits && run.project.git().is_some()).then(|| commit_message(&run.project, plan, bumps));
    let write = || run.place.write_versions(&run.project, bumps, message.as_deref(), events);
    if message.is_none() {
        return write();
    }
    let head = run.project.git().map(GitCalls::head).transpose()?;
    let branch = head.and_then(|head| head.branch).map(|branch| format!("refs/heads/{branch}"));
    run.writing(branch.into_iter().collect(), write)
}

/// Writes the versions, and commits them where there is a message.
pub(super) fn write_and_commit(
    project: &Project,
    bumps: &BumpPlan,
    message: Option<&str>,
    state: &Utf8Path,
    events: &Emitter,
) -> Result<VersionStep, ReleaseError> {
    let written = versioning::write_versions(project, bumps, state, message.map(str::to_owned))?;
    events.emit(Fact::VersionsWritten { packages: written.packages, files: written.files.len() })?;
    let files = written.files.iter().map(Utf8PathBuf::as_path);
    let commit = commit_versions(project, state, files, message)?;
    if let Some(commit) = &commit {
        events.emit(Fact::Committed { commit: commit.clone() })?;
    }
    Ok(VersionStep { written: true, commit, notes: written.notes })
}

/// The configured subject, and a line for each version.
fn commit_message(project: &Project, plan: &ReleasePlan, bumps: &BumpPlan) -> String {
    let mut message = project.config.release.commit_message.clone();
    message.push_str("\n\n");
    for planned in &plan.packages {
        let _ = writeln!(message, "- {}@{}", planned.name, planned.next);
    }
    for bump in bumps.bumps.iter().filter(|bump| plan.package(&bump.name).is_none()) {
        let _ = writeln!(message, "- {}@{}", bump.name, bump.next);
    }
    message.truncate(message.trim_end().len());
    message.push('\n');
    message
}
