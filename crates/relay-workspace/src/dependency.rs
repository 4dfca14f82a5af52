//! Kinds of dependency, and one dependency as a manifest states it.

use serde::{Deserialize, Serialize};

use crate::name::PackageName;
use crate::specifier::Specifier;

/// The four maps of a manifest that name other packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DependencyKind {
    /// `dependencies`.
    Prod,
    /// `optionalDependencies`.
    Optional,
    /// `peerDependencies`.
    Peer,
    /// `devDependencies`: not installed by those who install the package.
    Dev,
}

impl DependencyKind {
    /// All kinds, in the order in which relay lists them.
    pub const ALL: [Self; 4] = [Self::Prod, Self::Optional, Self::Peer, Self::Dev];

    /// The key in `package.json`.
    pub fn manifest_key(self) -> &'static str {
        match self {
            Self::Prod => "dependencies",
            Self::Optional => "optionalDependencies",
            Self::Peer => "peerDependencies",
            Self::Dev => "devDependencies",
        }
    }

    /// The kind's short name, as `relay graph --format json` writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prod => "prod",
            Self::Optional => "optional",
            Self::Peer => "peer",
            Self::Dev => "dev",
        }
    }

    /// Says whether someone who installs the package needs the dependency (all kinds but dev).
    pub fn is_runtime(self) -> bool {
        self != Self::Dev
    }
}

/// One entry of a dependency map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The key: the name under which the package is imported.
    pub name: PackageName,
    /// The map it stands in.
    pub kind: DependencyKind,
    /// The right-hand side as written.
    pub text: String,
    /// The right-hand side, sorted by protocol.
    pub specifier: Specifier,
}

impl Dependency {
    /// Reads one entry of a dependency map; `None` where the key is no package name.
    pub fn parse(kind: DependencyKind, key: &str, text: &str) -> Option<Self> {
        let name = PackageName::parse(key).ok()?;
        Some(Self { name, kind, text: text.to_owned(), specifier: Specifier::parse(text) })
    }
}
