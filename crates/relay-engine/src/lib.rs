//! Carries a release out: reads the repository, has a plan made, writes versions, packs, publishes, tags.
//!
//! - [`release`]: a release as a value that goes from step to step; everything below serves its steps
//! - [`account`]: a person's account at a registry: login, sessions, second factor
//! - [`approve`]: what is staged for a release, approved or rejected
//! - [`authority`]: by whose right a package is written to
//! - [`project`], [`session`], [`observe`]: what is read, and the plan made from it
//! - [`left_out`]: packages that a sparse checkout leaves out
//! - [`publish_settings`]: npm's own settings about a publish
//! - [`pull_request`]: whether a CI works on a change that is only proposed
//! - [`versioning`], [`freeze`], [`conventions`]: the tree's new versions; scripts and tarballs; whose habits packing follows
//! - [`published_before`]: the versions before those that go out, and what was in their tarballs
//! - [`tarball_preview`], [`packing_ahead`]: tarballs made beforehand, in memory: for a plan or dry run; while registries are asked
//! - [`state`], [`machine`]: one package's way as data, and the reducer that decides what is done next (pure)
//! - [`git_calls`]: git as a release needs it
//! - [`prepared_upload`], [`registry_calls`], [`driver`], [`publish`]: carries effects out, and reports
//! - [`registry_change`]: what a write to a registry changes, as data
//! - [`registry_writes`]: writes beside uploads, one after the other
//! - [`second_factor`]: the second factor of a run, for any write to a registry (pure)
//! - [`undo`]: what is done about a release that should not be out
//! - [`status`]: how a repository stands, read only
//! - [`tag_listeners`]: whether workflows start from pushed tags
//! - [`finish`], [`owed`], [`report`]: tags and pushes, those that earlier runs owe too; what the run came to
//! - [`run_options`]: what a run was asked for, so that whoever goes on with it asks for the same
//! - [`event`], [`run_state`], [`journal`], [`learnt`], [`state_folder`]: the one stream of events, what it comes to, and what is remembered of it
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests build worlds on the disk"))]

pub mod account;
pub mod agreed_settings;
pub mod approve;
pub mod authority;
pub mod conventions;
pub mod doctor;
pub mod driver;
pub mod event;
pub mod finish;
#[cfg(test)]
mod fixture;
pub mod freeze;
pub mod git_calls;
pub mod journal;
pub mod learnt;
pub mod left_out;
pub mod machine;
pub mod observe;
pub mod owed;
pub mod packing_ahead;
pub mod prepared_upload;
pub mod project;
pub mod promotion;
pub mod publish;
pub mod publish_settings;
pub mod published_before;
pub mod pull_request;
pub mod registry_calls;
pub mod registry_change;
pub mod registry_writes;
pub mod release;
pub mod report;
pub mod run_options;
pub mod run_state;
pub mod second_factor;
pub mod session;
pub mod state;
pub mod state_folder;
pub mod status;
pub mod tag_listeners;
pub mod tarball_preview;
pub mod undo;
pub mod versioning;
