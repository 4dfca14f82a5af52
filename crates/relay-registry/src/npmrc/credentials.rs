//! Which credential belongs to a registry (`npm-registry.md`, 12.3), and why there is none.
//!
//! The lookup starts at the registry's own key and walks up to its host, as npm's requests do. What can't be a token (a
//! placeholder, an unexpanded `${VAR}`) counts as none, and [`NpmConfig::problems_for`] says so.

use std::ops::Bound;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use relay_values::{CredentialId, CredentialOrigin, NoToken, Printable, no_token};
use secrecy::{ExposeSecret, SecretString};

use super::NpmConfig;
use super::layers::Entry;
use crate::credential::Credential;
use crate::url::{RegistryUrl, host_and_port};

/// Base64 as Node reads it: the padding may be missing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl NpmConfig {
    /// The credential for a registry: the nearest of `_authToken`, `_auth`, `username` with `_password`.
    pub fn credential_for(&self, registry: &RegistryUrl) -> Option<Credential> {
        let prefixes = prefixes(registry).into_iter().filter(|(prefix, _)| self.has_any_at(prefix));
        prefixes.into_iter().find_map(|(prefix, scope)| self.credential_at(&prefix, &scope, registry))
    }

    /// Whether anything stands under a prefix: nearly always nothing does, and this is asked for each package.
    fn has_any_at(&self, prefix: &str) -> bool {
        let next = self.entries.range::<str, _>((Bound::Included(prefix), Bound::Unbounded)).next();
        next.is_some_and(|(key, _)| key.starts_with(prefix))
    }

    /// What stands in the way of a credential for a registry, in sentences for people. Values are never repeated.
    pub fn problems_for(&self, registry: &RegistryUrl) -> Vec<String> {
        let mut problems = Vec::new();
        for (prefix, scope) in prefixes(registry).into_iter().filter(|(prefix, _)| self.has_any_at(prefix)) {
            for suffix in ["_authToken", "_auth", "username", "_password"] {
                if let Some(entry) = self.entries.get(&format!("{prefix}:{suffix}")) {
                    problems.extend(entry.problems());
                    if !prefix.ends_with('/') && suffix == "_authToken" {
                        problems
                            .push(format!("{} has no `/` before its colon, so that npm does not find it", entry.place));
                    }
                }
            }
            problems.extend(self.half_pairs(&prefix));
            if self.credential_at(&prefix, &scope, registry).is_some() {
                return problems;
            }
        }
        problems.extend(self.near_misses(registry));
        for variable in &self.idle_tokens {
            problems.push(format!(
                "`{variable}` is set, and nothing in `.npmrc` uses it: write `{}:_authToken=${{{variable}}}`",
                registry.config_key()
            ));
        }
        problems
    }

    fn credential_at(&self, prefix: &str, scope: &RegistryUrl, registry: &RegistryUrl) -> Option<Credential> {
        let entry = |suffix: &str| self.entries.get(&format!("{prefix}:{suffix}"));
        let made = |credential: Credential| Some(credential.with_scope(scope.clone()));
        let id = |entry: &Entry| CredentialId { registry: registry.clone(), origin: entry.origin() };
        let held_back = |suffix: &str| entry(suffix).filter(|entry| entry.withheld);
        if let Some(entry) = held_back("_authToken").or_else(|| held_back("_auth")).or_else(|| held_back("_password")) {
            return made(Credential::withheld(id(entry)));
        }
        let usable = |suffix: &str| entry(suffix).filter(|entry| entry.is_usable());
        if let Some(token) = usable("_authToken") {
            return made(Credential::new_bearer(token.value.clone(), id(token)));
        }
        if let Some(pair) = usable("_auth") {
            return made(Credential::new_encoded_basic(pair.value.clone(), id(pair)));
        }
        let (user, password) = (usable("username")?, usable("_password")?);
        let clear = decoded(&password.value)?;
        let user_name = user.value.expose_secret();
        made(Credential::new_basic(user_name, &clear, id(password)))
    }

    /// Halves of pairs, values that are not what their key says, and kinds of credentials that relay does not use.
    fn half_pairs(&self, prefix: &str) -> Vec<String> {
        let entry = |suffix: &str| self.entries.get(&format!("{prefix}:{suffix}")).filter(|entry| !entry.is_empty());
        let mut problems = Vec::new();
        if let Some(pair) = entry("_auth").filter(|entry| entry.is_usable())
            && !decoded(&pair.value).is_some_and(|clear| clear.expose_secret().contains(':'))
        {
            problems.push(format!("{} is not the base64 text of `user:password`", pair.place));
        }
        match (entry("username"), entry("_password")) {
            (Some(user), None) => problems.push(format!("{} has no `_password` beside it", user.place)),
            (None, Some(password)) => problems.push(format!("{} has no `username` beside it", password.place)),
            (Some(_), Some(password)) if password.is_usable() && decoded(&password.value).is_none() => {
                problems.push(format!("{} is not base64; npm wants the password encoded so", password.place));
            }
            _ => {}
        }
        if let Some(certificate) = entry("certfile").or_else(|| entry("tokenHelper")) {
            problems.push(format!("{} is a kind of credential that relay does not use", certificate.place));
        }
        problems
    }

    /// Tokens of the same host whose key does not cover the registry.
    fn near_misses(&self, registry: &RegistryUrl) -> Vec<String> {
        let host = format!("//{}", host_and_port(registry.as_url()));
        let tried: Vec<String> = prefixes(registry).into_iter().map(|(prefix, _)| prefix).collect();
        self.entries
            .iter()
            .filter_map(|(key, entry)| {
                let (prefix, suffix) = key.rsplit_once(':')?;
                let same_host = prefix.strip_prefix(&host).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
                (same_host && matches!(suffix, "_authToken" | "_auth") && !tried.iter().any(|tried| tried == prefix))
                    .then(|| format!("{} does not cover `{registry}`", entry.place))
            })
            .collect()
    }
}

impl Entry {
    fn is_empty(&self) -> bool {
        self.value.expose_secret().is_empty()
    }

    fn is_usable(&self) -> bool {
        no_token(self.value.expose_secret()).is_none()
    }

    fn origin(&self) -> CredentialOrigin {
        CredentialOrigin::Setting { place: self.place.clone(), variables: self.variables.clone() }
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.withheld {
            return problems;
        }
        let shown = |names: &[String]| names.iter().map(|name| Printable::name(name)).collect::<Vec<_>>();
        for name in shown(&self.unset) {
            problems.push(format!("`${{{name}}}` in {} is not set", self.place));
        }
        for name in shown(&self.emptied) {
            problems.push(format!("`${{{name}?}}` in {} is not set, so that no credential is sent", self.place));
        }
        let value = self.value.expose_secret();
        if no_token(value) == Some(NoToken::Placeholder) {
            problems.push(match shown(&self.variables).first() {
                Some(name) => format!("`{name}`, used by {}, holds a placeholder and no token", self.place),
                None => format!("{} holds a placeholder and no token", self.place),
            });
        } else if value.is_empty() && self.emptied.is_empty() {
            problems.push(match shown(&self.variables).first() {
                Some(name) => format!("`{name}`, used by {}, is empty", self.place),
                None => format!("{} is empty", self.place),
            });
        } else if value.contains("${") && self.unset.is_empty() {
            problems.push(format!("{} still holds a `${{…}}` and is not sent", self.place));
        }
        problems
    }
}

/// The keys under which a credential may stand, the nearest first, each with the address it covers.
fn prefixes(registry: &RegistryUrl) -> Vec<(String, RegistryUrl)> {
    let host = host_and_port(registry.as_url());
    let mut prefixes = Vec::new();
    let mut path = registry.as_url().path().to_owned();
    loop {
        let scope = registry.with_path(&path);
        prefixes.push((format!("//{host}{path}"), scope.clone()));
        path.truncate(path.trim_end_matches('/').len());
        prefixes.push((format!("//{host}{path}"), scope));
        match path.rfind('/') {
            Some(at) => path.truncate(at + 1),
            None => return prefixes,
        }
    }
}

pub(super) fn decoded(value: &SecretString) -> Option<SecretString> {
    let bytes = BASE64.decode(value.expose_secret().trim()).ok()?;
    String::from_utf8(bytes).ok().map(SecretString::from)
}
