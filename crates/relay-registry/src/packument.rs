//! What a registry knows of a package (`npm-registry.md`, 1.1 and 1.2).
//!
//! Reading is lenient: a version that can't be understood is left out, and the rest stays. Only an answer that is no
//! JSON object at all is an error. Fields that relay has no use for are skipped without being kept.

mod lenient;

use std::collections::BTreeMap;

use relay_workspace::{Integrity, Shasum};
use semver::Version;
use serde::Deserialize;
use url::Url;

use lenient::{Object, RawVersion, Text};

/// The `accept` header for the form that installers read.
pub(crate) const ACCEPT_ABBREVIATED: &str = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*";
/// The `accept` header for the whole document.
pub(crate) const ACCEPT_FULL: &str = "application/json";

/// Which form of a packument is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PackumentForm {
    /// The short form that installers read.
    #[default]
    Abbreviated,
    /// The whole document. Some registries have no short form; `Abbreviated` gives 404 there.
    Full,
}

/// A package as the registry knows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Packument {
    /// The name that the document gives itself.
    pub name: String,
    /// Tags and the versions they point at, as written.
    pub dist_tags: BTreeMap<String, String>,
    /// The versions in semver order.
    pub versions: BTreeMap<Version, PublishedVersion>,
}

/// One version as the registry knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedVersion {
    /// The version.
    pub version: Version,
    /// `dist.integrity`, where it is a known digest.
    pub integrity: Option<Integrity>,
    /// `dist.shasum`.
    pub shasum: Option<Shasum>,
    /// `dist.tarball`, where it is an http(s) address.
    pub tarball: Option<Url>,
    /// Whether it is deprecated.
    pub deprecated: bool,
    /// Whether installing it runs a script.
    pub has_install_script: bool,
}

/// What asking for a packument brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackumentAnswer {
    /// The package exists.
    Found {
        /// The document.
        packument: Packument,
        /// The `ETag` for the next question, verbatim.
        etag: Option<String>,
    },
    /// The document is the one that the given `ETag` stands for.
    NotModified,
    /// No such package, or none that this credential may see.
    NotFound {
        /// The header `npm-notice`, cleaned. It tells a dead token.
        notice: Option<String>,
    },
}

impl Packument {
    /// Reads a packument of either form.
    ///
    /// # Errors
    /// What the JSON parser says, when the body is no JSON object.
    pub fn parse(body: &[u8]) -> Result<Self, serde_json::Error> {
        let raw = Document::deserialize(&mut serde_json::Deserializer::from_slice(body))?;
        let versions = raw.versions.0.into_iter().filter_map(|(key, version)| {
            let version = version.published(&key)?;
            Some((version.version.clone(), version))
        });
        Ok(Self {
            name: raw.name.0.unwrap_or_default(),
            dist_tags: raw.dist_tags.0.into_iter().filter_map(|(tag, version)| Some((tag, version.0?))).collect(),
            versions: versions.collect(),
        })
    }

    /// The highest version that is neither a prerelease nor deprecated, as npm counts for `latest`.
    pub fn highest_stable(&self) -> Option<&Version> {
        self.versions.values().rev().find(|v| v.version.pre.is_empty() && !v.deprecated).map(|v| &v.version)
    }
}

impl PublishedVersion {
    /// Reads a version's document. `None` when it is JSON and no version.
    ///
    /// # Errors
    /// What the JSON parser says, when the body is no JSON.
    pub fn parse(body: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        let raw = RawVersion::deserialize(&mut serde_json::Deserializer::from_slice(body))?;
        let version = raw.version.0.clone();
        Ok(version.and_then(|version| raw.published(&version)))
    }
}

impl RawVersion {
    fn published(self, version: &str) -> Option<PublishedVersion> {
        let version = Version::parse(version).ok()?;
        self.is_object.then(|| PublishedVersion {
            version,
            integrity: self.integrity.0.and_then(|text| Integrity::parse(&text).ok()),
            shasum: self.shasum.0.and_then(|text| Shasum::parse(&text).ok()),
            tarball: self.tarball.0.and_then(|text| web_address(&text)),
            deprecated: self.deprecated.0,
            has_install_script: self.has_install_script.0 || self.install_scripts,
        })
    }
}

fn web_address(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
}

#[derive(Default)]
struct Document {
    name: Text,
    dist_tags: Object<Text>,
    versions: Object<RawVersion>,
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> serde::de::Visitor<'de> for Fields {
            type Value = Document;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a packument")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
                let mut document = Document::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "name" => document.name = map.next_value()?,
                        "dist-tags" => document.dist_tags = map.next_value()?,
                        "versions" => document.versions = map.next_value()?,
                        _ => {
                            map.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(document)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests;
