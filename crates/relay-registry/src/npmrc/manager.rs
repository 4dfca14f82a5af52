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
use super::{NamedRegistry, NpmConfigError};
use crate::manager_settings::ManagerSetting;
use crate::url::RegistryUrl;

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
    /// Lays the manager's files over those of npm.
    pub(super) fn lay_manager(&mut self) -> Result<OfManager, NpmConfigError> {
        let sources = self.sources;
        let mut known = OfManager { manager: sources.manager_of_repository, ..OfManager::default() };
        for file in &sources.manager {
            let found = file.read(&sources.environment, sources.withhold)?;
            known.publishes_elsewhere |= found.publishes_elsewhere;
            known.installed_from.extend(found.installed_from);
            let layer = if file.of_checkout { Layer::Project } else { Layer::User };
            let mut in_this_file = BTreeSet::new();
            for setting in found.settings {
                let is_first = in_this_file.insert(setting.key.clone());
                let earlier = self.entries.get(&setting.key).cloned();
                self.lay(setting.key.clone(), setting.value.expose_secret(), setting.place.clone(), layer);
                if let (Some(earlier), Some(later)) = (earlier, self.entries.get(&setting.key)) {
                    known.compare(&setting.key, &earlier, later, file.of_checkout && is_first);
                }
                known.places.insert(setting.place);
            }
        }
        Ok(known)
    }
}

impl OfManager {
    /// Notes that a setting names another registry than one that was laid before it. `is_nearer`: it is the checkout's, so that
    /// it counts more than one of the person or the person's file of the same tool.
    fn compare(&mut self, key: &str, earlier: &Entry, later: &Entry, is_nearer: bool) {
        if key != "registry" && !key.ends_with(":registry") {
            return;
        }
        let default_of_person = key == "registry" && earlier.layer.is_of_person();
        if is_nearer && (self.is_of_manager(&earlier.place) || default_of_person) {
            self.disagreements.remove(key);
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
        check(&npm, "b", Ok(crate::default_registry().as_str()));
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
