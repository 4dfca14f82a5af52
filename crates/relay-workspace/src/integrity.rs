//! Digests of a tarball: the SRI integrity (sha512) and the old shasum (sha1, hex).

use std::fmt;

use relay_values::Printable;
use serde::{Deserialize, Serialize};

/// A subresource-integrity text, `sha512-<base64>`. Two are equal when their texts are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Integrity(String);

/// A sha1 digest as 40 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shasum(String);

/// A text that is no digest of the wanted form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a digest")]
pub struct InvalidDigest(pub String);

impl Integrity {
    /// Takes an SRI text with one or more `algorithm-base64` parts; the strongest known part is kept.
    ///
    /// # Errors
    /// [`InvalidDigest`] when no part is a sha512, sha384, sha256 or sha1 digest.
    pub fn parse(text: &str) -> Result<Self, InvalidDigest> {
        ["sha512-", "sha384-", "sha256-", "sha1-"]
            .iter()
            .find_map(|prefix| text.split_whitespace().find(|part| part.starts_with(prefix)))
            .map(|part| Self(part.split('?').next().unwrap_or(part).to_owned()))
            .ok_or_else(|| InvalidDigest(Printable::name(text).into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Shasum {
    /// Takes 40 hex digits of either case.
    ///
    /// # Errors
    /// [`InvalidDigest`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidDigest> {
        if text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(InvalidDigest(Printable::name(text).into()))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! text_conversions {
    ($type:ty) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl TryFrom<String> for $type {
            type Error = InvalidDigest;
            fn try_from(text: String) -> Result<Self, InvalidDigest> {
                Self::parse(&text)
            }
        }
        impl From<$type> for String {
            fn from(digest: $type) -> Self {
                digest.0
            }
        }
    };
}
text_conversions!(Integrity);
text_conversions!(Shasum);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_strongest_part() {
        let integrity = Integrity::parse("sha1-abc= sha512-xyz==?opt").unwrap();
        assert_eq!(integrity.as_str(), "sha512-xyz==");
        assert!(Integrity::parse("md5-abc").is_err());
    }

    #[test]
    fn shasum_is_forty_hex_digits() {
        assert!(Shasum::parse(&"aB".repeat(20)).is_ok_and(|s| s.as_str() == "ab".repeat(20)));
        assert!(Shasum::parse("abc").is_err());
    }
}
