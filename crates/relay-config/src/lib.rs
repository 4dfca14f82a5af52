//! The words and the settings of `relay.toml`. Pure: text in, values out.
//!
//! - [`words`]: publishing access, routes, kinds of credentials: the vocabulary of all crates above
//! - [`config`]: the file as a value; [`sections`]: its keys; `complaint`: what is wrong with it, in words
//! - [`pattern`]: patterns over package names; [`idle`]: those that match nothing; [`quantity`]: durations, sizes, days
#![forbid(unsafe_code)]

mod complaint;
pub mod config;
pub mod gate;
pub mod idle;
pub mod pattern;
mod place;
pub mod quantity;
pub mod sections;
pub mod words;

pub use config::{CONFIG_FILE_NAME, Config, ConfigError};
pub use gate::{Allowance, FindingName, GATE_FINDINGS, GateFinding, GateRules, GateSettings, Level};
pub use idle::IdlePattern;
pub use pattern::NamePatterns;
pub use quantity::{DurationText, ExpiryDate, SizeText};
pub use sections::{
    CredentialDeclaration, GitSettings, GroupKind, GroupSettings, OutsidePath, PackSettings, Policy, PublishSettings,
    RegistrySettings, ReleaseSettings, ScriptSettings, UpdateRanges,
};
pub use words::{
    Access, AccessSource, ChangeSource, CredentialKind, NpmRules, PublishingAccess, RegistryRules, ReleaseMode,
    RouteKind, WaitFor, ZeroMajor,
};
