//! A package folder to the tarball npm would make: the uncompressed tar is equal byte for byte.
//!
//! The judges are the real npm 11.19 and 12.2 (npm-packlist, ignore-walk, minimatch, glob, pacote, tar), which the tests run.
//!
//! - [`minimatch`]: npm's pattern language
//! - [`Conventions`]: whose habits are followed
//! - [`packlist`](mod@packlist): which files go in, in which order
//! - `archive`: the tar and its compression
//! - [`pack`](mod@pack): both together, a [`Tarball`] from a folder
//! - [`Overlay`]: files as they will be, laid over those on disk
//! - [`published`]: the manifest that goes in, `workspace:` and `catalog:` resolved
//! - `concerns`: what is odd about a tarball
//! - [`gate`]: what must not be in a tarball
//! - [`lifecycle`]: scripts around packing and publishing
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests build worlds on the disk"))]

mod archive;
mod concerns;
pub mod conventions;
pub mod error;
mod executables;
mod fields;
pub mod gate;
pub mod lifecycle;
pub mod minimatch;
mod order;
mod overlay;
pub mod pack;
pub mod packlist;
pub mod program;
pub mod published;
mod rules;
mod unmatched_entries;

pub use conventions::{Conventions, WorkspaceContext, licences_in};
pub use error::{NpmDifference, PackError};
pub use executables::Executables;
pub use order::sort_listing;
pub use overlay::Overlay;
pub use pack::{PackRequest, PackedFile, Tarball, pack};
pub use packlist::packlist;
pub use published::{ManifestRewriteError, PublishDirectory, PublishedManifest, publish_directory, published_manifest};
