//! What a plan is made from: facts about packages, registries and credentials, gathered by the caller.
//!
//! Nothing here is read by this crate. A fact that nobody could find out has a value that says so
//! ([`PublishedState::Unknown`], `None`), and no rule takes it for a "no".

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use relay_change::{Bump, ReleaseCause};
use relay_config::{Access, AccessSource, CredentialKind, PublishingAccess, RegistryRules, RouteKind, WaitFor};
use relay_graph::DependencyGraph;
use relay_values::{CredentialId, DistTag, InvalidDistTag, RegistryUrl};
use relay_workspace::PackageName;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::evidence::StrongestEvidence;
use crate::finding::Finding;
use crate::release_plan::{TarballFact, VersionedPackage};
use crate::route::RouteWarning;
use crate::waiting::SeenDelay;

/// Everything that was observed at one moment.
#[derive(Debug, Clone)]
pub struct Observations<'a> {
    /// The moment. Its day in UTC decides which credentials have expired.
    pub created: jiff::Timestamp,
    /// The commit that is checked out.
    pub head: Option<String>,
    /// No registry was asked.
    pub offline: bool,
    /// A person can answer a challenge at this terminal.
    pub terminal: bool,
    /// A one-time code was given in advance.
    pub otp_given: bool,
    /// Who depends on whom, over the whole workspace.
    pub graph: &'a DependencyGraph,
    /// The packages to publish, in any order.
    pub packages: Vec<PackageObservation>,
    /// The packages that get a version and are not published, in any order.
    pub versioned: Vec<VersionedPackage>,
    /// What is to be said of how the versions were made.
    pub findings: Vec<Finding>,
    /// The packages that are left out, in any order.
    pub skipped: Vec<SkippedObservation>,
    /// What registries have of packages of the workspace that are not to be published, where that was read.
    pub left_out: BTreeMap<PackageName, PublishedState>,
    /// The name of each input (a manifest, a change file, `relay.toml`) and its digest.
    pub inputs: BTreeMap<String, String>,
    /// Whether a cycle through runtime dependencies is allowed.
    pub allow_cycles: bool,
    /// When dependents are sent.
    pub wait_for: WaitFor,
    /// The command that builds the repository before packing.
    pub build: Option<String>,
    /// Whether everything goes out under a side tag, and dist-tags move when the whole set can be installed.
    pub promote_last: bool,
    /// The side tag of a promotion that is under way.
    pub side_tag: Option<DistTag>,
    /// How long registries took to show versions, where that was seen.
    pub delays: BTreeMap<RegistryUrl, SeenDelay>,
}

/// What is known of one package that is to be published.
#[derive(Debug, Clone)]
pub struct PackageObservation {
    /// Its name.
    pub name: PackageName,
    /// Its folder relative to the workspace root, with `/`; empty for the root package.
    pub path: String,
    /// The version in its manifest.
    pub current: Version,
    /// The version to publish.
    pub next: Version,
    /// How far it moves.
    pub bump: Bump,
    /// Why it is released.
    pub causes: Vec<ReleaseCause>,
    /// The registry.
    pub registry: RegistryUrl,
    /// What names that registry, for people; `None`: nothing, so that it is npm's default.
    pub registry_source: Option<String>,
    /// Whose rules that registry follows.
    pub rules: RegistryRules,
    /// The dist-tag, where a flag, the manifest or the configuration says one.
    pub tag: Option<DistTag>,
    /// What says a dist-tag and says none, where that is so: nothing else counts then.
    pub refused_tag: Option<InvalidDistTag>,
    /// Whether the command line says the dist-tag: what it says is meant.
    pub tag_by_flag: bool,
    /// Who may read it, where something says so.
    pub access: Option<Access>,
    /// What the registry has.
    pub published: PublishedState,
    /// Its publishing access, where it is declared or learnt.
    pub publishing_access: Option<(PublishingAccess, AccessSource)>,
    /// What it was learnt from, where it was learnt and that is remembered.
    pub learnt_from: Option<Lesson>,
    /// The routes that a policy allows, best first; `None`: any.
    pub allowed_routes: Option<Vec<RouteKind>>,
    /// The credentials that cover it on its registry, best first.
    pub credentials: Vec<CredentialFact>,
    /// What kept credentials from being found, each as half a sentence.
    pub credential_problems: Vec<String>,
    /// Whether its registry trusts the job that this is.
    pub trusted: TrustedFact,
    /// The events after an upload that it has scripts for which publish something themselves.
    pub scripts_that_publish: Vec<String>,
    /// The strongest evidence that versions have that count beside the next one, where they were looked at and one has any.
    pub strongest_evidence: Option<StrongestEvidence>,
    /// Whether a provenance statement goes along with the upload.
    pub provenance: bool,
    /// Why the next version may show less evidence than an earlier one; `None`: it may not.
    pub trust_downgrade_because: Option<String>,
    /// Scripts that it would run wherever it is installed, where the version before runs none and the gate minds that.
    pub new_install_script: Option<NewInstallScript>,
    /// What is known to go wrong, or may, when it is packed.
    pub packing: Vec<Finding>,
    /// What is odd about it for other reasons, told as warnings.
    pub remarks: Vec<RouteWarning>,
    /// Its tarball, where it is already packed.
    pub tarball: Option<TarballFact>,
}

/// Whether a registry trusts the job that relay runs in to publish a package.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TrustedFact {
    /// It was not asked: this is no job of a service that npm's registry can trust, or no package's business here.
    #[default]
    NotAsked,
    /// It gave a token for the package, which was thrown away.
    Matches,
    /// There is no token for the package.
    Fails {
        /// Why, as half a sentence without the package's name.
        why: String,
        /// Something here says that there should be one: the job asks for an identity, or was meant to.
        help: String,
    },
}

/// The refusal that taught a publishing access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lesson {
    /// The day, in UTC.
    pub on: Date,
    /// Where the credential that was refused came from, never the credential.
    pub credential: String,
}

/// A credential as a plan may know it: never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialFact {
    /// Which it is. No two credentials of a package have one id.
    pub id: CredentialId,
    /// What kind it is said to be.
    pub kind: CredentialKind,
    /// The last day on which it is good, where that is declared.
    pub expires: Option<Date>,
    /// When it met a 2FA challenge at this package, tried as a token that bypasses 2FA.
    pub challenged_on: Option<Date>,
}

impl CredentialFact {
    /// Says whether nothing rules out that it is a token that bypasses 2FA at this package.
    pub(crate) fn may_be_a_bypass_token(&self) -> bool {
        self.kind == CredentialKind::Unknown && self.challenged_on.is_none()
    }
}

/// Scripts that a package runs wherever it is installed, and did not before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInstallScript {
    /// The events: `preinstall`, `install`, `postinstall`.
    pub events: Vec<&'static str>,
    /// The version before, which has none.
    pub before: Version,
    /// Whether the gate forbids it, and doesn't only tell.
    pub forbidden: bool,
}

/// What the registry has of a package.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PublishedState {
    /// Nobody asked.
    #[default]
    Unknown,
    /// The registry does not know the name.
    Absent,
    /// The registry knows it.
    Present {
        /// All versions.
        versions: BTreeSet<Version>,
        /// Those of them that are deprecated.
        deprecated: BTreeSet<Version>,
        /// Where the tag `latest` points.
        latest: Option<Version>,
        /// Where all its dist-tags point.
        tags: BTreeMap<DistTag, Version>,
        /// The version to publish is already live.
        next_is_there: bool,
    },
}

/// A package that is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedObservation {
    /// Its name.
    pub name: PackageName,
    /// Why.
    pub reason: SkipReason,
}

/// Why a package is left out of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// `"private": true`.
    Private,
    /// Its manifest has no version.
    NoVersion,
    /// The configuration ignores it.
    Ignored,
    /// Nothing changed since its last release.
    NotChanged,
    /// The registry already has its version.
    AlreadyPublished,
    /// A filter leaves it out.
    NotSelected,
}

impl PublishedState {
    /// Says whether the registry knows the package; `None`: nobody asked.
    pub fn exists(&self) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::Absent => Some(false),
            Self::Present { .. } => Some(true),
        }
    }
}

impl SkipReason {
    /// The word in a plan.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::NoVersion => "no-version",
            Self::Ignored => "ignored",
            Self::NotChanged => "not-changed",
            Self::AlreadyPublished => "already-published",
            Self::NotSelected => "not-selected",
        }
    }

    /// What a person reads.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::NoVersion => "without a version",
            Self::Ignored => "ignored by the configuration",
            Self::NotChanged => "not changed",
            Self::AlreadyPublished => "already published",
            Self::NotSelected => "left out by the filter",
        }
    }
}
