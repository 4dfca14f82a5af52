//! How much a version moves, and the arithmetic of moving it.
//!
//! The arithmetic is that of node-semver's `inc` (seen in semver 7), because both changesets and npm count with it: a
//! prerelease is *finished* by a bump that it already leads to, so `1.0.0-beta.1` with a patch is `1.0.0`.

use std::fmt;

use semver::{BuildMetadata, Prerelease, Version};
use serde::{Deserialize, Serialize};

/// How much a version moves. The order is that of the weight: the highest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bump {
    /// The version stays.
    #[default]
    None,
    /// The third number.
    Patch,
    /// The second number.
    Minor,
    /// The first number.
    Major,
}

impl Bump {
    /// The word that change files, plans and messages use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }

    /// Reads one of the four words.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::None, Self::Patch, Self::Minor, Self::Major].into_iter().find(|bump| bump.as_str() == word)
    }

    /// The version that follows. Build metadata is dropped, and a prerelease is finished where the bump leads to it.
    ///
    /// A number that can't grow any more stays; [`crate::plan_bumps`] refuses to plan such a release.
    ///
    /// ```
    /// # use relay_change::Bump;
    /// let beta = "1.0.0-beta.1".parse().unwrap();
    /// assert_eq!(Bump::Patch.next(&beta).to_string(), "1.0.0");
    /// ```
    #[must_use]
    pub fn next(self, version: &Version) -> Version {
        let finishes_prerelease = !version.pre.is_empty();
        let grown = |number: u64, already: bool| if already { number } else { number.saturating_add(1) };
        let (major, minor, patch) = (version.major, version.minor, version.patch);
        let (major, minor, patch) = match self {
            Self::None => return version.clone(),
            Self::Patch => (major, minor, grown(patch, finishes_prerelease)),
            Self::Minor => (major, grown(minor, finishes_prerelease && patch == 0), 0),
            Self::Major => (grown(major, finishes_prerelease && minor == 0 && patch == 0), 0, 0),
        };
        Version { major, minor, patch, pre: Prerelease::EMPTY, build: BuildMetadata::EMPTY }
    }

    /// The prerelease that follows a prerelease: the next one of the version that it leads to already, or the first one
    /// of a higher version, as lerna counts them.
    ///
    /// ```
    /// # use relay_change::Bump;
    /// let candidate = "1.0.1-rc.3".parse().unwrap();
    /// assert_eq!(Bump::Patch.next_prerelease(&candidate).to_string(), "1.0.1-rc.4");
    /// assert_eq!(Bump::Minor.next_prerelease(&candidate).to_string(), "1.1.0-rc.0");
    /// ```
    #[must_use]
    pub fn next_prerelease(self, version: &Version) -> Version {
        let next = self.next(version);
        if self == Self::None || version.pre.is_empty() {
            return next;
        }
        let same = (next.major, next.minor, next.patch) == (version.major, version.minor, version.patch);
        let pre = if same { following(version.pre.as_str()) } else { first_of(version.pre.as_str()) };
        // Parts of a prerelease and a number make a prerelease again.
        Version { pre: Prerelease::new(&pre).unwrap_or_default(), ..next }
    }
}

/// `rc.1` becomes `rc.2`, `rc` becomes `rc.0`: the last number goes up, as in node-semver.
fn following(pre: &str) -> String {
    let mut parts: Vec<String> = pre.split('.').map(str::to_owned).collect();
    match parts.iter_mut().rev().find_map(|part| Some((part.parse::<u64>().ok()?, part))) {
        Some((number, part)) => *part = number.saturating_add(1).to_string(),
        None => parts.push("0".to_owned()),
    }
    parts.join(".")
}

/// `rc.7` becomes `rc.0`.
fn first_of(pre: &str) -> String {
    let words = pre.split('.').take_while(|part| part.parse::<u64>().is_err());
    words.chain(["0"]).collect::<Vec<_>>().join(".")
}

impl fmt::Display for Bump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(version: &str, patch: &str, minor: &str, major: &str) {
        let version = Version::parse(version).unwrap();
        let next = |bump: Bump| bump.next(&version).to_string();
        assert_eq!([next(Bump::Patch), next(Bump::Minor), next(Bump::Major)], [patch, minor, major], "{version}");
        assert_eq!(Bump::None.next(&version), version);
    }

    #[test]
    fn counts_as_node_semver_does() {
        check("1.2.3", "1.2.4", "1.3.0", "2.0.0");
        check("0.0.0", "0.0.1", "0.1.0", "1.0.0");
        check("1.2.3+build", "1.2.4", "1.3.0", "2.0.0");
        check("1.0.0-beta.1", "1.0.0", "1.0.0", "1.0.0");
        check("1.2.0-beta.1", "1.2.0", "1.2.0", "2.0.0");
        check("1.2.3-beta.1", "1.2.3", "1.3.0", "2.0.0");
    }

    #[track_caller]
    fn check_prerelease(version: &str, patch: &str, minor: &str, major: &str) {
        let version = Version::parse(version).unwrap();
        let next = |bump: Bump| bump.next_prerelease(&version).to_string();
        assert_eq!([next(Bump::Patch), next(Bump::Minor), next(Bump::Major)], [patch, minor, major], "{version}");
        assert_eq!(Bump::None.next_prerelease(&version), version);
    }

    #[test]
    fn a_prerelease_is_followed_as_lerna_does() {
        check_prerelease("2.0.0-rc.1", "2.0.0-rc.2", "2.0.0-rc.2", "2.0.0-rc.2");
        check_prerelease("2.1.0-rc.1", "2.1.0-rc.2", "2.1.0-rc.2", "3.0.0-rc.0");
        check_prerelease("2.0.1-rc.1", "2.0.1-rc.2", "2.1.0-rc.0", "3.0.0-rc.0");
        check_prerelease("1.0.0-beta", "1.0.0-beta.0", "1.0.0-beta.0", "1.0.0-beta.0");
        check_prerelease("1.0.1-0", "1.0.1-1", "1.1.0-0", "2.0.0-0");
        check_prerelease("1.0.1-alpha.3.x", "1.0.1-alpha.4.x", "1.1.0-alpha.0", "2.0.0-alpha.0");
        check_prerelease("1.2.3", "1.2.4", "1.3.0", "2.0.0");
    }

    #[test]
    fn the_highest_bump_is_the_greatest() {
        assert!(Bump::None < Bump::Patch && Bump::Patch < Bump::Minor && Bump::Minor < Bump::Major);
    }
}
