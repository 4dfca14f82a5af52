//! What is sent for one package: fixed bytes, where they go and with which credential.

use std::sync::Arc;

use relay_config::{Access, RegistryRules, RouteKind};
use relay_pack::Tarball;
use relay_registry::{Credential, RegistryUrl};
use relay_values::DistTag;
use relay_workspace::{Integrity, PackageName, Shasum, Version};

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
    /// The credential of that route.
    pub credential: Option<Credential>,
    /// Whether somebody declared that it bypasses 2FA.
    pub bypasses: bool,
    /// The credential with which a person can answer a challenge, if there is one.
    pub interactive_credential: Option<Credential>,
    /// The tarball, with its manifest and readme.
    pub tarball: Arc<Tarball>,
    /// Its integrity.
    pub integrity: Integrity,
    /// Its shasum.
    pub shasum: Shasum,
    /// The dist-tag.
    pub tag: DistTag,
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

    /// The credential for an upload: the route's own, or the one with which a person answers.
    pub fn credential_for(&self, interactive: bool) -> Option<&Credential> {
        if interactive {
            self.interactive_credential.as_ref().or(self.credential.as_ref())
        } else {
            self.credential.as_ref()
        }
    }
}
