//! Dist-tags: moving names for a version (`npm-registry.md`, 2.2).
//!
//! npm's client refuses a tag that can be read as a range, since `name@tag` would mean the range, and one that an address
//! can't hold as it is. What it lets pass and can't install by afterwards, `a/b` and `.x`, is refused here as well.

use std::fmt;

use deno_semver::VersionReq;
use serde::{Deserialize, Serialize};

use crate::printable::Printable;

/// A dist-tag that can be published under and installed by.
///
/// ```
/// # use relay_values::DistTag;
/// assert_eq!(DistTag::parse("next-1")?.as_str(), "next-1");
/// assert!(DistTag::parse("1.x").is_err(), "`name@1.x` is a range");
/// # Ok::<(), relay_values::InvalidDistTag>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DistTag(String);

/// A text that is no dist-tag, with what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the dist-tag {shown}{rule}; choose one that begins with a letter, such as `next`")]
pub struct InvalidDistTag {
    /// The text in back quotes with a space after it, fit to be shown; nothing where there is none.
    pub shown: String,
    /// What is wrong, as the end of a sentence that begins with the tag.
    pub rule: &'static str,
}

impl DistTag {
    /// The tag under which npm publishes where nothing says another one.
    pub const LATEST: &str = "latest";

    /// Parses a tag by the rules of npm's client.
    ///
    /// # Errors
    /// [`InvalidDistTag`] names the first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, InvalidDistTag> {
        let Some(rule) = broken_rule(text) else { return Ok(Self(text.to_owned())) };
        let shown = if text.trim().is_empty() { String::new() } else { format!("`{}` ", Printable::name(text)) };
        Err(InvalidDistTag { shown, rule })
    }

    /// The tag `latest`, which is installed where nobody names a version.
    pub fn latest() -> Self {
        Self(Self::LATEST.to_owned())
    }

    /// Says whether this is the tag that is installed where nobody names a version.
    pub fn is_latest(&self) -> bool {
        self.0 == Self::LATEST
    }

    /// The tag as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn broken_rule(text: &str) -> Option<&'static str> {
    if text.trim().is_empty() {
        return Some("is empty");
    }
    if text.trim() != text {
        return Some("begins or ends with white space");
    }
    if is_range(text) {
        return Some("can also be read as a range of versions, so npm refuses it");
    }
    if text.contains('/') || text.starts_with('.') {
        return Some("looks like a path, so npm can't install by it");
    }
    let stays_in_an_address = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte);
    (!text.bytes().all(stays_in_an_address))
        .then_some("has characters that an address can't have as they are, so npm refuses it")
}

fn is_range(text: &str) -> bool {
    VersionReq::parse_from_npm(text).is_ok_and(|requirement| requirement.tag().is_none())
}

impl fmt::Display for DistTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for DistTag {
    type Error = InvalidDistTag;
    fn try_from(text: String) -> Result<Self, InvalidDistTag> {
        Self::parse(&text)
    }
}

impl From<DistTag> for String {
    fn from(tag: DistTag) -> Self {
        tag.0
    }
}

impl std::str::FromStr for DistTag {
    type Err = InvalidDistTag;
    fn from_str(text: &str) -> Result<Self, InvalidDistTag> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_tags() {
        for text in ["latest", "next", "next-1", "it's", "1.2.3.4", "v1beta", "beta_2", "rc!", "release-v1", "LTS"] {
            assert_eq!(DistTag::parse(text).map(String::from).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_npm_refuses_is_no_tag() {
        let refused = |text: &str, rule: &str| {
            let error = DistTag::parse(text).expect_err(text);
            assert!(error.rule.contains(rule), "{text}: {error}");
        };
        for text in
            ["1.x", "v2", "*", "x", "X", "^1.0.0", ">=1 <2", "1.2.3-rc.1", "~1", "1 - 2", "=1", "1||2", "v1.2.3"]
        {
            refused(text, "range of versions");
        }
        for text in ["", " ", "\t\n"] {
            refused(text, "is empty");
        }
        for text in [" next", "next ", "next\n"] {
            refused(text, "white space");
        }
        for text in ["a b", "^bad tag", "a%20b", "ümlaut", "x@y", "a,b", "foo:bar", "a?b", "a#b", "a\u{202e}b", "a\0b"]
        {
            refused(text, "characters");
        }
        for text in ["../x", "a/b", ".x", "/"] {
            refused(text, "path");
        }
    }

    #[test]
    fn a_complaint_can_be_printed_and_says_what_to_do() {
        let error = DistTag::parse("a\u{1b}[31mb\u{202e}").unwrap_err().to_string();
        assert!(error.ends_with("; choose one that begins with a letter, such as `next`"), "{error}");
        assert!(!error.contains(['\u{1b}', '\u{202e}']), "{error}");
        for text in ["", " "] {
            assert!(DistTag::parse(text).unwrap_err().to_string().starts_with("the dist-tag is empty;"));
        }
    }

    #[test]
    fn a_file_is_held_to_the_same_rules() {
        assert_eq!(serde_json::from_str::<DistTag>("\"next\"").unwrap().as_str(), "next");
        assert!(serde_json::from_str::<DistTag>("\"1.x\"").is_err());
        assert_eq!(serde_json::to_string(&DistTag::latest()).unwrap(), "\"latest\"");
    }
}
