//! The plan as a value: what goes out, in which order, by which route, and who is needed for it.
//!
//! The field order is that of the file format `relay.plan/1`; `docs/plan.schema.json` describes it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use relay_change::{Bump, ReleaseCause};
use relay_config::{Access, AccessSource, PublishingAccess, RouteKind};
use relay_values::{DistTag, RegistryUrl};
use relay_workspace::{Integrity, PackageName, Shasum};
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::evidence::PlannedEvidence;
use crate::finding::{Finding, Severity};
use crate::observation::{Lesson, SkipReason};
use crate::promotion::Promotion;
use crate::waiting::Waiting;

/// What the `schema` field of a plan says.
pub const PLAN_SCHEMA: &str = "relay.plan/1";

/// A release plan.
///
/// `packages` are in publish order: by wave; within a wave those with the longest chain of dependents first, since the
/// whole release waits for them; then by name. The same observations in any order give the same plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleasePlan {
    /// [`PLAN_SCHEMA`].
    pub schema: String,
    /// A digest of everything but itself, `created` and `waiting`: two plans that do the same have the same id.
    pub id: String,
    /// When it was made.
    pub created: Timestamp,
    /// No registry was asked, so that what is already published is unknown.
    #[serde(default)]
    pub offline: bool,
    /// What it was made from.
    pub fingerprint: Fingerprint,
    /// Who is needed and how often.
    pub humans: Humans,
    /// What it costs to wait for the registries, by the way in which a release waits; `None` where nothing is waited for more than
    /// once.
    #[serde(default)]
    pub waiting: Option<Waiting>,
    /// The command that builds the repository after the version step and before packing (`build` under `[release]`), unless scripts
    /// are left out; `None`: none.
    #[serde(default)]
    pub build: Option<String>,
    /// How dist-tags move when the whole set can be installed (`--promote-last`); `None`: each version has its tag from its upload
    /// on.
    #[serde(default)]
    pub promotion: Option<Promotion>,
    /// The packages to publish, in publish order.
    pub packages: Vec<PlannedPackage>,
    /// The names wave by wave, each wave in the order of `packages`.
    pub waves: Vec<Vec<PackageName>>,
    /// The packages that get a version and are not published, sorted by name: private ones, and those that a filter leaves
    /// out.
    #[serde(default)]
    pub versioned: Vec<VersionedPackage>,
    /// The packages that are left out, sorted by name.
    pub skipped: Vec<SkippedPackage>,
    /// What preflight found: errors first, then by package in publish order. Errors forbid to publish.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

/// What a plan was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The commit that was checked out.
    pub head: Option<String>,
    /// The digest of all inputs.
    pub inputs: String,
    /// The digest of each input, so that drift can be named.
    #[serde(default)]
    pub parts: BTreeMap<String, String>,
}

/// The people's share of a release.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Humans {
    /// How often somebody has to sit down; moving dist-tags at the end is one more time.
    pub sittings: usize,
    /// How many challenges have to be answered at most: one a package, and two more for each whose dist-tag moves at the end.
    pub challenges: usize,
    /// The packages that need a person, in publish order.
    pub packages: Vec<PackageName>,
}

/// One package to publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPackage {
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
    pub reasons: Vec<Reason>,
    /// The registry.
    pub registry: RegistryUrl,
    /// What names that registry: a setting and its file, a flag or a variable; `None`: nothing, so that it is npm's default.
    #[serde(default)]
    pub registry_source: Option<String>,
    /// The dist-tag.
    pub tag: DistTag,
    /// Who may read it, where something says so.
    pub access: Option<Access>,
    /// Who may publish it.
    pub publishing_access: PublishingAccess,
    /// Where that is known from.
    pub publishing_access_source: AccessSource,
    /// The refusal that taught it, where it was learnt and that is remembered.
    #[serde(default)]
    pub publishing_access_lesson: Option<Lesson>,
    /// How its upload is authorised.
    pub route: PlannedRoute,
    /// What earlier versions show of how they were published and what this one will show; `None`: none of them shows anything,
    /// or they were not looked at.
    #[serde(default)]
    pub evidence: Option<PlannedEvidence>,
    /// The packages of this release that it waits for, sorted by name.
    pub depends_on: Vec<PackageName>,
    /// Its wave, from 1.
    pub wave: usize,
    /// The sitting in which a person sends it, from 1; `None` where it needs nobody.
    pub sitting: Option<usize>,
    /// Its tarball, where that is known before it is made for good; publishing then sends these bytes or nothing.
    pub tarball: Option<TarballFact>,
}

/// A package that gets a version and is not published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionedPackage {
    /// Its name.
    pub name: PackageName,
    /// Its folder relative to the workspace root, with `/`; empty for the root package.
    pub path: String,
    /// The version in its manifest.
    pub current: Version,
    /// The version that is written.
    pub next: Version,
    /// How far it moves.
    pub bump: Bump,
    /// Why it gets a version.
    pub reasons: Vec<Reason>,
}

/// Why a package is released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// `commit`, `change-file`, `dependency`, `group` or `unpublished`.
    pub kind: String,
    /// The commit, change file or package that is the cause; may be empty.
    pub id: String,
    /// The cause in words.
    pub text: String,
}

/// A package's route as the plan keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedRoute {
    /// How the upload is authorised.
    pub kind: RouteKind,
    /// Why it is this route: one sentence without a final period.
    pub reason: String,
    /// What would change it, where it is blocked or needs a person.
    pub fix: Option<String>,
    /// Where the credential comes from that is used.
    #[serde(default)]
    pub credential: Option<String>,
}

/// A frozen tarball.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TarballFact {
    /// Its integrity.
    pub integrity: Integrity,
    /// Its shasum.
    pub shasum: Shasum,
    /// Its size, in bytes.
    pub size: u64,
    /// The size of the files in it, in bytes.
    pub unpacked: u64,
    /// How many files it has.
    pub files: usize,
}

/// A package that is left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SkippedPackage {
    /// Its name.
    pub name: PackageName,
    /// Why.
    pub reason: SkipReason,
}

impl ReleasePlan {
    /// Says whether there is nothing to publish.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    /// Says whether no version is written and nothing is published.
    pub fn changes_nothing(&self) -> bool {
        self.packages.is_empty() && self.versioned.is_empty()
    }

    /// A package of the plan.
    pub fn package(&self, name: &PackageName) -> Option<&PlannedPackage> {
        self.packages.iter().find(|package| &package.name == name)
    }

    /// The plan with what is known of its tarballs; the id follows, since these bytes are part of what is agreed on.
    #[must_use]
    pub fn with_tarballs(mut self, facts: &BTreeMap<PackageName, TarballFact>) -> Self {
        for package in &mut self.packages {
            package.tarball = facts.get(&package.name).cloned();
        }
        self.id = self.content_id();
        self
    }

    /// Says whether preflight found what forbids to publish.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }
}

impl From<&ReleaseCause> for Reason {
    fn from(cause: &ReleaseCause) -> Self {
        Self { kind: cause.kind().to_owned(), id: cause.id().to_owned(), text: cause.to_string() }
    }
}
