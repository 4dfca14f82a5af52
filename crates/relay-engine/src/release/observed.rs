//! The second step: repository, settings and registries are read, and the plan is made. Nothing is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use relay_change::BumpPlan;
use relay_pack::Tarball;
use relay_plan::ReleasePlan;
use relay_workspace::{Integrity, PackageName, Version};
use tokio::time::Instant;

use super::remote::RemoteError;
use super::sent::{SentBefore, Verdict};
use super::{Agreed, ReleaseError, Run, VersionsAgreed, WaitingBranch, git_heads, saved_plan};
use crate::freeze::runs_build;
use crate::observe::{self, Intent, LiveVersion};
use crate::packing_ahead::PackingAhead;
use crate::project::Project;
use crate::session::Session;
use crate::state_folder::RunLock;

/// What there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// Packages go out.
    Publish,
    /// Versions are written and nothing is published: private packages get them, or change files that ask for none are used up.
    VersionsOnly,
    /// Nothing but what earlier runs owe.
    Owed,
}

/// A release of which everything has been read.
pub struct Observed<'a> {
    pub(super) run: Box<Run<'a>>,
    pub(super) lock: Option<RunLock>,
    pub(super) session: Session,
    pub(super) observation: observe::Observed,
    pub(super) packed_ahead: BTreeMap<PackageName, Arc<Tarball>>,
    /// Why the remote can't be seen.
    pub(super) unseen: Option<RemoteError>,
    pub(super) foreign: Vec<ForeignVersion>,
    pub(super) accepted: Vec<ForeignVersion>,
    goes_on: bool,
}

/// A present version under which the registry shows other bytes than relay made for it (invariant I3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignVersion {
    /// What is live.
    pub live: LiveVersion,
    /// The integrity of what stands there.
    pub there: Integrity,
    /// That of what relay made.
    pub ours: Integrity,
}

impl<'a> Observed<'a> {
    #[expect(clippy::disallowed_methods, reason = "what was read gets old, and is read again before it is built on")]
    pub(super) async fn read(
        mut run: Box<Run<'a>>,
        (lock, unseen): (Option<RunLock>, Option<RemoteError>),
        session: Session,
    ) -> Result<Self, ReleaseError> {
        run.read_at = Some(Instant::now());
        let Run { request, place, project, past_uploads, learnt, sent, .. } = &*run;
        // Nothing may change a file between this packing and the upload: no version step, no time that a person takes.
        let packing_ahead = (request.intent == Intent::Publish
            && request.unasked
            && !request.dry_run
            && !runs_build(project, request.ignore_scripts))
        .then(|| PackingAhead::begin(&project.workspace, &project.packing, request.ignore_scripts))
        .flatten();
        let mut observed = place.observe(project, &session, learnt, &sent.versions(), request.intent).await?;
        let packed_ahead = packing_ahead.map(PackingAhead::end).unwrap_or_default();
        let goes_on = match &request.saved {
            Some(plan) => saved_plan::refuse_drift(project, plan, &mut observed, past_uploads)?,
            None => false,
        };
        // A plan that was reviewed names the side tag, unless an earlier run has chosen one.
        let promised = request.saved.as_ref().and_then(|saved| saved.promotion.as_ref());
        if let (Some(promised), Some(promotion)) = (promised, &mut observed.plan.promotion)
            && sent.pending().is_empty()
        {
            promotion.side_tag = promised.side_tag.clone();
        }
        run.learnt.learn_evidence(&observed.evidence);
        git_heads::recall(&mut run, &session, &observed).await;
        let Run { request, sent, .. } = &*run;
        let (accepted, mut foreign) = foreign(&observed.live, sent, &request.accepted);
        // The next version leaves others' bytes behind.
        foreign.retain(|foreign| observed.plan.package(&foreign.live.name).is_none());
        Ok(Self { run, lock, session, observation: observed, packed_ahead, unseen, foreign, accepted, goes_on })
    }

    /// The project that was read.
    pub fn project(&self) -> &Project {
        &self.run.project
    }

    /// The plan.
    pub fn plan(&self) -> &ReleasePlan {
        &self.observation.plan
    }

    /// The versions that are to be made.
    pub fn bumps(&self) -> &BumpPlan {
        &self.observation.bumps
    }

    /// What was observed, for those who look closer.
    pub fn observation(&self) -> &observe::Observed {
        &self.observation
    }

    /// Whether a release by the saved plan was begun before, and is gone on with.
    pub fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// Present versions under which others' bytes stand. They stay failed, and their dependents held, until a person takes them
    /// for good.
    pub fn foreign(&self) -> &[ForeignVersion] {
        &self.foreign
    }

    /// Those that the person took for good now.
    pub fn accepted(&self) -> &[ForeignVersion] {
        &self.accepted
    }

    /// Why the remote can't be seen, if it can't.
    pub fn unseen(&self) -> Option<&RemoteError> {
        self.unseen.as_ref()
    }

    /// Releases that wait to be merged on the remote, where it was looked at.
    pub fn waiting_branches(&self) -> &[WaitingBranch] {
        self.run.remote.as_ref().map(|remote| remote.waiting.as_slice()).unwrap_or_default()
    }

    /// What there is to do.
    pub fn course(&self) -> Course {
        if !self.observation.plan.is_empty() || !self.foreign.is_empty() {
            Course::Publish
        } else if self.run.request.intent == Intent::Release && !self.observation.bumps.is_empty() {
            Course::VersionsOnly
        } else {
            Course::Owed
        }
    }

    /// Looks at everything that could stop the release later, and stops it now.
    ///
    /// # Errors
    /// [`ReleaseError`] with what is in the way; nothing was written and nothing was sent.
    pub fn agree(self) -> Result<Agreed<'a>, ReleaseError> {
        Agreed::check(self)
    }

    /// The same where only versions are to be written, and with `commits` committed too.
    ///
    /// # Errors
    /// [`ReleaseError`] with what is in the way; nothing was written.
    pub fn agree_on_versions(self, commits: bool) -> Result<VersionsAgreed<'a>, ReleaseError> {
        VersionsAgreed::check(self, commits)
    }
}

/// The present versions with others' bytes: those that were accepted, and the rest.
pub(crate) fn foreign(
    live: &[LiveVersion],
    sent: &SentBefore,
    accepted: &[(PackageName, Version)],
) -> (Vec<ForeignVersion>, Vec<ForeignVersion>) {
    let (mut taken, mut foreign) = (Vec::new(), Vec::new());
    for live in live.iter().filter(|live| live.is_present) {
        let Verdict::Foreign { there, ours } = sent.judge(live) else { continue };
        let is_taken = accepted.iter().any(|(name, version)| *name == live.name && *version == live.version);
        let list = if is_taken { &mut taken } else { &mut foreign };
        list.push(ForeignVersion { live: live.clone(), there, ours });
    }
    (taken, foreign)
}
