//! Bundled dependencies: the named packages of `node_modules` with all that they need, each walked as a package.

use std::collections::{HashMap, VecDeque};

use camino::{Utf8Path, Utf8PathBuf};
use relay_config::NpmRules;

use super::walk::{self, PackageRoot, Sets};
use super::{Found, Source, read_manifest};
use crate::error::PackError;
use crate::fields::{self, Fields};
use crate::pack::PackRequest;
use crate::rules;

mod overrides;

/// An installed package.
#[derive(Debug, Clone)]
struct Installed {
    /// Where it is reached: a folder of some `node_modules`, perhaps a link.
    path: Utf8PathBuf,
    /// Where its files are.
    real: Utf8PathBuf,
}

/// A dependency that is still to be found.
struct Wanted {
    name: String,
    /// The folder from which it is looked for.
    from: Utf8PathBuf,
    /// The bundled package that needs it; `None`: the one that is packed.
    by: Option<String>,
    optional: bool,
}

/// Adds the files of the bundled dependencies of the package that is packed.
///
/// They are found as node finds them, from the package upwards to the workspace's root. npm itself looks no further than the
/// package's own `node_modules` and says nothing of what is missing there; pnpm with hoisted modules finds them (seen in npm
/// 12.2 and pnpm 12.21).
pub(super) fn add(request: &PackRequest, source: &Source, npm: NpmRules, found: &mut Found) -> Result<(), PackError> {
    if source.fields.bundled.is_empty() {
        return Ok(());
    }
    let real_root = canonical(request.folder)?;
    let top = match &request.conventions.root {
        Some(root) => canonical(root)?,
        None => real_root.clone(),
    };
    overrides::refuse(request, source, (&real_root, &top))?;
    let package = source.manifest.get("name").and_then(|name| name.as_str()).unwrap_or_default();
    // A development dependency is never bundled, nor is one that no runtime map names.
    let named = source
        .fields
        .bundled
        .iter()
        .filter(|name| source.fields.runtime.contains(name) && !source.fields.dev.contains(name));
    let mut queue: VecDeque<Wanted> = named
        .map(|name| Wanted {
            name: name.clone(),
            from: real_root.clone(),
            by: None,
            optional: source.fields.optional.contains(name),
        })
        .collect();
    let mut places: HashMap<String, Utf8PathBuf> = HashMap::new();
    while let Some(wanted) = queue.pop_front() {
        let Some(installed) = resolve(&real_root, &top, &wanted) else {
            if wanted.optional {
                continue;
            }
            return Err(PackError::BundledMissing {
                package: package.to_owned(),
                dependency: wanted.name,
                by: wanted.by,
            });
        };
        let outside = || PackError::BundledOutside {
            package: package.to_owned(),
            dependency: wanted.name.clone(),
            path: installed.path.clone(),
        };
        let relative = place_in_tarball(&real_root, &installed.path).ok_or_else(outside)?;
        match places.get(&relative) {
            Some(path) if *path == installed.path => continue,
            // Two packages can't lie in one place.
            Some(_) => return Err(outside()),
            None => places.insert(relative.clone(), installed.path.clone()),
        };
        let manifest_path = installed.path.join("package.json");
        let fields = match read_manifest(&installed.path)? {
            Some(text) => Fields::read(&fields::parse(&manifest_path, &text)?, &manifest_path, &installed.path)?,
            None => Fields::default(),
        };
        let prefix = format!("{relative}/");
        let is_link = installed.path != installed.real;
        let dependency = PackageRoot {
            path: &installed.path,
            prefix: &prefix,
            fields: &fields,
            default_rules: rules::defaults(),
            sets: if is_link { Sets::OfRoot } else { Sets::OfBundled },
            npm,
            patches: &[],
            manifests_are_rules: false,
            has_manifest: false,
        };
        let before = found.paths.len();
        walk::package(&dependency, found)?;
        if !installed.path.starts_with(&real_root) {
            for path in found.paths.get(before..).unwrap_or_default() {
                let inner = path.strip_prefix(&prefix).unwrap_or(path);
                found.elsewhere.insert(path.clone(), installed.path.join(inner));
            }
        }
        queue.extend(fields.runtime.iter().map(|name| Wanted {
            name: name.clone(),
            from: installed.real.clone(),
            by: Some(wanted.name.clone()),
            optional: fields.optional.contains(name),
        }));
    }
    Ok(())
}

/// Where an installed package lies in the tarball: below the `node_modules` of the packed package, whichever folder above it
/// has it. `None` where node would not find it there again.
fn place_in_tarball(root: &Utf8Path, path: &Utf8Path) -> Option<String> {
    let relative = root.ancestors().find_map(|folder| path.strip_prefix(folder).ok())?;
    let hidden = relative.components().any(|name| name.as_str().starts_with('.'));
    let inside = path.starts_with(root);
    let found_again = inside || (relative.starts_with("node_modules") && !hidden);
    found_again.then(|| relative.as_str().replace('\\', "/"))
}

/// Finds a package as node does, from a folder upwards, but not above the workspace's root.
fn resolve(root: &Utf8Path, top: &Utf8Path, wanted: &Wanted) -> Option<Installed> {
    let name = &wanted.name;
    // A name is never a way out of `node_modules`.
    if name.is_empty() || name.split('/').any(|part| matches!(part, "" | "." | "..") || part.starts_with('.')) {
        return None;
    }
    for folder in wanted.from.ancestors() {
        let path = folder.join("node_modules").join(name);
        if path.is_dir() {
            let real = canonical(&path).ok()?;
            return Some(Installed { path, real });
        }
        if folder == top || !(folder.starts_with(top) || folder.starts_with(root)) && root.starts_with(folder) {
            return None;
        }
    }
    None
}

fn canonical(path: &Utf8Path) -> Result<Utf8PathBuf, PackError> {
    path.canonicalize_utf8().map_err(PackError::unreadable(path))
}
