//! A packument as it is read to be changed and put back: all of it, with its revision (`npm-registry.md`, 9).
//!
//! npm deprecates and unpublishes so: it reads the whole document, changes a few fields and sends everything back. What relay
//! does not know of, it carries along as it came.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::Timestamp;
use relay_values::DistTag;
use relay_workspace::{PackageName, Version, published_version};
use serde_json::{Map, Value};
use url::Url;

use super::NotTheDocument;
use crate::url::RegistryUrl;

/// The whole packument of a package, with its revision.
#[derive(Debug, Clone, PartialEq)]
pub struct WholePackument {
    name: PackageName,
    revision: Option<String>,
    document: Map<String, Value>,
}

/// A version can't be unpublished.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotUnpublish {
    /// It is the only one, and with it the package would go.
    #[error("`{package}@{version}` is the only version of its package, and with it the whole package would go")]
    OnlyVersion {
        /// The package.
        package: PackageName,
        /// Its only version.
        version: Version,
    },
    /// `latest` would have to name a prerelease.
    #[error(
        "with `{package}@{version}` gone, `latest` would name a prerelease: move it first, or keep the version and deprecate it"
    )]
    OnlyPrereleases {
        /// The package.
        package: PackageName,
        /// The version that `latest` names.
        version: Version,
    },
    /// The registry's document states no revision, without which nothing is taken back.
    #[error("the registry states no revision of `{package}`, without which nothing can be taken back there")]
    NoRevision {
        /// The package.
        package: PackageName,
    },
}

impl WholePackument {
    /// Reads a package's whole packument.
    ///
    /// # Errors
    /// [`NotTheDocument`] where the body is not this package's packument.
    pub fn parse(name: &PackageName, body: &[u8]) -> Result<Self, NotTheDocument> {
        let document: Map<String, Value> = serde_json::from_slice(body).map_err(|_| NotTheDocument::None)?;
        let text = |field: &str| document.get(field).and_then(Value::as_str);
        let own_name = text("name").or_else(|| text("_id")).ok_or(NotTheDocument::None)?;
        if own_name != name.as_str() {
            return Err(NotTheDocument::Another(own_name.to_owned()));
        }
        let revision = text("_rev").filter(|revision| !revision.is_empty()).map(str::to_owned);
        if !document.get("versions").is_some_and(Value::is_object) {
            return Err(NotTheDocument::None);
        }
        Ok(Self { name: name.clone(), revision, document })
    }

    /// The document's revision: a write that names an older one is refused with 409.
    ///
    /// # Errors
    /// [`CannotUnpublish::NoRevision`] where it states none, as registries do that let nothing be taken back.
    pub fn revision(&self) -> Result<&str, CannotUnpublish> {
        let missing = || CannotUnpublish::NoRevision { package: self.name.clone() };
        self.revision.as_deref().ok_or_else(missing)
    }

    /// Its versions, in semver order. What can't be understood is left out.
    pub fn versions(&self) -> BTreeSet<Version> {
        self.entries().keys().filter_map(|text| published_version(text)).collect()
    }

    /// The dist-tags and the versions that they name. What can't be understood is left out.
    pub fn dist_tags(&self) -> BTreeMap<DistTag, Version> {
        let tags = self.document.get("dist-tags").and_then(Value::as_object).into_iter().flatten();
        tags.filter_map(|(tag, named)| Some((DistTag::parse(tag).ok()?, published_version(named.as_str()?)?))).collect()
    }

    /// When a version was published, where the document tells.
    pub fn published(&self, version: &Version) -> Option<Timestamp> {
        self.document.get("time")?.get(version.to_string())?.as_str()?.parse().ok()
    }

    /// Says whether it has a version.
    pub fn has(&self, version: &Version) -> bool {
        self.entries().contains_key(&version.to_string())
    }

    /// The message by which a version is deprecated. An empty one is none, as npm has it.
    pub fn deprecation(&self, version: &Version) -> Option<&str> {
        let deprecated = self.entries().get(&version.to_string())?.get("deprecated")?;
        deprecated.as_str().filter(|message| !message.is_empty())
    }

    /// The document with versions deprecated, or with their deprecation taken back where the message is empty.
    pub fn with_deprecation(&self, versions: &[Version], message: &str) -> Bytes {
        let mut document = self.document.clone();
        let entries = document.get_mut("versions").and_then(Value::as_object_mut);
        for (key, entry) in entries.into_iter().flatten() {
            if versions.iter().any(|version| version.to_string() == *key)
                && let Some(fields) = entry.as_object_mut()
            {
                fields.insert("deprecated".to_owned(), Value::String(message.to_owned()));
            }
        }
        written(&document)
    }

    /// The document without a version and without the tags that named it. `latest` goes to the highest version that is left
    /// and no prerelease; npm itself would take a prerelease where that is higher (invariant I8).
    ///
    /// # Errors
    /// [`CannotUnpublish::OnlyVersion`] where nothing would be left, [`CannotUnpublish::OnlyPrereleases`].
    pub fn without(&self, version: &Version) -> Result<Bytes, CannotUnpublish> {
        let gone = version.to_string();
        let mut document = self.document.clone();
        let versions = document.get_mut("versions").and_then(Value::as_object_mut);
        let rest: Vec<String> = versions.map_or_else(Vec::new, |versions| {
            versions.shift_remove(&gone);
            versions.keys().cloned().collect()
        });
        if rest.is_empty() {
            return Err(CannotUnpublish::OnlyVersion { package: self.name.clone(), version: version.clone() });
        }
        if let Some(tags) = document.get_mut("dist-tags").and_then(Value::as_object_mut) {
            let was_latest = tags.get("latest").and_then(Value::as_str) == Some(gone.as_str());
            tags.retain(|_, named| named.as_str() != Some(gone.as_str()));
            if was_latest {
                let (package, version) = (self.name.clone(), version.clone());
                let next = next_latest(&rest).ok_or(CannotUnpublish::OnlyPrereleases { package, version })?;
                tags.insert("latest".to_owned(), Value::String(next.to_string()));
            }
        }
        document.shift_remove("_revisions");
        document.shift_remove("_attachments");
        Ok(written(&document))
    }

    /// The path of a version's tarball below the registry's address, as npm takes it from `dist.tarball`. Where the document
    /// has none, it is the customary one.
    pub fn tarball_path(&self, registry: &RegistryUrl, version: &Version) -> String {
        let entry = self.entries().get(&version.to_string());
        let tarball = entry.and_then(|entry| entry.get("dist")?.get("tarball")?.as_str());
        let stated = tarball.and_then(|text| Url::parse(text).ok()).map(|url| {
            let base = registry.as_url().path();
            url.path().strip_prefix(base).unwrap_or_else(|| url.path()).trim_start_matches('/').to_owned()
        });
        stated.filter(|path| !path.is_empty()).unwrap_or_else(|| customary_tarball(&self.name, version))
    }

    fn entries(&self) -> &Map<String, Value> {
        static NONE: std::sync::OnceLock<Map<String, Value>> = std::sync::OnceLock::new();
        let entries = self.document.get("versions").and_then(Value::as_object);
        entries.unwrap_or_else(|| NONE.get_or_init(Map::new))
    }
}

/// Where npm's registry has a tarball.
fn customary_tarball(name: &PackageName, version: &Version) -> String {
    let name = name.as_str();
    let file = name.rsplit_once('/').map_or(name, |(_, bare)| bare);
    format!("{name}/-/{file}-{version}.tgz")
}

fn next_latest(rest: &[String]) -> Option<Version> {
    rest.iter().filter_map(|text| published_version(text)).filter(|version| version.pre.is_empty()).max()
}

fn written(document: &Map<String, Value>) -> Bytes {
    serde_json::to_vec(document).expect("what was read as JSON can be written as JSON").into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn whole() -> WholePackument {
        let dist = |version: &str| json!({"tarball": format!("http://cdn.example/npm/@s/demo/-/demo-{version}.tgz")});
        let document = json!({
            "_id": "@s/demo", "_rev": "3-abc", "name": "@s/demo", "custom": {"kept": [1, 2]},
            "dist-tags": {"latest": "1.1.0", "old": "1.0.0", "same": "1.1.0"},
            "versions": {
                "1.0.0": {"version": "1.0.0", "deprecated": "", "dist": dist("1.0.0")},
                "1.1.0": {"version": "1.1.0", "deprecated": "broken", "dist": dist("1.1.0")},
                "2.0.0-rc.1": {"version": "2.0.0-rc.1", "dist": {}}
            },
            "_revisions": {"start": 1}, "_attachments": {}
        });
        WholePackument::parse(&name(), document.to_string().as_bytes()).unwrap()
    }

    fn name() -> PackageName {
        PackageName::parse("@s/demo").unwrap()
    }

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn an_empty_deprecation_is_none() {
        let whole = whole();
        assert_eq!(whole.deprecation(&version("1.0.0")), None);
        assert_eq!(whole.deprecation(&version("1.1.0")), Some("broken"));
        assert_eq!(whole.deprecation(&version("9.0.0")), None);
    }

    #[test]
    fn a_deprecation_changes_its_versions_and_carries_the_rest_along() {
        let body = whole().with_deprecation(&[version("1.0.0"), version("9.0.0")], "use 1.2.0");
        let document: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(document["versions"]["1.0.0"]["deprecated"], "use 1.2.0");
        assert_eq!(document["versions"]["1.1.0"]["deprecated"], "broken");
        assert_eq!(document["versions"].as_object().unwrap().len(), 3);
        assert_eq!((&document["_rev"], &document["custom"]["kept"][1]), (&json!("3-abc"), &json!(2)));
    }

    #[test]
    fn without_a_version_its_tags_go_and_latest_never_becomes_a_prerelease() {
        let document: Value = serde_json::from_slice(&whole().without(&version("1.1.0")).unwrap()).unwrap();
        assert_eq!(document["dist-tags"], json!({"old": "1.0.0", "latest": "1.0.0"}));
        assert!(document["versions"].get("1.1.0").is_none());
        assert!(document.get("_revisions").is_none() && document.get("_attachments").is_none());
        let kept: Value = serde_json::from_slice(&whole().without(&version("1.0.0")).unwrap()).unwrap();
        assert_eq!(kept["dist-tags"], json!({"latest": "1.1.0", "same": "1.1.0"}), "another version moves nothing");
    }

    #[test]
    fn the_only_version_is_not_taken_back_with_its_package() {
        let body = r#"{"name":"@s/demo","_rev":"1","versions":{"1.0.0":{}}}"#;
        let whole = WholePackument::parse(&name(), body.as_bytes()).unwrap();
        assert!(whole.without(&version("1.0.0")).unwrap_err().to_string().contains("only version"));
    }

    #[test]
    fn latest_is_not_left_to_a_prerelease() {
        let body =
            r#"{"name":"@s/demo","_rev":"1","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{},"2.0.0-rc.1":{}}}"#;
        let whole = WholePackument::parse(&name(), body.as_bytes()).unwrap();
        assert!(matches!(whole.without(&version("1.0.0")), Err(CannotUnpublish::OnlyPrereleases { .. })));
        assert!(whole.without(&version("2.0.0-rc.1")).is_ok());
    }

    #[test]
    fn without_a_revision_it_can_be_read_and_not_be_put_back() {
        let body = r#"{"name":"@s/demo","versions":{"1.0.0":{},"odd":{}},"dist-tags":{"latest":"1.0.0","x y":"1.0.0"},
            "time":{"1.0.0":"2026-01-01T00:00:00.000Z"}}"#;
        let whole = WholePackument::parse(&name(), body.as_bytes()).unwrap();
        assert_eq!(whole.versions(), BTreeSet::from([version("1.0.0")]));
        assert_eq!(whole.dist_tags().len(), 1);
        assert_eq!(whole.published(&version("1.0.0")), Some("2026-01-01T00:00:00Z".parse().unwrap()));
        assert!(matches!(whole.revision(), Err(CannotUnpublish::NoRevision { .. })));
    }

    #[test]
    fn a_tarball_is_named_below_its_registry() {
        let registry = |text: &str| RegistryUrl::parse(text).unwrap();
        let path = |base: &str, text: &str| whole().tarball_path(&registry(base), &version(text));
        assert_eq!(path("http://registry.example/npm/", "1.1.0"), "@s/demo/-/demo-1.1.0.tgz");
        assert_eq!(path("http://registry.example/", "1.1.0"), "npm/@s/demo/-/demo-1.1.0.tgz");
        assert_eq!(path("http://registry.example/", "2.0.0-rc.1"), "@s/demo/-/demo-2.0.0-rc.1.tgz");
    }

    #[test]
    fn what_can_not_be_put_back_is_not_taken_for_a_packument() {
        for body in ["", "[]", r#"{"name":"@s/demo","_rev":"1"}"#] {
            assert_eq!(WholePackument::parse(&name(), body.as_bytes()), Err(NotTheDocument::None), "{body}");
        }
        let other = WholePackument::parse(&name(), br#"{"name":"x","_rev":"1","versions":{}}"#);
        assert_eq!(other, Err(NotTheDocument::Another("x".into())));
    }
}
