//! Bundled dependencies: the named packages of `node_modules` with all that they need, each walked as a package.

use std::collections::{HashSet, VecDeque};

use camino::{Utf8Path, Utf8PathBuf};

use super::walk::{self, PackageRoot, Sets};
use super::{Found, Source, read_manifest};
use crate::error::PackError;
use crate::fields::{self, Fields};
use crate::rules;

/// An installed package.
#[derive(Debug, Clone)]
struct Installed {
    /// Where it is reached: a folder of some `node_modules`, perhaps a link.
    path: Utf8PathBuf,
    /// Where its files are.
    real: Utf8PathBuf,
}

/// Adds the files of the bundled dependencies of the package in `root`.
pub(super) fn add(root: &Utf8Path, source: &Source, found: &mut Found) -> Result<(), PackError> {
    if source.fields.bundled.is_empty() {
        return Ok(());
    }
    let real_root = canonical(root)?;
    let package = source.manifest.get("name").and_then(|name| name.as_str()).unwrap_or_default();
    // A development dependency is never bundled, nor is one that no runtime map names.
    let wanted = source
        .fields
        .bundled
        .iter()
        .filter(|name| source.fields.runtime.contains(name) && !source.fields.dev.contains(name));
    let mut queue: VecDeque<(String, Utf8PathBuf)> = wanted.map(|name| (name.clone(), real_root.clone())).collect();
    let mut seen = HashSet::new();
    while let Some((name, from)) = queue.pop_front() {
        let Some(installed) = resolve(&real_root, &from, &name) else { continue };
        if !seen.insert(installed.path.clone()) {
            continue;
        }
        let Ok(relative) = installed.path.strip_prefix(&real_root) else {
            return Err(PackError::BundledOutside {
                package: package.to_owned(),
                dependency: name,
                path: installed.path,
            });
        };
        let manifest_path = installed.path.join("package.json");
        let fields = match read_manifest(&installed.path)? {
            Some(text) => Fields::read(&fields::parse(&manifest_path, &text)?, &manifest_path, &installed.path)?,
            None => Fields::default(),
        };
        let prefix = format!("{}/", relative.as_str().replace('\\', "/"));
        let is_link = installed.path != installed.real;
        let package = PackageRoot {
            path: &installed.path,
            prefix: &prefix,
            fields: &fields,
            default_rules: rules::defaults(),
            sets: if is_link { Sets::OfRoot } else { Sets::OfBundled },
            manifests_are_rules: false,
            has_manifest: false,
        };
        walk::package(&package, found)?;
        queue.extend(fields.runtime.iter().map(|name| (name.clone(), installed.real.clone())));
    }
    Ok(())
}

/// Finds a package as node does, from a folder upwards, but not above what the folder and the package's root share.
fn resolve(root: &Utf8Path, from: &Utf8Path, name: &str) -> Option<Installed> {
    // A name is never a way out of `node_modules`.
    if name.is_empty() || name.split('/').any(|part| matches!(part, "" | "." | "..") || part.starts_with('.')) {
        return None;
    }
    for folder in from.ancestors() {
        let path = folder.join("node_modules").join(name);
        if path.is_dir() {
            let real = canonical(&path).ok()?;
            return Some(Installed { path, real });
        }
        if root.starts_with(folder) {
            return None;
        }
    }
    None
}

fn canonical(path: &Utf8Path) -> Result<Utf8PathBuf, PackError> {
    path.canonicalize_utf8().map_err(PackError::unreadable(path))
}
