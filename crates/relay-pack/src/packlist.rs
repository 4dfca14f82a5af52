//! Which files of a folder npm would pack, in its order (npm-packlist 10, ignore-walk 8).
//!
//! The rules of a folder are sets that apply in order: built-in ones, `files` of the manifest, `.npmignore`, else
//! `.gitignore`, and strict ones. `walk` goes over the folders once, `bundle` adds bundled dependencies.

mod bundle;
mod enclosing_rules;
mod required;
mod walk;

use std::collections::HashSet;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

use crate::error::PackError;
use crate::fields::{self, Fields};
use crate::order;
use crate::overlay::Overlay;
use crate::pack::PackRequest;
use crate::rules::{self, Rules};

/// The most files and folders that are looked at for one package.
pub const ENTRIES_MAX: usize = 500_000;

/// How deep folders may nest within a package.
pub const FOLDER_DEPTH_MAX: usize = 512;

/// A manifest is not larger than this, in bytes.
pub(crate) const MANIFEST_SIZE_BYTES_MAX: u64 = relay_workspace::manifest::MANIFEST_SIZE_BYTES_MAX;

/// The files that npm would pack, relative to the folder, with `/`, in npm's order.
///
/// # Errors
/// [`PackError`] where npm fails too, and for what is beyond relay's limits.
pub fn packlist(request: &PackRequest) -> Result<Vec<String>, PackError> {
    let source = Source::open(request)?;
    list(request, &source)
}

/// A package's manifest as packing sees it.
pub(crate) struct Source {
    pub(crate) manifest: Map<String, Value>,
    pub(crate) fields: Fields,
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
        Ok(Self { manifest, fields })
    }
}

/// The text of a folder's manifest, `None` where there is none.
pub(crate) fn read_manifest(folder: &Utf8Path) -> Result<Option<String>, PackError> {
    use std::io::Read as _;
    let path = folder.join("package.json");
    let file = match std::fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(PackError::unreadable(path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(MANIFEST_SIZE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(PackError::unreadable(&*path))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MANIFEST_SIZE_BYTES_MAX {
        let what = format!("package.json has more than {MANIFEST_SIZE_BYTES_MAX} bytes");
        return Err(PackError::TooLarge { folder: folder.to_owned(), what });
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// [`packlist`] for a manifest that is read already.
pub(crate) fn list(request: &PackRequest, source: &Source) -> Result<Vec<String>, PackError> {
    let mut found = Found { overlay: request.overlay(), seen: HashSet::new(), paths: Vec::new(), looked_at: 0 };
    let additional = enclosing_rules::rules(request)?;
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
        manifests_are_rules: enclosing_rules::has_workspaces(request, &source.fields)?,
        has_manifest: request.manifest.is_some(),
    };
    walk::package(&root, &mut found)?;
    bundle::add(request.folder, source, &mut found)?;
    let mut paths = found.paths;
    if request.manifest.is_some() && !found.seen.contains("package.json") {
        paths.push("package.json".to_owned());
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
    Ok(paths)
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
    looked_at: usize,
}

impl Found<'_> {
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
