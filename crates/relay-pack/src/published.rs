//! The manifest that goes into the tarball of a workspace's package: `workspace:` and `catalog:` resolved, overrides of
//! `publishConfig` moved up, as pnpm writes it.
//!
//! Nothing changes where nothing must: only such a specifier or override makes a new text; else the bytes on disk go in.

mod directory;
mod specifier;

use camino::Utf8PathBuf;
use relay_workspace::{DependencyKind, Manifest, PackageManager, PackageName, Version, Workspace, WorkspacePackage};
use serde_json::{Map, Value};

pub use directory::{PublishDirectory, publish_directory};

/// Fields that `publishConfig` may override.
const OVERRIDES: [&str; 18] = [
    "bin",
    "main",
    "module",
    "browser",
    "types",
    "typings",
    "exports",
    "imports",
    "os",
    "cpu",
    "libc",
    "es2015",
    "esnext",
    "unpkg",
    "umd:main",
    "type",
    "typesVersions",
    "engines",
];

/// Fields that only the workspace's own package manager reads.
const MANAGER_FIELDS: [&str; 2] = ["pnpm", "packageManager"];

/// Scripts that run around packing and publishing and mean nothing to those who install the package.
const PUBLISH_SCRIPTS: [&str; 7] =
    ["prepublish", "prepublishOnly", "prepack", "prepare", "postpack", "publish", "postpublish"];

/// A manifest as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedManifest {
    /// Its text.
    pub text: String,
    /// Whether the text differs from the file's, so that it must take the file's place in the tarball.
    pub changed: bool,
    /// The folder to pack instead of the package's own, relative to it: `publishConfig.directory`.
    pub directory: Option<String>,
}

/// A manifest that can't be made fit for publishing.
#[derive(Debug, thiserror::Error)]
pub enum ManifestRewriteError {
    /// A `workspace:` specifier that names no package of the workspace.
    #[error(
        "`{package}` depends on `{dependency}` by `{specifier}`, but the workspace has no such package; \
         add it to the workspace or give a version range"
    )]
    UnknownPackage {
        /// The package.
        package: PackageName,
        /// The dependency's key.
        dependency: String,
        /// The specifier as written.
        specifier: String,
    },
    /// A `workspace:` specifier that names a package without version.
    #[error(
        "`{package}` depends on `{dependency}` by `{specifier}`, but that package has no version; \
         give it a version or write a range that needs none"
    )]
    NoVersion {
        /// The package.
        package: PackageName,
        /// The dependency's key.
        dependency: String,
        /// The specifier as written.
        specifier: String,
    },
    /// A `workspace:` specifier with a range that does not accept the package of the workspace.
    #[error(
        "`{package}` depends on `{dependency}` by `{specifier}`, but that package is at {version}; \
         write a range that accepts {version}, or `workspace:^`, which follows the version"
    )]
    OutOfRange {
        /// The package.
        package: PackageName,
        /// The dependency's key.
        dependency: String,
        /// The specifier as written.
        specifier: String,
        /// The version that the workspace has.
        version: Version,
    },
    /// A `catalog:` specifier that the catalog has no entry for.
    #[error("`{package}` depends on `{dependency}` by `{specifier}`, but {catalog} has no entry for it; add one")]
    NoCatalogEntry {
        /// The package.
        package: PackageName,
        /// The dependency's key.
        dependency: String,
        /// The specifier as written.
        specifier: String,
        /// The catalog, in words.
        catalog: String,
    },
    /// An entry of a catalog that is itself a `workspace:` or `catalog:` specifier.
    #[error(
        "`{package}` depends on `{dependency}` by `{specifier}`, whose catalog entry `{entry}` can't be published; \
         write a version range into the catalog"
    )]
    CatalogEntryProtocol {
        /// The package.
        package: PackageName,
        /// The dependency's key.
        dependency: String,
        /// The specifier as written.
        specifier: String,
        /// The catalog's entry.
        entry: String,
    },
    /// A `publishConfig.directory` that is not a folder within the package.
    #[error(
        "`{package}` has `publishConfig.directory` set to `{directory}`, which {problem}; \
         name a folder inside the package's own, and build it before packing"
    )]
    Directory {
        /// The package.
        package: PackageName,
        /// The value as written.
        directory: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A `publishConfig.name`, under which pnpm would publish.
    #[error(
        "`{package}` has `publishConfig.name` set to `{name}`, under which pnpm publishes it, and relay doesn't: plan, tags \
         and dependents go by one name; write that name into `name`, or take `publishConfig.name` out"
    )]
    PublishName {
        /// The package.
        package: PackageName,
        /// The other name.
        name: String,
    },
    /// The manifest in `publishConfig.directory` can't be read.
    #[error("`{path}` can't be read: {source}")]
    Unreadable {
        /// The file.
        path: Utf8PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The manifest in `publishConfig.directory` is none.
    #[error(transparent)]
    Manifest(#[from] relay_workspace::ManifestError),
}

/// Makes the manifest under which a package is published.
///
/// # Errors
/// [`ManifestRewriteError`] with package, dependency and specifier where something can't be resolved.
pub fn published_manifest(
    package: &WorkspacePackage,
    workspace: &Workspace,
) -> Result<PublishedManifest, ManifestRewriteError> {
    let directory = publish_directory(package, workspace)?;
    let manifest = directory.as_ref().map_or(&package.manifest, |found| &found.manifest);
    refuse_other_name(manifest, package, workspace)?;
    let mut fields = manifest.fields().clone();
    let rewritten = rewrite(&mut fields, package, workspace)?;
    let text = if rewritten { write(&fields, manifest) } else { manifest.text().to_owned() };
    Ok(PublishedManifest { text, changed: rewritten, directory: directory.map(|found| found.path) })
}

/// pnpm 12 publishes under `publishConfig.name` (seen in 12.21); npm, yarn and bun pass it over.
fn refuse_other_name(
    manifest: &Manifest,
    package: &WorkspacePackage,
    workspace: &Workspace,
) -> Result<(), ManifestRewriteError> {
    let other = manifest.publish_config("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    match other.filter(|name| workspace.manager == PackageManager::Pnpm && *name != package.name.as_str()) {
        Some(name) => Err(ManifestRewriteError::PublishName { package: package.name.clone(), name: name.to_owned() }),
        None => Ok(()),
    }
}

/// Changes what must change, and says whether anything did.
fn rewrite(
    fields: &mut Map<String, Value>,
    package: &WorkspacePackage,
    workspace: &Workspace,
) -> Result<bool, ManifestRewriteError> {
    let mut changed = false;
    for kind in DependencyKind::ALL {
        let Some(Value::Object(map)) = fields.get_mut(kind.manifest_key()) else { continue };
        for (name, value) in map.iter_mut() {
            let Value::String(text) = value else { continue };
            let context = specifier::Context { package, workspace, dependency: name, specifier: text, kind };
            if let Some(resolved) = specifier::resolve(&context)? {
                *value = Value::String(resolved);
                changed = true;
            }
        }
    }
    changed |= move_overrides_up(fields);
    if changed {
        for field in MANAGER_FIELDS {
            fields.shift_remove(field);
        }
        if let Some(Value::Object(scripts)) = fields.get_mut("scripts") {
            for script in PUBLISH_SCRIPTS {
                scripts.shift_remove(script);
            }
        }
    }
    Ok(changed)
}

fn move_overrides_up(fields: &mut Map<String, Value>) -> bool {
    let Some(Value::Object(config)) = fields.get_mut("publishConfig") else { return false };
    let moved: Vec<(&str, Value)> =
        OVERRIDES.iter().filter_map(|field| config.shift_remove(*field).map(|value| (*field, value))).collect();
    if config.is_empty() && !moved.is_empty() {
        fields.shift_remove("publishConfig");
    }
    let any = !moved.is_empty();
    for (field, value) in moved {
        fields.insert(field.to_owned(), value);
    }
    any
}

/// JSON with two spaces, and a line end at its end where the source had one.
fn write(fields: &Map<String, Value>, source: &Manifest) -> String {
    let mut text = serde_json::to_string_pretty(fields).expect("a map with text keys can always be written as JSON");
    if source.text().ends_with('\n') {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;
