//! The plan of bumps: which packages move to which versions, why, and which ranges follow them.

use std::collections::BTreeMap;
use std::fmt;

use relay_workspace::{DependencyKind, PackageName, Specifier};
use semver::Version;
use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::bump::Bump;
use crate::commits::CommitNote;
use crate::demand::Demand;

/// What `relay version` will write. Everything is sorted, so that the same inputs in any order give the same plan.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct BumpPlan {
    /// The packages that get a new version, sorted by name.
    pub bumps: Vec<PlannedBump>,
    /// The ranges that change in the manifests of the workspace's packages, sorted by package, kind and dependency.
    pub ranges: Vec<RangeRewrite>,
    /// The ranges that change in the root manifest, where the root is not itself a package of the workspace.
    pub root_ranges: Vec<RootRangeRewrite>,
    /// The catalog entries that change (never with the rules of changesets).
    pub catalogs: Vec<CatalogRewrite>,
    /// The ids of the change files that are used up, sorted. In the prerelease mode of changesets they are moved to
    /// `.changeset/pre/` instead of being deleted.
    pub consumed: Vec<String>,
    /// The prerelease mode of changesets ends with this step, whether or not a package is left to be finished:
    /// `.changeset/pre.json` goes.
    pub ends_prerelease_mode: bool,
    /// What else the changelogs say of the packages in `bumps`.
    pub notes: BTreeMap<PackageName, ReleaseNotes>,
}

/// One package's new version.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PlannedBump {
    /// The package.
    pub name: PackageName,
    /// Its version as it stands.
    pub current: Version,
    /// Its new version.
    pub next: Version,
    /// How much it moves; in a group counted from the group's highest version.
    pub bump: Bump,
    /// Why: never empty.
    pub causes: Vec<ReleaseCause>,
}

/// Why a package is released. Serialised as `{"kind", "id", "text"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReleaseCause {
    /// A commit.
    Commit {
        /// Its full id.
        id: String,
        /// Its subject.
        text: String,
    },
    /// A change file; also `.changeset/pre.json`, under the id `pre.json`, where the end of the prerelease mode is the cause.
    ChangeFile {
        /// Its id.
        id: String,
        /// The first line of its text.
        text: String,
    },
    /// A dependency moves out of the range in the manifest.
    Dependency {
        /// The dependency.
        name: PackageName,
        /// Its version before.
        from: Version,
        /// Its version afterwards.
        to: Version,
        /// The specifier as written.
        range: String,
    },
    /// A peer dependency gets a minor or major release, which is a major one for its dependents in changesets 2.
    PeerDependency {
        /// The dependency.
        name: PackageName,
        /// Its version before.
        from: Version,
        /// Its version afterwards.
        to: Version,
        /// The specifier as written.
        range: String,
    },
    /// The package belongs to a group of which another member is released.
    Group {
        /// That member.
        with: PackageName,
    },
    /// Its prerelease is finished because somebody asked for it.
    Graduation,
    /// The registry does not have the version that the manifest says.
    Unpublished,
}

/// One range that changes in a package's manifest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct RangeRewrite {
    /// The package whose manifest it is.
    pub package: PackageName,
    /// The map in the manifest.
    pub kind: DependencyKind,
    /// The key in that map.
    pub dependency: String,
    /// The text before.
    pub from: String,
    /// The text afterwards.
    pub to: String,
}

/// One range that changes in the root manifest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct RootRangeRewrite {
    /// The map in the manifest.
    pub kind: DependencyKind,
    /// The key in that map.
    pub dependency: String,
    /// The text before.
    pub from: String,
    /// The text afterwards.
    pub to: String,
}

/// One catalog entry that changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct CatalogRewrite {
    /// The catalog; `None` is the default one.
    pub catalog: Option<String>,
    /// The key in it.
    pub dependency: String,
    /// The text before.
    pub from: String,
    /// The text afterwards.
    pub to: String,
}

/// What a changelog says beside the texts of the change files.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct ReleaseNotes {
    /// The commits that ask for the release, in the order in which they were given.
    pub commits: Vec<CommitNote>,
    /// The dependencies that this release takes up, with their new versions, sorted by name.
    pub updated: Vec<(PackageName, Version)>,
}

impl BumpPlan {
    /// The bump of a package, if it gets one.
    pub fn bump_of(&self, name: &PackageName) -> Option<&PlannedBump> {
        self.bumps.binary_search_by(|bump| bump.name.cmp(name)).ok().and_then(|at| self.bumps.get(at))
    }

    /// Says whether nothing would be written.
    pub fn is_empty(&self) -> bool {
        self.bumps.is_empty()
            && self.ranges.is_empty()
            && self.root_ranges.is_empty()
            && self.catalogs.is_empty()
            && self.consumed.is_empty()
            && !self.ends_prerelease_mode
    }
}

impl ReleaseCause {
    /// The word in a plan.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Commit { .. } => "commit",
            Self::ChangeFile { .. } => "change-file",
            Self::Dependency { .. } | Self::PeerDependency { .. } => "dependency",
            Self::Group { .. } => "group",
            Self::Graduation => "graduation",
            Self::Unpublished => "unpublished",
        }
    }

    /// What the cause is about: a commit, a change file, a package; empty where the kind says it all.
    pub fn id(&self) -> &str {
        match self {
            Self::Commit { id, .. } | Self::ChangeFile { id, .. } => id,
            Self::Dependency { name, .. } | Self::PeerDependency { name, .. } | Self::Group { with: name } => {
                name.as_str()
            }
            Self::Graduation | Self::Unpublished => "",
        }
    }
}

impl fmt::Display for ReleaseCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commit { text, .. } | Self::ChangeFile { text, .. } => f.write_str(text),
            Self::Dependency { name, from, to, range } if range == "workspace:*" => {
                write!(f, "`{name}` goes from {from} to {to}, and `{range}` is published as exactly one version")
            }
            Self::Dependency { name, from, to, range } if still_accepts(range, from, to) => {
                write!(f, "`{name}` goes from {from} to {to}, which `{range}` follows")
            }
            Self::Dependency { name, from, to, range } => {
                write!(f, "`{name}` goes from {from} to {to}, which leaves `{range}`")
            }
            Self::PeerDependency { name, from, to, range } => write!(
                f,
                "`{name}` goes from {from} to {to} and is its peer dependency (`{range}`), which makes it major by the \
                 rules of changesets 2"
            ),
            Self::Group { with } => write!(f, "is released together with `{with}`"),
            Self::Graduation => f.write_str("its prerelease is to graduate"),
            Self::Unpublished => f.write_str("the registry does not have this version"),
        }
    }
}

/// Says whether a dependent would go on accepting the dependency, and is released only because ranges are kept up to date.
fn still_accepts(range: &str, from: &Version, to: &Version) -> bool {
    let demand = Demand::of(&Specifier::parse(range), None);
    !matches!(demand, Demand::Anything | Demand::Never) && !demand.is_left_by(from, to)
}

impl Serialize for ReleaseCause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("ReleaseCause", 3)?;
        fields.serialize_field("kind", self.kind())?;
        fields.serialize_field("id", self.id())?;
        fields.serialize_field("text", &self.to_string())?;
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_three_fields_in_a_plan() {
        let cause = ReleaseCause::Dependency {
            name: PackageName::parse("@acme/core").unwrap(),
            from: Version::new(1, 0, 0),
            to: Version::new(2, 0, 0),
            range: "^1.0.0".to_owned(),
        };
        assert_eq!(
            serde_json::to_value(&cause).unwrap(),
            serde_json::json!({
                "kind": "dependency",
                "id": "@acme/core",
                "text": "`@acme/core` goes from 1.0.0 to 2.0.0, which leaves `^1.0.0`",
            })
        );
    }
}
