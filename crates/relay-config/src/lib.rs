//! The words and the settings of `relay.toml`. Pure: text in, values out.
//!
//! - [`words`]: publishing access, routes, kinds of credentials: the vocabulary of all crates above
//! - [`config`]: the file as a value
//! - [`pattern`]: patterns over package names
#![forbid(unsafe_code)]

pub mod config;
pub mod pattern;
pub mod words;

pub use config::{
    CONFIG_FILE_NAME, Config, ConfigError, CredentialDeclaration, DurationText, ExpiryDate, GateRule, GateSettings,
    GroupKind, GroupSettings, Policy, PublishSettings, RegistrySettings, ReleaseSettings, SizeText, UpdateRanges,
};
pub use pattern::NamePatterns;
pub use words::{
    Access, AccessSource, ChangeSource, CredentialKind, PublishingAccess, RegistryRules, ReleaseMode, RouteKind,
    WaitFor,
};
