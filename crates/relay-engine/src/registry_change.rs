//! What a write to a registry changes, as data: what events, challenges, reports and plans of writes are about.

use std::fmt;

use relay_registry::StageId;
use relay_values::DistTag;
use relay_workspace::{PackageName, Version};
use serde::{Deserialize, Serialize};

/// One change of what a registry says of a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RegistryChange {
    /// A version is uploaded.
    Publish {
        /// The version.
        version: Version,
    },
    /// A dist-tag names a version from now on.
    SetTag {
        /// The tag.
        tag: DistTag,
        /// The version.
        version: Version,
    },
    /// A dist-tag goes.
    RemoveTag {
        /// The tag.
        tag: DistTag,
    },
    /// Versions are deprecated; by an empty message their deprecation is taken back.
    Deprecate {
        /// The versions.
        versions: Vec<Version>,
        /// What is shown to whoever installs one.
        message: String,
    },
    /// A version is taken back for good: its number is burnt.
    Unpublish {
        /// The version.
        version: Version,
    },
    /// A staged version is published.
    ApproveStage {
        /// The version.
        version: Version,
        /// The stage's id.
        stage: StageId,
    },
    /// A staged version is thrown away for good.
    RejectStage {
        /// The version.
        version: Version,
        /// The stage's id.
        stage: StageId,
    },
}

/// A change of one package: what a challenge or an answer belongs to. One package can have several at once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangeKey {
    /// The package.
    pub package: PackageName,
    /// What is changed.
    pub change: RegistryChange,
}

impl fmt::Display for RegistryChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Publish { version } => write!(f, "publish {version}"),
            Self::SetTag { tag, version } => write!(f, "let `{tag}` name {version}"),
            Self::RemoveTag { tag } => write!(f, "remove the dist-tag `{tag}`"),
            Self::Deprecate { versions, message } => {
                let list = versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                if message.is_empty() {
                    write!(f, "take the deprecation of {list} back")
                } else {
                    write!(f, "deprecate {list}")
                }
            }
            Self::ApproveStage { version, .. } => write!(f, "approve {version}"),
            Self::RejectStage { version, .. } => write!(f, "reject {version}"),
            Self::Unpublish { version } => write!(f, "unpublish {version}"),
        }
    }
}

impl fmt::Display for ChangeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.change {
            RegistryChange::Publish { version } => write!(f, "{} {version}", self.package),
            change => write!(f, "{} ({change})", self.package),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_in_words_and_kept_as_data() {
        let tag = DistTag::parse("latest").unwrap();
        let versions = vec![Version::new(1, 0, 0), Version::new(1, 1, 0)];
        let deprecate =
            |message: &str| RegistryChange::Deprecate { versions: versions.clone(), message: message.into() };
        let all = [
            (RegistryChange::Publish { version: Version::new(1, 0, 0) }, "a 1.0.0"),
            (
                RegistryChange::SetTag { tag: tag.clone(), version: Version::new(1, 0, 0) },
                "a (let `latest` name 1.0.0)",
            ),
            (RegistryChange::RemoveTag { tag }, "a (remove the dist-tag `latest`)"),
            (deprecate("broken"), "a (deprecate 1.0.0, 1.1.0)"),
            (deprecate(""), "a (take the deprecation of 1.0.0, 1.1.0 back)"),
            (RegistryChange::Unpublish { version: Version::new(1, 0, 0) }, "a (unpublish 1.0.0)"),
        ];
        for (change, words) in all {
            let json = serde_json::to_string(&change).unwrap();
            assert_eq!(serde_json::from_str::<RegistryChange>(&json).unwrap(), change, "{json}");
            let key = ChangeKey { package: PackageName::parse("a").unwrap(), change };
            assert_eq!(key.to_string(), words);
        }
    }
}
