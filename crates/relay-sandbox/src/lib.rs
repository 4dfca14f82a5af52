//! A registry on loopback that behaves like npm's public registry as far as publishing access goes.
//!
//! It serves `relay rehearse` (in the same process), `relay sandbox` (by itself at a terminal) and the tests of all
//! crates. It depends on no other crate of relay, so that it cannot share a misunderstanding with the client; its tests
//! hold it to the real npm client instead. Everything lives in memory and is gone when the [`Sandbox`] is dropped.
//!
//! # Map
//!
//! | module | what it is |
//! |---|---|
//! | [`sandbox`] | the public face: start, stop, accounts, tokens, faults, what happened |
//! | [`options`] | rules and knobs |
//! | `server`, `listener`, `exchange`, `answer`, `route` | HTTP: connections, one request, one answer, paths |
//! | `state`, `packages`, `stages`, `accounts`, `tokens`, `challenges` | what the registry knows, behind one mutex |
//! | `trusted` | trusted publishers: what a package trusts, and which identity tokens match |
//! | `access` | the pure decision: credential × publishing access × one-time password |
//! | `authorise` | carries that decision out: spends passwords, opens challenges |
//! | `refusals` | npm's own codes and texts |
//! | `document` | reads and checks a publish document |
//! | `endpoints` | one module for each family of paths |
//! | `pages` | the few HTML pages a person sees |
//! | [`faults`], [`events`], [`records`] | what tests ask for, and what they and the terminal read |
//! | `clock`, `identifiers`, `totp` | time that can be moved, chance that can be seeded, RFC 6238 |
//!
//! # What it leaves out
//!
//! The check of provenance bundles (their attachments are taken and
//! dropped); teams; codes by mail for accounts without a second factor; npm's scans of names and content, which tests
//! can stand in for by [`Sandbox::hold`] and [`Sandbox::add_fault`].
#![forbid(unsafe_code)]

mod access;
mod accounts;
mod answer;
mod authorise;
mod challenges;
mod clock;
mod credentials;
mod document;
mod endpoints;
pub mod events;
mod exchange;
pub mod faults;
mod identifiers;
mod listener;
pub mod options;
mod packages;
mod pages;
pub mod records;
mod refusals;
mod route;
pub mod sandbox;
mod server;
mod stages;
mod state;
mod tokens;
mod totp;
mod trusted;

pub use access::SandboxAccess;
pub use accounts::{NewAccount, SecondFactor};
pub use clock::Moment;
pub use credentials::CredentialUsed;
pub use events::{EventSink, SandboxEvent};
pub use faults::{Fault, FaultKind, FaultMatch};
pub use options::{InvalidOtpAnswer, PublishRate, SandboxOptions, SandboxRules, VisibilityDelay, WebOtpUse};
pub use packages::VersionEvidence;
pub use records::{CommittedUpload, ConnectionCounts, PendingChallenge, RecordedRequest};
pub use sandbox::{IdentityJob, Sandbox, SandboxError, SeedError, SeedPackage};
pub use stages::StagedUpload;
pub use tokens::TokenKind;
pub use trusted::IdentityProvider;
