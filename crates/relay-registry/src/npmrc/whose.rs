//! Whose word a registry is: the person's or the checkout's. A token that no file binds to a registry follows the person
//! alone.
//!
//! A script runner puts what it has read into the environment of the scripts that it runs, and there it looks like a variable
//! that the person set. Seen on 2026-11-29: yarn 1.22 puts its own default registry there whatever `.npmrc` or a variable of
//! the person says; pnpm 10.34 puts what `.npmrc` says, the checkout's too, or the person's variable; npm 11.21 puts what
//! differs from its default, from whatever place; yarn 4.18 and bun 1.4 pass on what was there.

use std::collections::BTreeMap;

use relay_values::Printable;
use relay_workspace::PackageName;
use secrecy::ExposeSecret as _;

use super::NpmConfig;
use super::layers::{Layer, registry_keys};
use crate::url::{RegistryUrl, default_registry};

/// What runs the script that relay was started by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runner {
    /// Nobody, or one that leaves the person's variables alone.
    None,
    Npm,
    Pnpm,
    ClassicYarn,
}

impl Runner {
    pub(super) fn of(environment: &BTreeMap<String, String>) -> Self {
        let agent =
            environment.get("npm_config_user_agent").filter(|_| environment.contains_key("npm_lifecycle_event"));
        match agent.map(String::as_str) {
            Some(agent) if agent.starts_with("npm/") => Self::Npm,
            Some(agent) if agent.starts_with("pnpm/") => Self::Pnpm,
            Some(agent) if agent.starts_with("yarn/1.") || agent.starts_with("yarn/0.") => Self::ClassicYarn,
            _ => Self::None,
        }
    }
}

/// Whose word `npm_config_registry` is; `None` where it says nothing. `of_checkout` is what the checkout's `.npmrc` says.
pub(super) fn registry_of_runner(runner: Runner, value: &str, of_checkout: Option<&str>) -> Option<Layer> {
    let same = |other: &str| match (RegistryUrl::parse(other), RegistryUrl::parse(value)) {
        (Ok(other), Ok(value)) => other == value,
        _ => false,
    };
    match runner {
        Runner::Npm if of_checkout.is_some_and(same) => Some(Layer::Runner),
        Runner::None | Runner::Npm => Some(Layer::Environment),
        Runner::Pnpm => Some(Layer::Runner),
        Runner::ClassicYarn => None,
    }
}

impl NpmConfig {
    /// Says whether a token that no file binds to a registry may go to this one: to npm's own, or to one that the person's
    /// settings name, never to one that only the checkout names.
    pub fn is_named_by_person(&self, registry: &RegistryUrl) -> bool {
        registry.is_default() || self.named_by_person.contains(registry)
    }

    /// The registry of the person, to which a credential belongs that is declared without one: what their own settings say
    /// under `registry` (not a scope's), else npm's.
    pub fn default_of_person(&self) -> RegistryUrl {
        self.default_of_person.clone().unwrap_or_else(default_registry)
    }

    /// Says whether credentials are withheld from this run.
    pub fn is_withheld(&self) -> bool {
        self.withheld
    }

    /// What the checkout made a package's registry of, where variables have a part in it: the address they give is to be
    /// seen.
    pub fn address_made_of_variables(&self, name: &PackageName) -> Option<String> {
        let entry = registry_keys(name).find_map(|key| self.entries.get(&key))?;
        if entry.layer != Layer::Project || entry.variables.is_empty() {
            return None;
        }
        let names: Vec<_> = entry.variables.iter().map(|name| format!("`{}`", Printable::name(name))).collect();
        let address = RegistryUrl::parse(entry.value.expose_secret()).ok()?;
        Some(format!("{} is made of {} and gives `{address}`", entry.place, names.join(" and ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runner(agent: &str) -> Runner {
        let environment = [("npm_config_user_agent", agent), ("npm_lifecycle_event", "release")];
        Runner::of(&environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }

    #[test]
    fn runners_are_known_by_their_agent_and_only_inside_of_a_script() {
        assert_eq!(runner("npm/11.21.2 node/v24.21.0 linux x64 workspaces/false"), Runner::Npm);
        assert_eq!(runner("pnpm/10.34.9 npm/? node/v24.21.0 linux x64"), Runner::Pnpm);
        assert_eq!(runner("yarn/1.22.22 npm/? node/v24.21.0 linux x64"), Runner::ClassicYarn);
        assert_eq!(runner("yarn/4.18.1 npm/? node/v24.21.0 linux x64"), Runner::None);
        assert_eq!(runner("bun/1.4.5 npm/? node/v26.3.0 linux x64"), Runner::None);
        let environment = [("npm_config_user_agent".to_owned(), "pnpm/10.34.9".to_owned())];
        assert_eq!(Runner::of(&environment.into()), Runner::None);
    }

    #[test]
    fn what_a_runner_read_in_the_checkout_is_the_checkouts_word() {
        let said = |runner, checkout| registry_of_runner(runner, "https://registry.example", checkout);
        assert_eq!(said(Runner::None, Some("https://registry.example/")), Some(Layer::Environment));
        assert_eq!(said(Runner::Npm, Some("https://registry.example/")), Some(Layer::Runner));
        assert_eq!(said(Runner::Npm, Some("https://other.example/")), Some(Layer::Environment));
        assert_eq!(said(Runner::Npm, None), Some(Layer::Environment));
        assert_eq!(said(Runner::Pnpm, None), Some(Layer::Runner));
        assert_eq!(said(Runner::ClassicYarn, None), None);
    }
}
