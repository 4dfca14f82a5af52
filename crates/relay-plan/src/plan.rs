//! The plan as a value: `relay.plan/1`.

use jiff::Timestamp;
use relay_change::{Bump, ReleaseCause};
use relay_config::{Access, AccessSource, PublishingAccess};
use relay_workspace::{PackageName, Version};
use serde::{Deserialize, Serialize};

use crate::observation::TarballFact;
use crate::route::Route;

/// The schema's name in plan files.
pub const PLAN_SCHEMA: &str = "relay.plan/1";
/// The largest plan file that is read, in bytes.
pub const PLAN_FILE_SIZE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Everything that will be done, as data. Two plans of the same observations are equal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReleasePlan {
    /// Always [`PLAN_SCHEMA`].
    pub schema: String,
    /// A digest of the plan's content without its time.
    pub id: String,
    /// When it was made.
    pub created: Timestamp,
    /// What it was made from.
    pub fingerprint: Fingerprint,
    /// Who is needed.
    pub humans: Humans,
    /// The packages: by wave, then the longest chain of dependents first, then by name.
    pub packages: Vec<PlannedPackage>,
    /// The names in waves: what stands in one wave depends on nothing else in it.
    pub waves: Vec<Vec<PackageName>>,
    /// The packages that take no part.
    pub skipped: Vec<Skipped>,
    /// What must be put right first, and what is worth knowing.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

/// A digest of what a plan was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The commit that HEAD was at.
    pub head: Option<String>,
    /// A digest of manifests, change files and settings: `sha256-…`.
    pub inputs: String,
}

/// Who is needed, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Humans {
    /// In how many stretches.
    pub sittings: u32,
    /// How many challenges at the most.
    pub challenges: usize,
    /// The packages that need a person, in publish order.
    pub packages: Vec<PackageName>,
}

/// One package of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedPackage {
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
    pub reasons: Vec<Reason>,
    /// Its registry.
    pub registry: String,
    /// The dist-tag.
    pub tag: String,
    /// The access, where something says one.
    pub access: Option<Access>,
    /// Its publishing access.
    pub publishing_access: PublishingAccess,
    /// Where that is known from.
    pub publishing_access_source: AccessSource,
    /// How its upload is authorised.
    pub route: Route,
    /// What must be out before it, among the packages of this plan.
    pub depends_on: Vec<PackageName>,
    /// Its wave, from 1.
    pub wave: usize,
    /// Its sitting, from 1, where it needs a person.
    pub sitting: Option<u32>,
    /// Its tarball, where it was made already.
    pub tarball: Option<TarballFact>,
}

/// Why a package is released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// `commit`, `change-file`, `dependency`, `group` or `unpublished`.
    pub kind: String,
    /// A commit, a change file, a package; empty where the kind says it all.
    pub id: String,
    /// In words.
    pub text: String,
}

/// A package that takes no part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Its name.
    pub name: PackageName,
    /// Why, in words.
    pub reason: String,
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is done before it is put right.
    Error,
    /// Worth knowing.
    Warning,
}

/// One complaint of the preflight.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// The package it is about.
    pub package: Option<PackageName>,
    /// What is wrong.
    pub text: String,
    /// What to do.
    pub help: Option<String>,
}

/// A plan file that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// It is no JSON, or no plan.
    #[error("the plan file can't be read: {0}")]
    Json(#[from] serde_json::Error),
    /// It has another schema.
    #[error("the plan file has the schema `{found}`; this relay reads `relay.plan/1`")]
    Schema {
        /// The schema it has.
        found: String,
    },
    /// It is larger than any plan.
    #[error("the plan file is larger than {PLAN_FILE_SIZE_BYTES_MAX} bytes")]
    TooLarge,
}

impl ReleasePlan {
    /// Says whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    /// One package of the plan.
    pub fn package(&self, name: &PackageName) -> Option<&PlannedPackage> {
        self.packages.iter().find(|package| package.name == *name)
    }

    /// Says whether something must be put right before anything is done.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// Reads a plan file. Unknown fields are passed over.
    ///
    /// # Errors
    /// [`PlanFileError`] says what is wrong with it.
    pub fn from_json(text: &str) -> Result<Self, PlanFileError> {
        if text.len() > PLAN_FILE_SIZE_BYTES_MAX {
            return Err(PlanFileError::TooLarge);
        }
        let value: serde_json::Value = serde_json::from_str(text)?;
        let schema = value.get("schema").and_then(serde_json::Value::as_str).unwrap_or_default();
        if schema != PLAN_SCHEMA {
            return Err(PlanFileError::Schema { found: schema.chars().take(60).collect() });
        }
        Ok(serde_json::from_value(value)?)
    }

    /// The plan as JSON, with a final line break.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a plan has string keys and finite numbers only");
        text.push('\n');
        text
    }
}

impl From<&ReleaseCause> for Reason {
    fn from(cause: &ReleaseCause) -> Self {
        Self { kind: cause.kind().to_owned(), id: cause.id().to_owned(), text: cause.to_string() }
    }
}
