//! Staged versions: uploaded, and published when a person approves them (`npm-registry.md`, 7).

use std::fmt;

use bytes::Bytes;
use relay_values::{DistTag, Printable};
use relay_workspace::{PackageName, Shasum, Version};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::url::{RegistryUrl, escaped_name};
use crate::write::{NpmCommand, WriteMethod, WriteRequest};

/// How many staged versions are asked for at once; npm's registry gives no more (`npm-registry.md`, 7.1).
pub(crate) const STAGES_PER_PAGE: usize = 100;
/// How many pages of staged versions are read at the most.
pub(crate) const STAGE_PAGES_MAX: usize = 100;
/// How many characters of what a registry tells of a stage are kept.
const WORDS_CHARS_MAX: usize = 120;

/// The id of a staged version: a UUID, so that it is safe in a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StageId(String);

/// A text that is no [`StageId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no id of a staged version: those are UUIDs, as `npm stage list` shows them")]
pub struct InvalidStageId(String);

impl StageId {
    /// Reads an id.
    ///
    /// # Errors
    /// [`InvalidStageId`] for all but a UUID.
    pub fn parse(text: &str) -> Result<Self, InvalidStageId> {
        let is_uuid = text.len() == 36
            && text.char_indices().all(|(at, character)| match at {
                8 | 13 | 18 | 23 => character == '-',
                _ => character.is_ascii_hexdigit(),
            });
        if is_uuid {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidStageId(Printable::words(text, WORDS_CHARS_MAX).into()))
        }
    }

    /// The id as the registry wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for StageId {
    type Error = InvalidStageId;

    fn try_from(text: String) -> Result<Self, InvalidStageId> {
        Self::parse(&text)
    }
}

impl From<StageId> for String {
    fn from(id: StageId) -> Self {
        id.0
    }
}

impl fmt::Display for StageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A version that is staged, as the registry tells of it (`npm-registry.md`, 7.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedVersion {
    /// Its id.
    pub id: StageId,
    /// The package.
    pub package: PackageName,
    /// The version.
    pub version: Version,
    /// The dist-tag, which was fixed at staging.
    pub tag: Option<DistTag>,
    /// The tarball's SHA-1, where the registry states it.
    pub shasum: Option<Shasum>,
    /// Who staged it, cleaned.
    pub actor: Option<String>,
    /// When, as the registry wrote it, cleaned.
    pub created: Option<String>,
}

impl StagedVersion {
    /// Reads one item; `None`: it lacks what tells one staged version from another.
    pub(crate) fn read(item: &Value) -> Option<Self> {
        let text = |field: &str| item.get(field).and_then(Value::as_str);
        let words = |field: &str| text(field).map(|text| String::from(Printable::words(text, WORDS_CHARS_MAX)));
        Some(Self {
            id: StageId::parse(text("id")?).ok()?,
            package: PackageName::parse(text("packageName")?).ok()?,
            version: Version::parse(text("version")?).ok()?,
            tag: text("tag").and_then(|tag| DistTag::parse(tag).ok()),
            shasum: text("shasum").and_then(|shasum| Shasum::parse(shasum).ok()),
            actor: words("actor"),
            created: words("createdAt"),
        })
    }
}

/// Where staged versions are, below a registry's address.
pub(crate) fn stage_path(id: &StageId) -> String {
    format!("-/stage/{id}")
}

impl<'a> WriteRequest<'a> {
    /// Stages a version: `npm stage publish`. The document is that of an upload. It is never challenged.
    pub fn stage(registry: &'a RegistryUrl, package: &'a PackageName, document: Bytes) -> Self {
        let path = format!("-/stage/package/{}", escaped_name(package));
        Self { body: Some(document), ..Self::bare(registry, package, NpmCommand::Stage, WriteMethod::Post, path) }
    }

    /// Publishes a staged version: `npm stage approve`. A person answers a second factor for it each time.
    pub fn approve_stage(registry: &'a RegistryUrl, package: &'a PackageName, id: &StageId) -> Self {
        let path = format!("{}/approve", stage_path(id));
        Self::bare(registry, package, NpmCommand::Stage, WriteMethod::Post, path)
    }

    /// Throws a staged version away for good, record and tarball: `npm stage reject`.
    pub fn reject_stage(registry: &'a RegistryUrl, package: &'a PackageName, id: &StageId) -> Self {
        Self::bare(registry, package, NpmCommand::Stage, WriteMethod::Delete, stage_path(id))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "0f3cbd1e-9f0a-4a55-8e7d-0a8a0a0f2b11";

    #[test]
    fn an_id_is_a_uuid_and_nothing_that_leads_elsewhere() {
        assert_eq!(StageId::parse(ID).unwrap().as_str(), ID);
        for other in ["", "1", "../../-/whoami", "0f3cbd1e-9f0a-4a55-8e7d-0a8a0a0f2b1/"] {
            assert!(StageId::parse(other).is_err(), "{other}");
        }
    }

    #[test]
    fn an_item_needs_its_id_its_package_and_its_version() {
        let whole = json!({ "id": ID, "packageName": "@acme/core", "version": "1.1.0", "tag": "latest",
            "createdAt": "2026-11-24T09:00:00Z", "actor": "maintainer\u{1b}[31m", "actorType": "user",
            "access": "public", "shasum": "ab".repeat(20), "status": "pending" });
        let read = StagedVersion::read(&whole).unwrap();
        assert_eq!((read.package.as_str(), read.version.to_string().as_str()), ("@acme/core", "1.1.0"));
        assert!(read.shasum.is_some() && !read.actor.unwrap().contains('\u{1b}'));
        for field in ["id", "packageName", "version"] {
            let mut item = whole.clone();
            item[field] = json!(7);
            assert!(StagedVersion::read(&item).is_none(), "{field}");
        }
    }

    #[test]
    fn the_requests_are_those_of_npm() {
        let registry: RegistryUrl = "https://registry.example/npm/".parse().unwrap();
        let package = PackageName::parse("@acme/core").unwrap();
        let id = StageId::parse(ID).unwrap();
        let requests = [
            WriteRequest::stage(&registry, &package, Bytes::from_static(b"{}")),
            WriteRequest::approve_stage(&registry, &package, &id),
            WriteRequest::reject_stage(&registry, &package, &id),
        ];
        let told = requests.map(|request| (request.method, request.path, request.body.is_some()));
        assert_eq!(
            told,
            [
                (WriteMethod::Post, "-/stage/package/@acme%2fcore".to_owned(), true),
                (WriteMethod::Post, format!("-/stage/{ID}/approve"), false),
                (WriteMethod::Delete, format!("-/stage/{ID}"), false),
            ]
        );
    }
}
