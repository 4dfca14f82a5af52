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
    /// The dist-tag; where it is to move when all is out, see [`RunReport::promotion`].
    pub tag: DistTag,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of the dist-tag of one version that went out under a side tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum PromotionOutcome {
    /// It names the version from now on.
    Moved {
        /// What it named before; `None`: nothing.
        from: Option<String>,
    },
    /// It named it already.
    There,
    /// It names a higher version, which somebody has published meanwhile: it was left alone.
    Left {
        /// That version.
        there: Version,
    },
    /// A higher version of the same package was promoted with this one.
    Superseded,
    /// The side tag had gone: the version was promoted before, or somebody has decided otherwise.
    Settled {
        /// What the dist-tag names; `None`: nothing.
        there: Option<String>,
    },
    /// Nothing was moved, since not all of the set is out.
    Waits,
    /// A person must answer a second factor, or the registry asks for patience.
    Parked {
        /// Why, as half a sentence.
        why: String,
    },
    /// The registry refuses it, or can't be reached.
    Failed {
        /// Why.
        why: String,
    },
    /// The run was interrupted before.
    Interrupted,
}

/// The promotion of one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromotionReport {
    /// The package.
    pub name: PackageName,
    /// The version.
    pub version: Version,
    /// The registry.
    pub registry: RegistryUrl,
    /// The dist-tag.
    pub tag: DistTag,
    /// The side tag.
    pub side_tag: DistTag,
    /// What became of the dist-tag.
    #[serde(flatten)]
    pub outcome: PromotionOutcome,
    /// Why the side tag is still there though the dist-tag is where it belongs, if it is.
    pub side_tag_left: Option<SideTagLeft>,
}

/// Why a side tag is still there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(into = "String")]
pub enum SideTagLeft {
    /// The registry refuses its removal, or can't be reached.
    #[error("{why}")]
    Unremoved {
        /// Why.
        why: String,
    },
    /// The run was interrupted before.
    #[error("the run was interrupted")]
    Interrupted,
}

impl From<SideTagLeft> for String {
    fn from(left: SideTagLeft) -> Self {
        left.to_string()
    }
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
    /// The dist-tags that were to move when all is out, dependencies first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub promotion: Vec<PromotionReport>,
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

    /// How the run ended. Nothing but [`Ending::Done`] where a package is not live, or its dist-tag not where it belongs.
    pub fn ending(&self) -> Ending {
        let any_tag = |test: &dyn Fn(&PromotionReport) -> bool| self.promotion.iter().any(test);
        if any_tag(&PromotionReport::is_interrupted) {
            return Ending::Interrupted;
        }
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
        if any_tag(&|tag| matches!(tag.outcome, PromotionOutcome::Failed { .. }) || tag.side_tag_left.is_some()) {
            return Ending::Partial;
        }
        if any(&|outcome| matches!(outcome, Outcome::Parked(_) | Outcome::Held { .. }))
            || any_tag(&|tag| !tag.is_settled())
        {
            return Ending::Parked;
        }
        if self.problems.is_empty() { Ending::Done } else { Ending::Failed }
    }

    /// How many packages this run uploaded.
    pub fn published(&self) -> impl Iterator<Item = &PackageReport> {
        self.packages.iter().filter(|package| matches!(package.outcome, Outcome::Live { how: How::Published }))
    }
}

impl PromotionReport {
    /// Whether the dist-tag is where it belongs.
    pub fn is_settled(&self) -> bool {
        match &self.outcome {
            PromotionOutcome::Moved { .. }
            | PromotionOutcome::There
            | PromotionOutcome::Left { .. }
            | PromotionOutcome::Superseded
            | PromotionOutcome::Settled { .. } => true,
            PromotionOutcome::Waits
            | PromotionOutcome::Parked { .. }
            | PromotionOutcome::Failed { .. }
            | PromotionOutcome::Interrupted => false,
        }
    }

    /// Whether the run was interrupted before all was done.
    fn is_interrupted(&self) -> bool {
        self.outcome == PromotionOutcome::Interrupted || self.side_tag_left == Some(SideTagLeft::Interrupted)
    }

    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        self.is_settled() && self.side_tag_left.is_none()
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

#[cfg(test)]
mod tests;
