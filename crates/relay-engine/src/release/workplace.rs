//! What a release's steps work in, beside git: relay's state folder, the files that are written, the registries that a plan is
//! read from. The real one is [`OnDisk`]; tests have a simulated one.

use camino::{Utf8Path, Utf8PathBuf};
use futures_util::future::LocalBoxFuture;
use relay_change::BumpPlan;
use relay_workspace::WriteError;

use super::remote_lock::{Beside, on_a_thread};
use super::versioned::{VersionStep, write_and_commit};
use super::{ReleaseError, git_heads, git_writes};
use crate::event::{Emitter, SharedClock};
use crate::journal::{PastUploads, replay};
use crate::learnt::Learnt;
use crate::observe::{Intent, LiveVersion, ObserveError, Observed, RecordedVersions, observe};
use crate::project::Project;
use crate::session::Session;
use crate::state_folder::{Holder, RunLock, StateFolderError};

/// The place that a release's steps work in. Each call is one effect, or one reading.
pub(crate) trait Workplace {
    /// What the clone's journal tells.
    fn past_uploads(&self) -> PastUploads;

    /// Takes the clone's lock.
    fn take_lock(&self, holder: &Holder) -> Result<RunLock, StateFolderError>;

    /// Notes what git is about to write.
    fn note_git_writes(&self, holder: &Holder, clock: &SharedClock, refs: Vec<String>) -> Result<(), ReleaseError>;

    /// Takes that note away.
    fn forget_git_writes(&self);

    /// Keeps what was learnt.
    fn keep_learnt(&self, learnt: &Learnt) -> Result<(), WriteError>;

    /// Reads registries and makes the plan.
    fn observe<'a>(
        &'a self,
        project: &'a Project,
        session: &'a Session,
        learnt: &'a Learnt,
        recorded: &'a RecordedVersions,
        intent: Intent,
    ) -> LocalBoxFuture<'a, Result<Observed, ObserveError>>;

    /// The commit that a version's publisher said it was made from, where the registry can be asked and tells.
    fn git_head<'a>(
        &'a self,
        project: &'a Project,
        session: &'a Session,
        live: &'a LiveVersion,
    ) -> LocalBoxFuture<'a, Option<String>>;

    /// Writes the new versions, and commits them where there is a message.
    fn write_versions(
        &self,
        project: &Project,
        bumps: &BumpPlan,
        message: Option<&str>,
        events: &Emitter,
    ) -> Result<VersionStep, ReleaseError>;

    /// How the lock of the remote is kept beside all else.
    fn beside(&self) -> Beside;
}

/// The files of this machine, and registries by HTTP.
pub(super) struct OnDisk {
    /// relay's state folder of the clone.
    pub(super) state: Utf8PathBuf,
}

impl OnDisk {
    fn state(&self) -> &Utf8Path {
        &self.state
    }
}

impl Workplace for OnDisk {
    fn past_uploads(&self) -> PastUploads {
        replay(self.state()).past_uploads
    }

    fn take_lock(&self, holder: &Holder) -> Result<RunLock, StateFolderError> {
        RunLock::take(self.state(), holder)
    }

    fn note_git_writes(&self, holder: &Holder, clock: &SharedClock, refs: Vec<String>) -> Result<(), ReleaseError> {
        git_writes::keep(self.state(), holder, clock, refs)
    }

    fn forget_git_writes(&self) {
        git_writes::forget(self.state());
    }

    fn keep_learnt(&self, learnt: &Learnt) -> Result<(), WriteError> {
        learnt.write(self.state())
    }

    fn observe<'a>(
        &'a self,
        project: &'a Project,
        session: &'a Session,
        learnt: &'a Learnt,
        recorded: &'a RecordedVersions,
        intent: Intent,
    ) -> LocalBoxFuture<'a, Result<Observed, ObserveError>> {
        Box::pin(observe(project, session, learnt, recorded, intent))
    }

    fn git_head<'a>(
        &'a self,
        project: &'a Project,
        session: &'a Session,
        live: &'a LiveVersion,
    ) -> LocalBoxFuture<'a, Option<String>> {
        Box::pin(git_heads::ask(project, session, live))
    }

    fn write_versions(
        &self,
        project: &Project,
        bumps: &BumpPlan,
        message: Option<&str>,
        events: &Emitter,
    ) -> Result<VersionStep, ReleaseError> {
        write_and_commit(project, bumps, message, self.state(), events)
    }

    fn beside(&self) -> Beside {
        on_a_thread
    }
}
