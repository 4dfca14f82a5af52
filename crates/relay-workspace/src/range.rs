//! npm's range grammar.
//!
//! `deno_semver` parses a requirement that may also be a dist-tag, and panics when a tag is asked to match; [`Range`]
//! can't hold one. Where it reads a text otherwise than npm's own `semver`, the text is written anew first (`as_npm`). Cargo's grammar (crate `semver`) differs from npm's and is used for versions only.

mod as_npm;

use std::fmt;

use deno_semver::VersionReq;
use relay_values::Printable;
use semver::Version;

use as_npm::as_npm;

/// A range of versions in npm's grammar (`^1.2`, `1.x || >=3`, `*`, the empty text).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    text: String,
    requirement: VersionReq,
}

/// A text that is not a range: a dist-tag, a URL or nonsense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a version range")]
pub struct InvalidRange(pub String);

impl Range {
    /// Parses a range as npm reads it.
    ///
    /// # Errors
    /// [`InvalidRange`] when npm would not take the text for a range.
    pub fn parse(text: &str) -> Result<Self, InvalidRange> {
        let invalid = || InvalidRange(Printable::name(text).into());
        let read = as_npm(text).ok_or_else(invalid)?;
        let requirement = VersionReq::parse_from_npm(&read).map_err(|_| invalid())?;
        if requirement.tag().is_some() {
            return Err(invalid());
        }
        Ok(Self { text: text.to_owned(), requirement })
    }

    /// Says whether the range accepts a version, by npm's rules for prereleases.
    pub fn accepts(&self, version: &Version) -> bool {
        deno_semver::Version::parse_from_npm(&version.to_string())
            .is_ok_and(|version| self.requirement.matches(&version))
    }

    /// The range as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(range: &str, version: &str, expected: bool) {
        let accepts = Range::parse(range).unwrap().accepts(&Version::parse(version).unwrap());
        assert_eq!(accepts, expected, "{range} against {version}");
    }

    #[test]
    fn what_is_none_is_told_as_it_can_be_shown() {
        let told = Range::parse("x\u{1b}[31m y").unwrap_err().to_string();
        assert_eq!(told, "`x\u{fffd}[31m y` is not a version range");
    }

    #[test]
    fn follows_npms_grammar() {
        check("^1.2.0", "1.9.0", true);
        check("^1.2.0", "2.0.0", false);
        check("", "3.0.0", true);
        check("*", "3.0.0", true);
        check("<=2", "2.9.9", true);
        check("1.x || >=3", "2.0.0", false);
        check("^1.0.0-beta.1", "1.0.0-beta.2", true);
        check("^1.0.0", "1.1.0-beta.2", false);
        check("1.0.0 - 2", "2.5.0", true);
    }

    /// Of the fixtures of npm's `semver` 7.8.5, those that `deno_semver` reads otherwise.
    #[test]
    fn reads_what_npm_reads_in_odd_texts() {
        check("^1.x+build", "1.9.0", true);
        check(">1.x+build <=2.x.x+meta", "2.4.5", true);
        check(">1.x+build <=2.x.x+meta", "1.9.0", false);
        check(">=1.x.x-alpha+build <2.x.x+build", "1.0.0-beta", false);
        check("1.x.5 || 2.x", "1.2.3", false);
        check("1.x.5 || 2.x", "2.2.3", true);
        check("== 1.0.0 || foo", "1.0.0", true);
        check("1.2.3+build.5", "1.2.3", true);
        for invalid in ["1.x.5", "x.1", "x.x.1", "1.2.3.4", "foo", ">9007199254740992.0.0", "^^1"] {
            assert!(Range::parse(invalid).is_err(), "{invalid}");
        }
    }

    #[test]
    fn a_dist_tag_is_not_a_range() {
        assert!(Range::parse("latest").is_err());
    }
}
