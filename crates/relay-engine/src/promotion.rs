//! Dist-tags that move when a whole release can be installed: what is still to be done, from what a registry shows. Pure.
//!
//! The side tag is the evidence: a version that it names is still to be promoted, whatever journal and record say of it, and
//! relay takes it away last. So a run that was killed anywhere is gone on with from the dist-tags alone.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use relay_plan::PlannedMove;
use relay_values::{DistTag, RegistryUrl};
use relay_workspace::{PackageName, Version};
use serde::{Deserialize, Serialize};

use crate::release::record::VersionKey;

/// A package's dist-tags as its registry writes them: each tag, and the version that it names.
pub type DistTags = BTreeMap<String, String>;

/// How a version is promoted, as journal and record keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedPromotion {
    /// The dist-tag that is to name it.
    pub tag: DistTag,
    /// The one under which it goes out.
    pub side_tag: DistTag,
    /// The version that `tag` named when the release was planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Version>,
    /// Whether that is done, and the side tag is gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub done: bool,
}

/// A version whose dist-tag is to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The registry.
    pub registry: RegistryUrl,
    /// The package.
    pub name: PackageName,
    /// The version.
    pub version: Version,
    /// How it is promoted.
    pub promotion: RecordedPromotion,
    /// Whether this run uploaded it. Then it has its side tag, even where the registry does not show that yet.
    pub sent_now: bool,
}

/// What is to become of a dist-tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagMove {
    /// It is to name the version.
    Move {
        /// What it names; `None`: nothing.
        from: Option<String>,
    },
    /// It names it already.
    There,
    /// It names a higher version, which somebody has published meanwhile: it is left alone (invariant I8).
    Higher {
        /// That version.
        there: Version,
    },
    /// A higher version of the same package is promoted with this one.
    Superseded,
    /// The side tag does not name the version any more: it was promoted before, or somebody has taken it away. What they want
    /// the tag to name is theirs to say.
    Settled {
        /// What it names; `None`: nothing.
        there: Option<String>,
    },
}

impl RecordedPromotion {
    /// What is kept of a planned move.
    pub fn of(planned: &PlannedMove, side_tag: &DistTag) -> Self {
        Self { tag: planned.tag.clone(), side_tag: side_tag.clone(), from: planned.from.clone(), done: false }
    }
}

impl Candidate {
    /// What tells its version from others.
    pub fn key(&self) -> VersionKey {
        (self.registry.clone(), self.name.clone(), self.version.clone())
    }

    /// What is to become of its dist-tag, from the dist-tags that its package has.
    pub fn judge(&self, tags: &DistTags, superseded: bool) -> TagMove {
        let RecordedPromotion { tag, side_tag, from, .. } = &self.promotion;
        let there = tags.get(tag.as_str());
        if there.is_some_and(|there| *there == self.version.to_string()) {
            return TagMove::There;
        }
        if superseded {
            return TagMove::Superseded;
        }
        // One that was there when the release was planned was looked at then: the command line may say that it is meant.
        if let Some(higher) = there.and_then(|text| Version::parse(text).ok())
            && higher.cmp_precedence(&self.version) == Ordering::Greater
            && from.as_ref() != Some(&higher)
        {
            return TagMove::Higher { there: higher };
        }
        if !self.sent_now && !self.is_named_by(side_tag, tags) {
            return TagMove::Settled { there: there.cloned() };
        }
        TagMove::Move { from: there.cloned() }
    }

    /// Whether its side tag is still to go.
    pub fn has_side_tag(&self, tags: &DistTags) -> bool {
        self.is_named_by(&self.promotion.side_tag, tags)
    }

    fn is_named_by(&self, tag: &DistTag, tags: &DistTags) -> bool {
        tags.get(tag.as_str()).is_some_and(|there| *there == self.version.to_string())
    }
}

/// The versions that go out together with a higher one of the same package: their dist-tag is moved by that one.
pub fn superseded(candidates: &[Candidate]) -> BTreeSet<VersionKey> {
    let is_lower = |one: &&Candidate| {
        candidates.iter().any(|other| {
            (&other.registry, &other.name, &other.promotion.tag) == (&one.registry, &one.name, &one.promotion.tag)
                && other.version.cmp_precedence(&one.version) == Ordering::Greater
        })
    };
    let mut by_package: BTreeMap<(&RegistryUrl, &PackageName), usize> = BTreeMap::new();
    for one in candidates {
        *by_package.entry((&one.registry, &one.name)).or_default() += 1;
    }
    let has_others = |one: &&Candidate| by_package.get(&(&one.registry, &one.name)).is_some_and(|count| *count > 1);
    candidates.iter().filter(has_others).filter(is_lower).map(Candidate::key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(version: &str, from: Option<&str>) -> Candidate {
        Candidate {
            registry: "http://registry.example/".parse().unwrap(),
            name: PackageName::parse("a").unwrap(),
            version: Version::parse(version).unwrap(),
            promotion: RecordedPromotion {
                tag: DistTag::latest(),
                side_tag: DistTag::parse("relay-1").unwrap(),
                from: from.map(|text| Version::parse(text).unwrap()),
                done: false,
            },
            sent_now: false,
        }
    }

    fn tags(all: &[(&str, &str)]) -> DistTags {
        all.iter().map(|(tag, version)| ((*tag).to_owned(), (*version).to_owned())).collect()
    }

    fn moves(from: &str) -> TagMove {
        TagMove::Move { from: Some(from.to_owned()) }
    }

    #[test]
    fn what_the_side_tag_names_is_to_be_promoted() {
        let one = candidate("1.1.0", Some("1.0.0"));
        let all = tags(&[("latest", "1.0.0"), ("relay-1", "1.1.0")]);
        assert_eq!(one.judge(&all, false), moves("1.0.0"));
        assert!(one.has_side_tag(&all));
        let all = tags(&[("relay-1", "1.1.0")]);
        assert_eq!(one.judge(&all, false), TagMove::Move { from: None });
        let all = tags(&[("latest", "1.1.0"), ("relay-1", "1.1.0")]);
        assert_eq!(one.judge(&all, false), TagMove::There);
        assert!(one.has_side_tag(&all), "killed before the side tag went");
        assert_eq!(one.judge(&all, true), TagMove::There);
    }

    #[test]
    fn latest_never_moves_backward_unless_that_was_planned() {
        let side = ("relay-1", "1.1.0");
        for (there, from, expected) in [
            ("2.0.0", Some("1.0.0"), TagMove::Higher { there: Version::new(2, 0, 0) }),
            ("1.1.1-rc.1", None, TagMove::Higher { there: Version::parse("1.1.1-rc.1").unwrap() }),
            ("2.0.0", Some("2.0.0"), moves("2.0.0")),
            ("2.1.0", Some("2.0.0"), TagMove::Higher { there: Version::new(2, 1, 0) }),
            ("1.1.0-rc.1", Some("1.0.0"), moves("1.1.0-rc.1")),
            ("what is this", Some("1.0.0"), moves("what is this")),
        ] {
            let one = candidate("1.1.0", from);
            assert_eq!(one.judge(&tags(&[("latest", there), side]), false), expected, "{there} {from:?}");
        }
    }

    #[test]
    fn without_its_side_tag_a_version_was_promoted_before_or_given_up() {
        let one = candidate("1.1.0", Some("1.0.0"));
        for gone in [tags(&[("latest", "1.0.0")]), tags(&[("latest", "1.0.0"), ("relay-1", "1.0.5")])] {
            assert_eq!(one.judge(&gone, false), TagMove::Settled { there: Some("1.0.0".to_owned()) });
            assert!(!one.has_side_tag(&gone));
            // What this run has sent has one, though a cache may not show it yet.
            let sent = Candidate { sent_now: true, ..one.clone() };
            assert_eq!(sent.judge(&gone, false), moves("1.0.0"));
        }
    }

    #[test]
    fn of_two_versions_of_a_package_the_higher_one_moves_the_tag() {
        let (low, high) = (candidate("1.1.0", None), candidate("1.2.0", None));
        let other_tag = Candidate {
            promotion: RecordedPromotion { tag: DistTag::parse("next").unwrap(), ..low.promotion.clone() },
            ..candidate("1.0.0", None)
        };
        let all = [low.clone(), high.clone(), other_tag];
        assert_eq!(superseded(&all), BTreeSet::from([low.key()]));
        let there = tags(&[("latest", "1.0.0"), ("relay-1", "1.1.0")]);
        assert_eq!(low.judge(&there, true), TagMove::Superseded);
        assert!(low.has_side_tag(&there));
    }

    #[test]
    fn a_kept_promotion_is_read_again() {
        let one = candidate("1.1.0", Some("1.0.0")).promotion;
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(text, r#"{"tag":"latest","side_tag":"relay-1","from":"1.0.0"}"#);
        assert_eq!(serde_json::from_str::<RecordedPromotion>(&text).unwrap(), one);
    }
}
