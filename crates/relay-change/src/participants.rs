//! Who takes part in a release: the workspace's packages by place, those that never move, and the release groups.

use std::collections::{BTreeMap, BTreeSet};

use relay_workspace::{PackageName, WorkspacePackage};
use semver::Version;

use crate::change_error::ChangeError;
use crate::changesets_config::ChangesetsConfig;
use crate::name_globs::matching;
use crate::settings::{ChangeInputs, ChangeSettings};

/// The packages, named by their place in the workspace's sorted list.
pub(crate) struct Participants<'a> {
    pub(crate) packages: &'a [WorkspacePackage],
    /// Packages that never get a version, by place.
    skipped: Vec<bool>,
    by_name: BTreeMap<&'a str, usize>,
    pub(crate) groups: Vec<Group>,
    group_of: BTreeMap<usize, usize>,
}

/// A release group.
pub(crate) struct Group {
    /// All members are released as soon as one is; else only the released ones share a version.
    pub(crate) fixed: bool,
    pub(crate) members: Vec<usize>,
    /// The greatest version of the group, from which its next version is counted.
    pub(crate) highest: Option<Version>,
    /// The member that has it; the first of several.
    pub(crate) holder: Option<usize>,
}

impl<'a> Participants<'a> {
    pub(crate) fn new(inputs: &ChangeInputs<'a>) -> Result<Self, ChangeError> {
        let packages = inputs.workspace.packages.as_slice();
        let settings = inputs.settings;
        let by_name = packages.iter().enumerate().map(|(place, package)| (package.name.as_str(), place)).collect();
        let skipped = skipped(packages, settings);
        let mut participants = Self { packages, skipped, by_name, groups: Vec::new(), group_of: BTreeMap::new() };
        if let Some(config) = &settings.changesets
            && config.private_packages.tag
            && !config.private_packages.version
        {
            return Err(ChangeError::PrivateTagsWithoutVersions);
        }
        participants.groups = participants.release_groups(settings);
        for (at, group) in participants.groups.iter().enumerate() {
            for place in &group.members {
                if participants.group_of.insert(*place, at).is_some()
                    && let Some(package) = participants.package(*place)
                {
                    return Err(ChangeError::InTwoGroups { package: package.name.clone() });
                }
            }
        }
        Ok(participants)
    }

    pub(crate) fn place_of(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn package(&self, place: usize) -> Option<&'a WorkspacePackage> {
        self.packages.get(place)
    }

    pub(crate) fn version(&self, place: usize) -> Option<&'a Version> {
        self.packages.get(place).and_then(|package| package.version.as_ref())
    }

    /// The version from which the package's next one is counted: its group's, where it has one.
    pub(crate) fn counted_from(&self, place: usize) -> Option<&Version> {
        let group = self.group_of(place).and_then(|at| self.groups.get(at));
        group.and_then(|group| group.highest.as_ref()).or(self.version(place))
    }

    /// The place of the package's group in the list of groups.
    pub(crate) fn group_of(&self, place: usize) -> Option<usize> {
        self.group_of.get(&place).copied()
    }

    pub(crate) fn is_skipped(&self, place: usize) -> bool {
        self.skipped.get(place).copied().unwrap_or(true)
    }

    fn release_groups(&self, settings: &ChangeSettings) -> Vec<Group> {
        if settings.mode_fixed {
            let all = (0..self.packages.len()).filter(|place| !self.is_skipped(*place)).collect();
            return vec![self.group(true, all, settings)];
        }
        let mut groups = Vec::new();
        for (fixed, named) in [(true, &settings.fixed), (false, &settings.linked)] {
            for names in named {
                let members: BTreeSet<usize> = names.iter().filter_map(|name| self.place_of(name.as_str())).collect();
                groups.push(self.group(fixed, members.into_iter().collect(), settings));
            }
        }
        if let Some(config) = &settings.changesets {
            for (fixed, patterns) in [(true, &config.fixed), (false, &config.linked)] {
                for patterns in patterns {
                    let names = matching(self.packages, |package| package.name.as_str(), patterns);
                    let members =
                        names.into_iter().filter_map(|package| self.place_of(package.name.as_str())).collect();
                    groups.push(self.group(fixed, members, settings));
                }
            }
        }
        groups
    }

    fn group(&self, fixed: bool, members: Vec<usize>, settings: &ChangeSettings) -> Group {
        // changesets counts from the highest version of all members, relay from that of those that can be released.
        let counted = |place: &&usize| settings.changesets.is_some() || !self.is_skipped(**place);
        let versions = members.iter().filter(counted).filter_map(|place| Some((*place, self.version(*place)?)));
        // The last of equals is taken, so the list is walked from its end.
        let highest = versions.rev().max_by(|(_, a), (_, b)| a.cmp_precedence(b));
        let (holder, highest) = highest.map(|(place, version)| (place, version.clone())).unzip();
        Group { fixed, members, highest, holder }
    }
}

fn skipped(packages: &[WorkspacePackage], settings: &ChangeSettings) -> Vec<bool> {
    let mut ignored: BTreeSet<&PackageName> = settings.ignore.iter().collect();
    if let Some(ChangesetsConfig { ignore, .. }) = &settings.changesets {
        let matched = matching(packages, |package| package.name.as_str(), ignore);
        ignored.extend(matched.into_iter().map(|package| &package.name));
    }
    let version_private =
        settings.changesets.as_ref().map_or(settings.version_private, |config| config.private_packages.version);
    packages
        .iter()
        .map(|package| {
            ignored.contains(&package.name) || (package.private && !version_private) || package.version.is_none()
        })
        .collect()
}
