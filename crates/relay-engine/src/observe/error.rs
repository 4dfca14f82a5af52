//! What stops a plan from being made.

use relay_registry::{ReadError, RegistryUrl};
use relay_workspace::PackageName;

use super::cut_off::named;
use crate::left_out::LeftOut;
use crate::project::ProjectError;

/// What stops a plan from being made.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// The repository can't be read.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The history can't be read.
    #[error(transparent)]
    Git(#[from] relay_git::GitError),
    /// The history is cut off before the last release of these packages.
    #[error(
        "the history of this clone is cut off before the last release of {}, so which commits came since can't be told, and \
         a version that is guessed could be too low",
        named(packages)
    )]
    CutOff {
        /// The packages, in the order of the workspace.
        packages: Vec<PackageName>,
        /// The command that fetches the rest; `None` where the clone isn't shallow but has grafts or replaced commits.
        command: Option<String>,
    },
    /// A sparse checkout leaves packages out.
    #[error(
        "this sparse checkout leaves out packages of the workspace, or files of them: {}; what depends on what, and what \
         belongs into tarballs, can't be told",
        left_out.folders()
    )]
    LeftOut {
        /// Which.
        left_out: LeftOut,
    },
    /// The versions can't be made.
    #[error(transparent)]
    Change(#[from] relay_change::ChangeError),
    /// npm's configuration can't be used.
    #[error(transparent)]
    Npm(#[from] relay_registry::NpmConfigError),
    /// The plan can't be made.
    #[error(transparent)]
    Plan(#[from] relay_plan::PlanError),
    /// A registry can't be read.
    #[error("{source}")]
    Read {
        /// The package.
        package: PackageName,
        /// The registry that was asked.
        registry: RegistryUrl,
        /// What went wrong.
        source: Box<ReadError>,
    },
}
