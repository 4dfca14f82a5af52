//! What a plan is made from, as values.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use relay_change::{Bump, ReleaseCause};
use relay_config::{Access, AccessSource, CredentialKind, PublishingAccess, RegistryRules, RouteKind};
use relay_graph::DependencyGraph;
use relay_workspace::{Integrity, PackageName, Shasum, Version};
use serde::{Deserialize, Serialize};

/// What is known of a credential; never the credential itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialFact {
    /// What kind it is.
    pub kind: CredentialKind,
    /// Where it comes from, such as "environment variable `NPM_TOKEN_UI`".
    pub source: String,
    /// The last day on which it is good, where that is known.
    pub expires: Option<Date>,
}

/// What the registry has of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishedState {
    /// Nobody asked.
    Unknown,
    /// Nothing, as far as the credential may see.
    Absent,
    /// Some versions.
    Present {
        /// All of them.
        versions: BTreeSet<Version>,
        /// The one under `latest`.
        latest: Option<Version>,
        /// Whether the version to be published is among them.
        next_is_there: bool,
    },
}

/// A tarball that was made already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TarballFact {
    /// Its integrity.
    pub integrity: Integrity,
    /// Its shasum.
    pub shasum: Shasum,
    /// Its size, in bytes.
    pub size: u64,
    /// The size of its files, in bytes.
    pub unpacked: u64,
    /// How many files it has.
    pub files: usize,
}

/// One package that is to be released.
#[derive(Debug, Clone, PartialEq)]
pub struct PackageObservation {
    /// Its name.
    pub name: PackageName,
    /// Its folder, relative to the root.
    pub path: String,
    /// The version in the manifest.
    pub current: Version,
    /// The version that is published.
    pub next: Version,
    /// How much it moves.
    pub bump: Bump,
    /// Why it is released.
    pub causes: Vec<ReleaseCause>,
    /// Its registry.
    pub registry: String,
    /// Whose rules the registry follows.
    pub rules: RegistryRules,
    /// The dist-tag that flag, manifest or settings ask for.
    pub tag: Option<String>,
    /// The access that flag, manifest or settings ask for.
    pub access: Option<Access>,
    /// What the registry has.
    pub published: PublishedState,
    /// Its publishing access, where it is declared or learnt.
    pub publishing_access: Option<(PublishingAccess, AccessSource)>,
    /// The closed list of routes that a policy allows, best first.
    pub allowed_routes: Option<Vec<RouteKind>>,
    /// The credentials that cover it on its registry, best first.
    pub credentials: Vec<CredentialFact>,
    /// What stands in the way of a credential.
    pub credential_problems: Vec<String>,
    /// The tarball, where it was made already.
    pub tarball: Option<TarballFact>,
}

/// Why a package takes no part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// It is private.
    Private,
    /// It has no version.
    NoVersion,
    /// `release.ignore` names it.
    Ignored,
    /// Nothing asks for a release of it.
    NotChanged,
    /// The registry has its version.
    AlreadyPublished,
    /// `--filter` leaves it out.
    NotSelected,
}

impl SkipReason {
    /// The reason in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::NoVersion => "no version",
            Self::Ignored => "ignored",
            Self::NotChanged => "not changed",
            Self::AlreadyPublished => "already published",
            Self::NotSelected => "not selected",
        }
    }
}

/// A package that takes no part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedObservation {
    /// Its name.
    pub name: PackageName,
    /// Why.
    pub reason: SkipReason,
}

/// Everything that a plan is made from.
#[derive(Debug, Clone)]
pub struct Observations<'a> {
    /// When it was observed.
    pub created: Timestamp,
    /// The commit that HEAD is at.
    pub head: Option<String>,
    /// Whether no registry was asked.
    pub offline: bool,
    /// Whether a person can answer challenges now.
    pub terminal: bool,
    /// Whether a one-time password was given beforehand.
    pub otp_given: bool,
    /// The dependency graph.
    pub graph: &'a DependencyGraph,
    /// The packages to be released, in any order.
    pub packages: Vec<PackageObservation>,
    /// The packages that take no part.
    pub skipped: Vec<SkippedObservation>,
    /// Digests of what was read, by name; they go into the fingerprint.
    pub inputs: BTreeMap<String, String>,
    /// Whether cycles through runtime dependencies are allowed.
    pub allow_cycles: bool,
}
