//! What package managers other than npm say of registries in files of their own: `pnpm-workspace.yaml`, `bunfig.toml`,
//! `.yarnrc.yml`, and the person's files of the same kind.
//!
//! Pure: a file's text goes in, and npm's settings that mean the same come out, each with its place. Whatever holds for
//! `.npmrc` (variables, secrets, whose word a registry is) then holds for them too. The rules are those that the managers
//! showed when they were run with registries on loopback on 2026-11-29: pnpm 12.21 and 11.28, bun 1.4.5, yarn 4.18.1.
//!
//! - `pnpm`, `bun`: one file each
//! - `yarn`: all its files, which are one to it
//! - `variables`: what each takes from the environment

mod bun;
mod pnpm;
mod variables;
mod yarn;

use std::collections::BTreeMap;
use std::fmt;

use camino::Utf8PathBuf;
use relay_values::Printable;
use relay_workspace::PackageManager;
use secrecy::SecretString;
use serde_json::Value;

use crate::npmrc::NpmrcFile;
use crate::npmrc::expand::{Forms, expand};
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

/// Whose word a manager's setting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The person's, in a file.
    Person,
    /// The checkout's.
    Checkout,
    /// The person's, in a variable.
    Variable,
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
    /// Whose word it is.
    pub word: Word,
}

/// A credential that stands beside no registry.
#[derive(Clone)]
pub struct LooseCredential {
    /// What npm calls its kind: `_authToken` or `_auth`.
    pub tail: &'static str,
    /// Its value, as in [`ManagerSetting`].
    pub value: SecretString,
    /// Where it stands, for people.
    pub place: String,
    /// Whose word it is.
    pub word: Word,
}

/// What one file says, or all files of a manager to which they are one.
#[derive(Debug, Clone, Default)]
pub struct ManagerSettings {
    /// The settings: the weakest first, within a file in its order.
    pub settings: Vec<ManagerSetting>,
    /// Credentials that no setting binds to a registry: they belong to the person's own, or to npm's default.
    pub loose: Vec<LooseCredential>,
    /// What a person should know.
    pub warnings: Vec<String>,
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

/// What a repository's manager is given from outside.
#[derive(Clone, Copy)]
pub struct ManagerSources<'a> {
    /// The manager.
    pub manager: Option<PackageManager>,
    /// Its files, the weakest first: the person's before the checkout's.
    pub files: &'a [ManagerFile],
    /// All variables.
    pub environment: &'a BTreeMap<String, String>,
    /// Says whether a variable may be one that a file of the checkout put into the environment.
    pub of_checkout: &'a dyn Fn(&str) -> bool,
    /// Where credentials are withheld, no value of a variable becomes part of one.
    pub withheld: bool,
}

impl ManagerSources<'_> {
    /// Reads everything, the weakest first.
    ///
    /// # Errors
    /// [`ManagerSettingsError`] names the file and the setting.
    pub fn read(&self) -> Result<Vec<ManagerSettings>, ManagerSettingsError> {
        if self.manager == Some(PackageManager::Yarn) {
            return Ok(vec![yarn::read_all(self.files, self.environment, self.of_checkout, self.withheld)?]);
        }
        let read = |file: &ManagerFile| file.read(self.environment, self.withheld);
        let mut found: Vec<_> = self.files.iter().map(read).collect::<Result<_, _>>()?;
        match self.manager {
            Some(PackageManager::Bun) => {
                found.push(variables::of_bun(self.environment, self.of_checkout, self.withheld));
            }
            Some(PackageManager::Pnpm) => found.push(variables::of_pnpm(self.environment, self.of_checkout)),
            _ => {}
        }
        Ok(found)
    }
}

/// Says whether an `.env` file sets a variable to a value, so that it may be the file that put it into the environment.
pub(crate) fn sets(text: &str, name: &str, value: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let rest = line.strip_prefix(name).map(str::trim_start);
        rest.is_some_and(|rest| rest.starts_with(['=', ':']) && (rest.contains(value) || rest.contains('$')))
    })
}

impl ManagerFile {
    /// Reads the file by itself. `environment` tells which variables are set, where a default is given for those that are not.
    /// Where credentials are withheld, no value of a variable becomes part of one.
    ///
    /// # Errors
    /// [`ManagerSettingsError`] names the file and the setting.
    pub fn read(
        &self,
        environment: &BTreeMap<String, String>,
        withheld: bool,
    ) -> Result<ManagerSettings, ManagerSettingsError> {
        let mut reading = Reading { file: self, environment, withheld, found: ManagerSettings::default() };
        match self.manager {
            PackageManager::Npm => {}
            PackageManager::Pnpm => pnpm::read(&mut reading, &self.document()?)?,
            PackageManager::Bun => bun::read(&mut reading, &self.document()?)?,
            PackageManager::Yarn => {
                let alone = std::slice::from_ref(self);
                return yarn::read_all(alone, &without_yarns(environment), &|_| false, withheld);
            }
        }
        Ok(reading.found)
    }

    /// The file as a document; `null` where it says nothing.
    fn document(&self) -> Result<Value, ManagerSettingsError> {
        let broken = |problem: String| ManagerSettingsError::Syntax {
            path: self.file.path.clone(),
            problem,
            manager: self.manager.as_str(),
        };
        match self.manager {
            PackageManager::Npm => Ok(Value::Null),
            PackageManager::Pnpm | PackageManager::Yarn => {
                relay_workspace::read_yaml(&self.file.text).map_err(|line| broken(format!("line {line} is no YAML")))
            }
            PackageManager::Bun => toml::from_str::<Value>(&self.file.text).map_err(|error| {
                let start = error.span().map_or(0, |span| span.start);
                let before = self.file.text.get(..start).unwrap_or_default();
                broken(format!("line {} is no TOML", before.matches('\n').count() + 1))
            }),
        }
    }

    /// How people are told of a setting.
    fn place(&self, name: &str) -> String {
        format!("`{}` in `{}`", Printable::whole(name), self.file.path)
    }
}

/// The environment without the variables that are settings of yarn.
fn without_yarns(environment: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let is_setting = |name: &str| name.get(..5).is_some_and(|head| head.eq_ignore_ascii_case("YARN_"));
    environment
        .iter()
        .filter(|(name, _)| !is_setting(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

impl LooseCredential {
    /// A credential of a kind; its place and whose word it is are to be told.
    fn new(tail: &'static str, value: &str) -> Self {
        Self { tail, value: value.into(), place: String::new(), word: Word::Checkout }
    }

    /// `user:password`. npm has the pair in base64, into which no variable can be put, so that variables are expanded here; the
    /// place begins with their names.
    fn of_pair(pair: &str, environment: &BTreeMap<String, String>, withheld: bool) -> Self {
        let expanded = expand(pair, Forms::Npm, environment);
        if withheld || !expanded.unset.is_empty() {
            return Self::new("_auth", pair);
        }
        let names: Vec<_> =
            expanded.used.iter().map(|variable| format!(" (`{}`)", Printable::name(variable))).collect();
        let place = names.concat();
        Self { place, ..Self::new("_auth", &base64(&expanded.text)) }
    }
}

impl ManagerSettings {
    /// Binds a credential to a registry's address, which may have variables in it. One whose address can't be read binds to
    /// nothing; whoever needs the registry is told of that.
    fn bind(&mut self, registry: &str, credential: LooseCredential) {
        let key = match RegistryUrl::parse(registry) {
            Ok(url) => url.config_key(),
            Err(_) => match registry.split_once("://") {
                Some((_, address)) if address.contains("${") => format!("//{}/", address.trim_end_matches('/')),
                _ => return,
            },
        };
        let LooseCredential { tail, value, place, word } = credential;
        self.settings.push(ManagerSetting { key: format!("{key}:{tail}"), value, place, word });
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
    fn word(&self) -> Word {
        if self.file.of_checkout { Word::Checkout } else { Word::Person }
    }

    fn wrong_kind(&self, name: &str, expected: &'static str) -> ManagerSettingsError {
        let manager = self.file.manager.as_str();
        ManagerSettingsError::WrongKind { place: self.file.place(name), expected, manager }
    }

    fn put(&mut self, key: impl Into<String>, value: &str, name: &str) {
        let (place, word) = (self.file.place(name), self.word());
        self.found.settings.push(ManagerSetting { key: key.into(), value: value.into(), place, word });
    }

    /// A text, or an error that says that there must be one.
    fn text<'v>(&self, value: &'v Value, name: &str) -> Result<&'v str, ManagerSettingsError> {
        value.as_str().ok_or_else(|| self.wrong_kind(name, "a text"))
    }

    fn put_credential(&mut self, registry: &str, tail: &'static str, value: &str, name: &str) {
        self.bind(registry, LooseCredential::new(tail, value), name);
    }

    fn put_pair(&mut self, registry: &str, pair: &str, name: &str) {
        self.bind(registry, LooseCredential::of_pair(pair, self.environment, self.withheld), name);
    }

    fn bind(&mut self, registry: &str, credential: LooseCredential, name: &str) {
        let place = self.file.place(name) + &credential.place;
        let word = self.word();
        self.found.bind(registry, LooseCredential { place, word, ..credential });
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

impl fmt::Debug for LooseCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LooseCredential").field("tail", &self.tail).field("place", &self.place).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod as_seen;
#[cfg(test)]
mod tests;
