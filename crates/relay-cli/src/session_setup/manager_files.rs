//! The files in which the repository's own package manager has settings of registries, found and read.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use relay_registry::{ManagerFile, NpmrcFile};
use relay_workspace::{PackageManager, Workspace, read_regular_text};

use super::{NPMRC_SIZE_BYTES_MAX, home_folder};
use crate::error::CliError;

/// How many of the checkout's `.env` files are looked at.
const ENVIRONMENT_FILES_MAX: usize = 64;

/// The manager's files, the weakest first: the person's before the checkout's; without an environment the checkout's alone.
///
/// `prefix` is the workspace's place in the repository: yarn reads the files of the folders above the root too, and those of
/// the repository are the checkout's.
pub(super) fn read(
    workspace: &Workspace,
    prefix: &str,
    person: Option<&BTreeMap<String, String>>,
) -> Result<Vec<ManagerFile>, CliError> {
    let manager = workspace.manager;
    let home = person.and_then(home_folder);
    let nothing = BTreeMap::new();
    let in_checkout = match manager {
        PackageManager::Npm => return Ok(Vec::new()),
        PackageManager::Pnpm => "pnpm-workspace.yaml",
        PackageManager::Yarn => yarn_file_name(person.unwrap_or(&nothing)),
        PackageManager::Bun => "bunfig.toml",
    };
    let shown = |path: &Utf8Path| match home.as_deref().and_then(|home| path.strip_prefix(home).ok()) {
        Some(below) => Utf8Path::new("~").join(below),
        None => path.to_owned(),
    };
    let mut paths = Vec::new();
    if manager == PackageManager::Yarn {
        let depth = if prefix.is_empty() { 0 } else { Utf8Path::new(prefix).components().count() };
        let above: Vec<&Utf8Path> = workspace.root.ancestors().skip(1).collect();
        for (at, folder) in above.iter().enumerate().rev() {
            let of_checkout = at < depth;
            let path = folder.join(in_checkout);
            if !path.exists() {
                continue;
            }
            if of_checkout {
                paths.push((path, Utf8Path::new(&"../".repeat(at + 1)).join(in_checkout), true));
            } else if person.is_some() {
                paths.push((path.clone(), shown(&path), false));
            }
        }
    }
    if let Some(path) = person.and_then(|environment| of_person(manager, environment))
        && !paths.iter().any(|(other, ..)| *other == path)
    {
        let name = shown(&path);
        paths.insert(0, (path, name, false));
    }
    paths.push((workspace.root.join(in_checkout), in_checkout.into(), true));
    let mut files = Vec::new();
    for (path, shown, of_checkout) in paths {
        files.extend(file(&path, &shown)?.map(|file| ManagerFile { manager, file, of_checkout }));
    }
    Ok(files)
}

/// The name of yarn's files.
pub(crate) fn yarn_file_name(environment: &BTreeMap<String, String>) -> &str {
    environment.get("YARN_RC_FILENAME").map(String::as_str).filter(|name| !name.is_empty()).unwrap_or(".yarnrc.yml")
}

/// The texts of the `.env` files beside the root manifest: bun and yarn put what they say into the environment of what they
/// run, where it looks like the person's word. What can't be read says nothing there either.
pub(super) fn environment_files(root: &Utf8Path) -> Vec<String> {
    let Ok(entries) = root.read_dir_utf8() else { return Vec::new() };
    let names = entries.filter_map(Result::ok).filter(|entry| entry.file_name().starts_with(".env"));
    let texts = names
        .take(ENVIRONMENT_FILES_MAX)
        .filter_map(|entry| read_regular_text(entry.path(), NPMRC_SIZE_BYTES_MAX).ok());
    texts.flatten().collect()
}

/// Where the person's own file is, whether it is there or not.
pub(crate) fn of_person(manager: PackageManager, environment: &BTreeMap<String, String>) -> Option<Utf8PathBuf> {
    let home = home_folder(environment);
    let below_home = |name: &str| home.as_ref().map(|home| home.join(name));
    let given = || environment.get("XDG_CONFIG_HOME").filter(|path| !path.is_empty()).map(Utf8PathBuf::from);
    match manager {
        PackageManager::Npm => None,
        PackageManager::Yarn => below_home(yarn_file_name(environment)),
        // Seen with bun 1.4.5: where the folder is given, the home's file isn't read.
        PackageManager::Bun => given().or(home).map(|folder| folder.join(".bunfig.toml")),
        PackageManager::Pnpm => {
            let settings = if cfg!(target_os = "macos") { "Library/Preferences" } else { ".config" };
            given().or_else(|| below_home(settings)).map(|folder| folder.join("pnpm/config.yaml"))
        }
    }
}

/// Reads a file, if it is there. Plans name it as a credential's place and are shown to others, so that its path is shown as
/// `shown`.
fn file(path: &Utf8Path, shown: &Utf8Path) -> Result<Option<NpmrcFile>, CliError> {
    let unreadable = |cause: String| {
        CliError::user(format!("the settings `{shown}` can't be read"))
            .cause(cause)
            .hint("make it a file that you may read, or remove it")
            .code("relay::manager::unreadable")
    };
    let text = read_regular_text(path, NPMRC_SIZE_BYTES_MAX).map_err(|error| unreadable(error.to_string()))?;
    Ok(text.map(|text| NpmrcFile { path: shown.to_owned(), text }))
}
