//! The body of a publish: the document that npm itself would send (`npm-registry.md`, 2.1).
//!
//! What npm does to a manifest on the way was read in npm 11.19 (`@npmcli/package-json`, its steps `fix` and `prepare`,
//! and `libnpmpublish`), and a test compares with the real client. On purpose different: facts that npm takes from the
//! package's folder (`AUTHORS`, `*.gyp`, declaration files) are taken from the tarball, a manifest's own field `tag`
//! does not override the planned tag, and `_nodeVersion` and `_npmVersion` are left out, as neither was there.

mod contents;
mod dependencies;
mod entry_points;
mod hosted;
mod normalise;
mod people;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use relay_config::Access;
use relay_values::{DistTag, Printable};
use relay_workspace::{Integrity, PackageName, Shasum};
use serde_json::{Map, Value, json};
use sha1::Digest as _;

use crate::url::RegistryUrl;

/// What a publish document is made of.
#[derive(Debug, Clone, Copy)]
pub struct DocumentInput<'a> {
    /// Where it goes: the tarball's address is made of it.
    pub registry: &'a RegistryUrl,
    /// The `package.json` inside the tarball.
    pub manifest: &'a Map<String, Value>,
    /// The readme's file name and text.
    pub readme: Option<(&'a str, &'a str)>,
    /// The `.tgz`.
    pub tarball: &'a [u8],
    /// The planned digest of the tarball. Other bytes are refused.
    pub integrity: &'a Integrity,
    /// The planned sha1 of the tarball.
    pub shasum: &'a Shasum,
    /// The dist-tag.
    pub tag: &'a DistTag,
    /// Who may read it; `None` leaves it to the registry.
    pub access: Option<Access>,
    /// The commit it was made from.
    pub git_head: Option<&'a str>,
}

/// A package that npm would refuse to send.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The name is missing or none.
    #[error("the manifest inside the tarball has no usable `name`: {problem}")]
    Name {
        /// What is wrong with it.
        problem: String,
    },
    /// The version is missing or none.
    #[error("`{package}`: `version` (`{version}`) is no semantic version; write it as `1.2.3` or `1.2.3-beta.1`")]
    Version {
        /// The package.
        package: String,
        /// What stands there.
        version: String,
    },
    /// The package is private.
    #[error("`{package}` is private; remove `\"private\": true` from its package.json to publish it")]
    Private {
        /// The package.
        package: String,
    },
    /// Restricted access without a scope.
    #[error("`{package}` has no scope, and only scoped packages can be restricted; remove `access`")]
    UnscopedRestricted {
        /// The package.
        package: String,
    },
    /// `packageExtensions` in the manifest.
    #[error("`{package}`: `packageExtensions` counts in the root package.json only and must not be published")]
    PackageExtensions {
        /// The package.
        package: String,
    },
    /// The tarball is not the planned one.
    #[error("`{package}`: the tarball is not the planned one (planned {planned}, found {found}); plan again")]
    OtherBytes {
        /// The package.
        package: String,
        /// The planned digest.
        planned: String,
        /// The tarball's own digest.
        found: String,
    },
    /// The manifest can't be written as JSON.
    #[error("`{package}`: the manifest can't be written as JSON: {problem}")]
    Json {
        /// The package.
        package: String,
        /// What the writer says.
        problem: String,
    },
}

/// Makes the body of a publish.
///
/// # Errors
/// [`DocumentError`] for what npm refuses before it sends anything, and for a tarball whose digest is not the planned one.
pub fn publish_document(input: &DocumentInput<'_>) -> Result<Bytes, DocumentError> {
    let name = package_name(input.manifest)?;
    let package = name.as_str();
    check(input, &name)?;
    check_digests(input, package)?;
    let mut manifest = normalise::normalised(
        input.manifest,
        &normalise::ManifestCompletion {
            readme: input.readme,
            git_head: input.git_head,
            contents: &contents::Contents::read(input.tarball),
        },
    );
    let version = clean_version(input.manifest, package)?;
    let id = format!("{package}@{version}");
    manifest.insert("name".into(), package.into());
    manifest.insert("version".into(), version.clone().into());
    manifest.insert("_id".into(), id.into());
    let tarball_name = format!("{package}-{version}.tgz");
    let mut dist = manifest.get("dist").and_then(Value::as_object).cloned().unwrap_or_default();
    dist.insert("integrity".into(), input.integrity.as_str().into());
    dist.insert("shasum".into(), input.shasum.as_str().into());
    dist.insert("tarball".into(), tarball_address(input.registry, package, &tarball_name).into());
    manifest.insert("dist".into(), dist.into());

    let mut root = Map::new();
    root.insert("_id".into(), package.into());
    root.insert("name".into(), package.into());
    if let Some(description) = manifest.get("description") {
        root.insert("description".into(), description.clone());
    }
    root.insert("dist-tags".into(), json!({ input.tag.as_str(): version }));
    root.insert("versions".into(), json!({ version: manifest }));
    root.insert("access".into(), input.access.map_or(Value::Null, |access| access.as_str().into()));
    root.insert(
        "_attachments".into(),
        json!({ tarball_name: {
            "content_type": "application/octet-stream",
            "data": STANDARD.encode(input.tarball),
            "length": input.tarball.len(),
        } }),
    );
    serde_json::to_vec(&root)
        .map(Bytes::from)
        .map_err(|error| DocumentError::Json { package: package.to_owned(), problem: error.to_string() })
}

fn package_name(manifest: &Map<String, Value>) -> Result<PackageName, DocumentError> {
    let problem = |problem: String| DocumentError::Name { problem };
    let name = manifest.get("name").and_then(Value::as_str).ok_or_else(|| problem("it is missing".into()))?;
    PackageName::parse(name.trim()).map_err(|error| problem(error.to_string()))
}

fn check(input: &DocumentInput<'_>, name: &PackageName) -> Result<(), DocumentError> {
    let package = || name.as_str().to_owned();
    if input.manifest.get("private").is_some_and(relay_workspace::is_private_value) {
        return Err(DocumentError::Private { package: package() });
    }
    if input.manifest.contains_key("packageExtensions") {
        return Err(DocumentError::PackageExtensions { package: package() });
    }
    if name.scope().is_none() && input.access == Some(Access::Restricted) {
        return Err(DocumentError::UnscopedRestricted { package: package() });
    }
    Ok(())
}

/// The last look at the bytes before they leave: they are the planned ones.
fn check_digests(input: &DocumentInput<'_>, package: &str) -> Result<(), DocumentError> {
    let other = |planned: &str, found: String| {
        Err(DocumentError::OtherBytes { package: package.to_owned(), planned: planned.to_owned(), found })
    };
    let integrity = format!("sha512-{}", STANDARD.encode(sha2::Sha512::digest(input.tarball)));
    if integrity != input.integrity.as_str() {
        return other(input.integrity.as_str(), integrity);
    }
    let shasum = hex(&sha1::Sha1::digest(input.tarball));
    if shasum != input.shasum.as_str() {
        return other(input.shasum.as_str(), shasum);
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The version as the registry knows it: without `v` or `=` in front and without build metadata.
fn clean_version(manifest: &Map<String, Value>, package: &str) -> Result<String, DocumentError> {
    let text = manifest.get("version").and_then(Value::as_str).unwrap_or_default();
    let bare = text.trim().trim_start_matches(['=', 'v']).trim_start();
    let version = semver::Version::parse(bare)
        .map_err(|_| DocumentError::Version { package: package.to_owned(), version: Printable::name(text).into() })?;
    Ok(semver::Version { build: semver::BuildMetadata::EMPTY, ..version }.to_string())
}

/// The address that npm writes: below the registry, the scope in the file's name too, and always `http`.
fn tarball_address(registry: &RegistryUrl, package: &str, tarball_name: &str) -> String {
    let url = registry.below(&format!("{package}/-/{tarball_name}"));
    match url.as_str().strip_prefix("https://") {
        Some(rest) => format!("http://{rest}"),
        None => url.into(),
    }
}

#[cfg(test)]
mod tests;
