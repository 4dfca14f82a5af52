//! How the next version is counted, in and out of the prerelease mode of changesets.
//!
//! In the mode a new version is the ordinary one with `-<tag>.<n>` behind it, `n` one above the package's (or its group's
//! highest) last number. On leaving it, whatever is still a prerelease is finished.

use relay_workspace::PackageName;
use semver::Version;

use crate::bump::Bump;
use crate::cascade::{Release, Releases};
use crate::change_error::ChangeError;
use crate::changesets_config::{PreMode, PreState};
use crate::participants::Participants;

/// Counts versions.
pub(crate) struct Counting {
    /// The tag, in prerelease mode.
    tag: Option<String>,
    /// Whether the mode is being left.
    leaving: bool,
    /// The next prerelease number of each package, by place; empty outside of the mode.
    numbers: Vec<u64>,
}

impl Counting {
    pub(crate) fn new(participants: &Participants<'_>, state: Option<&PreState>) -> Result<Self, ChangeError> {
        let Some(state) = state else {
            return Ok(Self { tag: None, leaving: false, numbers: Vec::new() });
        };
        if Version::parse(&format!("0.0.0-{}.0", state.tag)).is_err() {
            let tag = state.tag.chars().take(80).map(|c| if c.is_control() { ' ' } else { c }).collect();
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
        let leaving = state.mode == PreMode::Exit;
        Ok(Self { tag: (!leaving).then(|| state.tag.clone()), leaving, numbers })
    }

    /// The version after a release; `None` for a package without a version.
    pub(crate) fn next(&self, place: usize, release: &Release) -> Option<Version> {
        let base = release.base.as_ref()?;
        let next = release.bump.next(base);
        match &self.tag {
            Some(tag) if release.bump > Bump::None => {
                let number = self.numbers.get(place).copied().unwrap_or(0);
                Version::parse(&format!("{next}-{tag}.{number}")).ok()
            }
            _ => Some(next),
        }
    }

    /// Finishes what is still a prerelease when the mode is left; says which packages were touched.
    pub(crate) fn finish(&self, participants: &Participants<'_>, releases: &mut Releases) -> Vec<usize> {
        let mut finished = Vec::new();
        if !self.leaving {
            return finished;
        }
        for (place, slot) in releases.iter_mut().enumerate() {
            let counted = self.numbers.get(place).is_some_and(|number| *number > 0);
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
