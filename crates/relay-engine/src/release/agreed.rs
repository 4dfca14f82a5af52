//! The third step: the plan can be carried out to its end, as far as that can be told beforehand.

use relay_plan::ReleasePlan;

use super::checks::{check_branch, check_clean, check_commit, check_directories, check_manifests};
use super::taken_up::refuse_not_merged;
use super::waiting_branch::is_release_branch;
use super::{Course, Held, LockNotice, Observed, ReleaseError, Run};
use crate::finish::{Ready, preflight};
use crate::git_calls::GitCalls;
use crate::observe::{self, Intent};
use crate::owed::OwedWork;
use crate::project::Project;
use crate::promotion::Candidate;
use crate::published_before::Comparison;

/// A release that nothing known stands in the way of.
pub struct Agreed<'a> {
    pub(super) of: Observed<'a>,
    pub(super) course: Course,
    pub(super) ready: Ready,
    pub(super) owed: OwedWork,
    uncommitted: Vec<String>,
}

impl<'a> Agreed<'a> {
    pub(super) fn check(mut of: Observed<'a>) -> Result<Self, ReleaseError> {
        let course = of.course();
        if course != Course::Owed
            && let Some(unseen) = of.unseen.take()
        {
            return Err(unseen.into());
        }
        of.run.sent.accept(&of.accepted);
        let Run { request, project, past_uploads, sent, remote, .. } = &*of.run;
        let remote = remote.as_ref();
        let observe::Observed { plan, bumps, live, .. } = &of.observation;
        let owed = OwedWork::find(project, live, sent, past_uploads, (remote, request.finish))?;
        if course == Course::Owed {
            // Tags are made here whatever the remote says; dist-tags move under its lock alone.
            if let Some(unseen) = of.unseen.take_if(|_| !owed.promotions.is_empty()) {
                return Err(unseen.into());
            }
            return Ok(Self { of, course, ready: Ready::default(), owed, uncommitted: Vec::new() });
        }
        let releases = request.intent == Intent::Release;
        // What is wrong with the plan then is that the versions are there already.
        if releases && !bumps.is_empty() {
            refuse_not_merged(&of.run, !plan.has_errors())?;
        }
        if plan.has_errors() {
            return Err(ReleaseError::Findings(Box::new(plan.clone())));
        }
        if releases && project.git().is_none() {
            return Err(ReleaseError::NoRepository);
        }
        let mut uncommitted = Vec::new();
        if releases {
            check_clean(project, request.saved_path.as_deref())?;
        } else if let Some(repository) = project.git() {
            uncommitted = repository.uncommitted()?;
        }
        // What waits on a branch of its own may be published from there.
        let head_branch = project.git().and_then(|repository| repository.head().ok()?.branch);
        let finishes = bumps.is_empty() && head_branch.as_deref().is_some_and(is_release_branch);
        check_branch(project, releases, request.rehearsal || finishes)?;
        let planned = plan.packages.iter().map(|planned| &planned.name);
        check_manifests(project, planned.chain(bumps.bumps.iter().map(|bump| &bump.name)))?;
        check_directories(project, plan, request.ignore_scripts)?;
        if !bumps.is_empty() {
            check_commit(project)?;
        }
        let ready = preflight(project, plan, bumps, request.finish, (remote, !request.dry_run))?;
        Ok(Self { of, course, ready, owed, uncommitted })
    }

    /// The project.
    pub fn project(&self) -> &Project {
        &self.of.run.project
    }

    /// The plan.
    pub fn plan(&self) -> &ReleasePlan {
        &self.of.observation.plan
    }

    /// What was observed.
    pub fn observation(&self) -> &observe::Observed {
        &self.of.observation
    }

    /// Begins to fetch what the tarballs are compared with, for a dry run; the run proper does so by itself.
    pub fn compare(&self) -> Comparison {
        Comparison::begin(&self.of.run.project, &self.of.session, &self.of.observation)
    }

    /// What there is to do.
    pub fn course(&self) -> Course {
        self.course
    }

    /// Whether there is nothing to do, not even what an earlier run left undone.
    pub fn has_nothing_to_do(&self) -> bool {
        self.course == Course::Owed && self.owed.is_empty() && self.of.accepted.is_empty()
    }

    /// Versions of earlier runs that are live under a side tag, and whose dist-tags move when all of the set is out.
    pub fn promotions(&self) -> &[Candidate] {
        &self.owed.promotions
    }

    /// Paths that no commit has as they are, of which tarballs will be made: build output may be among them.
    pub fn uncommitted(&self) -> &[String] {
        &self.uncommitted
    }

    /// Whether commits and tags are to be pushed and there is no remote to push them to.
    pub fn has_no_remote(&self) -> bool {
        let lacks = |repository: &dyn GitCalls| repository.remote_name().is_none();
        self.of.run.request.finish.push && self.of.run.project.git().is_some_and(lacks)
    }

    /// Whether git's pre-push hook will run when something is pushed; `None` where nothing is pushed or there is no hook.
    pub fn pre_push_hook(&self) -> Option<bool> {
        let run = &self.of.run;
        let repository = run.project.git().filter(|_| run.remote.is_some())?;
        repository.has_hook("pre-push").then_some(run.project.config.git.hooks)
    }

    /// What was found of the tags of the release.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Takes what keeps other runs away: the lock of this clone, and that of the remote where there is one to push to. With `asked` a person was asked meanwhile, which may have taken an hour in which the
    /// world went on: then everything is observed once more, and must be as it was.
    ///
    /// # Errors
    /// [`ReleaseError`]: the plan has changed, or another run is at work. A dry run can't go on from here.
    pub async fn hold(self, asked: bool, tell: &(dyn Fn(LockNotice) + Sync)) -> Result<Held<'a>, ReleaseError> {
        Held::take(self, asked, tell).await
    }
}
