//! Which package manager a repository uses: by what it declares, then by its lock files, then by its settings.

use camino::Utf8Path;
use serde_json::Value;

use crate::manager::PackageManager;
use crate::manifest::Manifest;

/// Lock files in the order in which they count where several are there.
const LOCK_FILES: [(&str, PackageManager); 6] = [
    ("pnpm-lock.yaml", PackageManager::Pnpm),
    ("yarn.lock", PackageManager::Yarn),
    ("bun.lock", PackageManager::Bun),
    ("bun.lockb", PackageManager::Bun),
    ("package-lock.json", PackageManager::Npm),
    ("npm-shrinkwrap.json", PackageManager::Npm),
];

/// Tells the package manager of the repository at a root; `settings` is what a file of lerna or rush names.
pub(super) fn detect(root: &Utf8Path, manifest: Option<&Manifest>, settings: Option<PackageManager>) -> PackageManager {
    let exists = |name: &str| root.join(name).symlink_metadata().is_ok();
    manifest
        .and_then(declared)
        .or(settings)
        .or_else(|| LOCK_FILES.iter().find(|(name, _)| exists(name)).map(|(_, manager)| *manager))
        .or_else(|| exists("pnpm-workspace.yaml").then_some(PackageManager::Pnpm))
        .unwrap_or(PackageManager::Npm)
}

/// The manager of a name, with or without `@version`.
pub(super) fn named(text: &str) -> Option<PackageManager> {
    let name = text.split('@').next().unwrap_or(text).trim();
    [PackageManager::Npm, PackageManager::Pnpm, PackageManager::Yarn, PackageManager::Bun]
        .into_iter()
        .find(|manager| manager.as_str() == name)
}

/// What the manifest declares: `packageManager` (`pnpm@12.0.0`), else `devEngines.packageManager`, an object or several.
fn declared(manifest: &Manifest) -> Option<PackageManager> {
    let engine = |engine: &Value| engine.get("name").and_then(Value::as_str).and_then(named);
    manifest.string("packageManager").and_then(named).or_else(|| {
        match manifest.fields().get("devEngines")?.get("packageManager")? {
            Value::Array(engines) => engines.iter().find_map(engine),
            one => engine(one),
        }
    })
}
