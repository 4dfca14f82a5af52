//! The field's words that a person writes into `relay.toml` and that the whole program reasons with.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A package's publishing access: who may publish it.
///
/// The wire form is that of `npm access set mfa=…`; the registry can be told the setting but never asked for it
/// (`npm-registry.md`, section 5), so relay declares it, learns it from refusals, or assumes npm's default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PublishingAccess {
    /// No second factor is asked for: old packages and other registries.
    None,
    /// "Require two-factor authentication or a granular access token with bypass 2fa enabled": npm's default.
    Automation,
    /// "Require two-factor authentication and disallow tokens": npm's recommendation.
    Publish,
}

/// How one package's upload is authorised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RouteKind {
    /// A trusted publisher (OIDC).
    Trusted,
    /// Upload now, a person approves later.
    Staged,
    /// A granular access token that bypasses 2FA.
    Token,
    /// A person answers a 2FA challenge.
    Interactive,
    /// The registry asks for no second factor.
    Plain,
    /// No route: the package can't be published as things are.
    Blocked,
}

/// Where relay knows a package's publishing access from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessSource {
    /// A `[[policy]]` in `relay.toml`.
    Declared,
    /// A refusal of the registry, remembered.
    Learnt,
    /// Nothing is known; npm's default is assumed.
    Default,
}

/// What kind of credential a person says a token is. A granular token can't be asked (`npm-registry.md`, 4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// A granular access token with bypass 2FA.
    GranularBypass,
    /// A granular access token without bypass 2FA: each write with it is challenged.
    Granular,
    /// A granular access token that may only stage.
    GranularStage,
    /// The session token of `npm login`: each write with it is challenged.
    Session,
    /// Found in `.npmrc` or the environment, and nothing says what kind it is.
    Unknown,
}

/// How versions move: each package for itself, or all as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReleaseMode {
    /// Each package has a version of its own; tags are `name@1.2.3`.
    #[default]
    Independent,
    /// All packages share one version; tags are `v1.2.3`.
    Fixed,
}

/// What a breaking change and a feature move in a version below 1.0.0, where commits tell of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ZeroMajor {
    /// Both the second number.
    #[default]
    Minor,
    /// A breaking change the second number, a feature the third.
    Shift,
    /// A breaking change leads to 1.0.0.
    Major,
}

/// Which npm's rules say what a tarball holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NpmRules {
    /// Those of npm up to 11, which pnpm, yarn and bun have taken over.
    #[serde(rename = "npm@11")]
    Npm11,
    /// Those of npm from 12 on.
    #[serde(rename = "npm@12")]
    Npm12,
}

impl NpmRules {
    /// The word in `relay.toml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Npm11 => "npm@11",
            Self::Npm12 => "npm@12",
        }
    }
}

/// Where relay reads from what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeSource {
    /// `.changeset/*.md`.
    Changesets,
    /// Commit messages since the last release.
    ConventionalCommits,
}

/// Whose rules a registry follows when it decides who may publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegistryRules {
    /// npm's: publishing access, 2FA challenges, staging. Assumed for npm's public registry alone.
    Npm,
    /// Any valid credential may publish. Assumed for every other registry.
    Plain,
}

/// How far a dependency must be along before its dependents are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WaitFor {
    /// It can be installed: packument and tarball are there.
    #[default]
    Visible,
    /// The registry took the upload.
    Accepted,
}

/// Who may read a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Everybody.
    Public,
    /// Only those who are granted access.
    #[serde(alias = "private")]
    Restricted,
}

impl PublishingAccess {
    /// npm's own word for the setting.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Automation => "automation",
            Self::Publish => "publish",
        }
    }
}

impl CredentialKind {
    /// The word in `relay.toml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GranularBypass => "granular-bypass",
            Self::Granular => "granular",
            Self::GranularStage => "granular-stage",
            Self::Session => "session",
            Self::Unknown => "unknown",
        }
    }
}

impl RouteKind {
    /// The word that plans and messages use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Staged => "staged",
            Self::Token => "token",
            Self::Interactive => "interactive",
            Self::Plain => "plain",
            Self::Blocked => "blocked",
        }
    }

    /// Says whether a person must be there while the upload happens.
    pub fn needs_person(self) -> bool {
        self == Self::Interactive
    }
}

impl Access {
    /// npm's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Restricted => "restricted",
        }
    }
}

impl fmt::Display for PublishingAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for RouteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
