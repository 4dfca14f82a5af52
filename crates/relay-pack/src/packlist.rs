//! Which files of a folder npm would pack, in its order (npm-packlist 10 and 11, ignore-walk 8 and 9, which differ in nothing).
//!
//! The rules of a folder are sets that apply in order: built-in ones, `files` of the manifest, `.npmignore`, else
//! `.gitignore`, and strict ones. `walk` goes over the folders once, `bundle` adds bundled dependencies. What a manifest stands
//! for is in `npm11` and `npm12`; `globs` is how the latter reads `files`.

mod bundle;
mod enclosing_rules;
mod globs;
mod npm11;
mod npm12;
mod walk;

use std::collections::{HashMap, HashSet};

use camino::{Utf8Path, Utf8PathBuf};
use relay_config::NpmRules;
use relay_workspace::read_regular_file;
use serde_json::{Map, Value};

use crate::conventions;
use crate::error::{NpmDifference, PackError};
use crate::executables::{Commands, Executables};
use crate::fields::{self, Fields};
use crate::order;
use crate::overlay::Overlay;
use crate::pack::PackRequest;
use crate::rules::{self, Rules};

pub(crate) use npm12::PATCHES;

/// The most files and folders that are looked at for one package.
pub const ENTRIES_MAX: usize = 500_000;

/// How deep folders may nest within a package.
pub const FOLDER_DEPTH_MAX: usize = 512;

/// An ignore file is not larger than this, in bytes.
pub(crate) const IGNORE_FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A manifest is not larger than this, in bytes.
pub(crate) const MANIFEST_SIZE_BYTES_MAX: u64 = relay_workspace::manifest::MANIFEST_SIZE_BYTES_MAX;

/// The files that npm would pack, relative to the folder, with `/`, in npm's order.
///
/// # Errors
/// [`PackError`] where npm fails too, and for what is beyond relay's limits.
pub fn packlist(request: &PackRequest) -> Result<Vec<String>, PackError> {
    let source = Source::open(request)?;
    list(request, &source).map(|listed| listed.paths)
}

/// A package's manifest as packing sees it.
pub(crate) struct Source {
    pub(crate) manifest: Map<String, Value>,
    pub(crate) fields: Fields,
    pub(crate) commands: Commands,
}

impl Source {
    pub(crate) fn open(request: &PackRequest) -> Result<Self, PackError> {
        let path = request.folder.join("package.json");
        let text = match request.manifest {
            Some(text) => text.to_owned(),
            None => match request.overlay().content(&path) {
                Some(content) => String::from_utf8_lossy(content).into_owned(),
                None => read_manifest(request.folder)?
                    .ok_or_else(|| PackError::NoManifest { folder: request.folder.to_owned() })?,
            },
        };
        let manifest = fields::parse(&path, &text)?;
        let fields = Fields::read(&manifest, &path, request.folder)?;
        // yarn and bun go by what the manifest says of itself, not by what `publishConfig` makes of it.
        let by_itself = matches!(request.conventions.executables, Executables::Yarn | Executables::Bun);
        let on_disk = if request.manifest.is_some() && by_itself { read_manifest(request.folder)? } else { None };
        let commands = match on_disk {
            Some(text) => Commands::read(&fields::parse(&path, &text)?),
            None => Commands::read(&manifest),
        };
        Ok(Self { manifest, fields, commands })
    }
}

/// The text of a folder's manifest, `None` where there is none.
pub(crate) fn read_manifest(folder: &Utf8Path) -> Result<Option<String>, PackError> {
    let path = folder.join("package.json");
    match read_regular_file(&path, MANIFEST_SIZE_BYTES_MAX) {
        Ok(bytes) => Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
            let what = format!("package.json has more than {MANIFEST_SIZE_BYTES_MAX} bytes");
            Err(PackError::TooLarge { folder: folder.to_owned(), what })
        }
        Err(error) => Err(PackError::unreadable(path)(error)),
    }
}

/// The files of a tarball.
pub(crate) struct Listed {
    /// Their paths in the package, in the tar's order.
    pub(crate) paths: Vec<String>,
    /// Where those are that the package's folder doesn't have under their path.
    pub(crate) elsewhere: HashMap<String, Utf8PathBuf>,
}

/// [`packlist`] for a manifest that is read already.
pub(crate) fn list(request: &PackRequest, source: &Source) -> Result<Listed, PackError> {
    let conventions = request.conventions;
    let patches = npm12::patches(&source.manifest);
    let around = &enclosing_rules::rules(request)?;
    let mut found = Found::new(request);
    if conventions.pinned {
        find(request, source, conventions.npm, (around, &patches), &mut found)?;
    } else {
        // Both are asked of the same listings of folders; what is packed is equal then, or refused.
        found.listings = Some(walk::Listings::default());
        find(request, source, NpmRules::Npm12, (around, &patches), &mut found)?;
        let mut other = Found { listings: found.listings.take(), ..Found::new(request) };
        find(request, source, NpmRules::Npm11, (around, &patches), &mut other)?;
        refuse_differences(request, source, &other.seen, &found.seen)?;
    }
    let Found { mut paths, mut elsewhere, seen, .. } = found;
    if request.manifest.is_some() && !seen.contains("package.json") {
        paths.push("package.json".to_owned());
    }
    if !paths.iter().any(|path| conventions::is_licence(path.rsplit('/').next().unwrap_or(path))) {
        let from_root = conventions.licences.iter().filter(|file| file.parent() != Some(request.folder));
        for (name, file) in from_root.filter_map(|file| Some((file.file_name()?.to_owned(), file))) {
            elsewhere.insert(name.clone(), file.clone());
            paths.push(name);
        }
    }
    // npm's tar takes a leading `@` for something else, so that such paths are listed, and sorted, with `./` in front.
    for path in &mut paths {
        if path.starts_with('@') {
            path.insert_str(0, "./");
        }
    }
    order::sort(&mut paths);
    for path in &mut paths {
        if path.starts_with("./@") {
            path.drain(..2);
        }
    }
    Ok(Listed { paths, elsewhere })
}

/// Finds the files by the rules of one npm; `around` are those that the workspace adds.
fn find(
    request: &PackRequest,
    source: &Source,
    npm: NpmRules,
    (around, patches): (&str, &[String]),
    found: &mut Found,
) -> Result<(), PackError> {
    if npm == NpmRules::Npm12 && source.fields.files.is_some() && found.listings.is_none() {
        found.listings = Some(walk::Listings::default());
    }
    let mut additional = around.to_owned();
    if let Some((_, text)) = request.conventions.user_ignore.as_ref().filter(|_| npm == NpmRules::Npm12) {
        additional.push('\n');
        additional.push_str(text);
    }
    let root = walk::PackageRoot {
        path: request.folder,
        prefix: "",
        fields: &source.fields,
        default_rules: if additional.is_empty() {
            rules::defaults()
        } else {
            with_defaults(&additional, request.folder)?
        },
        sets: walk::Sets::OfRoot,
        npm,
        patches,
        manifests_are_rules: enclosing_rules::has_workspaces(request, &source.fields)?,
        has_manifest: request.manifest.is_some(),
    };
    walk::package(&root, found)?;
    bundle::add(request, source, npm, found)
}

/// Where nothing says which npm's rules count, a package that they see differently is not packed.
fn refuse_differences(
    request: &PackRequest,
    source: &Source,
    of_npm11: &HashSet<String>,
    of_npm12: &HashSet<String>,
) -> Result<(), PackError> {
    let sorted = |one: &HashSet<String>, other: &HashSet<String>| {
        let mut paths: Vec<String> = one.difference(other).cloned().collect();
        paths.sort();
        paths
    };
    let (only_npm11, only_npm12) = (sorted(of_npm11, of_npm12), sorted(of_npm12, of_npm11));
    let manifest_differs = source.manifest.contains_key(PATCHES);
    if only_npm11.is_empty() && only_npm12.is_empty() && !manifest_differs {
        return Ok(());
    }
    let difference = NpmDifference { only_npm11, only_npm12, manifest_differs };
    Err(PackError::NpmsDiffer { folder: request.folder.to_owned(), difference })
}

fn with_defaults(additional: &str, folder: &Utf8Path) -> Result<Rules, PackError> {
    let mut all = rules::defaults().to_vec();
    all.extend(rules::parse(additional, &folder.join(".gitignore"))?);
    Ok(all.into())
}

/// What the walk has found so far.
pub(crate) struct Found<'a> {
    /// Files as they will be.
    overlay: &'a Overlay,
    seen: HashSet<String>,
    paths: Vec<String>,
    elsewhere: HashMap<String, Utf8PathBuf>,
    /// What folders hold, where that is asked more than once.
    listings: Option<walk::Listings>,
    looked_at: usize,
}

impl<'a> Found<'a> {
    fn new(request: &PackRequest<'a>) -> Self {
        Self {
            overlay: request.overlay(),
            seen: HashSet::new(),
            paths: Vec::new(),
            elsewhere: HashMap::new(),
            listings: None,
            looked_at: 0,
        }
    }

    fn add(&mut self, path: String) {
        if self.seen.insert(path.clone()) {
            self.paths.push(path);
        }
    }

    fn look_at(&mut self, folder: &Utf8Path) -> Result<(), PackError> {
        self.looked_at += 1;
        if self.looked_at > ENTRIES_MAX {
            let what = format!("it holds more than {ENTRIES_MAX} files and folders");
            return Err(PackError::TooLarge { folder: Utf8PathBuf::from(folder), what });
        }
        Ok(())
    }
}
