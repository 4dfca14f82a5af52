//! Where npm's settings come from, as the caller read it. Some of it is secret, so that `Debug` shows none of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use camino::Utf8PathBuf;
use relay_workspace::PackageManager;

use crate::manager_settings::{ManagerFile, sets};

/// A file of settings, as it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct NpmrcFile {
    /// Where it lies, for messages.
    pub path: Utf8PathBuf,
    /// Its text. It may hold tokens, so that `Debug` leaves it out.
    pub text: String,
}

/// Where settings come from, the strongest last: global, user, project, environment, flag.
#[derive(Clone, Default)]
pub struct ConfigSources {
    /// The `.npmrc` beside the workspace's root manifest.
    pub project: Option<NpmrcFile>,
    /// The user's `.npmrc`.
    pub user: Option<NpmrcFile>,
    /// The machine's `npmrc`.
    pub global: Option<NpmrcFile>,
    /// All variables: for `npm_config_*` and for `${VAR}` in files.
    pub environment: BTreeMap<String, String>,
    /// The flag `--registry`.
    pub registry_flag: Option<String>,
    /// The names of variables that hold credentials: they are for credentials and for nothing else.
    pub secret_variables: BTreeSet<String>,
    /// Whether no credential may be used and no secret be expanded, since the files are not the person's own.
    pub withhold: bool,
    /// The repository's manager, whose rules count where they differ from npm's.
    pub manager_of_repository: Option<PackageManager>,
    /// That manager's own files, the person's before the checkout's.
    pub manager: Vec<ManagerFile>,
    /// The texts of the checkout's `.env` files, which some managers put into the environment of what they run.
    pub environment_files: Vec<String>,
}

impl ConfigSources {
    /// Says whether a variable may be one that a file of the checkout put into the environment.
    pub(super) fn is_of_checkout(&self, variable: &str) -> bool {
        let value = self.environment.get(variable).map_or("", String::as_str);
        self.environment_files.iter().any(|text| sets(text, variable, value))
    }
}

impl fmt::Debug for NpmrcFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NpmrcFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl fmt::Debug for ConfigSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigSources")
            .field("project", &self.project)
            .field("user", &self.user)
            .field("global", &self.global)
            .finish_non_exhaustive()
    }
}
