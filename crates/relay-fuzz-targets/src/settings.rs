//! `.npmrc`, the managers' own settings, and `relay.toml`.

use std::collections::BTreeMap;

use relay_config::Config;
use relay_registry::{ConfigSources, ManagerFile, NpmConfig, NpmrcFile, RegistryUrl, struck_out};
use relay_workspace::{PackageManager, PackageName};

use crate::invariants::is_printable;
use crate::text;

/// A token that no message may repeat.
const CANARY: &str = "canary-8f41c2";

/// A `.npmrc` of the checkout over one of the person's that holds a token. What it says of registries and credentials is
/// printable, and repeats no token.
pub fn npmrc(input: &[u8]) {
    let Some(text) = text(input) else { return };
    if text.contains(CANARY) {
        return;
    }
    let file = |path: &str, text: &str| Some(NpmrcFile { path: path.into(), text: text.to_owned() });
    let person = format!("//registry.example/:_authToken={CANARY}\n");
    let environment =
        BTreeMap::from([("TOKEN".to_owned(), CANARY.to_owned()), ("HOST".to_owned(), "h.example".to_owned())]);
    for withhold in [false, true] {
        let sources = ConfigSources {
            project: file(".npmrc", text),
            user: file("home/.npmrc", &person),
            environment: environment.clone(),
            secret_variables: ["TOKEN".to_owned()].into(),
            withhold,
            ..ConfigSources::default()
        };
        match NpmConfig::resolve(&sources) {
            Ok(config) => judge(&config),
            Err(error) => is_told(&error),
        }
    }
    struck_out::forget_all();
}

fn judge(config: &NpmConfig) {
    for text in config.warnings().iter().chain(config.given_away()) {
        is_told(text);
    }
    for name in ["core", "@acme/core"] {
        let name = PackageName::parse(name).expect("a name");
        match config.registry_for(&name, None) {
            Ok(choice) => is_told(&choice.url),
            Err(error) => is_told(&error),
        }
    }
    let own: RegistryUrl = "http://registry.example/".parse().expect("an address");
    for registry in [own, config.registry()] {
        if let Some(credential) = config.credential_for(&registry) {
            is_told(credential.id());
        }
        for problem in config.problems_for(&registry) {
            is_told(&problem);
        }
    }
    assert!(!format!("{config:?}{:?}", config.network()).contains(CANARY), "a token is shown");
}

fn is_told(message: &impl std::fmt::Display) {
    is_printable(message);
    assert!(!message.to_string().contains(CANARY), "a token is repeated: {message}");
}

/// A manager's own settings. The first line names the manager: `pnpm`, `yarn` or `bun`.
pub fn manager_settings(input: &[u8]) {
    let Some((manager, text)) = text(input).and_then(|text| text.split_once('\n')) else { return };
    let (manager, path) = match manager {
        "pnpm" => (PackageManager::Pnpm, "pnpm-workspace.yaml"),
        "yarn" => (PackageManager::Yarn, ".yarnrc.yml"),
        "bun" => (PackageManager::Bun, "bunfig.toml"),
        _ => return,
    };
    if text.contains(CANARY) {
        return;
    }
    let environment = BTreeMap::from([("TOKEN".to_owned(), CANARY.to_owned())]);
    let file = ManagerFile { manager, file: NpmrcFile { path: path.into(), text: text.to_owned() }, of_checkout: true };
    for withheld in [false, true] {
        if let Err(error) = file.read(&environment, withheld) {
            is_told(&error);
        }
    }
    struck_out::forget_all();
}

/// A `relay.toml`.
pub fn relay_toml(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let config = match Config::parse("relay.toml", text) {
        Ok(config) => config,
        Err(error) => return is_printable(&error),
    };
    let name = PackageName::parse("@acme/core").expect("a name");
    let _ = (config.declared_access(&name), config.allowed_routes(&name), config.declared_variables());
}
