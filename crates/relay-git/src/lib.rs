//! What relay asks of git: which commits touched which package since its last release, what is not committed, and the
//! commits, tags and pushes of a release.
//!
//! Reading and writing objects goes through libgit2 (git2). The `git` program is asked for what only it can do or knows: to
//! speak to remotes, because it has the person's credentials and hooks; to sign, because it knows the person's key; who
//! commits; and settings, sparse checkouts and repositories that libgit2 doesn't read. No hook runs on a commit.
//!
//! - [`repository`]: opening a repository, its head, its remote
//! - [`history`]: the commits of each package since its last release, found in one walk by comparing tree ids
//! - [`gave_version`]: which commit gave a package its version
//! - [`status`]: what differs from the head commit
//! - [`deepen`]: the history that a shallow clone lacks
//! - [`tags`], [`create_tags`], [`commit`]: what a release writes; [`locks`]: what a killed run leaves behind; [`push_release`],
//!   [`push_tags`]: how it gets to the remote; `check_push`: whether the remote would take it
//! - [`beforehand`]: whether all that could be written, tried before anything is sent; [`remote_refs`], [`remote_tags`]:
//!   what the remote has
//! - [`document`]: a small file as an object of git's, [`remote_objects`]: such objects brought here, [`compare_and_swap`]: a ref
//!   of the remote that is moved only from what it was seen to name
//! - [`glimpse`]: objects of a remote looked at and not brought here; [`merged`]: whether a branch has what another one brings
//! - `read_back`: whether what was written is there
//! - `sparse`: what a sparse checkout leaves out
//! - `promisor`: what a partial clone lacks, fetched when it is wanted
//! - `packs`: a reader of packed objects, for speed; `git_program`: the real git, for what only it can do
//! - [`aside`]: an independent twin of a repository, for rehearsals
//! - `settings`: git's settings as git sees them, and who commits; [`git_setup`]: what decides which programs git starts
//! - [`error`]: what can go wrong, in words for people
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests build worlds on the disk"))]

pub mod added;
pub mod aside;
pub mod beforehand;
mod check_push;
pub mod commit;
pub mod compare_and_swap;
pub mod create_tags;
pub mod deepen;
pub mod document;
pub mod error;
pub mod gave_version;
mod git_program;
pub mod git_setup;
pub mod glimpse;
pub mod history;
pub mod locks;
pub mod merged;
mod packs;
mod promisor;
mod push_answer;
pub mod push_release;
pub mod push_tags;
mod read_back;
mod ref_name;
pub mod remote_objects;
pub mod remote_refs;
pub mod remote_tags;
pub mod repository;
mod settings;
mod sparse;
pub mod status;
pub mod tags;
mod take_up;
#[cfg(test)]
mod testing;
pub mod unpushed;

pub use compare_and_swap::Swap;
pub use create_tags::TagToMake;
pub use document::Document;
pub use error::{GitError, PushCause};
pub use git_setup::GitSetup;
pub use glimpse::Glimpse;
pub use history::{Base, Commit, History, HistoryQuery, PackageHistory};
pub use locks::{LockFile, LockKind, LockNote, LockVerdict, Owner};
pub use push_release::{BranchPush, Hooks, RecordPush, RefPushed, ReleasePush, ReleasePushed};
pub use push_tags::{TagElsewhere, TagsPushed};
pub use remote_refs::RemoteRef;
pub use repository::{Head, Repository};
pub use tags::TagOutcome;
