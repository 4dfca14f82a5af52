//! Reads a publish document and checks that it is what it says: names, version, tag, digests.
//!
//! The shape is section 2.1 of `npm-registry.md`. Nothing here needs the state, so it runs before the lock is taken.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use semver::Version;
use serde::Deserialize;
use serde_json::{Map, Value};
use sha1::Sha1;
use sha2::{Digest, Sha512};
use thiserror::Error;

use crate::packages::hex;

/// Longest package name npm accepts, scope included.
const MAX_NAME_CHARACTERS: usize = 214;
/// Longest dist-tag the sandbox accepts.
const MAX_TAG_CHARACTERS: usize = 214;

/// A checked upload.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) version: Version,
    pub(crate) tag: String,
    /// The document's `access`, as sent.
    pub(crate) access: Option<ReadAccess>,
    pub(crate) manifest: Map<String, Value>,
    pub(crate) tarball: Bytes,
    pub(crate) integrity: String,
    pub(crate) shasum: String,
}

/// Who may read a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReadAccess {
    Public,
    #[serde(alias = "private")]
    Restricted,
}

/// What is wrong with a publish document; the texts are the sandbox's own.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum DocumentError {
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    #[error("the body's `{field}` is not what a publish document has: {problem}")]
    Shape { field: &'static str, problem: String },
    #[error("`{0}` is not a valid package name")]
    Name(String),
    #[error("the document is about `{document}`, the path about `{path}`")]
    OtherName { path: String, document: String },
    #[error("invalid version: {0}")]
    Version(String),
    #[error("`{0}` is not a valid dist-tag")]
    Tag(String),
    #[error("the dist-tag `{tag}` points at `{target}`, not at the version that is published")]
    TagTarget { tag: String, target: String },
    #[error("unscoped packages cannot be restricted")]
    Unscoped,
    #[error("there is no attachment `{0}`")]
    NoAttachment(String),
    #[error("the attachment is not base64")]
    NotBase64,
    #[error("the attachment has {actual} bytes, its `length` says {stated}")]
    Length { stated: u64, actual: u64 },
    #[error("the `{0}` does not match the attachment")]
    Digest(&'static str),
}

#[derive(Deserialize)]
struct Document {
    name: String,
    #[serde(rename = "dist-tags", default)]
    dist_tags: Map<String, Value>,
    #[serde(default)]
    versions: Map<String, Value>,
    #[serde(default)]
    access: Option<ReadAccess>,
    #[serde(rename = "_attachments", default)]
    attachments: Map<String, Value>,
}

/// Reads the body of a `PUT /NAME` as an upload of `path_name`.
pub(crate) fn read_upload(path_name: &str, body: &[u8]) -> Result<Upload, DocumentError> {
    let document: Document = serde_json::from_slice(body).map_err(|error| DocumentError::NotJson(error.to_string()))?;
    let Document { name, dist_tags, versions, access, attachments } = document;
    if !valid_name(&name) {
        return Err(DocumentError::Name(name));
    }
    if name != path_name {
        return Err(DocumentError::OtherName { path: path_name.to_owned(), document: name });
    }
    if access == Some(ReadAccess::Restricted) && !name.starts_with('@') {
        return Err(DocumentError::Unscoped);
    }
    let (text, version, manifest) = only_version(&name, versions)?;
    let tag = only_tag(dist_tags, &text)?;
    let tarball = attachment(&attachments, &format!("{name}-{text}.tgz"))?;
    let (integrity, shasum) = check_digests(&manifest, &tarball)?;
    Ok(Upload { name, version, tag, access, manifest, tarball, integrity, shasum })
}

/// Tells whether npm would take a new package of this name.
pub(crate) fn valid_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with(['.', '_'])
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.' | '~'))
    };
    let whole = match name.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/').is_some_and(|(scope, base)| part(scope) && part(base)),
        None => part(name),
    };
    whole && name.len() <= MAX_NAME_CHARACTERS && !matches!(name, "node_modules" | "favicon.ico")
}

/// Tells whether a dist-tag can be one: no path, and nothing that reads as a version or a range.
pub(crate) fn valid_tag(tag: &str) -> bool {
    let plain = tag.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '/' | '\\' | '%' | '"' | '<' | '>' | '`'));
    let range = tag.trim_start_matches(['v', '=', '^', '~', '>', '<']).starts_with(|c: char| c.is_ascii_digit());
    !tag.is_empty() && tag.len() <= MAX_TAG_CHARACTERS && plain && !range && !matches!(tag, "*" | "x" | "X")
}

/// The digests of a tarball: integrity (SRI, sha512) and shasum (sha1).
pub(crate) fn digests(tarball: &[u8]) -> (String, String) {
    let shasum: [u8; 20] = Sha1::digest(tarball).into();
    (format!("sha512-{}", STANDARD.encode(Sha512::digest(tarball))), hex(&shasum))
}

fn only_version(
    name: &str,
    mut versions: Map<String, Value>,
) -> Result<(String, Version, Map<String, Value>), DocumentError> {
    let count = versions.len();
    let shape = |problem: String| DocumentError::Shape { field: "versions", problem };
    let text = versions.keys().next().filter(|_| count == 1).cloned();
    let text = text.ok_or_else(|| shape(format!("{count} versions instead of one")))?;
    let version = Version::parse(&text).map_err(|_| DocumentError::Version(text.clone()))?;
    let Some(Value::Object(manifest)) = versions.remove(&text) else {
        return Err(shape(format!("`{text}` is not an object")));
    };
    for (field, expected) in [("name", name), ("version", text.as_str())] {
        if manifest.get(field).and_then(Value::as_str) != Some(expected) {
            return Err(shape(format!("its `{field}` is not `{expected}`")));
        }
    }
    Ok((text, version, manifest))
}

fn only_tag(tags: Map<String, Value>, version: &str) -> Result<String, DocumentError> {
    let count = tags.len();
    let mut tags = tags.into_iter();
    match (tags.next(), count) {
        (Some((tag, _)), 1) if !valid_tag(&tag) => Err(DocumentError::Tag(tag)),
        (Some((tag, Value::String(target))), 1) if target == version => Ok(tag),
        (Some((tag, target)), 1) => {
            Err(DocumentError::TagTarget { tag, target: target.as_str().unwrap_or("?").to_owned() })
        }
        _ => Err(DocumentError::Shape { field: "dist-tags", problem: format!("{count} tags instead of one") }),
    }
}

fn attachment(attachments: &Map<String, Value>, key: &str) -> Result<Bytes, DocumentError> {
    let attachment = attachments.get(key).ok_or_else(|| DocumentError::NoAttachment(key.to_owned()))?;
    let data = attachment.get("data").and_then(Value::as_str).ok_or(DocumentError::NotBase64)?;
    let tarball = STANDARD.decode(data).map_err(|_| DocumentError::NotBase64)?;
    let actual = u64::try_from(tarball.len()).unwrap_or(u64::MAX);
    let stated = attachment.get("length").and_then(Value::as_u64).unwrap_or_default();
    if stated != actual {
        return Err(DocumentError::Length { stated, actual });
    }
    Ok(Bytes::from(tarball))
}

fn check_digests(manifest: &Map<String, Value>, tarball: &[u8]) -> Result<(String, String), DocumentError> {
    let (integrity, shasum) = digests(tarball);
    let dist = manifest.get("dist");
    let stated = |field: &str| dist.and_then(|dist| dist.get(field)).and_then(Value::as_str);
    if stated("integrity") != Some(&integrity) {
        return Err(DocumentError::Digest("dist.integrity"));
    }
    if stated("shasum") != Some(&shasum) {
        return Err(DocumentError::Digest("dist.shasum"));
    }
    Ok((integrity, shasum))
}

#[cfg(test)]
mod tests;
