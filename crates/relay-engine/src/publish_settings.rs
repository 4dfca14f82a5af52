//! npm's own settings about a publish (`tag`, `ignore-scripts`, `dry-run`, `provenance`), where the repo's manager heeds them.
//!
//! What each does with `.npmrc` and `npm_config_*`, seen on 2026-11-29 at a registry that counts: npm 11.21 and pnpm 10.34
//! (which calls npm) heed all, from files and from variables; pnpm 11 and 12.21 and yarn 1.22 none, yarn 4 reads no
//! `.npmrc`; bun 1.4 heeds `ignore-scripts`, and `dry-run` in a file alone.

use relay_registry::{NpmConfig, NpmSetting};
use relay_workspace::{PackageManager, Workspace, WorkspacePackage};

/// The first major version of pnpm that publishes by itself and not through npm.
const PNPM_WITHOUT_NPM: u64 = 11;

/// What the settings say, each with the place that says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublishSettings {
    /// The dist-tag of packages for which nothing nearer says one.
    pub tag: Option<TagSetting>,
    /// What leaves lifecycle scripts out.
    pub scripts_ignored_by: Option<String>,
    /// What makes every publish a dry run.
    pub dry_run_by: Option<String>,
    /// What a person should know of settings that have no effect.
    pub warnings: Vec<String>,
}

/// A dist-tag of npm's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagSetting {
    /// The tag.
    pub tag: String,
    /// A variable says so, which is meant for this run.
    pub by_variable: bool,
}

impl PublishSettings {
    /// Reads them for the manager of the repository.
    pub fn of(npm: &NpmConfig, workspace: &Workspace) -> Self {
        let heeding = Heeding::of(workspace);
        let mut settings = Self::default();
        let mut heeded = |key: &str| {
            let setting = npm.setting(key).filter(|setting| key == "tag" || setting.is_on())?;
            if heeding.heeds(key, &setting) {
                return Some(setting);
            }
            settings.warnings.push(format!("{} has no effect, as with {}", setting.place, heeding.name));
            None
        };
        let tag =
            heeded("tag").map(|setting| TagSetting { tag: setting.value.to_owned(), by_variable: setting.by_variable });
        let scripts_ignored_by = heeded("ignore-scripts").map(|setting| setting.place.to_owned());
        let dry_run_by = heeded("dry-run").map(|setting| setting.place.to_owned());
        let provenance = heeded("provenance").map(|setting| setting.place.to_owned());
        settings.warnings.extend(provenance.map(|place| format!("{place} has no effect yet: {WITHOUT_PROVENANCE}")));
        settings.warnings.extend(provenance_of_manifests(workspace));
        Self { tag, scripts_ignored_by, dry_run_by, ..settings }
    }
}

/// What becomes of a package that wants provenance, and what to do.
pub(crate) const WITHOUT_PROVENANCE: &str = "this relay makes no provenance, and what it publishes goes out without; publish \
                                             what must have it with `npm publish --provenance` in CI";

/// How many packages are named.
const NAMED_MAX: usize = 5;

/// The packages whose own manifest wants provenance.
fn provenance_of_manifests(workspace: &Workspace) -> Option<String> {
    let wants = |package: &&WorkspacePackage| {
        !package.private && package.manifest.publish_config("provenance").is_some_and(|value| *value == true)
    };
    let names: Vec<_> = workspace.packages.iter().filter(wants).map(|package| format!("`{}`", package.name)).collect();
    let named = names.get(..NAMED_MAX.min(names.len())).filter(|named| !named.is_empty())?.join(", ");
    let more = match names.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!("`publishConfig.provenance` of {named}{more} has no effect yet: {WITHOUT_PROVENANCE}"))
}

/// Which of npm's settings a manager heeds.
struct Heeding {
    manager: PackageManager,
    through_npm: bool,
    name: String,
}

impl Heeding {
    fn of(workspace: &Workspace) -> Self {
        let manager = workspace.manager;
        let major = workspace.root_manifest.string("packageManager").and_then(|text| {
            let version = text.strip_prefix(manager.as_str())?.strip_prefix('@')?;
            version.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok()
        });
        let through_npm = match manager {
            PackageManager::Npm => true,
            PackageManager::Pnpm => major.is_some_and(|major| major < PNPM_WITHOUT_NPM),
            PackageManager::Yarn | PackageManager::Bun => false,
        };
        let name = match major {
            Some(major) => format!("{} {major}", manager.as_str()),
            None => manager.as_str().to_owned(),
        };
        Self { manager, through_npm, name }
    }

    fn heeds(&self, key: &str, setting: &NpmSetting<'_>) -> bool {
        self.through_npm
            || (self.manager == PackageManager::Bun
                && match key {
                    "ignore-scripts" | "provenance" => true,
                    "dry-run" => !setting.by_variable,
                    _ => false,
                })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use relay_registry::{ConfigSources, NpmrcFile};
    use relay_workspace::fixture::WorkspaceFixture;

    use super::*;

    fn settings(manager: PackageManager, declared: &str, file: &str, variables: &[(&str, &str)]) -> PublishSettings {
        let environment: BTreeMap<_, _> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let user = Some(NpmrcFile { path: "~/.npmrc".into(), text: file.to_owned() });
        let npm = NpmConfig::resolve(&ConfigSources { user, environment, ..ConfigSources::default() }).unwrap();
        let mut workspace = WorkspaceFixture::new().package("a", "1.0.0").build();
        workspace.manager = manager;
        let manifest = format!("{{\"name\":\"root\",\"packageManager\":\"{declared}\"}}");
        workspace.root_manifest = relay_workspace::Manifest::parse("package.json".into(), manifest).unwrap();
        PublishSettings::of(&npm, &workspace)
    }

    const ALL: &str = "tag=next\nignore-scripts=true\ndry-run\nprovenance=true\n";

    /// Which of the four count: tag, ignore-scripts, dry-run.
    fn count(settings: &PublishSettings) -> [bool; 3] {
        [settings.tag.is_some(), settings.scripts_ignored_by.is_some(), settings.dry_run_by.is_some()]
    }

    #[test]
    fn they_count_as_they_do_for_the_manager() {
        let variables =
            [("npm_config_tag", "next"), ("NPM_CONFIG_IGNORE_SCRIPTS", "1"), ("npm_config_dry_run", "true")];
        for (manager, declared, by_file, by_variable) in [
            (PackageManager::Npm, "npm@12.0.0", [true; 3], [true; 3]),
            (PackageManager::Pnpm, "pnpm@10.34.9", [true; 3], [true; 3]),
            (PackageManager::Pnpm, "pnpm@12.21.0", [false; 3], [false; 3]),
            (PackageManager::Pnpm, "", [false; 3], [false; 3]),
            (PackageManager::Yarn, "yarn@1.22.22", [false; 3], [false; 3]),
            (PackageManager::Bun, "bun@1.4.5", [false, true, true], [false, true, false]),
        ] {
            assert_eq!(count(&settings(manager, declared, ALL, &[])), by_file, "{declared}");
            assert_eq!(count(&settings(manager, declared, "", &variables)), by_variable, "{declared}");
        }
    }

    #[test]
    fn what_has_no_effect_is_told_with_its_place() {
        let warnings = settings(PackageManager::Pnpm, "pnpm@12.21.0", "dry-run=true\n", &[]).warnings;
        assert_eq!(warnings, ["`dry-run` in `~/.npmrc` has no effect, as with pnpm 12"]);
        let warnings = settings(PackageManager::Npm, "npm@12.0.0", "provenance=true\n", &[]).warnings;
        assert_eq!(warnings, [format!("`provenance` in `~/.npmrc` has no effect yet: {WITHOUT_PROVENANCE}")]);
    }

    #[test]
    fn packages_that_want_provenance_are_named_with_what_to_do() {
        let manifest = |name: &str, fields: &str| {
            let text = format!("{{\"name\":\"{name}\",\"version\":\"1.0.0\",\"publishConfig\":{{{fields}}}}}");
            relay_workspace::Manifest::parse("package.json".into(), text).unwrap()
        };
        let told = |wanting: &[&str]| {
            let mut workspace = WorkspaceFixture::new().package("a", "1.0.0").package("b", "1.0.0").build();
            for package in &mut workspace.packages {
                let wants = wanting.contains(&package.name.as_str());
                package.manifest = manifest(package.name.as_str(), &format!("\"provenance\":{wants}"));
            }
            provenance_of_manifests(&workspace)
        };
        assert_eq!(told(&[]), None);
        let said = told(&["b"]).unwrap();
        assert!(said.starts_with("`publishConfig.provenance` of `b` has no effect yet: "), "{said}");
        assert!(said.contains("`npm publish --provenance`"), "{said}");
        assert!(told(&["a", "b"]).unwrap().contains("of `a`, `b` has"));
    }

    #[test]
    fn what_is_off_says_nothing() {
        for off in ["ignore-scripts=false", "dry-run=0", "ignore-scripts=null", "dry-run="] {
            assert_eq!(settings(PackageManager::Npm, "npm@12.0.0", off, &[]), PublishSettings::default(), "{off}");
        }
    }
}
