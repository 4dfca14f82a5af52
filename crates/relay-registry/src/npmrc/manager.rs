//! The settings of the repository's own manager among npm's.
//!
//! A manager's file says more than `.npmrc` (seen with all three: pnpm and bun read both and let theirs win, yarn does not
//! read `.npmrc`), and the checkout's says more than the person's. But a repository in which two files name different
//! registries for the same packages is read differently by each tool that works in it, and what goes to the wrong one can't
//! be taken back: that stops a release (invariant I19). Only the person's own `registry` gives way to the checkout's in
//! silence, as it does between two `.npmrc`.

use std::collections::{BTreeMap, BTreeSet};

use relay_workspace::PackageManager;
use secrecy::ExposeSecret;

use super::layers::{Entry, Layer, Laying};
use super::{NamedRegistry, NpmConfigError, literal};
use crate::manager_settings::{LooseCredential, ManagerSetting, ManagerSources, Word};
use crate::url::{RegistryUrl, default_registry};

/// What is kept of the managers' own files beside their settings.
#[derive(Clone, Default)]
pub(super) struct OfManager {
    manager: Option<PackageManager>,
    /// The places of their settings.
    places: BTreeSet<String>,
    /// By setting, two that name different registries.
    disagreements: BTreeMap<String, NpmConfigError>,
    /// By setting, where a scope is only installed from.
    installed_from: BTreeMap<String, ManagerSetting>,
    publishes_elsewhere: bool,
}

impl OfManager {
    /// Says whether a setting stands in a manager's own file.
    pub(super) fn is_of_manager(&self, place: &str) -> bool {
        self.places.contains(place)
    }

    /// pnpm and yarn let `publishConfig.registry` win over a scope's registry, npm and bun don't.
    pub(super) fn manifest_goes_first(&self) -> bool {
        matches!(self.manager, Some(PackageManager::Pnpm | PackageManager::Yarn))
    }

    /// Refuses a setting that two files give different values.
    pub(super) fn agrees_about(&self, key: &str) -> Result<(), NpmConfigError> {
        self.disagreements.get(key).map_or(Ok(()), |disagreement| Err(disagreement.clone()))
    }

    /// Refuses a registry that nobody named for publishing a scope, while the scope is installed from another.
    pub(super) fn publishes(&self, scope_key: Option<&str>, to: &RegistryUrl) -> Result<(), NpmConfigError> {
        let Some(key) = scope_key.filter(|_| !self.publishes_elsewhere) else { return Ok(()) };
        let Some(setting) = self.installed_from.get(key) else { return Ok(()) };
        match RegistryUrl::parse(setting.value.expose_secret()) {
            Ok(from) if from != *to => Err(NpmConfigError::OnlyInstalledFrom {
                packages: packages_of(key),
                from: Box::new(NamedRegistry { place: setting.place.clone(), url: from }),
                to: Box::new(to.clone()),
            }),
            _ => Ok(()),
        }
    }
}

impl Laying<'_> {
    /// Lays the manager's settings over those of npm.
    pub(super) fn lay_manager(&mut self) -> Result<OfManager, NpmConfigError> {
        let sources = self.sources;
        let mut known = OfManager { manager: sources.manager_of_repository, ..OfManager::default() };
        let of_npm = self.entries.clone();
        let of_manager = ManagerSources {
            manager: sources.manager_of_repository.or_else(|| sources.manager.first().map(|file| file.manager)),
            files: &sources.manager,
            environment: &sources.environment,
            of_checkout: &|name| sources.is_of_checkout(name),
            withheld: sources.withhold,
        };
        for found in of_manager.read()? {
            known.publishes_elsewhere |= found.publishes_elsewhere;
            known.installed_from.extend(found.installed_from);
            self.warnings.extend(found.warnings);
            let mut before: BTreeMap<String, (Word, Entry)> = BTreeMap::new();
            for ManagerSetting { key, value, place, word } in found.settings {
                let layer = match word {
                    Word::Person => Layer::User,
                    Word::Checkout => Layer::Project,
                    Word::Variable => Layer::Environment,
                };
                self.lay(key.clone(), value.expose_secret(), place.clone(), layer);
                if word == Word::Checkout && literal::is_given_away(&key, value.expose_secret()) {
                    self.given_away.push(place.clone());
                }
                known.places.insert(place);
                if key != "registry" && !key.ends_with(":registry") {
                    continue;
                }
                let Some(later) = self.entries.get(&key) else { continue };
                // Twice in one file: neither of the two is nearer.
                let twice = before.get(&key).filter(|(other, _)| *other == word).map(|(_, entry)| entry);
                known.compare(&key, twice.or_else(|| of_npm.get(&key)), later, twice.is_some());
                before.insert(key, (word, later.clone()));
            }
            for credential in found.loose {
                self.lay_loose(credential);
            }
        }
        Ok(known)
    }

    /// Binds a credential that stands beside no registry to the person's own, or to npm's default.
    fn lay_loose(&mut self, credential: LooseCredential) {
        let LooseCredential { tail, value, place, word } = credential;
        if word == Word::Checkout && literal::is_given_away(tail, value.expose_secret()) {
            self.given_away.push(place.clone());
        }
        let registry = self.default_of_person.clone().unwrap_or_else(default_registry);
        let layer = if word == Word::Variable { Layer::Environment } else { Layer::User };
        let goes_to =
            self.entries.get("registry").and_then(|entry| RegistryUrl::parse(entry.value.expose_secret()).ok());
        if let Some(other) = goes_to.filter(|other| *other != registry) {
            self.warnings.push(format!(
                "{place} stands beside no registry: it belongs to `{registry}`, and is not sent to `{other}`, which the \
                 checkout names; name that registry in settings of your own, or bind the credential to it, if it is meant"
            ));
        }
        self.lay(format!("{}:{tail}", registry.config_key()), value.expose_secret(), place, layer);
    }
}

impl OfManager {
    /// Notes that a setting of the manager names another registry than npm's files, or than one beside it. The person's own
    /// `registry` in `.npmrc` gives way to the checkout's, and every file to the person's variable.
    fn compare(&mut self, key: &str, earlier: Option<&Entry>, later: &Entry, is_twice: bool) {
        if !is_twice {
            self.disagreements.remove(key);
        }
        let Some(earlier) = earlier else { return };
        let gives_way = key == "registry" && earlier.layer.is_of_person() && later.layer == Layer::Project;
        if !is_twice && (gives_way || later.layer == Layer::Environment) {
            return;
        }
        let url = |entry: &Entry| RegistryUrl::parse(entry.value.expose_secret());
        if let (Ok(first), Ok(second)) = (url(earlier), url(later))
            && first != second
        {
            let disagreement = NpmConfigError::Disagreement {
                packages: packages_of(key),
                first: Box::new(NamedRegistry { place: earlier.place.clone(), url: first }),
                second: Box::new(NamedRegistry { place: later.place.clone(), url: second }),
            };
            self.disagreements.insert(key.to_owned(), disagreement);
        }
    }
}

/// The packages that a registry setting is about, in words.
fn packages_of(key: &str) -> String {
    match key.strip_suffix(":registry") {
        Some(scope) => format!("packages of `{scope}`"),
        None => "packages without a registry of their own".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use relay_workspace::PackageName;
    use serde_json::json;

    use super::*;
    use crate::manager_settings::ManagerFile;
    use crate::npmrc::{ConfigSources, NpmConfig, NpmrcFile};

    const CORP: &str = "https://corp.registry.example/";
    const OTHER: &str = "https://other.registry.example/";

    fn file(path: &str, text: &str) -> NpmrcFile {
        let text = text.replace("CORP", CORP).replace("OTHER", OTHER);
        NpmrcFile { path: path.into(), text }
    }

    /// bun's repository with files: the person's and the checkout's `.npmrc`, the person's and the checkout's bunfig.
    fn bun(user: &str, project: &str, at_home: &str, in_checkout: &str) -> NpmConfig {
        let of_manager = |path: &str, text: &str, of_checkout: bool| ManagerFile {
            manager: PackageManager::Bun,
            file: file(path, text),
            of_checkout,
        };
        NpmConfig::resolve(&ConfigSources {
            user: Some(file("~/.npmrc", user)),
            project: Some(file(".npmrc", project)),
            manager_of_repository: Some(PackageManager::Bun),
            manager: vec![of_manager("~/.bunfig.toml", at_home, false), of_manager("bunfig.toml", in_checkout, true)],
            ..ConfigSources::default()
        })
        .unwrap()
    }

    #[track_caller]
    fn check(npm: &NpmConfig, package: &str, expected: Result<&str, &str>) {
        let name = PackageName::parse(package).unwrap();
        match (npm.registry_for(&name, None), expected) {
            (Ok(choice), Ok(expected)) => assert_eq!(choice.url.as_str(), expected),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (seen, _) => panic!("{seen:?}"),
        }
    }

    const SCOPE_CORP: &str = "[install.scopes]\ncorp = \"CORP\"\n";
    const SCOPE_OTHER: &str = "[install.scopes]\ncorp = \"OTHER\"\n";
    const DEFAULT_CORP: &str = "[install]\nregistry = \"CORP\"\n";
    const DEFAULT_OTHER: &str = "[install]\nregistry = \"OTHER\"\n";

    #[test]
    fn the_nearer_file_of_one_tool_counts() {
        check(&bun("", "", SCOPE_OTHER, SCOPE_CORP), "@corp/a", Ok(CORP));
        check(&bun("", "", SCOPE_CORP, ""), "@corp/a", Ok(CORP));
        check(&bun("", "", DEFAULT_OTHER, DEFAULT_CORP), "a", Ok(CORP));
        check(&bun("@corp:registry=CORP", "", "", SCOPE_CORP), "@corp/a", Ok(CORP));
        check(&bun("registry=OTHER", "", "", DEFAULT_CORP), "a", Ok(CORP));
    }

    #[test]
    fn two_tools_that_disagree_about_a_package_stop_it_and_no_other() {
        let of_scope = "`@corp:registry` in `.npmrc` says `https://other.registry.example/` and `install.scopes.corp` in \
                        `bunfig.toml` says `https://corp.registry.example/`, so that it is not clear where packages of `@corp`";
        let npm = bun("", "@corp:registry=OTHER", "", SCOPE_CORP);
        check(&npm, "@corp/a", Err(of_scope));
        check(&npm, "b", Ok(default_registry().as_str()));
        check(&bun("@corp:registry=OTHER", "", "", SCOPE_CORP), "@corp/a", Err("`@corp:registry` in `~/.npmrc` says"));
        check(&bun("", "@corp:registry=OTHER", SCOPE_CORP, ""), "@corp/a", Err("in `~/.bunfig.toml` says"));
        check(&bun("", "registry=OTHER", "", DEFAULT_CORP), "a", Err("`registry` in `.npmrc` says"));
        check(&bun("registry=OTHER", "", DEFAULT_CORP, ""), "a", Err("`registry` in `~/.npmrc` says"));
    }

    #[test]
    fn the_flag_ends_every_disagreement() {
        let sources = ConfigSources {
            project: Some(file(".npmrc", "@corp:registry=OTHER")),
            manager: vec![ManagerFile {
                manager: PackageManager::Bun,
                file: file("bunfig.toml", SCOPE_CORP),
                of_checkout: true,
            }],
            registry_flag: Some("https://registry.example/".to_owned()),
            ..ConfigSources::default()
        };
        check(&NpmConfig::resolve(&sources).unwrap(), "@corp/a", Ok("https://registry.example/"));
    }

    #[test]
    fn pnpm_and_yarn_put_the_manifests_registry_first() {
        for (manager, expected) in [
            (PackageManager::Npm, OTHER),
            (PackageManager::Bun, OTHER),
            (PackageManager::Pnpm, CORP),
            (PackageManager::Yarn, CORP),
        ] {
            let npm = NpmConfig::resolve(&ConfigSources {
                project: Some(file(".npmrc", "@corp:registry=OTHER")),
                manager_of_repository: Some(manager),
                ..ConfigSources::default()
            })
            .unwrap();
            let name = PackageName::parse("@corp/a").unwrap();
            let choice = npm.registry_for(&name, Some(&json!({ "registry": CORP }))).unwrap();
            assert_eq!(choice.url.as_str(), expected, "{manager:?}");
        }
    }

    #[test]
    fn yarn_does_not_guess_where_a_scope_is_published_that_it_installs_from_elsewhere() {
        let yarn = |text: &str| {
            let file = file(".yarnrc.yml", text);
            let manager = vec![ManagerFile { manager: PackageManager::Yarn, file, of_checkout: true }];
            NpmConfig::resolve(&ConfigSources { manager, ..ConfigSources::default() }).unwrap()
        };
        let scope = "npmScopes: { corp: { npmRegistryServer: CORP } }\n";
        check(&yarn(scope), "@corp/a", Err("`npmScopes.corp.npmRegistryServer` in `.yarnrc.yml` says"));
        check(&yarn(&format!("{scope}npmPublishRegistry: OTHER\n")), "@corp/a", Ok(OTHER));
        check(&yarn(&format!("{scope}npmRegistryServer: CORP\n")), "@corp/a", Ok(CORP));
        let both = "npmScopes: { corp: { npmRegistryServer: OTHER, npmPublishRegistry: CORP } }\n";
        check(&yarn(both), "@corp/a", Ok(CORP));
    }
}
