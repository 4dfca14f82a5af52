//! Settings laid over each other: files, then the environment. Variables are expanded here, and secrets only where they are
//! meant to stand: in credentials, never in an address, a tag or a path.

use std::collections::{BTreeMap, BTreeSet};

use relay_values::Printable;
use relay_workspace::PackageName;
use secrecy::{ExposeSecret as _, SecretString};

use super::expand::{self, Expanded, Forms, Lookup};
use super::whose::{Runner, registry_of_runner};
use super::{
    ConfigSources, KEYS_THAT_NEED_A_REGISTRY, NPMRC_SIZE_BYTES_MAX, NpmConfig, NpmConfigError, NpmrcFile, ini, literal,
};
use crate::struck_out;
use crate::url::RegistryUrl;

/// From this length on, in bytes, a value that is known to be a secret is recognised in other variables.
const SECRET_BYTES_MIN: usize = 8;

/// Whose word a setting is, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    /// The machine's file.
    Global,
    /// The person's file.
    User,
    /// The file in the checkout.
    Project,
    /// A variable.
    Environment,
    /// A variable that a script runner made of what it read, in the checkout too.
    Runner,
}

impl Layer {
    /// Says whether it is the person's own word, or their machine's.
    pub(super) fn is_of_person(self) -> bool {
        matches!(self, Self::Global | Self::User | Self::Environment)
    }
}

/// One setting with where it came from.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) value: SecretString,
    pub(super) place: String,
    pub(super) layer: Layer,
    /// Variables that the value was made of.
    pub(super) variables: Vec<String>,
    /// Variables that are not set and stand in the value as text.
    pub(super) unset: Vec<String>,
    /// Variables that are not set and were replaced by nothing (`${VAR?}`).
    pub(super) emptied: Vec<String>,
    /// Variables that hold a secret and are not expanded here.
    pub(super) refused: Vec<String>,
    /// The value is a credential that may not be used in this run, and is not here.
    pub(super) withheld: bool,
}

/// The laying of all sources.
pub(super) struct Laying<'a> {
    pub(super) sources: &'a ConfigSources,
    forms: Forms,
    /// Values that are known to be secret.
    secrets: Vec<SecretString>,
    pub(super) entries: BTreeMap<String, Entry>,
    pub(super) warnings: Vec<String>,
    /// Where the checkout's files have credentials as they are.
    pub(super) given_away: Vec<String>,
    /// Credentials that one file has twice, each time another one.
    pub(super) contradictions: Vec<String>,
    named_by_person: BTreeSet<RegistryUrl>,
    pub(super) default_of_person: Option<RegistryUrl>,
}

impl<'a> Laying<'a> {
    /// Looks at all sources for what is secret, before anything is expanded.
    pub(super) fn of(sources: &'a ConfigSources) -> Result<Self, NpmConfigError> {
        let environment = &sources.environment;
        let forms = Forms::of(sources.manager_of_repository);
        let mut secrets: Vec<String> =
            sources.secret_variables.iter().filter_map(|name| environment.get(name)).cloned().collect();
        for file in [&sources.global, &sources.user, &sources.project].into_iter().flatten() {
            if file.text.len() > NPMRC_SIZE_BYTES_MAX {
                return Err(NpmConfigError::FileTooLarge { path: file.path.clone() });
            }
            let credentials = ini::parse(&file.text).entries.into_iter().filter(|(key, _)| is_credential(key));
            secrets.extend(credentials.map(|(_, value)| expand::expand(value.trim(), forms, environment).text));
        }
        secrets.retain(|secret| secret.trim().len() >= SECRET_BYTES_MIN && !secret.contains("${"));
        let secrets: Vec<_> = secrets.into_iter().map(|secret| SecretString::from(secret.trim())).collect();
        for secret in &secrets {
            struck_out::know(secret);
        }
        Ok(Self {
            sources,
            forms,
            secrets,
            entries: BTreeMap::new(),
            warnings: Vec::new(),
            given_away: Vec::new(),
            contradictions: Vec::new(),
            named_by_person: BTreeSet::new(),
            default_of_person: None,
        })
    }

    pub(super) fn lay_file(&mut self, file: Option<&NpmrcFile>, layer: Layer) {
        let Some(file) = file else { return };
        let parsed = ini::parse(&file.text);
        for line in parsed.unread_lines {
            self.warnings.push(format!("`{}`, line {line}: npm does not read this line", file.path));
        }
        let mut seen = BTreeMap::new();
        for (key, value) in parsed.entries {
            let key = self.expanded(&key).0.text;
            let place = format!("`{}` in `{}`", Printable::whole(&key), file.path);
            if layer == Layer::Project && literal::is_given_away(&key, &value) {
                self.given_away.push(place.clone());
            }
            if is_credential(&key) && !value.trim().is_empty() {
                let known = seen.insert(key.clone(), SecretString::from(value.trim()));
                if known.is_some_and(|known| known.expose_secret() != value.trim()) {
                    self.contradictions.push(format!("{place} stands there twice, each time with another credential"));
                }
            }
            self.lay(key, &value, place, layer);
        }
    }

    /// `npm_config_*`, in any case; empty values say nothing. Keys that start with `//` are taken literally.
    pub(super) fn lay_environment(&mut self, environment: &BTreeMap<String, String>) {
        const PREFIX: &str = "npm_config_";
        let runner = Runner::of(environment);
        let by_checkout = self.entries.get("registry").filter(|entry| entry.layer == Layer::Project).cloned();
        for (name, value) in environment {
            let (Some(prefix), Some(key)) = (name.get(..PREFIX.len()), name.get(PREFIX.len()..)) else { continue };
            if !prefix.eq_ignore_ascii_case(PREFIX) || value.is_empty() || key.is_empty() {
                continue;
            }
            let key = if key.starts_with("//") { key.to_owned() } else { setting_name(key) };
            if KEYS_THAT_NEED_A_REGISTRY.contains(&key.as_str()) {
                self.warnings.push(format!("`{name}` in the environment is bound to no registry and has no effect"));
                continue;
            }
            let mut layer = Layer::Environment;
            if key == "registry" {
                // The manager's own variable goes before npm's.
                if self.entries.get("registry").is_some_and(|entry| entry.layer == Layer::Environment) {
                    continue;
                }
                let of_checkout = by_checkout.as_ref().map(|entry| entry.value.expose_secret());
                match registry_of_runner(runner, value, of_checkout) {
                    Some(known) => layer = known,
                    None => continue,
                }
                if self.sources.is_of_checkout(name) {
                    layer = Layer::Runner;
                }
            }
            self.lay(key, value, format!("`{}` in the environment", Printable::whole(name)), layer);
        }
    }

    /// Hands the settings over.
    pub(super) fn finish(self, config: &mut NpmConfig) {
        config.entries = self.entries;
        config.warnings = self.warnings;
        config.given_away = self.given_away;
        config.contradictions = self.contradictions;
        config.named_by_person = self.named_by_person;
        config.default_of_person = self.default_of_person;
    }

    pub(super) fn lay(&mut self, key: String, value: &str, place: String, layer: Layer) {
        let value = value.trim();
        let withheld = self.sources.withhold && is_credential(&key) && !value.is_empty();
        let (expanded, refused) = match () {
            // The variables' names are told, their values are not even read.
            () if withheld => {
                (Expanded { used: expand::variables_of(value, self.forms), ..Expanded::default() }, Vec::new())
            }
            () if is_credential(&key) => (expand::expand(value, self.forms, &self.sources.environment), Vec::new()),
            () if is_proxy(&key) => self.expanded_proxy(&key, value, &place),
            () => self.expanded(value),
        };
        if !withheld && is_credential(&key) {
            know(&key, &expanded.text);
        }
        let entry = Entry {
            value: expanded.text.into(),
            place,
            layer,
            variables: expanded.used,
            unset: expanded.unset,
            emptied: expanded.emptied,
            refused,
            withheld,
        };
        if layer.is_of_person()
            && (key == "registry" || key.ends_with(":registry"))
            && entry.refused.is_empty()
            && let Ok(registry) = RegistryUrl::parse(entry.value.expose_secret())
        {
            if key == "registry" {
                self.default_of_person = Some(registry.clone());
            }
            self.named_by_person.insert(registry);
        }
        self.entries.insert(key, entry);
    }

    /// A text with its variables, those that hold secrets left as they stand; and these.
    fn expanded(&self, text: &str) -> (Expanded, Vec<String>) {
        let mut expanded = expand::expand_by(text, self.forms, |name| match self.sources.environment.get(name) {
            None => Lookup::Unset,
            Some(value) if self.is_secret(name, value) => Lookup::Refused,
            Some(value) => Lookup::Set(value),
        });
        let (refused, unset): (Vec<_>, Vec<_>) =
            expanded.unset.drain(..).partition(|name| self.sources.environment.contains_key(name));
        let (refused_too, emptied): (Vec<_>, Vec<_>) =
            expanded.emptied.drain(..).partition(|name| self.sources.environment.contains_key(name));
        (expanded.unset, expanded.emptied) = (unset, emptied);
        (expanded, [refused, refused_too].concat())
    }

    /// A proxy's user and password may be secrets, its address never.
    fn expanded_proxy(&mut self, key: &str, value: &str, place: &str) -> (Expanded, Vec<String>) {
        let (user, address) = value.rsplit_once('@').map_or(("", value), |(user, address)| (user, address));
        let (_, in_address) = self.expanded(address);
        let (_, in_user) = self.expanded(user);
        let refused = if self.sources.withhold { [in_address, in_user].concat() } else { in_address };
        if let Some(variable) = refused.first() {
            self.warnings.push(format!(
                "{place} is not used: `{variable}` holds a credential, and {}",
                if self.sources.withhold { "none is used in this run" } else { "a proxy's address must not have it" }
            ));
            return (Expanded::default(), refused);
        }
        let expanded = expand::expand(value, self.forms, &self.sources.environment);
        know(key, &expanded.text);
        (expanded, refused)
    }

    fn is_secret(&self, name: &str, value: &str) -> bool {
        self.sources.secret_variables.contains(name)
            || self.secrets.iter().any(|secret| value.contains(secret.expose_secret()))
    }
}

/// Lets what a setting holds be known, so that it is struck out of every text.
fn know(key: &str, value: &str) {
    let tail = key.rsplit(':').next().unwrap_or(key);
    if value.contains("${") || matches!(tail, "username" | "email" | "certfile" | "keyfile" | "always-auth") {
        return;
    }
    if is_proxy(key) {
        let (user, _) = value.rsplit_once('@').unwrap_or_default();
        let user = user.rsplit_once("//").map_or(user, |(_, user)| user);
        if let Some((name, password)) = user.split_once(':') {
            struck_out::know_pair(name, &password.into());
        }
        return;
    }
    struck_out::know(&value.into());
    if matches!(tail, "_auth" | "_password")
        && let Some(clear) = super::credentials::decoded(&value.into())
    {
        match clear.expose_secret().split_once(':') {
            Some((user, password)) if tail == "_auth" => struck_out::know_pair(user, &password.into()),
            _ => struck_out::know(&clear),
        }
    }
}

/// Keys whose values authorise something.
fn is_credential(key: &str) -> bool {
    let tail = key.rsplit(':').next().unwrap_or(key);
    key.starts_with("//")
        || KEYS_THAT_NEED_A_REGISTRY.contains(&key)
        || matches!(tail, "otp" | "key" | "cert" | "password" | "token")
}

fn is_proxy(key: &str) -> bool {
    matches!(key, "proxy" | "https-proxy" | "http-proxy")
}

/// `NPM_CONFIG_FETCH_RETRIES` is `fetch-retries`; a leading underscore stays.
fn setting_name(variable: &str) -> String {
    let (first, rest) = variable.split_at(variable.chars().next().map_or(0, char::len_utf8));
    format!("{first}{}", rest.replace('_', "-")).to_lowercase()
}

/// The settings that name the registry of a package, the strongest first.
pub(super) fn registry_keys(name: &PackageName) -> impl Iterator<Item = String> {
    name.scope().map(|scope| format!("{scope}:registry")).into_iter().chain(["registry".to_owned()])
}
