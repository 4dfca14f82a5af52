//! What stops a release, as data: the command line has the words.

use relay_git::{GitError, PushCause};
use relay_pack::ManifestRewriteError;
use relay_plan::ReleasePlan;
use relay_workspace::{PackageName, WriteError};

use super::WaitingBranch;
use super::remote::RemoteError;
use crate::event::NotRecorded;
use crate::finish::FinishError;
use crate::freeze::{FreezeError, PackingObstacle};
use crate::journal::JournalError;
use crate::observe::ObserveError;
use crate::project::ProjectError;
use crate::publish::PublishRunError;
use crate::state_folder::{Holder, StateFolderError};
use crate::tarball_preview::PreviewError;
use crate::versioning::write_set::WriteSetError;
use crate::versioning::{CommitVersionsError, VersionError};

/// What stops a release.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The project can't be read.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The state folder can't be used, or another run is at work in this clone.
    #[error(transparent)]
    StateFolder(#[from] StateFolderError),
    /// The journal can't be put out of the way.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A version step of an earlier run can't be finished.
    #[error(transparent)]
    Interrupted(#[from] WriteSetError),
    /// The note of what git is about to write can't be kept.
    #[error("relay can't keep note of what git is about to write: {0}")]
    Note(WriteError),
    /// The plan can't be made.
    #[error(transparent)]
    Observe(#[from] ObserveError),
    /// git can't do what is asked.
    #[error(transparent)]
    Git(#[from] GitError),
    /// What the plan's tarballs would be can't be told.
    #[error(transparent)]
    Preview(#[from] PreviewError),
    /// The plan itself says what must be put right first.
    #[error("the plan has errors")]
    Findings(Box<ReleasePlan>),
    /// What was observed is not what a saved plan was made from.
    #[error("what was observed has drifted from the saved plan: {}", .0.join("; "))]
    Drifted(Vec<String>),
    /// The plan changed while a person was asked, or the lock of the remote was waited for.
    #[error("the plan has changed since it was made: {}", .0.join("; "))]
    Changed(Vec<String>),
    /// Another run of this clone has come to its end since everything was observed.
    #[error("another run of relay was at work in this clone meanwhile")]
    Meanwhile,
    /// Another run has pushed a release to the remote since everything was observed.
    #[error("another run of relay has pushed a release to `{remote}` meanwhile")]
    MeanwhileThere {
        /// The remote.
        remote: String,
    },
    /// Tarballs have other bytes than a saved plan says.
    #[error("the tarballs are not those of the saved plan: {}", .0.join("; "))]
    OtherTarballs(Vec<String>),
    /// The settings of registries are not those that the plan was made by.
    #[error("the settings of registries changed while scripts of the repository ran: {}", .0.join("; "))]
    SettingsChanged(Vec<String>),
    /// A script of the repository changed what git runs in this clone.
    #[error("scripts of the repository changed what git runs in this clone: {}", .0.join("; "))]
    GitSetupChanged(Vec<String>),
    /// A release commits, and there is no repository.
    #[error("this is no git repository, so a release can't be committed")]
    NoRepository,
    /// Files differ from the head commit.
    #[error("the working tree has uncommitted changes")]
    Dirty {
        /// The paths, as the repository names them.
        paths: Vec<String>,
    },
    /// No branch is checked out.
    #[error("HEAD is detached, so the release commit would belong to no branch")]
    Detached,
    /// Releases are made from another branch.
    #[error("releases are made from `{wanted}`, and this is `{branch}`")]
    OtherBranch {
        /// The branch of the settings.
        wanted: String,
        /// The one that is checked out.
        branch: String,
    },
    /// Releases wait to be merged whose versions would be made a second time.
    #[error("a release waits to be merged: {}", .branches.iter().map(|one| format!("`{}`", one.branch)).collect::<Vec<_>>().join(", "))]
    NotMerged {
        /// The remote.
        remote: String,
        /// Their branches.
        branches: Vec<WaitingBranch>,
    },
    /// A manifest can't be made ready for publishing.
    #[error(transparent)]
    Manifest(#[from] Box<ManifestRewriteError>),
    /// Packages can't be packed as planned.
    #[error("packages can't be packed as planned")]
    Obstacles(Vec<(PackageName, PackingObstacle)>),
    /// What the version step commits can't be committed.
    #[error(transparent)]
    CannotCommit(GitError),
    /// What the end of the run needs in git is not there.
    #[error(transparent)]
    Finish(#[from] FinishError),
    /// The remote can't be read.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The branch or the release record could not be pushed; nothing was uploaded.
    #[error("the release could not be pushed to `{remote}`: {text}")]
    NotPushed {
        /// The remote.
        remote: String,
        /// The ref that was refused.
        full_ref: String,
        /// Why.
        cause: PushCause,
        /// What git said.
        text: String,
    },
    /// The lock of the remote can't be taken.
    #[error("the lock of `{remote}` can't be taken")]
    NoRemoteLock {
        /// The remote.
        remote: String,
        /// What git says.
        source: GitError,
    },
    /// Another run holds the lock of the remote, and is at work.
    #[error("another run of relay is publishing from `{remote}`{}", holder.as_ref().map_or_else(String::new, |holder| format!(": {holder}")))]
    RemoteBusy {
        /// The remote.
        remote: String,
        /// The other run, where that can be read.
        holder: Option<Holder>,
    },
    /// Another run wrote its release record meanwhile.
    #[error("another run of relay has begun a release on `{remote}` meanwhile")]
    RecordMoved {
        /// The remote.
        remote: String,
    },
    /// Versions can't be written.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// The version step can't be brought to its end.
    #[error(transparent)]
    CommitVersions(#[from] CommitVersionsError),
    /// Tarballs can't be made.
    #[error(transparent)]
    Freeze(#[from] FreezeError),
    /// The uploads could not begin, or not go on.
    #[error(transparent)]
    Publish(#[from] PublishRunError),
    /// An event can't be recorded.
    #[error(transparent)]
    NotRecorded(#[from] NotRecorded),
}
