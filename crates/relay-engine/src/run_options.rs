//! What a run was asked for, kept with it, so that whoever goes on with it later asks for the same.

use camino::Utf8PathBuf;
use relay_config::Access;
use relay_values::{DistTag, RegistryUrl};
use serde::{Deserialize, Serialize};

/// The flags of a command line that decide what is released and how. No secret is among them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunOptions {
    /// Whether versions are made: it was a release, not a publish.
    pub releases: bool,
    /// The saved plan's file. Known in the clone alone: others have no such file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_file: Option<Utf8PathBuf>,
    /// `--filter`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filter: Vec<String>,
    /// The folder that relative selectors start from, relative to the workspace's root.
    #[serde(skip_serializing_if = "is_root")]
    pub here: Utf8PathBuf,
    /// `--graduate`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub graduate: Vec<String>,
    /// `--tag`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<DistTag>,
    /// `--access`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// `--registry`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<RegistryUrl>,
    /// `--ignore-scripts`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ignore_scripts: bool,
    /// `--allow-cycles`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_cycles: bool,
    /// `--promote-last`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub promote_last: bool,
    /// `--no-git-tag`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_git_tag: bool,
    /// `--no-push`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_push: bool,
    /// `--no-remote-lock`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_remote_lock: bool,
}

impl RunOptions {
    /// What other clones are told: all but files of this one.
    #[must_use]
    pub fn shared(&self) -> Self {
        Self { plan_file: None, ..self.clone() }
    }
}

fn is_root(path: &Utf8PathBuf) -> bool {
    path.as_str().is_empty()
}
