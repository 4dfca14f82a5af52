//! The files in which the repository's own package manager has settings of registries, found and read.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use relay_registry::{ManagerFile, NpmrcFile};
use relay_workspace::{PackageManager, Workspace, read_regular_text};

use super::{NPMRC_SIZE_BYTES_MAX, home_folder};
use crate::error::CliError;

/// The manager's files, the person's before the checkout's; without an environment the checkout's alone.
pub(super) fn read(
    workspace: &Workspace,
    person: Option<&BTreeMap<String, String>>,
) -> Result<Vec<ManagerFile>, CliError> {
    let manager = workspace.manager;
    let home = person.and_then(home_folder);
    let in_checkout = match manager {
        PackageManager::Npm => return Ok(Vec::new()),
        PackageManager::Pnpm => "pnpm-workspace.yaml",
        PackageManager::Yarn => ".yarnrc.yml",
        PackageManager::Bun => "bunfig.toml",
    };
    let mut files = Vec::new();
    if let Some(path) = person.and_then(|environment| of_person(manager, environment)) {
        let below = home.as_deref().and_then(|home| path.strip_prefix(home).ok());
        let shown = below.map_or_else(|| path.clone(), |below| Utf8Path::new("~").join(below));
        files.extend(file(&path, &shown)?.map(|file| ManagerFile { manager, file, of_checkout: false }));
    }
    let path = workspace.root.join(in_checkout);
    let found = file(&path, Utf8Path::new(in_checkout))?;
    files.extend(found.map(|file| ManagerFile { manager, file, of_checkout: true }));
    Ok(files)
}

/// Where the person's own file is, whether it is there or not.
pub(crate) fn of_person(manager: PackageManager, environment: &BTreeMap<String, String>) -> Option<Utf8PathBuf> {
    let home = home_folder(environment);
    let below_home = |name: &str| home.as_ref().map(|home| home.join(name));
    match manager {
        PackageManager::Npm => None,
        PackageManager::Yarn => below_home(".yarnrc.yml"),
        PackageManager::Bun => below_home(".bunfig.toml"),
        PackageManager::Pnpm => {
            let given = environment.get("XDG_CONFIG_HOME").filter(|path| !path.is_empty()).map(Utf8PathBuf::from);
            let settings = if cfg!(target_os = "macos") { "Library/Preferences" } else { ".config" };
            given.or_else(|| below_home(settings)).map(|folder| folder.join("pnpm/config.yaml"))
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
