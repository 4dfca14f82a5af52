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
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;
    use crate::fixture::{name, registry};

    fn package(outcome: Outcome) -> PackageReport {
        PackageReport {
            name: name("a"),
            path: String::new(),
            version: Version::new(1, 0, 0),
            registry: registry(),
            route: RouteKind::Token,
            reason: String::new(),
            uploads: 1,
            tag: DistTag::latest(),
            outcome,
        }
    }

    fn promotion(outcome: PromotionOutcome, side_tag_left: bool) -> PromotionReport {
        PromotionReport {
            name: name("a"),
            version: Version::new(1, 0, 0),
            registry: registry(),
            tag: DistTag::latest(),
            side_tag: "side".parse().unwrap(),
            outcome,
            side_tag_left: side_tag_left.then(|| SideTagLeft::Unremoved { why: "no".to_owned() }),
        }
    }

    fn report(outcomes: Vec<Outcome>, promotion: Vec<PromotionReport>) -> RunReport {
        RunReport { packages: outcomes.into_iter().map(package).collect(), promotion, ..RunReport::new() }
    }

    fn live(how: How) -> Outcome {
        Outcome::Live { how }
    }

    fn waits() -> Outcome {
        Outcome::Parked(Parked::Person { why: String::new() })
    }

    fn stopped() -> Outcome {
        Outcome::Parked(Parked::Interrupted { in_flight: false, accepted: false })
    }

    fn held() -> Outcome {
        Outcome::Held { by: name("b") }
    }

    fn failed() -> Outcome {
        Outcome::Failed(Failure::Unreachable { cause: String::new() })
    }

    fn moved() -> PromotionOutcome {
        PromotionOutcome::Moved { from: None }
    }

    #[test]
    fn the_ending_is_the_worst_that_is_true_of_the_run() {
        let (out, there) = (|| live(How::Published), || live(How::AlreadyThere));
        let broken = |why: &str| PromotionOutcome::Failed { why: why.to_owned() };
        for (why, outcomes, promotion, ending) in [
            ("nothing to do", vec![], vec![], Ending::Done),
            ("all is out", vec![out(), there()], vec![], Ending::Done),
            ("one waits", vec![out(), waits()], vec![], Ending::Parked),
            ("one is held by one that waits", vec![waits(), held()], vec![], Ending::Parked),
            ("one failed of two", vec![out(), failed()], vec![], Ending::Partial),
            ("one failed, one may still go out", vec![failed(), waits()], vec![], Ending::Partial),
            ("none went out", vec![failed(), held()], vec![], Ending::Failed),
            ("stopped, whatever failed", vec![out(), failed(), stopped()], vec![], Ending::Interrupted),
            ("the tags are where they belong", vec![out()], vec![promotion(moved(), false)], Ending::Done),
            ("a side tag is left", vec![out()], vec![promotion(moved(), true)], Ending::Partial),
            ("a tag did not move", vec![out()], vec![promotion(broken("no"), false)], Ending::Partial),
            ("tags wait", vec![out()], vec![promotion(PromotionOutcome::Waits, false)], Ending::Parked),
            (
                "stopped at the tags",
                vec![out()],
                vec![promotion(PromotionOutcome::Interrupted, false)],
                Ending::Interrupted,
            ),
        ] {
            assert_eq!(report(outcomes, promotion).ending(), ending, "{why}");
        }
        let problems = vec!["the tags could not be pushed".to_owned()];
        assert_eq!(RunReport { problems, ..report(vec![out()], vec![]) }.ending(), Ending::Failed);
    }

    fn outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            Just(live(How::Published)),
            Just(live(How::AlreadyThere)),
            Just(waits()),
            Just(stopped()),
            Just(held()),
            Just(failed()),
        ]
    }

    fn tag() -> impl Strategy<Value = PromotionReport> {
        let outcome = prop_oneof![
            Just(moved()),
            Just(PromotionOutcome::There),
            Just(PromotionOutcome::Left { there: Version::new(2, 0, 0) }),
            Just(PromotionOutcome::Superseded),
            Just(PromotionOutcome::Settled { there: None }),
            Just(PromotionOutcome::Waits),
            Just(PromotionOutcome::Parked { why: String::new() }),
            Just(PromotionOutcome::Failed { why: String::new() }),
            Just(PromotionOutcome::Interrupted),
        ];
        (outcome, any::<bool>()).prop_map(|(outcome, left)| promotion(outcome, left))
    }

    proptest! {
        #[test]
        fn done_is_said_of_what_is_all_live_and_where_it_belongs_and_of_nothing_else_in_whatever_order(
            outcomes in prop::collection::vec(outcome(), 0..6),
            tags in prop::collection::vec(tag(), 0..4),
            problem in any::<bool>(),
            at in any::<Index>(),
        ) {
            let mut run = report(outcomes, tags);
            run.problems.extend(problem.then(String::new));
            let is_done = run.packages.iter().all(|package| matches!(package.outcome, Outcome::Live { .. }))
                && run.promotion.iter().all(PromotionReport::is_done)
                && !problem;
            prop_assert_eq!(run.ending() == Ending::Done, is_done);
            prop_assert_eq!(counts(&run.packages).values().sum::<usize>(), run.packages.len());
            let ending = run.ending();
            if !run.packages.is_empty() {
                let middle = at.index(run.packages.len());
                run.packages.rotate_left(middle);
                run.promotion.reverse();
                prop_assert_eq!(run.ending(), ending);
            }
        }
    }

    #[test]
    fn what_was_there_already_was_not_published_by_this_run() {
        let run = report(vec![live(How::Published), live(How::AlreadyThere), waits()], vec![]);
        assert_eq!(run.published().count(), 1);
    }
}
