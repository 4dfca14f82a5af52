//! Which variables hold registry credentials: by their names, and because `relay.toml`, an `.npmrc` or a manager's own file
//! refers to them.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use relay_config::{CONFIG_FILE_NAME, Config};
use relay_registry::{ManagerFile, NpmrcFile};
use relay_values::{is_credential_name, is_registry_credential_name};
use relay_workspace::{PackageManager, read_regular_text};
use secrecy::ExposeSecret as _;

use crate::session_setup::{global_npmrc, manager_file_of_person, user_npmrc, yarn_file_name};

/// How much of a settings file is looked at, in bytes. What is longer is refused when it is read in earnest.
const SETTINGS_BYTES_MAX: u64 = 1024 * 1024;

/// Beginnings of variables that git and its credential helpers need. They are for the repository's host in the first
/// place, even where an `.npmrc` uses them too, and a push must still find them.
const FOR_GIT: [&str; 4] = ["GIT", "GH_", "SSH_", "CI_"];

/// The variables to take out of the environment before scripts run in the folder.
pub(super) fn to_take(environment: &BTreeMap<String, String>, folder: &Utf8Path) -> BTreeSet<String> {
    let referred = referred_to(environment, folder);
    environment
        .iter()
        .filter(|(name, value)| !value.is_empty() && (referred.contains(*name) || is_registry_credential_name(name)))
        .map(|(name, _)| name.clone())
        .collect()
}

/// Names in the settings of the folder, of those above it and of the person. Where the workspace begins isn't known yet,
/// and to look too far up does no harm.
fn referred_to(environment: &BTreeMap<String, String>, folder: &Utf8Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for folder in folder.ancestors() {
        if let Some(text) = read(&folder.join(".npmrc")) {
            names.extend(placeholders(&text));
        }
        for (manager, name) in
            [(PackageManager::Yarn, yarn_file_name(environment)), (PackageManager::Bun, "bunfig.toml")]
        {
            names.extend(in_manager_file(manager, &folder.join(name), environment));
        }
        // One that can't be parsed is complained about when it is read in earnest.
        if let Some(config) =
            read(&folder.join(CONFIG_FILE_NAME)).and_then(|text| Config::parse(CONFIG_FILE_NAME, &text).ok())
        {
            names.extend(config.credential.into_iter().filter_map(|credential| credential.env));
        }
    }
    for path in [user_npmrc(environment), global_npmrc(environment)].into_iter().flatten() {
        names.extend(read(&path).iter().flat_map(|text| placeholders(text)));
    }
    for manager in [PackageManager::Yarn, PackageManager::Bun, PackageManager::Pnpm] {
        let path = manager_file_of_person(manager, environment);
        names.extend(path.iter().flat_map(|path| in_manager_file(manager, path, environment)));
    }
    names.retain(|name| !FOR_GIT.iter().any(|prefix| name.to_uppercase().starts_with(prefix)));
    names
}

/// The names in `${NAME}`, `${NAME?}`, and pnpm's `${NAME-fallback}` and `${NAME:-fallback}`, on lines that set a credential.
fn placeholders(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in text.lines() {
        let Some((key, value)) = line.split_once('=') else { continue };
        if !is_credential_name(key.trim()) {
            continue;
        }
        for part in value.split("${").skip(1) {
            if let Some((name, _)) = part.split_once('}') {
                names.insert(name.trim_end_matches('?').to_owned());
                names.extend(name.split_once('-').map(|(name, _)| name.trim_end_matches(':').to_owned()));
            }
        }
    }
    names
}

/// The names in the credentials of a manager's own file.
fn in_manager_file(
    manager: PackageManager,
    path: &Utf8Path,
    environment: &BTreeMap<String, String>,
) -> BTreeSet<String> {
    let Some(text) = read(path) else { return BTreeSet::new() };
    let file = ManagerFile { manager, file: NpmrcFile { path: path.to_owned(), text }, of_checkout: true };
    // One that can't be parsed is complained about when it is read in earnest.
    let found = file.read(environment, true).unwrap_or_default();
    let credentials = found.settings.into_iter().filter(|setting| setting.key.starts_with("//"));
    credentials
        .map(|setting| setting.value)
        .chain(found.loose.into_iter().map(|credential| credential.value))
        .flat_map(|value| {
            let value = value.expose_secret().to_owned();
            let names = value.split("${").skip(1).filter_map(|part| Some(part.split_once('}')?.0.to_owned()));
            names.collect::<Vec<_>>()
        })
        .collect()
}

fn read(path: &Utf8Path) -> Option<String> {
    // What can't be read is complained about when it is read in earnest.
    read_regular_text(path, SETTINGS_BYTES_MAX).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_of_credentials_are_found() {
        let text = "//a.example/:_authToken=${ONE}\n_auth = ${TWO?}${THREE}\nregistry=https://${HOST}/\n; ${NO}\n";
        assert_eq!(placeholders(text), ["ONE", "THREE", "TWO"].map(str::to_owned).into());
        let of_pnpm = placeholders("//a.example/:_authToken=${FOUR-none}${FIVE:-none}\n");
        assert!(of_pnpm.contains("FOUR") && of_pnpm.contains("FIVE"), "{of_pnpm:?}");
    }

    #[test]
    fn what_settings_refer_to_is_taken_but_for_what_git_needs() {
        let guard = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(guard.path()).unwrap();
        let folder = root.join("packages/a");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(
            root.join(".npmrc"),
            "//a.example/:_authToken=${MINE}\n//b.example/:_authToken=${GITHUB_TOKEN}\n",
        )
        .unwrap();
        std::fs::write(root.join("relay.toml"), "[[credential]]\nenv = \"DEPLOY\"\nkind = \"granular-bypass\"\n")
            .unwrap();
        let bun = "[install.scopes]\na = { url = \"https://$HOST/\", token = \"$BUNS\" }\n";
        std::fs::write(root.join("bunfig.toml"), bun).unwrap();
        let yarn = "npmRegistryServer: https://a.example\nnpmAuthToken: '${YARNS-}'\n";
        std::fs::write(root.join(".yarnrc.yml"), yarn).unwrap();
        let environment = ["MINE", "DEPLOY", "GITHUB_TOKEN", "OTHER", "NPM_TOKEN", "BUNS", "YARNS", "HOST"]
            .map(|name| (name.to_owned(), "x".to_owned()));
        let taken = to_take(&environment.into(), &folder);
        assert_eq!(taken, ["BUNS", "DEPLOY", "MINE", "NPM_TOKEN", "YARNS"].map(str::to_owned).into());
    }
}
