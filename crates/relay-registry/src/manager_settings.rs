//! What package managers other than npm say of registries in files of their own: `pnpm-workspace.yaml`, `bunfig.toml`,
//! `.yarnrc.yml`, and the person's files of the same kind.
//!
//! Pure: a file's text goes in, and npm's settings that mean the same come out, each with its place. Whatever holds for
//! `.npmrc` (variables, secrets, whose word a registry is) then holds for them too. The rules are those that the managers
//! showed when they were run with registries on loopback on 2026-11-29: pnpm 12.21 and 11.28, bun 1.4.5, yarn 4.18.1.
//!
//! - `pnpm`, `bun`, `yarn`: one file each

mod bun;
mod pnpm;
mod yarn;

use std::collections::BTreeMap;
use std::fmt;

use camino::Utf8PathBuf;
use relay_workspace::PackageManager;
use secrecy::SecretString;
use serde_json::Value;

use crate::npmrc::NpmrcFile;
use crate::npmrc::expand::expand;
use crate::url::RegistryUrl;

/// A file of a manager's settings, as it was read.
#[derive(Debug, Clone)]
pub struct ManagerFile {
    /// Whose file it is: the manager that the repository uses.
    pub manager: PackageManager,
    /// The file.
    pub file: NpmrcFile,
    /// Whether it is one of the checkout, not of the person.
    pub of_checkout: bool,
}

/// A manager's setting as npm would call it.
#[derive(Clone)]
pub struct ManagerSetting {
    /// `registry`, `@scope:registry`, or a credential's key such as `//host/:_authToken`.
    pub key: String,
    /// Its value; variables are written as npm writes them, `${NAME}`.
    pub value: SecretString,
    /// Where it stands, for people.
    pub place: String,
}

/// What one file says.
#[derive(Debug, Clone, Default)]
pub struct ManagerSettings {
    /// The settings, in the file's order.
    pub settings: Vec<ManagerSetting>,
    /// Registries that scopes are installed from and not published to: yarn's `npmRegistryServer` of a scope. By npm's name of
    /// the scope's setting.
    pub installed_from: BTreeMap<String, ManagerSetting>,
    /// Whether the file says where all is published that it says nothing else of: yarn's `npmPublishRegistry`.
    pub publishes_elsewhere: bool,
}

/// A file of settings that can't be used. Values are never repeated: some are secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManagerSettingsError {
    /// The text is broken.
    #[error("`{path}` can't be read: {problem}; correct it, as {manager} refuses it too")]
    Syntax {
        /// The file.
        path: Utf8PathBuf,
        /// Where, for people.
        problem: String,
        /// The manager.
        manager: &'static str,
    },
    /// A setting of a kind that the manager refuses.
    #[error("{place} must be {expected}; {manager} refuses it as well")]
    WrongKind {
        /// Where it stands.
        place: String,
        /// What it must be, with its article.
        expected: &'static str,
        /// The manager.
        manager: &'static str,
    },
}

impl ManagerFile {
    /// Reads the file. `environment` tells which variables are set, where a default is given for those that are not. Where
    /// credentials are withheld, no value of a variable becomes part of one.
    ///
    /// # Errors
    /// [`ManagerSettingsError`] names the file and the setting.
    pub fn read(
        &self,
        environment: &BTreeMap<String, String>,
        withheld: bool,
    ) -> Result<ManagerSettings, ManagerSettingsError> {
        let broken = |problem: String| ManagerSettingsError::Syntax {
            path: self.file.path.clone(),
            problem,
            manager: self.manager.as_str(),
        };
        let document = match self.manager {
            PackageManager::Npm => return Ok(ManagerSettings::default()),
            PackageManager::Pnpm | PackageManager::Yarn => {
                relay_workspace::read_yaml(&self.file.text).map_err(|line| broken(format!("line {line} is no YAML")))?
            }
            PackageManager::Bun => toml::from_str::<Value>(&self.file.text).map_err(|error| {
                let start = error.span().map_or(0, |span| span.start);
                let before = self.file.text.get(..start).unwrap_or_default();
                broken(format!("line {} is no TOML", before.matches('\n').count() + 1))
            })?,
        };
        let mut reading = Reading { file: self, environment, withheld, found: ManagerSettings::default() };
        match self.manager {
            PackageManager::Npm => {}
            PackageManager::Pnpm => pnpm::read(&mut reading, &document)?,
            PackageManager::Bun => bun::read(&mut reading, &document)?,
            PackageManager::Yarn => yarn::read(&mut reading, &document)?,
        }
        Ok(reading.found)
    }
}

/// The reading of one file.
struct Reading<'a> {
    file: &'a ManagerFile,
    environment: &'a BTreeMap<String, String>,
    withheld: bool,
    found: ManagerSettings,
}

impl Reading<'_> {
    /// How people are told of a setting.
    fn place(&self, name: &str) -> String {
        format!("`{name}` in `{}`", self.file.file.path)
    }

    fn wrong_kind(&self, name: &str, expected: &'static str) -> ManagerSettingsError {
        let manager = self.file.manager.as_str();
        ManagerSettingsError::WrongKind { place: self.place(name), expected, manager }
    }

    fn put(&mut self, key: impl Into<String>, value: &str, name: &str) {
        let place = self.place(name);
        self.found.settings.push(ManagerSetting { key: key.into(), value: value.into(), place });
    }

    /// A text, or an error that says that there must be one.
    fn text<'v>(&self, value: &'v Value, name: &str) -> Result<&'v str, ManagerSettingsError> {
        value.as_str().ok_or_else(|| self.wrong_kind(name, "a text"))
    }

    /// Binds a credential to a registry's address, which may have variables in it. One whose address can't be read binds to
    /// nothing; whoever needs the registry is told of that.
    fn put_credential(&mut self, registry: &str, tail: &str, value: &str, name: &str) {
        let key = match RegistryUrl::parse(registry) {
            Ok(url) => url.config_key(),
            Err(_) => match registry.split_once("://") {
                Some((_, address)) if address.contains("${") => format!("//{}/", address.trim_end_matches('/')),
                _ => return,
            },
        };
        self.put(format!("{key}:{tail}"), value, name);
    }

    /// Binds `user:password` to a registry's address. npm has the pair in base64, into which no variable can be put, so that
    /// variables are expanded here; the place tells their names.
    fn put_pair(&mut self, registry: &str, pair: &str, name: &str) {
        let expanded = expand(pair, self.environment);
        if self.withheld || !expanded.unset.is_empty() {
            self.put_credential(registry, "_auth", pair, name);
            return;
        }
        self.put_credential(registry, "_auth", &base64(&expanded.text), name);
        if let Some(setting) = self.found.settings.last_mut() {
            for variable in &expanded.used {
                setting.place.extend([" (`", variable, "`)"]);
            }
        }
    }
}

/// npm's name of a scope's registry setting.
fn scope_key(scope: &str) -> String {
    format!("@{}:registry", scope.trim_start_matches('@'))
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

impl fmt::Debug for ManagerSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagerSetting").field("key", &self.key).field("place", &self.place).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
