//! What a registry knows of a package (`npm-registry.md`, 1.1 and 1.2).
//!
//! Reading is lenient: a version that can't be understood is left out, and the rest stays. Only an answer that is not the
//! packument of this package is an error: one that gives itself another name or none, or has no versions and doesn't say
//! that they were all unpublished. Fields that relay has no use for are skipped without being kept.

mod lenient;
mod whole;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use relay_values::Evidence;
use relay_workspace::{Integrity, PackageName, Shasum, published_version};
use semver::Version;
use serde::Deserialize;
use url::Url;

use lenient::{Object, People, RawVersion, Text, Time};
pub use whole::{CannotUnpublish, WholePackument};

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
    /// The name that the document gives itself: in `name`, else in `_id`.
    pub name: String,
    /// Tags and the versions they point at, as written.
    pub dist_tags: BTreeMap<String, String>,
    /// The versions in semver order.
    pub versions: BTreeMap<Version, PublishedVersion>,
    /// Versions that have a date in `time` and are not there: they were taken back, and npm never gives their numbers out
    /// again. Only the whole document tells.
    pub taken_back: BTreeSet<Version>,
    /// The accounts that may publish it, where the document tells: npm's short form does not.
    pub maintainers: Vec<String>,
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
    /// `gitHead`: the commit that the one who published it says it was made from. npm's short form has none.
    pub git_head: Option<String>,
    /// Whether it is deprecated.
    pub deprecated: bool,
    /// Whether installing it runs a script.
    pub has_install_script: bool,
    /// `dist.unpackedSize`: the size of its files together, in bytes.
    pub unpacked_size: Option<u64>,
    /// `dist.fileCount`: how many files it has.
    pub file_count: Option<u64>,
    /// What it shows of how it was published. Only the whole document tells of accounts; in npm's short form it may be too low.
    pub evidence: Evidence,
    /// When it was published (`time`). Only the whole document tells.
    pub published: Option<Timestamp>,
}

/// What asking for a packument brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackumentAnswer {
    /// The package exists.
    Found {
        /// The document.
        packument: Packument,
    },
    /// No such package, or none that this credential may see.
    NotFound {
        /// The header `npm-notice`, cleaned. It tells a dead token.
        notice: Option<String>,
        /// Whether it was asked for without a credential, because there was none or it went along no redirect: then nobody
        /// knows whether the package is only hidden.
        without_credential: bool,
    },
}

/// An answer that is not the document that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTheDocument {
    /// It is no such document of any package.
    #[error("the answer is none")]
    None,
    /// It is that of another package.
    #[error("the answer is that of `{0}`")]
    Another(String),
}

impl Packument {
    /// Reads the packument of a package, in either form.
    ///
    /// # Errors
    /// [`NotTheDocument`] where the body is not this package's packument.
    pub fn parse(name: &PackageName, body: &[u8]) -> Result<Self, NotTheDocument> {
        let raw =
            Document::deserialize(&mut serde_json::Deserializer::from_slice(body)).map_err(|_| NotTheDocument::None)?;
        let own_name = raw.name.0.or(raw.id.0).ok_or(NotTheDocument::None)?;
        // npm's registry shows a package without any version as its name and `time.unpublished`.
        if !raw.versions.is_object && !raw.time.unpublished {
            return Err(NotTheDocument::None);
        }
        if own_name != name.as_str() {
            return Err(NotTheDocument::Another(own_name));
        }
        // A version that can't be understood is there all the same.
        let dates: BTreeMap<&str, &str> =
            raw.time.dates.iter().map(|(version, date)| (version.as_str(), date.as_str())).collect();
        let date = |version: &str| dates.get(version).and_then(|date| date.parse().ok());
        let shown: BTreeSet<&str> = raw.versions.entries.iter().map(|(key, _)| key.as_str()).collect();
        let dated = raw.time.versions.iter().map(String::as_str).filter(|version| !shown.contains(version));
        let taken_back = dated.filter_map(published_version).collect();
        let versions = raw.versions.entries.into_iter().filter_map(|(key, version)| {
            let version = PublishedVersion { published: date(&key), ..version.published(&key)? };
            Some((version.version.clone(), version))
        });
        let tags = raw.dist_tags.entries.into_iter();
        Ok(Self {
            name: own_name,
            dist_tags: tags.filter_map(|(tag, version)| Some((tag, version.0?))).collect(),
            versions: versions.collect(),
            taken_back,
            maintainers: raw.maintainers.0,
        })
    }

    /// The highest version that is neither a prerelease nor deprecated, as npm counts for `latest`.
    pub fn highest_stable(&self) -> Option<&Version> {
        self.versions.values().rev().find(|v| v.version.pre.is_empty() && !v.deprecated).map(|v| &v.version)
    }
}

impl PublishedVersion {
    /// Reads the document of one version of a package.
    ///
    /// # Errors
    /// [`NotTheDocument`] where the body is not a document of a version of this package.
    pub fn parse(name: &PackageName, body: &[u8]) -> Result<Self, NotTheDocument> {
        let raw = RawVersion::deserialize(&mut serde_json::Deserializer::from_slice(body))
            .map_err(|_| NotTheDocument::None)?;
        let own_name = raw.name.0.clone();
        let version = raw.version.0.clone();
        let version = version.and_then(|version| raw.published(&version)).ok_or(NotTheDocument::None)?;
        match own_name {
            Some(other) if other != name.as_str() => Err(NotTheDocument::Another(other)),
            _ => Ok(version),
        }
    }
}

/// Says whether a text is the name of an object of git's, by SHA-1 or SHA-256.
fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl RawVersion {
    /// The ranking of `news-2026.md`, F1.
    fn evidence(&self) -> Evidence {
        match (self.approved, self.trusted_publisher, self.provenance) {
            (true, _, _) => Evidence::Staged,
            (false, true, true) => Evidence::Trusted,
            (false, false, true) => Evidence::Provenance,
            (false, _, false) => Evidence::None,
        }
    }

    fn published(self, version: &str) -> Option<PublishedVersion> {
        let version = published_version(version)?;
        let evidence = self.evidence();
        self.is_object.then(|| PublishedVersion {
            version,
            integrity: self.integrity.0.and_then(|text| Integrity::parse(&text).ok()),
            shasum: self.shasum.0.and_then(|text| Shasum::parse(&text).ok()),
            tarball: self.tarball.0.and_then(|text| web_address(&text)),
            git_head: self.git_head.0.filter(|head| is_object_id(head)),
            deprecated: self.deprecated.0,
            has_install_script: self.has_install_script.0 || self.install_scripts,
            unpacked_size: self.unpacked_size.0,
            file_count: self.file_count.0,
            evidence,
            published: None,
        })
    }
}

fn web_address(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
}

#[derive(Default)]
struct Document {
    name: Text,
    id: Text,
    dist_tags: Object<Text>,
    versions: Object<RawVersion>,
    time: Time,
    maintainers: People,
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
                        "_id" => document.id = map.next_value()?,
                        "time" => document.time = map.next_value()?,
                        "dist-tags" => document.dist_tags = map.next_value()?,
                        "versions" => document.versions = map.next_value()?,
                        "maintainers" => document.maintainers = map.next_value()?,
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
