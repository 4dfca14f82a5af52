//! The writes beside an upload, as npm sends them (`npm-registry.md`, 9): method, path and body.

use bytes::Bytes;
use relay_values::DistTag;
use relay_workspace::{PackageName, Version};
use serde_json::Value;

use super::{NpmCommand, WriteMethod, WriteRequest};
use crate::credential::{Credential, Otp};
use crate::packument::{CannotUnpublish, WholePackument};
use crate::url::{RegistryUrl, encode_component, escaped_name};

impl<'a> WriteRequest<'a> {
    /// Lets a dist-tag name a version: `npm dist-tag add`.
    pub fn set_dist_tag(registry: &'a RegistryUrl, package: &'a PackageName, tag: &DistTag, version: &Version) -> Self {
        let body = Value::String(version.to_string()).to_string();
        let path = dist_tag_path(package, tag);
        Self { body: Some(body.into()), ..Self::bare(registry, package, NpmCommand::DistTag, WriteMethod::Put, path) }
    }

    /// Removes a dist-tag: `npm dist-tag rm`. npm's registry does not let `latest` go.
    pub fn remove_dist_tag(registry: &'a RegistryUrl, package: &'a PackageName, tag: &DistTag) -> Self {
        Self::bare(registry, package, NpmCommand::DistTag, WriteMethod::Delete, dist_tag_path(package, tag))
    }

    /// Deprecates versions, or takes their deprecation back where the message is empty: `npm deprecate`. Versions that the
    /// document lacks are left out.
    pub fn deprecate(
        registry: &'a RegistryUrl,
        package: &'a PackageName,
        document: &WholePackument,
        versions: &[Version],
        message: &str,
    ) -> Self {
        let body = document.with_deprecation(versions, message);
        let path = escaped_name(package);
        Self { body: Some(body), ..Self::bare(registry, package, NpmCommand::Deprecate, WriteMethod::Put, path) }
    }

    /// The first half of `npm unpublish` for one version of several: the packument without it. [`Self::remove_tarball`] is the
    /// second.
    ///
    /// # Errors
    /// [`CannotUnpublish`]. Of an only version npm would take the whole package back, which is another matter.
    pub fn unpublish(
        registry: &'a RegistryUrl,
        package: &'a PackageName,
        document: &WholePackument,
        version: &Version,
    ) -> Result<Self, CannotUnpublish> {
        let body: Bytes = document.without(version)?;
        let path = format!("{}/-rev/{}", escaped_name(package), encode_component(document.revision()?));
        Ok(Self { body: Some(body), ..Self::bare(registry, package, NpmCommand::Unpublish, WriteMethod::Put, path) })
    }

    /// The second half of `npm unpublish`: the tarball of a version that the packument no longer has. `document` is the
    /// packument as it is after the first half, `tarball` the path that [`WholePackument::tarball_path`] gave before it.
    ///
    /// # Errors
    /// [`CannotUnpublish::NoRevision`].
    pub fn remove_tarball(
        registry: &'a RegistryUrl,
        package: &'a PackageName,
        document: &WholePackument,
        tarball: &str,
    ) -> Result<Self, CannotUnpublish> {
        let path = format!("{tarball}/-rev/{}", encode_component(document.revision()?));
        Ok(Self::bare(registry, package, NpmCommand::Unpublish, WriteMethod::Delete, path))
    }

    /// The same write by somebody's right, with the answer to a challenge where there is one.
    #[must_use]
    pub fn by(self, credential: Option<&'a Credential>, otp: Option<&'a Otp>) -> Self {
        Self { credential, otp, ..self }
    }

    pub(crate) fn bare(
        registry: &'a RegistryUrl,
        package: &'a PackageName,
        command: NpmCommand,
        method: WriteMethod,
        path: String,
    ) -> Self {
        Self { registry, package, command, method, path, body: None, credential: None, otp: None }
    }
}

fn dist_tag_path(package: &PackageName, tag: &DistTag) -> String {
    format!("-/package/{}/dist-tags/{}", escaped_name(package), encode_component(tag.as_str()))
}
