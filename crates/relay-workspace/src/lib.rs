//! Finds the packages of a JavaScript monorepo, and reads and edits their manifests without disturbing their formatting.
//!
//! This is the lowest storey of the house: it knows the disk and the formats of package managers, and nothing of git,
//! registries or releases.
//!
//! - [`name`], [`version`], [`range`], [`specifier`], [`dependency`], [`integrity`]: the words of the field as types
//! - [`obstacle`]: what keeps a published specifier from being installed
//! - [`manifest`]: one `package.json`; [`syntax`]: a file that can't be parsed
//! - [`workspace`], [`manager`]: the packages of a repository as a value
//! - [`regular_file`]: the way in for files with fixed names
//! - [`discover`]: from the disk to that value
//! - [`edit`]: new values in a manifest; [`catalog`]: in a catalog; [`lockfile`]: in the lock file; [`mod@write`]: files
//!   replaced in one step
//! - [`fixture`]: workspaces in memory, for tests
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests build worlds on the disk"))]

pub mod catalog;
pub mod dependency;
pub mod discover;
pub mod edit;
pub mod fixture;
pub mod integrity;
mod json;
pub mod lockfile;
pub mod manager;
pub mod manifest;
pub mod name;
pub mod obstacle;
pub mod range;
pub mod regular_file;
pub mod specifier;
pub mod syntax;
pub mod version;
pub mod workspace;
pub mod write;
mod wrong_kind;
mod yaml_lines;

pub use catalog::{CatalogEdit, edit_catalogs};
pub use dependency::{Dependency, DependencyKind};
pub use discover::{DiscoverError, read_yaml};
pub use edit::{EditError, ManifestEdit, RangeEdit, edit_manifest};
pub use integrity::{Integrity, InvalidDigest, Shasum};
pub use lockfile::{LockfileEdit, LockfileEdits, LockfileRange, edit_lockfile};
pub use manager::PackageManager;
pub use manifest::{Manifest, ManifestError, is_private_value};
pub use name::{InvalidName, PackageName};
pub use obstacle::Obstacle;
pub use range::{InvalidRange, Range};
pub use regular_file::{open_regular_file, read_regular_file, read_regular_text};
pub use semver::Version;
pub use specifier::{Specifier, WorkspaceSpecifier, combined_peer_range};
pub use syntax::SyntaxError;
pub use version::published_version;
pub use workspace::{Catalogs, Workspace, WorkspacePackage, resolve_catalog};
pub use write::{
    TEMPORARY_PREFIX, TEMPORARY_SUFFIX, WriteError, check_writable, sync_folder_of, write_all_or_none,
    write_atomically, write_privately,
};
pub use wrong_kind::WrongKind;
