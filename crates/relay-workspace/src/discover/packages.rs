//! From matched folders to packages: reads the manifests and judges names and versions.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::thread;

use camino::{Utf8Path, Utf8PathBuf};
use relay_values::Printable;

use super::error::{DiscoverError, listed};
use super::file::FileAt;
use crate::manifest::{MANIFEST_SIZE_BYTES_MAX, Manifest};
use crate::name::PackageName;
use crate::version::{loosely_read, published_version};
use crate::workspace::WorkspacePackage;

/// How many packages a workspace may have. The largest open monorepos have about 2,000.
pub const PACKAGES_MAX: usize = 20_000;

/// How many threads read manifests at most; more only wait for the disk.
const READERS_MAX: usize = 8;

/// How many folders one thread reads at least; below that starting it costs more than it saves.
const FOLDERS_PER_READER_MIN: usize = 64;

/// What a matched folder has in the place of a manifest.
#[derive(Debug)]
pub(super) enum InFolder {
    Manifest(Manifest),
    Nothing,
    /// A link that leads nowhere, with what is to be said of it.
    DanglingLink(String),
}

/// Reads the manifests of folders, in their order.
pub(super) fn read_manifests(root: &Utf8Path, folders: &[Utf8PathBuf]) -> Result<Vec<InFolder>, DiscoverError> {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let readers = processors.min(READERS_MAX).min(folders.len() / FOLDERS_PER_READER_MIN).max(1);
    let share = folders.len().div_ceil(readers).max(1);
    let read = |folders: &[Utf8PathBuf]| -> Vec<Result<InFolder, DiscoverError>> {
        folders.iter().map(|folder| read_manifest(root, folder)).collect()
    };
    if readers == 1 {
        return read(folders).into_iter().collect();
    }
    // The calling thread reads the first share: one thread less has a heap of its own. Results are joined in the order of the
    // folders, so that the first error is the same whoever is faster.
    thread::scope(|scope| {
        let (own, others) = folders.split_at(share.min(folders.len()));
        let shares: Vec<_> = others.chunks(share).map(|folders| scope.spawn(move || read(folders))).collect();
        let own = read(own);
        let joined =
            shares.into_iter().map(|share| share.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        own.into_iter().chain(joined.flatten()).collect()
    })
}

/// Reads the manifest of a folder below the root.
fn read_manifest(root: &Utf8Path, folder: &Utf8Path) -> Result<InFolder, DiscoverError> {
    let path = folder.join("package.json");
    match (FileAt { root, path: &path, limit_bytes: MANIFEST_SIZE_BYTES_MAX }).read() {
        Ok(Some(text)) => Ok(InFolder::Manifest(Manifest::parse(&path, text)?)),
        Ok(None) => Ok(InFolder::Nothing),
        // The folder is no package as it stands; a checkout without its submodules may be meant to be like that.
        Err(error @ DiscoverError::DanglingLink { .. }) => {
            Ok(InFolder::DanglingLink(format!("{error}; the package is left out")))
        }
        Err(error) => Err(error),
    }
}

/// Gathers packages and what is odd about them.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    packages: Vec<WorkspacePackage>,
    pub(super) warnings: Vec<String>,
}

impl Gathering {
    /// Takes a package in, or leaves it out with a warning. `unpublished` makes it private whatever its manifest says.
    pub(super) fn add(
        &mut self,
        folder: &Utf8Path,
        manifest: Manifest,
        unpublished: &BTreeSet<Utf8PathBuf>,
    ) -> Result<(), DiscoverError> {
        let path = manifest.path().to_owned();
        let Some(name_text) = manifest.name() else {
            self.warnings.push(format!("`{path}` has no `name`; the package is left out"));
            return Ok(());
        };
        let private = manifest.is_private() || unpublished.contains(folder);
        if let Some(value) = manifest.fields().get("private").filter(|value| !value.is_boolean())
            && manifest.is_private()
        {
            let value = Printable::name(&value.to_string());
            self.warnings.push(format!(
                "`{path}`: `private` is `{value}`, which npm and bun take for `true`, so that the package is not published; \
                 write `true` or `false`"
            ));
        }
        let publishable = !private && manifest.version().is_some();
        let name = match PackageName::parse(name_text) {
            Ok(name) => name,
            Err(source) if publishable => return Err(DiscoverError::Name { path, source }),
            Err(source) => {
                self.warnings.push(format!("`{path}`: {source}; the package is left out"));
                return Ok(());
            }
        };
        let version = match manifest.version() {
            Some(text) => match published_version(text) {
                Some(version) => {
                    if publishable && version.to_string() != text {
                        self.warnings.push(format!(
                            "`{path}`: registries drop what follows the `+` of a version, so `{text}` is {version}"
                        ));
                    }
                    Some(version)
                }
                None if publishable => {
                    return Err(match loosely_read(text) {
                        Some(meant) => DiscoverError::Spelling { path, version: text.to_owned(), meant },
                        None => DiscoverError::Version { path, version: text.to_owned() },
                    });
                }
                None => {
                    let text = Printable::name(text);
                    self.warnings.push(format!("`{path}`: the version `{text}` is no semantic version; it is ignored"));
                    None
                }
            },
            None if private => None,
            None => {
                self.warnings.push(format!(
                    "`{path}` has no `version`, so `{name}` can't be published; give it one, or mark it \
                     `\"private\": true`"
                ));
                None
            }
        };
        self.packages.push(WorkspacePackage { name, path: folder.to_owned(), version, private, manifest });
        Ok(())
    }

    /// The packages sorted by name, each name once.
    pub(super) fn finish(mut self) -> Result<(Vec<WorkspacePackage>, Vec<String>), DiscoverError> {
        self.packages.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
        // A private root often has the name of the package that the repository is about. It is no package of its own.
        let root = self.packages.iter().position(|package| package.path.as_str().is_empty() && package.private);
        if let Some(at) = root
            && let Some(name) = self.packages.get(at).map(|root| root.name.clone())
            && self.packages.iter().filter(|package| package.name == name).count() > 1
        {
            self.packages.remove(at);
        }
        let mut by_name: BTreeMap<&PackageName, Vec<&WorkspacePackage>> = BTreeMap::new();
        for package in &self.packages {
            by_name.entry(&package.name).or_default().push(package);
        }
        for (name, packages) in by_name.into_iter().filter(|(_, packages)| packages.len() > 1) {
            let paths: Vec<Utf8PathBuf> = packages.iter().map(|package| package.manifest.path().to_owned()).collect();
            if packages.iter().any(|package| package.is_publishable()) {
                return Err(DiscoverError::DuplicateName { name: name.to_string(), paths });
            }
            let text = format!("the name `{name}` is taken by {}; only the first is kept", listed(&paths));
            self.warnings.push(text);
        }
        self.packages.dedup_by(|later, earlier| later.name == earlier.name);
        Ok((self.packages, self.warnings))
    }
}
