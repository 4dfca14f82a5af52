//! Variables by which managers take settings: yarn's `YARN_*`, bun's `BUN_CONFIG_*`, pnpm's `pnpm_config_*`.

use std::collections::BTreeMap;

use super::{LooseCredential, ManagerSetting, ManagerSettings, Word};

/// A variable that says a setting.
pub(super) struct Variable<'a> {
    /// Its name, as it is written in the environment.
    pub(super) name: String,
    /// The setting.
    pub(super) setting: &'a str,
    value: &'a str,
}

impl Variable<'_> {
    /// The setting's text. A credential is named and not given, so that it is known which variable it is from.
    pub(super) fn text(&self) -> String {
        if self.setting.contains("Auth") { format!("${{{}}}", self.name) } else { self.value.replace("${", "\\${") }
    }
}

/// Finds the variables of settings, `npmAuthToken` as `YARN_NPM_AUTH_TOKEN`, in any case, as yarn does. Empty ones say
/// nothing.
pub(super) fn find<'a>(
    environment: &'a BTreeMap<String, String>,
    prefix: &str,
    settings: &'a [&'a str],
) -> Vec<Variable<'a>> {
    let mut found = Vec::new();
    for (name, value) in environment {
        let Some((head, tail)) = name.split_at_checked(prefix.len()) else { continue };
        if !head.eq_ignore_ascii_case(prefix) || value.is_empty() {
            continue;
        }
        let tail = tail.replace('_', "");
        if let Some(setting) = settings.iter().find(|setting| setting.eq_ignore_ascii_case(&tail)) {
            found.push(Variable { name: name.clone(), setting, value });
        }
    }
    found
}

/// bun's, seen with 1.4.5: they go before its files and `.npmrc`, are about packages without a registry of their own alone,
/// and the registry's goes before `npm_config_registry`. Their names have one case.
pub(super) fn of_bun(
    environment: &BTreeMap<String, String>,
    of_checkout: &dyn Fn(&str) -> bool,
    withheld: bool,
) -> ManagerSettings {
    let mut found = ManagerSettings::default();
    let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    if let Some(address) = set("BUN_CONFIG_REGISTRY") {
        let word = word("BUN_CONFIG_REGISTRY", of_checkout);
        let (address, pair) = super::bun::without_user(address);
        let place = in_environment("BUN_CONFIG_REGISTRY");
        let value = address.replace("${", "\\${").into();
        found.settings.push(ManagerSetting { key: "registry".to_owned(), value, place: place.clone(), word });
        if let Some(pair) = pair {
            let mut bound = LooseCredential::of_pair(&pair, environment, withheld);
            (bound.place, bound.word) = (place, word);
            found.bind(&address, bound);
        }
    }
    if set("BUN_CONFIG_TOKEN").is_some() {
        let mut bound = LooseCredential::new("_authToken", "${BUN_CONFIG_TOKEN}");
        (bound.place, bound.word) = (in_environment("BUN_CONFIG_TOKEN"), Word::Variable);
        found.loose.push(bound);
    }
    found
}

/// pnpm's, seen with 12.21: `pnpm_config_registry`, in small or capital letters, goes before all files, and is about packages
/// without a registry of their own.
pub(super) fn of_pnpm(environment: &BTreeMap<String, String>, of_checkout: &dyn Fn(&str) -> bool) -> ManagerSettings {
    let mut found = ManagerSettings::default();
    for name in ["PNPM_CONFIG_REGISTRY", "pnpm_config_registry"] {
        if let Some(address) = environment.get(name).filter(|value| !value.is_empty()) {
            let (place, word) = (in_environment(name), word(name, of_checkout));
            let value = address.replace("${", "\\${").into();
            found.settings.push(ManagerSetting { key: "registry".to_owned(), value, place, word });
        }
    }
    found
}

fn word(name: &str, of_checkout: &dyn Fn(&str) -> bool) -> Word {
    if of_checkout(name) { Word::Checkout } else { Word::Variable }
}

fn in_environment(name: &str) -> String {
    format!("`{name}` in the environment")
}
