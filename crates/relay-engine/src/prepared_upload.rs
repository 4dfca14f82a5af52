//! What is sent for one package: fixed bytes, where they go and with which credential.

use std::sync::Arc;

use relay_config::{Access, RegistryRules, RouteKind};
use relay_pack::Tarball;
use relay_registry::RegistryUrl;
use relay_values::DistTag;
use relay_workspace::{Integrity, PackageName, Shasum, Version};

use crate::authority::PackageAuthority;
use crate::promotion::RecordedPromotion;
use crate::registry_change::{ChangeKey, RegistryChange};

/// One frozen package. Its bytes are those that the plan named (invariant I2).
#[derive(Clone)]
pub struct PreparedUpload {
    /// The package.
    pub name: PackageName,
    /// The version.
    pub version: Version,
    /// Where it goes.
    pub registry: RegistryUrl,
    /// Whose rules that registry follows.
    pub rules: RegistryRules,
    /// The planned route.
    pub route: RouteKind,
    /// By whose right it is sent.
    pub authority: PackageAuthority,
    /// Whether somebody declared that its credential bypasses 2FA.
    pub bypasses: bool,
    /// The tarball, with its manifest and readme.
    pub tarball: Arc<Tarball>,
    /// Its integrity.
    pub integrity: Integrity,
    /// Its shasum.
    pub shasum: Shasum,
    /// The dist-tag that it is sent with.
    pub tag: DistTag,
    /// How it is promoted, where that is a side tag.
    pub promotion: Option<RecordedPromotion>,
    /// The access, where something says one.
    pub access: Option<Access>,
    /// The commit that the release is made from.
    pub git_head: Option<String>,
}

impl PreparedUpload {
    /// The upload as a change of its package.
    pub fn key(&self) -> ChangeKey {
        ChangeKey { package: self.name.clone(), change: RegistryChange::Publish { version: self.version.clone() } }
    }
}
