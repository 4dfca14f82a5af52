//! Promotion: everything goes out at once under a side tag, and the dist-tags move when the whole set can be installed.
//!
//! What is installed without naming a version stays the old set until the new one is whole (`npm-registry.md`, 9).

use relay_config::RegistryRules;
use relay_values::DistTag;
use relay_workspace::PackageName;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::observation::{PackageObservation, PublishedState};

/// How every side tag begins.
pub const SIDE_TAG_BEGIN: &str = "relay-";

/// How many digits of the plan's id a side tag has.
const ID_DIGITS: usize = 12;

/// How many challenges a package of a person's costs at the end, at most: its tag moves, and its side tag goes.
pub(crate) const CHALLENGES_PER_MOVE: usize = 2;

/// The promotion of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    /// The dist-tag under which the packages go out: named after the plan's id, or that of the earlier run that is gone on with.
    pub side_tag: DistTag,
    /// The dist-tags that move at the end, in publish order.
    pub moved: Vec<PlannedMove>,
    /// New packages, in publish order: npm's registry gives a new name `latest` at once, whatever tag is sent. Those that are to
    /// have no other tag go out as they are.
    pub latest_at_once: Vec<PackageName>,
}

/// A dist-tag that moves at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedMove {
    /// The package.
    pub name: PackageName,
    /// The dist-tag.
    pub tag: DistTag,
    /// The version that it names before; `None`: none, or nobody asked.
    pub from: Option<Version>,
    /// The version that it names afterwards.
    pub to: Version,
}

impl Promotion {
    /// The promotion of these packages, which come in publish order; still without the name that its side tag gets.
    pub(crate) fn of(packages: &[&PackageObservation], side_tag: DistTag) -> Self {
        let moved = packages.iter().filter(|package| moves(package)).map(|package| planned_move(package)).collect();
        let new = packages.iter().filter(|package| gets_latest_at_once(package)).map(|package| package.name.clone());
        Self { side_tag, moved, latest_at_once: new.collect() }
    }

    /// The move of a package's dist-tag at the end; `None`: it has its tag from its upload on.
    pub fn move_of(&self, name: &PackageName) -> Option<&PlannedMove> {
        self.moved.iter().find(|planned| planned.name == *name)
    }
}

/// The side tag of a plan: it begins with letters and has no dot, so that nobody takes it for a version or a range.
pub(crate) fn side_tag(plan_id: &str) -> DistTag {
    let digits = plan_id.rsplit('-').next().unwrap_or_default();
    let digits = digits.get(..ID_DIGITS).unwrap_or(digits);
    DistTag::parse(&format!("{SIDE_TAG_BEGIN}{digits}"))
        .expect("letters, a hyphen and hexadecimal digits are a dist-tag")
}

/// Whether a dist-tag is one under which relay sent a release before its own dist-tags moved.
pub fn is_side_tag(tag: &DistTag) -> bool {
    let digits = tag.as_str().strip_prefix(SIDE_TAG_BEGIN);
    digits.is_some_and(|digits| digits.len() == ID_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Whether a package's dist-tag moves at the end.
pub(crate) fn moves(package: &PackageObservation) -> bool {
    !(gets_latest_at_once(package) && tag(package).is_latest())
}

fn gets_latest_at_once(package: &PackageObservation) -> bool {
    package.rules == RegistryRules::Npm && package.published == PublishedState::Absent
}

fn planned_move(package: &PackageObservation) -> PlannedMove {
    let tag = tag(package);
    let from = match &package.published {
        PublishedState::Present { tags, .. } => tags.get(&tag).cloned(),
        PublishedState::Unknown | PublishedState::Absent => None,
    };
    PlannedMove { name: package.name.clone(), tag, from, to: package.next.clone() }
}

fn tag(package: &PackageObservation) -> DistTag {
    package.tag.clone().unwrap_or_else(DistTag::latest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_tag_is_a_dist_tag_whatever_the_digest() {
        for id in ["sha256-e3b0c44298fc1c149afb", "sha256-000000000000", "sha256-123456789012345", "sha256-"] {
            let tag = side_tag(id);
            assert!(tag.as_str().starts_with(SIDE_TAG_BEGIN), "{tag}");
        }
        let tag = side_tag("sha256-e3b0c44298fc1c149afb");
        assert_eq!(tag.as_str(), "relay-e3b0c44298fc");
        assert!(is_side_tag(&tag));
        for other in ["latest", "relay-next", "relay-e3b0c44298fx", "e3b0c44298fc"] {
            assert!(!is_side_tag(&DistTag::parse(other).unwrap()), "{other}");
        }
    }
}
