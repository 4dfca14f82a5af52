//! A package folder to the tarball npm would make: the uncompressed tar is equal byte for byte.
//!
//! The judge is the real npm 11.19 (npm-packlist, ignore-walk, minimatch, pacote, tar), which the tests run.
//!
//! - [`minimatch`]: npm's pattern language
//! - [`packlist`](mod@packlist): which files go in, in which order
//! - `archive`: the tar and its compression
//! - [`pack`](mod@pack): both together, a [`Tarball`] from a folder
//! - [`Overlay`]: files as they will be, laid over those on disk
//! - [`published`]: the manifest that goes in, `workspace:` and `catalog:` resolved
//! - [`gate`]: what must not be in a tarball
//! - [`lifecycle`]: scripts around packing and publishing
#![forbid(unsafe_code)]

mod archive;
pub mod error;
mod fields;
pub mod gate;
pub mod lifecycle;
pub mod minimatch;
mod order;
mod overlay;
pub mod pack;
pub mod packlist;
pub mod published;
mod rules;
mod unmatched_entries;

pub use error::PackError;
pub use overlay::Overlay;
pub use pack::{PackRequest, PackedFile, Tarball, WorkspaceContext, pack};
pub use packlist::packlist;
pub use published::{ManifestRewriteError, PublishDirectory, PublishedManifest, publish_directory, published_manifest};
pub use unmatched_entries::{is_pattern, unmatched_entries};
