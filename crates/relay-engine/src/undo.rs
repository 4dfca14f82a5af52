//! `relay undo`: what is done about a release that is out and should not be.
//!
//! Publishing can't be undone; what can be is what people get when they install. A compensation plan ([`plan`]) moves
//! dist-tags back, deprecates, asks for the next versions by a change file, and takes versions back only where it is told to
//! and a registry still allows it. Each of its writes is read first, so that running it again does only what is missing.
//!
//! - [`targets`]: which versions are meant
//! - [`facts`]: what the registries have of them, and by whose right they are changed
//! - [`planning`], [`plan`]: the plan, as a pure function and as a file
//! - [`apply`]: carries it out

pub mod apply;
pub mod facts;
pub mod plan;
pub mod planning;
pub mod targets;

use relay_registry::{NpmConfigError, ReadError};
use relay_workspace::{PackageName, Version, WriteError};

use crate::driver::DriverError;

/// What stops a compensation plan from being made or carried out.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// A package that was named is none of the workspace that is published.
    #[error("`{0}` is no package of this workspace that is published")]
    NoSuchPackage(PackageName),
    /// A plan that was named is unknown.
    #[error(
        "no release with the plan `{0}` is known: neither the release record of the remote nor the journal of this clone \
         tells of it"
    )]
    NoSuchPlan(String),
    /// A version that was named was never on its registry.
    #[error("`{name}@{version}` is not on its registry, so there is nothing to take back")]
    NotThere {
        /// The package.
        name: PackageName,
        /// The version.
        version: Version,
    },
    /// npm's configuration can't be used.
    #[error(transparent)]
    Npm(#[from] NpmConfigError),
    /// A registry can't be read.
    #[error("{0}")]
    Read(Box<ReadError>),
    /// The run could not go on.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// A package of the plan can't be written to as things are.
    #[error("`{name}` can't be changed: {why}")]
    Blocked {
        /// The package.
        name: PackageName,
        /// Why, as half a sentence.
        why: String,
    },
    /// The change file can't be written.
    #[error(transparent)]
    ChangeFile(#[from] WriteError),
    /// The folder of change files can't be used.
    #[error("the folder `.changeset` can't be used: {0}")]
    ChangeFolder(String),
}
