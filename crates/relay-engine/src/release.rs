//! A release as a value: each step takes the one before and returns what it found, so that no step can be left out or done
//! twice, and none begins before the one before it has come to its end.
//!
//! [`Entered`] → [`Observed`] → [`Agreed`] → [`Held`] → [`Versioned`] → [`Packed`] → [`Pushed`] → [`Published`] → [`Promoted`] →
//! the report.
//! `release`, `publish`, `resume`, `rehearse` and dry runs are these steps, stopped earlier or later. Questions to a person,
//! credentials, the clock and the stream of events come in from outside.
//!
//! Nothing leaves the machine before all tarballs have passed the gate; nothing is uploaded before [`Pushed`].

mod after_upload;
mod agreed;
pub mod alone;
mod checks;
mod entered;
mod error;
mod git_heads;
mod git_writes;
mod held;
pub mod lock_document;
mod observed;
mod packed;
mod promoted;
mod promoting;
mod published;
mod pushed;
pub mod record;
pub mod remote;
pub mod remote_lock;
pub mod resumed;
mod saved_plan;
pub mod sent;
#[cfg(test)]
mod simulation;
mod tag_authority;
mod taken_up;
#[cfg(test)]
mod tests;
pub mod unlock;
mod versioned;
mod versions_only;
mod waiting_branch;
pub(crate) mod workplace;

use std::rc::Rc;

use camino::Utf8PathBuf;
use relay_git::{GitSetup, Repository};
use relay_plan::ReleasePlan;
use relay_workspace::{PackageName, Version};
use tokio::time::Instant;

use crate::event::{Fact, SharedClock};
use crate::finish::FinishOptions;
use crate::journal::PastUploads;
use crate::learnt::Learnt;
use crate::observe::Intent;
use crate::project::{Project, ProjectError};
use crate::run_options::RunOptions;
use crate::state_folder::Holder;

use remote::RemoteState;
use sent::SentBefore;
use workplace::Workplace;

pub use agreed::Agreed;
pub use checks::{check_branch, check_clean, check_commit, check_manifests};
pub use entered::{Entered, InterruptedStep, finish_interrupted_step, interrupted_step};
pub use error::ReleaseError;
pub use held::{Held, LockNotice};
pub(crate) use observed::foreign;
pub use observed::{Course, ForeignVersion, Observed};
pub use packed::Packed;
pub use promoted::Promoted;
pub use published::{Finished, Published};
pub use pushed::{Pushed, PushedTo};
pub use saved_plan::promises_bytes;
pub use versioned::{VersionStep, Versioned};
pub use versions_only::{VersionsAgreed, VersionsHeld};
pub use waiting_branch::WaitingBranch;

/// What a release may do and how it is asked for.
#[derive(Clone)]
pub struct Request {
    /// Release or publish.
    pub intent: Intent,
    /// The command's name, for the journal.
    pub command: &'static str,
    /// Whether this is a trial in a copy, which may stand on any branch.
    pub rehearsal: bool,
    /// Whether nothing may be written: the run ends with what was agreed.
    pub dry_run: bool,
    /// Whether nobody is asked between the plan and its execution.
    pub unasked: bool,
    /// A saved plan that must still hold.
    pub saved: Option<ReleasePlan>,
    /// The saved plan's file, which may lie in the working tree.
    pub saved_path: Option<Utf8PathBuf>,
    /// Whether lifecycle scripts are left out.
    pub ignore_scripts: bool,
    /// Tags and pushes.
    pub finish: FinishOptions,
    /// The folder where relay keeps its state.
    pub state: Utf8PathBuf,
    /// Who carries the release out.
    pub holder: Holder,
    /// The wall clock.
    pub clock: SharedClock,
    /// Whether relay keeps its own refs on the remote: the lock and the release record.
    pub remote_refs: bool,
    /// What the command line asked for, for whoever goes on with the run.
    pub options: RunOptions,
    /// Versions that somebody else published with other bytes, and that count as done (`--accept-published`).
    pub accepted: Vec<(PackageName, Version)>,
}

/// Reads the project anew: before the first step, and whenever its files have been written.
pub type ProjectReader<'a> = &'a (dyn Fn() -> Result<Project, ProjectError> + Sync);

/// What all steps share.
struct Run<'a> {
    request: Request,
    place: Rc<dyn Workplace>,
    read_project: ProjectReader<'a>,
    project: Project,
    past_uploads: PastUploads,
    learnt: Learnt,
    /// The remote as it was seen before the plan was made; `None` where nothing is to be pushed, or there is none.
    remote: Option<RemoteState>,
    /// What was sent by whatever machine.
    sent: SentBefore,
    /// When the reading of the registries for the plan began.
    read_at: Option<Instant>,
}

impl Run<'_> {
    /// Lets git write, with a note of what that is, so that the locks of a run that is killed are known.
    fn writing<T, E: From<ReleaseError>>(
        &self,
        refs: Vec<String>,
        write: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let Request { holder, clock, .. } = &self.request;
        self.place.note_git_writes(holder, clock, refs)?;
        let written = write();
        self.place.forget_git_writes();
        written
    }

    /// Whether the lock and the release record are kept on the remote.
    fn keeps_remote_refs(&self) -> bool {
        self.request.remote_refs && self.project.config.git.remote_lock
    }

    /// What decides which programs git starts in this clone; nothing where there is no repository.
    fn git_setup(&self) -> Result<GitSetup, ReleaseError> {
        Ok(self.project.repository.as_ref().map(Repository::git_setup).transpose()?.unwrap_or_default())
    }

    /// The event that begins a run. A saved plan is known by its own id, whatever was observed since.
    fn started(&self, plan: &ReleasePlan) -> Fact {
        let packages: Vec<PackageName> = plan.packages.iter().map(|planned| planned.name.clone()).collect();
        let plan = self.request.saved.as_ref().map_or(&plan.id, |saved| &saved.id).clone();
        Fact::RunStarted {
            command: self.request.command.to_owned(),
            plan,
            packages,
            push: self.request.finish.push,
            options: Some(self.request.options.clone()),
        }
    }
}
