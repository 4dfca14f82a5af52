//! npm's configuration as far as a release needs it: which registry, which credential (`npm-registry.md`, section 12).
//!
//! Pure: the caller reads the files and the environment. The crate `deno_npmrc` gives the default registry's address
//! only: its parser drops keys that are needed here (`otp`, `scope`, un-scoped credentials, numbers), expands variables
//! by other rules than npm, and its types show tokens in `Debug`. The grammar here is that of npm's own `ini`.

mod credentials;
mod error;
pub(crate) mod expand;
mod ini;
pub mod keeping;
mod layers;
mod literal;
mod manager;
mod network;
mod sources;
mod whose;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use relay_workspace::PackageName;
use secrecy::ExposeSecret;
use serde_json::Value;

pub use error::{NamedRegistry, NpmConfigError};
use layers::{Entry, Layer, Laying};
pub use network::NetworkSettings;
pub use sources::{ConfigSources, NpmrcFile};

use crate::credential::Otp;
use crate::url::{RegistryUrl, default_registry};

/// The largest `.npmrc` that is read, in bytes.
pub const NPMRC_SIZE_BYTES_MAX: usize = 1024 * 1024;

/// Keys that npm refuses unless they name a registry.
const KEYS_THAT_NEED_A_REGISTRY: [&str; 6] =
    ["_auth", "_authToken", "username", "_password", "_authtoken", "-authtoken"];

/// Variables of node's own that say whom to trust.
const NODE_VARIABLES: [&str; 2] = ["NODE_EXTRA_CA_CERTS", "NODE_TLS_REJECT_UNAUTHORIZED"];

/// The settings in force. Values that may be secret are shown to nobody.
#[derive(Clone)]
pub struct NpmConfig {
    entries: BTreeMap<String, Entry>,
    registry_flag: Option<RegistryUrl>,
    warnings: Vec<String>,
    given_away: Vec<String>,
    contradictions: Vec<String>,
    idle_tokens: Vec<&'static str>,
    /// Variables that node itself heeds.
    node_variables: BTreeMap<&'static str, String>,
    /// The registries that the person's own settings name.
    named_by_person: BTreeSet<RegistryUrl>,
    /// The one that they name as `registry`.
    default_of_person: Option<RegistryUrl>,
    withheld: bool,
    manager: manager::OfManager,
}

/// Which registry a package goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryChoice {
    /// The registry.
    pub url: RegistryUrl,
    /// What a person should know about the choice.
    pub warning: Option<String>,
    /// Where it is named, for people; `None`: nowhere, so that it is npm's default.
    pub place: Option<String>,
    /// Whether a manager's own file or variable names it.
    pub is_of_manager: bool,
    /// Whether nothing names it for the package or its scope.
    pub is_fallback: bool,
}

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NpmSetting<'a> {
    /// Its value.
    pub value: &'a str,
    /// Where it stands, for people.
    pub place: &'a str,
    /// Whether a variable says so.
    pub by_variable: bool,
}

impl NpmSetting<'_> {
    /// Whether it is on, for a setting that is on or off: npm takes every text but a few for "on".
    pub fn is_on(&self) -> bool {
        !matches!(self.value, "" | "false" | "null") && self.value.parse::<f64>() != Ok(0.0)
    }
}

impl NpmConfig {
    /// Lays the sources over each other and expands variables.
    ///
    /// # Errors
    /// [`NpmConfigError`] for credentials that name no registry and for an unusable `--registry`.
    pub fn resolve(sources: &ConfigSources) -> Result<Self, NpmConfigError> {
        let mut config = Self {
            entries: BTreeMap::new(),
            registry_flag: None,
            warnings: Vec::new(),
            given_away: Vec::new(),
            contradictions: Vec::new(),
            idle_tokens: Vec::new(),
            node_variables: NODE_VARIABLES
                .iter()
                .filter_map(|name| Some((*name, sources.environment.get(*name)?.clone())))
                .collect(),
            named_by_person: BTreeSet::new(),
            default_of_person: None,
            withheld: sources.withhold,
            manager: manager::OfManager::default(),
        };
        let files =
            [(&sources.global, Layer::Global), (&sources.user, Layer::User), (&sources.project, Layer::Project)];
        let mut laying = Laying::of(sources)?;
        for (file, layer) in files {
            laying.lay_file(file.as_ref(), layer);
        }
        let manager = laying.lay_manager()?;
        laying.lay_environment(&sources.environment);
        laying.finish(&mut config);
        config.manager = manager;
        config.warn_of_what_has_no_effect();
        if let Some(flag) = &sources.registry_flag {
            let registry = RegistryUrl::parse(flag)
                .map_err(|source| NpmConfigError::InvalidRegistry { place: "`--registry`".into(), source })?;
            config.named_by_person.insert(registry.clone());
            config.default_of_person = Some(registry.clone());
            config.registry_flag = Some(registry);
        }
        for file in files.into_iter().filter_map(|(file, _)| file.as_ref()) {
            config.refuse_unscoped_auth(file)?;
        }
        config.idle_tokens = relay_values::CUSTOMARY_TOKEN_VARIABLES
            .into_iter()
            .filter(|name| {
                !sources.withhold && sources.environment.get(*name).is_some_and(|value| !value.trim().is_empty())
            })
            .filter(|name| !config.entries.values().any(|entry| entry.variables.iter().any(|used| used == name)))
            .collect();
        Ok(config)
    }

    /// The registry that a package goes to: the flag, the scope's registry, `publishConfig.registry`, `registry`, npm's.
    ///
    /// npm lets a scope's registry win over `--registry`; relay does not, and says so where it makes a difference.
    ///
    /// # Errors
    /// [`NpmConfigError`] for an address that can't be used.
    pub fn registry_for(
        &self,
        name: &PackageName,
        publish_config: Option<&Value>,
    ) -> Result<RegistryChoice, NpmConfigError> {
        let published = |key: &str| publish_config.and_then(|config| config.get(key)).and_then(Value::as_str);
        let in_manifest = |key: &str| format!("`publishConfig.{key}` of `{name}`");
        let scope_key = name.scope().map(|scope| format!("{scope}:registry"));
        let by_scope = match &scope_key {
            None => Ok(None),
            Some(key) => match published(key) {
                Some(text) => parse_registry(text, in_manifest(key)).map(|url| Some((url, in_manifest(key)))),
                None => self.registry_at(key),
            },
        };
        let chosen = |url: RegistryUrl, place: &str| RegistryChoice {
            url,
            warning: None,
            is_of_manager: self.manager.is_of_manager(place),
            place: (!place.is_empty()).then(|| place.to_owned()),
            is_fallback: false,
        };
        if let Some(flag) = &self.registry_flag {
            // What the flag wins over may even be unusable.
            let warning = by_scope.ok().flatten().filter(|(url, _)| url != flag).map(|(url, place)| {
                format!("{place} says `{url}`; `--registry` wins over it here, while npm would use `{url}`")
            });
            return Ok(RegistryChoice { warning, ..chosen(flag.clone(), "`--registry`") });
        }
        let by_manifest = match published("registry") {
            Some(text) => Some((parse_registry(text, in_manifest("registry"))?, in_manifest("registry"))),
            None => None,
        };
        let scope_in_manifest = scope_key.as_ref().is_some_and(|key| published(key).is_some());
        if self.manager.manifest_goes_first()
            && !scope_in_manifest
            && let Some((url, place)) = by_manifest
        {
            return Ok(chosen(url, &place));
        }
        if let Some(key) = scope_key.as_ref().filter(|_| !scope_in_manifest) {
            self.manager.agrees_about(key)?;
        }
        if let Some((url, place)) = by_scope? {
            let warning = by_manifest.filter(|(other, _)| *other != url).map(|(other, _)| {
                format!(
                    "{place} says `{url}`, so that `publishConfig.registry` (`{other}`) has no effect for `{name}`, as \
                     with npm; write `\"{}\"` into `publishConfig` to override it",
                    scope_key.as_deref().unwrap_or("@scope:registry")
                )
            });
            return Ok(RegistryChoice { warning, ..chosen(url, &place) });
        }
        let by_flag_scope = match self.get("scope") {
            Some(scope) if !scope.is_empty() => {
                self.registry_at(&format!("@{}:registry", scope.trim_start_matches('@')))?
            }
            _ => None,
        };
        if let Some((url, place)) = by_flag_scope.or(by_manifest) {
            return Ok(chosen(url, &place));
        }
        self.manager.agrees_about("registry")?;
        let (url, place) = self.registry_at("registry")?.unwrap_or_else(|| (default_registry(), String::new()));
        self.manager.publishes(scope_key.as_deref(), &url)?;
        Ok(RegistryChoice { is_fallback: true, ..chosen(url, &place) })
    }

    /// The registry of packages that nothing else is said of; npm's, where the settings name none that can be used.
    pub fn registry(&self) -> RegistryUrl {
        let configured = || self.registry_at("registry").ok().flatten().map(|(url, _)| url);
        self.registry_flag.clone().or_else(configured).unwrap_or_else(default_registry)
    }

    /// The one-time password given up front (`otp`, `npm_config_otp`), where it is one.
    pub fn otp(&self) -> Option<Otp> {
        Otp::parse(self.entries.get("otp")?.value.expose_secret()).ok()
    }

    /// Whether browser challenges are wanted: not with `auth-type=legacy`, and not with a code given up front.
    pub fn auth_type_web(&self) -> bool {
        self.get("auth-type") != Some("legacy") && self.otp().is_none()
    }

    /// A setting. Credentials, codes and proxies (which may hold passwords) are never given out here.
    pub fn get(&self, key: &str) -> Option<&str> {
        if may_be_secret(key) {
            return None;
        }
        self.entries.get(key).map(|entry| entry.value.expose_secret()).filter(|value| !value.is_empty())
    }

    /// A setting with its place; as [`NpmConfig::get`], nothing that may be secret.
    pub fn setting(&self, key: &str) -> Option<NpmSetting<'_>> {
        let value = self.get(key)?;
        let entry = self.entries.get(key)?;
        let by_variable = matches!(entry.layer, Layer::Environment | Layer::Runner);
        Some(NpmSetting { value, place: &entry.place, by_variable })
    }

    /// What a person should know about the files: lines that npm does not read.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Where files of the checkout have credentials as they are, for people: each script of the repository can read them.
    pub fn given_away(&self) -> &[String] {
        &self.given_away
    }

    /// Where a file has a credential twice, each time another one, for people.
    pub fn contradictions(&self) -> &[String] {
        &self.contradictions
    }

    fn refuse_unscoped_auth(&self, file: &NpmrcFile) -> Result<(), NpmConfigError> {
        let entries = ini::parse(&file.text).entries;
        let has = |key: &str| entries.iter().any(|(k, value)| k == key && !value.trim().is_empty());
        let Some(key) = KEYS_THAT_NEED_A_REGISTRY.into_iter().find(|key| has(key)) else { return Ok(()) };
        let registry = match &self.registry_flag {
            Some(registry) => registry.clone(),
            None => self.registry_at("registry")?.map_or_else(default_registry, |(url, _)| url),
        };
        let lonely = (key == "username" && !has("_password")) || (key == "_password" && !has("username"));
        let fix = if lonely || key.ends_with("authtoken") {
            "delete the line".to_owned()
        } else {
            format!("write `{}:{key}=…` instead", registry.config_key())
        };
        Err(NpmConfigError::UnscopedAuth { path: file.path.clone(), key: key.to_owned(), fix })
    }

    /// The registry that a key names, with the key's place.
    fn registry_at(&self, key: &str) -> Result<Option<(RegistryUrl, String)>, NpmConfigError> {
        let Some(entry) = self.entries.get(key) else { return Ok(None) };
        if let Some(variable) = entry.refused.first() {
            return Err(NpmConfigError::SecretInAddress { place: entry.place.clone(), variable: variable.clone() });
        }
        if let Some(variable) = entry.unset.first() {
            return Err(NpmConfigError::UnsetVariable { place: entry.place.clone(), variable: variable.clone() });
        }
        let text = entry.value.expose_secret();
        if text.is_empty() {
            return Ok(None);
        }
        Ok(Some((parse_registry(text, entry.place.clone())?, entry.place.clone())))
    }
}

fn parse_registry(text: &str, place: String) -> Result<RegistryUrl, NpmConfigError> {
    RegistryUrl::parse(text).map_err(|source| NpmConfigError::InvalidRegistry { place, source })
}

fn may_be_secret(key: &str) -> bool {
    let tail = key.rsplit(':').next().unwrap_or(key);
    key.starts_with("//")
        || tail.starts_with(['_', '-'])
        || matches!(tail, "otp" | "key" | "cert" | "proxy" | "https-proxy" | "http-proxy" | "password" | "token")
}

impl fmt::Debug for NpmConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NpmConfig")
            .field("places", &self.entries.values().map(|e| &e.place).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod by_npm;
#[cfg(test)]
mod tests;
