//! What a plan of bumps is made from.

use std::collections::BTreeMap;

use relay_graph::DependencyGraph;
use relay_workspace::{PackageName, Workspace};

use crate::bump::Bump;
use crate::change_file::ChangeFile;
use crate::changesets_config::ChangesetsConfig;
use crate::commits::PackageCommit;

/// How versions are made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangeSettings {
    /// All packages share one version and are released together.
    pub mode_fixed: bool,
    /// Groups whose members are all released as soon as one is.
    pub fixed: Vec<Vec<PackageName>>,
    /// Groups whose released members get the same version.
    pub linked: Vec<Vec<PackageName>>,
    /// Packages that are never released.
    pub ignore: Vec<PackageName>,
    /// Whether private packages get versions.
    pub version_private: bool,
    /// Whether change files count.
    pub use_change_files: bool,
    /// Whether commits count. changesets itself reads none: where [`ChangeSettings::changesets`] is set, this is for whoever
    /// asks for them in so many words.
    pub use_commits: bool,
    /// Whether ranges that still accept the new version are rewritten too.
    pub always_update_ranges: bool,
    /// What commits ask for below 1.0.0.
    pub zero_major: ZeroMajor,
    /// Whether the lines of a squashed branch in a commit's body count.
    pub squash_bodies: bool,
    /// Packages whose prereleases are to be finished; any other prerelease goes on as one.
    pub graduate: Vec<PackageName>,
    /// The repo's `.changeset/config.json`: with it, versions and ranges are those that `changeset version` makes. Its
    /// groups and ignored names come on top of those above; `version_private` and `always_update_ranges` are then
    /// without effect.
    pub changesets: Option<ChangesetsConfig>,
}

/// What a breaking change and a feature mean for a version below 1.0.0. It is about commits only: a change file says in
/// so many words which number moves, and is the way to 1.0.0. In a release group the version that counts is the group's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ZeroMajor {
    /// A breaking change moves the second number like a feature, as in lerna and nx.
    #[default]
    Minor,
    /// A breaking change moves the second number, a feature the third.
    Shift,
    /// As above 1.0.0.
    Major,
}

/// Everything that decides about the bumps.
#[derive(Debug, Clone, Copy)]
pub struct ChangeInputs<'a> {
    /// The packages.
    pub workspace: &'a Workspace,
    /// Who depends on whom.
    pub graph: &'a DependencyGraph,
    /// The change files, in any order.
    pub change_files: &'a [ChangeFile],
    /// The commits since each package's last release.
    pub commits: &'a BTreeMap<PackageName, Vec<PackageCommit>>,
    /// How versions are made.
    pub settings: &'a ChangeSettings,
}

impl ZeroMajor {
    /// The bump that a commit means for a package of that major version.
    pub fn apply(self, bump: Bump, major: u64) -> Bump {
        match (self, major, bump) {
            (Self::Minor | Self::Shift, 0, Bump::Major) => Bump::Minor,
            (Self::Shift, 0, Bump::Minor) => Bump::Patch,
            _ => bump,
        }
    }
}
