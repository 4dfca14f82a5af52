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
        .or_else(|| by_lock_file(root))
        .or_else(|| exists("pnpm-workspace.yaml").then_some(PackageManager::Pnpm))
        .unwrap_or(PackageManager::Npm)
}

/// The manager other than pnpm whose repository it is, so that `pnpm-workspace.yaml` is a file that nobody reads.
///
/// What the manifest declares settles it. A lock file does so only where the manifest has workspaces: without them
/// nothing but that file says what the packages are.
pub(super) fn other_than_pnpm(root: &Utf8Path, manifest: Option<&Manifest>) -> Option<Other> {
    let manifest = manifest?;
    if let Some(manager) = declared(manifest) {
        return (manager != PackageManager::Pnpm).then_some(Other { manager, declared: true });
    }
    let has_workspaces = match manifest.fields().get("workspaces") {
        Some(Value::Object(object)) => object.contains_key("packages"),
        workspaces => workspaces.is_some_and(Value::is_array),
    };
    let manager = by_lock_file(root).filter(|manager| has_workspaces && *manager != PackageManager::Pnpm)?;
    Some(Other { manager, declared: false })
}

/// A manager other than pnpm, and how it is known.
pub(super) struct Other {
    pub(super) manager: PackageManager,
    /// The manifest says so, not a lock file.
    pub(super) declared: bool,
}

fn by_lock_file(root: &Utf8Path) -> Option<PackageManager> {
    let exists = |name: &str| root.join(name).symlink_metadata().is_ok();
    LOCK_FILES.iter().find(|(name, _)| exists(name)).map(|(_, manager)| *manager)
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
