//! The npm registry's wire protocol, client side: configuration, reading, publishing, two-factor, refusals.
//!
//! Requests are built and answers read by pure functions over bytes; [`client`] alone sends. Nothing here shows a
//! secret: tokens live in [`Credential`] and [`Otp`], addresses are shown through [`DisplayUrl`], and every text of a
//! registry is cleaned before it is kept.
//!
//! - [`url`]: the registry's address, escaping of names, addresses fit to be shown
//! - [`npmrc`]: `.npmrc` files and `npm_config_*` to registries and credentials
//! - [`manager_settings`]: what pnpm, yarn and bun say of registries in files of their own
//! - [`credential`]: secrets and the addresses they belong to
//! - [`packument`]: what a registry knows of a package
//! - [`document`]: the body of a publish, as npm sends it
//! - [`write`](mod@write), [`publish`], [`challenge`]: a write as a value and the answers to it; an upload as a write;
//!   two-factor challenges
//! - [`login`], [`profile`]: logging in; the account of a session
//! - [`tokens`]: an account's tokens, and what a new one is to be
//! - [`identity`]: the identity of a job in CI, which trusted publishing exchanges for a token
//! - [`refusal`]: a registry's no, classified and explained from one table
//! - [`read`]: the errors of reading
//! - [`client`]: the one part that sends
#![forbid(unsafe_code)]

mod answer;
pub mod challenge;
pub mod client;
pub mod credential;
pub mod document;
mod headers;
pub mod identity;
pub mod login;
pub mod manager_settings;
pub mod npmrc;
pub mod packument;
pub mod profile;
pub mod publish;
pub mod read;
pub mod refusal;
mod retry_after;
pub mod stage;
pub mod tokens;
pub mod url;
pub mod write;

pub use ::url::Url;
pub use relay_values::struck_out;

pub use challenge::{Challenge, PollAnswer, WebChallenge};
pub use client::{
    ClientError, ClientOptions, ExchangeError, NameAndPassword, PAUSE_KEPT_MAX, PAUSE_WAITED_MAX, ReadRetry,
    RegistryClient,
};
pub use credential::{AuthScheme, Credential, InvalidOtp, Otp, UnusableCredential, fresh_salt};
pub use document::{DocumentError, DocumentInput, publish_document};
pub use identity::{CiService, IdToken, IdentitySource, NoIdentity};
pub use login::{LoginError, LoginPoll, LoginStart, NameLogin, WebLogin};
pub use manager_settings::{ManagerFile, ManagerSettingsError};
pub use npmrc::{
    ConfigSources, NamedRegistry, NetworkSettings, NpmConfig, NpmConfigError, NpmSetting, NpmrcFile, RegistryChoice,
};
pub use packument::{
    CannotUnpublish, NotTheDocument, Packument, PackumentAnswer, PackumentForm, PublishedVersion, WholePackument,
};
pub use profile::{Profile, TwoFactor};
pub use publish::PublishRequest;
pub use read::ReadError;
pub use refusal::{Explanation, Refusal, RefusalClass, RefusalCode, explain};
pub use stage::{InvalidStageId, StageId, StagedVersion};
pub use tokens::{
    CreatedToken, READ_TOKEN_DAYS_DEFAULT, TOKEN_ORGS_MAX, TOKEN_PACKAGES_MAX, TokenCover, TokenEntry, TokenList,
    TokenPermission, TokenWish, WRITE_TOKEN_DAYS_DEFAULT, WRITE_TOKEN_DAYS_MAX,
};
pub use url::{DisplayUrl, InvalidRegistryUrl, RegistryUrl, default_registry, escaped_name};
pub use write::{Accepted, NpmCommand, WriteError, WriteMethod, WriteRequest};
