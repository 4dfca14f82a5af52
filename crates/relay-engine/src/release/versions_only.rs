//! `relay version`: the first steps of a release, which end when the versions are in the manifests. Nothing of it leaves the
//! machine, so that no registry, remote or tag is looked at.

use super::checks::{check_branch, check_clean, check_commit, check_manifests};
use super::versioned::write_versions;
use super::{Observed, ReleaseError, VersionStep, saved_plan};
use crate::event::Emitter;

/// Versions that nothing known stands in the way of.
pub struct VersionsAgreed<'a> {
    of: Observed<'a>,
    commits: bool,
}

/// Versions that this run alone writes.
pub struct VersionsHeld<'a> {
    of: Observed<'a>,
    commits: bool,
}

impl<'a> VersionsAgreed<'a> {
    /// What isn't committed may be written on any branch and over any change: a pull request of the next versions has a branch
    /// of its own.
    pub(super) fn check(of: Observed<'a>, commits: bool) -> Result<Self, ReleaseError> {
        let (project, bumps) = (&of.run.project, &of.observation.bumps);
        if commits {
            check_branch(project, true, false)?;
            if !of.run.request.dry_run {
                check_clean(project, None)?;
            }
        }
        check_manifests(project, bumps.bumps.iter().map(|bump| &bump.name))?;
        if commits {
            check_commit(project)?;
        }
        Ok(Self { of, commits })
    }

    /// Takes the lock of this clone. With `asked` a person was asked meanwhile: then everything is observed once more, and must
    /// be as it was.
    ///
    /// # Errors
    /// [`ReleaseError`]: the versions to be made have changed, or another run is at work. A dry run can't go on from here.
    pub async fn hold(mut self, asked: bool) -> Result<VersionsHeld<'a>, ReleaseError> {
        let Observed { run, lock, session, observation, .. } = &mut self.of;
        if lock.is_none() {
            *lock = Some(run.place.take_lock(&run.request.holder)?);
        }
        if run.place.past_uploads() != run.past_uploads {
            return Err(ReleaseError::Meanwhile);
        }
        if asked {
            let recorded = run.sent.versions();
            let now = run.place.observe(&run.project, session, &run.learnt, &recorded, run.request.intent).await?;
            saved_plan::refuse_change(&observation.plan, &now.plan)?;
        }
        Ok(VersionsHeld { of: self.of, commits: self.commits })
    }
}

impl VersionsHeld<'_> {
    /// Writes the versions, and commits them where that is wanted.
    ///
    /// # Errors
    /// [`ReleaseError`]. What was written is finished by the next run.
    pub fn write(self, events: &Emitter) -> Result<VersionStep, ReleaseError> {
        let Observed { run, observation, .. } = &self.of;
        write_versions(run, &observation.plan, &observation.bumps, self.commits, events)
    }
}
