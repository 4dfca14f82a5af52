//! How the next version is counted: by node-semver's arithmetic, in and out of the prerelease mode of changesets, and by
//! relay's own rules, where a prerelease stays one.
//!
//! In the mode of changesets a new version is the ordinary one with `-<tag>.<n>` behind it, `n` one above the package's (or
//! its group's highest) last number. On leaving it, whatever is still a prerelease is finished. relay's own rules have no
//! mode: `2.0.0-rc.1` is followed by `2.0.0-rc.2` until somebody says that it is to graduate.

use std::collections::BTreeSet;

use relay_values::Printable;
use relay_workspace::PackageName;
use semver::Version;

use crate::bump::Bump;
use crate::cascade::{Release, Releases};
use crate::change_error::ChangeError;
use crate::changesets_config::{PreMode, PreState};
use crate::participants::Participants;

/// Counts versions.
pub(crate) enum Counting {
    /// As node-semver counts: a bump finishes the prerelease that leads to it.
    Plain,
    /// In the prerelease mode of changesets.
    Mode {
        tag: String,
        /// The next prerelease number of each package, by place.
        numbers: Vec<u64>,
    },
    /// The mode is being left.
    Leaving {
        /// Above 0 for what still is a prerelease, by place.
        numbers: Vec<u64>,
    },
    /// By relay's own rules.
    Staying {
        /// The packages whose prereleases are finished, by place.
        graduates: Vec<bool>,
    },
}

impl Counting {
    /// By relay's own rules. A group has one version, so that all of it graduates with any member.
    pub(crate) fn own(participants: &Participants<'_>, graduate: &[PackageName]) -> Self {
        let mut places: BTreeSet<usize> =
            graduate.iter().filter_map(|name| participants.place_of(name.as_str())).collect();
        for group in &participants.groups {
            if group.members.iter().any(|member| places.contains(member)) {
                places.extend(&group.members);
            }
        }
        Self::Staying { graduates: (0..participants.packages.len()).map(|place| places.contains(&place)).collect() }
    }

    /// By the rules of changesets.
    pub(crate) fn changesets(participants: &Participants<'_>, state: Option<&PreState>) -> Result<Self, ChangeError> {
        let Some(state) = state else { return Ok(Self::Plain) };
        if Version::parse(&format!("0.0.0-{}.0", state.tag)).is_err() {
            let tag = Printable::name(&state.tag).into();
            return Err(ChangeError::InvalidPrereleaseTag { tag });
        }
        let mut numbers = vec![0; participants.packages.len()];
        for (place, number) in numbers.iter_mut().enumerate() {
            if let Some(package) = participants.package(place)
                && !participants.is_skipped(place)
            {
                *number = next_number(&package.name, package.version.as_ref())?;
            }
        }
        for group in &participants.groups {
            // Members that take no part in the release count here all the same.
            let mut highest = 0;
            for package in group.members.iter().filter_map(|place| participants.package(*place)) {
                highest = next_number(&package.name, package.version.as_ref())?.max(highest);
            }
            for place in &group.members {
                if let Some(number) = numbers.get_mut(*place) {
                    *number = highest;
                }
            }
        }
        Ok(match state.mode {
            PreMode::Pre => Self::Mode { tag: state.tag.clone(), numbers },
            PreMode::Exit => Self::Leaving { numbers },
        })
    }

    /// The version after a release; `None` for a package without a version.
    pub(crate) fn next(&self, place: usize, release: &Release) -> Option<Version> {
        let base = release.base.as_ref()?;
        match self {
            Self::Mode { tag, numbers } if release.bump > Bump::None => {
                let number = numbers.get(place).copied().unwrap_or(0);
                Version::parse(&format!("{}-{tag}.{number}", release.bump.next(base))).ok()
            }
            Self::Staying { graduates } if !graduates.get(place).copied().unwrap_or(false) => {
                Some(release.bump.next_prerelease(base))
            }
            _ => Some(release.bump.next(base)),
        }
    }

    /// The prereleases that are finished without any change: those that are told to graduate.
    pub(crate) fn graduates(&self, participants: &Participants<'_>) -> Vec<usize> {
        let Self::Staying { graduates } = self else { return Vec::new() };
        let is_prerelease = |place: &usize| participants.version(*place).is_some_and(|version| !version.pre.is_empty());
        let told = graduates.iter().enumerate().filter(|(_, told)| **told).map(|(place, _)| place);
        told.filter(|place| !participants.is_skipped(*place)).filter(is_prerelease).collect()
    }

    /// Finishes what is still a prerelease when the mode is left; says which packages were touched.
    pub(crate) fn finish(&self, participants: &Participants<'_>, releases: &mut Releases) -> Vec<usize> {
        let mut finished = Vec::new();
        let Self::Leaving { numbers } = self else { return finished };
        for (place, slot) in releases.iter_mut().enumerate() {
            let counted = numbers.get(place).is_some_and(|number| *number > 0);
            if participants.is_skipped(place) || !counted || slot.as_ref().is_some_and(|part| part.bump > Bump::None) {
                continue;
            }
            let base = slot.as_ref().map_or_else(|| participants.version(place).cloned(), |part| part.base.clone());
            *slot = Some(Release { bump: Bump::Patch, base, pulled_by: None });
            finished.push(place);
        }
        finished
    }
}

/// One above the number in `1.0.0-next.<number>`; 0 for a version that is no prerelease or has no number.
fn next_number(package: &PackageName, version: Option<&Version>) -> Result<u64, ChangeError> {
    let Some(version) = version else { return Ok(0) };
    match version.pre.as_str().split('.').nth(1) {
        None => Ok(0),
        Some(number) => number
            .parse::<u64>()
            .map(|number| number.saturating_add(1))
            .map_err(|_| ChangeError::UncountedPrerelease { package: package.clone(), version: version.clone() }),
    }
}
