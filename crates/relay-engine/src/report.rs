//! What a run came to, as data: one line a package, and the exit code that tells the truth.

use std::collections::BTreeMap;

use relay_config::RouteKind;
use relay_values::{DistTag, RegistryUrl};
use relay_workspace::{PackageName, Version};
use serde::Serialize;

use crate::state::{Failure, How, Parked};

/// What became of one package.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It can be installed.
    Live {
        /// Published by this run, or there already.
        how: How,
    },
    /// It waits for something.
    Parked(Parked),
    /// It waits because of another package.
    Held {
        /// That package.
        by: PackageName,
    },
    /// It failed.
    Failed(Failure),
}

/// One package of the release.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PackageReport {
    /// The package.
    pub name: PackageName,
    /// Its folder relative to the workspace's root; empty for the root package.
    pub path: String,
    /// The version.
    pub version: Version,
    /// The registry.
    pub registry: RegistryUrl,
    /// The route that was really taken.
    pub route: RouteKind,
    /// Why this route.
    pub reason: String,
    /// How many uploads were sent.
    pub uploads: u32,
    /// The dist-tag.
    pub tag: DistTag,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// A whole run.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RunReport {
    /// Always `relay.report/1`.
    pub schema: &'static str,
    /// The packages, in publish order.
    pub packages: Vec<PackageReport>,
    /// How many challenges a person answered.
    pub challenges_answered: u32,
    /// The tags that were made.
    pub tags: Vec<String>,
    /// Tags that were made now of what went live since an earlier run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub made_up: Vec<String>,
    /// The remote that commits and tags were pushed to.
    pub pushed_to: Option<String>,
    /// What is good to know and no problem.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What went wrong beside the packages: tags or pushes.
    pub problems: Vec<String>,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// How a run ended, in the terms of the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// The registry agrees with the plan, or there was nothing to do.
    Done,
    /// Something waits for a person, a time or the registry.
    Parked,
    /// Some packages are out and some failed or are held.
    Partial,
    /// Nothing went out and something failed.
    Failed,
    /// The run was interrupted and parked cleanly.
    Interrupted,
}

impl RunReport {
    /// An empty report.
    pub fn new() -> Self {
        Self { schema: "relay.report/1", ..Self::default() }
    }

    /// How the run ended. Nothing but [`Ending::Done`] where a package is not live.
    pub fn ending(&self) -> Ending {
        let any = |test: &dyn Fn(&Outcome) -> bool| self.packages.iter().any(|package| test(&package.outcome));
        if any(&|outcome| matches!(outcome, Outcome::Parked(Parked::Interrupted { .. }))) {
            return Ending::Interrupted;
        }
        let live = any(&|outcome| matches!(outcome, Outcome::Live { .. }));
        if any(&|outcome| matches!(outcome, Outcome::Failed(_))) {
            return if live || any(&|outcome| matches!(outcome, Outcome::Parked(_))) {
                Ending::Partial
            } else {
                Ending::Failed
            };
        }
        if any(&|outcome| matches!(outcome, Outcome::Parked(_) | Outcome::Held { .. })) {
            return Ending::Parked;
        }
        if self.problems.is_empty() { Ending::Done } else { Ending::Failed }
    }

    /// How many packages this run uploaded.
    pub fn published(&self) -> impl Iterator<Item = &PackageReport> {
        self.packages.iter().filter(|package| matches!(package.outcome, Outcome::Live { how: How::Published }))
    }
}

/// Counts outcomes by name, for summaries.
pub fn counts(packages: &[PackageReport]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for package in packages {
        let word = match &package.outcome {
            Outcome::Live { .. } => "live",
            Outcome::Parked(_) => "parked",
            Outcome::Held { .. } => "held",
            Outcome::Failed(_) => "failed",
        };
        *counts.entry(word).or_insert(0) += 1;
    }
    counts
}
